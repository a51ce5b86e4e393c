"""What of the archive stays and what goes: the conditions, the choice, and pruning, a few articles at a time.

Articles go; the identities of entries stay, so that nothing deleted comes back as news, and so do alerts, digests,
deliveries and meetings with the articles that they cite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from storage.copies import part
from storage.model import to_text
from storage.rows import dump_json
from storage.search import Indexed, unindex_article
from storage.settling import settle
from storage.stories import leave

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from sqlite_utils import Database

YOUNGEST: Final = timedelta(days=7)
"""However small the database is to be, this much stays: digests are made of it, copies and rereads found in it."""

CHUNK: Final = 25
"""Articles in one transaction: some 30 ms of the writer."""
PAGES: Final = 500
"""Free pages given back, or pages of the full-text index merged, in one transaction: some 30 ms."""
MANY: Final = 0.05
"""From this share of the articles on, what was deleted is worth merging the whole full-text index."""
_MERGED: Final = 64
"""Pages of the full-text index tidied with each chunk; it keeps what was deleted until it is merged."""

_CITED: Final = """(
    EXISTS (SELECT 1 FROM alerts WHERE alerts.article_id = {0}.id)
    OR EXISTS (SELECT 1 FROM claims WHERE claims.article_id = {0}.id)
    OR EXISTS (SELECT 1 FROM decisions WHERE decisions.article_id = {0}.id AND decisions.alert_id IS NOT NULL)
)"""

GOES: Final = f"""
    NOT {_CITED.format("a")} AND NOT EXISTS (
        SELECT 1 FROM articles c WHERE c.copy_of = a.id AND (c.seen_at >= :before OR {_CITED.format("c")})
    )
"""  # noqa: S608 (constants)
"""Of an article `a` first seen before `:before`: nothing cites it, nor a copy of it that stays."""


@dataclass(frozen=True, slots=True)
class Space:
    """What the database takes, in bytes: the file with its log, and what of it is free to be written again."""

    size: int
    free: int
    articles: int

    @property
    def used(self) -> int:
        """What holds something."""
        return self.size - self.free

    @property
    def per_article(self) -> float:
        """All that is stored, by article; 0 without any."""
        return self.used / self.articles if self.articles else 0.0

    def too_many(self, max_size: int) -> int:
        """How many articles must go for the rest to take no more than that."""
        over = self.used - max_size
        return min(self.articles, math.ceil(over / self.per_article)) if over > 0 and self.articles else 0


def is_many(deleted: int, left: int) -> bool:
    """Whether so much was deleted that the full-text index is to be merged as a whole."""
    return deleted > MANY * (deleted + left)


def space(connection: sqlite3.Connection) -> Space:
    """What the database takes now."""
    pages, free, page_size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    articles = connection.execute("SELECT count(*) FROM articles").fetchone()[0]
    return Space(pages * page_size, free * page_size, articles)


def prune_polls(db: Database, before: datetime) -> int:
    """Delete the log of polls begun before then; returns how many."""
    return db.execute("DELETE FROM polls WHERE started_at < ?", [to_text(before)]).rowcount


def prune_articles(db: Database, before: datetime, most: int = CHUNK) -> int:
    """Delete the oldest articles first seen before then that nothing cites; returns how many, 0 when none is left.

    At most `most`, and the copies of those. A first goes when all its copies may, and with them, so that the groups of
    copies that stay need not be laid out anew.
    """
    chosen = db.execute(
        f"SELECT id FROM articles a WHERE seen_at < :before AND {GOES} ORDER BY seen_at, id LIMIT :most",  # noqa: S608 (a constant)
        {"before": to_text(before), "most": most},
    ).fetchall()
    ids = dump_json([row[0] for row in chosen])
    rows = db.execute(
        "SELECT id, title, text, language, source, country, role FROM articles"
        " WHERE id IN (SELECT value FROM json_each(:ids)) OR copy_of IN (SELECT value FROM json_each(:ids))",
        {"ids": ids},
    ).fetchall()
    if not rows:
        return 0
    settle(db)
    for row in rows:
        unindex_article(db.conn, row[0], Indexed(*row[1:]))
    leaving = [row[0] for row in rows]
    leave(db, leaving)
    part(db, leaving)
    db.execute("DELETE FROM articles WHERE id IN (SELECT value FROM json_each(?))", [dump_json(leaving)])
    db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('merge', ?)", [_MERGED])
    return len(leaving)


def tidy_index(db: Database, *, begin: bool = False) -> bool:
    """One step of merging the whole full-text index, the first with `begin`; whether another is needed.

    The index only notes what is deleted. After a quarter of 9,000 articles was, it held a fifth of the file too much.
    """
    return _merge(db, -PAGES if begin else PAGES)


def merge_index(db: Database) -> bool:
    """One step of merging what was indexed since, eight segments to one; whether another is needed.

    To be called while nothing else is to be written: each article is written four times as the index grows to a
    million, a fifth of what storing it takes.
    """
    return _merge(db, PAGES)


def _merge(db: Database, pages: int) -> bool:
    before = db.conn.total_changes
    db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('merge', ?)", [pages])
    return db.conn.total_changes - before > 1  # as SQLite says that there is nothing left to merge


def give_back(db: Database, most: int = PAGES) -> int:
    """Return free pages to the file system; returns how many, 0 when none is left or the file cannot shrink.

    A file of a version before this could is only made smaller by `compact`; its free pages are written again.
    """
    if db.execute("PRAGMA auto_vacuum").fetchone()[0] == 0:
        return 0
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    for _ in range(min(free, most)):  # Python takes one step of a PRAGMA, which is one page
        db.execute("PRAGMA incremental_vacuum(1)")
    return min(free, most)


# ---------------------------------------------------------------- what is to go


@dataclass(frozen=True, slots=True)
class Bounds:
    """The oldest `most` (None: all) of the articles first seen before then that nothing cites."""

    before: datetime
    most: int | None = None


def bounds(
    connection: sqlite3.Connection, keep: timedelta | None, max_size: int | None, now: datetime
) -> Bounds | None:
    """What must go for the archive to be no older than `keep` and no larger than `max_size`; None when nothing must."""
    by_age = None if keep is None else Bounds(now - keep)
    too_many = 0 if max_size is None else space(connection).too_many(max_size)
    if not too_many:
        return by_age
    if by_age is not None:
        old = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM articles a WHERE seen_at < :before AND {GOES} LIMIT :most)",  # noqa: S608 (a constant)
            {"before": to_text(by_age.before), "most": too_many},
        ).fetchone()[0]
        if old >= too_many:
            return by_age
    return Bounds(now - YOUNGEST, too_many)
