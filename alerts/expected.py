"""Which sources matter now because a meeting is near: the official ones of the countries it concerns. Pure.

Near is a configured expectation whose time comes or has just passed, and a scheduled meeting of the ledger on its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from alerts.clocks import fulfils
from config.vocabulary import Role, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import date

    from config.model import Expectation
    from storage.model import Meeting

    CountriesOf = Callable[[str, date], Collection[str]]

BEFORE: Final = timedelta(hours=6)
AFTER: Final = timedelta(hours=2)
"""An expectation says by when, not when: what it waits for may come hours before, and be told an hour or two late."""
DAY_BEFORE: Final = timedelta(hours=6)
DAY_AFTER: Final = timedelta(hours=30)
"""A day of the ledger begins in Asia hours before it does in Greenwich, and is told of until the next morning."""


class Official(Protocol):
    """What is asked of a source here; a configured one has it."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def country(self) -> str | None:
        """Whose it is."""
        ...

    @property
    def role(self) -> Role:
        """Who speaks through it."""
        ...


@dataclass(frozen=True, slots=True)
class Nearing:
    """A meeting that is near: what it is called, whose officials would tell of it, and from when to when."""

    what: str
    countries: frozenset[str]
    start: datetime
    end: datetime


def nearing(
    expectations: Iterable[Expectation],
    meetings: Collection[Meeting],
    resolve: Callable[[str], Collection[str]],
    countries_of: CountriesOf,
    now: datetime,
) -> tuple[Nearing, ...]:
    """What is near at `now`, the soonest over first; an expectation that a meeting has fulfilled is not.

    `resolve` gives the ledger's labels for a configured name, `countries_of` the countries a label stood for on a day.
    """
    found = [
        *(_of_expectation(one, resolve, countries_of) for one in expectations if not _is_over(one, meetings, resolve)),
        *(
            _of_meeting(one, one.date, countries_of)
            for one in meetings
            if one.status is Status.SCHEDULED and one.date is not None
        ),
    ]
    return tuple(sorted((one for one in found if one.start <= now < one.end), key=lambda one: (one.end, one.what)))


def _is_over(
    expectation: Expectation, meetings: Collection[Meeting], resolve: Callable[[str], Collection[str]]
) -> bool:
    return any(fulfils(expectation, meeting, resolve) for meeting in meetings)


def _of_expectation(
    expectation: Expectation, resolve: Callable[[str], Collection[str]], countries_of: CountriesOf
) -> Nearing:
    spec, day = expectation.meeting, expectation.by.astimezone(UTC).date()
    names = (*((spec.guest,) if spec.guest is not None else ()), *(spec.between or ()))
    countries = {country for name in names for label in resolve(name) for country in countries_of(label, day)}
    return Nearing(expectation.name, frozenset(countries), expectation.by - BEFORE, expectation.by + AFTER)


def _of_meeting(meeting: Meeting, day: date, countries_of: CountriesOf) -> Nearing:
    midnight = datetime.combine(day, time(), UTC)
    countries = {country for label in meeting.participants for country in countries_of(label, day)}
    what = " and ".join(meeting.participants)
    return Nearing(what, frozenset(countries), midnight - DAY_BEFORE, midnight + DAY_AFTER)


def concerned(meetings: Iterable[Nearing], sources: Iterable[Official]) -> dict[str, Nearing]:
    """The official sources of the countries concerned, by name, each with the meeting that keeps it longest."""
    urgent: dict[str, Nearing] = {}
    officials = [source for source in sources if source.role is Role.OFFICIAL]
    for meeting in meetings:  # the soonest over first, so that the last one stands
        urgent |= {source.name: meeting for source in officials if source.country in meeting.countries}
    return urgent
