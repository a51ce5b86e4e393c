"""What time alone brings about: digests when they are due, and alerts for what was expected and has not come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from alerts import words
from alerts.clocks import digest_clocks, due_digests, overdue
from config.vocabulary import Urgency
from envoywatch.messages import make_digest
from storage.digests import last_digest_until
from storage.meetings import meetings_since
from storage.model import Alert, AlertKind, Decision, Reason, Verdict
from storage.runs import clock_state, record_clock, record_digest, set_clock
from storage.views_counts import count_pending, count_work

if TYPE_CHECKING:
    from datetime import datetime

    from sqlite_utils import Database

    from alerts.clocks import DueDigest, Overdue
    from config.model import Config
    from envoywatch.desk import Desk

_log = structlog.get_logger(__name__)

_DIGEST: Final = "digest:"
FIRST_DIGEST: Final = timedelta(days=1)
"""How far back the first digest of a name looks."""
LEDGER: Final = timedelta(days=60)
WAIT_FOR_READING: Final = timedelta(minutes=15)
"""How long (real time) an expectation waits for articles already seen to be read before it is called overdue."""


async def set_digest_clocks(desk: Desk) -> None:
    """Bring the stored times of digests in step with the configuration."""
    await desk.store.write(_set_digest_clocks, desk.config, desk.clock.now())


def _set_digest_clocks(db: Database, config: Config, now: datetime) -> None:
    state = {
        name.removeprefix(_DIGEST): due_at for name, (due_at, _) in clock_state(db).items() if name.startswith(_DIGEST)
    }
    for name, due_at in digest_clocks(config.digests, state, now).items():
        set_clock(db, _DIGEST + name, due_at, None)


async def ring(desk: Desk) -> bool:
    """Make what is due; returns whether there is something new in the outbox."""
    now = desk.clock.now()
    state = await desk.store.write(clock_state)
    digests = {name.removeprefix(_DIGEST): due for name, (due, _) in state.items() if name.startswith(_DIGEST)}
    rang = False
    for due in due_digests(desk.config.digests, digests, now):
        await _digest(desk, due, now)
        rang = True
    told = frozenset(name for name, (_, done_at) in state.items() if done_at is not None)
    for item in await _overdue(desk, now, told):
        await _tell_overdue(desk, item, now)
        rang = True
    return rang


async def _digest(desk: Desk, due: DueDigest, now: datetime) -> None:
    name = due.digest.name
    since = await desk.store.read(last_digest_until, name) or now - FIRST_DIGEST
    data = await desk.store.read(make_digest, name, since, now, desk.config)

    def write(db: Database) -> None:
        record_digest(db, name, due.due_at, since, now, data.to_json(), due.digest.channels)
        set_clock(db, _DIGEST + name, due.next_at, now)

    await desk.store.write(write)
    _log.info("digest made", digest=name, since=since.isoformat())


async def _overdue(desk: Desk, now: datetime, told: frozenset[str]) -> list[Overdue]:
    if not any(item.by < now for item in desk.config.expect):
        return []
    meetings = await desk.store.read(meetings_since, now - LEDGER)
    late = overdue(desk.config.expect, meetings, now, desk.rules.resolve, told)
    if late and await desk.store.read(count_pending) > 0:
        patience = desk.clock.span(WAIT_FOR_READING)
        return [item for item in late if now - item.expectation.by > patience]
    return late


async def _tell_overdue(desk: Desk, item: Overdue, now: datetime) -> None:
    """Silence is told together with what could be read; with nothing read the answer is "unknown"."""
    work = await desk.store.read(count_work, item.expectation.by - timedelta(days=1), now)
    seen = f"{work.read} of {work.sources} sources were read in the day before"
    verdict = "not reported" if work.read else "unknown: no source could be read"
    expectation = item.expectation
    alert = Alert(
        key=item.key,
        kind=AlertKind.OVERDUE,
        title=f"{expectation.name}: {verdict} by {words.moment(expectation.by)}",
        created_at=now,
        watch=expectation.name,
        detail=seen,
        urgency=Urgency.NORMAL,
        channels=expectation.channels,
    )
    decision = Decision(
        Verdict.ALERT, Reason.EXPECTED_NOT_COME, expectation.name, alert_key=item.key, detail=f"{verdict}; {seen}"
    )
    ids = await desk.store.write(record_clock, item.key, now, [alert], [decision])
    if ids:
        _log.info("expected, not come", expectation=expectation.name)
        desk.listener.alerted(ids)
