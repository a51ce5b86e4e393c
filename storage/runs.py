"""The daemon's own marks: its runs, clocks already rung, reviews, and notes for other processes; in a transaction."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from storage.errors import NotStoredError
from storage.meetings import write_meetings
from storage.model import Alert, Decision, StatusChange, from_text, to_text
from storage.record import add_delivery, write_alerts, write_changes
from storage.rows import clean, dump_json
from storage.telling import planned_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlite_utils import Database

    from storage.model import Change, Meeting, Planned

DAMAGED = "damaged"
REVIEWS = ("right", "wrong-status", "wrong-person", "duplicate", "noise")


@dataclass(frozen=True, slots=True)
class Started:
    """The run's id, whether the one before ended cleanly, and whether that one found the database damaged."""

    run_id: int
    was_clean: bool
    was_damaged: bool


def start_run(db: Database, version: str, now: datetime) -> Started:
    """Note a start."""
    before = db.execute("SELECT ended_at, note FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    run_id = db.execute(
        "INSERT INTO runs (started_at, pid, host, version, heartbeat_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        [to_text(now), os.getpid(), socket.gethostname(), version, to_text(now)],
    ).fetchone()[0]
    if before is None:
        return Started(run_id, was_clean=True, was_damaged=False)
    return Started(run_id, was_clean=before[0] is not None, was_damaged=before[1].startswith(DAMAGED))


def note_damage(db: Database, run_id: int, findings: Sequence[str]) -> None:
    """Let the next start know, which then looks before it does anything else."""
    db.execute("UPDATE runs SET note = ? WHERE id = ?", [clean(f"{DAMAGED}: {'; '.join(findings)}"), run_id])


def beat(db: Database, run_id: int, now: datetime) -> None:
    """The daemon is alive at `now`."""
    db.execute("UPDATE runs SET heartbeat_at = ? WHERE id = ?", [to_text(now), run_id])


def end_run(db: Database, run_id: int, now: datetime) -> None:
    """A clean end."""
    db.execute("UPDATE runs SET ended_at = ?, heartbeat_at = ? WHERE id = ?", [to_text(now), to_text(now), run_id])


def set_note(db: Database, name: str, value: object, now: datetime) -> None:
    """Leave word for other processes (`status`, the page); None takes it back."""
    if value is None:
        db.execute("DELETE FROM notes WHERE name = ?", [name])
        return
    db.execute(
        "INSERT INTO notes (name, value, at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
        [name, clean(dump_json(value)), to_text(now)],
    )


def review_alert(db: Database, alert_id: int, review: str | None, now: datetime) -> None:
    """Set a person's judgement of an alert, or take it back with None. Raises NotStoredError."""
    if review is not None and review not in REVIEWS:
        raise NotStoredError(f"{review!r} is not a review", hint="one of " + ", ".join(REVIEWS))
    done = db.execute(
        "UPDATE alerts SET review = ?, reviewed_at = ? WHERE id = ? RETURNING id",
        [review, to_text(now) if review else None, alert_id],
    ).fetchone()
    if done is None:
        raise NotStoredError(f"there is no alert {alert_id}", hint="`envoywatch alerts list` shows them")


def clock_state(db: Database) -> dict[str, tuple[datetime, datetime | None]]:
    """For each clock when it is due next and when it last rang."""
    rows = db.execute("SELECT name, due_at, done_at FROM clocks").fetchall()
    return {row[0]: (from_text(row[1]), from_text(row[2]) if row[2] else None) for row in rows}


def set_clock(db: Database, name: str, due_at: datetime, done_at: datetime | None) -> None:
    """When a clock is due next."""
    db.execute(
        "INSERT INTO clocks (name, due_at, done_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, done_at = coalesce(excluded.done_at, done_at)",
        [name, to_text(due_at), to_text(done_at) if done_at else None],
    )


def record_clock(
    db: Database,
    name: str,
    now: datetime,
    alerts: Iterable[Alert],
    decisions: Iterable[Decision],
    meetings: Iterable[Meeting] = (),
) -> list[int]:
    """A clock rang: its alerts with their deliveries, and the mark that it did, together; the new alerts' ids."""
    meeting_ids = write_meetings(db, meetings)
    ids = write_alerts(db, alerts, meeting_ids, {}, None)
    write_decisions(db, decisions, ids, now)
    set_clock(db, name, now, now)
    return list(ids.values())


def record_absence(
    db: Database,
    name: str,
    meeting: Meeting,
    change: Change,
    tell: Callable[[Mapping[str, Sequence[Planned]]], tuple[Iterable[Alert], Iterable[Decision]]],
    budgets: Mapping[str, timedelta],
    now: datetime,
) -> list[int]:
    """That a meeting did not come, in its history, with the alerts about it and the mark of the clock that said so.

    `tell` decides beside the messages that count against the `budgets` of watches. Nothing is written when the ledger
    has heard of the meeting meanwhile. Returns the new alerts' ids.
    """
    row = db.execute("SELECT id, status FROM meetings WHERE key = ?", [meeting.key]).fetchone()
    if (row is None) != (meeting.id is None) or (row is not None and row[1] != meeting.status):
        return []
    alerts, decisions = tell(planned_of(db, budgets, now))
    meeting_ids = {meeting.key: row[0]} if row else write_meetings(db, [meeting])
    status = None if row is None else meeting.status
    write_changes(db, [StatusChange(meeting.key, change, status, meeting.status, now)], meeting_ids, {})
    ids = write_alerts(db, alerts, meeting_ids, {}, None)
    write_decisions(db, decisions, ids, now, meeting_ids)
    set_clock(db, name, now, now)
    return list(ids.values())


def write_decisions(
    db: Database,
    decisions: Iterable[Decision],
    alert_ids: dict[str, int],
    now: datetime,
    meeting_ids: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Keep verdicts that no article led to; ids of alerts and meetings are by key."""
    db.conn.executemany(
        "INSERT INTO decisions (meeting_id, watch, verdict, reason, alert_id, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                meeting_ids.get(one.meeting_key or ""),
                one.watch,
                one.verdict,
                one.reason,
                alert_ids.get(one.alert_key or ""),
                clean(one.detail),
                to_text(now),
            )
            for one in decisions
        ],
    )


def record_digest(
    db: Database,
    name: str,
    due_at: datetime,
    since: datetime,
    now: datetime,
    content: str,
    channels: Iterable[str],
) -> int | None:
    """Store a digest with its deliveries; None when the one due then was made already."""
    key = f"digest/{name}/{to_text(due_at)}"
    row = db.execute(
        "INSERT INTO digests (key, name, since, until, created_at, content) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO NOTHING RETURNING id",
        [key, name, to_text(since), to_text(now), to_text(now), clean(content)],
    ).fetchone()
    if row is None:
        return None
    for channel in channels:
        add_delivery(db, channel, now, subject=key, digest_id=row[0])
    return int(row[0])
