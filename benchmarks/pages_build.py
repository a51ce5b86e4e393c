"""Fills an archive of archive_build.py with what its pages show beside articles: alerts and all that hangs on them.

The rows are those that a year of work leaves, made up in bulk: meetings with claims and histories, alerts with their
verdicts, deliveries and reviews, copies, stories, edits, matches, and the polls of all sources. Some are as heavy as
they come: a day with five hundred alerts, a meeting of three hundred claims, a text with two hundred copies.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from archive_texts import BEGIN, DAYS

from config.load import load_config
from envoywatch.desk import spec_of
from storage.database import immediate, open_writer
from storage.model import to_text
from storage.sources import sync_sources

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

NOW: Final = BEGIN + timedelta(days=DAYS, hours=1)
"""When the pages are asked: an hour after the last article."""
POLLED_EVERY_S: Final = 600
"""How often each source is asked while the pages are."""
WATCHES: Final = ("Envoy", "Corridor", "Audience")

_HEAVY_CLAIMS: Final = 300
_HEAVY_COPIES: Final = 200
_HEAVY_STORY: Final = 600
_POLLS_A_DAY: Final = 24
_MANY_SOURCES: Final = 20_000
_POLL_DAYS: Final = 30
_STATUSES: Final = ("held", "scheduled", "proposed", "under_way", "denied", "cancelled")
_CHANGE_OF: Final = {"under_way": "under-way"}
_FAULTS: Final = ("too-slow", "name-not-found", "server-error", "not-a-feed")
_REVIEWS: Final = ("right", "right", "right", "noise", "duplicate", "wrong-status", "wrong-person")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of what."""

    alerts: int = 10_000
    meetings: int = 4_000
    stories: int = 20_000


@dataclass(frozen=True, slots=True)
class _Article:
    id: int
    title: str
    text: str
    seen_at: str

    @property
    def sentence(self) -> str:
        """The first one of the text."""
        return self.text[: self.text.find(". ") + 1 or 160]


def is_filled(db: sqlite3.Connection, sizes: Sizes) -> bool:
    """Whether the alerts are there."""
    return bool(db.execute("SELECT count(*) >= ? FROM alerts", [sizes.alerts]).fetchone()[0])


def fill(path: Path, sizes: Sizes) -> None:
    """Add everything but articles."""
    db = open_writer(path)
    chance = random.Random(8)  # noqa: S311 (made-up news)
    with immediate(db):
        connection = db.conn
        for watch in WATCHES:
            connection.execute(
                "INSERT OR IGNORE INTO watch_revisions (watch, number, definition, since) VALUES (?, 1, '{}', ?)",
                [watch, to_text(BEGIN)],
            )
        articles = _chosen(connection, 2 * sizes.alerts, chance)
        _add_meetings(connection, articles, sizes, chance)
        _add_alerts(connection, articles, sizes, chance)
        _add_copies(connection)
        _add_stories(connection, sizes, chance)
        _add_matches(connection)
        add_polls(connection, _POLL_DAYS)
    db.execute("ANALYZE")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.conn.close()


def use_sources(path: Path, configuration: Path) -> None:
    """Make the configured sources the stored ones, due one after the other instead of all at the daemon's start."""
    config = load_config(configuration, environ={}).config
    db = open_writer(path)
    with immediate(db):
        before = db.execute("SELECT count(*) FROM sources").fetchone()[0]
        sync_sources(db, [spec_of(source, config) for source in config.sources], NOW)
        if len(config.sources) > before:
            db.execute("DELETE FROM polls")
            db.execute("DELETE FROM source_days")
            few = _POLL_DAYS if len(config.sources) < _MANY_SOURCES else 1
            add_polls(db.conn, few)
        db.execute(
            "UPDATE sources SET next_poll_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?, '+' || (id % ?) || ' seconds')",
            [to_text(NOW), POLLED_EVERY_S],
        )
    db.conn.close()


def _chosen(db: sqlite3.Connection, count: int, chance: random.Random) -> list[_Article]:
    """Articles by their age, far more of the last days; the newest last."""
    last = db.execute("SELECT max(id) FROM articles").fetchone()[0]
    ids = sorted({max(1, last - int(last * chance.random() ** 2)) for _ in range(count)})
    rows = db.execute(
        "SELECT id, title, text, seen_at FROM articles WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        [json.dumps(ids)],
    )
    return [_Article(*row) for row in rows]


# ---------------------------------------------------------------- meetings


def _add_meetings(db: sqlite3.Connection, articles: list[_Article], sizes: Sizes, chance: random.Random) -> None:
    for number in range(sizes.meetings):
        claims = _HEAVY_CLAIMS if number == sizes.meetings - 1 else 1 + int(chance.expovariate(0.3))
        first = chance.randrange(max(1, len(articles) - claims))
        _add_meeting(db, number, articles[first : first + claims], chance)


