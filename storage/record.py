"""Recording a reading: what is known beside it, the pure decision, and everything that follows, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from config.agencies import outlet_of
from config.vocabulary import Role, Status
from storage.copies import Kin, join, kin_of, what_is_new
from storage.departures import write_departures
from storage.duplicates import Body
from storage.entries import find_article, finish_entry, key_of_page
from storage.identity import digest
from storage.meetings import ledger_around, write_ledger
from storage.model import (
    Alert,
    Claim,
    Decision,
    Known,
    Match,
    Meeting,
    Needs,
    Outcome,
    Reading,
    Sketch,
    StatusChange,
    to_text,
)
from storage.reports import count_reports, meetings_told_by, originate
from storage.rereads import schedule_reread
from storage.rows import clean, cues_to_json, dump_json, spans_to_json
from storage.search import Indexed, index_later, index_row
from storage.settling import settle
from storage.stories import Found, enter, find_kindred
from storage.telling import matched_by, planned_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    Decide = Callable[[Reading, Known], Outcome]

NOTHING_NEEDED = Needs()
_FIRST_POLL_SPAN: Final = timedelta(days=1)
"""What a source's backlog may alert is counted over so long: it may have another, after another absence."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording a reading wrote; `article_id` is the stored article, new or known."""

    article_id: int
    added: bool
    copy_of: int | None
    alert_ids: tuple[int, ...]
    alert_titles: tuple[str, ...] = ()


def record_reading(
    db: Database, reading: Reading, decide: Decide, now: datetime, needs: Needs = NOTHING_NEEDED
) -> Recorded:
    """Decide about a reading beside what is stored, and write all of the outcome."""
    same_url = find_article(db, reading.url)
    kin = Kin() if same_url is not None else kin_of(db, reading)
    kindred = find_kindred(db, reading, kin) if same_url is None else None
    known = known_of(db, reading, needs, now, kin, kindred, same_url=same_url)
    outcome = decide(reading, known)
    if not outcome.store_article:
        article_id = outcome.article_id or known.same_url
        if article_id is None:
            raise ValueError("an outcome that stores no article must name the stored one")
        finish_entry(db, reading.entry_id, article_id, "read", "known-url")
        _count_skip(db, reading, "known_urls")
        write_decisions(db, outcome.decisions, article_id, {}, {}, now)
        return Recorded(article_id, added=False, copy_of=None, alert_ids=())
    sketch = reading.sketch or Body(clean(reading.text.text)).sketch
    article_id = _write_article(db, reading, outcome, sketch, now)
    copy_of = join(db, article_id, sketch, kin)
    finish_entry(db, reading.entry_id, article_id, "read", reading.text.reason or None)
    if outcome.copy_of is not None:
        _count_skip(db, reading, "known_texts")
    write_matches(db, [one for one in reading.matches if one.watch not in outcome.refused], article_id, now)
    meeting_ids = write_ledger(db, outcome)
    # What a copy claims was claimed, and counted, with the article that had the text first.
    claims = (reading.claims if outcome.claim_meetings else ()) if outcome.claims is None else outcome.claims
    claim_ids = write_claims(db, claims, outcome.claim_meetings, meeting_ids, article_id, now)
    write_changes(db, outcome.changes, meeting_ids, claim_ids)
    if reading.departures:
        write_departures(db, reading.departures, article_id, reading.published_at)
    if kin.firsts or (reading.role == Role.OFFICIAL and reading.credit):  # else it is stored with the right one
        originate(db, copy_of or article_id)
    if kindred is not None:
        enter(db, article_id, reading, kindred, _claimed(claims, outcome, meeting_ids))
    count_reports(db, {*meeting_ids.values(), *(meetings_told_by(db, copy_of or article_id) if kin.firsts else ())})
    alert_ids = write_alerts(db, outcome.alerts, meeting_ids, claim_ids, article_id)
    write_decisions(db, outcome.decisions, article_id, meeting_ids, alert_ids, now)
    if alert_ids:
        schedule_reread(db, article_id, now)
    if not db.conn.in_transaction:
        settle(db)
    return Recorded(
        article_id,
        added=True,
        copy_of=copy_of,
        alert_ids=tuple(alert_ids.values()),
        alert_titles=tuple(alert.title for alert in outcome.alerts if alert.key in alert_ids),
    )


def _claimed(claims: Sequence[Claim], outcome: Outcome, meeting_ids: dict[str, int]) -> set[int]:
    """The meetings that the article itself reports."""
    told = zip(claims, outcome.claim_meetings, strict=False)
    return {meeting_ids[key] for claim, key in told if key in meeting_ids and claim.status is not Status.BACKGROUND}


# ---------------------------------------------------------------- what is known


