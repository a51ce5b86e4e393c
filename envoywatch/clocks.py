"""What time alone brings about: digests when they are due, and alerts for what was expected and has not come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from alerts import absence_words, words
from alerts.clocks import digest_clocks, due_digests, fulfils, overdue
from config.vocabulary import Urgency
from envoywatch import absences
from envoywatch.absences import WAIT_FOR_READING
from envoywatch.messages import make_digest
from storage.digests import last_digest_until
from storage.meetings import meetings_since
from storage.model import Alert, AlertKind, Change, Decision, Reason, Verdict
from storage.runs import clock_state, record_clock, record_digest, set_clock
from storage.views_counts import count_pending

if TYPE_CHECKING:
    from datetime import datetime

    from sqlite_utils import Database

    from alerts.clocks import DueDigest, Overdue
    from config.model import Config
    from envoywatch.desk import Desk
    from storage.model import Meeting

_log = structlog.get_logger(__name__)

_DIGEST: Final = "digest:"
FIRST_DIGEST: Final = timedelta(days=1)
"""How far back the first digest of a name looks."""
LEDGER: Final = timedelta(days=60)
_CAME: Final = "came:"
CORRECTED_WITHIN: Final = timedelta(days=14)
"""How long after its time a late report still corrects what was told of an expectation."""


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
    rang = await absences.look(desk)
    told = frozenset(name for name, (_, done_at) in state.items() if done_at is not None)
    for item in await _overdue(desk, now, told):
        await _tell_overdue(desk, item, now)
        rang = True
    for item, meeting in await _came_after_all(desk, now, told):
        await _tell_came(desk, item, meeting, now)
        rang = True
    for due in due_digests(desk.config.digests, digests, now):  # after the rest, which they tell too
        await _digest(desk, due, now)
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


async def _came_after_all(desk: Desk, now: datetime, told: frozenset[str]) -> list[tuple[Overdue, Meeting]]:
    """Expectations that were told to be overdue, and that a late report shows to have been fulfilled in time."""
    lately = [one for one in desk.config.expect if one.by < now <= one.by + CORRECTED_WITHIN]
    missed = [one for one in overdue(lately, (), now) if one.key in told and _CAME + one.key not in told]
    if not missed:
        return []
    meetings = await desk.store.read(meetings_since, now - LEDGER)
    return [
        (one, meeting)
        for one in missed
        for meeting in [m for m in meetings if fulfils(one.expectation, m, desk.rules.resolve)][:1]
    ]


async def _tell_came(desk: Desk, item: Overdue, meeting: Meeting, now: datetime) -> None:
    expectation, key = item.expectation, _CAME + item.key
    people = words.people(meeting.participants)
    alert = Alert(
        key=key,
        kind=AlertKind.OVERDUE,
        title=f"Corrected: {expectation.name}: {words.MEETING[meeting.status].format(people=people)} after all",
        created_at=now,
        watch=expectation.name,
        change=Change.CORRECTED,
        place=meeting.place,
        date=meeting.date,
        detail=f"a late report; not reported by {words.moment(expectation.by)} is what was told before",
        channels=expectation.channels,
    )
    decision = Decision(Verdict.ALERT, Reason.CORRECTED, expectation.name, alert_key=key, detail=alert.title)
    ids = await desk.store.write(record_clock, key, now, [alert], [decision])
    desk.listener.alerted(ids)


async def _tell_overdue(desk: Desk, item: Overdue, now: datetime) -> None:
    """Silence is told together with what could be read; while officials are dark the answer is "unknown"."""
    since = item.expectation.by - timedelta(days=1)
    spec, day = item.expectation.meeting, item.expectation.by.date()
    names = (*((spec.guest,) if spec.guest is not None else ()), *(spec.between or ()))
    labels = {label for name in names for label in desk.rules.resolve(name)}
    countries = {country for label in labels for country in desk.people.countries_of(label, day)}
    coverage = await absences.cover_countries(desk, countries, since, now)
    sentence = absence_words.EXPECTED if coverage.is_known else absence_words.EXPECTED_UNKNOWN
    expectation = item.expectation
    by = expectation.by
    title = sentence.say(name=expectation.name, day=by.date(), time=f"{by:%H:%M} {by.tzname()}")
    seen = "\n".join(coverage.lines)
    alert = Alert(
        key=item.key,
        kind=AlertKind.OVERDUE,
        title=title,
        created_at=now,
        watch=expectation.name,
        detail=seen,
        urgency=Urgency.NORMAL,
        channels=expectation.channels,
    )
    decision = Decision(
        Verdict.ALERT, Reason.EXPECTED_NOT_COME, expectation.name, alert_key=item.key, detail=f"{title}; {seen}"
    )
    ids = await desk.store.write(record_clock, item.key, now, [alert], [decision])
    if ids:
        _log.info("expected, not come", expectation=expectation.name)
        desk.listener.alerted(ids)
