"""Which of a source's endpoints to ask, in which order, and how long one that fails is left alone. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.model import EndpointState, FaultKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage.model import Fault

REST_MAX = timedelta(hours=1)
LASTING_REST_MAX = timedelta(hours=6)
"""A stand-in is second best: the endpoint it stands in for is tried a few times a day even when it refuses us."""
PATIENCE = 2
"""So many failures in a row may be an accident: until then an endpoint is asked first at every poll."""
_DOUBLINGS_MAX = 20

LASTING = frozenset(
    {FaultKind.GONE, FaultKind.BLOCKED, FaultKind.ROBOTS, FaultKind.ADDRESS, FaultKind.NOT_A_FEED, FaultKind.NO_PREVIEW}
)


def asking_order(states: Sequence[EndpointState], now: datetime) -> list[int]:
    """Positions in order of preference, those that rest last: they are asked when nothing else answers."""
    positions = range(len(states))
    return [one for one in positions if not _rests(states[one], now)] + [
        one for one in positions if _rests(states[one], now)
    ]


def _rests(state: EndpointState, now: datetime) -> bool:
    return state.retry_at is not None and state.retry_at > now


def rest_until(state: EndpointState, fault: Fault, interval: timedelta, now: datetime) -> datetime | None:
    """Until when an endpoint that has just failed once more is left alone while another stands in; None: not at all.

    From the third failure in a row the rest doubles from one interval to an hour, for lasting troubles to six.
    A `Retry-After` is obeyed.
    """
    over = state.failures + 1 - PATIENCE
    longest = LASTING_REST_MAX if fault.kind in LASTING else REST_MAX
    rest = timedelta(0)
    if over > 0:
        # A little less than whole intervals, so that a poll on time is not a moment too early.
        rest = min(interval * 2 ** min(over, _DOUBLINGS_MAX), max(longest, interval)) - interval / 10
    rest = max(rest, min(fault.retry_after or timedelta(0), timedelta(hours=24)))
    return now + rest if rest > timedelta(0) else None
