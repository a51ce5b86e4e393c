"""The health of each source: what it gave and when, what is wrong with it in words, and what to do."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from config.vocabulary import EndpointKind, Role
from storage.faults import FaultText, describe
from storage.health import Condition, Health, judge, lost_at, rhythm_of
from storage.model import FaultKind, Pace, PollOutcome, from_text, to_text
from storage.rows import dump_json
from storage.views_rows import moment, required
from storage.vitals import vitals_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

SHOWN_DAYS = 14
"""The days whose new entries are shown one by one."""


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
    """One poll as logged; of its `entries`, `cut` were seen before as they are and `known` by their address."""

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
    cut: int = 0
    known: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skips:
    """What polls were spared, in the order in which it is looked for; `polls` is how many there were.

    Over all sources `not_due` counts those that need not be asked right now.
    """

    polls: int
    not_modified: int
    same_body: int
    items_cut: int
    known_urls: int
    known_texts: int
    not_due: int = 0

    def told(self) -> tuple[tuple[str, int], ...]:
        """In words, to be put after each number."""
        numbered = (
            ("source not due", "sources not due", self.not_due),
            ("answer not modified", "answers not modified", self.not_modified),
            ("body as before", "bodies as before", self.same_body),
            ("item seen before", "items seen before", self.items_cut),
            ("known address", "known addresses", self.known_urls),
            ("known text", "known texts", self.known_texts),
        )
        return tuple((one if number == 1 else many, number) for one, many, number in numbered)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source with its state. `recent` polls are oldest first; `per_day` counts new entries, today last.

    `condition` says since when its state holds, why, and what to do. `rhythm` is how long it usually takes until
    something new comes, None while that is not known; `lost_at` when a failing source is, or will be, lost. It is asked
    every `paced` just now, for the reason `pace`; its host's turn comes at `held_until`, None when that is no later.
    """

    id: int
    name: str
    condition: Condition
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
    lost_at: datetime | None
    rhythm: timedelta | None
    pace: Pace
    paced: timedelta
    held_until: datetime | None
    skips: Skips
    endpoints: tuple[EndpointHealth, ...]
    recent: tuple[PollLine, ...]
    per_day: tuple[int, ...]

    @property
    def health(self) -> Health:
        """How it is, in one word."""
        return self.condition.health

    @property
    def delivers(self) -> EndpointHealth | None:
        """The endpoint that delivered last; None before any has."""
        return None if self.last_ok_at is None else next((one for one in self.endpoints if one.in_use), None)

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
  AND {wanted}
ORDER BY polls.started_at, polls.id
"""
_ENDPOINT = "source_id, position, kind, url, fault, fault_detail, fault_at"  # without the marks of seen items
_SKIPS = """
SELECT coalesce(sum(polled), 0), coalesce(sum(not_modified), 0), coalesce(sum(same_body), 0),
       coalesce(sum(items_cut), 0), coalesce(sum(known_urls), 0), coalesce(sum(known_texts), 0),
       count(*) FILTER (WHERE next_poll_at > ? AND NOT coalesce(json_extract(spec, '$.paused'), 0))
