"""What is due: digests at their time of day in their zone, and expected meetings that did not come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from storage.model import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from config.fields import ZonedTime
    from config.model import Digest, Expectation, MeetingSpec
    from storage.model import Meeting

EXPECTED_WITHIN: Final = timedelta(days=14)
"""A meeting this long before the time of an expectation belongs to an earlier trip and does not fulfil it."""


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When (UTC) that wall clock shows that time on that day.

    A time that is skipped is the first instant after the gap; one that comes twice is its first coming.
    """
    wall = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # In a gap fold=1 lies before the jump and fold=0 after it (PEP 495); the jump is found between them.
    before, after = wall.replace(fold=1).astimezone(UTC), moment
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(microseconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def next_digest_at(at: ZonedTime, after: datetime) -> datetime:
    """The first time (UTC) later than `after` at which the clock of that zone comes to that time of day."""
    zone = ZoneInfo(at.zone)
    day = after.astimezone(zone).date() - timedelta(days=1)
    while (moment := instant(day, at.at, zone)) <= after:
        day += timedelta(days=1)
    return moment


@dataclass(frozen=True, slots=True)
class DueDigest:
    """A digest to be made now; `next_at` is when it is due again."""

    digest: Digest
    due_at: datetime
    next_at: datetime


def due_digests(digests: Iterable[Digest], clocks: Mapping[str, datetime], now: datetime) -> list[DueDigest]:
    """The digests whose stored time has come, each once however many times were missed.

    `clocks` is the stored state as `digest_clocks` gave it: by name the time each is next due.
    """
    return [
        DueDigest(digest, due_at, next_digest_at(digest.at, now))
        for digest in digests
        if (due_at := clocks.get(digest.name)) is not None and due_at <= now
    ]


def digest_clocks(digests: Iterable[Digest], clocks: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """The state to store once the configuration is read.

    What is new, or has another time of day now, waits for its next time; what is due stays due.
    """
    return {
        digest.name: due_at
        if (due_at := clocks.get(digest.name)) is not None and _is_time_of(digest.at, due_at)
        else next_digest_at(digest.at, now)
        for digest in digests
    }


def _is_time_of(at: ZonedTime, moment: datetime) -> bool:
    return next_digest_at(at, moment - timedelta(microseconds=1)) == moment


@dataclass(frozen=True, slots=True)
class Overdue:
    """An expectation whose time has passed. `key` is unique to the expectation and its time."""

    key: str
    expectation: Expectation


def _itself(name: str) -> Collection[str]:
    return (name,)


def meeting_matches(spec: MeetingSpec, meeting: Meeting, resolve: Callable[[str], Collection[str]] = _itself) -> bool:
    """Whether a meeting of the ledger is of the kind asked for.

    `resolve` gives the labels, as the ledger writes them, that a configured name stands for: one for a person,
    several for a group, of whom any will do.
    """
    names = (*((spec.guest,) if spec.guest is not None else ()), *(spec.between or ()))
    return (
        meeting.status in spec.status
        and (spec.level is None or meeting.level is spec.level)
        and is_confirmed(spec, meeting)
        and all(not set(meeting.participants).isdisjoint(resolve(name)) for name in names)
    )


def is_confirmed(spec: MeetingSpec, meeting: Meeting) -> bool:
    """Whether official sources confirm it as far as is asked for."""
    if spec.confirmed is None:
        return True
    return len(meeting.confirmed_by) > 1 if spec.confirmed == "both" else meeting.confirmed


def overdue(
    expectations: Iterable[Expectation],
    meetings: Collection[Meeting],
    now: datetime,
    resolve: Callable[[str], Collection[str]] = _itself,
    told: Collection[str] = (),
) -> list[Overdue]:
    """The expectations whose time has passed and which no meeting fulfils, those with a key in `told` left out."""
    late = [
        Overdue(f"overdue:{expectation.name}:{to_text(expectation.by)}", expectation)
        for expectation in expectations
        if expectation.by < now and not any(fulfils(expectation, meeting, resolve) for meeting in meetings)
    ]
    return [item for item in late if item.key not in told]


def fulfils(expectation: Expectation, meeting: Meeting, resolve: Callable[[str], Collection[str]]) -> bool:
    """Whether a meeting is the one expected.

    An undated meeting counts whenever it was reported: the report may have come after the time, not the
    meeting.
    """
    if not meeting_matches(expectation.meeting, meeting, resolve):
        return False
    earliest = expectation.by - EXPECTED_WITHIN
    if meeting.date is None:
        return meeting.first_reported_at >= earliest
    return earliest.date() <= meeting.date <= expectation.by.date()
