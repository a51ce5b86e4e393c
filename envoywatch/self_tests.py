"""Self-tests of channels that ask for them: written into the outbox at their time, and sent as any other message."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.self_test import next_self_test, self_test
from storage.model import Decision, Reason, Verdict
from storage.record import write_alerts
from storage.runs import clock_state, set_clock, write_decisions
from storage.views_outbox import sent_counts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlite_utils import Database

    from config.model import Config
    from envoywatch.desk import Desk

_CLOCK: Final = "self-test:"
LOOK_BACK: Final = timedelta(days=7)


async def ring(desk: Desk) -> bool:
    """Make the self-tests that are due, one that was missed too, once; whether there are any."""
    if not any(channel.self_test for channel in desk.config.channels.values()):
        return False
    return await desk.store.write(_ring, desk.config, desk.clock.now())


def _ring(db: Database, config: Config, now: datetime) -> bool:
    clocks = clock_state(db)
    rang = False
    for name, channel in config.channels.items():
        next_at = next_self_test(channel, now)
        if next_at is None:
            continue
        due_at = clocks.get(_CLOCK + name, (None, None))[0]
        if due_at is not None and due_at <= now:
            _write(db, name, due_at, now)
            rang = True
        if due_at is None or due_at != next_at:
            set_clock(db, _CLOCK + name, next_at, None)
    return rang


def _write(db: Database, name: str, due_at: datetime, now: datetime) -> None:
    alert = self_test(name, due_at, now, sent_counts(db.conn, name, now - LOOK_BACK))
    ids = write_alerts(db, [alert], {}, {}, None)
    write_decisions(db, [Decision(Verdict.ALERT, Reason.SELF_TEST, alert_key=alert.key)], ids, now)
