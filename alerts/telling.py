"""When an alert is told: at once, after quiet hours, or in one message with others beyond a budget. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.delivery import hold_until
from storage.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from config.model import Watch
    from config.vocabulary import Urgency
    from config.watch_options import Budget
    from storage.model import Alert, Planned


@dataclass(frozen=True, slots=True)
class Telling:
    """When, in whose message (the key of another alert, None for its own), and why not at once."""

    due_at: datetime
    told_with: str | None = None
    reason: Reason | None = None


def plan_telling(watch: Watch, urgency: Urgency, planned: Sequence[Planned], now: datetime) -> Telling:
    """The time and the message in which an alert is told.

    `planned` are the messages of this watch: those of the budget's time, and those that wait. What is urgent passes
    quiet hours, but counts against the budget as everything does: who sets one wants no more messages than that.
    """
    ready = hold_until(watch.quiet, now, urgency) or now
    held = Reason.QUIET_HOURS if ready > now else None
    if watch.at_most is None or not watch.channels:
        return Telling(ready, reason=held)
    free = _free_after_quiet(watch, watch.at_most, urgency, planned, ready)
    if free == ready:
        return Telling(ready, reason=held)
    waiting = [
        one
        for one in planned
        if one.is_open and ready <= one.due_at <= free and one.due_at > now and set(one.channels) == set(watch.channels)
    ]
    if waiting:
        last = max(waiting, key=lambda one: (one.due_at, one.key))
        return Telling(last.due_at, last.key, Reason.OVER_BUDGET)
    return Telling(free, reason=Reason.OVER_BUDGET)


def told_as_planned(
    watch: Watch, alert: Alert, planned: Sequence[Planned], now: datetime
) -> tuple[Alert, Reason | None]:
    """The alert with the time and the message in which it is told, and why not at once."""
    telling = plan_telling(watch, alert.urgency, planned, now)
    due_at = telling.due_at if telling.due_at > now else None
    return replace(alert, due_at=due_at, told_with=telling.told_with), telling.reason


def _free_after_quiet(
    watch: Watch, budget: Budget, urgency: Urgency, planned: Sequence[Planned], ready: datetime
) -> datetime:
    """The first time from `ready` on that neither the budget nor quiet hours forbid."""
    times = [one.due_at for one in planned]
    while True:
        free = free_at(budget, times, ready)
        ready = hold_until(watch.quiet, free, urgency) or free
        if ready == free:
            return free


def free_at(budget: Budget, times: Iterable[datetime], ready: datetime) -> datetime:
    """The first time from `ready` on before which fewer than `budget.count` messages lie within `budget.per`."""
    told = sorted(times)
    at = ready
    while len(recent := [time for time in told if at - budget.per < time <= at]) >= budget.count:
        at = recent[-budget.count] + budget.per
    return at
