"""Finding articles: by the full-text index and by filters, newest or best first, with counts by what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.rows import dump_json
from storage.views_articles import ArticleText
from storage.views_rows import ARTICLE_COLUMNS, article_line, from_time, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from datetime import datetime

LARGEST_ID: Final = 2**63 - 1
_WEIGHTS: Final = "8.0, 1.0, 1.0, 0.0"
"""Of title, text, pairs of characters and tags, for bm25: a word of the title says most of what an article is about."""

_FIRST_OF_DAY = "SELECT min(id) FROM articles WHERE substr(seen_at, 1, 10) = ?"
_LAST_OF_DAY = "SELECT max(id) FROM articles WHERE substr(seen_at, 1, 10) = ?"
_DAYS = """
WITH RECURSIVE days (day) AS (
  SELECT min(substr(seen_at, 1, 10)) FROM articles WHERE substr(seen_at, 1, 10) >= :first
  UNION ALL
  SELECT (SELECT min(substr(seen_at, 1, 10)) FROM articles WHERE substr(seen_at, 1, 10) > day) FROM days
  WHERE day IS NOT NULL AND day <= :last
) SELECT day FROM days WHERE day IS NOT NULL AND day <= :last
"""
_ABOUT = " JOIN articles AS about INDEXED BY articles_by_facet ON about.id = articles_fts.rowid"


def id_bounds(connection: sqlite3.Connection, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """The lowest and the highest id that an article first seen in [since, until) can have.

    Ids grow with time, but not strictly: what waited long to be read has a high one. So each day is asked for its own.
    """
    low, high = 1, LARGEST_ID
    if since is None and until is None:
        return low, high
    wanted = {"first": from_time(since)[:10], "last": to_time(until)[:10]}
    days = [row[0] for row in connection.execute(_DAYS, wanted)]
    if not days:
        return 1, 0
    if since is not None:
        low = min(connection.execute(_FIRST_OF_DAY, (day,)).fetchone()[0] for day in days)
    if until is not None:
        high = max(connection.execute(_LAST_OF_DAY, (day,)).fetchone()[0] for day in days)
    return low, high


def count_between(connection: sqlite3.Connection, since: datetime | None, until: datetime | None) -> int:
    """How many articles were first seen in [since, until)."""
    sql = "SELECT count(*) FROM articles WHERE seen_at >= ? AND seen_at < ?"
    return int(connection.execute(sql, (from_time(since), to_time(until))).fetchone()[0])


# ---------------------------------------------------------------- texts


_TEXTS = f"SELECT {ARTICLE_COLUMNS}, articles.text FROM articles WHERE id %s ORDER BY id"  # noqa: S608 (constants)


def texts_of(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[ArticleText, ...]:
    """These articles, in the order of `ids`."""
    rows = connection.execute(_TEXTS % "IN (SELECT value FROM json_each(?))", (dump_json(list(ids)),))
    found = {row["article_id"]: ArticleText(article_line(row), row["text"]) for row in rows}
    return tuple(found[one] for one in ids if one in found)


def texts_between(connection: sqlite3.Connection, low: int, high: int) -> Iterator[ArticleText]:
    """The articles from `low` to `high`, oldest first."""
    for row in connection.execute(_TEXTS % "BETWEEN ? AND ?", (low, high)):
        yield ArticleText(article_line(row), row["text"])


# ---------------------------------------------------------------- what is found


def last_id(connection: sqlite3.Connection) -> int:
    """The highest id of all; 0 when there is no article."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM articles").fetchone()[0])


def ids_matching(connection: sqlite3.Connection, expression: str, low: int, high: int) -> Iterator[int]:
    """The articles from `low` to `high` that the full-text index finds."""
    sql = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ? AND rowid BETWEEN ? AND ?"
    return (row[0] for row in connection.execute(sql, (expression, low, high)))
