"""Which shingles no article carries, known without a look at the database: a Bloom filter of all that are stored.

Of the forty shingles of a new text hardly any is stored, and each has a page of its own in hundreds of megabytes. The
hashes are cut into ranges, as the sweep of `storage.shingles` goes by them; each range has a few bits for each of its
hashes, which are kept in the transaction that merges the range into the table, and are read as a whole after a start.
A bit too many costs a look-up and nothing else: so a rollback leaves bits set, and what is removed does too.
"""

from __future__ import annotations

from array import array
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np

from storage.duplicates import HASHES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlite_utils import Database

RANGES: Final = 32_768
WIDTH: Final = (HASHES // RANGES).bit_length() - 1
"""Bits of a hash within its range."""
LEAST: Final = 64
MOST: Final = 1536
"""Bytes of a range: one or more for each of its hashes, more as they come. 48 MB in all are enough for a million
articles, where one look-up in fifty is in vain; of more, more are."""
_FIRST, _SECOND = 3, 18
"""From where the first two bits of a hash are taken, the third is at their sum: below them a kept hash of a long text
has zeros."""
_TIGHT, _WORN = 2.5, 3.5
"""Bits set in each byte: with as many hashes as bytes, and where many may be of what is there no more."""
_ROOM: Final = 1.25
"""Bytes for each hash when a range gets more; by the next time it has one."""
_RENEWED: Final = 16
"""Each so manieth round of the sweep a range of which seven bits in sixteen are set forgets what was removed."""


class ShingleFilter:
    """The bits of each range, as a bytearray; of one without hashes None."""

    def __init__(self) -> None:
        self._ranges: list[bytearray | None] = [None] * RANGES

    def load(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Take what was kept."""
        for number, bits in rows:
            self._ranges[number] = bytearray(bits)

    def possible(self, hashes: Collection[int]) -> list[int]:
        """Those that may be stored; all others certainly are not."""
        ranges = self._ranges
        found = []
        for one in hashes:
            bits = ranges[one >> WIDTH]
            if bits is not None:
                size = 8 * len(bits)
                first = (one >> _FIRST) % size
                if bits[first >> 3] >> (first & 7) & 1:
                    second = (one >> _SECOND) % size
                    if bits[second >> 3] >> (second & 7) & 1:
                        third = (first + second) % size
                        if bits[third >> 3] >> (third & 7) & 1:
                            found.append(one)
        return found

    def add(self, hashes: Iterable[int]) -> None:
        """Let these be possible."""
        ranges = self._ranges
        for one in hashes:
            bits = ranges[one >> WIDTH]
            if bits is None:
                bits = ranges[one >> WIDTH] = bytearray(LEAST)
            size = 8 * len(bits)  # as `_mark`, which would be called forty times for an article
            first = (one >> _FIRST) % size
            second = (one >> _SECOND) % size
            third = (first + second) % size
            bits[first >> 3] |= 1 << (first & 7)
            bits[second >> 3] |= 1 << (second & 7)
            bits[third >> 3] |= 1 << (third & 7)

    def bits_of(self, number: int) -> bytearray | None:
        """What is to be kept of a range."""
        return self._ranges[number]

    def is_tight(self, number: int) -> bool:
        """Whether a range has more hashes than bytes, and may have more bytes."""
        bits = self._ranges[number]
        return bits is not None and len(bits) < MOST and _set_bits(bits) > _TIGHT * len(bits)

    def is_worn(self, number: int) -> bool:
        """Whether many of the bits of a range may be set by what is there no more."""
        bits = self._ranges[number]
        return bits is not None and _set_bits(bits) > _WORN * len(bits)

    def renew(self, number: int, hashes: Sequence[int]) -> None:
        """Give a range the bits of these hashes alone, which are all that it has."""
        self._ranges[number] = bits_for(hashes)


def bits_for(hashes: Sequence[int]) -> bytearray:
    """As many bits as so many hashes of a range need, with theirs set."""
    size = min(max(1, ceil(len(hashes) * _ROOM / LEAST)) * LEAST, MOST)
    marks = np.zeros(8 * size, np.uint8)
    each = np.asarray(hashes, np.int64)
    first, second = (each >> _FIRST) % len(marks), (each >> _SECOND) % len(marks)
    for places in (first, second, (first + second) % len(marks)):
        marks[places] = 1
    return bytearray(np.packbits(marks, bitorder="little").tobytes())


def _set_bits(bits: bytearray) -> int:
    return int.from_bytes(bits, "little").bit_count()


def _mark(bits: bytearray, one: int) -> None:
    size = 8 * len(bits)
    first = (one >> _FIRST) % size
    second = (one >> _SECOND) % size
    third = (first + second) % size
    bits[first >> 3] |= 1 << (first & 7)
    bits[second >> 3] |= 1 << (second & 7)
    bits[third >> 3] |= 1 << (third & 7)


# ---------------------------------------------------------------- in the database


_filters: WeakKeyDictionary[Database, ShingleFilter] = WeakKeyDictionary()


def filter_of(db: Database) -> ShingleFilter:
    """The filter of the one connection that writes."""
    held = _filters.get(db)
    if held is None:
        held = _filters[db] = ShingleFilter()
        held.load(db.conn.execute("SELECT range, bits FROM shingle_filter"))
        for (fresh,) in db.conn.execute("SELECT hashes FROM fresh_shingles"):  # of which some ranges have not heard
            held.add(array("Q", fresh))
    return held


def keep_filter(db: Database, numbers: Iterable[int], swept: int) -> None:
    """Keep the bits of ranges of which all has just been merged; to be called in the same transaction.

    `swept` is how far the sweep has gone in all its rounds.
    """
    held = filter_of(db)
    turn = swept // HASHES
    rows = []
    for number in numbers:
        if held.is_tight(number) or ((turn + number) % _RENEWED == 0 and held.is_worn(number)):
            ends = [number << WIDTH, (number + 1) << WIDTH]
            stored = db.execute("SELECT DISTINCT hash FROM shingles WHERE hash >= ? AND hash < ?", ends)
            held.renew(number, [row[0] for row in stored])
        rows.append((number, held.bits_of(number)))
    db.conn.executemany("INSERT OR REPLACE INTO shingle_filter (range, bits) VALUES (?, ?)", rows)


def fill_filter(db: Database) -> None:
    """Make the whole filter from the table: half a minute for a million articles."""
    _filters.pop(db, None)
    db.execute("DELETE FROM shingle_filter")
    stored = (row[0] for row in db.conn.execute("SELECT DISTINCT hash FROM shingles ORDER BY hash"))
    db.conn.executemany(
        "INSERT INTO shingle_filter (range, bits) VALUES (?, ?)",
        ((number, bits_for(list(some))) for number, some in groupby(stored, lambda one: one >> WIDTH)),
    )
