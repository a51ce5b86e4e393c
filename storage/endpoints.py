"""What is kept of the endpoints of each source: how far their validators go, and what fails.

Every function works inside a transaction that the caller has opened on the writing connection.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from storage.model import EndpointState, Poll, SourceSpec, Validators, from_text, to_text
from storage.rows import clean, dump_json, proof_from_json, proof_to_json, spec_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlite_utils import Database

Known = dict[int, tuple[Validators, EndpointState]]
"""Of the endpoints of one source, by position."""


def sync_endpoints(db: Database, source_id: int, spec: SourceSpec, before: str) -> None:
    """Keep what is known of an endpoint that is at its place as `before` (the stored text); the others start afresh.

    Under another selector the same body holds other entries.
    """
    now = _endpoints_of(spec_to_json(spec))
    for position, (old, new) in enumerate(zip(_endpoints_of(before), now, strict=False)):
        if old != new:
            db.execute("DELETE FROM endpoints WHERE source_id = ? AND position = ?", [source_id, position])
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


def _endpoints_of(spec_text: str) -> list[Any]:
    """The endpoints of a stored source as raw JSON, whatever version wrote it."""
    return list(json.loads(spec_text).get("endpoints", ()))


def known_endpoints(db: Database, source_ids: Sequence[int]) -> dict[int, Known]:
    """What is kept of the endpoints of each source, by position."""
    rows = db.execute(
        "SELECT source_id, position, etag, last_modified, body_hash, proof, seen, failures, retry_at, first_ok_at,"
        " memory FROM endpoints WHERE source_id IN (SELECT value FROM json_each(?))",
        [dump_json(source_ids)],
    )
    known: dict[int, Known] = {}
    for source_id, position, *row in rows:
        etag, last_modified, body_hash, proof, seen, failures, retry_at, first_ok_at, memory = row
        known.setdefault(source_id, {})[position] = (
            Validators(etag, last_modified, body_hash, proof_from_json(proof), seen or b"", at_fault=failures > 0),
            EndpointState(failures, from_text(retry_at) if retry_at else None, first_ok_at is not None, memory or ""),
        )
    return known


def set_validators(db: Database, poll: Poll, given: Validators) -> None:
    """Keep them, but only for the URL that was asked: the configuration may have put another in its place meanwhile."""
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


def set_faults(db: Database, poll: Poll, at: str) -> None:
    """Each endpoint that was asked and failed counts it; one that answered is well again."""
    rests = dict(poll.rests)
    asked = (*poll.passed_over, (poll.position, poll.fault)) if poll.fault else poll.passed_over
    for position, fault in asked:
        db.execute(
            "UPDATE endpoints SET fault = ?, fault_detail = ?, fault_at = ?, failures = failures + 1, retry_at = ?"
            " WHERE source_id = ? AND position = ?",
            [
                fault.kind,
                clean(fault.detail),
                at,
                to_text(rests[position]) if position in rests else None,
                poll.source_id,
                position,
            ],
        )
    if poll.fault is None:
        db.execute(
            "UPDATE endpoints SET fault = NULL, fault_detail = NULL, fault_at = NULL, failures = 0, retry_at = NULL,"
            " first_ok_at = coalesce(first_ok_at, ?), memory = coalesce(?, memory)"
            " WHERE source_id = ? AND position = ?"
            # Mostly there is nothing to change: then the row is not written.
            " AND (failures > 0 OR fault IS NOT NULL OR retry_at IS NOT NULL OR first_ok_at IS NULL OR ? IS NOT NULL)",
            [at, poll.memory, poll.source_id, poll.position, poll.memory],
        )


def has_delivered(db: Database, poll: Poll) -> bool:
    """Whether the endpoint that answered this poll had ever answered before."""
    row = db.execute(
        "SELECT first_ok_at FROM endpoints WHERE source_id = ? AND position = ?", [poll.source_id, poll.position]
    ).fetchone()
    return row is not None and row[0] is not None
