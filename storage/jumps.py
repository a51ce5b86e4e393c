"""After the clock on the wall was set back: what waits for a time that was told by the clock before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.model import to_text
from storage.turns import NEVER

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlite_utils import Database

_WAITING: Final = (
    ("sources", "next_poll_at", "active = 1"),
    ("sources", "held_until", "active = 1"),
    ("sources", "leased_until", "1"),
    ("endpoints", "retry_at", "1"),
    ("entries", "due_at", "state = 'pending'"),
    ("entries", "leased_until", "state = 'pending'"),
    # What waits for its first try is held until a time of day, which is another's to say.
    ("deliveries", "due_at", "state = 'due' AND attempts > 0"),
    ("deliveries", "leased_until", "state = 'due'"),
    ("rereads", "due_at", "1"),
    ("rereads", "leased_until", "1"),
    ("hosts", "back_off_until", "1"),
)
"""Waits of a certain length, and whose: a wait until a time of day, as a digest's, goes by the new clock."""


def pull_back(db: Database, now: datetime, by: timedelta) -> int:
    """Bring what lies ahead forward by what the clock was set back, not before `now`; how many rows were changed."""
    changed = 0
    for table, column, where in _WAITING:
        changed += db.execute(
            f"UPDATE {table} SET {column} = max(:now, strftime('%Y-%m-%dT%H:%M:%f', {column}, :by) || '000Z')"  # noqa: S608 (the constants above)
            f" WHERE {where} AND {column} > :now AND {column} < :never",
            {"now": to_text(now), "by": f"-{by.total_seconds():.3f} seconds", "never": NEVER},
        ).rowcount
    return changed
