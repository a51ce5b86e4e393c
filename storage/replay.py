"""Deciding anew about stored articles, in a scratch database that the daemon's own queries answer from."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from storage.copies import Kin, what_is_new
from storage.database import immediate, open_writer
from storage.duplicates import Body
from storage.meetings import write_ledger
from storage.model import Claim, from_text, to_text
from storage.record import (
    known_of,
    write_alerts,
    write_changes,
    write_claims,
    write_matches,
)
from storage.rows import dump_json
from storage.stories import Found
from storage.traits import Profile
from storage.views_rows import (
    ARTICLE_COLUMNS,
    CLAIM_COLUMNS,
    ArticleLine,
    article_line,
    claim_view,
    from_time,
    to_time,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Needs, Outcome, Reading
    from storage.record import Decide

_SMALL_CACHE: Final = -8_000


@dataclass(frozen=True, slots=True)
class Replayable:
    """What of a stored article decisions depend on.

    `claims` are those still standing; `text` is there when it adds something to the one that it is a copy of.
    """

    line: ArticleLine
    text: str
    source_id: int
    author: str | None
    read_at: datetime
    first_poll: bool
    overlap: float | None
    claims: tuple[Claim, ...]


_REPLAYED = f"""
SELECT {ARTICLE_COLUMNS}, articles.source_id, articles.author, articles.read_at, articles.overlap,
       CASE WHEN articles.copy_of IS NOT NULL AND articles.overlap < 1 THEN articles.text ELSE '' END AS text,
       coalesce((SELECT first_poll FROM entries WHERE article_id = articles.id ORDER BY seen_at, id LIMIT 1), 0)
       AS first_poll
FROM articles WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id
"""  # noqa: S608 (column names are constants)
_CLAIMS = f"""
SELECT {CLAIM_COLUMNS}, {ARTICLE_COLUMNS} FROM claims JOIN articles ON articles.id = claims.article_id
WHERE claims.article_id IN (SELECT value FROM json_each(?)) AND claims.revision_id IS NULL
  AND claims.withdrawn_at IS NULL ORDER BY claims.id
