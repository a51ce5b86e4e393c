"""What copies add to the text that was seen first, as it is shown; read only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from storage.duplicates import Body, added_spans

if TYPE_CHECKING:
    import sqlite3

    from storage.views_rows import ArticleLine

_MOST = 50
"""Sentences listed of one copy; a longer piece around a text is better read."""

_TEXTS = """
SELECT copy.text, original.text FROM articles copy JOIN articles original ON original.id = copy.copy_of
WHERE copy.id = ? AND copy.text_hash <> original.text_hash
"""


class Additions:
    """What copies add to their originals, of many at once: what is made of an original serves all of its copies."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._originals: dict[int, Body] = {}

    def put(self, line: ArticleLine) -> ArticleLine:
        """The line with the sentences that its original has not; as it is when it is no copy, or one word for word."""
        if line.copy_of is None:
            return line
        row = self._connection.execute(_TEXTS, (line.id,)).fetchone()
        if row is None:
            return line
        copy, text = row
        original = self._originals.setdefault(line.copy_of, Body(text))
        spans = added_spans(Body(copy), [original])
        return replace(line, added=tuple(copy[start:end] for start, end in spans[:_MOST]))
