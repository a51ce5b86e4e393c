"""What strains the whole operation, as far as the database shows it: sources, outbox and schedule. Reads only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from storage.model import from_text, to_text
from storage.runs import record_clock, set_note, write_decisions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Alert, Decision

CLOCK: Final = "strains"
NOTE: Final = "strains"
"""What the operator was told of and when, by kind."""


def failing_sources(connection: sqlite3.Connection) -> int:
    """How many configured sources fail."""
    row = connection.execute("SELECT count(*) FROM sources WHERE active = 1 AND fault IS NOT NULL").fetchone()
    return int(row[0])


def failing_untold(connection: sqlite3.Connection, since: datetime) -> list[str]:
    """Names of sources that fail since then or longer and that nobody was told of as lost, the longest first."""
    rows = connection.execute(
        "SELECT name FROM sources INDEXED BY sources_failing WHERE fault IS NOT NULL AND lost_told_at IS NULL"
        " AND active = 1 AND fault_since <= ? AND NOT coalesce(json_extract(spec, '$.paused'), 0)"
        " ORDER BY fault_since, name",
        [to_text(since)],
    )
    return [row[0] for row in rows]


def waiting_deliveries(connection: sqlite3.Connection, before: datetime) -> tuple[int, datetime | None, list[str]]:
    """How many messages should have gone out before then and did not, since when, and through which channels.

    One that is held through quiet hours, or told later by its watch, is not yet due and does not wait.
    """
    rows = connection.execute(
        "SELECT channel, min(created_at), count(*) FROM deliveries WHERE state = 'due'"
        " AND (due_at <= :before OR (attempts > 0 AND created_at <= :before)) GROUP BY channel ORDER BY 2",
        {"before": to_text(before)},
    ).fetchall()
    since = from_text(rows[0][1]) if rows else None
    return sum(row[2] for row in rows), since, [row[0] for row in rows]


def late_sources(connection: sqlite3.Connection, before: datetime, now: datetime) -> int:
    """How many sources whose turn came before then nobody has asked yet, nor asks right now."""
    row = connection.execute(
        "SELECT count(*) FROM sources WHERE active = 1 AND max(next_poll_at, held_until) <= :before"
        " AND (leased_until IS NULL OR leased_until <= :now)"
        " AND NOT coalesce(json_extract(spec, '$.paused'), 0)",
        {"before": to_text(before), "now": to_text(now)},
    ).fetchone()
    return int(row[0])


def told_strains(connection: sqlite3.Connection) -> dict[str, datetime]:
    """By kind when the operator was last told of a strain that lasts."""
    row = connection.execute("SELECT value FROM notes WHERE name = ?", [NOTE]).fetchone()
    return {} if row is None else {kind: from_text(at) for kind, at in json.loads(row[0]).items()}


def record_strains(
    db: Database, now: datetime, alerts: Collection[Alert], decisions: Collection[Decision], told: dict[str, datetime]
) -> list[int]:
    """Write what is told with the note of what was told, together; the ids of the new alerts."""
    ids = record_clock(db, CLOCK, now, alerts, decisions) if alerts else []
    if not alerts:
        write_decisions(db, decisions, {}, now)
    set_note(db, NOTE, {kind: to_text(at) for kind, at in told.items()} or None, now)
    return ids
