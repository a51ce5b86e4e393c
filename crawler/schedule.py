"""When a source is due next: its interval, lengthened by what the server asks for and by failures. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.model import FaultKind, PollOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from storage.model import Fault, Lease, Poll

DAY = timedelta(hours=24)
BACKOFF_MAX = timedelta(hours=6)
_JITTER = 0.05
_FRESH_INTERVALS = 4  # a server may ask for patience, but not for blindness
_DOUBLINGS_MAX = 20

# Troubles that a person has to end, there or here: asked rarely, but asked.
_LASTING = {FaultKind.GONE, FaultKind.BLOCKED, FaultKind.ROBOTS, FaultKind.ADDRESS}


def next_poll_at(lease: Lease, poll: Poll, now: datetime, min_interval: timedelta, jitter: float) -> datetime:
    """The time after which the source is due again; `jitter` in [0, 1) spreads sources by 5 % either way.

    After failures the wait grows: doubled each time up to 6 h, for lasting troubles fourfold up to 24 h. A
    `Retry-After` is obeyed up to 24 h. There is always a next time.
    """
    interval = max(lease.spec.interval, min_interval)
    spread = 1 + _JITTER * (2 * jitter - 1)
    if poll.outcome is PollOutcome.FAULT and poll.fault is not None:
        wished = min(poll.fault.retry_after or timedelta(0), DAY)
        wait = _backed_off(interval, poll.fault, lease.failures)
        return now + max(wait * spread, wished, min_interval)
    return now + max(_fresh(interval, poll.fresh_for) * spread, min_interval)


def _fresh(interval: timedelta, fresh_for: timedelta | None) -> timedelta:
    """The interval, or as long as the answer holds, within four intervals and a day."""
    if fresh_for is None or fresh_for <= interval:
        return interval
    return max(interval, min(fresh_for, interval * _FRESH_INTERVALS, DAY))


def _backed_off(interval: timedelta, fault: Fault, failures: int) -> timedelta:
    """`failures` counts those before this one; the first temporary failure waits one interval."""
    lasting = fault.kind in _LASTING
    longest = max(DAY if lasting else BACKOFF_MAX, interval)
    doublings = 2 * (failures + 1) if lasting else failures
    return min(interval * 2 ** max(0, min(doublings, _DOUBLINGS_MAX)), longest) if interval < longest else interval
