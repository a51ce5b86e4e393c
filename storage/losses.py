"""What is needed to tell of lost sources, and what was told: read for the decision, written with its alert."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from storage.health import Outage, WatchedSource, lost_at
from storage.model import from_text, to_text
from storage.rows import dump_json
from storage.runs import record_clock, set_note, write_decisions
from storage.views_rows import moment
from storage.vitals import vitals_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Alert, Decision, FaultKind

CLOCK: Final = "sources"
"""Rings with each message about lost sources."""
OUTAGE_NOTE: Final = "outage"

_CONCERNED = """
SELECT * FROM sources INDEXED BY sources_failing WHERE fault IS NOT NULL AND lost_told_at IS NULL AND active = 1
UNION ALL
SELECT * FROM sources INDEXED BY sources_told_lost WHERE lost_told_at IS NOT NULL
AND (:all OR fault IS NULL OR active = 0 OR json_extract(spec, '$.paused'))
ORDER BY name COLLATE NOCASE
"""
# Through the two partial indices, most of the time all but empty; SQLite would rather scan (22 ms at 100,000 sources).
_FLEET = """
SELECT count(*), max(last_ok_at) FROM sources
WHERE active = 1 AND NOT coalesce(json_extract(spec, '$.paused'), 0)
"""


def concerned_sources(connection: sqlite3.Connection, *, still_lost: bool = False) -> list[WatchedSource]:
    """Those at fault that nobody was told of, and those told as lost that are so no more, by name.

    With `still_lost` also those that were told and are lost still.
    """
    return [_watched(row) for row in connection.execute(_CONCERNED, {"all": still_lost})]


def fleet(connection: sqlite3.Connection) -> tuple[int, datetime | None]:
    """How many sources are watched, and when any of them was last read."""
    count, last_ok_at = connection.execute(_FLEET).fetchone()
    return count, moment(last_ok_at)


def find_outage(connection: sqlite3.Connection) -> Outage | None:
    """The outage of this machine that was told and is not over."""
    row = connection.execute("SELECT value FROM notes WHERE name = ?", [OUTAGE_NOTE]).fetchone()
    if row is None:
        return None
    value = json.loads(row[0])
    return Outage(from_text(value["since"]), from_text(value["told_at"]), moment(value["online_at"]))


def last_told_at(connection: sqlite3.Connection) -> datetime | None:
    """When the last message about lost sources was decided."""
    row = connection.execute("SELECT done_at FROM clocks WHERE name = ?", [CLOCK]).fetchone()
    return None if row is None else moment(row[0])


def record_losses(
    db: Database,
    now: datetime,
    *,
    alert: Alert | None,
    decisions: Iterable[Decision],
    lost: Collection[int],
    back: Collection[int],
    outage: Outage | None,
    wake: Collection[FaultKind] = (),
) -> list[int]:
    """Write what was decided in one transaction; returns the id of the alert, if there is a new one.

    `wake` are the faults whose sources are asked again now.
    """
    ids = []
    if alert is not None:
        ids = record_clock(db, CLOCK, now, [alert], decisions)
    else:
        write_decisions(db, decisions, {}, now)
    if lost:
        db.execute(
            "UPDATE sources SET lost_told_at = coalesce(lost_told_at, ?) WHERE id IN (SELECT value FROM json_each(?))",
            [to_text(now), dump_json(list(lost))],
        )
    if back:
        db.execute(
            "UPDATE sources SET lost_told_at = NULL WHERE id IN (SELECT value FROM json_each(?))",
            [dump_json(list(back))],
        )
    if wake:
        db.execute(
            "UPDATE sources SET next_poll_at = ? WHERE active = 1 AND next_poll_at > ?"
            " AND fault IN (SELECT value FROM json_each(?))",
            [to_text(now), to_text(now), dump_json([kind.value for kind in wake])],
        )
    if outage is None:
        set_note(db, OUTAGE_NOTE, None, now)
    else:
        online_at = to_text(outage.online_at) if outage.online_at else None
        told = {"since": to_text(outage.since), "told_at": to_text(outage.told_at), "online_at": online_at}
        set_note(db, OUTAGE_NOTE, told, now)
    return ids


def _watched(row: sqlite3.Row) -> WatchedSource:
    vitals = vitals_of(row)
    endpoints = json.loads(row["spec"]).get("endpoints") or [["", "", None]]
    return WatchedSource(
        id=row["id"],
        name=row["name"],
        host=urlsplit(endpoints[0][1]).netloc or row["name"],
        watched=vitals.active and not vitals.paused,
        fault=vitals.fault,
        fault_detail=vitals.fault_detail,
        fault_since=vitals.fault_since or vitals.last_poll_at or vitals.added_at,
        last_poll_at=vitals.last_poll_at or vitals.added_at,
        due_at=vitals.due_at,
        last_ok_at=vitals.last_ok_at,
        recovered_at=vitals.recovered_at,
        lost_at=lost_at(vitals),
        told_at=moment(row["lost_told_at"]),
    )