def _add_meeting(db: sqlite3.Connection, number: int, told: list[_Article], chance: random.Random) -> None:
    who = [_person(chance, "Envoy", 40), _person(chance, "Leader", 120)]
    status = chance.choice(_STATUSES)
    meeting = db.execute(
        "INSERT INTO meetings (key, participants, level, status, date, place, first_reported_at, updated_at, reports,"
        " confirmed, originators, confirmed_by) VALUES (?, ?, 'leader', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        [
            f"pages:{number}", json.dumps(who), status, told[0].seen_at[:10], chance.choice(("Paris", "Kyiv", None)),
            told[0].seen_at, told[-1].seen_at, len(told), number % 5 == 0, json.dumps(["Reuters", "TASS"]),
            json.dumps(["CN"]) if number % 5 == 0 else "[]",
        ],
    ).fetchone()[0]  # fmt: skip
    db.executemany(
        "INSERT OR IGNORE INTO meeting_people (person, meeting_id) VALUES (?, ?)", [(p, meeting) for p in who]
    )
    before = None
    for place, one in enumerate(told):
        claim = db.execute(
            "INSERT INTO claims (article_id, meeting_id, participants, level, status, date, place, evidence, field,"
            " start, end, cues, rule, confidence, at) VALUES (?, ?, ?, 'leader', ?, ?, NULL, ?, 'text', 0, ?,"
            " '[[\"meets\", \"text\", 0, 4]]', 'met', 0.9, ?) RETURNING id",
            [one.id, meeting, json.dumps(who), status, one.seen_at[:10], one.sentence, len(one.sentence), one.seen_at],
        ).fetchone()[0]
        if place % 3 == 0 and place < 12:
            after = status if place == 0 else chance.choice(_STATUSES)
            db.execute(
                "INSERT INTO status_changes (meeting_id, claim_id, change, before, after, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [meeting, claim, _CHANGE_OF.get(after, after), before, after, one.seen_at],
            )
            before = after


def _person(chance: random.Random, name: str, of: int) -> str:
    return f"{name} {int(of * chance.random() ** 2)}"


# ---------------------------------------------------------------- alerts


def _add_alerts(db: sqlite3.Connection, articles: list[_Article], sizes: Sizes, chance: random.Random) -> None:
    changes = db.execute(
        "SELECT status_changes.at, change, after, claim_id, status_changes.meeting_id, evidence"
        " FROM status_changes JOIN claims ON claims.id = claim_id ORDER BY status_changes.at DESC LIMIT ?",
        [sizes.alerts // 2],
    ).fetchall()
    made: list[dict[str, Any]] = [
        {"kind": "meeting", "at": at, "watch": "Audience", "change": change, "claim": claim, "meeting": meeting,
         "evidence": evidence, "title": f"Envoy and Leader: {after}"}
        for at, change, after, claim, meeting, evidence in changes
    ]  # fmt: skip
    for one in chance.sample(articles, min(len(articles), sizes.alerts - len(made))):
        kind = "overdue" if chance.random() < 0.01 else "match"
        made.append(
            {"kind": kind, "at": one.seen_at, "watch": "Corridor", "article": one.id, "evidence": one.sentence,
             "title": one.title}
        )  # fmt: skip
    made.sort(key=lambda alert: str(alert["at"]))
    for number, alert in enumerate(made):
        _add_alert(db, number, alert, chance)


def _add_alert(db: sqlite3.Connection, number: int, alert: dict[str, Any], chance: random.Random) -> None:
    at = alert["at"]
    is_new = at >= to_text(NOW - timedelta(days=1))
    review = chance.choice(_REVIEWS) if chance.random() < (0.2 if is_new else 0.9) else None
    alert_id = db.execute(
        "INSERT INTO alerts (key, kind, title, created_at, watch, change, article_id, claim_id, meeting_id, evidence,"
        " review, reviewed_at, due_at, watch_revision_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " (SELECT id FROM watch_revisions WHERE watch = ?)) RETURNING id",
        [
            f"pages:{number}", alert["kind"], alert["title"], at, alert["watch"], alert.get("change"),
            alert.get("article"), alert.get("claim"), alert.get("meeting"), alert["evidence"], review,
            at if review else None, at, alert["watch"],
        ],
    ).fetchone()[0]  # fmt: skip
    db.execute(
        "INSERT INTO decisions (article_id, meeting_id, watch, verdict, reason, alert_id, at)"
        " VALUES (coalesce(?, (SELECT article_id FROM claims WHERE id = ?)), ?, ?, 'alert', 'watch-matched', ?, ?)",
        [alert.get("article"), alert.get("claim"), alert.get("meeting"), alert["watch"], alert_id, at],
    )
    for channel in ("desk", "phone"):
        state = chance.choices(("sent", "parked", "dead", "dropped"), (990, 4, 4, 2))[0]
        db.execute(
            "INSERT INTO deliveries (key, alert_id, channel, state, attempts, created_at, due_at, sent_at, fault,"
            " last_error, sealed_at) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
            [
                f"pages:{number}:{channel}", alert_id, channel, state, at, at, at if state == "sent" else None,
                None if state == "sent" else "refused", None if state == "sent" else "401 from the service", at,
            ],
        )  # fmt: skip


