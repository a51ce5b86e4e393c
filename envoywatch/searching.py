"""Searching the archive with the watches' query language: the full-text index proposes, the matcher decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from alerts.names import NameForms
from alerts.watches.archive import fts_expression
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query
from config.people import load_people
from storage.model import Document, Field
from storage.views import Additions, ArticleFilters
from storage.views_search import Facets, facets_of, newest_ids, texts_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from alerts.watches.matcher import Matcher
    from config.model import Config
    from storage.model import Match
    from storage.views import ArticleText

BATCH: Final = 500
"""Candidates fetched at a time: enough that SQLite is asked rarely, few enough to stay small in memory."""
_FIRST_BATCH: Final = 40
COUNTED: Final = 5_000
"""So many are counted one by one; of more it is only said that they are more."""
RANKED: Final = 200
"""So few are all looked at, ranked and counted exactly without being asked to; of more only the newest so many are."""
_FACETED: Final = 1_000
_MOST_LOOKED_AT: Final = 2_000
_TITLE_WEIGHT: Final = 8
_K1: Final = 1.2
_B: Final = 0.75
_USUAL_LENGTH: Final = 2_500
"""Characters of a usual article; with the two above, what BM25 is usually given."""

_names: dict[str, NameForms] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """An article that the query matches, and where."""

    article: ArticleText
    match: Match


class Sort(StrEnum):
    """In which order articles are found."""

    BEST = "best"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a query finds.

    `total` is the number of articles that it matches, or, unless `is_total`, a number below that; `facets` are of
    `counted` articles, which are all of them or the newest. `looked_at` texts were read. `before` and `skip` ask for
    the next page: one of them is not None when there is more.
    """

    found: tuple[Found, ...]
    total: int
    is_total: bool
    facets: Facets
    counted: int
    sort: Sort
    looked_at: int
    before: int | None = None
    skip: int | None = None


def names_of(config: Config) -> NameForms:
    """The names of the configured people, kept while they stay the same: making them takes a tenth of a second."""
    key = config.model_dump_json(include={"people", "groups"})
    found = _names.get(key)
    if found is None:
        _names.clear()
        found = _names[key] = NameForms(load_people(config.people, config.groups))
    return found


class ArchiveSearch:
    """One query made ready. Raises QueryError when it is wrong or names nobody known."""

    def __init__(self, text: str, config: Config) -> None:
        query = parse_query(text)
        forms = names_of(config)
        self.warnings = query.warnings
        self._expression = fts_expression(query, forms)
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
        size = _FIRST_BATCH
        while ids := newest_ids(connection, self._text, chosen, limit=size):
            yield from _shown(connection, self._met(connection, ids))
            looked_at += len(ids)
            if progress is not None:
                progress(looked_at)
            if len(ids) < size:
                return
            chosen = replace(chosen, before=ids[-1])
            size = min(2 * size, BATCH)

    def page(
        self,
        connection: sqlite3.Connection,
        filters: ArticleFilters | None = None,
        *,
        limit: int,
        sort: Sort | None = None,
        skip: int = 0,
        most: int = _MOST_LOOKED_AT,
        progress: Callable[[int], None] | None = None,
    ) -> Page:
        """Some hits with counts, in about the time that a person does not notice.

        The best come first when there are few, else the newest, unless `sort` asks otherwise; only the newest `RANKED`
        are ever ranked. Where the index cannot tell, at most `most` texts are read.
        """
        chosen = filters or ArticleFilters()
        # What claims a certain meeting or tells a story is few, and found without the index.
        narrowed = any(one is not None for one in (chosen.person, chosen.meeting, chosen.story))
        expression = None if narrowed else self._expression
        text = expression.text if expression else None
        ids = newest_ids(connection, text, chosen, limit=(RANKED if sort is Sort.BEST else COUNTED) + 1)
        if sort is not Sort.NEWEST and (len(ids) <= RANKED or sort is Sort.BEST):
            return replace(self._whole(connection, ids[:RANKED], limit, skip), is_total=len(ids) <= RANKED)
        found: list[Found] = []
        looked_at = 0
        while looked_at < len(ids) and len(found) <= limit and looked_at < most:
            batch = ids[looked_at : looked_at + _FIRST_BATCH]
            found += self._met(connection, batch)
            looked_at += len(batch)
            if progress is not None:
                progress(looked_at)
            if looked_at == len(ids) > COUNTED:
                ids += newest_ids(connection, text, replace(chosen, before=ids[-1]), limit=BATCH)
        more = len(found) > limit
        is_exact = expression is not None and expression.is_exact
        known = ids[:COUNTED] if is_exact else [one.article.line.id for one in found]
        counted = known[:_FACETED]
        return Page(
            found=tuple(_shown(connection, found[:limit])),
            total=len(known),
            is_total=len(ids) <= COUNTED if is_exact else looked_at == len(ids),
            facets=facets_of(connection, counted),
            counted=len(counted),
            sort=Sort.NEWEST,
            looked_at=looked_at,
            before=found[limit - 1].article.line.id if more else ids[looked_at - 1] if looked_at < len(ids) else None,
        )

    def _whole(self, connection: sqlite3.Connection, ids: Sequence[int], limit: int, skip: int) -> Page:
        """A page of few enough to look at all of them."""
        found = list(self._met(connection, ids))
        counted = [one.article.line.id for one in found]
        found.sort(key=relevance, reverse=True)
        end = skip + limit
        return Page(
            found=tuple(_shown(connection, found[skip:end])),
            total=len(found),
            is_total=True,
            facets=facets_of(connection, counted),
            counted=len(counted),
            sort=Sort.BEST,
            looked_at=len(ids),
            skip=end if len(found) > end else None,
        )

    @property
    def _text(self) -> str | None:
        return None if self._expression is None else self._expression.text

    def _met(self, connection: sqlite3.Connection, ids: Sequence[int]) -> Iterator[Found]:
        """Those of the articles that the query matches."""
        for article in texts_of(connection, ids):
            for match in self._matcher.match(document_of(article)):
                yield Found(article, match)


def _shown(connection: sqlite3.Connection, found: Iterable[Found]) -> Iterator[Found]:
    """With what copies add to their originals; two texts are compared for that, so only for what is shown."""
    additions = Additions(connection)
    for one in found:
        yield replace(one, article=replace(one.article, line=additions.put(one.article.line)))


def relevance(one: Found) -> tuple[float, int]:
    """How much of an article is about what was found, as BM25 has it, a place in the title counting for eight."""
    line, spans = one.article.line, one.match.spans
    in_title = sum(span.field is Field.TITLE for span in spans)
    often = _TITLE_WEIGHT * in_title + len(spans) - in_title
    length = (len(line.title) + len(one.article.text)) / _USUAL_LENGTH
    return often * (_K1 + 1) / (often + _K1 * (1 - _B + _B * length)) if often else 0.0, line.id


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
