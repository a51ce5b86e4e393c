"""Which sources of some countries could be read in a span of time; read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from config.vocabulary import Role
from storage.model import to_text
from storage.rows import dump_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime

_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class ReadSource:
    """A source, whether a poll of it succeeded in that time, and if none did the fault that it has or had last."""

    name: str
    role: Role
    language: str | None
    country: str | None
    read: bool
    fault: str | None = None


_SQL = """
SELECT name, role, language, country,
       EXISTS (SELECT 1 FROM polls WHERE source_id = sources.id AND started_at >= :since AND started_at < :until
               AND outcome <> 'fault'),
       coalesce(fault, (SELECT fault FROM polls WHERE source_id = sources.id AND started_at >= :since
                        AND started_at < :until AND outcome = 'fault' ORDER BY started_at DESC LIMIT 1))
FROM sources WHERE active = 1 AND country IN (SELECT value FROM json_each(:countries))
ORDER BY role <> 'official', name COLLATE NOCASE LIMIT :most
"""


def sources_read(
    connection: sqlite3.Connection, countries: Collection[str], since: datetime, until: datetime
) -> tuple[ReadSource, ...]:
    """The sources of these countries, official ones first, with what became of them in [since, until)."""
    values = {
        "since": to_text(since),
        "until": to_text(until),
        "countries": dump_json(sorted(countries)),
        "most": _MOST,
    }
    return tuple(
        ReadSource(row[0], Role(row[1]), row[2], row[3], bool(row[4]), None if row[4] else row[5])
        for row in connection.execute(_SQL, values)
    )
