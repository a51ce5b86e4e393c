"""The message by which a channel shows that it works, though nothing has happened: when it is due, and its words."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from alerts import words
from alerts.clocks import instant
from storage.model import Alert, AlertKind, to_text

if TYPE_CHECKING:
    from config.model import Channel
    from storage.views_outbox import SentCounts

AT: Final = time(9, 0)
_MONDAY: Final = 0


def next_self_test(channel: Channel, after: datetime) -> datetime | None:
    """The first time (UTC) later than `after` at which it is nine in the channel's zone, of a weekly one on a Monday.

    None for a channel that asks for none. Its zone is that of its quiet hours, else UTC.
    """
    if channel.self_test is None:
        return None
    zone = ZoneInfo(channel.quiet.zone if channel.quiet else "UTC")
    day = after.astimezone(zone).date()
    while True:
        moment = instant(day, AT, zone)
        if moment > after and (channel.self_test == "daily" or day.weekday() == _MONDAY):
            return moment.astimezone(UTC)
        day += timedelta(days=1)


def self_test(channel: str, due_at: datetime, now: datetime, sent: SentCounts) -> Alert:
    """The alert whose message is the test; the same time and channel give the same key."""
    told = [f"{words.count(sent.sent, 'message')} went out through it in the seven days before"]
    told += [f"{words.count(sent.waiting, 'message')} still waiting"] if sent.waiting else []
    told += [f"{words.count(sent.given_up, 'message')} given up"] if sent.given_up else []
    return Alert(
        key=f"self-test/{channel}/{to_text(due_at)}",
        kind=AlertKind.TEST,
        title=f"Envoywatch runs, and the channel {channel} works",
        created_at=now,
        detail=f"Nothing has happened; this is the message that `self_test` asks for. {', '.join(told)}.",
        channels=(channel,),
    )
