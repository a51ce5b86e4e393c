"""The full-text index: what goes into it, so that a watch and a search find the same.

FTS5 writes out what it has gathered before every statement that may have to be taken back, and so makes a segment of
each article that it merges later. Articles are therefore indexed together, before their transaction commits: a third
less work for the writer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.folding import fold, index_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

LANGUAGE: Final = "lang"
SOURCE: Final = "source"
COUNTRY: Final = "country"
ROLE: Final = "role"

UNKNOWN: Final = "langunknown"
"""The tag of an article in no known language: the forms of every language count in it."""

_WORD = re.compile("[a-z0-9]+")
_HASH_BYTES: Final = 6


class Indexed(NamedTuple):
    """What of an article the index is made from."""

    title: str
    text: str
    language: str | None
    source: str
    country: str | None
    role: str


def tag(kind: str, value: str) -> str:
    """The one word under which the index has a language, source, country or role: a filter is then one more term.

    Of a language only `zh` of `zh-Hans` counts; what is no plain word, as the names of sources, becomes a hash.
    """
    if kind == LANGUAGE:
        value = value.partition("-")[0]
    word = fold(value).text.replace("-", "")
    if kind == SOURCE or not _WORD.fullmatch(word):
        word = blake2b(word.encode(), digest_size=_HASH_BYTES).hexdigest()
    return kind + word


def tags_of(article: Indexed) -> str:
    """All of an article's, for the `tags` column."""
    return _tags(article.language, article.source, article.country, article.role)


@lru_cache(maxsize=4096)
def _tags(language: str | None, source: str, country: str | None, role: str) -> str:
    values = ((SOURCE, source), (COUNTRY, country), (ROLE, role))
    first = tag(LANGUAGE, language) if language else UNKNOWN
    return " ".join([first, *(tag(kind, value) for kind, value in values if value)])


def index_row(
    article_id: int, article: Indexed, columns: tuple[str, str, str] | None = None
) -> tuple[int, str, str, str, str]:
    """The row of the index: its words, pairs of the characters written without spaces, and its tags.

    `columns` are what `index_columns` makes of title and text, when that was done before.
    """
    return article_id, *(columns or index_columns(article.title, article.text)), tags_of(article)


def index_article(connection: sqlite3.Connection, article_id: int, article: Indexed) -> None:
    """Add one article to the contentless index."""
    index_rows(connection, (index_row(article_id, article),))


MEMORY: Final = (
    """CREATE TABLE memory.unindexed (
        article_id INTEGER PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, cjk TEXT NOT NULL, tags TEXT NOT NULL
    ) STRICT""",
)
"""What waits for the index; never longer than a transaction, so that no file needs to hold it."""


def index_later(connection: sqlite3.Connection, row: tuple[int, str, str, str, str]) -> None:
    """Leave an article that was just stored to `index_waiting`, which its transaction ends with."""
    connection.execute("INSERT INTO memory.unindexed (article_id, title, text, cjk, tags) VALUES (?, ?, ?, ?, ?)", row)


def index_waiting(connection: sqlite3.Connection) -> list[int]:
    """Index what waits for it and return the ids; to be called before a transaction commits."""
    ids = [row[0] for row in connection.execute("SELECT article_id FROM memory.unindexed ORDER BY article_id")]
    if ids:
        connection.execute(
            "INSERT INTO articles_fts (rowid, title, text, cjk, tags)"
            " SELECT article_id, title, text, cjk, tags FROM memory.unindexed ORDER BY article_id"
        )
        connection.execute("DELETE FROM memory.unindexed")
    return ids


def index_rows(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str, str, str]]) -> None:
    """Add what `index_row` made."""
    connection.executemany("INSERT INTO articles_fts (rowid, title, text, cjk, tags) VALUES (?, ?, ?, ?, ?)", rows)


def unindex_article(connection: sqlite3.Connection, article_id: int, article: Indexed) -> None:
    """Take it out again; a contentless index must be given exactly what went in."""
    connection.execute(
        "INSERT INTO articles_fts (articles_fts, rowid, title, text, cjk, tags) VALUES ('delete', ?, ?, ?, ?, ?)",
        index_row(article_id, article),
    )


def rebuild_index(connection: sqlite3.Connection) -> None:
    """Index every article anew, since a contentless index cannot say what it holds; half a millisecond an article."""
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    rows = connection.execute("SELECT id, title, text, language, source, country, role FROM articles ORDER BY id")
    index_rows(connection, (index_row(row[0], Indexed(*row[1:])) for row in rows))
