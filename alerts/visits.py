"""Visits of envoys: who received them in a country, when they left it, and whether its leader received them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from alerts import absence_words, words
from alerts.absences import Absence, midnight
from alerts.precedence import PENDING, POSITIVE
from config.vocabulary import Level, Status
from storage.identity import digest
from storage.model import Change, Meeting, ToldDeparture

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import date

    from alerts.precedence import CountriesOf

LEFT_AFTER: Final = timedelta(days=3)
"""A guest of whom nothing more is reported in a country has left it so long after the last meeting there."""
ON_THE_WAY: Final = timedelta(days=7)
"""Meetings in one country that lie farther apart are of different visits."""
_ORGANISATIONS: Final = frozenset({"EU"})
"""Hosts whose seat lies in a country that is another's."""
_VENUE: Final = "venue in"
_HIGH: Final = frozenset({Level.LEADER, Level.MINISTER})
"""Received so high, a guest might have been received by the leader too."""


@dataclass(frozen=True, slots=True)
class Geography:
    """Who stands for whom on a day, and where: each answers for a label of the ledger or a place.

    `leaders_of` gives a country's leaders, who receive guests first; `is_envoy` says who travels on missions.
    """

    countries_of: CountriesOf
    country_of_place: Callable[[str], str | None]
    leaders_of: Callable[[str, date], Sequence[str]]
    is_envoy: Callable[[str, date], bool]


@dataclass(frozen=True, slots=True)
class _Stop:
    """A guest's meetings in one country, oldest first, when and where the guest was seen next, and who told of leaving.

    One without meetings is a visit of which only plans and the departure were told.
    """

    guest: str
    country: str
    meetings: tuple[Meeting, ...]
    next_meeting: Meeting | None = None
    left: ToldDeparture | None = None

    @property
    def first(self) -> date:
        return _day(self.meetings[0]) if self.meetings else self.last

    @property
    def last(self) -> date:
        if self.meetings:
            return _day(self.meetings[-1])
        if self.left is None:
            raise ValueError("a stop has a meeting or a departure")
        return self.left.departure.date

    @property
    def place(self) -> str:
        told = self.left.departure.place if self.left else self.country
        return next((one.place for one in self.meetings if one.place), told)


def _day(meeting: Meeting) -> date:
    return meeting.date or (meeting.told_at or meeting.updated_at).date()


def departures(
    meetings: Collection[Meeting], world: Geography, now: datetime, told: Collection[ToldDeparture] = ()
) -> Iterator[Absence]:
    """Envoys who were in a country, have left it, and were not received by its leader.

    `told` are the departures that articles tell of, the first told first.
    """
    for guest in sorted(_envoys(meetings, world)):
        mine = [one for one in meetings if guest in one.participants]
        own = [one for one in told if one.departure.person == guest]
        for stop in (*_stops(guest, mine, own, world), *_visits(guest, mine, own, world)):
            left_at = _left_at(stop)
            if left_at <= now and not any(one.level is Level.LEADER for one in stop.meetings):
                yield from _not_received(stop, mine, world, left_at)


def _envoys(meetings: Iterable[Meeting], world: Geography) -> set[str]:
    return {label for one in meetings for label in one.participants if world.is_envoy(label, _day(one))}


# ---------------------------------------------------------------- where they were


def _stops(guest: str, meetings: Iterable[Meeting], told: Sequence[ToldDeparture], world: Geography) -> Iterator[_Stop]:
    """The countries in which a guest met somebody, in order; meetings at home are none."""
    held = sorted((one for one in meetings if one.status in POSITIVE), key=lambda one: (_day(one), one.key))
    placed = [(country, one) for one in held if (country := _country(guest, one, world))]
    stay: list[Meeting] = []
    for index, (country, meeting) in enumerate(placed):
        stay.append(meeting)
        following = placed[index + 1] if index + 1 < len(placed) else None
        stop = _Stop(guest, country, tuple(stay), following[1] if following else None)
        left = next((one for one in told if _ends(one, stop, world)), None)
        if following and following[0] == country and left is None and _day(following[1]) - _day(meeting) <= ON_THE_WAY:
            continue
        if country not in world.countries_of(guest, _day(meeting)):
            yield _Stop(guest, country, tuple(stay), stop.next_meeting, left)
        stay = []


def _ends(told: ToldDeparture, stop: _Stop, world: Geography) -> bool:
    """Whether the guest left that country then: after the last meeting there, and before the next one."""
    departure = told.departure
    is_there = world.country_of_place(departure.place) == stop.country or departure.place in {
        one.place for one in stop.meetings
    }
    until = _day(stop.next_meeting) if stop.next_meeting else stop.last + ON_THE_WAY
    is_back = stop.next_meeting is not None and _country(stop.guest, stop.next_meeting, world) == stop.country
    return is_there and stop.last <= departure.date <= until - timedelta(days=is_back)


