"""The tokens of an article in arrays, each with a key that stands for its letters: no string is made of any of them."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alerts.text import Folded

Integers: TypeAlias = "NDArray[np.integer[Any]]"
Keys: TypeAlias = "NDArray[np.uint64]"
Flags: TypeAlias = "NDArray[np.bool_]"

_MULTIPLIER = 0x9E3779B97F4A7C15
"""Odd, and its powers repeat as late as can be: the golden ratio of 64 bits."""
_BLOCK = 1 << 16
"""Letters after which powers begin anew, so that few are kept; nearly all articles are shorter."""
_SPACE = ord(" ")
_STAR = np.uint64(ord("*"))
_GAP = " \n "
"""Between title and text: a token of its own, which is no word, so that nothing stands across it."""


class Stretches(NamedTuple):
    """Words and beginnings of words in `codes`, each with its key."""

    codes: NDArray[np.uint32]
    starts: Integers
    ends: Integers
    keys: Keys


class Letters:
    """A row of letters, of any stretch of which the key is known: the sum of its letters times powers of a number.

    The sums from the beginning are worked out once, for all stretches together; of a stretch it is the difference,
    brought back to the first power. `stops` are places where powers may begin anew, in order; a stretch across such a
    place, as of a word longer than 65,000 letters, has a key that no word has.
    """

    def __init__(self, codes: NDArray[np.uint32], stops: Integers) -> None:
        self._powers, self._inverses = _powers()
        self._codes = codes
        self._places = None if len(codes) <= _BLOCK else _in_blocks(len(codes), stops)
        self._sums = np.zeros(len(codes) + 1, np.uint64)
        weights = self._powers[: len(codes)] if self._places is None else self._powers[self._places]
        np.cumsum(codes * weights, out=self._sums[1:])

    def stretches(self, starts: Integers, ends: Integers) -> Stretches:
        """From `starts` to `ends` (excluded)."""
        places = starts if self._places is None else self._places[starts]
        keys = (self._sums[ends] - self._sums[starts]) * self._inverses[places]
        return Stretches(self._codes, starts, ends, keys)

    def beginnings(self, starts: Integers, lengths: Integers) -> Stretches:
        """Of these lengths; their keys are those of what is written with a star at the end."""
        begun = self.stretches(starts, starts + lengths)
        return begun._replace(keys=begun.keys + _STAR * self._powers[lengths])


@cache
def _powers() -> tuple[Keys, Keys]:
    """From the first power on, and what brings each power back to the first."""
    powers, inverses = np.ones((2, _BLOCK + 1), np.uint64)
    powers[1:] = _MULTIPLIER
    inverses[1:] = pow(_MULTIPLIER, -1, 1 << 64)
    return powers.cumprod()[1:], inverses.cumprod()[:-1]


def _in_blocks(length: int, stops: Integers) -> Integers:
    """Of each place how far it is from the beginning of its block: the last of `stops` that is near enough."""
    beginnings = [0]
    while length - beginnings[-1] > _BLOCK:
        latest = beginnings[-1] + _BLOCK
        near = stops[stops.searchsorted(beginnings[-1], side="right") : stops.searchsorted(latest, side="right")]
        beginnings.append(int(near[-1]) if len(near) else latest)
    sizes = np.diff([*beginnings, length])
    places: Integers = np.arange(length) - np.array(beginnings).repeat(sizes)
    return places


class Tokens:
    """Title, a gap, and text as one row of tokens. The gap is a token, too: what stands in a row does not cross it."""

    def __init__(self, title: Folded, text: Folded) -> None:
        self.title, self.text = title, text
        self.text_at = len(title.text) + len(_GAP)
        """Where the text begins among the letters."""
        if title.spaced is None or text.spaced is None:
            codes = code_points(f"{title.text}{_GAP}{text.text}")
            starts, ends = self._given_bounds()
        else:
            codes = code_points(f"{title.spaced}{_GAP}{text.spaced} ")
            starts, ends = _bounds_between_spaces(codes)
        self.letters = Letters(codes, starts)
        self.words = self.letters.stretches(starts, ends)
        self.gap = int(starts.searchsorted(self.text_at)) - 1
        """The number of the gap: the tokens of the title come before it, those of the text after it."""

    def _given_bounds(self) -> tuple[Integers, Integers]:
        (starts, ends), (text_starts, text_ends) = self.title.folded_bounds, self.text.folded_bounds
        gap = len(self.title.text) + 1
        return (
            np.concatenate([np.array([*starts, gap]), np.array(text_starts, np.int64) + self.text_at]),
            np.concatenate([np.array([*ends, gap + 1]), np.array(text_ends, np.int64) + self.text_at]),
        )

    @property
    def has_unspaced(self) -> bool:
        """Whether some of it may be in a script that is written without spaces."""
        return self.title.has_unspaced or self.text.has_unspaced

    @cached_property
    def folded(self) -> str:
        """Title, gap and text: what `words` are pieces of."""
        return f"{self.title.text}{_GAP}{self.text.text}"

    @property
    def line(self) -> str:
        """All tokens with a space around each."""
        return " ".join(["", *self.title.words, _GAP.strip(" "), *self.text.words, ""])

    @property
    def is_even(self) -> bool:
        """Whether each letter of title and text is a letter of the original."""
        return isinstance(self.title.starts, range) and isinstance(self.text.starts, range)

    def original_bounds(self, text_at: int) -> tuple[Integers, Integers]:
        """Where each token starts and ends in the originals, as if that of the text began at `text_at`."""
        starts, ends = self.words.starts, self.words.ends
        if self.is_even:
            return starts, ends
        gap = text_at - len(_GAP) + 1
        return (
            self._brought_back(starts, self.title.starts, gap, self.text.starts, text_at),
            self._brought_back(ends - 1, self.title.ends, gap + 1, self.text.ends, text_at),
        )

    def _brought_back(
        self, places: Integers, title: Sequence[int], gap: int, text: Sequence[int], text_at: int
    ) -> Integers:
        in_title = [title[at] for at in places[: self.gap].tolist()]
        in_text = [text[at - self.text_at] + text_at for at in places[self.gap + 1 :].tolist()]
        return np.array([*in_title, gap, *in_text])


def code_points(text: str) -> NDArray[np.uint32]:
    """Of each character."""
    return np.frombuffer(text.encode("utf-32-le"), "<u4")


def _bounds_between_spaces(codes: NDArray[np.uint32]) -> tuple[Integers, Integers]:
    """Of all that stands between spaces, in a text that ends with one."""
    is_letter = codes != _SPACE
    turns = np.flatnonzero(is_letter[1:] != is_letter[:-1]) + 1
    if is_letter[0]:
        turns = np.concatenate([np.zeros(1, np.int64), turns])
    return turns[::2], turns[1::2]


def spread(firsts: Integers, counts: Integers) -> Integers:
    """`firsts[0]`, `firsts[0] + 1` and so on, `counts[0]` of them, then the same for the next, all in one row."""
    ends = counts.cumsum()
    row: Integers = np.arange(ends[-1] if len(ends) else 0) + (firsts - ends + counts).repeat(counts)
    return row


def changes(row: NDArray[np.integer[Any]]) -> Integers:
    """Where the row has another value than just before; its first place is one."""
    is_new = np.ones(len(row), bool)
    np.not_equal(row[1:], row[:-1], out=is_new[1:])
    return is_new.nonzero()[0]
