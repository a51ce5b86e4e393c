"""The tables and views that are exported as they are, row by row."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from config.redact import redact_urls
from storage.model import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import datetime

TABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alerts": "created_at",
        "alerts_with_evidence": "created_at",
        "claims": "at",
        "coverage_per_day": "day",
        "decisions": "at",
        "deliveries": "created_at",
        "digests": "created_at",
        "entries": "seen_at",
        "matches": "at",
        "meetings": "updated_at",
        "polls": "started_at",
        "revisions": "at",
        "runs": "started_at",
        "sources": "added_at",
        "status_changes": "at",
        "stories": "last_at",
        "watch_revisions": "since",
        "who_met_whom": "updated_at",
    }
)
"""By name, with the column that says when."""

_JSON: Final = frozenset(
    {"content", "cues", "definition", "notes", "originators", "participants", "payload", "spans", "spec"}
)
_PRIVATE: Final = frozenset({"sources", "polls", "deliveries", "entries"})
"""Their addresses may carry a password or a token, those of articles are what they are known by."""
_DAY: Final = len("2023-05-17")


def columns_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Their names, in order; `table` is one of TABLES."""
    return tuple(row["name"] for row in connection.execute(f"PRAGMA table_info({table})"))


def rows_of(
    connection: sqlite3.Connection, table: str, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Every row of one of TABLES in that time (None: open), with what is JSON read and secrets of addresses masked."""
    at = TABLES[table]
    width = _DAY if at == "day" else None
    bounds = {"since": to_text(since)[:width] if since else "", "until": to_text(until)[:width] if until else "9999"}
    sql = f"SELECT * FROM {table} WHERE {at} >= :since AND {at} < :until"  # noqa: S608 (both from TABLES)
    for row in connection.execute(sql, bounds):
        yield {name: _value(table, name, row[name]) for name in row.keys()}  # noqa: SIM118 (a row iterates its values)


def _value(table: str, column: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if table in _PRIVATE and "://" in value:
        value = redact_urls(value)
    if column in _JSON:
        try:
            return json.loads(value)
        except ValueError:  # a mask took a quotation mark with it
            return value
    return value
