"""Looks every few minutes for what did not happen, and tells it with what could be read meanwhile."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from alerts.absence_alerts import tell
from alerts.absences import STALE, mark_of, overdue_meetings, silences
from alerts.coverage import cover
from alerts.visits import Geography, departures
from config.places import load_places
from config.vocabulary import Level
from storage.departures import departures_since
from storage.meetings import meetings_since
from storage.model import Change
from storage.runs import clock_state, record_absence, set_clock
from storage.views_counts import count_pending, count_work
from storage.views_coverage import sources_read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from alerts.absences import Absence
    from alerts.coverage import Coverage
    from config.people import People
    from envoywatch.desk import Desk

_log = structlog.get_logger(__name__)

CLOCK: Final = "absences"
EVERY: Final = timedelta(minutes=5)
"""How often the ledger is gone through for them."""
LEDGER: Final = timedelta(days=60)
WAIT_FOR_READING: Final = timedelta(minutes=15)
"""How long (real time) articles already seen are waited for before anything is said not to be reported."""


def geography_of(people: People) -> Geography:
    """What the people and places of the configuration say of countries, leaders and envoys."""
    cities = {place.label: place.country for place in load_places().cities}

    def leaders_of(country: str, day: date) -> Sequence[str]:
        return [
            person.label
            for person in people
            if any(one.level is Level.LEADER and one.country == country for one in person.offices_at(day))
        ]

    def is_envoy(label: str, day: date) -> bool:
        person = people.find(label)
        return person is not None and any(office.envoy for office in person.offices_at(day))

    return Geography(people.countries_of, cities.get, leaders_of, is_envoy)


async def look(desk: Desk) -> bool:
    """Tell what is missing now; whether there is something new in the outbox."""
    now = desk.clock.now()
    state = await desk.store.write(clock_state)
    if CLOCK in state and now < state[CLOCK][0] <= now + EVERY:  # later only when the clock was set back
        return False
    meetings = await desk.store.read(meetings_since, now - LEDGER)
    world = geography_of(desk.people)
    found = [
        *overdue_meetings(meetings, now),
        *departures(meetings, world, now, await desk.store.read(departures_since, now - LEDGER)),
        *silences(meetings, desk.config.watches, now),
    ]
    new = [one for one in found if mark_of(one) not in state]
    if new and await desk.store.read(count_pending) > 0:
        patience = desk.clock.span(WAIT_FOR_READING)
        new = [one for one in new if now - one.at > patience]
    told = [await _tell(desk, absence, now) for absence in new]
    await desk.store.write(set_clock, CLOCK, now + EVERY, now)
    return any(told)


async def _tell(desk: Desk, absence: Absence, now: datetime) -> bool:
    coverage = await coverage_of(desk, absence, now)
    decide = partial(tell, absence, desk.config.watches, desk.rules.resolve, coverage, now)
    _, decisions = decide()
    is_history = absence.change is Change.OVERDUE or (decisions and now - absence.at <= STALE)
    if not is_history:
        return False
    ids = await desk.store.write(
        record_absence,
        mark_of(absence),
        absence.meeting,
        absence.change,
        decide,
        desk.rules.needs.meeting_budgets,
        now,
    )
    if ids:
        _log.info("not reported", what=absence.told)
        desk.listener.alerted(ids)
    return bool(ids)


async def coverage_of(desk: Desk, absence: Absence, now: datetime) -> Coverage:
    """What could be read since it was waited for, of the sources of the countries that it concerns."""
    meeting = absence.meeting
    day = meeting.date or absence.since.date()
    countries = {country for label in meeting.participants for country in desk.people.countries_of(label, day)}
    return await cover_countries(desk, countries, absence.since, now)


async def cover_countries(desk: Desk, countries: Collection[str], since: datetime, now: datetime) -> Coverage:
    """What could be read of the sources of these countries, and of all."""
    sources = await desk.store.read(sources_read, countries, since, now)
    work = await desk.store.read(count_work, since, now)
    return cover(sources, countries, work.read, work.sources)
