"""Times as sources tell them: which zone they are in, and what is to be believed of them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

AHEAD = timedelta(minutes=10)
"""How far a clock may go fast before a time counts as lying in the future."""

YEARS = range(1990, 2101)  # 1970 is a zero and not a date

_ZONE = re.compile(r"(?:Z|[+-]\d\d(?::?\d\d)?|\b(?:GMT|UTC?|[AECMP][SD]T))\s*(?:\([^)]*\))?$", re.IGNORECASE)
"""Those that feed readers know; times in another named zone (MSK, CET) are for `crawler.dates` to read."""
_CLOCK = re.compile(r"\d{1,2}:\d\d|\dT\d{4}")


def has_zone(told: Any) -> bool:
    """Whether a time as it was written names its zone; a day without an hour needs none."""
    text = str(told or "").strip()
    clock = _CLOCK.search(text)
    return clock is None or bool(_ZONE.search(text[clock.end() :]))


def iso_moment(value: Any) -> datetime | None:
    """An ISO 8601 time as aware UTC (UTC when it names no zone); None when absent or absurd."""
    try:
        at = datetime.fromisoformat(str(value or "").strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year in YEARS else None


def told_moment(*values: Any) -> tuple[datetime | None, bool]:
    """The first ISO 8601 time that can be read, and whether it was told without its zone."""
    for value in values:
        at = iso_moment(value)
        if at is not None:
            return at, not has_zone(value)
    return None, False


def believed(at: datetime | None, *, has_zone: bool, zone: str | None, seen_at: datetime) -> datetime | None:
    """The time of publication that a source's claim stands for, as far as it can be believed.

    `at` is the claim in UTC (as if it were UTC when it named no zone), `zone` the source's own zone if configured: a
    time without zone is read there; so is one that claims UTC but lies in the future, as local times labelled GMT do.
    What lies in the future even so is kept as a claim; nothing later than `seen_at` counts as published.
    """
    if at is None or zone is None:
        return at
    if has_zone and at <= seen_at + AHEAD:
        return at
    local = _in_zone(at, zone)
    return at if has_zone and local > seen_at + AHEAD else local


def _in_zone(at: datetime, zone: str) -> datetime:
    """The same hands of the clock in another zone."""
    try:
        return at.astimezone(UTC).replace(tzinfo=_zone(zone)).astimezone(UTC)
    except OverflowError:
        return at


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
