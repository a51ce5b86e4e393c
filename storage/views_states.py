"""The states of all sources, quickly: most are well at a glance, the others are judged one by one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from storage.health import LATE_INTERVALS, LEAST_SILENCE, RHYTHM_DAYS, THIN_DAYS, THIN_SHARE, Health, judge
from storage.model import to_text
from storage.rows import dump_json
from storage.turns import NEVER
from storage.vitals import vitals_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Thinned:
    """The sources that may have gone thin by the days before `today`, which change no more."""

    today: date
    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class SourceStates:
    """How all configured sources are: `ids` of the worst first, then by name, and how many are in which state."""

    ids: tuple[int, ...]
    counts: Mapping[Health, int]
    thinned: Thinned


# What `judge` cannot call anything but well: it is not late, has no fault, gave something new in the last hours, and in
# the last whole days not so little that there could have been ten times as much before, which it is measured by over a
# week at least. And what it cannot call anything but late, as all are after a night without the daemon. What is within
# a second of being late is judged: SQLite counts time in floating days.
_THINNED = """
SELECT source_id FROM source_days WHERE day >= :start AND day < :today GROUP BY source_id
HAVING coalesce(sum(entries) FILTER (WHERE day >= :recent), 0) * 7.0
       <= :share * :days * coalesce(sum(entries) FILTER (WHERE day < :recent), 0)
"""
_LATENESS_S = """
CASE WHEN next_poll_at >= :now THEN -1e9
     ELSE (julianday(:now) - julianday(next_poll_at)) * 86400 - :late_intervals * interval_s END
"""
_IS_LATE = f"coalesce(fault IS NULL AND held_until <> :never AND {_LATENESS_S} > 1, 0)"
_IS_WELL = f"""
coalesce(fault IS NULL AND {_LATENESS_S} < -1 AND held_until <> :never AND last_poll_at IS NOT NULL
         AND barren_since IS NULL AND coalesce(last_new_at, first_ok_at) >= :silent_before
         AND id NOT IN (SELECT value FROM json_each(:thin)), 0)
"""  # noqa: S608 (constants)
_TO_JUDGE = f"SELECT * FROM sources WHERE active = 1 AND NOT {_IS_LATE} AND NOT {_IS_WELL}"  # noqa: S608 (constants)
_LATE = f"""
SELECT json_group_array(id) FROM (
  SELECT id FROM sources WHERE active = 1 AND ({_IS_LATE} OR id IN (SELECT value FROM json_each(:judged_late)))
  ORDER BY name COLLATE NOCASE)
"""  # noqa: S608 (constants)
_WELL = """
SELECT json_group_array(id) FROM (
  SELECT id FROM sources WHERE active = 1 AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY name COLLATE NOCASE)
"""
_DAYS = "SELECT day, entries FROM source_days WHERE source_id = ?"


def judge_sources(connection: sqlite3.Connection, now: datetime, known: Thinned | None = None) -> SourceStates:
    """The states at `now`; what is `known` of the same day need not be looked for again, which takes longest."""
    today = now.date()
    thinned = known if known is not None and known.today == today else _thinned(connection, today)
    values: dict[str, str | int] = {
        "now": to_text(now),
        "never": NEVER,
        "silent_before": to_text(now - LEAST_SILENCE),
        "thin": dump_json(sorted(thinned.ids)),
        "late_intervals": LATE_INTERVALS,
    }
    rows = sorted(connection.execute(_TO_JUDGE, values), key=lambda row: str(row["name"]).casefold())
    ids: dict[Health, list[int]] = {health: [] for health in Health}
    for row in rows:
        ids[_judged(connection, row, now)].append(row["id"])
    values["judged_late"] = dump_json(ids[Health.LATE])
    ids[Health.LATE] = json.loads(connection.execute(_LATE, values).fetchone()[0])
    unwell = [one for health, some in ids.items() if health is not Health.WELL for one in some]
    ids[Health.WELL] = json.loads(connection.execute(_WELL, (dump_json(unwell),)).fetchone()[0])
    counts = {health: len(some) for health, some in ids.items()}
    return SourceStates(tuple(chain.from_iterable(ids.values())), counts, thinned)


def _thinned(connection: sqlite3.Connection, today: date) -> Thinned:
    recent = today - timedelta(days=THIN_DAYS)
    values = {
        "start": (recent - timedelta(days=RHYTHM_DAYS + 1)).isoformat(),
        "recent": recent.isoformat(),
        "today": today.isoformat(),
        "share": THIN_SHARE,
        "days": THIN_DAYS,
    }
    return Thinned(today, frozenset(row[0] for row in connection.execute(_THINNED, values)))


def _judged(connection: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Health:
    # A fault is judged without the days: an outage may bring one to very many sources.
    found = () if row["fault"] is not None else connection.execute(_DAYS, (row["id"],))
    return judge(vitals_of(row), {date.fromisoformat(day): entries for day, entries in found}, now).health