FROM sources WHERE active = 1
"""
_DAYS = "SELECT source_id, day, entries FROM source_days WHERE {wanted}"
_ENDPOINTS = f"SELECT {_ENDPOINT} FROM endpoints WHERE {{wanted}} ORDER BY source_id, position"  # noqa: S608 (constants)
_AMONG = "{column} IN (SELECT value FROM json_each(:ids))"


def list_sources(
    connection: sqlite3.Connection, now: datetime, *, polls: int = 40, removed: bool = False
) -> tuple[SourceHealth, ...]:
    """All configured sources by name, and the `removed` ones on request."""
    sql = "SELECT * FROM sources WHERE active = 1 OR ? ORDER BY name COLLATE NOCASE"
    rows = connection.execute(sql, (removed,)).fetchall()
    return _with_health(connection, rows, now, polls, None)


def sources_of(
    connection: sqlite3.Connection, ids: Sequence[int], now: datetime, *, polls: int = 40
) -> tuple[SourceHealth, ...]:
    """These sources, in the order of `ids`."""
    sql = f"SELECT * FROM sources WHERE {_AMONG.format(column='id')}"  # noqa: S608 (constants)
    rows = {row["id"]: row for row in connection.execute(sql, {"ids": dump_json(list(ids))})}
    return _with_health(connection, [rows[one] for one in ids if one in rows], now, polls, ids)


def get_source(
    connection: sqlite3.Connection, id_or_name: int | str, now: datetime, *, polls: int = 60
) -> SourceHealth:
    """One source by its id or its name; raises NotStoredError."""
    by_id = isinstance(id_or_name, int)
    sql = f"SELECT * FROM sources WHERE {'id' if by_id else 'name'} = ?"  # noqa: S608 (one of two constants)
    row = required(connection.execute(sql, (id_or_name,)).fetchone(), "source", id_or_name)
    return _with_health(connection, [row], now, polls, [row["id"]])[0]


def total_skips(connection: sqlite3.Connection, now: datetime) -> Skips:
    """Summed up over all configured sources."""
    return Skips(*connection.execute(_SKIPS, (to_text(now),)).fetchone())


def _with_health(
    connection: sqlite3.Connection, rows: Iterable[sqlite3.Row], now: datetime, polls: int, ids: Sequence[int] | None
) -> tuple[SourceHealth, ...]:
    """Of all sources, or of those with `ids`, which `rows` are."""
    values = {"polls": polls, "ids": dump_json(list(ids or ()))}
    own, of_source = ("1", "1") if ids is None else (_AMONG.format(column=one) for one in ("sources.id", "source_id"))
    recent: defaultdict[int, list[PollLine]] = defaultdict(list)
    for row in connection.execute(_RECENT.format(wanted=own), values):
        recent[row["source_id"]].append(poll_line(row))
    per_day: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for row in connection.execute(_DAYS.format(wanted=of_source), values):
        per_day[row["source_id"]][date.fromisoformat(row["day"])] = row["entries"]
    endpoints: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in connection.execute(_ENDPOINTS.format(wanted=of_source), values):
        endpoints[row["source_id"]].append(row)
    return tuple(
        _source(
            row,
            now,
            tuple(_endpoint(endpoint, row["position"]) for endpoint in endpoints[row["id"]]),
            tuple(recent[row["id"]]),
            per_day[row["id"]],
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
        cut=row["cut"],
        known=row["known"],
        notes=() if row["notes"] == "[]" else tuple(json.loads(row["notes"])),
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
    per_day: dict[date, int],
) -> SourceHealth:
    vitals = vitals_of(row)
    rhythm = rhythm_of(vitals, per_day)
    today = now.astimezone(UTC).date()
    return SourceHealth(
        id=row["id"],
        name=row["name"],
        condition=judge(vitals, per_day, now),
        role=Role(row["role"]),
        language=row["language"],
        country=row["country"],
        interval=vitals.interval,
        next_poll_at=vitals.next_poll_at,
        added_at=vitals.added_at,
        first_ok_at=vitals.first_ok_at,
        last_poll_at=vitals.last_poll_at,
        last_ok_at=vitals.last_ok_at,
        last_new_at=vitals.last_new_at,
        entries_seen=row["entries_seen"],
        failures=row["failures"],
        fault=vitals.fault,
        fault_detail=vitals.fault_detail,
        fault_since=vitals.fault_since,
        lost_at=lost_at(vitals),
        rhythm=None if rhythm is None else rhythm.gap,
        pace=Pace(row["pace"]),
        paced=vitals.interval if row["pace_s"] is None else timedelta(seconds=row["pace_s"]),
        held_until=from_text(row["held_until"]) if "9" > row["held_until"] > row["next_poll_at"] else None,
        skips=Skips(
            row["polled"],
            row["not_modified"],
            row["same_body"],
            row["items_cut"],
            row["known_urls"],
            row["known_texts"],
        ),
        endpoints=endpoints,
        recent=recent,
        per_day=tuple(per_day.get(today - timedelta(days=back), 0) for back in reversed(range(SHOWN_DAYS))),
    )
