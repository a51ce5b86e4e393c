"""What pruning would delete, for asking a person first; read only. `storage.keeping` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.keeping import GOES
from storage.model import to_text
from storage.views_rows import moment

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from storage.keeping import Bounds


@dataclass(frozen=True, slots=True)
class PrunableSource:
    """What would go of one source."""

    source: str
    articles: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Prunable:
    """Articles that are old and cited by nothing, old ones that are kept because something cites them, and poll logs.

    `bytes` counts title and text of those that would go. From `whole_from` on the archive stays as it is, but for the
    articles of the same instant; None when nothing would be left of it.
    """

    articles: int
    bytes: int
    oldest_at: datetime | None
    whole_from: datetime | None
    kept: int
    polls: int
    sources: tuple[PrunableSource, ...]


_SQL = f"""
WITH gone AS (
  SELECT source, seen_at, length(CAST(title AS BLOB)) + length(CAST(text AS BLOB)) AS bytes
  FROM articles a WHERE seen_at < :before AND {GOES}
  ORDER BY seen_at, id LIMIT :most
)
SELECT source, count(*) AS articles, sum(bytes) AS bytes, min(seen_at) AS oldest_at, max(seen_at) AS newest_at
FROM gone GROUP BY source ORDER BY bytes DESC, source
"""  # noqa: S608 (a constant)


def prunable(connection: sqlite3.Connection, bounds: Bounds | None, polls_before: datetime) -> Prunable:
    """What pruning by these bounds would delete now, the sources with most bytes first."""
    values = {"before": to_text(bounds.before) if bounds else "", "most": -1}
    if bounds and bounds.most is not None:
        values["most"] = bounds.most
    rows = connection.execute(_SQL, values).fetchall()
    newest = max((row["newest_at"] for row in rows), default="")
    articles = sum(row["articles"] for row in rows)
    reached = newest if bounds and bounds.most is not None else values["before"]
    old = connection.execute("SELECT count(*) FROM articles WHERE seen_at < ?", [reached]).fetchone()[0]
    whole = connection.execute("SELECT min(seen_at) FROM articles WHERE seen_at > ?", [newest]).fetchone()[0]
    polls = connection.execute("SELECT count(*) FROM polls WHERE started_at < ?", [to_text(polls_before)]).fetchone()[0]
    return Prunable(
        articles=articles,
        bytes=sum(row["bytes"] for row in rows),
        oldest_at=moment(min((row["oldest_at"] for row in rows), default=None)),
        whole_from=moment(whole),
        kept=max(0, old - articles),
        polls=polls,
        sources=tuple(PrunableSource(row["source"], row["articles"], row["bytes"]) for row in rows),
    )
