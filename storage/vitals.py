"""What is kept about the health of sources beside their polls: new entries by day, barren answers, ends of faults."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from storage.health import RHYTHM_DAYS, Vitals
from storage.model import LOST_AFTER, FaultKind, PollOutcome, from_text, to_text
from storage.turns import NEVER
from storage.views_rows import moment

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Poll

_KEPT: Final = timedelta(days=2 * RHYTHM_DAYS)


def note_vitals(db: Database, poll: Poll, new: int, now: datetime, *, backlog: bool, was_fault: bool) -> None:
    """What a finished poll says about its source's health; most polls change nothing here.

    The `backlog` that an endpoint's first answer brings has gathered before, and is no rhythm.
    """
    if new and not backlog:
        db.execute(
            "INSERT INTO source_days (source_id, day, entries) VALUES (?, ?, ?)"
            " ON CONFLICT (source_id, day) DO UPDATE SET entries = entries + excluded.entries",
            [poll.source_id, now.date().isoformat(), new],
        )
    if was_fault and poll.fault is None:
        db.execute("UPDATE sources SET recovered_at = ? WHERE id = ?", [to_text(now), poll.source_id])
    if poll.held or poll.outcome is PollOutcome.ENTRIES:  # a 304 or the same body may be the barren one again
        db.execute(
            "UPDATE sources SET barren_since = CASE WHEN :held THEN NULL ELSE coalesce(barren_since, :at) END"
            " WHERE id = :id AND (barren_since IS NULL) <> (:held > 0)",
            {"held": poll.held, "at": to_text(now), "id": poll.source_id},
        )


def prune_days(db: Database, now: datetime) -> int:
    """Forget old days, but not those before the last new entry: the rhythm of a silent source stays known."""
    kept = _KEPT // timedelta(days=1)
    return db.execute(
        "DELETE FROM source_days WHERE day < :before AND day < coalesce("
        "(SELECT date(last_new_at, :span) FROM sources WHERE id = source_id), :before)",
        {"before": (now - _KEPT).date().isoformat(), "span": f"-{kept} days"},
    ).rowcount


def vitals_of(row: sqlite3.Row) -> Vitals:
    """From a whole row of `sources`."""
    spec = json.loads(row["spec"])
    return Vitals(
        interval=timedelta(seconds=row["interval_s"]),
        next_poll_at=from_text(row["next_poll_at"]),
        added_at=from_text(row["added_at"]),
        active=bool(row["active"]),
        paused=bool(spec.get("paused")),
        lost_after=spec.get("lost_after", LOST_AFTER),
        first_ok_at=moment(row["first_ok_at"]),
        last_poll_at=moment(row["last_poll_at"]),
        last_ok_at=moment(row["last_ok_at"]),
        last_new_at=moment(row["last_new_at"]),
        recovered_at=moment(row["recovered_at"]),
        barren_since=moment(row["barren_since"]),
        fault=None if row["fault"] is None else FaultKind(row["fault"]),
        fault_detail=row["fault_detail"],
        fault_since=moment(row["fault_since"]),
        held_until=None if row["held_until"] in {"", NEVER} else from_text(row["held_until"]),
    )
