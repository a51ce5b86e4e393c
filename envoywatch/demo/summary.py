"""The demo's last lines: what the replay found, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.views_counts import alerts_by_kind, count_articles, meetings_by_status

if TYPE_CHECKING:
    import sqlite3


def summarise(connection: sqlite3.Connection) -> dict[str, object]:
    """Articles, copies, meetings by status and alerts by kind."""
    articles, copies = count_articles(connection)
    return {
        "articles": articles,
        "copies": copies,
        "meetings": meetings_by_status(connection),
        "alerts": alerts_by_kind(connection),
    }
