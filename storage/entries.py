"""The queue of entries whose articles are still to be read; inside a transaction of the caller's."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING

from storage.identity import page_key
from storage.model import PendingEntry, from_text, to_text
from storage.rows import clean, dump_json, entry_from_json, spec_from_json
from storage.shingles import address_mark, carriers_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from sqlite_utils import Database


@lru_cache(maxsize=256)  # the same address is asked for a few times while its article is recorded
def key_of_page(url: str) -> str | None:
    """The key by which an article's twins are known; None for one that has no address on the web."""
    return clean(page_key(url)) if url.startswith("http") else None


def find_article(db: Database, url: str) -> int | None:
    """The stored article of a canonical URL, or of one of its twins (http and https, mobile, AMP)."""
    key = key_of_page(url)
    if key is None:
        row = db.execute("SELECT id FROM articles WHERE url = ?", [clean(url)]).fetchone()
    else:  # which the article of the very address has too
        marked = carriers_of(db, (address_mark(key),))
        if not marked:
            return None
        sql = (
            "SELECT id FROM articles WHERE id IN (SELECT value FROM json_each(?)) AND page_key = ?"
            " ORDER BY url <> ?, id LIMIT 1"
        )
        row = db.execute(sql, [dump_json([one for ids in marked.values() for one in ids]), key, clean(url)]).fetchone()
    return None if row is None else int(row[0])


def lease_entries(
    db: Database, now: datetime, most: int, hold: timedelta, *, per_source: int, busy: Mapping[int, int]
) -> list[PendingEntry]:
    """Take up to `most` pending entries until `now + hold`, those seen first at the front.

    No source gets more than `per_source` of them; `busy` says how many of a source (by id) are being read already. So
    one slow host never keeps the others waiting.
    """
    chosen = _choose(db, to_text(now), most, per_source, busy)
    rows = db.execute(
        "UPDATE entries SET leased_until = ? WHERE id IN (SELECT value FROM json_each(?))"
        " RETURNING id, source_id, payload, seen_at, first_poll, attempts, article_url, own_page,"
        " (SELECT spec FROM sources WHERE sources.id = entries.source_id)",
        [to_text(now + hold), dump_json(chosen)],
    ).fetchall()
    return [
        PendingEntry(
            id=row[0],
            source_id=row[1],
            spec=spec_from_json(row[8]),
            entry=entry_from_json(row[2]),
            seen_at=from_text(row[3]),
            first_poll=bool(row[4]),
            attempts=row[5],
            article_url=row[6],
            own_page=bool(row[7]),
        )
        for row in sorted(rows)
    ]


def _choose(db: Database, now: str, most: int, per_source: int, busy: Mapping[int, int]) -> list[int]:
    """The entries to take, walking the queue until there are enough.

    To rank the whole of it cost 55 ms for each article read while 6,000 waited, as after a first start.
    """
    taken = Counter(busy)
    chosen: list[int] = []
    waiting = db.execute(
        "SELECT id, source_id FROM entries INDEXED BY entries_due WHERE state = 'pending' AND due_at <= :now"
        " AND (leased_until IS NULL OR leased_until <= :now)"
        " AND source_id NOT IN (SELECT value FROM json_each(:full)) ORDER BY due_at, id",
        {"now": now, "full": dump_json([source for source, count in busy.items() if count >= per_source])},
    )
    with closing(waiting):
        for entry_id, source_id in waiting if most > 0 else ():
            if taken[source_id] < per_source:
                taken[source_id] += 1
                chosen.append(entry_id)
                if len(chosen) == most:
                    break
    return chosen


def retry_entry(db: Database, entry_id: int, due_at: datetime, reason: str) -> None:
    """Put an entry back for another try at `due_at`, saying why."""
    db.execute(
        "UPDATE entries SET leased_until = NULL, attempts = attempts + 1, due_at = ?, reason = ? WHERE id = ?",
        [to_text(due_at), clean(reason), entry_id],
    )


def finish_entry(db: Database, entry_id: int, article_id: int | None, state: str, reason: str | None) -> None:
    """The entry is done with: its article is stored, known, or cannot be had (`failed`, with the reason)."""
    db.execute(
        "UPDATE entries SET state = ?, reason = ?, article_id = ?, leased_until = NULL, attempts = attempts + 1,"
        " payload = CASE WHEN ? = 'failed' THEN payload ELSE NULL END WHERE id = ?",
        [state, clean(reason) if reason else None, article_id, state, entry_id],
    )
