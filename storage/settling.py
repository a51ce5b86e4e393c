"""What the articles of one transaction leave to its end, where it costs a fraction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search import index_waiting
from storage.shingles import merge_shingles
from storage.stories import end_with

if TYPE_CHECKING:
    from sqlite_utils import Database


def settle(db: Database) -> None:
    """To be called before a transaction commits."""
    end_with(db, index_waiting(db.conn))
    merge_shingles(db)
