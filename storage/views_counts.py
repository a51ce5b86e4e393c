"""What was done in a span of time, in numbers; read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Counts over [since, until). `sources` are all active ones, `read` those with at least one good poll."""

    sources: int
    read: int
    polls: int
    failed_polls: int
    entries: int
    articles: int
    copies: int


_COUNTS = """
SELECT (SELECT count(*) FROM sources WHERE active = 1),
       count(DISTINCT source_id) FILTER (WHERE outcome <> 'fault'),
       count(*),
       count(*) FILTER (WHERE outcome = 'fault'),
       coalesce(sum(new_entries), 0),
       (SELECT count(*) FROM articles WHERE seen_at >= :since AND seen_at < :until),
       (SELECT count(*) FROM articles WHERE seen_at >= :since AND seen_at < :until AND copy_of IS NOT NULL)
FROM polls WHERE started_at >= :since AND started_at < :until
"""


def count_work(connection: sqlite3.Connection, since: datetime, until: datetime) -> WorkCounts:
    """Polls, entries and articles of that time."""
    row = connection.execute(_COUNTS, {"since": to_text(since), "until": to_text(until)}).fetchone()
    return WorkCounts(*row)


def count_pending(connection: sqlite3.Connection) -> int:
    """Entries whose articles are still to be read."""
    return int(connection.execute("SELECT count(*) FROM entries WHERE state = 'pending'").fetchone()[0])


def alerts_by_kind(connection: sqlite3.Connection) -> dict[str, int]:
    """How many alerts of each kind were ever decided."""
    return dict(connection.execute("SELECT kind, count(*) FROM alerts GROUP BY kind ORDER BY kind").fetchall())


def meetings_by_status(connection: sqlite3.Connection) -> dict[str, int]:
    """How many meetings stand at each status."""
    return dict(connection.execute("SELECT status, count(*) FROM meetings GROUP BY status ORDER BY status").fetchall())


def count_articles(connection: sqlite3.Connection) -> tuple[int, int]:
    """Articles stored, and how many of them are copies."""
    row = connection.execute("SELECT count(*), count(copy_of) FROM articles").fetchone()
    return int(row[0]), int(row[1])
