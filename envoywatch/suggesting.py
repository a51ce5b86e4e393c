"""What the archive suggests for a watch: words that go with its matches, and people beside what it looks for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from alerts.names import NameFinder
from alerts.sentences import split_sentences
from alerts.watches.conditions import main_language
from alerts.watches.query import parse_query
from alerts.watches.suggest import Keywords
from config.people import load_people
from envoywatch.searching import BATCH, ArchiveSearch, document_of
from storage.model import Field
from storage.views import ArticleFilters, search_articles

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from alerts.watches.suggest import Suggestion
    from config.model import Config
    from envoywatch.searching import Found
    from storage.views import ArticleText

MOST_MATCHING: Final = 500
MOST_OTHERS: Final = 4_000
"""Of each side the newest: enough to tell a word that goes with a watch, and a few seconds of work."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A person in the same sentence as what the query found, in so many articles."""

    person: str
    articles: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`matching` counts the articles looked at by language; copies are left out."""

    matching: dict[str, int]
    others: int
    words: tuple[Suggestion, ...]
    people: tuple[Neighbour, ...]


def suggest(
    connection: sqlite3.Connection,
    config: Config,
    query: str,
    most: int,
    progress: Callable[[int], None] | None = None,
) -> Suggestions:
    """What goes with the newest matches of a query. Raises QueryError when it is wrong or names nobody known."""
    search = ArchiveSearch(query, config)
    beside = _Beside(query, config)
    keywords = Keywords()
    met: set[int] = set()
    originals = (found for found in search.run(connection, progress=progress) if found.article.line.copy_of is None)
    for found in islice(originals, MOST_MATCHING):
        met.add(found.article.line.id)
        keywords.add_matching(document_of(found.article), found.match.spans)
        beside.add(found)
    others = 0
    for article in islice(_newest(connection), MOST_OTHERS):
        document = document_of(article)
        if article.line.id not in met and article.line.copy_of is None and not search.matches(document):
            keywords.add_other(document)
            others += 1
    return Suggestions(dict(keywords.languages), others, tuple(keywords.suggest(most)), beside.people(most))


def _newest(connection: sqlite3.Connection) -> Iterator[ArticleText]:
    filters = ArticleFilters()
    while batch := search_articles(connection, None, filters, limit=BATCH):
        yield from batch
        filters = ArticleFilters(before=batch[-1].line.id)


class _Beside:
    """Counts who stands in a sentence with a find."""

    def __init__(self, query: str, config: Config) -> None:
        people = load_people(config.people, config.groups)
        self._finder = NameFinder(people)
        self._asked = {
            person.label
            for name in parse_query(query).people
            for person in (people.find_group(name) or (people.get(name),))
        }
        self._articles: Counter[str] = Counter()

    def add(self, found: Found) -> None:
        """The people of one article's text."""
        article = found.article
        language = main_language(article.line.language) or "en"
        spans = [(span.start, span.end) for span in found.match.spans if span.field is Field.TEXT]
        sentences = split_sentences(article.text, language)
        near = [(start, end) for start, end in sentences if any(start <= at < end for at, _ in spans)]
        named = {
            mention.label
            for start, end in near
            for mention in self._finder.find(article.text[start:end], language, article.line.published_at.date())
            if mention.label is not None
            and not any(first < start + mention.end and start + mention.start < last for first, last in spans)
        }
        self._articles.update(named - self._asked)

    def people(self, most: int) -> tuple[Neighbour, ...]:
        """The most frequent ones, who stand there in two articles at least."""
        common = self._articles.most_common(most)
        return tuple(Neighbour(person, articles) for person, articles in common if articles > 1)
