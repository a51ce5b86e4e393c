"""How an article changed since it was first read, as it is shown: which sentences went and which came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.identity import fold
from storage.model import from_text
from storage.sentences import sentence_spans

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_MOST = 50
"""Sentences listed of an edit; a page that was written anew is better read than compared."""


@dataclass(frozen=True, slots=True)
class RevisionView:
    """What an article said from `at` on, and how that differs from what it said before.

    `text` is None when only the title changed. `gone` and `added` are the sentences, the first ones of many.
    """

    id: int
    at: datetime
    title: str
    title_before: str
    text: str | None
    text_hash: str
    gone: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def is_retitled(self) -> bool:
        """Whether the title changed."""
        return self.title != self.title_before


def revisions_of(connection: sqlite3.Connection, article_id: int) -> tuple[RevisionView, ...]:
    """Oldest first."""
    sql = "SELECT title, text FROM articles WHERE id = ?"
    title, text = connection.execute(sql, (article_id,)).fetchone() or ("", "")
    found = []
    for row in connection.execute("SELECT * FROM revisions WHERE article_id = ? ORDER BY id", (article_id,)):
        now = text if row["text"] is None else row["text"]
        gone, added = edits(text, now)
        at = from_text(row["at"])
        found.append(RevisionView(row["id"], at, row["title"], title, row["text"], row["text_hash"], gone, added))
        title, text = row["title"], now
    return tuple(found)


def edits(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences that are gone and those that are new, in their order; what only moved or was spaced is neither."""
    ours, theirs = _sentences(before), _sentences(after)
    keys, other_keys = [fold(one) for one in ours], [fold(one) for one in theirs]
    before_keys, after_keys = set(keys), set(other_keys)
    gone = [one for one, key in zip(ours, keys, strict=True) if key not in after_keys]
    added = [one for one, key in zip(theirs, other_keys, strict=True) if key not in before_keys]
    return tuple(gone[:_MOST]), tuple(added[:_MOST])


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]
