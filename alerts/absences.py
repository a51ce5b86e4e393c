"""What did not happen: plans without a report, guests who left unreceived, reports that nobody confirms. Pure.

Each is found from the ledger alone, is an absence of one meeting, and is told once. What may be said of it depends on
what could be read meanwhile (`alerts.coverage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from alerts import words
from alerts.precedence import PENDING, POSITIVE
from config.vocabulary import Level, Send, Status, Urgency
from storage.identity import digest
from storage.model import Alert, AlertKind, Change, Decision, Meeting, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from alerts.coverage import Coverage
    from alerts.precedence import CountriesOf
    from config.model import MeetingSpec, Watch

GRACE: Final = timedelta(hours=24)
"""A meeting is overdue so long after the end (UTC) of the day for which it was scheduled: reports come late, and the
day ends twelve hours later in the west."""
LEFT_AFTER: Final = timedelta(days=3)
"""A guest of whom nothing more is reported in a country has left it so long after the last meeting there."""
ON_THE_WAY: Final = timedelta(days=7)
"""Meetings in one country that lie farther apart are of different visits."""
STALE: Final = timedelta(days=3)
"""An absence noticed so long after its time (the program was off) wakes nobody."""

_ORGANISATIONS: Final = frozenset({"EU"})
"""Hosts whose seat lies in a country that is another's."""
_VENUE: Final = "venue in"

_REASON: Final = {
    Change.OVERDUE: Reason.EXPECTED_NOT_COME,
    Change.NOT_RECEIVED: Reason.NOT_RECEIVED,
    Change.UNCONFIRMED: Reason.STILL_SILENT,
}


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
class Absence:
    """That something did not happen to a meeting: when that could be said first, and since when it was waited for.

    `told` is one line, `unknown` the line when the sources that would have told of it could not be read; `detail` says
    more. `meeting` has no id where the ledger has none yet. `watch` is the only one that asked, if one did.
    """

    change: Change
    meeting: Meeting
    since: datetime
    at: datetime
    told: str
    unknown: str
    detail: str = ""
    watch: str | None = None

    @property
    def key(self) -> str:
        """Unique to what did not happen; a plan that is moved may be overdue again."""
        day = f":{self.meeting.date}" if self.change is Change.OVERDUE else ""
        return f"{self.change}:{self.meeting.key}{day}" + (f":{self.watch}" if self.watch else "")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


# ---------------------------------------------------------------- scheduled, and no report


def overdue_meetings(meetings: Iterable[Meeting], now: datetime) -> Iterator[Absence]:
    """Meetings that are still scheduled although their day is over."""
    for meeting in meetings:
        if meeting.status is not Status.SCHEDULED or meeting.date is None:
            continue
        at = _midnight(meeting.date) + timedelta(days=1) + GRACE
        if at <= now:
            people, day = words.people(meeting.participants), words.day(meeting.date)
            yield Absence(
                change=Change.OVERDUE,
                meeting=meeting,
                since=_midnight(meeting.date),
                at=at,
                told=f"{people}: scheduled for {day}, and no meeting reported",
                unknown=f"{people}: scheduled for {day}; unknown whether they met",
            )


# ---------------------------------------------------------------- left without being received


@dataclass(frozen=True, slots=True)
class _Stop:
    """A guest's meetings in one country, oldest first, and when and where the guest was seen next."""

    guest: str
    country: str
    meetings: tuple[Meeting, ...]
    next_meeting: Meeting | None

    @property
    def first(self) -> date:
        return _day(self.meetings[0])

    @property
    def last(self) -> date:
        return _day(self.meetings[-1])

    @property
    def place(self) -> str:
        return next((one.place for one in self.meetings if one.place), self.country)


def _day(meeting: Meeting) -> date:
    return meeting.date or (meeting.told_at or meeting.updated_at).date()


def departures(meetings: Collection[Meeting], world: Geography, now: datetime) -> Iterator[Absence]:
    """Envoys who were received by others in a country, have left it, and were not received by its leader."""
    for guest in sorted(_envoys(meetings, world)):
        for stop in _stops(guest, [one for one in meetings if guest in one.participants], world):
            left_at = _left_at(stop)
            if left_at <= now and not any(one.level is Level.LEADER for one in stop.meetings):
                yield from _not_received(stop, meetings, world, left_at)


