"""Stored digests; read only. Writing one together with its deliveries is `storage.runs.record_digest`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.model import from_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredDigest:
    """A digest as it was decided; `content` is the JSON of `alerts.digest.DigestData`."""

    id: int
    name: str
    since: datetime
    until: datetime
    content: str


def find_digest(connection: sqlite3.Connection, digest_id: int) -> StoredDigest | None:
    """By id."""
    row = connection.execute(
        "SELECT id, name, since, until, content FROM digests WHERE id = ?", (digest_id,)
    ).fetchone()
    return StoredDigest(row[0], row[1], from_text(row[2]), from_text(row[3]), row[4]) if row else None


def last_digest_until(connection: sqlite3.Connection, name: str) -> datetime | None:
    """Where the last digest of this name ended, so that the next begins there."""
    row = connection.execute("SELECT max(until) FROM digests WHERE name = ?", (name,)).fetchone()
    return from_text(row[0]) if row[0] else None
