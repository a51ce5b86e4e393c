"""An article made ready for matching: its fields as tokens that can be looked up, with sentences when asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from alerts.sentences import split_sentences
from alerts.text import fold
from alerts.watches.lexicon import ALWAYS, ANY
from storage.model import Field, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from alerts.watches.lexicon import Lexicon, Signs
    from alerts.watches.plan import Plan, Slot
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
        self.last_places = dict(zip(self.tokens, count(), strict=False))
        """Of each token the place where it stands last. Making it costs no more than a set of the tokens."""
        self.signs: Mapping[int, Signs] = {}
        """What of the lexicon stands in the article, in this field or the other."""
        self.found: dict[Plan, Sequence[Place]] = {}
        """Places already looked up: watches share most of their words."""
        self._repeated: dict[str, Sequence[int]] = {}

    def positions(self, token: str) -> Sequence[int]:
        """Where the token stands, in order."""
        last = self.last_places.get(token)
        if last is None:
            return ()
        at = self._first_places[token]
        if at == last:
            return (at,)
        if token not in self._repeated:
            self._repeated[token] = self._between(token, at, last)
        return self._repeated[token]

    def _between(self, token: str, at: int, last: int) -> Sequence[int]:
        places = [at]
        while at < last:
            at = self.tokens.index(token, at + 1)
            places.append(at)
        return places

    @cached_property
    def _first_places(self) -> dict[str, int]:
        return dict(zip(reversed(self.tokens), range(len(self.tokens) - 1, -1, -1), strict=True))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Of tokens `first` to `last` (excluded; at least one), in the original text."""
        return self._folded.span_of_words(first, last)

    @property
    def has_unspaced(self) -> bool:
        """As `Folded.has_unspaced`."""
        return self._folded.has_unspaced

    def spans_of(self, token: str) -> list[tuple[int, int]]:
        """Where the token stands in the original text."""
        return self._folded.spans_of_word(token, self.positions(token))

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each token begins in the original text."""
        return self._folded.word_starts

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
        return Place(first, last, *self._folded.span_of_words(first, last))

    def place_of_characters(self, start: int, end: int) -> Place:
        """The place of an original span: the tokens it touches."""
        starts, ends = self._folded.word_bounds
        return Place(bisect_right(ends, start), bisect_left(starts, end), start, end)


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
        self.slot_spans: dict[Slot, tuple[Span, ...] | None] = {}
        """What watches of one word or person have been told: several may ask for it."""
        self._spans: dict[Mark, Span] = {}

    def span(self, mark: Mark) -> Span:
        """The mark as it is shown."""
        span = self._spans.get(mark)
        if span is None:
            number, start, end = mark
            span = self._spans[mark] = Span(self.streams[number].field, start, -end)
        return span

    @cached_property
    def words(self) -> Mapping[str, int]:
        """Its tokens, each once."""
        title, text = self.streams
        return title.last_places | text.last_places

    @property
    def has_unspaced(self) -> bool:
        """Whether some of it may be in a script that is written without spaces."""
        return any(stream.has_unspaced for stream in self.streams)

    def may_be_in(self, language: str) -> bool:
        """Whether words of the language (or `ANY`) count in it."""
        return language == ANY or self.language is None or language == self.language

    @property
    def line(self) -> str:
        """All tokens with a space around each, for the automaton."""
        return " ".join(["", *chain.from_iterable(stream.tokens for stream in self.streams), ""])


def main_language(language: str | None) -> str | None:
    """`zh` of `zh-Hans`."""
    return language.partition("-")[0].lower() if language else None
