"""Sources and their schedule: what is due, taken for a while, and finished together with what it brought.

Every function works inside a transaction that the caller has opened on the writing connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from config.hosts import host_key
from storage.endpoints import (
    Known,
    has_delivered,
    known_endpoints,
    set_faults,
    set_validators,
    sync_endpoints,
)
from storage.entries import find_article
from storage.identity import Identity, identify, key_of_link
from storage.model import (
    EndpointState,
    Entry,
    Lease,
    NextPoll,
    Poll,
    PollOutcome,
    Rhythm,
    SourceSpec,
    Validators,
    from_text,
    to_text,
)
from storage.rereads import note_headline
from storage.rows import (
    clean,
    dump_json,
    entry_to_json,
    spec_from_json,
    spec_to_json,
)
from storage.turns import NEVER, pick_due, pick_named
from storage.vitals import note_vitals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlite_utils import Database

    from storage.turns import Turns

    ChooseNext = Callable[[int], NextPoll]

ABSENT_AFTER: Final = timedelta(hours=30)
"""No source that answers is asked less often than once a day, but for what spreads the polls."""
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

    No item of a changed one counts as seen any more. Of 100,000 that are as they were, none is written.
    """
    at = to_text(now)
    new = {spec.name: spec for spec in specs}
    gone: list[int] = []
    back: list[int] = []
    changed: list[tuple[int, SourceSpec, str, str]] = []
    for source_id, name, active, before in db.execute("SELECT id, name, active, spec FROM sources"):
        spec = new.pop(name, None)
        if spec is None:
            gone += [source_id] if active else []
        elif (text := spec_to_json(spec)) != before:
            changed.append((source_id, spec, before, text))
        elif not active:
            back.append(source_id)
    db.conn.executemany(
        "UPDATE sources SET active = 0, leased_by = NULL, leased_until = NULL WHERE id = ?", ((id_,) for id_ in gone)
    )
    db.conn.executemany("UPDATE sources SET active = 1, next_poll_at = ? WHERE id = ?", ((at, id_) for id_ in back))
    for source_id, spec, before, text in changed:
        _change(db, source_id, spec, before, text, at)
    _add(db, sorted(new.values(), key=lambda spec: spec.name), at)


def _change(db: Database, source_id: int, spec: SourceSpec, before: str, text: str, at: str) -> None:
    db.execute(
        "UPDATE sources SET spec = ?, language = ?, country = ?, role = ?, interval_s = ?, host = ?, held_until = ?,"
        " next_poll_at = ?, active = 1, position = 0 WHERE id = ?",
        [text, spec.language, spec.country, spec.role, spec.interval.total_seconds(), *_host_of(spec), at, source_id],
    )
    sync_endpoints(db, source_id, spec, before)
    db.execute("UPDATE endpoints SET seen = NULL WHERE source_id = ?", [source_id])


def _add(db: Database, specs: Sequence[SourceSpec], at: str) -> None:
    """In the order of their names, in which SQLite fills the index of names fastest."""
    first = db.execute("SELECT coalesce(max(id), 0) FROM sources").fetchone()[0] + 1
    db.conn.executemany(
        "INSERT INTO sources (name, spec, language, country, role, interval_s, host, held_until, next_poll_at,"
        " added_at, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                spec.name,
                spec_to_json(spec),
                spec.language,
                spec.country,
                spec.role,
                spec.interval.total_seconds(),
                *_host_of(spec),
                at,
                at,
                source_id,
            )
            for source_id, spec in enumerate(specs, first)
        ),
    )
    db.conn.executemany(
        "INSERT INTO endpoints (source_id, position, kind, url) VALUES (?, ?, ?, ?)",
        (
            (source_id, position, endpoint.kind, endpoint.url)
            for source_id, spec in enumerate(specs, first)
            for position, endpoint in enumerate(spec.endpoints)
        ),
    )


def _host_of(spec: SourceSpec) -> tuple[str, str]:
    """The host whose turn is waited for, and until when it is not asked in any case: for ever while it is paused."""
    return host_key(spec.endpoints[0].url) if spec.endpoints else "", NEVER if spec.paused else ""


