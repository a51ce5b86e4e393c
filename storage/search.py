"""The full-text index: what goes into it, and bigrams of the scripts that are written without spaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_CJK_RUN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


def cjk_bigrams(text: str) -> str:
    """All overlapping pairs of each run of Chinese, Japanese or Korean characters; a run of one gives itself."""
    pairs: list[str] = []
    for run in _CJK_RUN.findall(text):
        pairs.extend(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    return " ".join(pairs)


def index_article(connection: sqlite3.Connection, article_id: int, title: str, text: str) -> None:
    """Add one article to the contentless index."""
    connection.execute(
        "INSERT INTO articles_fts (rowid, title, text, cjk) VALUES (?, ?, ?, ?)",
        (article_id, title, text, cjk_bigrams(f"{title}\n{text}")),
    )


def unindex_article(connection: sqlite3.Connection, article_id: int, title: str, text: str) -> None:
    """Take it out again; a contentless index must be given exactly what went in."""
    connection.execute(
        "INSERT INTO articles_fts (articles_fts, rowid, title, text, cjk) VALUES ('delete', ?, ?, ?, ?)",
        (article_id, title, text, cjk_bigrams(f"{title}\n{text}")),
    )
