"""What keeps an alert from being told, or from being told now: the verdicts on one reading, as they fall. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from alerts import words
from alerts.originators import originators
from alerts.precedence import nowhere
from alerts.telling import told_as_planned
from config.vocabulary import Send
from config.watch_options import refused_for
from storage.model import (
    Alert,
    Change,
    Known,
    Meeting,
    Needs,
    Planned,
    Reading,
    Reason,
    Reporter,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import date

    from alerts.precedence import CountriesOf
    from config.model import Watch

OLD_AFTER: Final = timedelta(days=3)
"""News older than this when we first see it goes to the digest: nobody is woken for it."""
FIRST_POLL_AGE: Final = timedelta(hours=24)
"""From the first poll of a source only what was published within the last day may alert ..."""
FIRST_POLL_MOST: Final = 5
"""... and at most so many times; the rest is stored, and the digest has it."""

OLD_EVENT: Final = timedelta(days=7)
"""Nor for a meeting whose day is longer past, whenever it is told."""


def _itself(name: str) -> Collection[str]:
    return (name,)


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's wishes.

    `resolve` gives the ledger's labels for the name of a person or a group, `countries_of` for whom a label stood.
    """

    watches: tuple[Watch, ...] = ()
    resolve: Callable[[str], Collection[str]] = field(default=_itself)
    countries_of: CountriesOf = field(default=nowhere)

    @property
    def needs(self) -> Needs:
        """What must be looked up of the past before a reading is decided."""
        budgets = [(watch, watch.at_most.per) for watch in self.watches if watch.at_most is not None]
        return Needs(
            budgets={watch.name: per for watch, per in budgets if watch.is_about_words},
            meeting_budgets={watch.name: per for watch, per in budgets if not watch.is_about_words},
            sources=frozenset(one.name for one in self.watches if one.min_sources > 1 and one.is_about_words),
        )


def sources_needed(watch: Watch) -> int:
    """How many must report it independently of each other before the watch alerts."""
    return max(watch.min_sources, watch.meeting.reports if watch.meeting else 1)


def held_back(reading: Reading, now: datetime) -> Reason | None:
    """Why nothing of this article may wake anybody, whatever it says."""
    age = now - reading.published_at
    if age > OLD_AFTER:
        return Reason.OLD_NEWS
    if reading.first_poll and age > FIRST_POLL_AGE:
        return Reason.FIRST_POLL
    return None


def originator_of(reading: Reading, known: Known) -> str:
    """Whose report it is: a copy's is that of the text which was first."""
    return known.same_text_originator or reading.originator


def may_be_first(watch: Watch) -> bool:
    """Whether a copy may be the first of its text that counts for the watch, which asks for certain sources."""
    return watch.only is not None


class Told:
    """The alerts of one reading as they are decided, so that none is told twice and a first poll never floods."""

    def __init__(self, reading: Reading, known: Known, held_back: Reason | None, now: datetime) -> None:
        self.reading = reading
        self.now = now
        self.alerts: list[Alert] = []
        self.refused: set[str] = set()
        self.known = known
        self._held_back = held_back
        self._keys = set(known.alert_keys)
        self._planned = {watch: list(planned) for watch, planned in known.planned.items()}
        self._left = FIRST_POLL_MOST - known.first_poll_alerts if reading.first_poll else None

    def merge(self, merged: Mapping[str, str]) -> None:
        """What was told of a meeting counts as told of the one that it turned out to be."""
        for key, into in merged.items():
            self._keys |= {one.replace(f"meeting/{key}/", f"meeting/{into}/") for one in self._keys}

    def is_copied(self, watch: Watch) -> bool:
        """Whether this match was met before, in the text that was copied."""
        known = self.known
        return known.same_text is not None and (
            watch.name in known.told_watches or not (known.added or may_be_first(watch))
        )

    def verdict(
        self,
        watch: Watch,
        key: str,
        reporters: Iterable[Reporter],
        *,
        is_copy: bool = False,
        is_told: bool = False,
        day: date | None = None,
    ) -> tuple[Verdict, Reason, str]:
        """Alert, or the first reason against it, with its detail.

        `reporters` are all who reported this, `day` is when it was; `is_told` says that other words told of it before.
        """
        refused = self._refused(watch)
        if refused is not None:
            self.refused.add(watch.name)
            return Verdict.QUIET, Reason.OTHER_SOURCE, refused
        if is_copy:
            return Verdict.QUIET, Reason.COPY, ""
        if is_told or key in self._keys:
            return Verdict.QUIET, Reason.ALREADY_TOLD, ""
        if watch.mute is not None and self.now < watch.mute:
            return Verdict.QUIET, Reason.MUTED, f"until {words.moment(watch.mute)}"
        if watch.send is Send.DIGEST:
            return Verdict.DIGEST, Reason.FOR_DIGEST, ""
        return self._not_now(watch, reporters, day)

    def _refused(self, watch: Watch) -> str | None:
        if watch.only is None:
            return None
        one = self.reading
        return refused_for(watch.only, one.source, one.role, one.country, one.text.language)

    def _not_now(self, watch: Watch, reporters: Iterable[Reporter], day: date | None) -> tuple[Verdict, Reason, str]:
        """What keeps from an alert what its watch would alert of."""
        if day is not None and self.now.date() - day > OLD_EVENT:
            return Verdict.DIGEST, Reason.OLD_NEWS, f"it was on {words.day(day)}"
        if self._held_back is not None:
            return Verdict.DIGEST, self._held_back, ""
        if self._left is not None and self._left <= 0:
            return Verdict.DIGEST, Reason.FIRST_POLL, ""
        needed = sources_needed(watch)
        found = originators(reporters) if needed > 1 else frozenset()
        if needed > 1 and len(found) < needed:
            return Verdict.DIGEST, Reason.TOO_FEW_SOURCES, f"{len(found)} of {needed}: {_listed(found)}"
        return Verdict.ALERT, Reason.WATCH_MATCHED, ""

    @property
    def reporter(self) -> Reporter:
        """Who reports now."""
        return Reporter(self.reading.source, originator_of(self.reading, self.known))

    def count_keys(self, start: str) -> int:
        """How many alerts were told whose keys begin so."""
        return sum(key.startswith(start) for key in self._keys)

    def was_missed(self, meeting: Meeting, watch: Watch) -> bool:
        """Whether the watch was told that this meeting had not come, and not yet that it had."""
        start, end = f"meeting/{meeting.key}/", f"/{watch.name}"
        missed = any(
            key.startswith((f"{start}{Change.OVERDUE}-", f"{start}{Change.NOT_RECEIVED}/")) and key.endswith(end)
            for key in self._keys
        )
        came = (Change.HELD, Change.CONFIRMED, Change.CONFIRMED_BY_BOTH, Change.DISPUTED)
        return missed and not self.is_told(f"{start}{change}{end}" for change in came)

    def is_told(self, keys: Iterable[str]) -> bool:
        """Whether an alert with one of these keys was told."""
        return not self._keys.isdisjoint(keys)

    def add(self, watch: Watch, alert: Alert) -> tuple[Reason | None, str]:
        """Take an alert in; gives the reason and the detail when it is not told at once."""
        planned = self._planned.setdefault(watch.name, [])
        alert, reason = told_as_planned(watch, alert, planned, self.now)
        self.alerts.append(alert)
        if alert.told_with is None:
            planned.append(Planned(alert.key, alert.due_at or self.now, watch.channels, is_open=bool(alert.due_at)))
        self._keys.add(alert.key)
        if self._left is not None:
            self._left -= 1
        return reason, f"told at {words.moment(alert.due_at)}" if alert.due_at else ""


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
