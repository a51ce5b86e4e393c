"""Articles read again: what is stored of them, the pure decision, and all that follows, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from config.vocabulary import Level, Role, Status, Urgency
from storage.identity import text_hash
from storage.model import (
    Amendment,
    Claim,
    Edition,
    Field,
    Known,
    Reading,
    Report,
    Reread,
    Span,
    TextOrigin,
    Told,
    from_text,
    to_text,
)
from storage.record import (
    NOTHING_NEEDED,
    Recorded,
    known_of,
    write_alerts,
    write_changes,
    write_claims,
    write_decisions,
    write_matches,
    write_meetings,
)
from storage.reports import count_reports
from storage.rereads import finish_reread, schedule_reread
from storage.rows import clean, cues_from_json, dump_json
from storage.views_rows import labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Needs

    Amend = Callable[[Reading, Edition, Known, Reread], Amendment]


def record_reread(
    db: Database,
    reread: Reread,
    reading: Reading,
    amend: Amend,
    now: datetime,
    needs: Needs = NOTHING_NEEDED,
) -> Recorded:
    """Decide about an article read again beside what is stored of it, write what follows, and set its next time."""
    edition = edition_of(db, reread.article_id)
    mine = tuple(report.claim for report in edition.claims)
    # The ledger is looked up for what it said before as well as for what it says now.
    known = known_of(db, replace(reading, claims=(*reading.claims, *mine)), needs, now)
    amendment = amend(reading, edition, known, reread)
    alert_ids = _write(db, reread.article_id, amendment, now)
    finish_reread(db, reread, now, unsure=amendment.unsure)
    if any(alert.claim is not None and alert.claim >= len(amendment.withdrawn) for alert in amendment.outcome.alerts):
        schedule_reread(db, reread.article_id, now)
    return Recorded(
        reread.article_id,
        added=False,
        copy_of=None,
        alert_ids=tuple(alert_ids.values()),
        alert_titles=tuple(alert.title for alert in amendment.outcome.alerts if alert.key in alert_ids),
    )


def _write(db: Database, article_id: int, amendment: Amendment, now: datetime) -> dict[str, int]:
    outcome = amendment.outcome
    revision_id = _write_revision(db, article_id, amendment, now) if amendment.changed else None
    db.execute(
        "UPDATE claims SET withdrawn_at = ? WHERE id IN (SELECT value FROM json_each(?))",
        [to_text(now), dump_json(list(amendment.withdrawn))],
    )
    write_matches(db, amendment.matches, article_id, now, revision_id=revision_id)
    meeting_ids = write_meetings(db, outcome.meetings)
    new_ids = write_claims(
        db, amendment.claims, outcome.claim_meetings, meeting_ids, article_id, now, revision_id=revision_id
    )
    claim_ids = dict(enumerate((*amendment.withdrawn, *new_ids.values())))
    write_changes(db, outcome.changes, meeting_ids, claim_ids)
    count_reports(db, meeting_ids.values())
    alert_ids = write_alerts(db, outcome.alerts, meeting_ids, claim_ids, article_id)
    write_decisions(db, outcome.decisions, article_id, meeting_ids, alert_ids, now)
    return alert_ids


def _write_revision(db: Database, article_id: int, amendment: Amendment, now: datetime) -> int:
    title, text = clean(amendment.title), None if amendment.text is None else clean(amendment.text)
    row = db.execute(
        "INSERT INTO revisions (article_id, at, title, text_hash, text) VALUES (?, ?, ?, ?, ?) RETURNING id",
        [article_id, to_text(now), title, text_hash(title, text or ""), text],
    ).fetchone()
    return int(row[0])


# ---------------------------------------------------------------- what is stored


def edition_of(db: Database, article_id: int) -> Edition:
    """An article as it was read last, with the claims and alerts that rest on it."""
    title, page_title, text, origin, reason = db.execute(
        "SELECT title, page_title, text, origin, origin_reason FROM articles WHERE id = ?", [article_id]
    ).fetchone()
    for newer in db.execute("SELECT title, text FROM revisions WHERE article_id = ? ORDER BY id", [article_id]):
        title, text = newer[0], text if newer[1] is None else newer[1]
    claims = _reports(db, "c.article_id = ?", [article_id])
    keys = dump_json(sorted({claim.meeting_key for claim in claims}))
    watches = db.execute("SELECT watch FROM matches WHERE article_id = ?", [article_id])
    told = db.execute(
        "SELECT m.key, a.watch, max(a.urgency = 'high') FROM alerts a JOIN meetings m ON m.id = a.meeting_id"
        " WHERE a.watch IS NOT NULL AND m.key IN (SELECT value FROM json_each(?)) GROUP BY 1, 2 ORDER BY 1, 2",
        [keys],
    )
    return Edition(
        title=title,
        page_title=page_title,
        text=text,
        origin=TextOrigin(origin),
        reason=reason,
        claims=claims,
        reports=_reports(db, "m.key IN (SELECT value FROM json_each(?))", [keys]),
        told=tuple(Told(row[0], row[1], Urgency.HIGH if row[2] else Urgency.NORMAL) for row in told),
        watches=frozenset(row[0] for row in watches),
    )


def _reports(db: Database, condition: str, values: Sequence[Any]) -> tuple[Report, ...]:
    """Claims about meetings that stand, in the order in which they were read."""
    rows = db.execute(
        "SELECT c.id, c.participants, c.level, c.status, c.date, c.place, c.evidence, c.field, c.start, c.end, c.cues,"  # noqa: S608 (the condition is one of the constants above)
        " c.rule, c.confidence, m.key, a.source, a.role, a.published_at, c.at, c.revision_id, a.originator"
        " FROM claims c"
        " JOIN meetings m ON m.id = c.meeting_id JOIN articles a ON a.id = c.article_id"
        f" WHERE {condition} AND c.withdrawn_at IS NULL ORDER BY c.at, c.id",
        values,
    )
    return tuple(
        Report(
            claim_id=row[0],
            claim=Claim(
                participants=labels(row[1]),
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
            at=from_text(row[16] if row[18] is None else row[17]),
            read_at=from_text(row[17]),
            originator=row[19],
        )
        for row in rows
    )
