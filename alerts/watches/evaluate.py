"""Whether a plan holds for a page, and where. Every step is linear in the number of places, whatever the text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from alerts.watches.nodes import SENTENCE
from alerts.watches.plan import All, Any, Chain, No, Pattern, Requirement, Row, Slot, Within
from alerts.watches.regex import SEARCHED, compile_pattern
from storage.model import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from alerts.watches.lexicon import Form, Sign
    from alerts.watches.page import Mark, Page, Place, Stream
    from alerts.watches.plan import Plan

MOST_SPANS = 200
"""Of one match, and of one pattern in one field: who reads an article needs no more."""

MOST_PLACES = 10_000
"""Of one form of a word in one field: more is no article but an attack, and its beginning is enough."""


def evaluate(plan: Plan, page: Page) -> tuple[Span, ...] | None:
    """None when the plan does not hold; else the spans that made it hold, in order, none inside another."""
    if isinstance(plan, Slot):
        known = page.slot_spans
        if plan not in known:
            sign = page.signs.get(plan.number)
            known[plan] = (
                _token_spans(sign, page) if isinstance(sign, str) else _spans(_slot(plan, page, page.streams), page)
            )
        return known[plan]
    if isinstance(plan, All):
        asked = [part for part in plan.parts if not isinstance(part, No)]
        if len(asked) == 1 and isinstance(asked[0], Slot):  # a word without others: its spans are known, or soon are
            refused = any(_no(part, page, page.streams) is None for part in plan.parts if isinstance(part, No))
            return None if refused else evaluate(asked[0], page)
    return _spans(_evaluate(plan, page, page.streams), page)


def _spans(marks: Sequence[Mark] | None, page: Page) -> tuple[Span, ...] | None:
    return None if marks is None else tuple(map(page.span, _outermost(marks)))


def _token_spans(token: str, page: Page) -> tuple[Span, ...]:
    """What most matches are, of one word, without what the others need."""
    spans: list[Span] = []
    for stream in page.streams:
        if token in stream.last_places:
            field = stream.field
            spans += [Span(field, start, end) for start, end in stream.spans_of(token)]
    return tuple(spans[:MOST_SPANS])


def _outermost(marks: Sequence[Mark]) -> Sequence[Mark]:
    if len(marks) == 1:
        return marks
    kept: list[Mark] = []
    in_stream, reached = -1, 0
    for mark in sorted(marks):
        number, _, end = mark
        if number != in_stream or -end > reached:
            in_stream, reached = number, -end
            kept.append(mark)
    return kept[:MOST_SPANS]


def _evaluate(plan: Plan, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    return _EVALUATORS[type(plan)](plan, page, streams)


def _slot(plan: Slot, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    return _marks_of(plan, page, streams) if plan.number in page.signs else None


def _requirement(plan: Requirement, page: Page, _streams: Sequence[Stream]) -> Sequence[Mark] | None:
    return () if plan.number in page.present else None


def _within(plan: Within, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    return _evaluate(plan.part, page, [stream for stream in streams if stream.field is plan.field])


def _no(plan: No, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    return () if _evaluate(plan.part, page, streams) is None else None


def _all(plan: All, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    every: list[Mark] = []
    for part in plan.parts:
        marks = _EVALUATORS[type(part)](part, page, streams)
        if marks is None:
            return None
        every += marks
    return every


def _any(plan: Any, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    found = [marks for part in plan.parts if (marks := _evaluate(part, page, streams)) is not None]
    return [mark for marks in found for mark in marks] if found else None


def _marks_of(plan: Slot | Row | Pattern | Chain, page: Page, streams: Sequence[Stream]) -> Sequence[Mark] | None:
    if streams is page.streams:
        known = page.marks.get(plan)
        if known is not None:
            return known or None
    marks: list[Mark] = []
    for stream in streams:
        if stream.text:
            marks += _marks(plan, stream)
    if streams is page.streams:
        page.marks[plan] = marks
    return marks or None


_EVALUATORS: Mapping[type[Plan], Callable[..., Sequence[Mark] | None]] = {
    Slot: _slot,
    Row: _marks_of,
    Pattern: _marks_of,
    Chain: _marks_of,
    Requirement: _requirement,
    Within: _within,
    No: _no,
    All: _all,
    Any: _any,
}
"""By kind of plan: a look-up, where asking for each kind in turn took longer than what it led to."""


def _marks(plan: Slot | Row | Pattern | Chain, stream: Stream) -> Sequence[Mark]:
    number = stream.number
    match plan:
        case Slot():
            signs = stream.signs[plan.number]
            each = (signs,) if isinstance(signs, str) else signs
            return [(number, start, -end) for sign in each for start, end in _sign_spans(sign, stream)]
        case Chain():
            places: Sequence[Place] = [place for operand in _chain_places(plan, stream) for place in operand]
        case Row(slots, slop) if slop:
            places = _scattered(slots, slop, stream)
        case _:
            places = _places(plan, stream)
    return [(number, place.start, -place.end) for place in places]


def _places(plan: Plan, stream: Stream) -> Sequence[Place]:
    """Where the plan stands, in order of the first token."""
    match plan:
        case Slot():
            return _slot_places(plan, stream)
        case Row(slots, slop):
            return _windows(slots, slop, stream) if slop else _in_a_row(slots, stream)
        case Pattern(pattern=pattern):
            return _pattern_places(pattern, stream)
        case Any(parts):
            return sorted({place for part in parts for place in _places(part, stream)})
        case _:
            raise TypeError(f"{type(plan).__name__} has no place in a text")


# ---------------------------------------------------------------- words and people


def _slot_places(slot: Slot, stream: Stream) -> Sequence[Place]:
    found = stream.found.get(slot)
    if found is None:
        places: set[Place] = set()
        signs = stream.signs.get(slot.number, ())
        for sign in (signs,) if isinstance(signs, str) else signs:
            places.update(islice(_sign_places(sign, stream), MOST_PLACES))
        found = stream.found[slot] = sorted(places)
    return found


def _sign_places(sign: Sign, stream: Stream) -> Iterator[Place]:
    if isinstance(sign, str):
        return (stream.place(index, index + 1) for index in stream.positions(sign))
    return _form_places(sign, stream)


def _sign_spans(sign: Sign, stream: Stream) -> Sequence[tuple[int, int]]:
    """What `_sign_places` says in the original text alone, which is all that most are asked for."""
    if isinstance(sign, str):
        return stream.spans_of(sign)[:MOST_PLACES] if sign in stream.last_places else ()
    length = len(sign.tokens)
    return [stream.span(first, first + length) for first in islice(_form_firsts(sign, stream), MOST_PLACES)]


def _form_places(form: Form, stream: Stream) -> Iterator[Place]:
    length = len(form.tokens)
    return (stream.place(first, first + length) for first in _form_firsts(form, stream))


def _form_firsts(form: Form, stream: Stream) -> Iterator[int]:
    """The tokens at which the form begins."""
    for first in stream.positions(form.tokens[0]):
        if _stands(form, stream, first, first + len(form.tokens)) and _has_capitals(form, stream, first):
            yield first


def _stands(form: Form, stream: Stream, first: int, last: int) -> bool:
    """Whether these tokens, the first of which is the form's first, are those of the form."""
    here = stream.tokens[first:last]
    if form.open_end:
        if len(here) < len(form.tokens) or not here[-1].startswith(form.tokens[-1]):
            return False
        here[-1] = form.tokens[-1]
    if tuple(here) != form.tokens:
        return False
    return not any(form.touching) or all(
        stream.is_joined(first + offset) for offset, touching in enumerate(form.touching) if touching
    )


