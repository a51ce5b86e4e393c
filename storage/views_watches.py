"""What one watch matched, for showing it with the places marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import from_text
from storage.views_rows import ARTICLE_COLUMNS, article_line, spans_of

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from storage.model import Span
    from storage.views_rows import ArticleLine


@dataclass(frozen=True, slots=True)
class WatchMatch:
    """An article that a watch met and where in `title` and `text`, which are a revision's when it met that."""

    article: ArticleLine
    title: str
    text: str
    spans: tuple[Span, ...]
    at: datetime


_MATCHES = f"""
SELECT matches.spans, matches.at, {ARTICLE_COLUMNS},
       coalesce(revisions.title, articles.title) AS met_title, coalesce(revisions.text, articles.text) AS met_text
FROM matches JOIN articles ON articles.id = matches.article_id
LEFT JOIN revisions ON revisions.id = matches.revision_id
WHERE matches.watch = ? ORDER BY matches.at DESC, matches.id DESC LIMIT ?
"""  # noqa: S608 (column names are constants)


def list_matches(connection: sqlite3.Connection, watch: str, *, limit: int = 10) -> tuple[WatchMatch, ...]:
    """The newest matches of a watch."""
    return tuple(
        WatchMatch(article_line(row), row["met_title"], row["met_text"], spans_of(row["spans"]), from_text(row["at"]))
        for row in connection.execute(_MATCHES, (watch, limit))
    )
