"""The state of every source in one word, quickly: most are well at a glance, the others are judged one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from storage.health import LEAST_SILENCE, RHYTHM_DAYS, THIN_DAYS, THIN_SHARE, Health, judge
from storage.model import to_text
from storage.turns import NEVER
from storage.vitals import vitals_of

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_WORST_FIRST: Final = {health: rank for rank, health in enumerate(Health)}


@dataclass(frozen=True, slots=True)
class SourceState:
    """A configured source and how it is."""

    id: int
    name: str
    health: Health


# What `judge` cannot call anything but well: it is due in the future, has no fault, gave something new in the last
# hours, and in the last whole days not so little that there could have been ten times as much before, which it is
# measured by over a week at least.
_AT_A_GLANCE = """
WITH thin AS MATERIALIZED (
  SELECT source_id FROM source_days WHERE day >= :start GROUP BY source_id
  HAVING coalesce(sum(entries) FILTER (WHERE day >= :recent AND day < :today), 0) * 7.0
         <= :share * :days * coalesce(sum(entries) FILTER (WHERE day < :recent), 0))
SELECT id, name, fault IS NULL AND next_poll_at >= :now AND held_until <> :never AND last_poll_at IS NOT NULL
       AND barren_since IS NULL AND coalesce(last_new_at, first_ok_at) >= :silent_before
       AND id NOT IN (SELECT source_id FROM thin) AS is_well
FROM sources WHERE active = 1
"""
_DAYS = "SELECT day, entries FROM source_days WHERE source_id = ?"


def judge_sources(connection: sqlite3.Connection, now: datetime) -> tuple[SourceState, ...]:
    """Of all configured sources, the worst first, then by name."""
    recent = now.date() - timedelta(days=THIN_DAYS)
    values = {
        "now": to_text(now),
        "never": NEVER,
        "silent_before": to_text(now - LEAST_SILENCE),
        "start": (recent - timedelta(days=RHYTHM_DAYS + 1)).isoformat(),
        "recent": recent.isoformat(),
        "today": now.date().isoformat(),
        "share": THIN_SHARE,
        "days": THIN_DAYS,
    }
    found = [
        SourceState(id_, name, Health.WELL if is_well else _judged(connection, id_, now))
        for id_, name, is_well in connection.execute(_AT_A_GLANCE, values)
    ]
    return tuple(sorted(found, key=lambda one: (_WORST_FIRST[one.health], one.name.casefold())))


def _judged(connection: sqlite3.Connection, source_id: int, now: datetime) -> Health:
    row = connection.execute("SELECT * FROM sources WHERE id = ?", (source_id,)).fetchone()
    days = {date.fromisoformat(day): entries for day, entries in connection.execute(_DAYS, (source_id,))}
    return judge(vitals_of(row), days, now).health
