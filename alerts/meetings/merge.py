"""One occasion told several times in an article is one event: which mention counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.meetings.participants import RANK, level_of
from config.vocabulary import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.meetings.case import Ruling
    from alerts.meetings.cues import Hit
    from alerts.meetings.participants import Side
    from storage.model import Span

_STRENGTH = {
    status: strength
    for strength, status in enumerate(
        (
            Status.BACKGROUND,
            Status.SCHEDULED,
            Status.PROPOSED,
            Status.UNDECIDED,
            Status.REFUSED,
            Status.CANCELLED,
            Status.UNDER_WAY,
            Status.HELD,
            Status.REMOTE,
            Status.DENIED,
        )
    )
}
"""Which of two statuses of one occasion counts: the guideline's precedence, in which a firm report outweighs plans."""

_REAL = frozenset({Status.HELD, Status.UNDER_WAY})


@dataclass(frozen=True, slots=True)
class Event:
    """One mention of one meeting: who, what became of it, where it is said. `title` tells a headline from the body."""

    sides: tuple[Side, ...]
    ruling: Ruling
    place: str | None
    span: Span
    cues: tuple[tuple[Hit, Span], ...]
    title: bool

    @property
    def names(self) -> frozenset[str]:
        """The named participants."""
        return frozenset(side.label for side in self.sides if side.label)


def merge_events(events: Iterable[Event]) -> list[Event]:
    """Gather mentions of one occasion, in the order of their first mention."""
    occasions: list[Event] = []
    for event in sorted(events, key=lambda event: len(event.names) < 2):  # noqa: PLR2004 (full pairs first)
        at = next((at for at, known in enumerate(occasions) if _is_same(known, event)), None)
        if at is None:
            occasions.append(event)
        else:
            occasions[at] = _joined(occasions[at], event)
    return occasions


def _is_same(one: Event, two: Event) -> bool:
    if not two.names or not one.names:
        return False
    if one.names != two.names and not _may_be_short_for(two, one) and not _lacks_host(one, two):
        return False
    return not _are_two_occasions(one, two)


def _may_be_short_for(short: Event, full: Event) -> bool:
    """`met the foreign minister` may repeat `met Lavrov`, whose rank it names, and not `met Putin`."""
    if len(short.names) != 1 or not short.names < full.names:
        return False
    unnamed = {side.level for side in short.sides if not side.label}
    return unnamed <= {side.level for side in full.sides if side.label not in short.names}


def _lacks_host(one: Event, two: Event) -> bool:
    """`A and B met`, `the talks of A and B were hosted by C`: who sat there besides is told later."""
    if len(one.names) < 2 or not one.names < two.names:  # noqa: PLR2004 (a pair)
        return False
    one_day = one.ruling.day is None or two.ruling.day in {None, one.ruling.day}
    return one_day and {one.ruling.status, two.ruling.status} <= _REAL


def _are_two_occasions(one: Event, two: Event) -> bool:
    """Yesterday's talks and tomorrow's second round; a meeting now and one years ago; a call and a plan to meet."""
    statuses = {one.ruling.status, two.ruling.status}
    if Status.DENIED in statuses:
        return False
    days = {one.ruling.day, two.ruling.day} - {None}
    if Status.REMOTE in statuses and len(statuses) > 1:
        return one.ruling.firm and two.ruling.firm and not (one.ruling.spoken or two.ruling.spoken)
    if Status.BACKGROUND in statuses and len(statuses) > 1:
        return len(days) > 1 or not statuses & _REAL
    if statuses & _REAL and Status.SCHEDULED in statuses:
        return len(days) > 1 and one.ruling.firm and two.ruling.firm
    return False


def _joined(first: Event, second: Event) -> Event:
    stronger, weaker = (second, first) if _outweighs(second, first) else (first, second)
    ruling = replace(stronger.ruling, day=stronger.ruling.day or (weaker.ruling.day if _agree(first, second) else None))
    sides = max((stronger.sides, weaker.sides), key=_fullness)
    return replace(stronger, sides=sides, ruling=ruling, place=stronger.place or weaker.place)


def _fullness(sides: tuple[Side, ...]) -> tuple[int, int, int]:
    """The mention that names most people, and says most of their offices and whence they come."""
    return sum(bool(side.label) for side in sides), sum(side.serves for side in sides), RANK[level_of(sides)]


def _agree(one: Event, two: Event) -> bool:
    return one.ruling.status == two.ruling.status or {one.ruling.status, two.ruling.status} <= _REAL


def _outweighs(later: Event, earlier: Event) -> bool:
    if later.ruling.status is earlier.ruling.status:
        return earlier.title and not later.title and later.ruling.firm and not earlier.ruling.firm
    if earlier.ruling.firm != later.ruling.firm:
        # a headline's present tense ends where the body gives the day, long past; "they last met in March" is another
        dated = later.ruling.status is not Status.BACKGROUND or later.ruling.day is not None
        return later.ruling.firm and dated
    return _STRENGTH[later.ruling.status] > _STRENGTH[earlier.ruling.status]
