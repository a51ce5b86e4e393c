"""Days named in a sentence, resolved against the day of publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from alerts.meetings.tokens import MENTION
from config.lexicon import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.meetings.tokens import Token
    from config.lexicon import Times

_DAYS = 31
_MONTHS = 12
_YEARS = range(1990, 2100)
_WEEK = 7
_HOURS = 24
_MINUTE_DIGITS = 2
_BESIDE = 3
"""Words from a weekday to its date: a comma, an article."""


class Sense(Enum):
    """Which way a day without a year or a bare weekday points."""

    PAST = "past"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class Day:
    """A day named at token `place`. A bare weekday or day of a month still depends on the sense of its verb."""

    place: int
    weekday: int | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None
    offset: int | None = None
    shift: int = 0
    """Weeks away, for "last Friday" (-1) and "next Friday" (1)."""

    def resolve(self, published: date, sense: Sense) -> date | None:
        """The calendar day meant, None if there is no such day."""
        try:
            if self.offset is not None:
                return published + timedelta(days=self.offset)
            if self.weekday is not None:
                return _resolve_weekday(self.weekday, published, sense, self.shift)
            return self._resolve_date(published, sense)
        except (ValueError, OverflowError):
            return None

    def _resolve_date(self, published: date, sense: Sense) -> date | None:
        if self.day is None:
            return None
        if self.year is not None:
            return date(self.year, self.month or published.month, self.day)
        if self.month is not None:
            years = (published.year - 1, published.year, published.year + 1)
            candidates = [date(year, self.month, self.day) for year in years if _exists(year, self.month, self.day)]
        else:
            candidates = _days_of_near_months(published, self.day)
        fitting = [day for day in candidates if (day <= published if sense is Sense.PAST else day >= published)]
        return min(fitting or candidates, key=lambda day: abs(day - published), default=None)


def _without_their_weekdays(days: Sequence[Day]) -> list[Day]:
    """`Friday, 3 May` is one day: the weekday beside a date says nothing more."""
    dated = [day.place for day in days if day.day is not None]
    return [day for day in days if day.weekday is None or not any(abs(day.place - place) <= _BESIDE for place in dated)]


def _is_clock_time(hour: str, colon: str, minute: str) -> bool:
    digits = hour.isdecimal() and minute.isdecimal() and len(hour) <= _MINUTE_DIGITS == len(minute)
    return digits and colon == ":" and int(hour) < _HOURS


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _days_of_near_months(published: date, day: int) -> list[date]:
    first = published.replace(day=1)
    months = [(first - timedelta(days=1)).replace(day=1), first, (first + timedelta(days=31)).replace(day=1)]
    return [month.replace(day=day) for month in months if _exists(month.year, month.month, day)]


def _resolve_weekday(weekday: int, published: date, sense: Sense, shift: int) -> date:
    if sense is Sense.FUTURE:
        days = (weekday - published.weekday()) % _WEEK
        return published + timedelta(days=days + _WEEK * (shift > 0 and days == 0))
    days = (published.weekday() - weekday) % _WEEK
    return published - timedelta(days=days)


class Calendar:
    """Finds the days that one language names."""

    def __init__(self, times: Times, *, spaced: bool) -> None:
        self._weekdays = {normalise(form): number for number, forms in enumerate(times.weekdays) for form in forms}
        self._months = {normalise(form): number for number, forms in enumerate(times.months, 1) for form in forms}
        self._offsets = {normalise(word): offset for word, offset in times.days.items()}
        self._next = frozenset(normalise(word) for word in times.next)
        self._last = frozenset(normalise(word) for word in times.last)
        self._spaced = spaced
        self.vocabulary = {*self._weekdays, *self._offsets}
        """Words to be taken whole where words are not spaced."""

    def days(self, tokens: Sequence[Token]) -> list[Day]:
        """Days named in a sentence, in order."""
        found: list[Day] = []
        at = 0
        while at < len(tokens):
            day, taken = self._day(tokens, at)
            if day is not None:
                found.append(day)
            at += max(taken, 1)
        return _without_their_weekdays(found)

    def names_earlier_year(self, tokens: Sequence[Token], published: date) -> bool:
        """Whether a year before that of publication is named."""
        years = (_year(token.word) for token in tokens)
        return any(year < published.year for year in years if year is not None)

    @staticmethod
    def names_clock_time(tokens: Sequence[Token]) -> bool:
        """Whether a time of day is told as `13:00`; one that a live report begins with is that of writing."""
        words = [token.word for token in tokens]
        found = (at for at in range(len(words) - 2) if _is_clock_time(*words[at : at + 3]))
        return any(at > 0 or not words[3:4] or not (words[3].isalpha() or words[3] in {MENTION, "."}) for at in found)

    def _day(self, tokens: Sequence[Token], at: int) -> tuple[Day | None, int]:
        word = tokens[at].word
        if word in self._offsets:
            return Day(at, offset=self._offsets[word]), 1
        if word in self._weekdays:
            return Day(at, weekday=self._weekdays[word], shift=self._shift(tokens, at)), 1
        if not (word[0].isdigit() or word in self._months):
            return None, 1
        return self._spaced_date(tokens, at) if self._spaced else _counted_date(tokens, at)

    def _shift(self, tokens: Sequence[Token], at: int) -> int:
        before = {token.word for token in tokens[max(0, at - 2) : at]}
        return 1 if before & self._next else -1 if before & self._last else 0

    def _spaced_date(self, tokens: Sequence[Token], at: int) -> tuple[Day | None, int]:
        """`26 May 2023`, `26. Mai`, `May 26, 2023`, `26 de mayo de 2023`."""
        words = [token.word for token in tokens[at : at + 6]]
        filled = [(offset, word) for offset, word in enumerate(words) if word not in {".", ",", "de", "del"}]
        if len(filled) < 2 or filled[0][0] != 0:  # noqa: PLR2004 (a day and a month)
            return None, 1
        first, second = filled[0][1], filled[1][1]
        year = _year(filled[2][1]) if len(filled) > 2 else None  # noqa: PLR2004 (a third word)
        taken = filled[2][0] + 1 if year else filled[1][0] + 1
        if _number(first) and second in self._months:
            return Day(at, day=_number(first), month=self._months[second], year=year), taken
        if first in self._months and _number(second):
            return Day(at, day=_number(second), month=self._months[first], year=year), taken
        if first in self._months and _year(second):
            return Day(at, day=1, month=self._months[first], year=_year(second)), filled[1][0] + 1
        return None, 1


def _number(word: str) -> int | None:
    digits = (
        word
        if word.isdecimal()
        else word[:-2]
        if word[:-2].isdecimal() and word[-2:] in {"st", "nd", "rd", "th", "er"}
        else ""
    )
    return int(digits) if digits and len(digits) <= 2 and 1 <= int(digits) <= _DAYS else None  # noqa: PLR2004 (two digits)


def _year(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) == 4 and int(word) in _YEARS else None  # noqa: PLR2004 (four digits)


_COUNTED = {"年": "year", "月": "month", "日": "day", "号": "day"}


def _counted_date(tokens: Sequence[Token], at: int) -> tuple[Day | None, int]:
    """`2023年5月26日`, `5月26日`, `26日`."""
    parts: dict[str, int] = {}
    taken = 0
    while at + taken + 1 < len(tokens):
        number, unit = tokens[at + taken].word, _COUNTED.get(tokens[at + taken + 1].word)
        if not number.isdecimal() or len(number) > 4 or unit is None or unit in parts:  # noqa: PLR2004 (a year's digits)
            break
        parts[unit] = int(number)
        taken += 2
    if "day" not in parts and not ("year" in parts and "month" in parts):
        return None, max(taken, 1)
    valid = 1 <= parts.get("day", 1) <= _DAYS and 1 <= parts.get("month", 1) <= _MONTHS
    day = Day(at, day=parts.get("day", 1), month=parts.get("month"), year=parts.get("year"))
    return (day if valid else None), taken
