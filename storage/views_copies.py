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


def with_additions(connection: sqlite3.Connection, line: ArticleLine) -> ArticleLine:
    """The line with the sentences that its original has not; as it is when it is no copy, or one word for word."""
    if line.copy_of is None:
        return line
    row = connection.execute(_TEXTS, (line.id,)).fetchone()
    if row is None:
        return line
    copy, original = row
    spans = added_spans(Body(copy), [Body(original)])
    return replace(line, added=tuple(copy[start:end] for start, end in spans[:_MOST]))
