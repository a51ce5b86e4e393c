"""How a source is, judged from what is stored about it: its state, since when, why in words, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from config.durations import render_duration
from config.redact import redact_urls
from storage.faults import describe
from storage.model import LOST_AFTER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from storage.model import FaultKind

RHYTHM_DAYS: Final = 28
"""A rhythm is taken over so many days before the last new entry, so that silence does not dilute it."""
_LOST_FAILING = 1.5  # intervals: a source asked rarely is not lost by one failure, but by its retry an interval later
LATE_INTERVALS = 3
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

_SILENT_GAPS = 3
LEAST_SILENCE = timedelta(hours=6)  # the dense ones sleep at night
_LONGEST_PAUSE = 1.25  # of the longest pause the source ever made: weekends, holidays
_DENSE = timedelta(hours=1)  # whoever publishes more often than this does so on Sundays too
_FIRST_WEEKEND = timedelta(days=3)
_UNKNOWN_SILENCE = timedelta(days=14)
THIN_DAYS = 3
THIN_SHARE = 0.1
_THIN_EXPECTED = 30


class Health(StrEnum):
    """How a source is, in one word; the worst first."""

    LOST = "lost"  # not read for three intervals, and failing
    FAILING = "failing"  # the last poll failed
    LATE = "late"  # not tried for three intervals
    SILENT = "silent"  # answers, but gives nothing, or nothing new against its own rhythm
    NEVER_READ = "never-read"  # not polled yet
    WELL = "well"
    PAUSED = "paused"
    REMOVED = "removed"  # no longer configured; its articles stay


UNSEEN: Final = (Health.LOST, Health.FAILING, Health.LATE, Health.SILENT)
"""The states in which a source gives nothing right now, the worst first."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a source usually publishes: the mean time between two new entries, and the silence that is no surprise."""

    gap: timedelta
    patience: timedelta


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is stored about a source that tells how it is.

    `per_day` counts its new entries by day (UTC), those of its first poll left out. `barren_since` is the first of the
    good answers in a row that held no entry at all; `recovered_at` the end of its last fault.
    """

    interval: timedelta
    next_poll_at: datetime
    added_at: datetime
    active: bool = True
    paused: bool = False
    lost_after: float = LOST_AFTER
    first_ok_at: datetime | None = None
    last_poll_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    recovered_at: datetime | None = None
    barren_since: datetime | None = None
    fault: FaultKind | None = None
    fault_detail: str | None = None
    fault_since: datetime | None = None
    held_until: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """When it is asked next."""
        return max(self.next_poll_at, self.held_until or self.next_poll_at)


@dataclass(frozen=True, slots=True)
class Condition:
    """A state with since when it holds, why, and what to do; the texts are empty where nothing need be said."""

    health: Health
    since: datetime | None = None
    why: str = ""
    remedy: str = ""


def judge(vitals: Vitals, per_day: Mapping[date, int], now: datetime) -> Condition:
    """The state of a source at `now`: what cannot be read outranks what is late, and that what is silent."""
    if not vitals.active:
        return Condition(Health.REMOVED, why="it is no longer configured; what it gave stays in the archive")
    if vitals.paused:
        remedy = "Take `paused` out of its configuration to have it read again."
        return Condition(Health.PAUSED, why="it is paused in the configuration", remedy=remedy)
    if vitals.fault is not None:
        return _at_fault(vitals, vitals.fault, now)
    if now - vitals.next_poll_at > LATE_INTERVALS * vitals.interval:
        return _late(vitals, now)
    if vitals.last_poll_at is None:
        why = "it has not been asked yet"
        return Condition(Health.NEVER_READ, vitals.added_at, why, "It is read by the daemon, or by `envoywatch poll`.")
    return _silent(vitals, per_day, now) or Condition(Health.WELL, vitals.recovered_at or vitals.first_ok_at)


def _late(vitals: Vitals, now: datetime) -> Condition:
    if vitals.due_at > now:
        why = f"it is due, but the turn of its host comes only at {vitals.due_at:%Y-%m-%d %H:%M} UTC"
        remedy = "The host asked for patience, or many sources share it: lengthen their intervals if it lasts."
    else:
        why = f"it was due and not asked for {LATE_INTERVALS} intervals"
        remedy = "It waits for a poll: see whether the daemon runs and is not overloaded."
    return Condition(Health.LATE, vitals.next_poll_at, why, remedy)


# ---------------------------------------------------------------- lost


def lost_at(vitals: Vitals) -> datetime | None:
    """When a failing source is lost, be it in the future; None while it is read.

    After `lost_after` intervals without success; one that was due more rarely, or not asked for long, is given the
    time for a second try.
    """
    if vitals.fault is None:
        return None
    failing_since = vitals.fault_since or vitals.last_poll_at or vitals.added_at
    unread = (vitals.last_ok_at or vitals.added_at) + vitals.lost_after * vitals.interval
    return max(unread, failing_since + _LOST_FAILING * vitals.interval)


def _at_fault(vitals: Vitals, fault: FaultKind, now: datetime) -> Condition:
    at = lost_at(vitals)
    is_lost = at is not None and at <= now
    text = describe(fault)
    detail = f" ({redact_urls(vitals.fault_detail)})" if vitals.fault_detail else ""
    never = "; it has never been read" if vitals.last_ok_at is None else ""
    health = Health.LOST if is_lost else Health.FAILING
    return Condition(health, vitals.fault_since, f"{text.words}{detail}{never}", text.remedy)


# ---------------------------------------------------------------- silent


def rhythm_of(vitals: Vitals, per_day: Mapping[date, int]) -> Rhythm | None:
    """The rhythm up to the last new entry; None before anything new has come."""
    first, last = vitals.first_ok_at, vitals.last_new_at
    if first is None or last is None:
        return None
    start = max(first, last - RHYTHM_DAYS * _DAY)
    days = sorted(day for day, count in per_day.items() if count and start.date() <= day <= last.date())
    total = sum(per_day[day] for day in days)
    if not total:
        return None
    known = max(last - start, _DAY)
    gap = known / total
    pause = max((after - before for before, after in pairwise(days)), default=timedelta(0))
    patience = max(_SILENT_GAPS * gap, LEAST_SILENCE, _LONGEST_PAUSE * pause if pause > _DAY else timedelta(0))
    if known < _WEEK and gap > _DENSE:
        patience = max(patience, _FIRST_WEEKEND)
    return Rhythm(gap, patience)


def _silent(vitals: Vitals, per_day: Mapping[date, int], now: datetime) -> Condition | None:
    if vitals.barren_since is not None and now - vitals.barren_since >= vitals.interval:
        remedy = "Open its address in a browser: the news may have moved elsewhere, or it is built by a script."
        why = "its answers are good, but there is not one entry in them"
        return Condition(Health.SILENT, vitals.barren_since, why, remedy)
    remedy = "Look at the site: it may have moved its news elsewhere, or have nothing to say."
    rhythm = rhythm_of(vitals, per_day)
    since = vitals.last_new_at or vitals.first_ok_at
    if since is None:
        return None
    if rhythm is None:
        if now - since <= _UNKNOWN_SILENCE:
            return None
        why = "nothing new has come since it was first read"
        return Condition(Health.SILENT, since, why, remedy)
    if now - since > rhythm.patience:
        why = f"nothing new, though something usually comes every {in_words(rhythm.gap)}"
        return Condition(Health.SILENT, since, why, remedy)
    return _thin(vitals, per_day, now, remedy)


def _thin(vitals: Vitals, per_day: Mapping[date, int], now: datetime, remedy: str) -> Condition | None:
    """A trickle where there was a stream: the last whole days against those before them."""
    first = vitals.first_ok_at
    today = now.date()
    if first is None:
        return None
    start = max(first.date() + _DAY, today - (RHYTHM_DAYS + THIN_DAYS) * _DAY)
    recent_start = today - THIN_DAYS * _DAY
    before_days = (recent_start - start).days
    if before_days < _WEEK.days:
        return None
    before = sum(count for day, count in per_day.items() if start <= day < recent_start)
    recent = sum(count for day, count in per_day.items() if recent_start <= day < today)
    usual = before / before_days * THIN_DAYS
    if usual < _THIN_EXPECTED or recent >= usual * THIN_SHARE:
        return None
    why = f"{recent} new in {THIN_DAYS} days, though {usual:.0f} are usual"
    since = vitals.last_new_at
    return Condition(Health.SILENT, since, why, remedy)


def in_words(span: timedelta) -> str:
    """A length of time to two figures of its largest units, as `2h30m`."""
    size = next((size for size in (_DAY, timedelta(hours=1), timedelta(minutes=1)) if span >= 10 * size), None)
    step = size or (timedelta(minutes=5) if span >= timedelta(hours=1) else timedelta(seconds=1))
    return render_duration(round(span / step) * step)


# ---------------------------------------------------------------- what somebody was told


@dataclass(frozen=True, slots=True)
class WatchedSource:
    """A source that is at fault, or that somebody was told is lost (`told_at`), as the decision to tell needs it.

    `watched` is false for one that is paused or left the configuration. `host` is the server of its first endpoint.
    """

    id: int
    name: str
    host: str
    watched: bool
    fault: FaultKind | None
    fault_detail: str | None
    fault_since: datetime
    last_poll_at: datetime
    due_at: datetime
    last_ok_at: datetime | None
    recovered_at: datetime | None
    lost_at: datetime | None
    told_at: datetime | None

    def is_lost(self, now: datetime) -> bool:
        """Whether it is lost by now; while it is due, what its poll will find is waited for."""
        return self.lost_at is not None and self.lost_at <= now < self.due_at


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing could be reached `since` then; it was `told_at` that time, and is over when `online_at` is known."""

    since: datetime
    told_at: datetime
    online_at: datetime | None = None
