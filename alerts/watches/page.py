"""An article made ready for matching: its fields as tokens that can be looked up, with sentences when asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from alerts.sentences import split_sentences
from alerts.text import fold
from storage.model import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.watches.plan import Slot
    from storage.model import Document


class Place(NamedTuple):
    """Where something stands: tokens `first` to `last` (excluded), original characters `start` to `end`."""

    first: int
    last: int
    start: int
    end: int


class Stream:
    """One field of an article as a row of tokens."""

    def __init__(self, field: Field, text: str, language: str | None) -> None:
        self.field = field
        self.text = text
        self.language = language
        tokens = fold(text).tokens
        self.tokens = [token.text for token in tokens]
        self.starts = [token.start for token in tokens]
        self.ends = [token.end for token in tokens]
        self.joined = [token.joined for token in tokens]
        self.found: dict[Slot, Sequence[Place]] = {}
        """Places already looked up: watches share most of their words."""

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """Where each token stands."""
        positions: dict[str, list[int]] = {}
        for index, token in enumerate(self.tokens):
            positions.setdefault(token, []).append(index)
        return positions

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(self.positions)

    def beginning_with(self, prefix: str) -> list[str]:
        """The different tokens that begin so."""
        start = bisect_left(self._vocabulary, prefix)
        end = start
        while end < len(self._vocabulary) and self._vocabulary[end].startswith(prefix):
            end += 1
        return self._vocabulary[start:end]

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
    """A document with its two rows of tokens."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.language = main_language(document.language)
        self.streams = (
            Stream(Field.TITLE, document.title, self.language),
            Stream(Field.TEXT, document.text, self.language),
        )

    @cached_property
    def line(self) -> str:
        """All tokens with a space around each, for the automaton."""
        return " " + " ".join(token for stream in self.streams for token in stream.tokens) + " "


def main_language(language: str | None) -> str | None:
    """`zh` of `zh-Hans`."""
    return language.partition("-")[0].lower() if language else None
