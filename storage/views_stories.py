"""Stories as they are shown: the newest, and one with who told it when; reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import from_text
from storage.views_copies import Additions
from storage.views_rows import (
    ARTICLE_COLUMNS,
    MEETING_COLUMNS,
    ArticleLine,
    article_line,
    from_time,
    meeting_record,
    required,
    to_time,
)

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from storage.model import Meeting


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story: the title of its most central article, in that article's language, and how much there is of it.

    `independent` counts those whose reports the articles are.
    """

    id: int
    title: str
    language: str | None
    article_id: int | None
    articles: int
    sources: int
    independent: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story with its articles, oldest first, each with its copies; who told it independently; its meetings.

    `more` counts later articles that are left out. `asked_for` is the id that led here when that one was merged.
    """

    line: StoryLine
    articles: tuple[tuple[ArticleLine, tuple[ArticleLine, ...]], ...]
    originators: tuple[str, ...]
    meetings: tuple[Meeting, ...]
    more: int = 0
    asked_for: int | None = None


_COLUMNS = "id, title, language, article_id, articles, sources, independent, first_at, last_at"
_LIST = f"""
SELECT {_COLUMNS} FROM stories WHERE articles > 0 AND last_at >= ? AND last_at < ? AND (? IS NULL OR sources >= ?)
ORDER BY last_at DESC, id DESC LIMIT ? OFFSET ?
"""  # noqa: S608 (column names are constants)
_ARTICLES = f"""
SELECT {ARTICLE_COLUMNS} FROM articles WHERE story_id = ? ORDER BY published_at, id LIMIT ? OFFSET ?
"""  # noqa: S608 (column names are constants)
_ORIGINATORS = "SELECT DISTINCT originator FROM articles WHERE story_id = ? ORDER BY originator"
_MEETINGS = f"""
SELECT {MEETING_COLUMNS} FROM meetings WHERE id IN (
    SELECT claims.meeting_id FROM articles JOIN claims ON claims.article_id = articles.id
    WHERE articles.story_id = ? AND claims.withdrawn_at IS NULL AND claims.status <> 'background')
ORDER BY updated_at DESC, id DESC
"""  # noqa: S608 (column names are constants)


def list_stories(
    connection: sqlite3.Connection,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    sources: int | None = None,
    limit: int = 50,
    skip: int = 0,
) -> tuple[StoryLine, ...]:
    """Stories that were last told in that time, by at least so many sources; the last told first."""
    values = (from_time(since), to_time(until), sources, sources, limit, skip)
    return tuple(_line(row) for row in connection.execute(_LIST, values))


def get_story(connection: sqlite3.Connection, story_id: int, *, limit: int = 500, skip: int = 0) -> StoryView:
    """The story, or the one that it became part of; raises NotStoredError for one that is none any more."""
    sql = "SELECT coalesce(merged_into, id) AS id FROM stories WHERE id = ?"
    found = required(connection.execute(sql, (story_id,)).fetchone(), "story", story_id)["id"]
    sql = f"SELECT {_COLUMNS} FROM stories WHERE id = ? AND articles > 0"  # noqa: S608 (column names are constants)
    line = _line(required(connection.execute(sql, (found,)).fetchone(), "story", story_id))
    lines = [article_line(row) for row in connection.execute(_ARTICLES, (line.id, limit, skip))]
    additions = Additions(connection)
    firsts = {one.id for one in lines if one.copy_of not in {other.id for other in lines}}
    articles = tuple(
        (one, tuple(additions.put(copy) for copy in lines if copy.copy_of == one.id))
        for one in lines
        if one.id in firsts
    )
    return StoryView(
        line=line,
        articles=articles,
        originators=tuple(row[0] for row in connection.execute(_ORIGINATORS, (line.id,))),
        meetings=tuple(meeting_record(row) for row in connection.execute(_MEETINGS, (line.id,))),
        more=max(0, line.articles - skip - len(lines)),
        asked_for=None if line.id == story_id else story_id,
    )


def find_story(connection: sqlite3.Connection, story_id: int | None) -> StoryLine | None:
    """The story of an article, None when nothing else tells the same."""
    sql = f"SELECT {_COLUMNS} FROM stories WHERE id = ?"  # noqa: S608 (column names are constants)
    row = None if story_id is None else connection.execute(sql, (story_id,)).fetchone()
    return None if row is None else _line(row)


def _line(row: sqlite3.Row) -> StoryLine:
    return StoryLine(
        id=row["id"],
        title=row["title"],
        language=row["language"],
        article_id=row["article_id"],
        articles=row["articles"],
        sources=row["sources"],
        independent=row["independent"],
        first_at=from_text(row["first_at"]),
        last_at=from_text(row["last_at"]),
    )
