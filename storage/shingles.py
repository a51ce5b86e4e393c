"""Which articles carry a shingle: a large table on disk, and in memory what is still to be merged into it.

A whole text and an address are looked up here too, by a mark that is a hash like those of shingles: an index of its own
for each was a page to be read and changed for each article.

The shingles of an article lie all over a table that a million articles make hundreds of megabytes large: to write them
at once is to write a page for each. So they are kept twice at first, as one value per article, from which they are
loaded after a start (`fresh_shingles`), and in memory, where they are looked up. A sweep goes round all hashes, a step
with every fourth article, and moves what lies there to the table: a few pages a step, with many hashes for each. What
is in neither is known from `storage.shingle_filter`.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from storage.duplicates import HASHES
from storage.held import Held
from storage.rows import dump_json
from storage.shingle_filter import RANGES, WIDTH, filter_of, keep_filter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlite_utils import Database

ROUND: Final = 4 * RANGES
"""Articles that come while the sweep goes round once. Half of the shingles of so many are in memory, 24 MB."""
_HALF: Final = 32
_LOW: Final = (1 << _HALF) - 1
_MARK_BYTES: Final = 8


def text_mark(text_hash: str) -> int:
    """The mark of an article's whole text."""
    return _mark(f"text {text_hash}")


def address_mark(page_key: str) -> int:
    """The mark of an article's address, which it shares with its twins."""
    return _mark(f"page {page_key}")


def _mark(value: str) -> int:
    return int.from_bytes(blake2b(value.encode(), digest_size=_MARK_BYTES).digest(), "little") % HASHES


@dataclass(slots=True)
class _Waiting:
    """What is still to be merged, by range: of each pair the hash within the range, and the article."""

    ranges: list[array[int] | None] = field(default_factory=lambda: [None] * RANGES)

    def add(self, article_id: int, hashes: Iterable[int]) -> None:
        ranges = self.ranges
        for one in hashes:
            pair = (one & _LOW) << _HALF | article_id
            pairs = ranges[one >> WIDTH]
            if pairs is None:
                ranges[one >> WIDTH] = array("Q", (pair,))
            else:
                pairs.append(pair)

    def remove(self, article_id: int, hashes: Iterable[int]) -> None:
        for one in hashes:
            pairs = self.ranges[one >> WIDTH]
            if pairs:
                pair = (one & _LOW) << _HALF | article_id
                self.ranges[one >> WIDTH] = array("Q", (other for other in pairs if other != pair))

    def carriers(self, one: int) -> list[int]:
        low = one & _LOW
        return [pair & _LOW for pair in self.ranges[one >> WIDTH] or () if pair >> _HALF == low]

    def take(self, first: int, count: int) -> list[tuple[int, list[int]]]:
        """The ranges that have any, with theirs in order; they wait no more."""
        taken = []
        for number in (one % RANGES for one in range(first, first + count)):
            pairs, self.ranges[number] = self.ranges[number], None
            if pairs:
                taken.append((number, sorted(pairs)))
        return taken


def _load(db: Database) -> _Waiting:
    """What was not merged when the program ended: a second's work for a whole round."""
    waiting, swept = _Waiting(), _swept(db)
    for article_id, begun, kept in db.conn.execute("SELECT article_id, swept, hashes FROM fresh_shingles"):
        waiting.add(article_id, [one for one in array("Q", kept) if (one - begun) % HASHES >= swept - begun])
    return waiting


_waiting = Held("shingles", _load)


def carriers_of(db: Database, hashes: Collection[int]) -> dict[int, list[int]]:
    """The articles that carry each of these, as far as any does."""
    possible = filter_of(db).possible(hashes)
    if not possible:
        return {}
    carriers: defaultdict[int, list[int]] = defaultdict(list)
    for one, article_id in db.execute(
        "SELECT hash, article_id FROM json_each(?) CROSS JOIN shingles ON hash = value", [dump_json(possible)]
    ):
        carriers[one].append(article_id)
    waiting = _waiting.of(db)
    for one in possible:
        for article_id in waiting.carriers(one):
            if article_id not in carriers[one]:  # as it is after a start in which one was loaded that had been merged
                carriers[one].append(article_id)
    return carriers


def add_shingles(db: Database, article_id: int, hashes: Collection[int]) -> None:
    """Let a stored article be found by these."""
    if not hashes:
        return
    waiting = _waiting.change(db)
    db.execute(
        "INSERT INTO fresh_shingles (article_id, swept, hashes) VALUES (?, ?, ?) ON CONFLICT (article_id)"
        " DO UPDATE SET swept = excluded.swept, hashes = CAST(hashes || excluded.hashes AS BLOB)",
        [article_id, _swept(db), array("Q", hashes).tobytes()],
    )
    waiting.add(article_id, hashes)
    filter_of(db).add(hashes)


def remove_shingles(db: Database, article_id: int, hashes: Collection[int]) -> None:
    """Let it be found by these no more; they are all that it was found by."""
    waiting = _waiting.change(db)
    db.conn.executemany("DELETE FROM shingles WHERE hash = ? AND article_id = ?", [(one, article_id) for one in hashes])
    db.execute("DELETE FROM fresh_shingles WHERE article_id = ?", [article_id])
    waiting.remove(article_id, hashes)


def merge_shingles(db: Database) -> None:
    """Sweep on, a step for each article that got shingles since; to be called before a transaction commits."""
    swept = _swept(db)
    articles = db.execute("SELECT count(*) FROM fresh_shingles WHERE swept = ?", [swept]).fetchone()[0]
    if articles * RANGES < ROUND:  # too few for a step, as one alone is; they count with the next
        return
    steps = min(-(-articles * RANGES // ROUND), RANGES)
    waiting = _waiting.change(db)  # what is not in memory would count as swept, and be found no more
    taken = waiting.take(swept % HASHES >> WIDTH, steps)
    db.conn.executemany(
        "INSERT OR IGNORE INTO shingles (hash, article_id) VALUES (?, ?)",
        ((number << WIDTH | pair >> _HALF, pair & _LOW) for number, pairs in taken for pair in pairs),
    )
    keep_filter(db, [number for number, _ in taken], swept)
    swept += steps << WIDTH
    db.execute("UPDATE shingle_sweep SET swept = ?", [swept])
    db.execute("DELETE FROM fresh_shingles WHERE swept <= ?", [swept - HASHES])


def _swept(db: Database) -> int:
    """How far the sweep has gone, all rounds together."""
    return int(db.execute("SELECT swept FROM shingle_sweep").fetchone()[0])
