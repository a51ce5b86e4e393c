"""The numbered steps from an empty file to the present schema, applied in one transaction under the writer's lock."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = Migrations("envoywatch")


@MIGRATIONS(name="0001_first")
def _first(db: Database) -> None:
    db.executescript(resources.files("storage").joinpath("schema.sql").read_text(encoding="utf-8"))


@MIGRATIONS(name="0002_skips")
def _skips(db: Database) -> None:
    """Marks of the items that were seen, what an endpoint's validators proved, and how often what was skipped."""
    for column in ("seen BLOB", "proof TEXT NOT NULL DEFAULT '{}'"):
        db.execute(f"ALTER TABLE endpoints ADD COLUMN {column}")
    for column in ("cut", "known"):
        db.execute(f"ALTER TABLE polls ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    for column in ("polled", "not_modified", "same_body", "items_cut", "known_urls", "known_texts"):
        db.execute(f"ALTER TABLE sources ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0003_endpoints")
def _endpoints(db: Database) -> None:
    """How often an endpoint failed in a row, until when it rests, whether it ever delivered, what its page taught."""
    for column in ("failures INTEGER NOT NULL DEFAULT 0", "retry_at TEXT", "first_ok_at TEXT", "memory TEXT"):
        db.execute(f"ALTER TABLE endpoints ADD COLUMN {column}")
    db.execute(
        "UPDATE endpoints SET first_ok_at = (SELECT first_ok_at FROM sources WHERE id = source_id)"
        " WHERE body_hash IS NOT NULL OR position = (SELECT position FROM sources WHERE id = source_id)"
    )


SCHEMA_VERSION = len(MIGRATIONS._migrations)  # noqa: SLF001 (the set has no public length)
"""Kept in `PRAGMA user_version`, so that an older program knows a newer file at a glance."""