def known_of(
    db: Database,
    reading: Reading,
    needs: Needs,
    now: datetime,
    kin: Kin | None = None,
    kindred: Found | None = None,
    *,
    same_url: int | None = None,
) -> Known:
    """What is stored that bears on a reading.

    `kin` are the groups of copies that it belongs to, `kindred` the articles that tell the same, `same_url` is the
    article of its address.
    """
    same_text, told_watches = _same_text(db, kin) if kin and kin.firsts else (None, frozenset[str]())
    meetings, reports = ledger_around(db, reading.claims, reading.published_at)
    first_poll_alerts = 0
    if reading.first_poll:
        first_poll_alerts = db.execute(
            "SELECT count(DISTINCT a.id) FROM alerts a JOIN entries e ON e.article_id = a.article_id"
            " WHERE e.source_id = ? AND e.first_poll = 1 AND e.seen_at > ?",
            [reading.source_id, to_text(reading.seen_at - _FIRST_POLL_SPAN)],
        ).fetchone()[0]
    return Known(
        same_url=same_url,
        same_text=same_text[0] if same_text else None,
        same_text_source=same_text[1] if same_text else None,
        same_text_originator=_originator_beside(reading, same_text) if same_text else None,
        overlap=kin.overlap if kin and kin.overlap is not None else 1.0,
        added=what_is_new(reading, kin) if kin else (),
        told_watches=told_watches,
        meetings=meetings,
        alert_keys=_alerts_of(db, meetings),
        first_poll_alerts=first_poll_alerts,
        reports=reports,
        planned=planned_messages(db, reading, needs, now),
        matched_by=matched_by(db, reading, needs, kindred, now),
    )


def _alerts_of(db: Database, meetings: Iterable[Meeting]) -> frozenset[str]:
    keys = [meeting.key for meeting in meetings]
    if not keys:
        return frozenset()
    rows = db.execute(
        "SELECT told.key FROM meetings m JOIN alerts told ON told.meeting_id = m.id"
        " WHERE m.key IN (SELECT value FROM json_each(?1)) UNION"
        " SELECT told.key FROM meetings m JOIN told_before told ON told.meeting_id = m.id"
        " WHERE m.key IN (SELECT value FROM json_each(?1))",
        [dump_json(keys)],
    )
    return frozenset(row[0] for row in rows)


def _originator_beside(reading: Reading, first: tuple[int, str, str, str]) -> str:
    """Whose report a copy will count as: see `storage.reports.originate`."""
    _, source, role, originator = first
    credits_nobody = role != Role.OFFICIAL and originator == outlet_of(source)
    return (reading.credit or originator) if credits_nobody else originator


def _same_text(db: Database, kin: Kin) -> tuple[tuple[int, str, str, str], frozenset[str]]:
    """Id, source, role and originator of the first article with the text, and the watches that it or a copy met."""
    firsts = dump_json(list(kin.firsts))
    first = db.execute(
        "SELECT id, source, role, originator FROM articles WHERE id IN (SELECT value FROM json_each(?))"
        " ORDER BY seen_at, published_at, id LIMIT 1",
        [firsts],
    ).fetchone()
    watches = db.execute(
        "SELECT DISTINCT watch FROM matches WHERE article_id IN (SELECT value FROM json_each(?))"
        " OR article_id IN (SELECT id FROM articles WHERE copy_of IN (SELECT value FROM json_each(?)))",
        [firsts, firsts],
    )
    return first, frozenset(row[0] for row in watches)


# ---------------------------------------------------------------- what is written


def _count_skip(db: Database, reading: Reading, column: str) -> None:
    db.execute(f"UPDATE sources SET {column} = {column} + 1 WHERE id = ?", [reading.source_id])  # noqa: S608 (ours)


def _write_article(db: Database, reading: Reading, outcome: Outcome, sketch: Sketch, now: datetime) -> int:
    title, text = clean(reading.text.title), clean(reading.text.text)
    claimed = reading.text.published_at
    inserted = db.execute(
        "INSERT INTO articles (url, title, text, language, source, source_id, country, role, author, published_at,"
        " claimed_at, seen_at, read_at, origin, origin_reason, text_hash, copy_of, credit, originator,"
        " page_title, page_key, detector, shingles)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            clean(reading.url),
            title,
            text,
            reading.text.language,
            reading.source,
            reading.source_id,
            reading.country,
            reading.role,
            clean(reading.text.author) if reading.text.author else None,
            to_text(reading.published_at),
            to_text(claimed) if claimed else None,
            to_text(reading.seen_at),
            to_text(now),
            reading.text.origin,
            clean("; ".join((reading.text.reason, *reading.notes)).strip("; ")),
            reading.text_hash,
            outcome.copy_of,
            reading.credit,
            clean(reading.originator),
            clean(reading.text.page_title),
            key_of_page(reading.url),
            reading.detector,
            sketch.size,
        ],
    )
    article_id = int(inserted.lastrowid or 0)
    indexed = Indexed(title, text, reading.text.language, reading.source, reading.country, reading.role)
    index_later(db.conn, index_row(article_id, indexed, reading.columns))
    return article_id


def write_matches(
    db: Database, matches: Iterable[Match], article_id: int, now: datetime, *, revision_id: int | None = None
) -> None:
    """What the watches met; `revision_id` when it was in an edited text."""
    db.conn.executemany(
        "INSERT OR IGNORE INTO matches (article_id, watch, spans, at, revision_id, score) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (article_id, match.watch, spans_to_json(match.spans), to_text(now), revision_id, match.score)
            for match in matches
        ],
    )