# ---------------------------------------------------------------- copies, stories, matches


def _add_copies(db: sqlite3.Connection) -> None:
    """One article in thirty is a copy of one before it; one text has very many, most of them edited."""
    db.execute("UPDATE articles SET copy_of = id - 1, overlap = 1.0 WHERE id % 30 = 0")
    last = db.execute("SELECT max(id) FROM articles").fetchone()[0]
    db.execute(
        "UPDATE articles SET copy_of = ?, overlap = 0.8 WHERE id > ? AND id <= ?",
        [last - _HEAVY_COPIES, last - _HEAVY_COPIES, last],
    )


def _add_stories(db: sqlite3.Connection, sizes: Sizes, chance: random.Random) -> None:
    last = db.execute("SELECT max(id) FROM articles").fetchone()[0]
    for number in range(sizes.stories):
        articles = _HEAVY_STORY if number == sizes.stories - 1 else 2 + int(chance.expovariate(0.25))
        first = max(1, int((last - articles) * (number + 1) / sizes.stories))
        db.execute(
            "INSERT INTO stories (title, language, article_id, articles, sources, independent, first_at, last_at)"
            " SELECT title, language, id, ?, ?, ?, seen_at, (SELECT seen_at FROM articles WHERE id = ?) FROM articles"
            " WHERE id = ?",
            [articles, max(1, articles * 2 // 3), max(1, articles // 2), first + articles - 1, first],
        )
        db.execute(
            "UPDATE articles SET story_id = (SELECT max(id) FROM stories) WHERE id >= ? AND id < ?",
            [first, first + articles],
        )


def _add_matches(db: sqlite3.Connection) -> None:
    """A watch that meets three articles of a hundred, for the digest."""
    db.execute(
        "INSERT OR IGNORE INTO matches (article_id, watch, spans, at)"
        " SELECT id, 'Corridor', '[[\"title\", 0, 5], [\"text\", 0, 12]]', read_at FROM articles WHERE id % 33 = 0"
    )


# ---------------------------------------------------------------- sources


def add_polls(db: sqlite3.Connection, days: int) -> None:
    """The log of polls of all sources up to now, the state that the last one left, and what came a day."""
    db.execute(
        "INSERT INTO polls (source_id, started_at, took_ms, url, outcome, status, bytes, entries, new_entries, fault,"
        " fault_detail) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)"
        " SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', ?, '-' || (n * ? + id % 600) || ' seconds'), 180,"
        " 'https://s' || id || '.example/feed', CASE WHEN (id * 7 + n) % 97 = 0 THEN 'fault' WHEN n % 3 = 0 THEN"
        " 'entries' ELSE 'unchanged' END, 200, 24000, 20, CASE WHEN n % 3 = 0 THEN 2 ELSE 0 END,"
        " CASE WHEN (id * 7 + n) % 97 = 0 THEN 'too-slow' END, NULL FROM n, sources",
        [days * _POLLS_A_DAY, to_text(NOW), 86_400 // _POLLS_A_DAY],
    )
    db.execute(
        "UPDATE sources SET first_ok_at = ?, last_poll_at = ?, last_ok_at = ?, last_new_at = ?, polled = 900,"
        " not_modified = 500, entries_seen = 500",
        [to_text(BEGIN), to_text(NOW), to_text(NOW), to_text(NOW - timedelta(hours=2))],
    )
    for place, fault in enumerate(_FAULTS):
        since = NOW - timedelta(hours=(1, 5, 40, 400)[place])
        db.execute(
            "UPDATE sources SET fault = ?, fault_since = ?, last_ok_at = ?, failures = 9 WHERE id % 100 = ?",
            [fault, to_text(since), to_text(since), 7 * place + 3],
        )
    db.execute(
        "INSERT OR IGNORE INTO source_days (source_id, day, entries)"
        " WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 30)"
        " SELECT id, date(?, '-' || n || ' days'), 1 + (id + n) % 9 FROM n, sources",
        [NOW.date().isoformat()],
    )
