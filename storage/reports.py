"""Whose report an article is, and who reported a meeting: kept in step with the groups of copies; in a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.agencies import outlet_of
from config.vocabulary import Role
from storage.rows import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlite_utils import Database

# What a copy claims, its group need not: it may have added it. What the first claims, all of its group carry.
_REPORTERS = """
SELECT c.meeting_id, a.source, a.originator FROM claims c
JOIN articles told ON told.id = c.article_id
JOIN articles a ON a.id IN (
    SELECT told.id UNION SELECT told.copy_of UNION
    SELECT id FROM articles WHERE copy_of = coalesce(told.copy_of, told.id))
AND (a.id = told.id OR (
    (told.copy_of IS NULL OR instr(a.text, c.evidence))
    AND NOT EXISTS (SELECT 1 FROM revisions WHERE article_id = a.id AND text IS NOT NULL)))
JOIN meetings m ON m.id = c.meeting_id
WHERE c.meeting_id IN (SELECT value FROM json_each(?)) AND c.withdrawn_at IS NULL
AND (c.status = m.status OR (c.status IN ('held', 'under_way') AND m.status IN ('held', 'under_way')))
"""


def originate(db: Database, first: int) -> None:
    """Say of a group of copies whose report it is, by its first article; of an article without copies too.

    An official text is its own whoever prints it. Else it is the agency's that the first to credit one credits: who had
    a wire text a minute earlier, and did not say whose it is, is not its author.
    """
    rows = db.execute(
        "SELECT source, role, credit FROM articles WHERE id = ? OR copy_of = ? ORDER BY seen_at, published_at, id",
        [first, first],
    ).fetchall()
    source, role, _ = rows[0]
    credit = None if role == Role.OFFICIAL else next((row[2] for row in rows if row[2]), None)
    originator = credit or outlet_of(source)
    db.execute(
        "UPDATE articles SET originator = ?1 WHERE (id = ?2 OR copy_of = ?2) AND originator <> ?1", [originator, first]
    )


def meetings_told_by(db: Database, first: int) -> list[int]:
    """The meetings that a group of copies tells of."""
    rows = db.execute(
        "SELECT DISTINCT meeting_id FROM claims WHERE meeting_id IS NOT NULL"
        " AND article_id IN (SELECT id FROM articles WHERE id = ? OR copy_of = ?)",
        [first, first],
    )
    return [row[0] for row in rows]


def count_reports(db: Database, meeting_ids: Iterable[int]) -> None:
    """Count for these meetings the sources that report what has become of them, copies included; name the independent.

    Who only hoped for it, or denies it, reported no meeting that was held.

    A copy whose text was edited since need not say it any more; what it says itself are claims of its own.
    """
    ids = sorted(meeting_ids)
    if not ids:
        return
    sources: dict[int, set[str]] = {one: set() for one in ids}
    originators: dict[int, set[str]] = {one: set() for one in ids}
    for meeting_id, source, originator in db.execute(_REPORTERS, [dump_json(ids)]):
        sources[meeting_id].add(source)
        originators[meeting_id].add(originator)
    db.conn.executemany(
        "UPDATE meetings SET reports = ?, originators = ? WHERE id = ?",
        [(len(sources[one]), dump_json(sorted(originators[one])), one) for one in ids],
    )
