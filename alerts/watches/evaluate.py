"""Whether a plan holds for a page, and where. Every step is linear in the number of places, whatever the text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from alerts.watches.nodes import SENTENCE
from alerts.watches.page import MOST_SPANS
from alerts.watches.plan import All, Any, Chain, No, Pattern, Requirement, Row, Slot, Within
from alerts.watches.regex import SEARCHED, compile_pattern
from storage.model import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from alerts.watches.page import Mark, Page, Place
    from alerts.watches.plan import Plan
    from storage.model import Span


def evaluate(plan: Plan, page: Page) -> tuple[Span, ...] | None:
    """None when the plan does not hold; else the spans that made it hold, in order, none inside another."""
    marks = _EVALUATORS[type(plan)](plan, page, None)
    return None if marks is None else page.spans(marks)


def _evaluate(plan: Plan, page: Page, field: Field | None) -> Sequence[Mark] | None:
    """The marks of what made the plan hold in the field, or in both; None when it does not."""
    return _EVALUATORS[type(plan)](plan, page, field)


def _slot(plan: Slot, page: Page, field: Field | None) -> Sequence[Mark] | None:
    marks = page.marks_of(plan.number)
    return (marks if field is None else page.in_field(marks, field)) or None


def _requirement(plan: Requirement, page: Page, _field: Field | None) -> Sequence[Mark] | None:
    return () if page.present[plan.number] else None


def _within(plan: Within, page: Page, _field: Field | None) -> Sequence[Mark] | None:
    return _evaluate(plan.part, page, plan.field)


def _no(plan: No, page: Page, field: Field | None) -> Sequence[Mark] | None:
    return () if _evaluate(plan.part, page, field) is None else None


def _all(plan: All, page: Page, field: Field | None) -> Sequence[Mark] | None:
    every: list[Mark] = []
    for part in plan.parts:
        marks = _EVALUATORS[type(part)](part, page, field)
        if marks is None:
            return None
        every += marks
    return every


def _any(plan: Any, page: Page, field: Field | None) -> Sequence[Mark] | None:
    found = [marks for part in plan.parts if (marks := _evaluate(part, page, field)) is not None]
    return [mark for marks in found for mark in marks] if found else None


def _placed(plan: Row | Pattern | Chain, page: Page, field: Field | None) -> Sequence[Mark] | None:
    marks = page.known.get(plan)
    if marks is None:
        marks = page.known[plan] = [mark for _, _, mark in _marked(plan, page)]
    return (marks if field is None else page.in_field(marks, field)) or None


_EVALUATORS: Mapping[type[Plan], Callable[..., Sequence[Mark] | None]] = {
    Slot: _slot,
    Row: _placed,
    Pattern: _placed,
    Chain: _placed,
    Requirement: _requirement,
    Within: _within,
    No: _no,
    All: _all,
    Any: _any,
}
"""By kind of plan: a look-up, where asking for each kind in turn took longer than what it led to."""


def _marked(plan: Row | Pattern | Chain, page: Page) -> Iterable[Place]:
    """What is shown of the places of a plan: of words with others between them, the words alone."""
    match plan:
        case Chain():
            return _neighbours(plan, page)
        case Row(slots, slop) if slop:
            return _scattered(slots, slop, page)
        case _:
            return _places(plan, page)


def _places(plan: Plan, page: Page) -> Sequence[Place]:
    """Where the plan stands, in order of the first token."""
    match plan:
        case Slot(number=number):
            return page.places(number)
        case Row(slots, slop):
            return _windows(slots, slop, page) if slop else _in_a_row(slots, page)
        case Pattern(pattern=pattern):
            return _pattern_places(pattern, page)
        case Any(parts):
            return sorted({place for part in parts for place in _places(part, page)})
        case _:
            raise TypeError(f"{type(plan).__name__} has no place in a text")


def _pattern_places(pattern: str, page: Page) -> Sequence[Place]:
    return [
        page.place_of_characters(field, start, end)
        for field, text in ((Field.TITLE, page.document.title), (Field.TEXT, page.document.text))
        for start, end in islice(
            (found.span() for found in compile_pattern(pattern).finditer(text[:SEARCHED])), MOST_SPANS
        )
        if end > start
    ]


# ---------------------------------------------------------------- phrases


def _in_a_row(slots: Sequence[Slot], page: Page) -> Sequence[Place]:
    if not all(page.present[slot.number] for slot in slots):
        return ()
    beginnings: dict[int, set[int]] = {}  # where a row may go on -> first tokens of the rows that got so far
    for first, last, _ in page.places(slots[0].number):
        beginnings.setdefault(last, set()).add(first)
    for slot in slots[1:]:
        following: dict[int, set[int]] = {}
        for first, last, _ in page.places(slot.number):
            if first in beginnings:
                following.setdefault(last, set()).update(beginnings[first])
        beginnings = following
    return sorted(page.place(first, last) for last, firsts in beginnings.items() for first in firsts)


def _windows(slots: Sequence[Slot], slop: int, page: Page) -> Sequence[Place]:
    """The stretches of a field in which all the slots stand with at most `slop` other words, from their first on."""
    if not all(page.present[slot.number] for slot in slots):
        return ()
    needed = Counter(slots)
    width = sum(count * slot.shortest for slot, count in needed.items()) + slop
    rows = [(_smallest(slot, page), count) for slot, count in needed.items()]
    columns = [([first for first, _, _ in row], [last for _, last, _ in row], count) for row, count in rows]
    windows = []
    for first in sorted({first for firsts, _, _ in columns for first in firsts}):
        reach = 0
        end = min(first + width, page.gap) if first < page.gap else first + width
        for firsts, lasts, count in columns:
            at = bisect_right(lasts, end)
            if at - bisect_left(firsts, first) < count:
                break
            reach = max(reach, lasts[at - 1])
        else:
            windows.append(page.place(first, reach))
    return windows


def _smallest(slot: Slot, page: Page) -> Sequence[Place]:
    """The places of a slot that hold no other of its places: their ends are then in the order of their beginnings."""
    kept: list[Place] = []
    for place in sorted(page.places(slot.number), key=lambda place: (-place[0], place[1])):
        if not kept or place[1] < kept[-1][1]:
            kept.append(place)
    return kept[::-1]


def _scattered(slots: Sequence[Slot], slop: int, page: Page) -> list[Place]:
    """The words themselves that stand in a window, not what lies between them."""
    windows = _windows(slots, slop, page)
    return [place for slot in dict.fromkeys(slots) for place in _smallest(slot, page) if _covers(windows, place)]


def _covers(windows: Sequence[Place], place: Place) -> bool:
    """Ends of windows never go back, so the last window that begins early enough reaches furthest."""
    first, last, _ = place
    at = bisect_right(windows, first, key=itemgetter(0)) - 1
    return at >= 0 and windows[at][1] >= last


# ---------------------------------------------------------------- neighbours


def _neighbours(plan: Chain, page: Page) -> Iterator[Place]:
    """Of all operands the places that have a neighbour on both sides, in one field after the other."""
    rows = [_places(operand, page) for operand in plan.operands]
    cuts = [bisect_left(row, page.text_begins, key=itemgetter(2)) for row in rows]
    for kept in (
        [list(row[:cut]) for row, cut in zip(rows, cuts, strict=True)],
        [list(row[cut:]) for row, cut in zip(rows, cuts, strict=True)],
    ):
        for index, distance in enumerate(plan.distances):
            kept[index + 1] = _near(kept[index + 1], kept[index], distance, page)
        for index, distance in reversed(list(enumerate(plan.distances))):
            kept[index] = _near(kept[index], kept[index + 1], distance, page)
        yield from chain.from_iterable(kept)


def _near(places: Sequence[Place], others: Sequence[Place], distance: int, page: Page) -> list[Place]:
    """Those of `places` that have one of `others` beside them, without sharing a word with it."""
    if not places or not others:
        return []
    test = _in_same_sentence(others, page) if distance == SENTENCE else _within_words(others, distance)
    return [place for place in places if test(place)]


def _within_words(others: Sequence[Place], distance: int) -> Callable[[Place], bool]:
    ends = sorted(last for _, last, _ in others)
    firsts = sorted(first for first, _, _ in others)

    def test(place: Place) -> bool:
        first, last, _ = place
        before = bisect_right(ends, first) - 1
        after = bisect_left(firsts, last)
        return (before >= 0 and first - ends[before] < distance) or (
            after < len(firsts) and firsts[after] - last < distance
        )

    return test


def _in_same_sentence(others: Sequence[Place], page: Page) -> Callable[[Place], bool]:
    earliest_end: dict[int, int] = {}
    latest_first: dict[int, int] = {}
    for first, last, mark in others:
        sentence = page.sentence(mark)
        earliest_end[sentence] = min(last, earliest_end.get(sentence, last))
        latest_first[sentence] = max(first, latest_first.get(sentence, first))

    def test(place: Place) -> bool:
        first, last, mark = place
        sentence = page.sentence(mark)
        return sentence in earliest_end and (earliest_end[sentence] <= first or latest_first[sentence] >= last)

    return test
