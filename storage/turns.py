"""Whose turn it is: which of the sources that are due are taken, so that no host's crowd keeps the others waiting.

Works inside a transaction that the caller has opened on the writing connection.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from storage.model import to_text
from storage.rows import dump_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlite_utils import Database

NEVER: Final = "9999"
"""Sorts after every time: the turn of a paused source, which would otherwise be looked at and passed over for ever."""

_LOOKED_AT: Final = 20_000
"""Rows of crowded hosts that one look may pass over: 20 ms."""
_LEAST_GAP: Final = timedelta(milliseconds=2)

_FREE = (
    "active = 1 AND NOT coalesce(json_extract(spec, '$.paused'), 0) AND (leased_until IS NULL OR leased_until <= :now)"
)
# The index `sources_turn` holds this expression: what is due is read in its order and nothing else is looked at.
_DUE = (
    f"SELECT id, host, interval_s FROM sources WHERE {_FREE} AND max(next_poll_at, held_until) <= :now"  # noqa: S608 (constants)
    " ORDER BY max(next_poll_at, held_until)"
)


@dataclass(frozen=True, slots=True)
class Turns:
    """At most `per_host` sources of a host are taken at once, the `busy` ones among them; `gap` is between two."""

    per_host: int
    gap: timedelta = timedelta(0)
    busy: Mapping[str, int] = field(default_factory=dict)


def pick_due(db: Database, now: datetime, most: int, turns: Turns | None) -> list[int]:
    """Up to `most` sources that are due, longest overdue first; the others of a crowded host are put off.

    They wait about as long as it takes until all before them have had their turn, one interval at most; what a source
    is due at stays as it is, so that one which waits too long shows as late.
    """
    at = to_text(now)
    if turns is None:
        return [row[0] for row in db.execute(f"{_DUE} LIMIT :most", {"now": at, "most": most})]
    taken: list[int] = []
    held: list[tuple[str, int]] = []
    asked: Counter[str] = Counter(turns.busy)
    gaps = _gaps(db, turns)
    for source_id, host, interval_s in db.execute(_DUE, {"now": at}):
        if len(taken) >= most or len(held) >= _LOOKED_AT:
            break
        asked[host] += 1
        over = asked[host] - turns.per_host
        if over <= 0 or not host:
            taken.append(source_id)
        else:
            wait = min(max(gaps.get(host, turns.gap), _LEAST_GAP) * over, timedelta(seconds=interval_s))
            held.append((to_text(now + wait), source_id))
    db.conn.executemany("UPDATE sources SET held_until = ? WHERE id = ?", held)
    return taken


def _gaps(db: Database, turns: Turns) -> dict[str, timedelta]:
    """The learned gaps of the hosts that are busy: only a crowd's sources are held, and a crowd has begun already."""
    rows = db.execute(
        "SELECT host, max(delay_s, robots_delay_s) FROM hosts WHERE host IN (SELECT value FROM json_each(?))",
        [dump_json([host for host, count in turns.busy.items() if count >= turns.per_host])],
    )
    return {host: max(turns.gap, timedelta(seconds=gap)) for host, gap in rows}


def pick_named(
    db: Database, now: datetime, most: int, names: Sequence[str] | None, *, ignore_schedule: bool
) -> list[int]:
    """Sources that somebody asked for by name (None: all), whatever their host says."""
    where = _FREE
    if not ignore_schedule:
        where += " AND max(next_poll_at, held_until) <= :now"
    if names is not None:
        where += " AND name IN (SELECT value FROM json_each(:names))"
    sql = f"SELECT id FROM sources WHERE {where} ORDER BY next_poll_at LIMIT :most"  # noqa: S608 (the constants above)
    values = {"now": to_text(now), "most": most, "names": dump_json(list(names or ()))}
    return [row[0] for row in db.execute(sql, values)]


def hold_host(db: Database, host: str, until: datetime) -> int:
    """Let no source that has this host alone be asked before then; returns how many are held.

    One with an address elsewhere is asked there: this one is passed over then.
    """
    return db.execute(
        "UPDATE sources SET held_until = ? WHERE host = ? AND active = 1 AND held_until < ?"
        " AND NOT EXISTS (SELECT 1 FROM endpoints WHERE source_id = sources.id AND position > 0)",
        [to_text(until), host, to_text(until)],
    ).rowcount


def hasten(db: Database, names: Sequence[str], now: datetime, within: timedelta) -> int:
    """Bring the named sources forward so that each is due in that time, spread over it; returns how many.

    What their servers asked for, and what failed, waits on.
    """
    rows = db.execute(
        "SELECT id FROM sources WHERE active = 1 AND fault IS NULL AND next_poll_at > :latest"
        " AND name IN (SELECT value FROM json_each(:names))",
        {"latest": to_text(now + within), "names": dump_json(list(names))},
    ).fetchall()
    step = within / max(len(rows), 1)
    db.conn.executemany(
        "UPDATE sources SET next_poll_at = ?, pace = 'expected' WHERE id = ?",
        [(to_text(now + step * position), row[0]) for position, row in enumerate(rows)],
    )
    return len(rows)