"""  # noqa: S608 (column names are constants)


def replayable(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Replayable, ...]:
    """These articles, in the order in which they were stored."""
    wanted = dump_json(list(ids))
    claims: dict[int, list[Claim]] = {}
    for row in connection.execute(_CLAIMS, (wanted,)):
        one = claim_view(row)
        names = ("participants", "level", "status", "date", "place", "span", "cues", "rule", "confidence")
        claim = Claim(evidence=one.evidence.text, **{name: getattr(one, name) for name in names})
        claims.setdefault(one.article.id, []).append(claim)
    return tuple(
        Replayable(
            line=article_line(row),
            text=row["text"],
            source_id=row["source_id"],
            author=row["author"],
            read_at=from_text(row["read_at"]),
            first_poll=bool(row["first_poll"]),
            overlap=row["overlap"],
            claims=tuple(claims.get(row["article_id"], ())),
        )
        for row in connection.execute(_REPLAYED, (wanted,))
    )


def ids_with_claims(connection: sqlite3.Connection, low: int, high: int) -> list[int]:
    """The articles from `low` to `high` that claim a meeting."""
    sql = "SELECT DISTINCT article_id FROM claims WHERE article_id BETWEEN ? AND ? ORDER BY 1"
    return [row[0] for row in connection.execute(sql, (low, high))]


def ids_read_otherwise(connection: sqlite3.Connection, detector: int, low: int, high: int) -> Iterator[int]:
    """The articles from `low` to `high` whose claims another version of the detector is known to have read."""
    sql = "SELECT id FROM articles INDEXED BY articles_by_facet WHERE id BETWEEN ? AND ? AND detector <> ? ORDER BY id"
    return (row[0] for row in connection.execute(sql, (low, high, detector)))


def matched_then(connection: sqlite3.Connection, watches: Collection[str], low: int, high: int) -> dict[int, set[str]]:
    """Which of the watches each article from `low` to `high` was recorded to meet when it was first read."""
    sql = (
        "SELECT article_id, watch FROM matches WHERE article_id BETWEEN ? AND ? AND revision_id IS NULL"
        " AND watch IN (SELECT value FROM json_each(?))"
    )
    found: dict[int, set[str]] = {}
    for row in connection.execute(sql, (low, high, dump_json(sorted(watches)))):
        found.setdefault(row[0], set()).add(row[1])
    return found


class Scratch:
    """A database of what was decided in the replay; texts and what no decision asks for are left out."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._groups: dict[int, int] = {}

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for many articles."""
        with immediate(self._db):
            yield

    def decide(
        self, archive: sqlite3.Connection, one: Replayable, reading: Reading, needs: Needs, decide: Decide
    ) -> Outcome:
        """Decide about the article as when it was read, and keep what follows."""
        self._seal(one.read_at)
        first = one.line.copy_of or one.line.id
        member = self._groups.get(first)
        kin = self._kin(archive, one, reading, member)
        known = known_of(self._db, reading, needs, one.read_at, kin, _kindred(one))
        if kin.overlap is not None and member is None:
            original = archive.execute("SELECT source FROM articles WHERE id = ?", (first,)).fetchone()
            known = replace(
                known,
                same_text=first,
                same_text_source=original["source"] if original else None,
                overlap=kin.overlap,
                added=what_is_new(reading, kin),
            )
        if kin.overlap is not None:
            known = replace(known, same_text_originator=one.line.originator)
        outcome = decide(reading, known)
        self._write(one, reading, outcome, member)
        self._groups.setdefault(first, one.line.id)
        return outcome

    def _seal(self, now: datetime) -> None:
        """What was due has gone out by now: nothing joins its message any more."""
        self._db.execute(
            "UPDATE deliveries SET sealed_at = due_at, state = 'sent' WHERE state = 'due' AND due_at <= ?",
            [to_text(now)],
        )

    def _kin(self, archive: sqlite3.Connection, one: Replayable, reading: Reading, member: int | None) -> Kin:
        """The group of copies that the article was found to belong to."""
        if one.line.copy_of is None:
            return Kin()
        row = archive.execute("SELECT text FROM articles WHERE id = ?", (one.line.copy_of,)).fetchone()
        overlap = 1.0 if one.overlap is None else one.overlap
        bodies = (Body(row["text"]),) if row is not None and reading.text.text and overlap < 1 else ()
        return Kin(() if member is None else (member,), overlap, bodies)

    def _write(self, one: Replayable, reading: Reading, outcome: Outcome, member: int | None) -> None:
        db, line, now = self._db, one.line, one.read_at
        db.execute(
            "INSERT INTO articles (id, url, title, text, language, source, source_id, country, role, published_at,"
            " seen_at, read_at, origin, text_hash, copy_of, overlap, credit, originator, story_id)"
            " VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?)",
            [
                line.id, reading.url, line.title, line.language, line.source, one.source_id, line.country, line.role,
                to_text(line.published_at), to_text(line.seen_at), to_text(now), line.origin, member, one.overlap,
                line.credit, line.originator, line.story_id,
            ],
        )  # fmt: skip
        if one.first_poll:
            db.execute(
                "INSERT INTO entries (source_id, key, content_hash, article_url, own_page, seen_at, first_poll, state,"
                " due_at, article_id) VALUES (?, ?, '', ?, 1, ?, 1, 'read', '', ?)",
                [one.source_id, str(line.id), reading.url, to_text(line.seen_at), line.id],
            )
        write_matches(db, [match for match in reading.matches if match.watch not in outcome.refused], line.id, now)
        meeting_ids = write_ledger(db, outcome)
        claims = (reading.claims if outcome.claim_meetings else ()) if outcome.claims is None else outcome.claims
        claim_ids = write_claims(db, claims, outcome.claim_meetings, meeting_ids, line.id, now)
        write_changes(db, outcome.changes, meeting_ids, claim_ids)
        write_alerts(db, outcome.alerts, meeting_ids, claim_ids, line.id)


def _kindred(one: Replayable) -> Found:
    """Stories are taken as they stand."""
    story = one.line.story_id
    return Found(Profile.of({}), stories=frozenset() if story is None else frozenset({story}))


@contextmanager
def open_scratch() -> Iterator[Scratch]:
    """An empty one in a temporary folder, deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="envoywatch-replay-") as folder:
        db = open_writer(Path(folder) / "scratch.db")
        try:
            for pragma in ("foreign_keys = OFF", "synchronous = OFF", f"cache_size = {_SMALL_CACHE}"):
                db.execute(f"PRAGMA {pragma}")
            yield Scratch(db)
        finally:
            db.conn.close()


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert that a watch gave, with the article that it was about."""

    watch: str
    key: str
    title: str
    at: datetime
    article_id: int | None
    source: str | None
    language: str | None


def told_then(
    connection: sqlite3.Connection, watches: Collection[str], since: datetime | None, until: datetime | None
) -> Iterator[ToldAlert]:
    """The alerts of these watches about matches and meetings, oldest first."""
    rows = connection.execute(
        "SELECT alerts.watch, key, alerts.title, created_at, articles.id, source, language FROM alerts"
        " LEFT JOIN articles ON articles.id = alerts.article_id"
        " WHERE created_at >= ? AND created_at < ? AND kind IN ('match', 'meeting')"
        " AND alerts.watch IN (SELECT value FROM json_each(?)) ORDER BY created_at, alerts.id",
        (from_time(since), to_time(until), dump_json(sorted(watches))),
    )
    return (ToldAlert(row[0], row[1], row[2], from_text(row[3]), row[4], row[5], row[6]) for row in rows)
