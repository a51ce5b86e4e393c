"""When stored articles are read again: those that raised an alert, and those whose headline was edited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storage.model import Entry, PendingEntry, Reread, TextOrigin, from_text, to_text
from storage.rows import clean, entry_from_json, entry_to_json, spec_from_json

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.identity import Identity

AFTER_ALERT = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""How long after its alert an article is read again."""
CONFIRM_AFTER = timedelta(minutes=15)
"""A page that lost most of its text is read once more before anything is concluded."""
EDITS_MOST = 12
"""Headlines with a counter in them change at every poll; the waits between re-reads double, and these are enough."""


def schedule_reread(db: Database, article_id: int, alerted_at: datetime) -> None:
    """An article raised an alert: its page, if it was read from one, is due again at the times above."""
    db.execute(
        "INSERT INTO rereads (article_id, alerted_at, due_at)"
        " SELECT id, ?, ? FROM articles WHERE id = ? AND origin = ? AND page_key IS NOT NULL"
        " ON CONFLICT (article_id) DO UPDATE SET alerted_at = excluded.alerted_at, step = 0,"
        " due_at = min(due_at, excluded.due_at)",
        [to_text(alerted_at), to_text(alerted_at + AFTER_ALERT[0]), article_id, TextOrigin.PAGE],
    )


def note_headline(db: Database, source_id: int, identity: Identity, now: datetime) -> None:
    """An entry seen before has another headline: its article is due again, the sooner the fewer edits it had."""
    edited = db.execute(
        "UPDATE entries SET content_hash = ? WHERE source_id = ? AND key = ? AND content_hash <> ? AND own_page = 1"
        " AND state = 'read' AND article_id IS NOT NULL RETURNING article_id",
        [identity.content_hash, source_id, clean(identity.key), identity.content_hash],
    ).fetchone()
    if edited is None:
        return
    own = db.execute("SELECT 1 FROM articles WHERE id = ? AND source_id = ?", [edited[0], source_id]).fetchone()
    edits = db.execute("SELECT count(*) FROM revisions WHERE article_id = ?", [edited[0]]).fetchone()[0]
    if own is None or edits >= EDITS_MOST:
        return
    due_at = now + timedelta(minutes=2**edits) if edits else now
    db.execute(
        "INSERT INTO rereads (article_id, payload, due_at) VALUES (?, ?, ?)"
        " ON CONFLICT (article_id) DO UPDATE SET payload = excluded.payload, due_at = min(due_at, excluded.due_at)",
        [edited[0], entry_to_json(identity.entry), to_text(due_at)],
    )


def lease_rereads(db: Database, now: datetime, most: int, hold: timedelta) -> list[Reread]:
    """Take up to `most` articles that are due again until `now + hold`, longest overdue first."""
    taken = db.execute(
        "UPDATE rereads SET leased_until = ? WHERE article_id IN (SELECT article_id FROM rereads WHERE due_at <= ?"
        " AND (leased_until IS NULL OR leased_until <= ?) ORDER BY due_at LIMIT ?) RETURNING article_id",
        [to_text(now + hold), to_text(now), to_text(now), most],
    ).fetchall()
    return [_reread(db, row[0]) for row in sorted(taken)]


def _reread(db: Database, article_id: int) -> Reread:
    row = db.execute(
        "SELECT a.url,"
        " coalesce((SELECT title FROM revisions WHERE article_id = a.id ORDER BY id DESC LIMIT 1), a.title),"
        " a.language, a.author, a.claimed_at, a.seen_at, a.page_title, a.source_id, s.spec, r.payload, r.alerted_at,"
        " r.missed FROM rereads r JOIN articles a ON a.id = r.article_id JOIN sources s ON s.id = a.source_id"
        " WHERE r.article_id = ?",
        [article_id],
    ).fetchone()
    url, title, language, author, claimed_at, seen_at, page_title, source_id, spec, payload, alerted_at, missed = row
    entry = Entry(
        url=url,
        guid=None,
        title=title,
        author=author,
        language=language,
        published_at=from_text(claimed_at) if claimed_at else None,
    )
    return Reread(
        article_id=article_id,
        pending=PendingEntry(
            id=0,
            source_id=source_id,
            spec=spec_from_json(spec),
            entry=entry_from_json(payload) if payload else entry,
            seen_at=from_text(seen_at),
            first_poll=False,
            attempts=0,
            article_url=url,
            own_page=True,
        ),
        page_title=page_title,
        alerted_at=from_text(alerted_at) if alerted_at else None,
        edited=payload is not None,
        missed=missed,
    )


def finish_reread(db: Database, reread: Reread, now: datetime, *, unsure: bool = False) -> None:
    """Set when the article is due next; let it go when its times are over."""
    if unsure and reread.missed == 0:
        db.execute(
            "UPDATE rereads SET leased_until = NULL, missed = missed + 1, due_at = ? WHERE article_id = ?",
            [to_text(now + CONFIRM_AFTER), reread.article_id],
        )
        return
    times = () if reread.alerted_at is None else tuple(reread.alerted_at + wait for wait in AFTER_ALERT)
    step = sum(at <= now for at in times)
    if step == len(times):
        db.execute("DELETE FROM rereads WHERE article_id = ?", [reread.article_id])
        return
    db.execute(
        "UPDATE rereads SET leased_until = NULL, missed = 0, payload = NULL, step = ?, due_at = ? WHERE article_id = ?",
        [step, to_text(times[step]), reread.article_id],
    )
