"""What to do after an attempt to deliver: when to try again, when to stop, who stands in, and quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from alerts.clocks import instant
from config.vocabulary import Urgency
from storage.model import Delivery, DeliveryFault, DeliveryState, Receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from config.fields import QuietHours
    from config.model import Channel

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=15)
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
GIVE_UP_AFTER: Final = timedelta(days=3)
TRIES_BEFORE_GIVING_UP: Final = 10
"""Age alone does not kill: after days in which we were not running a delivery still gets its tries."""
TRIES_WHEN_REFUSED: Final = 5
PERMANENT: Final = frozenset({DeliveryFault.REFUSED, DeliveryFault.MISCONFIGURED})

_MOST_STEPS = 8
"""Quiet hours that together leave no minute of the day are asked no further: at their end it is sent."""
_JITTER = 0.25  # waits are shortened by up to a quarter, so that many deliveries to one target spread


def after_success(delivery: Delivery, now: datetime) -> Receipt:
    """The receipt of a delivery that the target took."""
    return Receipt(delivery.id, now, ok=True, state=DeliveryState.SENT)


def after_failure(
    delivery: Delivery,
    fault: DeliveryFault,
    retry_after: timedelta | None,
    now: datetime,
    jitter: float,
    detail: str = "",
) -> Receipt:
    """The receipt of a failed attempt: due again at `retry_at`, parked or dead.

    `delivery.attempts` counts the attempts before this one; `jitter` lies between 0 and 1, 0 waits longest.
    """
    tries = delivery.attempts + 1
    state = DeliveryState.DUE
    if fault in PERMANENT:
        if tries >= TRIES_WHEN_REFUSED:
            state = DeliveryState.PARKED
    elif now - delivery.created_at >= GIVE_UP_AFTER and tries >= TRIES_BEFORE_GIVING_UP:
        state = DeliveryState.DEAD
    retry_at = now + wait_after(tries, retry_after, jitter) if state is DeliveryState.DUE else None
    return Receipt(delivery.id, now, ok=False, state=state, fault=fault, detail=detail, retry_at=retry_at)


def wait_after(tries: int, retry_after: timedelta | None, jitter: float) -> timedelta:
    """5 s, 10 s, … to 15 minutes, less the jitter, and never less than the target asked for (24 hours at most)."""
    factor = 1 << min(max(tries, 1) - 1, 32)
    step = min(FIRST_WAIT * factor, LONGEST_WAIT) * (1 - _JITTER * min(max(jitter, 0.0), 1.0))
    asked = min(retry_after or timedelta(0), LONGEST_RETRY_AFTER)
    return max(step, asked)


def fallback_channel(channel: str, channels: Mapping[str, Channel], tried: Collection[str] = ()) -> str | None:
    """The channel that stands in for this one; None when there is none or it was tried (chains may be rings)."""
    configured = channels.get(channel)
    name = configured.fallback if configured else None
    return None if name is None or name == channel or name in tried or name not in channels else name


def hold_until(quiet: QuietHours | None, now: datetime, urgency: Urgency) -> datetime | None:
    """The end (UTC) of the quiet hours in which `now` lies; None outside of them and for what is urgent."""
    if quiet is None or urgency is Urgency.HIGH or quiet.start == quiet.end:
        return None
    zone = ZoneInfo(quiet.zone)
    today = now.astimezone(zone).date()
    passes_midnight = quiet.end < quiet.start
    for start_day in (today - timedelta(days=1), today):
        end_day = start_day + timedelta(days=1) if passes_midnight else start_day
        start, end = instant(start_day, quiet.start, zone), instant(end_day, quiet.end, zone)
        if start <= now < end:
            return end.astimezone(UTC)
    return None


def held_until(quiets: Iterable[QuietHours | None], now: datetime, urgency: Urgency) -> datetime | None:
    """The first time from `now` on that lies in none of several quiet hours; None when that is `now` itself."""
    spans = [quiet for quiet in quiets if quiet is not None]
    at = now
    for _ in range(_MOST_STEPS):
        until = next((end for quiet in spans if (end := hold_until(quiet, at, urgency)) is not None), None)
        if until is None:
            break
        at = until
    return at if at > now else None
