"""An article made ready for matching: its tokens, what of the lexicon stands in them, and where that is in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alerts.sentences import split_sentences
from alerts.text import fold
from alerts.watches.conditions import main_language
from alerts.watches.tokens import Tokens, changes, spread
from storage.model import Field, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alerts.watches.lexicon import Form, Lexicon
    from alerts.watches.plan import Chain, Pattern, Row
    from alerts.watches.tokens import Integers
    from storage.model import Document

Mark: TypeAlias = int
"""An original span as one number, which sorts as spans should: its start above 32 bits for `_LAST` less its end.

Places in the text come after those in the title, as if both were written in one row.
"""

Place: TypeAlias = tuple[int, int, Mark]
"""Where something stands: tokens `first` to `last` (excluded), and its span."""

MOST_PLACES = 10_000
"""Of a word in an article: more is no article but an attack, and its beginning is enough."""

MOST_SPANS = 200
"""Of one match, and of one pattern in one field: who reads an article needs no more."""

_LAST = (1 << 32) - 1
_CAPITAL = (True,)
_BETWEEN = "\n\n\n"
"""Title and text, as long as the gap between their tokens: what folds letter by letter keeps its places."""


class Page:
    """A document as tokens, with what of the lexicon stands in them.

    `present` says of each number whether what it stands for may be in the article: words, and the conditions that it
    fulfils. Where words stand in the original is worked out when a watch first asks for it.
    """

    def __init__(self, document: Document, lexicon: Lexicon, conditions: Sequence[int], numbers: int) -> None:
        """`conditions` are the numbers of those that it fulfils, `numbers` is how many numbers there are."""
        self.document = document
        self.language = main_language(document.language)
        self._tokens = Tokens(fold(document.title), fold(document.text))
        self._found = lexicon.find(self._tokens, self.language)
        words = self._found.places >> 32
        self.numbers = np.concatenate([words[changes(words)], [*self._found.formed, *conditions]])
        """Of the words that may be here, some of them twice, and of the conditions."""
        self.present = np.zeros(numbers, bool)
        self.present[self.numbers] = True
        self.gap = self._tokens.gap
        """The token between those of the title and those of the text."""
        self._text_at = len(document.title) + len(_BETWEEN)
        self.text_begins: Mark = self._text_at << 32
        """Marks in the title are less."""
        self.known: dict[Row | Pattern | Chain, Sequence[Mark]] = {}
        """What has been worked out: watches share most of their words."""
        self._places: dict[int, Sequence[Place]] = {}
        self._spans = _Spans(self._text_at)

    # ------------------------------------------------------------ places

    def marks_of(self, number: int) -> Sequence[Mark]:
        """The spans of a word, in order."""
        if not self.present[number]:
            return ()
        if number in self._found.formed:
            return [mark for _, _, mark in self.places(number)]
        starts, ends = self._bounds
        return [starts[at] << 32 | _LAST - ends[at] for at in self._tokens_of(number)]

    def places(self, number: int) -> Sequence[Place]:
        """Where a word stands, in order."""
        known = self._places.get(number)
        if known is None:
            known = [self.place(at, at + 1) for at in self._tokens_of(number)]
            if number in self._found.formed:
                known = sorted({*known, *self._formed(self._found.formed[number][:MOST_PLACES])})
            self._places[number] = known
        return known

    def _tokens_of(self, number: int) -> Sequence[int]:
        """The tokens that are forms of a word."""
        rows = self._rows
        first = bisect_left(rows, number << 32)
        last = bisect_left(rows, (number + 1) << 32, first, min(first + MOST_PLACES, len(rows)))
        return [row & _LAST for row in rows[first:last]]

    @cached_property
    def _rows(self) -> list[int]:
        rows: list[int] = self._found.places.tolist()
        return rows

    def place(self, first: int, last: int) -> Place:
        """The place of tokens `first` to `last` (excluded; at least one)."""
        starts, ends = self._bounds
        return first, last, starts[first] << 32 | _LAST - ends[last - 1]

    def place_of_characters(self, field: Field, start: int, end: int) -> Place:
        """The place of an original span of a field: the tokens it touches."""
        before = self._text_at if field is Field.TEXT else 0
        start, end = start + before, end + before
        starts, ends = self._bounds
        return bisect_right(ends, start), bisect_left(starts, end), start << 32 | _LAST - end

    def _formed(self, formed: Sequence[tuple[int, Form]]) -> Iterator[Place]:
        starts, ends = self._bounds
        for first, form in formed:
            last = first + len(form.tokens)
            if (last == first + 1 or self._stands(form, first)) and self._has_capitals(form, first):
                yield first, last, starts[first] << 32 | _LAST - ends[last - 1]

    def _stands(self, form: Form, first: int) -> bool:
        """Whether the tokens from this one on are those of the form, of which one is known to be."""
        folded = self._tokens.folded
        starts, ends = self._folded_bounds
        if first < 0 or first + len(form.tokens) > len(starts):
            return False
        open_at = first + len(form.tokens) - 1 if form.open_end else -1
        for at, token in enumerate(form.tokens, first):
            start, end = starts[at], ends[at]
            if not folded.startswith(token, start, end) or (end - start > len(token) and at != open_at):
                return False
        return True not in form.touching or all(
            starts[at] == ends[at - 1] for at, touching in enumerate(form.touching, first) if touching
        )

    def _has_capitals(self, form: Form, first: int) -> bool:
        original, starts = self._original, self._bounds[0]
        for at, pattern in enumerate(form.capitals, first):
            if pattern == _CAPITAL:  # nearly always; the general way takes four times as long
                if not original[starts[at]].isupper():
                    return False
            elif pattern and tuple(map(str.isupper, original[starts[at] : starts[at] + len(pattern)])) != pattern:
                return False
        return True

    # ------------------------------------------------------------ the original

    def shown(self, numbers: Integers) -> dict[int, tuple[Span, ...] | None]:
        """Words as they are shown, None for those that are not here; all at once, since there may be hundreds."""
        numbers = np.sort(numbers)
        numbers = numbers[changes(numbers)]
        rows = self._found.places
        firsts = rows.searchsorted(numbers << 32)
        counts = np.minimum(rows.searchsorted((numbers + 1) << 32) - firsts, MOST_SPANS)
        tokens = rows[spread(firsts, counts)] & _LAST
        starts, ends = self._original_bounds
        marks = ((starts[tokens] << 32) + _LAST - ends[tokens]).tolist()
        spans = list(map(self._spans.__getitem__, marks))
        shown: dict[int, tuple[Span, ...] | None] = {}
        at = 0
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            shown[number] = tuple(spans[at : at + count]) or None
            at += count
        for number in self._found.formed.keys() & shown.keys():
            shown[number] = self.spans(self.marks_of(number)) or None
        return shown

    def spans(self, marks: Sequence[Mark]) -> tuple[Span, ...]:
        """Marks as they are shown: in order, none inside another."""
        if len(marks) > 1:
            marks = _outermost(marks)
        return tuple(map(self._spans.__getitem__, marks))

    def in_field(self, marks: Iterable[Mark], field: Field) -> list[Mark]:
        """Those of the marks that are in the field."""
        return [mark for mark in marks if (mark < self.text_begins) is (field is Field.TITLE)]

    def sentence(self, mark: Mark) -> int:
        """The number of the sentence in which it begins."""
        return bisect_right(self._sentence_starts, mark >> 32)

    @cached_property
    def _sentence_starts(self) -> list[int]:
        in_text = split_sentences(self.document.text, self.language)
        return [0, self._text_at, *(start + self._text_at for start, _ in in_text)]

    @cached_property
    def _original(self) -> str:
        return f"{self.document.title}{_BETWEEN}{self.document.text}"

    @cached_property
    def _folded_bounds(self) -> tuple[list[int], list[int]]:
        return self._tokens.words.starts.tolist(), self._tokens.words.ends.tolist()

    @cached_property
    def _bounds(self) -> tuple[list[int], list[int]]:
        """Where each token begins and ends in `_original`."""
        if self._tokens.is_even:
            return self._folded_bounds
        starts, ends = self._original_bounds
        return starts.tolist(), ends.tolist()

    @cached_property
    def _original_bounds(self) -> tuple[Integers, Integers]:
        return self._tokens.original_bounds(self._text_at)


class _Spans(dict[Mark, Span]):
    """Of each mark what is shown of it, made when it is first asked for."""

    def __init__(self, text_at: int) -> None:
        super().__init__()
        self._text_at = text_at

    def __missing__(self, mark: Mark) -> Span:
        start, end, before = mark >> 32, _LAST - (mark & _LAST), self._text_at
        span = Span(Field.TITLE, start, end) if start < before else Span(Field.TEXT, start - before, end - before)
        self[mark] = span
        return span


def _outermost(marks: Sequence[Mark]) -> Sequence[Mark]:
    kept: list[Mark] = []
    reached = 0
    for mark in sorted(marks):
        end = _LAST - (mark & _LAST)
        if end > reached:
            reached = end
            kept.append(mark)
    return kept[:MOST_SPANS]