def _has_capitals(form: Form, stream: Stream, first: int) -> bool:
    for index, pattern in enumerate(form.capitals, first):
        if pattern:
            start = stream.starts[index]
            letters = stream.text[start : start + len(pattern)]
            if tuple(map(str.isupper, letters)) != pattern:
                return False
    return True


def _pattern_places(pattern: str, stream: Stream) -> Sequence[Place]:
    found = (match.span() for match in compile_pattern(pattern).finditer(stream.text[:SEARCHED]))
    return [stream.place_of_characters(start, end) for start, end in islice(found, MOST_SPANS) if end > start]


# ---------------------------------------------------------------- phrases


def _in_a_row(slots: Sequence[Slot], stream: Stream) -> Sequence[Place]:
    if not all(slot.number in stream.signs for slot in slots):
        return ()
    beginnings: dict[int, set[int]] = {}  # where a row may go on -> first tokens of the rows that got so far
    for place in _slot_places(slots[0], stream):
        beginnings.setdefault(place.last, set()).add(place.first)
    for slot in slots[1:]:
        following: dict[int, set[int]] = {}
        for place in _slot_places(slot, stream):
            if place.first in beginnings:
                following.setdefault(place.last, set()).update(beginnings[place.first])
        beginnings = following
    return sorted(stream.place(first, last) for last, firsts in beginnings.items() for first in firsts)


