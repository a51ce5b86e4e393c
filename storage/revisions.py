"""Articles read again: what is stored of them, the pure decision, and all that follows, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from config.vocabulary import Urgency
from storage.departures import write_departures
from storage.identity import text_hash
from storage.meetings import reports_where, write_ledger
from storage.model import (
    Amendment,
    Edition,
    Known,
    Reading,
    Reread,
    TextOrigin,
    Told,
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
)
from storage.reports import count_reports
from storage.rereads import finish_reread, schedule_reread
from storage.rows import clean, dump_json

if TYPE_CHECKING:
    from collections.abc import Callable
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
    if amendment.text is not None:
        write_departures(db, reading.departures, reread.article_id, now)
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
    meeting_ids = write_ledger(db, outcome)
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
    claims = reports_where(db, "c.article_id = ?", [article_id])
    keys = dump_json(sorted({claim.meeting_key for claim in claims}))
    watches = db.execute("SELECT watch FROM matches WHERE article_id = ?", [article_id])
    told = db.execute(
        "SELECT m.key, told.watch, max(told.urgency = 'high') FROM meetings m JOIN ("
        " SELECT meeting_id, watch, urgency FROM alerts UNION ALL SELECT meeting_id, watch, urgency FROM told_before"
        ") told ON told.meeting_id = m.id"
        " WHERE told.watch IS NOT NULL AND m.key IN (SELECT value FROM json_each(?)) GROUP BY 1, 2 ORDER BY 1, 2",
        [keys],
    )
    return Edition(
        title=title,
        page_title=page_title,
        text=text,
        origin=TextOrigin(origin),
        reason=reason,
        claims=claims,
        reports=reports_where(db, "m.key IN (SELECT value FROM json_each(?))", [keys]),
        told=tuple(Told(row[0], row[1], Urgency.HIGH if row[2] else Urgency.NORMAL) for row in told),
        watches=frozenset(row[0] for row in watches),
    )