def release_leases(db: Database) -> None:
    """At the start of the only writer: whatever an earlier process had taken is free again."""
    db.execute("UPDATE sources SET leased_by = NULL, leased_until = NULL WHERE leased_until IS NOT NULL")
    db.execute("UPDATE entries SET leased_until = NULL WHERE leased_until IS NOT NULL AND state = 'pending'")
    db.execute("UPDATE deliveries SET leased_until = NULL WHERE leased_until IS NOT NULL AND state = 'due'")
    db.execute("UPDATE rereads SET leased_until = NULL WHERE leased_until IS NOT NULL")


def lease_due(
    db: Database,
    owner: str,
    now: datetime,
    most: int,
    hold: timedelta,
    *,
    names: Sequence[str] | None = None,
    ignore_schedule: bool = False,
    turns: Turns | None = None,
) -> list[Lease]:
    """Take up to `most` sources that are due (or named), longest overdue first, until `now + hold`.

    With `turns` the sources of a host come a few at a time.
    """
    if names is None and not ignore_schedule:
        ids = pick_due(db, now, most, turns)
    else:
        ids = pick_named(db, now, most, names, ignore_schedule=ignore_schedule)
    until = now + hold
    rows = db.execute(
        "UPDATE sources SET leased_by = ?, leased_until = ? WHERE id IN (SELECT value FROM json_each(?))"
        " RETURNING id, spec, position, failures, host, rate, first_ok_at, last_ok_at, last_new_at",
        [owner, to_text(until), dump_json(ids)],
    ).fetchall()
    order = {source_id: place for place, source_id in enumerate(ids)}
    known = known_endpoints(db, ids)
    rows.sort(key=lambda row: order[row[0]])
    return [_lease(row, known.get(row[0], {}), until) for row in rows]


def _lease(row: Sequence[Any], known: Known, until: datetime) -> Lease:
    source_id, spec_text, position, failures, host, rate, *moments = row
    spec = spec_from_json(spec_text)
    positions = range(len(spec.endpoints))
    first_ok_at, last_ok_at, last_new_at = (from_text(moment) if moment else None for moment in moments)
    return Lease(
        source_id=source_id,
        spec=spec,
        validators=tuple(known[one][0] if one in known else Validators() for one in positions),
        position=position,
        failures=failures,
        first_poll=first_ok_at is None,
        until=until,
        endpoints=tuple(known[one][1] if one in known else EndpointState() for one in positions),
        rhythm=Rhythm(rate, first_ok_at, last_ok_at, last_new_at),
        host=host,
    )


def finish_poll(db: Database, poll: Poll, when: datetime | ChooseNext, now: datetime) -> PollFinish:
    """Store what a poll brought, the new entries together with the validators, and let the source go.

    `when` is the time of the next poll, or chooses it from the number of new entries that were no backlog.
    """
    sql = "SELECT fault, last_ok_at, spec FROM sources WHERE id = ?"
    row = db.execute(sql, [poll.source_id]).fetchone()
    backlog = bool(poll.entries) and not has_delivered(db, poll)
    read_until = from_text(row[1]) if row[1] else None
    absent = read_until is not None and _was_absent(now - read_until, row[2])
    new, unread = _add_new(db, poll, now, None if absent else read_until, first=backlog)
    known = len(poll.entries) - unread
    at = to_text(now)
    fault = poll.fault
    due = when if isinstance(when, datetime) else when(0 if backlog else new)
    set_faults(db, poll, at)
    if poll.validators is not None and fault is None:
        set_validators(db, poll, poll.validators)
    if fault is None:
        db.execute(
            _LET_GO + "position = ?,"
            " last_poll_at = ?, last_ok_at = ?, first_ok_at = coalesce(first_ok_at, ?), failures = 0,"
            " fault = NULL, fault_detail = NULL, fault_since = NULL, entries_seen = entries_seen + ?,"
            " last_new_at = CASE WHEN ? > 0 THEN ? ELSE last_new_at END, polled = polled + 1,"
            " not_modified = not_modified + ?, same_body = same_body + ?, items_cut = items_cut + ?,"
            " known_urls = known_urls + ? WHERE id = ?",
            [*_due_values(due), poll.position, at, at, at, new, new, at, *_skips(poll), known, poll.source_id],
        )
    else:
        db.execute(
            _LET_GO + "last_poll_at = ?,"
            " polled = polled + 1, failures = failures + 1, fault = ?, fault_detail = ?,"
            " fault_since = coalesce(fault_since, ?) WHERE id = ?",
            [*_due_values(due), at, fault.kind, clean(fault.detail), at, poll.source_id],
        )
    note_vitals(db, poll, new, now, backlog=backlog, was_fault=row[0] is not None)
    _log_poll(db, poll, new, known)
    return PollFinish(new, row[0], fault.kind if fault else None, known)


