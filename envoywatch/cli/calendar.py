"""Meetings and trips as an iCalendar document (RFC 5545): an event each, or one a stop; hostile text is escaped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from alerts import harmless, words
from config.vocabulary import Status
from storage.identity import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.itinerary import Stop, Trip
    from storage.model import Meeting

_FOLD: Final = 75
"""Octets of a line, without its end (RFC 5545, section 3.1)."""
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})

_STATUS: Final = {
    Status.HELD: "CONFIRMED",
    Status.UNDER_WAY: "CONFIRMED",
    Status.REMOTE: "CONFIRMED",
    Status.CANCELLED: "CANCELLED",
    Status.REFUSED: "CANCELLED",
    Status.DENIED: "CANCELLED",
}
"""The calendar has three words; every other status of ours is TENTATIVE."""


def render_calendar(meetings: Iterable[Meeting], version: str) -> Iterator[str]:
    """The document line by line, each with its CRLF. A meeting whose day is not known has no place in it."""
    yield from _calendar((_event(meeting) for meeting in meetings if meeting.date is not None), version)


def render_trips(trips: Iterable[Trip], version: str) -> Iterator[str]:
    """An event of some days for each stop of a trip whose days are known."""
    events = (_stop_event(trip, stop) for trip in trips for stop in trip.stops if stop.first is not None)
    yield from _calendar(events, version)


def _calendar(events: Iterable[Iterable[str]], version: str) -> Iterator[str]:
    yield from _lines(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//Envoywatch//Envoywatch {version}//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    )
    for event in events:
        yield from _lines(*event)
    yield from _lines("END:VCALENDAR")


def _stop_event(trip: Trip, stop: Stop) -> Iterator[str]:
    first, last = stop.first, stop.last
    if first is None or last is None:
        raise ValueError("a stop without days cannot be entered into a calendar")
    told = [
        f"{words.people([harmless.one_line(name) for name in one.hosts])} ({one.level}): {words.STATUS[one.status]}"
        for one in stop.encounters
    ]
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(digest('trip', trip.person, stop.place or '', first.isoformat()))}@envoywatch"
    yield f"DTSTAMP:{first:%Y%m%d}T000000Z"
    yield f"DTSTART;VALUE=DATE:{first:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(trip.person)} in {_text(stop.place or 'a place not named')}"
    if stop.place:
        yield f"LOCATION:{_text(stop.place)}"
    yield f"DESCRIPTION:{_text(chr(10).join(told), keep_lines=True)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _event(meeting: Meeting) -> Iterator[str]:
    day = meeting.date
    if day is None:
        raise ValueError("a meeting without a day cannot be entered into a calendar")
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(meeting.key)}@envoywatch"
    yield f"DTSTAMP:{_moment(meeting.updated_at)}"
    yield f"CREATED:{_moment(meeting.first_reported_at)}"
    yield f"LAST-MODIFIED:{_moment(meeting.updated_at)}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    people = [harmless.one_line(name) for name in meeting.participants]
    yield f"SUMMARY:{_text(words.meeting(meeting.status, people, meeting.reports))}"
    if meeting.place:
        yield f"LOCATION:{_text(meeting.place)}"
    yield f"DESCRIPTION:{_text(_description(meeting), keep_lines=True)}"
    yield f"STATUS:{_STATUS.get(meeting.status, 'TENTATIVE')}"
    yield f"CATEGORIES:{_text(words.LEVEL[meeting.level])}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _description(meeting: Meeting) -> str:
    lines = [
        f"Status: {words.STATUS[meeting.status]}" + (", disputed" if meeting.disputed else ""),
        f"Reported by {words.reported(meeting.reports, meeting.originators)}",
    ]
    if meeting.confirmed:
        lines.append(f"Confirmed {words.confirmation(meeting.confirmed_by)}")
    return "\n".join(lines)


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str, *, keep_lines: bool = False) -> str:
    """A TEXT value (section 3.3.11): cleaned of what moves a terminal or a reader, then escaped."""
    return (harmless.clean(value) if keep_lines else harmless.one_line(value)).translate(_ESCAPES)


def _lines(*lines: str) -> Iterator[str]:
    return (f"{fold_line(line)}\r\n" for line in lines)


def fold_line(line: str) -> str:
    """Cut into pieces of at most 75 octets, never inside a character; each next piece begins with a space."""
    out: list[str] = []
    used = 0
    for character in line:
        size = len(character.encode())
        if used + size > _FOLD:
            out.append("\r\n ")
            used = 1
        out.append(character)
        used += size
    return "".join(out)
