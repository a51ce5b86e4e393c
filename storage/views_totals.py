"""The whole at a glance: counts, the running daemon, the database itself, and what each watch yields."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.keeping import space
from storage.model import from_text, to_text
from storage.views_rows import moment

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is of everything. `oldest_due_at` is the delivery that has waited longest."""

    sources: int
    sources_with_fault: int
    sources_paused: int
    entries_pending: int
    articles: int
    claims: int
    meetings: int
    alerts: int
    alerts_to_review: int
    deliveries_due: int
    deliveries_parked: int
    deliveries_dead: int
    oldest_due_at: datetime | None
    last_poll_at: datetime | None
    last_ok_at: datetime | None
    next_poll_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attention:
    """What a person should know on every page; cheap to ask, however large the archive."""

    sources: int
    sources_with_fault: int
    alerts_to_review: int
    deliveries_stuck: int


@dataclass(frozen=True, slots=True)
class Run:
    """One start of a daemon; `ended_at` is None while it runs or after an unclean end."""

    started_at: datetime
    ended_at: datetime | None
    heartbeat_at: datetime
    pid: int
    host: str
    version: str
    note: str


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The file, its sizes in bytes, and the SQLite that reads it; `free` pages of it are written again."""

    path: Path | None
    size: int
    free: int
    wal_size: int
    per_article: float
    sqlite_version: str


@dataclass(frozen=True, slots=True)
class WatchActivity:
    """What a watch yields: matches a day (today last), and how its alerts were reviewed, by review."""

    watch: str
    per_day: tuple[int, ...]
    last_match_at: datetime | None
    alerts: int
    reviews: Mapping[str, int]


_TOTALS = """
SELECT about.*,
  (SELECT count(*) FROM entries WHERE state = 'pending') AS entries_pending,
  (SELECT count(*) FROM articles) AS articles,
  (SELECT count(*) FROM claims) AS claims,
  (SELECT count(*) FROM meetings) AS meetings,
  (SELECT count(*) FROM alerts) AS alerts,
  (SELECT count(*) FROM alerts WHERE review IS NULL AND kind <> 'test') AS alerts_to_review,
  (SELECT count(*) FROM deliveries WHERE state = 'due') AS deliveries_due,
  (SELECT count(*) FROM deliveries WHERE state = 'parked') AS deliveries_parked,
  (SELECT count(*) FROM deliveries WHERE state = 'dead') AS deliveries_dead,
  (SELECT min(created_at) FROM deliveries WHERE state = 'due') AS oldest_due_at
FROM (SELECT count(*) AS sources, count(fault) AS sources_with_fault,
             coalesce(sum(json_extract(spec, '$.paused')), 0) AS sources_paused,
             max(last_poll_at) AS last_poll_at, max(last_ok_at) AS last_ok_at, min(next_poll_at) AS next_poll_at
      FROM sources WHERE active = 1) AS about
"""
_TIMES = ("oldest_due_at", "last_poll_at", "last_ok_at", "next_poll_at")


def totals(connection: sqlite3.Connection) -> Totals:
    """Counts over the whole database."""
    values: dict[str, Any] = dict(connection.execute(_TOTALS).fetchone())
    values.update({name: moment(values[name]) for name in _TIMES})
    return Totals(**values)


def attention(connection: sqlite3.Connection) -> Attention:
    """The few counts that stand on every page. Stuck deliveries are those that no longer go by themselves."""
    sql = """
    SELECT
      (SELECT count(*) FROM sources WHERE active = 1) AS sources,
      (SELECT count(*) FROM sources WHERE active = 1 AND fault IS NOT NULL) AS sources_with_fault,
      (SELECT count(*) FROM alerts WHERE review IS NULL AND kind <> 'test') AS alerts_to_review,
      (SELECT count(*) FROM deliveries WHERE state IN ('parked', 'dead')) AS deliveries_stuck
    """
    return Attention(**dict(connection.execute(sql).fetchone()))


def find_last_run(connection: sqlite3.Connection) -> Run | None:
    """The daemon started last, running or not; None when none ever ran."""
    row = connection.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    if row is None:
        return None
    return Run(
        started_at=from_text(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        heartbeat_at=from_text(row["heartbeat_at"]),
        pid=row["pid"],
        host=row["host"],
        version=row["version"],
        note=row["note"],
    )


def list_notes(connection: sqlite3.Connection) -> Mapping[str, str]:
    """What the running daemon wants others to know, by name."""
    return {row["name"]: row["value"] for row in connection.execute("SELECT name, value FROM notes ORDER BY name")}


def database_facts(connection: sqlite3.Connection) -> DatabaseFacts:
    """Where the database lies and how large it and its write-ahead log are."""
    name = next((row["file"] for row in connection.execute("PRAGMA database_list") if row["name"] == "main"), "")
    path = Path(name) if name else None
    wal = None if path is None else path.with_name(path.name + "-wal")
    held = space(connection)
    wal_size = wal.stat().st_size if wal is not None and wal.exists() else 0
    return DatabaseFacts(path, held.size, held.free, wal_size, held.per_article, sqlite3.sqlite_version)


def watch_activity(connection: sqlite3.Connection, now: datetime, *, days: int = 14) -> tuple[WatchActivity, ...]:
    """Every watch that ever matched or alerted, by name."""
    today = now.astimezone(UTC).date()
    span = [today - timedelta(days=n) for n in reversed(range(days))]
    since = to_text(datetime.combine(span[0], datetime.min.time(), UTC))
    per_day: dict[str, dict[date, int]] = {}
    sql = "SELECT watch, substr(at, 1, 10) AS day, count(*) AS n FROM matches WHERE at >= ? GROUP BY watch, day"
    for row in connection.execute(sql, (since,)):
        per_day.setdefault(row["watch"], {})[date.fromisoformat(row["day"])] = row["n"]
    last = {
        row["watch"]: from_text(row["at"])
        for row in connection.execute("SELECT watch, max(at) AS at FROM matches GROUP BY watch")
    }
    reviews: dict[str, dict[str, int]] = {}
    sql = """
    SELECT watch, coalesce(review, '') AS review, count(*) AS n FROM alerts
    WHERE watch IS NOT NULL GROUP BY watch, review
    """
    for row in connection.execute(sql):
        reviews.setdefault(row["watch"], {})[row["review"]] = row["n"]
    return tuple(
        WatchActivity(
            watch=watch,
            per_day=tuple(per_day.get(watch, {}).get(day, 0) for day in span),
            last_match_at=last.get(watch),
            alerts=sum(reviews.get(watch, {}).values()),
            reviews={review: n for review, n in reviews.get(watch, {}).items() if review},
        )
        for watch in sorted({*last, *reviews}, key=str.casefold)
    )


def people_activity(connection: sqlite3.Connection) -> Mapping[str, int]:
    """How many meetings of the ledger each participant is in, the busiest first."""
    sql = "SELECT person, count(*) AS n FROM meeting_people GROUP BY person ORDER BY n DESC, person"
    return {row["person"]: row["n"] for row in connection.execute(sql)}