def _envoys(meetings: Iterable[Meeting], world: Geography) -> set[str]:
    return {label for one in meetings for label in one.participants if world.is_envoy(label, _day(one))}


def _stops(guest: str, meetings: Iterable[Meeting], world: Geography) -> Iterator[_Stop]:
    """The countries in which a guest met somebody, in order; meetings at home are none."""
    held = sorted((one for one in meetings if one.status in POSITIVE), key=lambda one: (_day(one), one.key))
    placed = [(country, one) for one in held if (country := _country(guest, one, world))]
    stay: list[Meeting] = []
    for index, (country, meeting) in enumerate(placed):
        stay.append(meeting)
        following = placed[index + 1] if index + 1 < len(placed) else None
        if following and following[0] == country and _day(following[1]) - _day(meeting) <= ON_THE_WAY:
            continue
        if country not in world.countries_of(guest, _day(meeting)):
            yield _Stop(guest, country, tuple(stay), following[1] if following else None)
        stay = []


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
    """When it could be said that the guest had left: when the next meeting elsewhere was told, or days after."""
    by_silence = _midnight(stop.last) + timedelta(days=1) + LEFT_AFTER
    if stop.next_meeting is None:
        return by_silence
    told_at = stop.next_meeting.told_at or stop.next_meeting.first_reported_at
    return min(by_silence, max(told_at, _midnight(_day(stop.next_meeting))))


