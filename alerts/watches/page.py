"""An article made ready for matching: its fields as tokens that can be looked up, with sentences when asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from alerts.sentences import split_sentences
from alerts.text import fold
from alerts.watches.lexicon import ALWAYS
from storage.model import Field, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from alerts.watches.lexicon import Lexicon, Signs
    from alerts.watches.plan import Plan
    from storage.model import Document


class Place(NamedTuple):
    """Where something stands: tokens `first` to `last` (excluded), original characters `start` to `end`."""

    first: int
    last: int
    start: int
    end: int


Mark: TypeAlias = tuple[int, int, int]
"""A span that sorts as it should: the number of its stream, its start, its end with a minus."""


class Stream:
    """One field of an article as a row of tokens. Where they stand is worked out when it is first asked for."""

    def __init__(self, number: int, field: Field, text: str, language: str | None) -> None:
        self.number = number
        self.field = field
        self.text = text
        self.language = language
        self._folded = fold(text)
        self.tokens = self._folded.words
        self.signs: Mapping[int, Signs] = {}
        """What of the lexicon stands in the article, in this field or the other."""
        self.found: dict[Plan, Sequence[Place]] = {}
        """Places already looked up: watches share most of their words."""

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """Where each token stands."""
        positions: defaultdict[str, list[int]] = defaultdict(list)
        for index, token in enumerate(self.tokens):
            positions[token].append(index)
        return dict(positions)

    @cached_property
    def starts(self) -> Sequence[int]:
        """Of each token in the original text."""
        return self._folded.word_bounds[0]

    @cached_property
    def ends(self) -> Sequence[int]:
        """As `starts`."""
        return self._folded.word_bounds[1]

    def is_joined(self, index: int) -> bool:
        """Whether nothing stands between this token and the one before."""
        return self._folded.is_joined(index)

    @cached_property
    def _sentence_starts(self) -> list[int]:
        if self.field is Field.TITLE:
            return [0]
        return [start for start, _ in split_sentences(self.text, self.language)]

    def sentence(self, place: Place) -> int:
        """The number of the sentence in which the place begins."""
        return bisect_right(self._sentence_starts, place.start)

    def place(self, first: int, last: int) -> Place:
        """The place of tokens `first` to `last` (excluded; at least one)."""
        return Place(first, last, self.starts[first], self.ends[last - 1])

    def place_of_characters(self, start: int, end: int) -> Place:
        """The place of an original span: the tokens it touches."""
        return Place(bisect_right(self.ends, start), bisect_left(self.starts, end), start, end)


class Page:
    """A document with its two rows of tokens, and what of the lexicon stands in them.

    `present` are the numbers of all that is known to be in it: words, and the conditions that it fulfils.
    """

    def __init__(self, document: Document, lexicon: Lexicon, conditions: Collection[int] = ()) -> None:
        self.document = document
        self.language = main_language(document.language)
        fields = [(Field.TITLE, document.title), (Field.TEXT, document.text)]
        self.streams = tuple(Stream(number, field, text, self.language) for number, (field, text) in enumerate(fields))
        self.signs = lexicon.find(self)
        for stream in self.streams:
            stream.signs = self.signs
        self.present = {ALWAYS, *self.signs, *conditions}
        self.marks: dict[Plan, Sequence[Mark]] = {}
        """Of both streams."""
        self.token_spans: dict[str, tuple[Span, ...]] = {}
        self._spans: dict[Mark, Span] = {}

    def span(self, mark: Mark) -> Span:
        """The mark as it is shown."""
        span = self._spans.get(mark)
        if span is None:
            number, start, end = mark
            span = self._spans[mark] = Span(self.streams[number].field, start, -end)
        return span

    @cached_property
    def line(self) -> str:
        """All tokens with a space around each, for the automaton."""
        return " " + " ".join(token for stream in self.streams for token in stream.tokens) + " "


def main_language(language: str | None) -> str | None:
    """`zh` of `zh-Hans`."""
    return language.partition("-")[0].lower() if language else None
