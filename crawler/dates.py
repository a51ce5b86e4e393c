"""Dates as some sources write them: in words of other languages, with dots, with the name of a zone. Pure.

The parser of feeds reads the usual forms; of these it reads some wrongly (2023/05/17 as the first of May, 12:00 MSK as
12:00 UTC) and most not at all.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

_LONGEST: Final = 100
_USUAL: Final = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+)?\d{1,2}\s+(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d{4}\s+"
    r"\d\d:\d\d(?::\d\d)?\s+(?:GMT|UTC?|[+-]\d{4}|[ECMP][SD]T)"
    r"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_STAMP: Final = re.compile(r"\d{10}(?:\d{3})?")
_WORD: Final = r"(?P<word>[^\W\d_]{3,})\.?"
_ORDINAL: Final = r"(?:st|nd|rd|th|er|º|\.)"
_DAYS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})\s*[-/.年년]\s*(?P<month>\d{1,2})\s*[-/.月월]\s*(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)",
        rf"(?<![\d:])(?P<day>\d{{1,2}}){_ORDINAL}?[\s-]+(?:de\s+)?{_WORD}[\s,-]+(?:de\s+)?(?P<year>\d{{4}}|\d\d)(?![\d:])",
        rf"{_WORD}\s+(?P<day>\d{{1,2}}){_ORDINAL}?,?\s+(?P<year>\d{{4}})(?!\d)",
    )
)
_CLOCK: Final = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})\s?[:：時时시]\s?(?P<minute>\d\d)(?:[:：分](?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(
    r"\s*(?:GMT|UTC)?\s*(?P<sign>[+\u2212-])(?P<hours>\d\d?):?(?P<minutes>\d\d)?(?!\d)", re.IGNORECASE
)
_NAME: Final = re.compile(r"\s*\(?(?P<name>[A-Za-z]{1,4})\b(?![+/-])")
_CENTURY: Final = 70  # two digits below it are of the present one
_OFFSET_MAX: Final = timedelta(hours=14)


def is_usual(text: str) -> bool:
    """Whether the parser of feeds is known to read this form rightly."""
    return _USUAL.fullmatch(text) is not None


def told_date(text: str) -> tuple[datetime | None, bool] | None:
    """A date in a form that is known here, as UTC, and whether it named its zone (one without an hour needs none).

    None for other forms; a day that does not exist is no date. 17/05/2023 is left alone: who writes 05/06/2023 may mean
    either day.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    try:
        if _STAMP.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), UTC), True
        for form in _DAYS:
            found = form.search(text)
            if found is not None and (month := _month(found.groupdict())):
                day = datetime(_year(found["year"]), month, int(found["day"]), tzinfo=UTC)
                return _at_hour(day, text[found.end() :], text[: found.start()])
    except (ValueError, OverflowError):
        return None, False
    return None


def zone_offset(text: str) -> timedelta | None:
    """How far from UTC the zone is that a text begins with; None when it names none that is known."""
    told = _OFFSET.match(text)
    if told is not None:
        offset = timedelta(hours=int(told["hours"]), minutes=int(told["minutes"] or 0))
        return None if offset > _OFFSET_MAX else offset if told["sign"] == "+" else -offset
    named = _NAME.match(text)
    hours = _words()[1].get(named["name"].lower()) if named is not None else None
    return None if hours is None else timedelta(hours=hours)


def _at_hour(day: datetime, after: str, before: str) -> tuple[datetime | None, bool]:
    """The day with the hour that stands after it, else before it."""
    clock = _CLOCK.search(after) or _CLOCK.search(before)
    if clock is None:
        return day, True
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"].lower().startswith("p") else 0)
    at = day.replace(hour=hour, minute=int(clock["minute"]), second=int(clock["second"] or 0))
    offset = zone_offset(clock.string[clock.end() :])
    return (at, False) if offset is None else (at - offset, True)


def _month(told: dict[str, str | None]) -> int:
    """The number of the month; 0 when the word is none."""
    if told.get("month"):
        return int(told["month"] or 0)
    word = (told["word"] or "").lower()
    return next((number for beginning, number in _words()[0] if word.startswith(beginning)), 0)


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < _CENTURY else 1900)  # noqa: PLR2004 (of two digits)


@cache
def _words() -> tuple[tuple[tuple[str, int], ...], dict[str, int]]:
    """Beginnings of the names of months, and the zones by name."""
    months: list[tuple[str, int]] = []
    zones: dict[str, int] = {}
    part, number = "", 0
    for line in files("crawler").joinpath("data/date-words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            part = line
        elif line and not line.startswith("#"):
            if part == "[months]":
                number += 1
                months += [(word, number) for word in line.split()]
            else:
                name, hours = line.split()
                zones[name] = int(hours)
    return tuple(months), zones
