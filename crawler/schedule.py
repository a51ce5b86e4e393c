"""When a source is due next, and why: its interval fitted to how it publishes, to its server and to its faults. Pure.

The configured interval is the wish. It is lengthened, up to `max_interval`, for a source that seldom has something new
and where the server says how long its answer holds; it is shortened, down to `min_interval`, where more was new than a
feed's window safely shows, and while a meeting is expected. There is always a next time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from config.vocabulary import Role
from storage.model import FaultKind, NextPoll, Pace, PollOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from storage.model import Fault, Lease, Poll, Rhythm

DAY: Final = timedelta(hours=24)
LENGTHENED: Final = 2
"""Intervals up to which one is lengthened unless `max_interval` says otherwise: a source that is lost one moment after
its poll is asked again, and known to be lost, before its third interval is over."""
JITTER: Final = 0.05

RATE_MEMORY: Final = timedelta(days=3)
"""Over how long the rate is averaged: longer than a night, shorter than what a quiet summer takes to pass."""
RATE_KNOWN: Final = DAY
"""A rate learned over less than a day knows nothing of nights."""
_SELDOM: Final = 0.05
"""New entries an interval below which an interval is lengthened: fourteen a day at five minutes keep theirs."""
_LIVELY: Final = 2
"""Intervals since the last new entry in which nothing is lengthened: news comes in bunches."""
_SILENT_GAPS: Final = 3
"""A silence this many times as long as the usual gap speaks for itself; the rate takes days to follow."""
_SAFE_SHARE: Final = 0.5
"""The part of a feed's window that may be new at a poll: with more, the next burst may scroll entries off unseen."""
_DOUBLINGS_MAX: Final = 40


class FaultClass(StrEnum):
    """What a fault says about when to ask again."""

    GONE = "gone"  # a person has to find the new address
    BLOCKED = "blocked"  # a person has to end it, there or here
    RATE_LIMITED = "rate-limited"
    TEMPORARY = "temporary"  # the network's or the server's, over in minutes as a rule
    MALFORMED = "malformed"  # it answers, but not with what it should


_CLASSES: Final = {
    FaultKind.GONE: FaultClass.GONE,
    FaultKind.BLOCKED: FaultClass.BLOCKED,
    FaultKind.ROBOTS: FaultClass.BLOCKED,
    FaultKind.ADDRESS: FaultClass.BLOCKED,
    FaultKind.NO_PREVIEW: FaultClass.BLOCKED,
    FaultKind.RATE_LIMITED: FaultClass.RATE_LIMITED,
    FaultKind.STATUS: FaultClass.MALFORMED,
    FaultKind.REDIRECTS: FaultClass.MALFORMED,
    FaultKind.TOO_LARGE: FaultClass.MALFORMED,
    FaultKind.EMPTY: FaultClass.MALFORMED,
    FaultKind.NOT_A_FEED: FaultClass.MALFORMED,
    FaultKind.MALFORMED: FaultClass.MALFORMED,
    FaultKind.NO_LINKS: FaultClass.MALFORMED,
}
"""All others are of the network or the server, or ours, and end by themselves."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """The wait after the first failure in a row is `first` intervals, then `factor` times longer each, to `longest`."""

    first: int
    factor: int
    longest: timedelta


BACK_OFF: Final = {
    FaultClass.GONE: BackOff(4, 4, DAY),
    FaultClass.BLOCKED: BackOff(4, 4, DAY),
    FaultClass.RATE_LIMITED: BackOff(2, 2, timedelta(hours=6)),
    FaultClass.TEMPORARY: BackOff(1, 2, timedelta(hours=6)),
    FaultClass.MALFORMED: BackOff(1, 2, timedelta(hours=6)),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration allows: nothing is asked more often than `fastest`; `urgent` while a meeting is near."""

    fastest: timedelta = timedelta(seconds=60)
    urgent: timedelta = timedelta(seconds=90)


def fault_class(kind: FaultKind) -> FaultClass:
    """The class of a fault, by which it is backed off."""
    return _CLASSES.get(kind, FaultClass.TEMPORARY)


def next_poll(
    lease: Lease, poll: Poll, new: int, now: datetime, limits: Limits, jitter: float, *, expected: bool = False
) -> NextPoll:
    """The next time after `poll`, which brought `new` entries; `jitter` in [0, 1) spreads sources by 5 % either way.

    `expected` says that a meeting which concerns the source is near. A `Retry-After` is obeyed up to 24 h whatever
    else holds.
    """
    interval = max(lease.spec.interval, limits.fastest)
    urgent = max(min(limits.urgent, interval), limits.fastest) if expected else None
    if poll.outcome is PollOutcome.FAULT and poll.fault is not None:
        wait, pace = _after_fault(poll.fault, lease.failures, interval, urgent)
        rate = None
        least = min(poll.fault.retry_after or timedelta(0), DAY)
    else:
        rate = None if lease.first_poll else learned_rate(lease.rhythm, new, now)
        wait, pace = _after_answer(lease, poll, new, now, interval, urgent, rate, limits.fastest)
        least = timedelta(0)
    spread = wait * (1 + JITTER * (2 * jitter - 1))
    return NextPoll(now + max(spread, least, limits.fastest), wait, pace, rate)