def _not_received(stop: _Stop, meetings: Iterable[Meeting], world: Geography, left_at: datetime) -> Iterator[Absence]:
    leaders = world.leaders_of(stop.country, stop.last)
    if not leaders:
        return
    awaited = [one for one in meetings if stop.guest in one.participants and _is_awaited(one, leaders, stop)]
    if any(one.status not in PENDING | {Status.DENIED} for one in awaited):
        return
    meeting = max(awaited, key=lambda one: (one.updated_at, one.key), default=None) or _unreported(stop, leaders[0])
    leader = next(label for label in (*leaders, leaders[0]) if label in meeting.participants)
    received = "; ".join(_received_by(stop.guest, one) for one in stop.meetings)
    seen = stop.next_meeting
    after = f"next seen {_where(seen)}{words.day(_day(seen))}" if seen else "nothing more is reported from there"
    yield Absence(
        change=Change.NOT_RECEIVED,
        meeting=meeting,
        since=_midnight(stop.first),
        at=left_at,
        told=f"{stop.guest} left {stop.place} without being received by {leader}, as far as is reported",
        unknown=f"{stop.guest} left {stop.place}; unknown whether {leader} received the guest",
        detail=f"received there: {received}; {after}",
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
    seen_at = max(one.updated_at for one in stop.meetings)
    return Meeting(
        key=digest("absence", *sorted(people), stop.country, stop.first.isoformat()),
        participants=people,
        level=Level.LEADER,
        status=Status.UNDECIDED,
        date=None,
        place=stop.meetings[0].place,
        first_reported_at=min(one.first_reported_at for one in stop.meetings),
        updated_at=seen_at,
        reports=0,
    )


def _received_by(guest: str, meeting: Meeting) -> str:
    hosts = words.people([label for label in meeting.participants if label != guest])
    return f"{hosts} ({words.LEVEL[meeting.level]}, {words.day(_day(meeting))})"


def _where(meeting: Meeting) -> str:
    return f"in {meeting.place}, " if meeting.place else ""


# ---------------------------------------------------------------- officials are silent


def silent_for(meeting: Meeting, now: datetime) -> timedelta | None:
    """How long no official source has confirmed what was reported; None when one has, or nothing was."""
    if meeting.status not in POSITIVE or meeting.confirmed or meeting.told_at is None:
        return None
    return max(now - meeting.told_at, timedelta(0))


def silences(meetings: Iterable[Meeting], watches: Iterable[Watch], now: datetime) -> Iterator[Absence]:
    """Meetings that a watch asks about, and that no official source has confirmed for as long as it says."""
    asking = [(watch, watch.meeting.silence) for watch in watches if watch.meeting and watch.meeting.silence]
    for meeting in meetings if asking else ():
        waited = silent_for(meeting, now)
        for watch, silence in asking:
            if waited is None or meeting.told_at is None or waited < silence:
                continue
            hours = round(silence / timedelta(hours=1), 1)
            people = words.people(meeting.participants)
            yield Absence(
                change=Change.UNCONFIRMED,
                meeting=meeting,
                since=meeting.told_at,
                at=meeting.told_at + silence,
                told=f"{people}: reported {hours:g} hours ago, and no official source confirms it",
                unknown=f"{people}: reported {hours:g} hours ago; unknown whether officials confirm it",
                watch=watch.name,
            )


# ---------------------------------------------------------------- who is told


def tell(
    absence: Absence,
    watches: Iterable[Watch],
    resolve: Callable[[str], Collection[str]],
    coverage: Coverage,
    now: datetime,
) -> tuple[tuple[Alert, ...], tuple[Decision, ...]]:
    """The alerts about an absence, and a decision for every watch that waits for such a meeting."""
    line = absence.told if coverage.is_known else absence.unknown
    detail = "\n".join(filter(None, (absence.detail, *coverage.lines)))
    alerts: list[Alert] = []
    decisions: list[Decision] = []
    for watch in watches:
        if watch.meeting is None or not waits_for(watch, watch.meeting, absence, resolve):
            continue
        verdict, reason = _verdict(watch, absence, now)
        key = f"meeting/{absence.meeting.key}/{absence.key.partition(':')[0]}{_day_of(absence)}/{watch.name}"
        if verdict is Verdict.ALERT:
            alerts.append(_alert(absence, watch, key, line, detail, now))
        decisions.append(
            Decision(
                verdict,
                reason,
                watch.name,
                absence.meeting.key,
                alert_key=key if verdict is Verdict.ALERT else None,
                detail=line,
            )
        )
    return tuple(alerts), tuple(decisions)


def _day_of(absence: Absence) -> str:
    return f"-{absence.meeting.date}" if absence.change is Change.OVERDUE else ""


def _alert(absence: Absence, watch: Watch, key: str, line: str, detail: str, now: datetime) -> Alert:
    return Alert(
        key=key,
        kind=AlertKind.OVERDUE,
        title=line,
        created_at=now,
        watch=watch.name,
        change=absence.change,
        meeting_key=absence.meeting.key,
        place=absence.meeting.place,
        date=absence.meeting.date,
        detail=detail,
        urgency=watch.urgency or Urgency.NORMAL,
        channels=watch.channels,
    )


def _verdict(watch: Watch, absence: Absence, now: datetime) -> tuple[Verdict, Reason]:
    if watch.mute is not None and now < watch.mute:
        return Verdict.QUIET, Reason.MUTED
    if watch.send is Send.DIGEST:
        return Verdict.DIGEST, Reason.FOR_DIGEST
    if now - absence.at > STALE:
        return Verdict.DIGEST, Reason.OLD_NEWS
    return Verdict.ALERT, _REASON[absence.change]


def waits_for(watch: Watch, spec: MeetingSpec, absence: Absence, resolve: Callable[[str], Collection[str]]) -> bool:
    """Whether a watch wants to know that this did not happen.

    One that names people does, unless it says `overdue: no`. That a leader did not receive a guest is told only to who
    asked for that level, or for that leader.
    """
    names = (*((spec.guest,) if spec.guest else ()), *(spec.between or ()))
    people = set(absence.meeting.participants)
    if any(people.isdisjoint(resolve(name)) for name in names) or (
        spec.level is not None and spec.level is not absence.meeting.level
    ):
        return False
    if absence.change is Change.UNCONFIRMED:
        return watch.name == absence.watch and absence.meeting.status in spec.status
    wants = bool(names) if spec.overdue is None else spec.overdue
    if absence.change is Change.NOT_RECEIVED and spec.level is None and not spec.between:
        return False
    return wants and not POSITIVE.isdisjoint(spec.status)


def mark_of(absence: Absence) -> str:
    """The name of the clock that says that it was told."""
    return f"absence:{absence.key}"
