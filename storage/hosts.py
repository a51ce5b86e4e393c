"""What politeness has learned of hosts, kept over restarts: only of those that are slow, ask for a gap or refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.model import HostState, from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from sqlite_utils import Database

_COLUMNS = "host, delay_s, robots_delay_s, latency_s, back_off_until, refusals"


def find_host(connection: sqlite3.Connection, host: str) -> HostState | None:
    """What is kept of a host, if anything."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM hosts WHERE host = ?", (host,)).fetchone()  # noqa: S608 (constant)
    return None if row is None else _state(row)


def list_held(connection: sqlite3.Connection, now: datetime) -> tuple[HostState, ...]:
    """The hosts that are let alone at `now` because they refused, the longest first."""
    sql = f"SELECT {_COLUMNS} FROM hosts WHERE back_off_until > ? ORDER BY back_off_until DESC LIMIT 100"  # noqa: S608 (constant)
    return tuple(_state(row) for row in connection.execute(sql, (to_text(now),)))


def _state(row: sqlite3.Row) -> HostState:
    return HostState(
        host=row["host"],
        delay=timedelta(seconds=row["delay_s"]),
        robots_delay=timedelta(seconds=row["robots_delay_s"]),
        latency=None if row["latency_s"] is None else timedelta(seconds=row["latency_s"]),
        back_off_until=None if row["back_off_until"] is None else from_text(row["back_off_until"]),
        refusals=row["refusals"],
    )


def save_hosts(db: Database, states: Iterable[HostState], now: datetime) -> None:
    """Write what has changed; in a transaction of the caller's."""
    db.conn.executemany(
        f"INSERT INTO hosts ({_COLUMNS}, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 (constant)
        " ON CONFLICT (host) DO UPDATE SET delay_s = excluded.delay_s, robots_delay_s = excluded.robots_delay_s,"
        " latency_s = excluded.latency_s, back_off_until = excluded.back_off_until, refusals = excluded.refusals,"
        " updated_at = excluded.updated_at",
        [
            (
                one.host,
                one.delay.total_seconds(),
                one.robots_delay.total_seconds(),
                None if one.latency is None else one.latency.total_seconds(),
                None if one.back_off_until is None else to_text(one.back_off_until),
                one.refusals,
                to_text(now),
            )
            for one in states
        ],
    )


def prune_hosts(db: Database, before: datetime) -> int:
    """Forget what was learned before then and not since; returns how many hosts."""
    at = to_text(before)
    return db.execute("DELETE FROM hosts WHERE updated_at < ? AND coalesce(back_off_until, '') < ?", [at, at]).rowcount
