"""The ledger's rows: the meetings around a claim with the reports behind them, and what becomes of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from config.vocabulary import Level, Role, Status
from storage.model import Claim, Field, Meeting, Report, Span, from_text, to_text
from storage.rows import clean, cues_from_json, dump_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlite_utils import Database

    from storage.model import Outcome

LEDGER_WINDOW: Final = timedelta(days=60)
"""How far before what it tells of a claim looks for the meeting that it is about; older ones are history."""

_REACH: Final = timedelta(days=6)
_OPEN_REACH: Final = timedelta(days=31)
_NEAR: Final = timedelta(days=3)
"""How far from its days a claim may be of a meeting: a little more than `alerts.ledger` allows."""

_DAY: Final = len("2023-05-17")

_MEETING: Final = (
    "SELECT m.key, m.participants, m.level, m.status, m.date, m.place, m.first_reported_at, m.updated_at, m.reports,"
    " m.confirmed, m.disputed, m.id, m.originators, m.confirmed_by, m.told_at FROM meetings m"
)


_OF_PART: Final = "meeting_id = :of_id AND claim_id IN (SELECT id FROM claims WHERE meeting_id = :part_id)"
_TOLD_BEFORE: Final = (
    "INSERT OR IGNORE INTO told_before (key, meeting_id, watch, urgency)"
    " SELECT replace(key, :from, :to), :to_id, watch, urgency FROM alerts WHERE meeting_id = :of_id"
)
_PARTING: Final = (
    f"UPDATE OR IGNORE alerts SET key = replace(key, :of, :part), meeting_id = :part_id WHERE {_OF_PART}",  # noqa: S608 (a constant)
    f"UPDATE status_changes SET meeting_id = :part_id WHERE {_OF_PART}",  # noqa: S608 (a constant)
)


# ---------------------------------------------------------------- what there is


def ledger_around(
    db: Database, claims: Sequence[Claim], at: datetime
) -> tuple[tuple[Meeting, ...], tuple[Report, ...]]:
    """The meetings that claims told at that time may be about or may decide about, and all reports of these that stand.

    What was told later is entered once more after them (`alerts.ledger`): its meetings, and theirs, belong to it.
    Meetings of other days than any of these claims are left out as soon as that is certain.
    """
    told = {_Subject.of(claim.participants, claim.date, at, at) for claim in claims}
    told = {one for one in told if one.people}
    while told:
        names = sorted({name for one in told for name in one.people})
        meetings = meetings_of(db, names, _since(min(one.first for one in told)))
        said = _said(db, [meeting.key for meeting in meetings])
        subjects: dict[str, list[_Subject]] = {}
        for key, subject in said:
            subjects.setdefault(key, []).append(subject)
        around = [meeting for meeting in meetings if _may_concern(meeting, subjects.get(meeting.key, []), told, at)]
        wider = told | {one for meeting in around for one in subjects.get(meeting.key, []) if one.last_at >= at}
        if wider == told:
            keys = dump_json([meeting.key for meeting in around])
            return tuple(around), reports_where(db, "m.key IN (SELECT value FROM json_each(?))", [keys])
        told = wider
    return (), ()


class _Subject(NamedTuple):
    """Who was named together, from which day to which that was told or told of, and when it was told last."""

    people: frozenset[str]
    first: date
    last: date
    last_at: datetime

    @classmethod
    def of(cls, participants: Iterable[str], day: date | None, first_at: datetime, last_at: datetime) -> _Subject:
        people = frozenset(clean(name) for name in participants if not name.startswith("["))
        days = [first_at.date(), last_at.date(), *([day] if day else [])]
        return cls(people, min(days), max(days), last_at)


def _may_concern(meeting: Meeting, said: Sequence[_Subject], told: Collection[_Subject], at: datetime) -> bool:
    """Whether any of these claims may be of that meeting; it certainly is not when other people or days are told of.

    One that was told of later than `at` counts as soon as the people fit, since its days may change.
    """
    is_settled = bool(said) and max(one.last_at for one in said) < at
    days = [meeting.first_reported_at.date(), meeting.updated_at.date(), *([meeting.date] if meeting.date else [])]
    theirs = {one.people for one in said} or {_people(meeting.participants)}
    is_open = meeting.status not in {Status.HELD, Status.UNDER_WAY, Status.REMOTE}

    def may_be(claim: _Subject, people: frozenset[str]) -> bool:
        if not (people <= claim.people or claim.people <= people):
            return False
        reach = _OPEN_REACH if is_open else _REACH
        if min(len(people), len(claim.people)) == 1 and len(people | claim.people) > 1:
            reach = _NEAR  # one name beside others is of the same meeting only on its day
        return not is_settled or (claim.first - reach <= max(days) and min(days) <= claim.last + reach)

    return any(may_be(claim, people) for claim in told for people in theirs)


def _people(participants: Iterable[str]) -> frozenset[str]:
    return frozenset(clean(name) for name in participants if not name.startswith("["))


def _since(day: date) -> datetime:
    """An old meeting told anew must be found, not made again."""
    floor = date.min + 2 * LEDGER_WINDOW  # the first days of the calendar have none before them
    return datetime.combine(max(day, floor), time(), UTC) - LEDGER_WINDOW


def _said(db: Database, keys: Collection[str]) -> list[tuple[str, _Subject]]:
    """For each of these meetings who was named together, and when."""
    rows = db.execute(
        "SELECT m.key, c.participants, min(iif(c.revision_id IS NULL, a.published_at, c.at)),"
        " max(iif(c.revision_id IS NULL, a.published_at, c.at)), min(c.date), max(c.date)"
        " FROM claims c JOIN meetings m ON m.id = c.meeting_id JOIN articles a ON a.id = c.article_id"
        " WHERE c.status <> ? AND c.withdrawn_at IS NULL AND m.key IN (SELECT value FROM json_each(?)) GROUP BY 1, 2",
        [Status.BACKGROUND, dump_json(list(keys))],
    )
    return [
        (
            key,
            _Subject(
                _stored_people(names),
                date.fromisoformat(min(filter(None, (first_at[:_DAY], first)))),
                date.fromisoformat(max(filter(None, (last_at[:_DAY], last)))),
                from_text(last_at),
            ),
        )
        for key, names, first_at, last_at, first, last in rows
    ]


@lru_cache(maxsize=8192)
def _labels(text: str) -> tuple[str, ...]:
    """A stored list of names; a few hundred of them stand in thousands of rows."""
    return tuple(json.loads(text))


@lru_cache(maxsize=8192)
def _stored_people(text: str) -> frozenset[str]:
    return _people(_labels(text))


def meetings_of(db: Database, people: Sequence[str], since: datetime) -> tuple[Meeting, ...]:
    """Meetings in which any of these people takes part and of which something was heard after `since`; oldest first."""
    rows = db.execute(
        f"{_MEETING} WHERE m.updated_at >= ?"  # noqa: S608 (a constant)
        " AND m.id IN (SELECT meeting_id FROM meeting_people WHERE person IN (SELECT value FROM json_each(?)))"
        " ORDER BY m.id",
        [to_text(since), dump_json([clean(name) for name in people])],
    )
    return tuple(_meeting(row) for row in rows)


def meetings_since(connection: sqlite3.Connection, since: datetime) -> tuple[Meeting, ...]:
    """All meetings of which something was heard after `since`; oldest first. Reads only."""
    return tuple(
        _meeting(row)
        for row in connection.execute(f"{_MEETING} WHERE m.updated_at >= ? ORDER BY m.id", [to_text(since)])
    )


def scheduled_between(connection: sqlite3.Connection, first: date, last: date) -> tuple[Meeting, ...]:
    """The meetings that are scheduled for these days, both included. Reads only."""
    sql = f"{_MEETING} WHERE m.status = 'scheduled' AND m.date BETWEEN ? AND ? ORDER BY m.id"
    return tuple(_meeting(row) for row in connection.execute(sql, [first.isoformat(), last.isoformat()]))


def _meeting(row: Sequence[Any]) -> Meeting:
    return Meeting(
        key=row[0],
        participants=_labels(row[1]),
        level=Level(row[2]),
        status=Status(row[3]),
        date=date.fromisoformat(row[4]) if row[4] else None,
        place=row[5],
        first_reported_at=from_text(row[6]),
        updated_at=from_text(row[7]),
        reports=row[8],
        confirmed=bool(row[9]),
        disputed=bool(row[10]),
        id=row[11],
        originators=_labels(row[12]),
        confirmed_by=_labels(row[13]),
        told_at=from_text(row[14]) if row[14] else None,
    )


def reports_where(db: Database, condition: str, values: Sequence[Any]) -> tuple[Report, ...]:
    """Claims about meetings that stand, in the order in which they were read."""
    rows = db.execute(
        "SELECT c.id, c.participants, c.level, c.status, c.date, c.place, c.evidence, c.field, c.start, c.end, c.cues,"  # noqa: S608 (callers' constants)
        " c.rule, c.confidence, m.key, a.source, a.role, a.country, iif(c.revision_id IS NULL, a.published_at, c.at),"
        " c.at, a.originator FROM claims c"
        " JOIN meetings m ON m.id = c.meeting_id JOIN articles a ON a.id = c.article_id"
        f" WHERE {condition} AND c.withdrawn_at IS NULL ORDER BY c.at, c.id",
        values,
    )
    return tuple(
        Report(
            claim_id=row[0],
            claim=Claim(
                participants=_labels(row[1]),
                level=Level(row[2]),
                status=Status(row[3]),
                date=date.fromisoformat(row[4]) if row[4] else None,
                place=row[5],
                evidence=row[6],
                span=Span(Field(row[7]), row[8], row[9]),
                cues=cues_from_json(row[10]),
                rule=row[11],
                confidence=row[12],
            ),
            meeting_key=row[13],
            source=row[14],
            role=Role(row[15]),
            at=from_text(row[17]),
            read_at=from_text(row[18]),
            originator=row[19],
            country=row[16],
        )
        for row in rows
    )


# ---------------------------------------------------------------- what becomes of them


def write_ledger(db: Database, outcome: Outcome) -> dict[str, int]:
    """The meetings of an outcome, and stored claims that turned out to be about others; the ids by key."""
    ids = write_meetings(db, outcome.meetings)
    db.conn.executemany(
        "UPDATE claims SET meeting_id = (SELECT id FROM meetings WHERE key = ?) WHERE id = ?",
        [(key, claim_id) for claim_id, key in outcome.moved.items()],
    )
    _merge(db, outcome.merged)
    _part(db, outcome.parted)
    return ids


def write_meetings(db: Database, meetings: Iterable[Meeting]) -> dict[str, int]:
    """Insert or update meetings by key; returns the id of each key."""
    ids: dict[str, int] = {}
    for meeting in meetings:
        names = [clean(name) for name in meeting.participants]
        meeting_id = db.execute(
            "INSERT INTO meetings (key, participants, level, status, date, place, first_reported_at, updated_at,"
            " reports, confirmed, disputed, originators, confirmed_by, told_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET participants = excluded.participants, level = excluded.level,"
            " status = excluded.status, date = excluded.date, place = excluded.place,"
            " first_reported_at = excluded.first_reported_at, updated_at = excluded.updated_at,"
            " reports = excluded.reports, confirmed = excluded.confirmed, disputed = excluded.disputed,"
            " originators = excluded.originators, confirmed_by = excluded.confirmed_by, told_at = excluded.told_at"
            " RETURNING id",
            [
                meeting.key,
                dump_json(names),
                meeting.level,
                meeting.status,
                meeting.date.isoformat() if meeting.date else None,
                clean(meeting.place) if meeting.place else None,
                to_text(meeting.first_reported_at),
                to_text(meeting.updated_at),
                meeting.reports,
                meeting.confirmed,
                meeting.disputed,
                dump_json([clean(name) for name in meeting.originators]),
                dump_json(list(meeting.confirmed_by)),
                to_text(meeting.told_at) if meeting.told_at else None,
            ],
        ).fetchone()[0]
        ids[meeting.key] = meeting_id
        db.execute(
            "DELETE FROM meeting_people WHERE meeting_id = ? AND person NOT IN (SELECT value FROM json_each(?))",
            [meeting_id, dump_json(names)],
        )
        db.conn.executemany(
            "INSERT OR IGNORE INTO meeting_people (person, meeting_id) VALUES (?, ?)",
            [(name, meeting_id) for name in names],
        )
    return ids


def _merge(db: Database, merged: Mapping[str, str]) -> None:
    """What was taken for a meeting of its own goes into another, with its history and what was told of it."""
    for key, into in merged.items():
        ids = dict(db.execute("SELECT key, id FROM meetings WHERE key IN (?, ?)", [key, into]).fetchall())
        # What was told of it counts as told of the other: its alerts go by the other's key unless that has one already.
        db.execute(
            "UPDATE OR IGNORE alerts SET key = replace(key, ?, ?) WHERE meeting_id = ?",
            [f"meeting/{key}/", f"meeting/{into}/", ids[key]],
        )
        db.execute(
            "UPDATE OR IGNORE told_before SET key = replace(key, ?, ?), meeting_id = ? WHERE meeting_id = ?",
            [f"meeting/{key}/", f"meeting/{into}/", ids[into], ids[key]],
        )
        for table in ("claims", "status_changes", "alerts", "decisions"):
            db.execute(f"UPDATE {table} SET meeting_id = ? WHERE meeting_id = ?", [ids[into], ids[key]])  # noqa: S608 (constants)
        db.execute("DELETE FROM meetings WHERE id = ?", [ids[key]])


def _part(db: Database, parted: Mapping[str, str]) -> None:
    """A part of a meeting is one of its own: it takes its steps and alerts along; what was told was told of both."""
    for key, of in parted.items():
        ids = dict(db.execute("SELECT key, id FROM meetings WHERE key IN (?, ?)", [key, of]).fetchall())
        names = {"of": f"meeting/{of}/", "part": f"meeting/{key}/", "of_id": ids[of], "part_id": ids[key]}
        db.execute(_TOLD_BEFORE, {"from": names["of"], "to": names["part"], "to_id": ids[key], "of_id": ids[of]})
        db.execute(_TOLD_BEFORE, {"from": names["of"], "to": names["of"], "to_id": ids[of], "of_id": ids[of]})
        for statement in _PARTING:
            db.execute(statement, names)
