"""Which articles carry a shingle: a large table on disk, and in memory what is still to be merged into it.

The shingles of an article lie all over a table that a million articles make hundreds of megabytes large: to write them
at once is to write a page for each. So they are kept twice at first, as one value per article, from which they are
loaded after a start (`fresh_shingles`), and in memory, where they are looked up. A sweep goes round all hashes, a step
with each article, and moves what lies there to the table: a few pages a step, with several hashes for each. What is in
neither is known from `storage.shingle_filter`.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from storage.duplicates import HASHES
from storage.rows import dump_json
from storage.shingle_filter import filter_of, keep_filter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlite_utils import Database

ROUND: Final = 32_768
"""Articles that come while the sweep goes round once. Half of the shingles of so many are in memory, 15 MB."""
_STEP: Final = HASHES // ROUND
_LOADED_TOGETHER: Final = 500

MEMORY: Final = (
    """CREATE TABLE memory.shingles_to_merge (
        hash INTEGER NOT NULL, article_id INTEGER NOT NULL, PRIMARY KEY (hash, article_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE memory.shingles_loaded (at INTEGER PRIMARY KEY) STRICT",
)
"""A rollback takes back what happened in memory as well: see `storage.database`."""


def carriers_of(db: Database, hashes: Collection[int]) -> dict[int, list[int]]:
    """The articles that carry each of these, as far as any does."""
    carriers: defaultdict[int, list[int]] = defaultdict(list)
    _load(db)
    possible = filter_of(db).possible(hashes)
    if possible:
        for one, article_id in db.execute(
            "WITH wanted (hash) AS MATERIALIZED (SELECT value FROM json_each(?))"
            " SELECT hash, article_id FROM wanted CROSS JOIN shingles USING (hash) UNION ALL"
            " SELECT hash, article_id FROM wanted CROSS JOIN memory.shingles_to_merge USING (hash)",
            [dump_json(possible)],
        ):
            if article_id not in carriers[one]:  # as it is after a start in which one was loaded that had been merged
                carriers[one].append(article_id)
    return carriers


def add_shingles(db: Database, article_id: int, hashes: Collection[int]) -> None:
    """Let a stored article be found by these."""
    if not hashes:
        return
    _load(db)
    db.execute(
        "INSERT INTO fresh_shingles (article_id, swept, hashes) VALUES (?, ?, ?) ON CONFLICT (article_id)"
        " DO UPDATE SET swept = excluded.swept, hashes = CAST(hashes || excluded.hashes AS BLOB)",
        [article_id, _swept(db), array("Q", hashes).tobytes()],
    )
    _hold(db, [(one, article_id) for one in hashes])


def remove_shingles(db: Database, article_id: int, hashes: Iterable[int]) -> None:
    """Let it be found by these no more; they are all that it was found by."""
    _load(db)
    rows = [(one, article_id) for one in hashes]
    db.conn.executemany("DELETE FROM shingles WHERE hash = ? AND article_id = ?", rows)
    db.conn.executemany("DELETE FROM memory.shingles_to_merge WHERE hash = ? AND article_id = ?", rows)
    db.execute("DELETE FROM fresh_shingles WHERE article_id = ?", [article_id])


def merge_shingles(db: Database) -> None:
    """Sweep on, a step for each article that got shingles since; to be called before a transaction commits."""
    swept = _swept(db)
    steps = db.execute("SELECT count(*) FROM fresh_shingles WHERE swept = ?", [swept]).fetchone()[0]
    if not steps:
        return
    _load(db)  # what is not in memory would count as swept, and be found no more
    for low, high in _ranges(swept, min(steps, ROUND) * _STEP):
        db.execute(
            "INSERT OR IGNORE INTO shingles (hash, article_id) SELECT hash, article_id FROM memory.shingles_to_merge"
            " WHERE hash >= ? AND hash < ? ORDER BY hash, article_id",
            [low, high],
        )
        keep_filter(db, low, high, swept)
        db.execute("DELETE FROM memory.shingles_to_merge WHERE hash >= ? AND hash < ?", [low, high])
    swept += min(steps, ROUND) * _STEP
    db.execute("UPDATE shingle_sweep SET swept = ?", [swept])
    db.execute("DELETE FROM fresh_shingles WHERE swept <= ?", [swept - HASHES])


def _swept(db: Database) -> int:
    """How far the sweep has gone, all rounds together."""
    return int(db.execute("SELECT swept FROM shingle_sweep").fetchone()[0])


def _ranges(swept: int, width: int) -> Iterator[tuple[int, int]]:
    """The hashes that are swept next, in one piece or in two."""
    low = swept % HASHES
    yield low, min(low + width, HASHES)
    if low + width > HASHES:
        yield 0, low + width - HASHES


def _load(db: Database) -> None:
    """After a start: what was not merged when the program ended, a second's work for a whole round."""
    if db.execute("SELECT 1 FROM memory.shingles_loaded").fetchone() is not None:
        return
    swept = _swept(db)
    waiting = db.conn.execute("SELECT article_id, swept, hashes FROM fresh_shingles")
    while rows := waiting.fetchmany(_LOADED_TOGETHER):
        _hold(db, [pair for row in rows for pair in _unmerged(swept, *row)])
    db.execute("INSERT INTO memory.shingles_loaded (at) VALUES (1)")  # last: what broke off is begun anew


def _unmerged(swept: int, article_id: int, begun: int, hashes: bytes) -> Sequence[tuple[int, int]]:
    """Those of an article's shingles that the sweep has not come by since they were added."""
    kept = array("Q")
    kept.frombytes(hashes)
    return [(one, article_id) for one in kept if (one - begun) % HASHES >= swept - begun]


def _hold(db: Database, rows: Collection[tuple[int, int]]) -> None:
    filter_of(db).add(one for one, _ in rows)
    db.conn.executemany("INSERT OR IGNORE INTO memory.shingles_to_merge (hash, article_id) VALUES (?, ?)", sorted(rows))