# ---------------------------------------------------------------- after an answer


def _after_answer(
    lease: Lease,
    poll: Poll,
    new: int,
    now: datetime,
    interval: timedelta,
    urgent: timedelta | None,
    rate: float | None,
    fastest: timedelta,
) -> tuple[timedelta, Pace]:
    if urgent is not None:
        return urgent, Pace.EXPECTED
    if not lease.first_poll:
        safe = max(safe_interval(lease.rhythm, new, poll.held, now), fastest)
        if safe < interval:
            return safe, Pace.OVERFLOW
    longest = _longest(lease, interval)
    planned = interval if new else seldom_interval(interval, longest, rate, lease, now)
    known = _is_known(lease.rhythm, now)
    holds = min(max(poll.fresh_for or timedelta(0), timedelta(0) if known else poll.period or timedelta(0)), longest)
    if holds > planned:
        return holds, Pace.FRESH
    return planned, Pace.SELDOM if planned > interval else Pace.INTERVAL


def _longest(lease: Lease, interval: timedelta) -> timedelta:
    wished = lease.spec.max_interval
    return max(interval, min(interval * LENGTHENED, DAY) if wished is None else wished)


def learned_rate(rhythm: Rhythm, new: int, now: datetime) -> float | None:
    """New entries an hour, a mean that forgets over `RATE_MEMORY`; the first poll, whose entries are old, left out.

    The weight of the newest stretch is corrected for the short history of a young source.
    """
    if rhythm.last_ok_at is None or rhythm.first_ok_at is None or now <= rhythm.last_ok_at:
        return rhythm.rate
    stretch, history = now - rhythm.last_ok_at, now - rhythm.first_ok_at
    weight = -math.expm1(-stretch / RATE_MEMORY) / -math.expm1(-history / RATE_MEMORY)
    before = rhythm.rate or 0.0
    return before + min(weight, 1.0) * (new / (stretch / timedelta(hours=1)) - before)


def safe_interval(rhythm: Rhythm, new: int, window: int, now: datetime) -> timedelta:
    """How long until about half of the window is new again, at the pace of the last stretch.

    A window that was new as a whole showed less than there was: then a quarter of the stretch.
    """
    if new < 2 or rhythm.last_ok_at is None or now <= rhythm.last_ok_at:  # noqa: PLR2004 (one new item is no burst)
        return timedelta.max
    stretch = now - rhythm.last_ok_at
    return stretch / 4 if new >= window else min(stretch, DAY * 365) * (_SAFE_SHARE * window / new)


def seldom_interval(
    interval: timedelta, longest: timedelta, rate: float | None, lease: Lease, now: datetime
) -> timedelta:
    """The interval, lengthened the more the fewer entries are to be expected in it; an official source keeps its own.

    What officials tell seldom is what cannot wait.
    """
    rhythm = lease.rhythm
    if rate is None or lease.spec.role is Role.OFFICIAL or not _is_known(rhythm, now):
        return interval
    since = now - (rhythm.last_new_at or rhythm.first_ok_at or now)
    if since <= _LIVELY * interval:
        return interval
    expected = min(rate * (interval / timedelta(hours=1)), _SILENT_GAPS * (interval / since))
    return (
        interval if expected >= _SELDOM else _times(interval, _SELDOM / expected if expected > 0 else math.inf, longest)
    )


def _is_known(rhythm: Rhythm, now: datetime) -> bool:
    return rhythm.first_ok_at is not None and now - rhythm.first_ok_at >= RATE_KNOWN


def _times(interval: timedelta, factor: float, longest: timedelta) -> timedelta:
    return longest if factor >= longest / interval else interval * factor


# ---------------------------------------------------------------- after a fault


def _after_fault(fault: Fault, failures: int, interval: timedelta, urgent: timedelta | None) -> tuple[timedelta, Pace]:
    """`failures` counts those before this one."""
    kind = fault_class(fault.kind)
    wait = backed_off(kind, failures, interval)
    if urgent is not None and kind in {FaultClass.TEMPORARY, FaultClass.MALFORMED}:
        # It is wanted now, so it is asked at its usual pace at least; doubled from the urgent one to begin with.
        wait = min(wait, interval, backed_off(kind, failures, urgent))
    wish = min(fault.retry_after or timedelta(0), DAY)
    return (wish, Pace.RETRY_AFTER) if wish > wait else (wait, Pace.BACK_OFF)


def backed_off(kind: FaultClass, failures: int, interval: timedelta) -> timedelta:
    """The wait of that class after so many failures before; never shorter than the interval, daily at the least."""
    rule = BACK_OFF[kind]
    if interval >= rule.longest:
        return interval
    factor = rule.first * rule.factor ** max(0, min(failures, _DOUBLINGS_MAX))
    return rule.longest if factor >= rule.longest / interval else interval * factor