def _windows(slots: Sequence[Slot], slop: int, stream: Stream) -> Sequence[Place]:
    """The stretches of text in which all the slots stand with at most `slop` other words, each from its first slot."""
    if not all(slot.number in stream.signs for slot in slots):
        return ()
    needed = Counter(slots)
    width = sum(count * slot.shortest for slot, count in needed.items()) + slop
    rows = [(_smallest(slot, stream), count) for slot, count in needed.items()]
    columns = [([place.first for place in row], [place.last for place in row], count) for row, count in rows]
    windows = []
    for first in sorted({first for firsts, _, _ in columns for first in firsts}):
        reach = 0
        for firsts, lasts, count in columns:
            end = bisect_right(lasts, first + width)
            if end - bisect_left(firsts, first) < count:
                break
            reach = max(reach, lasts[end - 1])
        else:
            windows.append(stream.place(first, reach))
    return windows


def _smallest(slot: Slot, stream: Stream) -> Sequence[Place]:
    """The places of a slot that hold no other of its places: their ends are then in the order of their beginnings."""
    kept: list[Place] = []
    for place in sorted(_slot_places(slot, stream), key=lambda place: (-place.first, place.last)):
        if not kept or place.last < kept[-1].last:
            kept.append(place)
    return kept[::-1]


def _scattered(slots: Sequence[Slot], slop: int, stream: Stream) -> list[Place]:
    """The words themselves that stand in a window, not what lies between them."""
    windows = _windows(slots, slop, stream)
    return [place for slot in dict.fromkeys(slots) for place in _smallest(slot, stream) if _covers(windows, place)]


def _covers(windows: Sequence[Place], place: Place) -> bool:
    """Ends of windows never go back, so the last window that begins early enough reaches furthest."""
    at = bisect_right(windows, place.first, key=lambda window: window.first) - 1
    return at >= 0 and windows[at].last >= place.last


# ---------------------------------------------------------------- neighbours


def _chain_places(chain: Chain, stream: Stream) -> Sequence[Sequence[Place]]:
    """Of each operand the places that have a neighbour on both sides; all empty when the chain does not hold."""
    kept = [list(_places(operand, stream)) for operand in chain.operands]
    for index, distance in enumerate(chain.distances):
        kept[index + 1] = _near(kept[index + 1], kept[index], distance, stream)
    for index, distance in reversed(list(enumerate(chain.distances))):
        kept[index] = _near(kept[index], kept[index + 1], distance, stream)
    return kept


def _near(places: Sequence[Place], others: Sequence[Place], distance: int, stream: Stream) -> list[Place]:
    """Those of `places` that have one of `others` beside them, without sharing a word with it."""
    if not places or not others:
        return []
    test = _in_same_sentence(others, stream) if distance == SENTENCE else _within_words(others, distance)
    return [place for place in places if test(place)]


def _within_words(others: Sequence[Place], distance: int) -> Callable[[Place], bool]:
    ends = sorted(other.last for other in others)
    firsts = sorted(other.first for other in others)

    def test(place: Place) -> bool:
        before = bisect_right(ends, place.first) - 1
        after = bisect_left(firsts, place.last)
        return (before >= 0 and place.first - ends[before] < distance) or (
            after < len(firsts) and firsts[after] - place.last < distance
        )

    return test


def _in_same_sentence(others: Sequence[Place], stream: Stream) -> Callable[[Place], bool]:
    earliest_end: dict[int, int] = {}
    latest_first: dict[int, int] = {}
    for other in others:
        sentence = stream.sentence(other)
        earliest_end[sentence] = min(other.last, earliest_end.get(sentence, other.last))
        latest_first[sentence] = max(other.first, latest_first.get(sentence, other.first))

    def test(place: Place) -> bool:
        sentence = stream.sentence(place)
        return sentence in earliest_end and (
            earliest_end[sentence] <= place.first or latest_first[sentence] >= place.last
        )

    return test
