"""Searching the archive with the watches' query language: the full-text index proposes, the matcher decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from alerts.names import NameForms
from alerts.watches.archive import fts_superset
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query
from config.people import load_people
from storage.model import Document
from storage.views import ArticleFilters, search_articles, with_additions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from alerts.watches.matcher import Matcher
    from config.model import Config
    from storage.model import Match
    from storage.views import ArticleText

BATCH: Final = 500
"""Candidates fetched at a time: enough that SQLite is asked rarely, few enough to stay small in memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """An article that the query matches, and where."""

    article: ArticleText
    match: Match


class ArchiveSearch:
    """One query made ready. Raises QueryError when it is wrong or names nobody known."""

    def __init__(self, text: str, config: Config) -> None:
        query = parse_query(text)
        forms = NameForms(load_people(config.people, config.groups))
        self.warnings = query.warnings
        self._expression = fts_superset(query, forms)
        self._matcher: Matcher = compile_watches([("search", query)], forms)

    def matches(self, document: Document) -> bool:
        """Whether the query matches an article."""
        return bool(self._matcher.match(document))

    def run(
        self,
        connection: sqlite3.Connection,
        filters: ArticleFilters | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[Found]:
        """Matching articles, newest first, as they are found; `progress` hears how many were looked at."""
        chosen = filters or ArticleFilters()
        looked_at = 0
        while True:
            batch = search_articles(connection, self._expression, chosen, limit=BATCH)
            for article in batch:
                for match in self._matcher.match(document_of(article)):
                    yield Found(replace(article, line=with_additions(connection, article.line)), match)
            looked_at += len(batch)
            if progress is not None:
                progress(looked_at)
            if len(batch) < BATCH:
                return
            chosen = replace(chosen, before=min(article.line.id for article in batch))


def document_of(article: ArticleText) -> Document:
    """A stored article as watches see it."""
    line = article.line
    return Document(
        title=line.title,
        text=article.text,
        language=line.language,
        source=line.source,
        country=line.country,
        role=line.role,
        published_at=line.published_at,
    )