def write_claims(
    db: Database,
    claims: Sequence[Claim],
    claim_meetings: Sequence[str | None],
    meeting_ids: dict[str, int],
    article_id: int,
    now: datetime,
    *,
    revision_id: int | None = None,
) -> dict[int, int]:
    """Store claims in their order, each with its meeting; returns their ids by index."""
    ids: dict[int, int] = {}
    for index, claim in enumerate(claims):
        key = claim_meetings[index] if index < len(claim_meetings) else None
        ids[index] = db.execute(
            "INSERT INTO claims (article_id, meeting_id, participants, level, status, date, place, evidence, field,"
            " start, end, cues, rule, confidence, at, revision_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " RETURNING id",
            [
                article_id,
                meeting_ids.get(key) if key else None,
                dump_json([clean(name) for name in claim.participants]),
                claim.level,
                claim.status,
                claim.date.isoformat() if claim.date else None,
                clean(claim.place) if claim.place else None,
                clean(claim.evidence),
                claim.span.field,
                claim.span.start,
                claim.span.end,
                cues_to_json(claim.cues),
                claim.rule,
                claim.confidence,
                to_text(now),
                revision_id,
            ],
        ).fetchone()[0]
    return ids


def write_changes(
    db: Database, changes: Iterable[StatusChange], meeting_ids: dict[str, int], claim_ids: dict[int, int]
) -> None:
    """Append to the history of meetings."""
    db.conn.executemany(
        "INSERT INTO status_changes (meeting_id, claim_id, change, before, after, at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                meeting_ids[change.meeting_key],
                claim_ids.get(change.claim) if change.claim is not None else None,
                change.change,
                change.before,
                change.after,
                to_text(change.at),
            )
            for change in changes
        ],
    )


def write_alerts(
    db: Database,
    alerts: Iterable[Alert],
    meeting_ids: dict[str, int],
    claim_ids: dict[int, int],
    article_id: int | None,
) -> dict[str, int]:
    """Store alerts not told before, each with its deliveries; returns the ids of those that are new, by key."""
    ids: dict[str, int] = {}
    for alert in alerts:
        row = db.execute(
            "INSERT INTO alerts (key, kind, title, created_at, watch, change, article_id, claim_id, meeting_id,"
            " evidence, place, date, detail, urgency, due_at, told_with, watch_revision_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM alerts WHERE key = ?),"
            " (SELECT id FROM watch_revisions WHERE watch = ? ORDER BY number DESC LIMIT 1))"
            " ON CONFLICT (key) DO NOTHING RETURNING id, told_with",
            [
                clean(alert.key),
                alert.kind,
                clean(alert.title),
                to_text(alert.created_at),
                alert.watch,
                alert.change,
                article_id,
                claim_ids.get(alert.claim) if alert.claim is not None else None,
                meeting_ids.get(alert.meeting_key) if alert.meeting_key else None,
                clean(alert.evidence),
                clean(alert.place) if alert.place else None,
                alert.date.isoformat() if alert.date else None,
                clean(alert.detail),
                alert.urgency,
                to_text(alert.due_at or alert.created_at),
                clean(alert.told_with) if alert.told_with else None,
                alert.watch,
            ],
        ).fetchone()
        if row is None:
            continue
        ids[alert.key] = row[0]
        for channel in alert.channels if row[1] is None else ():
            due_at = alert.due_at or alert.created_at
            add_delivery(db, channel, alert.created_at, due_at=due_at, subject=alert.key, alert_id=row[0])
    return ids


def add_delivery(
    db: Database,
    channel: str,
    created_at: datetime,
    *,
    subject: str,
    due_at: datetime | None = None,
    alert_id: int | None = None,
    digest_id: int | None = None,
) -> None:
    """Put one message for one channel into the outbox; its key depends only on its subject and channel."""
    times = (to_text(created_at), to_text(due_at or created_at))
    db.execute(
        "INSERT INTO deliveries (key, alert_id, digest_id, channel, state, created_at, due_at)"
        " VALUES (?, ?, ?, ?, 'due', ?, ?) ON CONFLICT (key) DO NOTHING",
        [digest("delivery", subject, channel), alert_id, digest_id, channel, *times],
    )


def write_decisions(
    db: Database,
    decisions: Iterable[Decision],
    article_id: int,
    meeting_ids: dict[str, int],
    alert_ids: dict[str, int],
    now: datetime,
) -> None:
    """Every verdict about an article with its reason."""
    db.conn.executemany(
        "INSERT INTO decisions (article_id, meeting_id, watch, verdict, reason, alert_id, detail, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                article_id,
                meeting_ids.get(one.meeting_key) if one.meeting_key else None,
                one.watch,
                one.verdict,
                one.reason,
                alert_ids.get(one.alert_key) if one.alert_key else None,
                clean(one.detail),
                to_text(now),
            )
            for one in decisions
        ],
    )
