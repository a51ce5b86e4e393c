"""How moments, days and lengths of time are written in a language; all of them are UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from envoywatch.web.languages import Language

_MINUTE, _TWO_HOURS, _TWO_DAYS = timedelta(minutes=1), timedelta(hours=2), timedelta(days=2)


def short_time(language: Language, value: datetime, now: datetime) -> str:
    """`10:02` of today, else `17 May 10:02`, with the year when it is another one."""
    value, now = value.astimezone(UTC), now.astimezone(UTC)
    clock = f"{value:%H:%M}"
    return clock if value.date() == now.date() else f"{printed_day(language, value, now)} {clock}"


def long_time(language: Language, value: datetime, now: datetime) -> str:
    """For the title of a time: exact, with its zone and how long ago."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {ago(language, value, now)}"


def iso(value: datetime) -> str:
    """For machines, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def printed_day(language: Language, value: date, now: datetime) -> str:
    """`17 May`, with the year when it is another one."""
    return language.day(value) if value.year == now.year else language.day_of_year(value)


def ago(language: Language, value: datetime, now: datetime) -> str:
    """`5 min ago`, `in 3 h`, `just now`."""
    gap = now - value
    size = abs(gap)
    if size < _MINUTE:
        return language.gettext("just now")
    is_past = gap > timedelta(0)
    if size >= _TWO_DAYS:
        days = size // timedelta(days=1)
        # L10N: days; their unit is written short
        return language.count("%(n)s d ago", days) if is_past else language.count("in %(n)s d", days)
    if size >= _TWO_HOURS:
        hours = size // timedelta(hours=1)
        # L10N: hours
        return language.count("%(n)s h ago", hours) if is_past else language.count("in %(n)s h", hours)
    minutes = size // _MINUTE
    return language.count("%(n)s min ago", minutes) if is_past else language.count("in %(n)s min", minutes)


def span(language: Language, value: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    if value >= _TWO_DAYS:
        # L10N: days; their unit is written short
        return language.count("%(n)s d", value // timedelta(days=1))
    if value >= _TWO_HOURS:
        # L10N: hours
        return language.count("%(n)s h", value // timedelta(hours=1))
    if value >= _MINUTE:
        return language.count("%(n)s min", value // _MINUTE)
    # L10N: seconds
    return language.gettext("%(n)s s", n=language.short(value.total_seconds()))
