"""A file of the released schema, version 1, or of a state since, with rows in every table."""

import sqlite3
from contextlib import closing

from sqlite_utils import Database

from storage.database import APPLICATION_ID
from storage.migrations import MIGRATIONS

AT = "2023-05-16T08:00:00.000000Z"
LATER = "2023-05-17T08:00:00.000000Z"
TEXT = "The envoy met the president. They talked for two hours, and nobody else was asked."
ROWS = {
    "sources": [
        {"id": 1, "name": "Wire", "spec": "{}", "language": "en", "country": "RU", "role": "media", "active": 1,
         "interval_s": 300.0, "next_poll_at": AT, "leased_by": None, "leased_until": None, "position": 0,
         "added_at": AT, "first_ok_at": AT, "last_poll_at": LATER, "last_ok_at": LATER, "last_new_at": AT,
         "entries_seen": 2, "failures": 0, "fault": None, "fault_detail": None, "fault_since": None},
        {"id": 2, "name": "Gone", "spec": '{"paused": true}', "language": None, "country": None, "role": "official",
         "active": 0, "interval_s": 60.5, "next_poll_at": AT, "leased_by": "x", "leased_until": AT, "position": 1,
         "added_at": AT, "first_ok_at": None, "last_poll_at": AT, "last_ok_at": None, "last_new_at": None,
         "entries_seen": 0, "failures": 3, "fault": "blocked", "fault_detail": "403", "fault_since": AT},
    ],
    "endpoints": [
        {"source_id": 1, "position": 0, "kind": "feed", "url": "https://wire.example/feed", "etag": "e",
         "last_modified": "Tue", "body_hash": "h", "fault": None, "fault_detail": None, "fault_at": None},
        {"source_id": 2, "position": 0, "kind": "listing", "url": "https://gone.example/", "etag": None,
         "last_modified": None, "body_hash": None, "fault": "blocked", "fault_detail": "403", "fault_at": AT},
    ],
    "polls": [
        {"id": 1, "source_id": 1, "started_at": LATER, "took_ms": 2.5, "url": "u", "outcome": "entries", "status": 200,
         "bytes": 9, "entries": 2, "new_entries": 2, "fault": None, "fault_detail": None, "notes": '["n"]'},
        {"id": 2, "source_id": 2, "started_at": AT, "took_ms": 1.0, "url": "v", "outcome": "fault", "status": 403,
         "bytes": 0, "entries": 0, "new_entries": 0, "fault": "blocked", "fault_detail": "403", "notes": "[]"},
    ],
    "articles": [
        {"id": 1, "url": "https://wire.example/1", "title": "Envoy", "text": TEXT, "language": "en", "source": "Wire",
         "source_id": 1, "country": "RU", "role": "media", "author": "A", "published_at": AT, "claimed_at": AT,
         "seen_at": AT, "read_at": AT, "origin": "page", "origin_reason": "r", "text_hash": "h", "copy_of": None,
         "story_id": None},
        {"id": 2, "url": "envoywatch:entry/2", "title": "使者", "text": "林达同总统举行会谈。", "language": "zh",
         "source": "Gone", "source_id": 2, "country": None, "role": "official", "author": None, "published_at": LATER,
         "claimed_at": None, "seen_at": LATER, "read_at": LATER, "origin": "title-only", "origin_reason": "",
         "text_hash": "h", "copy_of": 1, "story_id": None},
    ],
    "entries": [
        {"id": 1, "source_id": 1, "key": "k", "url": "https://wire.example/1", "guid": "g", "content_hash": "c",
         "article_url": "https://wire.example/1", "own_page": 1, "payload": None, "seen_at": AT, "first_poll": 0,
         "state": "read", "reason": None, "attempts": 1, "due_at": AT, "leased_until": None, "article_id": 1},
        {"id": 2, "source_id": 2, "key": "k", "url": None, "guid": None, "content_hash": "d",
         "article_url": "envoywatch:entry/2", "own_page": 0, "payload": "{}", "seen_at": AT, "first_poll": 1,
         "state": "pending", "reason": "r", "attempts": 0, "due_at": LATER, "leased_until": AT, "article_id": None},
    ],
    "matches": [{"id": 1, "article_id": 1, "watch": "W", "spans": '[["text",4,9]]', "at": AT}],
    "meetings": [
        {"id": 1, "key": "m", "participants": '["Arda Lin","Boris Vale"]', "level": "leader", "status": "held",
         "date": "2023-05-16", "place": "Zenda", "first_reported_at": AT, "updated_at": LATER, "reports": 2,
         "confirmed": 1, "disputed": 0},
    ],
    "meeting_people": [{"person": "Arda Lin", "meeting_id": 1}, {"person": "Boris Vale", "meeting_id": 1}],
    "claims": [
        {"id": 1, "article_id": 1, "meeting_id": 1, "participants": '["Arda Lin","Boris Vale"]', "level": "leader",
         "status": "held", "date": "2023-05-16", "place": None, "evidence": TEXT[:28], "field": "text", "start": 0,
         "end": 28, "cues": "[]", "rule": "met", "confidence": 0.9, "at": AT},
    ],
    "status_changes": [
        {"id": 1, "meeting_id": 1, "claim_id": 1, "change": "held", "before": None, "after": "held", "at": AT},
    ],
    "alerts": [
        {"id": 1, "key": "a", "kind": "meeting", "title": "T", "created_at": AT, "watch": "W", "change": "held",
         "article_id": 1, "claim_id": 1, "meeting_id": 1, "evidence": TEXT[:28], "place": "Zenda",
         "date": "2023-05-16", "detail": "", "urgency": "high", "review": "right", "reviewed_at": LATER},
    ],
    "decisions": [
        {"id": 1, "article_id": 1, "meeting_id": 1, "watch": "W", "verdict": "alert", "reason": "first-report",
         "alert_id": 1, "detail": "d", "at": AT},
    ],
    "digests": [
        {"id": 1, "key": "d", "name": "Morning", "since": AT, "until": LATER, "created_at": LATER, "content": "{}"},
    ],
    "clocks": [{"name": "digest/Morning", "due_at": LATER, "done_at": AT}],
    "deliveries": [
        {"id": 1, "key": "x", "alert_id": 1, "digest_id": None, "channel": "desk", "state": "sent", "attempts": 1,
         "created_at": AT, "due_at": AT, "leased_until": None, "sent_at": LATER, "fault": None, "last_error": None},
        {"id": 2, "key": "y", "alert_id": None, "digest_id": 1, "channel": "desk", "state": "due", "attempts": 2,
         "created_at": AT, "due_at": LATER, "leased_until": None, "sent_at": None, "fault": "refused",
         "last_error": "no"},
    ],
    "runs": [
        {"id": 1, "started_at": AT, "ended_at": None, "pid": 7, "host": "h", "version": "0.1", "heartbeat_at": LATER,
         "note": ""},
    ],
    "notes": [{"name": "n", "value": "{}", "at": AT}],
}  # fmt: skip
NAMES = [migration.name for migration in MIGRATIONS._migrations]


def write_rows(connection):
    connection.execute("PRAGMA foreign_keys = ON")
    for table, rows in ROWS.items():
        for row in rows:
            marks = ", ".join("?" for _ in row)
            sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 (our own names)
            connection.execute(sql, list(row.values()))


def old_file(path, version):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        db = Database(connection, recursive_triggers=False)
        MIGRATIONS.apply(db, stop_before=NAMES[1])
        write_rows(connection)
        if version > 1:
            MIGRATIONS.apply(db, stop_before=NAMES[version])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")


def released_rows(connection):
    """Every row, by the columns that the released schema has."""
    return {
        table: [
            dict(zip(rows[0], values, strict=True))
            for values in connection.execute(f"SELECT {', '.join(rows[0])} FROM {table} ORDER BY 1, 2")  # noqa: S608 (our own names)
        ]
        for table, rows in ROWS.items()
    }