def _visits(
    guest: str, meetings: Collection[Meeting], told: Sequence[ToldDeparture], world: Geography
) -> Iterator[_Stop]:
    """Countries that a guest left although no meeting there was reported: one with a leader was spoken of."""
    seen: set[str] = set()
    for one in told:
        country = world.country_of_place(one.departure.place)
        if country is None or country in seen or country in world.countries_of(guest, one.departure.date):
            continue
        stop = _Stop(guest, country, (), left=one)
        leaders = world.leaders_of(country, stop.last)
        met = [m for m in meetings if m.status in POSITIVE and abs(_day(m) - stop.last) <= ON_THE_WAY]
        if any(_is_awaited(m, leaders, stop) for m in meetings) and not any(
            _country(guest, m, world) == country for m in met
        ):
            seen.add(country)
            yield stop


def _country(guest: str, meeting: Meeting, world: Geography) -> str | None:
    """Whose guest it was: the country of the place if a host is of it or nobody is known; of an organisation that.

    Where nobody is at home they met at a venue, which has no leader to receive anybody.
    """
    own = set(world.countries_of(guest, _day(meeting)))
    hosts = {country for label in meeting.participants for country in world.countries_of(label, _day(meeting))} - own
    placed = world.country_of_place(meeting.place) if meeting.place else None
    host = next(iter(hosts)) if len(hosts) == 1 else None
    if host and (placed is None or host in _ORGANISATIONS):
        return host
    return placed if placed is None or not hosts or placed in hosts | own else f"{_VENUE} {placed}"


def _left_at(stop: _Stop) -> datetime:
    """When it could be said that the guest had left: somebody said so, or told of the next meeting; or days after."""
    times = [midnight(stop.last) + timedelta(days=1) + LEFT_AFTER]
    if stop.next_meeting is not None:
        told_at = stop.next_meeting.told_at or stop.next_meeting.first_reported_at
        times.append(max(told_at, midnight(_day(stop.next_meeting))))
    if stop.left is not None:
        times.append(stop.left.at)
    return min(times)


# ---------------------------------------------------------------- who did not receive them


def _not_received(stop: _Stop, meetings: Iterable[Meeting], world: Geography, left_at: datetime) -> Iterator[Absence]:
    leaders = world.leaders_of(stop.country, stop.last)
    if not leaders:
        return
    awaited = [one for one in meetings if _is_awaited(one, leaders, stop)]
    if any(one.status not in PENDING | {Status.DENIED} for one in awaited):
        return
    meeting = max(awaited, key=lambda one: (one.updated_at, one.key), default=None) or _unreported(stop, leaders[0])
    leader = next(label for label in (*leaders, leaders[0]) if label in meeting.participants)
    yield Absence(
        change=Change.NOT_RECEIVED,
        meeting=meeting,
        since=midnight(stop.first),
        at=left_at,
        told=absence_words.LEFT.say(guest=stop.guest, place=stop.place, leader=leader),
        unknown=absence_words.LEFT_UNKNOWN.say(guest=stop.guest, place=stop.place, leader=leader),
        detail="\n".join((_received(stop), _seen_last(stop))),
        is_surprise=bool(meeting.reports) or any(one.level in _HIGH for one in stop.meetings),
    )


def _is_awaited(meeting: Meeting, leaders: Collection[str], stop: _Stop) -> bool:
    """Whether it is the meeting with a leader that this visit might have brought."""
    if set(leaders).isdisjoint(meeting.participants) or meeting.status is Status.REMOTE:
        return False
    early, late = stop.first - ON_THE_WAY, stop.last + LEFT_AFTER
    return early <= (meeting.date or meeting.updated_at.date()) <= late


def _unreported(stop: _Stop, leader: str) -> Meeting:
    """The meeting that might have been, so that its absence has a place in the ledger, and a late report finds it."""
    people = (stop.guest, leader)
    return Meeting(
        key=digest("absence", *sorted(people), stop.country, stop.first.isoformat()),
        participants=people,
        level=Level.LEADER,
        status=Status.UNDECIDED,
        date=None,
        place=stop.meetings[0].place,
        first_reported_at=min(one.first_reported_at for one in stop.meetings),
        updated_at=max(one.updated_at for one in stop.meetings),
        reports=0,
    )


def _received(stop: _Stop) -> str:
    def by(meeting: Meeting) -> str:
        hosts = words.people([label for label in meeting.participants if label != stop.guest])
        return absence_words.HOSTS.say(people=hosts, level=words.LEVEL[meeting.level], day=_day(meeting))

    if not stop.meetings:
        return absence_words.RECEIVED_BY_NOBODY.say()
    return absence_words.RECEIVED.say(hosts="; ".join(map(by, stop.meetings)))


def _seen_last(stop: _Stop) -> str:
    """What says that the guest has left."""
    seen = stop.next_meeting
    if stop.left is not None:
        told = stop.left.departure
        return absence_words.TOLD_TO_LEAVE.say(
            place=told.place, day=told.date, source=stop.left.source, evidence=told.evidence
        )
    if seen is None:
        return absence_words.NOT_SEEN_AGAIN.say()
    if seen.place is None:
        return absence_words.NEXT_SEEN.say(day=_day(seen))
    return absence_words.NEXT_SEEN_IN.say(place=seen.place, day=_day(seen))
