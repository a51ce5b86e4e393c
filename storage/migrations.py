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


SCHEMA_VERSION = len(MIGRATIONS._migrations)  # noqa: SLF001 (the set has no public length)
"""Kept in `PRAGMA user_version`, so that an older program knows a newer file at a glance."""
