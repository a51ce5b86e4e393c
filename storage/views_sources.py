"""The health of each source: what it gave and when, what is wrong with it in words, and what to do."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from config.vocabulary import EndpointKind, Role
from storage.faults import FaultText, describe
from storage.model import FaultKind, PollOutcome, from_text, to_text
from storage.views_rows import moment, required

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

RHYTHM_DAYS = 14
"""The days over which a source's own rhythm is taken."""
_LATE_INTERVALS = 3
_SILENT_GAPS = 3
_LEAST_SILENCE = timedelta(hours=6)
_DAY = timedelta(days=1)


class Health(StrEnum):
    """How a source is, in one word; the worst first."""

    FAULT = "fault"  # the last poll failed
    LATE = "late"  # not tried for three intervals
    SILENT = "silent"  # answers, but gives nothing new against its own rhythm
    NEW = "new"  # not polled yet
    WELL = "well"
    PAUSED = "paused"
    REMOVED = "removed"  # no longer configured; its articles stay


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """One URL of a source; `in_use` marks the one that delivered last."""

    position: int
    kind: EndpointKind
    url: str
    in_use: bool
    fault: FaultKind | None
    fault_detail: str | None
    fault_at: datetime | None


@dataclass(frozen=True, slots=True)
class PollLine:
    """One poll as logged."""

    started_at: datetime
    took: timedelta
    url: str
    outcome: PollOutcome
    status: int | None
    size: int
    entries: int
    new_entries: int
    fault: FaultKind | None
    fault_detail: str | None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source with its state. `recent` polls are oldest first; `per_day` counts articles of the last days, today last.

    `silence` is how long it usually takes until something new comes, None while that is not known.
    """

    id: int
    name: str
    health: Health
    role: Role
    language: str | None
    country: str | None
    interval: timedelta
    next_poll_at: datetime
    added_at: datetime
    first_ok_at: datetime | None
    last_poll_at: datetime | None
    last_ok_at: datetime | None
    last_new_at: datetime | None
    entries_seen: int
    failures: int
    fault: FaultKind | None
    fault_detail: str | None
    fault_since: datetime | None
    silence: timedelta | None
    endpoints: tuple[EndpointHealth, ...]
    recent: tuple[PollLine, ...]
    per_day: tuple[int, ...]

    @property
    def fault_text(self) -> FaultText | None:
        """Words and remedy of the present fault."""
        return None if self.fault is None else describe(self.fault)

    @property
    def entries_per_day(self) -> float:
        """The mean over the days shown."""
        return sum(self.per_day) / len(self.per_day) if self.per_day else 0.0


_RECENT = """
SELECT polls.* FROM sources CROSS JOIN polls
WHERE polls.id IN (SELECT id FROM polls WHERE source_id = sources.id ORDER BY started_at DESC LIMIT :polls)
  AND (:id IS NULL OR sources.id = :id)
