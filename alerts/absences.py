"""What did not happen: plans without a report, and reports that nobody confirms. Pure.

Each is found from the ledger alone, is an absence of one meeting, and is told once (`alerts.absence_alerts`), as are
guests who left without being received (`alerts.visits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from alerts import absence_words, words
from alerts.precedence import POSITIVE
from config.vocabulary import Status
from storage.model import Change, Meeting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config.model import Watch

GRACE: Final = timedelta(hours=24)
"""A meeting is overdue so long after the end (UTC) of the day for which it was scheduled: reports come late, and the
day ends twelve hours later in the west."""
STALE: Final = timedelta(days=3)
"""An absence noticed so long after its time (the program was off) wakes nobody."""


@dataclass(frozen=True, slots=True)
class Absence:
    """That something did not happen to a meeting: when that could be said first, and since when it was waited for.

    `told` is one line, `unknown` the line when the sources that would have told of it could not be read; `detail` says
    more. `meeting` has no id where the ledger has none yet. `watch` is the only one that asked, if one did. Of what is
    no surprise, since nobody spoke of it, only who asked for it is told at once.
    """

    change: Change
    meeting: Meeting
    since: datetime
    at: datetime
    told: str
    unknown: str
    detail: str = ""
    watch: str | None = None
    is_surprise: bool = True

    @property
    def key(self) -> str:
        """Unique to what did not happen; a plan that is moved may be overdue again."""
        day = f":{self.meeting.date}" if self.change is Change.OVERDUE else ""
        return f"{self.change}:{self.meeting.key}{day}" + (f":{self.watch}" if self.watch else "")


def midnight(day: date) -> datetime:
    """When that day begins in Greenwich."""
    return datetime.combine(day, time(), UTC)


# ---------------------------------------------------------------- scheduled, and no report


def overdue_meetings(meetings: Iterable[Meeting], now: datetime) -> Iterator[Absence]:
    """Meetings that are still scheduled although their day is over."""
    for meeting in meetings:
        if meeting.status is not Status.SCHEDULED or meeting.date is None:
            continue
        at = midnight(meeting.date) + timedelta(days=1) + GRACE
        if at <= now:
            people = words.people(meeting.participants)
            yield Absence(
                change=Change.OVERDUE,
                meeting=meeting,
                since=midnight(meeting.date),
                at=at,
                told=absence_words.SCHEDULED.say(people=people, day=meeting.date),
                unknown=absence_words.SCHEDULED_UNKNOWN.say(people=people, day=meeting.date),
            )


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
            parts = {"people": words.people(meeting.participants), "age": _age(silence)}
            yield Absence(
                change=Change.UNCONFIRMED,
                meeting=meeting,
                since=meeting.told_at,
                at=meeting.told_at + silence,
                told=absence_words.SILENT.say(**parts),
                unknown=absence_words.SILENT_UNKNOWN.say(**parts),
                watch=watch.name,
            )


def _age(silence: timedelta) -> str:
    """In hours where these are whole, else in minutes."""
    minutes = silence // timedelta(minutes=1)
    return words.count(minutes, "minute") if minutes % 60 else words.count(minutes // 60, "hour")


def mark_of(absence: Absence) -> str:
    """The name of the clock that says that it was told."""
    return f"absence:{absence.key}"
