"""What pruning would delete, for asking a person first; read only. `storage.runs.prune` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import to_text
from storage.views_rows import moment

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Prunable:
    """Articles that are old and cited by nothing, old ones that are kept because something cites them, and poll logs.

    `characters` counts the text of those that would go.
    """

    articles: int
    characters: int
    oldest_at: datetime | None
    kept: int
    polls: int


# The conditions are those of storage.runs.prune; a test holds the two together.
_SQL = """
WITH old AS (
  SELECT seen_at, length(title) + length(text) AS characters,
         NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.article_id = a.id)
     AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.article_id = a.id)
     AND NOT EXISTS (SELECT 1 FROM articles c WHERE c.copy_of = a.id AND c.seen_at >= :before) AS goes
  FROM articles a WHERE seen_at < :before
)
SELECT count(*) FILTER (WHERE goes) AS articles,
       coalesce(sum(characters) FILTER (WHERE goes), 0) AS characters,
       min(seen_at) FILTER (WHERE goes) AS oldest_at,
       count(*) FILTER (WHERE NOT goes) AS kept,
       (SELECT count(*) FROM polls WHERE started_at < :polls_before) AS polls
FROM old
"""


def prunable(connection: sqlite3.Connection, before: datetime, polls_before: datetime) -> Prunable:
    """What `prune` with the same bounds would delete now."""
    values = {"before": to_text(before), "polls_before": to_text(polls_before)}
    row = connection.execute(_SQL, values).fetchone()
    return Prunable(
        articles=row["articles"],
        characters=row["characters"],
        oldest_at=moment(row["oldest_at"]),
        kept=row["kept"],
        polls=row["polls"],
    )
