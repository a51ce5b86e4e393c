"""The full-text index: what goes into it, so that a watch and a search find the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.folding import cjk_bigrams, index_words

if TYPE_CHECKING:
    import sqlite3


def _row(article_id: int, title: str, text: str) -> tuple[int, str, str, str]:
    return article_id, index_words(title), index_words(text), cjk_bigrams(f"{title}\n{text}")


def index_article(connection: sqlite3.Connection, article_id: int, title: str, text: str) -> None:
    """Add one article to the contentless index: folded words, and pairs of the characters written without spaces."""
    connection.execute(
        "INSERT INTO articles_fts (rowid, title, text, cjk) VALUES (?, ?, ?, ?)", _row(article_id, title, text)
    )


def unindex_article(connection: sqlite3.Connection, article_id: int, title: str, text: str) -> None:
    """Take it out again; a contentless index must be given exactly what went in."""
    connection.execute(
        "INSERT INTO articles_fts (articles_fts, rowid, title, text, cjk) VALUES ('delete', ?, ?, ?, ?)",
        _row(article_id, title, text),
    )


def rebuild_index(connection: sqlite3.Connection) -> None:
    """Index every article anew, since a contentless index cannot say what it holds; a millisecond an article."""
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    for article_id, title, text in connection.execute("SELECT id, title, text FROM articles"):
        index_article(connection, article_id, title, text)
