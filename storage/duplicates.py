"""Which texts are copies of each other, how much they share and what one adds. Pure.

Texts are compared by their shingles: runs of four words, or of seven characters where words are written without spaces.
A kept sample of their hashes finds candidates among a million texts; two texts at hand are compared in full.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from storage.folding import fold
from storage.model import Sketch
from storage.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.folding import Folded

SHORTEST: Final = 12
"""Shingles below which a text says too little: only the same words from another address make it a copy."""
SURE: Final = 0.6
"""Two texts that share so much of the shorter one are copies, whenever they were published ..."""
LIKELY: Final = 0.42
"""... and with so much when that was within `WINDOW`: the formulas of protocol return after weeks, copies do not."""
EDITED: Final = 0.25
"""As little will do when what is shared is spread over the text, as it is when words were changed all over ..."""
SPREAD: Final = 0.5
"""... which shows in the share of the shorter text's words that stand in a shared shingle."""
WINDOW: Final = timedelta(days=4)
FIGURES: Final = 8
"""Pairs of a number and a word beside it that a text must have to be told for a form with other figures in it ..."""
SAME_FIGURES: Final = 0.3
"""... which it is when fewer of these agree, or they agree less than half as well as its shingles: prices, weather."""
LED: Final = 0.25
"""What is shared by the second halves alone, with less than this of the first half of either, may be background: a copy
tells of its own then what the other's title says."""
RERUN: Final = 0.8
"""Texts of one source that are copies share so much: a form, a briefing, an obituary shares less with that of another
day. Of other sources with so much it is not asked where it stands."""
HOT: Final = 6
"""A shingle that so many texts have which are no copies of each other is a stock phrase or a form, and says nothing."""

_RATES: Final = ((100, 4), (300, 8), (1200, 16))
_LONG_RATE: Final = 32
"""One shingle of so many is kept of a text with up to so many: a short one needs more to be found by, a long one has
enough. Each rate divides the next, so that texts of any two lengths can share some."""
_LEAST_RATE: Final = 4
_MASK: Final = 2**64 - 1
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
_HASH_BITS: Final = 49
"""So that a kept hash, divided by the least rate, takes six bytes in SQLite."""
HASHES: Final = 2**_HASH_BITS // _LEAST_RATE
"""Kept hashes are below it."""
_UNSPACED_SHARE: Final = 0.5
_WORDS, _CHARACTERS = 4, 7
_NEW_SHARE: Final = 0.5
_LEAST_WORDS: Final = 3


