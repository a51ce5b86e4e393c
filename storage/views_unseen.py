"""Which sources could be read in a time, and which not, or only for part of it: what silence rests on. Read only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.faults import FaultText, describe
from storage.model import FaultKind, to_text
from storage.rows import dump_json
from storage.views_rows import moment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class UnseenSource:
    """A source that could not be read for all or part of the time. `wholly` means: not once.

    `fault` is the present fault or the last one of that time; None when it was paused or never tried.
    """

    name: str
    wholly: bool
    paused: bool
    fault: FaultKind | None
    detail: str | None
    since: datetime | None
    last_ok_at: datetime | None
    failed_polls: int

    @property
    def fault_text(self) -> FaultText | None:
        """Words and remedy."""
        return None if self.fault is None else describe(self.fault)


@dataclass(frozen=True, slots=True)
class UnseenCause:
    """Sources that could not be seen for the same cause: `count` of them, the first by name listed.

    `failed_polls` are those of all of them in that time.
    """

    sources: tuple[UnseenSource, ...]
    count: int
    failed_polls: int


@dataclass(frozen=True, slots=True)
class Sight:
    """How many sources there were, how many were `read` at least once, and which were unseen, by cause."""

    sources: int
    read: int
    causes: tuple[UnseenCause, ...] = ()

    @property
    def unseen(self) -> int:
        """How many could not be seen for all or part of the time."""
        return sum(cause.count for cause in self.causes)

    @property
    def listed(self) -> tuple[UnseenSource, ...]:
        """The unseen sources that are listed, those that were not read at all first, by name."""
        listed = [source for cause in self.causes for source in cause.sources]
        return tuple(sorted(listed, key=lambda source: (not source.wholly, source.name.casefold())))


# Most were read last in that very time, which says it without their polls; CASE looks at polls of none but the others.
_THERE = """
SELECT id, name, fault,
       CASE WHEN last_ok_at >= :since AND last_ok_at < :until THEN 1
            ELSE EXISTS (SELECT 1 FROM polls WHERE source_id = sources.id AND started_at >= :since
                         AND started_at < :until AND outcome <> 'fault') END AS is_read
FROM sources WHERE active = 1 AND added_at < :until
"""
_FAILED = """
SELECT source_id, count(*) AS failed, fault, fault_detail, max(started_at) FROM polls INDEXED BY polls_failed
WHERE started_at >= :since AND started_at < :until AND outcome = 'fault' {among} GROUP BY source_id
"""
_AMONG = "AND source_id IN (SELECT value FROM json_each(:ids))"
_SIGHT = f"""
WITH there AS MATERIALIZED ({_THERE}), failed AS MATERIALIZED ({_FAILED.format(among="")}),
unseen AS (
  SELECT id, name, is_read, coalesce(there.fault, failed.fault) AS fault, coalesce(failed, 0) AS failed,
         CASE WHEN is_read OR there.fault IS NOT NULL OR failed IS NOT NULL THEN 0 ELSE
           (SELECT coalesce(json_extract(spec, '$.paused'), 0) FROM sources WHERE id = there.id) END AS paused
  FROM there LEFT JOIN failed ON failed.source_id = there.id
  WHERE there.fault IS NOT NULL OR NOT is_read OR failed IS NOT NULL),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY is_read, paused, fault, failed > 0 ORDER BY name COLLATE NOCASE) AS place
  FROM unseen),
causes AS (
  SELECT is_read, count(*) AS count, sum(failed) AS failed,
         json_group_array(id) FILTER (WHERE :most IS NULL OR place <= :most) AS ids
  FROM placed GROUP BY is_read, paused, fault, failed > 0 ORDER BY is_read, min(name COLLATE NOCASE))
SELECT count(*), coalesce(sum(is_read), 0),
       (SELECT json_group_array(json_array(is_read, count, failed, json(ids))) FROM causes)
FROM there
"""  # noqa: S608 (constants)
_SOURCES = """
SELECT id, name, fault, fault_detail, fault_since, last_ok_at, coalesce(json_extract(spec, '$.paused'), 0) AS paused
FROM sources WHERE id IN (SELECT value FROM json_each(:ids))
"""


def sight_of(connection: sqlite3.Connection, since: datetime, until: datetime, most: int | None = None) -> Sight:
    """What could be seen in [since, until); of each cause the first `most` sources are listed, None: all.

    Causes come in the order of their first sources, those for which sources were not read at all before the others.
    """
    span = {"since": to_text(since), "until": to_text(until)}
    sources, read, found = connection.execute(_SIGHT, span | {"most": most}).fetchone()
    causes = json.loads(found)
    wanted = span | {"ids": dump_json([one for *_, ids in causes for one in ids])}
    failed = {row["source_id"]: row for row in connection.execute(_FAILED.format(among=_AMONG), wanted)}
    rows = {row["id"]: row for row in connection.execute(_SOURCES, {"ids": wanted["ids"]})}

    def listed(ids: Iterable[int], *, wholly: bool) -> tuple[UnseenSource, ...]:
        unseen = (_unseen(rows[one], failed.get(one), wholly=wholly) for one in ids)
        return tuple(sorted(unseen, key=lambda source: source.name.casefold()))

    return Sight(
        sources,
        read,
        tuple(UnseenCause(listed(ids, wholly=not is_read), count, polls) for is_read, count, polls, ids in causes),
    )


def _unseen(row: sqlite3.Row, failure: sqlite3.Row | None, *, wholly: bool) -> UnseenSource:
    fault, detail = row["fault"], row["fault_detail"]
    if fault is None and failure is not None:
        fault, detail = failure["fault"], failure["fault_detail"]
    return UnseenSource(
        name=row["name"],
        wholly=wholly,
        paused=bool(row["paused"]),
        fault=None if fault is None else FaultKind(fault),
        detail=detail,
        since=moment(row["fault_since"]),
        last_ok_at=moment(row["last_ok_at"]),
        failed_polls=0 if failure is None else int(failure["failed"]),
    )
