"""Sources and their schedule: what is due, taken for a while, and finished together with what it brought.

Every function works inside a transaction that the caller has opened on the writing connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storage.identity import Identity, identify
from storage.model import Fault, Lease, Poll, PollOutcome, SourceSpec, Validators, to_text
from storage.rows import (
    clean,
    dump_json,
    entry_to_json,
    proof_from_json,
    proof_to_json,
    spec_from_json,
    spec_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlite_utils import Database

_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class PollFinish:
    """What finishing a poll changed: how many entries were new, and whether the source's health turned.

    `known` counts the entries of the answer that were stored before, or whose page is an article already.
    """

    new_entries: int
    was_fault: str | None
    is_fault: str | None
    known: int = 0


def sync_sources(db: Database, specs: Iterable[SourceSpec], now: datetime) -> None:
    """Make the configured sources the active ones; a new one is due at once, a changed one keeps its history.

    No item of a changed one counts as seen any more.
    """
    at = to_text(now)
    names = []
    for spec in specs:
        names.append(spec.name)
        row = db.execute("SELECT id, spec FROM sources WHERE name = ?", [spec.name]).fetchone()
        text = spec_to_json(spec)
        if row is None:
            source_id = db.execute(
                "INSERT INTO sources (name, spec, language, country, role, interval_s, next_poll_at, added_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                [spec.name, text, spec.language, spec.country, spec.role, spec.interval.total_seconds(), at, at],
            ).fetchone()[0]
            _sync_endpoints(db, source_id, spec)
        elif row[1] != text:
            db.execute(
                "UPDATE sources SET spec = ?, language = ?, country = ?, role = ?, interval_s = ?, next_poll_at = ?,"
                " active = 1, position = 0 WHERE id = ?",
                [text, spec.language, spec.country, spec.role, spec.interval.total_seconds(), at, row[0]],
            )
            _sync_endpoints(db, row[0], spec)
            db.execute("UPDATE endpoints SET seen = NULL WHERE source_id = ?", [row[0]])
        else:
            db.execute("UPDATE sources SET active = 1, next_poll_at = ? WHERE id = ? AND active = 0", [at, row[0]])
    db.execute(
        "UPDATE sources SET active = 0, leased_by = NULL, leased_until = NULL"
        " WHERE active = 1 AND name NOT IN (SELECT value FROM json_each(?))",
        [dump_json(names)],
    )


def release_leases(db: Database) -> None:
    """At the start of the only writer: whatever an earlier process had taken is free again."""
    db.execute("UPDATE sources SET leased_by = NULL, leased_until = NULL WHERE leased_until IS NOT NULL")
    db.execute("UPDATE entries SET leased_until = NULL WHERE leased_until IS NOT NULL AND state = 'pending'")
    db.execute("UPDATE deliveries SET leased_until = NULL WHERE leased_until IS NOT NULL AND state = 'due'")


def lease_due(
    db: Database,
    owner: str,
    now: datetime,
    most: int,
    hold: timedelta,
    *,
    names: Sequence[str] | None = None,
    ignore_schedule: bool = False,
) -> list[Lease]:
    """Take up to `most` sources that are due (or named), longest overdue first, until `now + hold`."""
    until = now + hold
    where = (
        "active = 1 AND NOT coalesce(json_extract(spec, '$.paused'), 0)"
        " AND (leased_until IS NULL OR leased_until <= :now)"
    )
    if not ignore_schedule:
        where += " AND next_poll_at <= :now"
    if names is not None:
        where += " AND name IN (SELECT value FROM json_each(:names))"
    rows = db.execute(
        "UPDATE sources SET leased_by = :owner, leased_until = :until"  # noqa: S608 (built from the constants above)
        f" WHERE id IN (SELECT id FROM sources WHERE {where}"
        " ORDER BY next_poll_at LIMIT :most) RETURNING id, spec, position, failures, first_ok_at",
        {
            "owner": owner,
            "now": to_text(now),
            "until": to_text(until),
            "most": most,
            "names": dump_json(list(names or ())),
        },
    ).fetchall()
    return [
        Lease(
            source_id=row[0],
            spec=(spec := spec_from_json(row[1])),
            validators=_validators(db, row[0], len(spec.endpoints)),
            position=row[2],
            failures=row[3],
            first_poll=row[4] is None,
            until=until,
        )
        for row in rows
    ]


def finish_poll(db: Database, poll: Poll, next_poll_at: datetime, now: datetime) -> PollFinish:
    """Store what a poll brought, the new entries together with the validators, and let the source go."""
    row = db.execute("SELECT fault, first_ok_at, failures FROM sources WHERE id = ?", [poll.source_id]).fetchone()
    first_poll = row[1] is None
    new, unread = add_entries(db, poll, now, first_poll=first_poll) if poll.entries else (0, 0)
    known = len(poll.entries) - unread
    at = to_text(now)
    fault = poll.fault
    for position, passed in poll.passed_over:
        _set_endpoint_fault(db, poll.source_id, position, passed, at)
    _set_endpoint_fault(db, poll.source_id, poll.position, fault, at)
    if poll.validators is not None and fault is None:
        _set_validators(db, poll, poll.validators)
    if fault is None:
        db.execute(
            "UPDATE sources SET next_poll_at = ?, leased_by = NULL, leased_until = NULL, position = ?,"
            " last_poll_at = ?, last_ok_at = ?, first_ok_at = coalesce(first_ok_at, ?), failures = 0,"
            " fault = NULL, fault_detail = NULL, fault_since = NULL, entries_seen = entries_seen + ?,"
            " last_new_at = CASE WHEN ? > 0 THEN ? ELSE last_new_at END, polled = polled + 1,"
            " not_modified = not_modified + ?, same_body = same_body + ?, items_cut = items_cut + ?,"
            " known_urls = known_urls + ? WHERE id = ?",
            [to_text(next_poll_at), poll.position, at, at, at, new, new, at, *_skips(poll), known, poll.source_id],
        )
    else:
        db.execute(
            "UPDATE sources SET next_poll_at = ?, leased_by = NULL, leased_until = NULL, last_poll_at = ?,"
            " polled = polled + 1, failures = failures + 1, fault = ?, fault_detail = ?,"
            " fault_since = coalesce(fault_since, ?) WHERE id = ?",
            [to_text(next_poll_at), at, fault.kind, clean(fault.detail), at, poll.source_id],
        )
    _log_poll(db, poll, new, known)
    return PollFinish(new, row[0], fault.kind if fault else None, known)


def _skips(poll: Poll) -> tuple[bool, bool, int]:
    """Whether a good poll was spared the body, whether it was spared reading it, and how many items were cut out."""
    unchanged = poll.outcome is PollOutcome.UNCHANGED
    not_modified = unchanged and poll.status == _NOT_MODIFIED
    return not_modified, unchanged and not not_modified and not poll.cut, poll.cut


def add_entries(db: Database, poll: Poll, now: datetime, *, first_poll: bool) -> tuple[int, int]:
    """Store the entries not seen before as pending; one whose URL is a stored article is only noted.

    Counts the new, and those of them that are to be read.
    """
    at = to_text(now)
    new = unread = 0
    # Oldest first, so that what is read first is what was reported first.
    for identity in reversed(identify(poll.entries)):
        if _is_seen(db, poll.source_id, identity):
            continue
        known = db.execute("SELECT id FROM articles WHERE url = ?", [clean(identity.article_url)]).fetchone()
        db.execute(
            "INSERT INTO entries (source_id, key, url, guid, content_hash, article_url, own_page, payload, seen_at,"
            " first_poll, state, reason, due_at, article_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                poll.source_id,
                clean(identity.key),
                clean(identity.entry.url) if identity.entry.url else None,
                clean(identity.entry.guid) if identity.entry.guid else None,
                identity.content_hash,
                clean(identity.article_url),
                identity.own_page,
                None if known else entry_to_json(identity.entry),
                at,
                first_poll,
                "read" if known else "pending",
                "known-url" if known else None,
                at,
                known[0] if known else None,
            ],
        )
        new += 1
        unread += not known
    return new, unread


def _is_seen(db: Database, source_id: int, identity: Identity) -> bool:
    """By key; else by an entry of the same link whose guid or words agree, or the same words without any link."""
    if db.execute("SELECT 1 FROM entries WHERE source_id = ? AND key = ?", [source_id, clean(identity.key)]).fetchone():
        return True
    entry = identity.entry
    if entry.url:
        near = db.execute(
            "SELECT 1 FROM entries WHERE url = ? AND source_id = ?"
            " AND (content_hash = ? OR (guid IS NOT NULL AND guid = ?)) LIMIT 1",
            [clean(entry.url), source_id, identity.content_hash, entry.guid],
        )
    else:
        near = db.execute(
            "SELECT 1 FROM entries WHERE source_id = ? AND content_hash = ? AND url IS NULL LIMIT 1",
            [source_id, identity.content_hash],
        )
    return near.fetchone() is not None


def _sync_endpoints(db: Database, source_id: int, spec: SourceSpec) -> None:
    """Keep the validators of a URL that stays at its place; whatever moved starts afresh."""
    kept = {
        (row[0], row[1], row[2])
        for row in db.execute("SELECT position, kind, url FROM endpoints WHERE source_id = ?", [source_id])
    }
    wanted = {(position, one.kind.value, one.url) for position, one in enumerate(spec.endpoints)}
    for position, _, _ in kept - wanted:
        db.execute("DELETE FROM endpoints WHERE source_id = ? AND position = ?", [source_id, position])
    db.conn.executemany(
        "INSERT INTO endpoints (source_id, position, kind, url) VALUES (?, ?, ?, ?)",
        [(source_id, *endpoint) for endpoint in sorted(wanted - kept)],
    )


def _validators(db: Database, source_id: int, count: int) -> tuple[Validators, ...]:
    rows = db.execute(
        "SELECT position, etag, last_modified, body_hash, proof, seen FROM endpoints WHERE source_id = ?", [source_id]
    ).fetchall()
    found = {row[0]: Validators(row[1], row[2], row[3], proof_from_json(row[4]), row[5] or b"") for row in rows}
    return tuple(found.get(position, Validators()) for position in range(count))


def _set_validators(db: Database, poll: Poll, given: Validators) -> None:
    """Only for the URL that was asked: the configuration may have put another in its place meanwhile."""
    db.execute(
        "UPDATE endpoints SET etag = ?, last_modified = ?, body_hash = ?, proof = ?, seen = ?"
        " WHERE source_id = ? AND position = ? AND url = ?",
        [
            given.etag,
            given.last_modified,
            given.body_hash,
            proof_to_json(given.proof),
            given.seen or None,
            poll.source_id,
            poll.position,
            poll.url,
        ],
    )


def _set_endpoint_fault(db: Database, source_id: int, position: int, fault: Fault | None, at: str) -> None:
    db.execute(
        "UPDATE endpoints SET fault = ?, fault_detail = ?, fault_at = ? WHERE source_id = ? AND position = ?",
        [
            fault.kind if fault else None,
            clean(fault.detail) if fault else None,
            at if fault else None,
            source_id,
            position,
        ],
    )


def _log_poll(db: Database, poll: Poll, new: int, known: int) -> None:
    db.execute(
        "INSERT INTO polls (source_id, started_at, took_ms, url, outcome, status, bytes, entries, new_entries, fault,"
        " fault_detail, notes, cut, known) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            poll.source_id,
            to_text(poll.started_at),
            poll.took / timedelta(milliseconds=1),
            clean(poll.url),
            poll.outcome,
            poll.status,
            poll.size,
            poll.held,
            new,
            poll.fault.kind if poll.fault else None,
            clean(poll.fault.detail) if poll.fault else None,
            dump_json(poll.notes),
            poll.cut,
            known,
        ],
    )
