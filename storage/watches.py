"""What each watch said when: an alert names the revision of the watch that fired it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

    from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class WatchRevision:
    """One state of a watch, as JSON of the configuration; `number` counts its states from 1."""

    watch: str
    number: int
    definition: str
    since: datetime


def sync_watches(db: Database, definitions: Mapping[str, str], now: datetime) -> None:
    """Note the watches that are new or changed since they were last noted; the others cost no write."""
    known = {
        watch: (number, definition)
        for watch, number, definition in db.execute(
            "SELECT watch, number, definition FROM watch_revisions ORDER BY number"
        )
    }
    nothing = (0, "")
    db.conn.executemany(
        "INSERT INTO watch_revisions (watch, number, definition, since) VALUES (?, ?, ?, ?)",
        [
            (watch, known.get(watch, nothing)[0] + 1, definition, to_text(now))
            for watch, definition in definitions.items()
            if known.get(watch, nothing)[1] != definition
        ],
    )


def watch_revision(row: sqlite3.Row) -> WatchRevision | None:
    """From a row with the columns of `watch_revisions` after `revision_`; None where nothing is noted."""
    if row["revision_number"] is None:
        return None
    return WatchRevision(
        row["revision_watch"], row["revision_number"], row["revision_definition"], from_text(row["revision_since"])
    )
