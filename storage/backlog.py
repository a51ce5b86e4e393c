"""Articles that versions before stories stored: each gets its credit, its originator and its story, the newest first.

A few at a time, each few in a transaction that also moves the mark, so that whoever is killed goes on where that ended.
Nothing alerts: what is decided about an article was decided when it was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import from_text
from storage.reports import count_reports, meetings_told_by, originate
from storage.stories import count_words, forget_after, give_story, kindred_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Traits


@dataclass(frozen=True, slots=True)
class Earlier:
    """An article that waits, as far as its reading asks."""

    id: int
    title: str
    text: str
    language: str | None
    author: str | None
    source: str
    url: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Reread:
    """What was read of it; `traits` are None where it could not be read."""

    id: int
    credit: str | None
    traits: Traits | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many of the older articles still wait to be looked through for copies, and for stories."""

    copies: int
    stories: int


def backlog(connection: sqlite3.Connection) -> Backlog:
    """What an upgrade left to be done."""
    copies = connection.execute("SELECT count(*) FROM articles WHERE shingles IS NULL").fetchone()[0]
    stories = connection.execute(
        "SELECT count(*) FROM backlog CROSS JOIN articles ON articles.id < backlog.below"
    ).fetchone()[0]
    return Backlog(copies, stories)


def waiting(connection: sqlite3.Connection, most: int) -> tuple[Earlier, ...]:
    """The next; none before all are looked through for copies, which share the story of their first."""
    rows = connection.execute(
        "SELECT a.id, title, text, language, author, source, url, seen_at"
        " FROM backlog CROSS JOIN articles a ON a.id < below"
        " WHERE NOT EXISTS (SELECT 1 FROM articles WHERE shingles IS NULL) ORDER BY a.id DESC LIMIT ?",
        [most],
    )
    return tuple(
        Earlier(article_id, title, text, language, author, source, url, from_text(seen_at))
        for article_id, title, text, language, author, source, url, seen_at in rows
    )


def work_off(db: Database, reread: Sequence[Reread]) -> None:
    """Take in what was read of `waiting` ones, in their order; with nothing, the backlog is at its end."""
    if not reread:
        db.execute("DELETE FROM backlog WHERE NOT EXISTS (SELECT 1 FROM articles WHERE id < below)")
        return
    for one in reread:
        _take_in(db, one)
    ids = [one.id for one in reread]
    count_words(db, ids)
    db.execute("UPDATE backlog SET below = ?", [min(ids)])
    forget_after(db, max(ids))


def _take_in(db: Database, one: Reread) -> None:
    row = db.execute(
        "SELECT coalesce(copy_of, id), language, published_at FROM articles WHERE id = ?", [one.id]
    ).fetchone()
    if row is None or one.traits is None:  # pruned meanwhile, or cannot be read
        return
    first, language, at = row[0], row[1], from_text(row[2])
    db.execute("UPDATE articles SET credit = ?1 WHERE id = ?2 AND ?1 IS NOT NULL", [one.credit, one.id])
    originate(db, first)
    count_reports(db, meetings_told_by(db, first))
    claimed = db.execute(
        "SELECT DISTINCT meeting_id FROM claims WHERE article_id = ? AND meeting_id IS NOT NULL"
        " AND withdrawn_at IS NULL AND status <> 'background'",
        [one.id],
    ).fetchall()
    found = kindred_of(db, one.traits, language, at, () if first == one.id else (first,), is_earlier=True)
    give_story(db, one.id, at, language, found, [meeting[0] for meeting in claimed])
