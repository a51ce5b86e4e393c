"""Who has left which city, as articles tell it; goes with its article. Writing is done in the article's transaction."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from storage.model import Departure, Field, Span, ToldDeparture, from_text, to_text
from storage.rows import clean

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from sqlite_utils import Database


def write_departures(db: Database, departures: Iterable[Departure], article_id: int, at: datetime) -> None:
    """What an article tells, `at` the time of its publication or edit, in place of what it told before."""
    db.execute("DELETE FROM departures WHERE article_id = ?", [article_id])
    db.conn.executemany(
        "INSERT INTO departures (article_id, person, place, date, evidence, field, start, end, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                article_id,
                clean(one.person),
                clean(one.place),
                one.date.isoformat(),
                clean(one.evidence),
                one.span.field,
                one.span.start,
                one.span.end,
                to_text(at),
            )
            for one in departures
        ],
    )


def departures_since(connection: sqlite3.Connection, since: datetime) -> tuple[ToldDeparture, ...]:
    """Those told since then, the first told first. Reads only."""
    rows = connection.execute(
        "SELECT d.person, d.place, d.date, d.evidence, d.field, d.start, d.end, a.source, d.at FROM departures d"
        " JOIN articles a ON a.id = d.article_id WHERE d.at >= ? ORDER BY d.at, d.id",
        [to_text(since)],
    )
    return tuple(
        ToldDeparture(
            Departure(row[0], row[1], date.fromisoformat(row[2]), row[3], Span(Field(row[4]), row[5], row[6])),
            row[7],
            from_text(row[8]),
        )
        for row in rows
    )