ORDER BY polls.started_at, polls.id
"""
# CROSS JOIN keeps the order: a covering range of articles_by_source for each source, instead of all articles.
_PER_DAY = """
SELECT sources.id, substr(articles.seen_at, 1, 10) AS day, count(*) AS n
FROM sources CROSS JOIN articles ON articles.source_id = sources.id AND articles.seen_at >= :since
WHERE :id IS NULL OR sources.id = :id
GROUP BY sources.id, day
"""


def list_sources(
    connection: sqlite3.Connection, now: datetime, *, polls: int = 40, removed: bool = False
) -> tuple[SourceHealth, ...]:
    """All configured sources by name, and the `removed` ones on request."""
    sql = "SELECT * FROM sources WHERE active = 1 OR ? ORDER BY name COLLATE NOCASE"
    rows = connection.execute(sql, (removed,)).fetchall()
    return _with_health(connection, rows, now, polls, None)


def get_source(
    connection: sqlite3.Connection, id_or_name: int | str, now: datetime, *, polls: int = 60
) -> SourceHealth:
    """One source by its id or its name; raises NotStoredError."""
    by_id = isinstance(id_or_name, int)
    sql = f"SELECT * FROM sources WHERE {'id' if by_id else 'name'} = ?"  # noqa: S608 (one of two constants)
    row = required(connection.execute(sql, (id_or_name,)).fetchone(), "source", id_or_name)
    return _with_health(connection, [row], now, polls, row["id"])[0]


def _with_health(
    connection: sqlite3.Connection, rows: Iterable[sqlite3.Row], now: datetime, polls: int, only: int | None
) -> tuple[SourceHealth, ...]:
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=n) for n in reversed(range(RHYTHM_DAYS))]
    since = to_text(datetime.combine(days[0], datetime.min.time(), UTC))
    recent: defaultdict[int, list[PollLine]] = defaultdict(list)
    for row in connection.execute(_RECENT, {"polls": polls, "id": only}):
        recent[row["source_id"]].append(poll_line(row))
    per_day: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for row in connection.execute(_PER_DAY, {"since": since, "id": only}):
        per_day[row["id"]][date.fromisoformat(row["day"])] = row["n"]
    endpoints: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
    sql = "SELECT * FROM endpoints WHERE ? IS NULL OR source_id = ? ORDER BY source_id, position"
    for row in connection.execute(sql, (only, only)):
        endpoints[row["source_id"]].append(row)
    return tuple(
        _source(
            row,
            now,
            tuple(_endpoint(endpoint, row["position"]) for endpoint in endpoints[row["id"]]),
            tuple(recent[row["id"]]),
            tuple(per_day[row["id"]].get(day, 0) for day in days),
        )
        for row in rows
    )


def poll_line(row: sqlite3.Row) -> PollLine:
    """From a whole row of `polls`."""
    return PollLine(
        started_at=from_text(row["started_at"]),
        took=timedelta(milliseconds=row["took_ms"]),
        url=row["url"],
        outcome=PollOutcome(row["outcome"]),
        status=row["status"],
        size=row["bytes"],
        entries=row["entries"],
        new_entries=row["new_entries"],
        fault=None if row["fault"] is None else FaultKind(row["fault"]),
        fault_detail=row["fault_detail"],
    )


def _endpoint(row: sqlite3.Row, position: int) -> EndpointHealth:
    return EndpointHealth(
        position=row["position"],
        kind=EndpointKind(row["kind"]),
        url=row["url"],
        in_use=row["position"] == position,
        fault=None if row["fault"] is None else FaultKind(row["fault"]),
        fault_detail=row["fault_detail"],
        fault_at=moment(row["fault_at"]),
    )


def _source(
    row: sqlite3.Row,
    now: datetime,
    endpoints: tuple[EndpointHealth, ...],
    recent: tuple[PollLine, ...],
    per_day: tuple[int, ...],
) -> SourceHealth:
    silence = usual_gap(per_day, moment(row["first_ok_at"]), now)
    return SourceHealth(
        id=row["id"],
        name=row["name"],
        health=health_of(row, now, silence),
        role=Role(row["role"]),
        language=row["language"],
        country=row["country"],
        interval=timedelta(seconds=row["interval_s"]),
        next_poll_at=from_text(row["next_poll_at"]),
        added_at=from_text(row["added_at"]),
        first_ok_at=moment(row["first_ok_at"]),
        last_poll_at=moment(row["last_poll_at"]),
        last_ok_at=moment(row["last_ok_at"]),
        last_new_at=moment(row["last_new_at"]),
        entries_seen=row["entries_seen"],
        failures=row["failures"],
        fault=None if row["fault"] is None else FaultKind(row["fault"]),
        fault_detail=row["fault_detail"],
        fault_since=moment(row["fault_since"]),
        silence=silence,
        endpoints=endpoints,
        recent=recent,
        per_day=per_day,
    )


def usual_gap(per_day: tuple[int, ...], first_ok_at: datetime | None, now: datetime) -> timedelta | None:
    """The mean time between two new articles over the days known; None before a day has passed or with nothing new."""
    known = timedelta(0) if first_ok_at is None else min(now - first_ok_at, timedelta(days=len(per_day)))
    total = sum(per_day)
    return known / total if total and known >= _DAY else None


def health_of(row: sqlite3.Row, now: datetime, silence: timedelta | None) -> Health:
    """A source's state from its row: a fault outranks lateness, lateness outranks silence."""
    late_after = _LATE_INTERVALS * timedelta(seconds=row["interval_s"])
    states = (
        (Health.REMOVED, not row["active"]),
        (Health.PAUSED, bool(json.loads(row["spec"]).get("paused"))),
        (Health.FAULT, row["fault"] is not None),
        (Health.LATE, now - from_text(row["next_poll_at"]) > late_after),
        (Health.NEW, row["last_poll_at"] is None),
        (Health.SILENT, _is_silent(moment(row["last_new_at"]), now, silence)),
    )
    return next((state for state, holds in states if holds), Health.WELL)


def _is_silent(last_new_at: datetime | None, now: datetime, silence: timedelta | None) -> bool:
    if silence is None or last_new_at is None:
        return False
    return now - last_new_at > max(_SILENT_GAPS * silence, _LEAST_SILENCE)
