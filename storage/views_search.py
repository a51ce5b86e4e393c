"""Finding articles: by the full-text index and by filters, newest or best first, with counts by what they are."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.rows import dump_json
from storage.search import COUNTRY, LANGUAGE, ROLE, SOURCE, tag
from storage.views_articles import ArticleFilters, ArticleText
from storage.views_rows import ARTICLE_COLUMNS, article_line, from_time, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from datetime import datetime

LARGEST_ID: Final = 2**63 - 1
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


_FOUND = """
SELECT articles_fts.rowid AS id FROM articles_fts {about}
WHERE articles_fts MATCH :expression AND articles_fts.rowid BETWEEN :low AND :high {conditions}
ORDER BY articles_fts.rowid DESC LIMIT :limit
"""
_ALL = """
SELECT about.id FROM articles AS about INDEXED BY articles_by_facet
WHERE about.id BETWEEN :low AND :high {conditions} ORDER BY about.id DESC LIMIT :limit
"""
_ABOUT = "CROSS JOIN articles AS about INDEXED BY articles_by_facet ON about.id = articles_fts.rowid"
_SEEN = " AND about.seen_at >= :since AND about.seen_at < :until"
_STORY = """ AND {id} IN (SELECT id FROM articles WHERE story_id = (
  SELECT coalesce(merged_into, id) FROM stories WHERE id = :story))"""
_PERSON = """ AND {id} IN (
  SELECT article_id FROM claims JOIN meeting_people USING (meeting_id) WHERE person = :person)"""
_MEETING = " AND {id} IN (SELECT article_id FROM claims WHERE meeting_id = :meeting)"


def newest_ids(
    connection: sqlite3.Connection, expression: str | None, filters: ArticleFilters, *, limit: int
) -> list[int]:
    """Articles by FTS5 `expression` (None: all) and filters, those stored last first.

    Raises sqlite3.OperationalError on an expression that FTS5 does not accept: build it, never pass a person's.
    """
    wanted = _with_tags(expression, filters)
    low, high = id_bounds(connection, filters.since, filters.until)
    conditions = "".join(
        condition
        for condition, is_asked in (
            (_SEEN, filters.since is not None or filters.until is not None),
            (_STORY, filters.story is not None),
            (_PERSON, filters.person is not None),
            (_MEETING, filters.meeting is not None),
        )
        if is_asked
    )
    about = _ABOUT if "about." in conditions else ""
    sql = _ALL if wanted is None else _FOUND
    conditions = conditions.format(id="about.id" if wanted is None else "articles_fts.rowid")
    values = {
        "expression": wanted,
        "low": low,
        "high": high if filters.before is None else min(high, filters.before - 1),
        "since": from_time(filters.since),
        "until": to_time(filters.until),
        "story": filters.story,
        "person": filters.person,
        "meeting": filters.meeting,
        "limit": limit,
    }
    # In one row: at each row that SQLite hands out, other threads may take the interpreter for some milliseconds.
    whole = f"SELECT json_group_array(id) FROM ({sql.format(about=about, conditions=conditions)})"  # noqa: S608 (constants)
    ids: list[int] = json.loads(connection.execute(whole, values).fetchone()[0])
    return ids


def _with_tags(expression: str | None, filters: ArticleFilters) -> str | None:
    kinds = ((SOURCE, filters.source), (LANGUAGE, filters.language), (COUNTRY, filters.country), (ROLE, filters.role))
    tags = " AND ".join(f'"{tag(kind, value)}"' for kind, value in kinds if value is not None)
    if not tags:
        return expression
    return f"tags : ({tags})" if expression is None else f"({expression}) AND tags : ({tags})"


def search_articles(
    connection: sqlite3.Connection,
    expression: str | None,
    filters: ArticleFilters | None = None,
    *,
    limit: int = 50,
) -> tuple[ArticleText, ...]:
    """As `newest_ids`, with the texts."""
    return texts_of(connection, newest_ids(connection, expression, filters or ArticleFilters(), limit=limit))


# ---------------------------------------------------------------- counts


@dataclass(frozen=True, slots=True)
class Facets:
    """How many articles there are of each source, language and day (UTC, when they were first seen), the most first.

    Days are in order, newest first.
    """

    by_source: tuple[tuple[str, int], ...] = ()
    by_language: tuple[tuple[str, int], ...] = ()
    by_day: tuple[tuple[str, int], ...] = ()


_FACETS = """
SELECT json_group_array(json_array(source, language, substr(seen_at, 1, 10)))
FROM articles INDEXED BY articles_by_facet WHERE id IN (SELECT value FROM json_each(?))
"""


def facets_of(connection: sqlite3.Connection, ids: Sequence[int]) -> Facets:
    """These articles counted, without their texts being read."""
    rows = json.loads(connection.execute(_FACETS, (dump_json(list(ids)),)).fetchone()[0])
    sources, languages, days = (Counter(row[place] or "?" for row in rows) for place in range(3))
    return Facets(_most(sources), _most(languages), tuple(sorted(days.items(), reverse=True)))


def _most(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