_LET_GO = (
    "UPDATE sources SET next_poll_at = ?, pace = coalesce(?, pace), pace_s = coalesce(?, pace_s),"
    " rate = coalesce(?, rate), leased_by = NULL, leased_until = NULL, "
)


def _due_values(due: datetime | NextPoll) -> tuple[str, str | None, float | None, float | None]:
    if isinstance(due, datetime):
        return to_text(due), None, None, None
    return to_text(due.at), due.pace, due.interval.total_seconds(), due.rate


def _was_absent(unread_for: timedelta, spec_text: str) -> bool:
    """Whether its next answer is read as if it were the first: it brings a backlog that must wake nobody.

    So it is when the source was away, when we were, and when we go on from a backup.
    """
    return unread_for > ABSENT_AFTER and unread_for > 3 * spec_from_json(spec_text).interval


def _add_new(db: Database, poll: Poll, now: datetime, read_until: datetime | None, *, first: bool) -> tuple[int, int]:
    """Store the new entries; of an endpoint's first answer only what was published since the source was read is news.

    A stand-in brings its own last weeks under addresses of its own: what lies before the source's last good poll was
    there to be seen then, and what carries no time may have been. Of a source's first answer, and of the first after a
    long absence (`read_until` is None), all is background.
    """
    if not poll.entries:
        return 0, 0

    def is_background(entry: Entry) -> bool:
        if read_until is None or not first:
            return read_until is None
        return entry.published_at is None or entry.published_at < read_until

    return add_entries(db, poll, now, is_background)


def _skips(poll: Poll) -> tuple[bool, bool, int]:
    """Whether a good poll was spared the body, whether it was spared reading it, and how many items were cut out."""
    unchanged = poll.outcome is PollOutcome.UNCHANGED
    not_modified = unchanged and poll.status == _NOT_MODIFIED
    return not_modified, unchanged and not not_modified and not poll.cut, poll.cut


def add_entries(db: Database, poll: Poll, now: datetime, is_background: Callable[[Entry], bool]) -> tuple[int, int]:
    """Store the entries not seen before as pending; one whose URL is a stored article is only noted.

    Counts the new, and those of them that are to be read. `is_background` tells what was there before we looked.
    """
    at = to_text(now)
    new = unread = 0
    # Oldest first, so that what is read first is what was reported first.
    for identity in reversed(identify(poll.entries)):
        if _is_seen(db, poll.source_id, identity):
            note_headline(db, poll.source_id, identity, now)
            continue
        known = find_article(db, identity.article_url)
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
                entry_to_json(identity.entry) if known is None else None,
                at,
                is_background(identity.entry),
                "pending" if known is None else "read",
                None if known is None else "known-url",
                at,
                known,
            ],
        )
        new += 1
        unread += known is None
    return new, unread


def _is_seen(db: Database, source_id: int, identity: Identity) -> bool:
    """By key; else by an entry of the same link whose guid or words agree, or the same words without any link."""
    if db.execute("SELECT 1 FROM entries WHERE source_id = ? AND key = ?", [source_id, clean(identity.key)]).fetchone():
        return True
    entry = identity.entry
    if entry.url:
        same = "(content_hash = :words OR (guid IS NOT NULL AND guid = :guid))"
        near = db.execute(
            f"SELECT 1 FROM entries WHERE source_id = :source AND key = :own AND {same} UNION ALL"  # noqa: S608 (ours)
            f" SELECT 1 FROM entries WHERE url = :url AND own_page = 0 AND source_id = :source AND {same} LIMIT 1",
            {
                "source": source_id,
                "own": clean(key_of_link(entry.url)),
                "url": clean(entry.url),
                "words": identity.content_hash,
                "guid": entry.guid,
            },
        )
    else:
        near = db.execute(
            "SELECT 1 FROM entries WHERE source_id = ? AND content_hash = ? AND url IS NULL LIMIT 1",
            [source_id, identity.content_hash],
        )
    return near.fetchone() is not None


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