@dataclass(frozen=True)
class Body:
    """A text made ready for comparing; what is needed of it is made on first use.

    Title and source tell some texts of other news from copies, where both have them.
    """

    text: str
    title: str = ""
    source: str = ""

    @cached_property
    def _folded(self) -> Folded:
        return fold(self.text)

    @property
    def words(self) -> list[str]:
        """Its words, and the single characters of scripts without spaces."""
        return self._folded.words

    @property
    def places(self) -> tuple[Sequence[int], Sequence[int]]:
        """Where each of them begins and ends in the text."""
        return self._folded.word_bounds

    @cached_property
    def width(self) -> int:
        """Tokens in a shingle."""
        return _CHARACTERS if self._folded.unspaced > _UNSPACED_SHARE * len(self.words) else _WORDS

    @cached_property
    def run(self) -> list[int]:
        """The hash of the shingle that begins at each token, as far as there are any."""
        codes = {word: zlib.crc32(word.encode()) for word in set(self.words)}
        words = list(map(codes.__getitem__, self.words))
        of_four = _join(_join(words, 1), 2)
        return of_four if self.width == _WORDS else _join(of_four, _CHARACTERS - _WORDS)

    @cached_property
    def shingles(self) -> frozenset[int]:
        """The different hashes."""
        return frozenset(self.run)

    @cached_property
    def figures(self) -> frozenset[tuple[str, str]]:
        """Its numbers, each with the word before and with the word after."""
        return frozenset(pair for pair in pairwise(self.words) if pair[0][0].isdigit() or pair[1][0].isdigit())

    @property
    def sketch(self) -> Sketch:
        """What is kept of it to find its copies by; nothing of a text too short to have any but exact ones."""
        size = len(self.shingles)
        if size < SHORTEST:
            return Sketch(size)
        rate = rate_of(size)
        return Sketch(size, tuple(sorted(one // _LEAST_RATE for one in self.shingles if one % rate == 0)))


def rate_of(size: int) -> int:
    """One shingle of how many is kept of a text that has so many."""
    return next((rate for most, rate in _RATES if size <= most), _LONG_RATE)


def _join(run: Sequence[int], step: int) -> list[int]:
    """Hashes of the pairs that lie `step` apart, all bits of both mixed; the same on every machine and in every run."""
    one_factor, other_factor = _FACTORS
    joined = [(one * one_factor + other * other_factor) & _MASK for one, other in zip(run, run[step:], strict=False)]
    return [(one ^ (one >> 31)) >> (64 - _HASH_BITS) for one in joined]


def overlap(first: Body, second: Body) -> float:
    """The part of the shorter text's shingles that the other has too."""
    shared = len(first.shingles & second.shingles)
    return shared / max(1, min(len(first.shingles), len(second.shingles)))


def copied(first: Body, second: Body, apart: timedelta) -> float | None:
    """The overlap of two texts, published so far `apart`, that are copies; None when they are not. Symmetrical."""
    if min(len(first.shingles), len(second.shingles)) < SHORTEST:
        return None
    share = overlap(first, second)
    least = RERUN if first.source and first.source == second.source else EDITED
    if share < least or (share < SURE and abs(apart) > WINDOW):
        return None
    short, long = sorted((first, second), key=lambda body: (len(body.shingles), len(body.words), body.text))
    if share < RERUN:
        marks = covered(short, (long,))
        if share < LIKELY and sum(marks) < SPREAD * len(marks):
            return None
        if _is_background(short, long, marks):
            return None
    figures = len(short.figures)
    if figures >= FIGURES and len(short.figures & long.figures) < max(SAME_FIGURES, share / 2) * figures:
        return None
    return share


def _is_background(short: Body, long: Body, marks: bytearray) -> bool:
    """Whether two reports of other news, by their titles, have no more than their second halves in common."""
    if not (short.title and long.title):
        return False
    long_marks = covered(long, (short,))
    if _leads(marks) or _leads(long_marks):
        return False
    return not _is_told(short.title, long, long_marks) and not _is_told(long.title, short, marks)


def _is_told(title: str, body: Body, marks: bytearray) -> bool:
    """Whether at least half of the words of a title stand in what a text has of its own."""
    return _has_most({word for word, mark in zip(body.words, marks, strict=True) if not mark}, title)


def _leads(marks: bytearray) -> bool:
    half = len(marks) // 2
    return sum(marks[:half]) >= LED * half


def covered(body: Body, others: Iterable[Body]) -> bytearray:
    """For each token 1 when it stands in a shingle that one of the others has."""
    shared = body.shingles & frozenset().union(*(other.shingles for other in others))
    marks = bytearray(len(body.words))
    ones = b"\1" * body.width
    for index, one in enumerate(body.run):
        if one in shared:
            marks[index : index + body.width] = ones
    return marks


def added_spans(body: Body, others: Sequence[Body]) -> tuple[tuple[int, int], ...]:
    """Start and end of the sentences of which more than half is in none of the other texts."""
    marks = covered(body, others)
    starts, _ = body.places
    spans = []
    index = 0
    for start, end in sentence_spans(body.text):
        first, index = index, bisect_left(starts, end, index)
        words = index - first
        if words >= _LEAST_WORDS and sum(marks[first:index]) < (1 - _NEW_SHARE) * words:
            spans.append((start, end))
    return tuple(spans)


def is_within(words: str, other: Body) -> bool:
    """Whether at least half of the words of a short text, a title, stand in the other text."""
    return _has_most(set(other.words), words)


def _has_most(theirs: set[str], text: str) -> bool:
    ours = fold(text).words
    return sum(word in theirs for word in ours) >= _NEW_SHARE * len(ours)
