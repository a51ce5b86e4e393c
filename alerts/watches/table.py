"""What belongs to words, found for all words of an article at once: a hash table in arrays.

With a hundred thousand watches looking up is waiting for memory. A dict is asked for one word after the other and waits
for each; here every step asks for all words of an article, and the processor waits for all of them together. A row says
one thing of one word. The layout:

    first    where the rows begin whose key starts with the bits 0, 1, 2 ...: about one such place for each row
    rows     in the order of keys, and what is asked of a row lies together: the key of its word (`tokens.Letters`);
             what it says, below a bit for each language in which it counts; where its word stands in `written`
    written  the letters of the word of each row, with a 0 behind it

Two words may have the same key, if only once in many thousand years: a row is found when its word is that of the
article letter by letter.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alerts.watches.tokens import Letters, code_points, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alerts.watches.tokens import Integers, Keys, Stretches

_BATCH = 4_096
"""Words that are written together."""
_HALF = np.uint64(32)
_VALUE = np.uint64((1 << 32) - 1)
_LAST_BEHIND = ord("*")
"""Behind a word stands a 0, behind a beginning of words a star, neither of which is in any word."""


class Rows:
    """The rows of a table, while it grows: no string is kept of any word."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._values, self._masks = array("I"), array("I")
        self._written: list[_Written] = []

    def add(self, word: str, value: int, mask: int) -> None:
        """Say this of the word in the languages of these bits."""
        self._values.append(value)
        self._masks.append(mask)
        self._words.append(word)
        if len(self._words) == _BATCH:
            self._write()

    def _write(self) -> None:
        if self._words:
            self._written.append(_written(self._words))
            self._words.clear()

    def take(self) -> tuple[Keys, NDArray[np.uint64], Integers, NDArray[np.unsignedinteger[Any]]]:
        """Of each row the key, what it says and where its word begins, and what is written. The rows are gone then."""
        self._write()
        says = np.array(self._masks, np.uint64) << _HALF | np.array(self._values, np.uint64)
        parts = [_written([]), *self._written]
        self._written.clear()
        before = accumulate((len(part.letters) for part in parts), initial=0)
        return (
            np.concatenate([part.keys for part in parts]),
            says,
            np.concatenate([part.begins + length for part, length in zip(parts, before, strict=False)]),
            np.concatenate([part.letters for part in parts]),
        )


class Table:
    """What rows say, to be looked up."""

    def __init__(self, rows: Rows) -> None:
        keys, says, begins, self._written = rows.take()
        order = keys.argsort()
        self._rows = np.empty((len(keys), 3), np.uint64)
        for at, column in enumerate((keys, says, begins)):
            self._rows[:, at] = column[order]
        bits = max(len(keys).bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        counts = np.bincount((keys >> self._shift).astype(np.int64), minlength=1 << bits)
        self._first = np.concatenate([np.zeros(1, np.uint32), counts.cumsum(dtype=np.uint32)])

    def find(self, sought: Stretches, mask: int) -> tuple[Integers, Integers]:
        """What is said in one of these languages: the number of each stretch that is a word here, and the value."""
        bucket = (sought.keys >> self._shift).astype(np.int64)
        first = self._first[bucket].astype(np.int64)
        counts = self._first[bucket + 1] - first
        owners = np.arange(len(bucket)).repeat(counts)
        rows = self._rows.take(spread(first, counts), axis=0)
        alike = (rows[:, 0] == sought.keys[owners]) & (rows[:, 1] & np.uint64(mask << 32)).astype(bool)
        at = alike.nonzero()[0]  # taking rows by their places is several times as fast as by flags
        rows, owners = rows.take(at, axis=0), owners[at]
        same = self._are_written(rows[:, 2].astype(np.int64), sought, owners)
        if not same.all():
            rows, owners = rows[same], owners[same]
        return owners, (rows[:, 1] & _VALUE).astype(np.int64)

    def _are_written(self, begins: Integers, sought: Stretches, owners: Integers) -> NDArray[np.bool_]:
        """Whether the words that begin there are those stretches, letter by letter."""
        starts = sought.starts[owners]
        lengths = sought.ends[owners] - starts
        shifts = begins - starts
        ends = self._written.take(shifts + sought.ends[owners], mode="clip") <= _LAST_BEHIND
        letters = spread(starts, lengths)
        written = self._written.take(letters + shifts.repeat(lengths), mode="clip")
        alike = written == sought.codes[letters]
        if alike.all():
            return ends
        return ends & np.logical_and.reduceat(alike, lengths.cumsum() - lengths)


def keys_of(words: Sequence[str]) -> Keys:
    """The key of each word."""
    parts = [_written(words[at : at + _BATCH]).keys for at in range(0, len(words), _BATCH)]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


class _Written(NamedTuple):
    """Some words: the key of each, and where it begins among their letters."""

    keys: Keys
    begins: Integers
    letters: NDArray[np.unsignedinteger[Any]]


def _written(words: Sequence[str]) -> _Written:
    codes = code_points("".join(word + "\0" for word in words))
    ends = np.flatnonzero(codes == 0)
    starts = np.concatenate([np.zeros(1, np.int64), ends + 1])[:-1]
    keys = Letters(codes, starts).stretches(starts, ends).keys
    is_narrow = codes.max(initial=0) <= np.iinfo(np.uint16).max
    return _Written(keys, starts.astype(np.uint32), codes.astype(np.uint16) if is_narrow else codes)
