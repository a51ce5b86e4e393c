"""Groups of copies in the database: found by their shingles, joined, parted by pruning; inside a transaction.

A group is what hangs together by `duplicates.copied` (or by the same words), so that it does not depend on the order
in which its articles were recorded. Its first is the one seen first; `copy_of` of all others points at it, never at a
copy. The table of shingles has those of each first, and of a copy those that its group had not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.duplicates import HOT, Body, added_spans, copied, is_within, rate_of
from storage.model import Field, Reading, Sketch, Span, from_text
from storage.rows import clean, dump_json
from storage.shingles import add_shingles, address_mark, carriers_of, remove_shingles, text_mark

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

_MOST_GROUPS: Final = 8
_MOST_COMPARED: Final = 40
"""Candidates that are looked at: the likeliest groups, and the members of each until one is a copy."""
_LEAST_HITS: Final = 2
_FEW: Final = 12
"""Shingles in common that a full copy would have: where they are so few, one of them makes a candidate."""
_LEAST_SHARE: Final = 0.08
"""Of the shingles that a full copy would have in common, what a candidate must."""


@dataclass(frozen=True, slots=True)
class Kin:
    """The stored groups that an article belongs to, and how much it has of the text by which that was found.

    `bodies` are the texts it was compared with; `held` the hashes of its sketch, and the mark of its whole text, that
    need not be stored.
    """

    firsts: tuple[int, ...] = ()
    overlap: float | None = None
    bodies: tuple[Body, ...] = ()
    held: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A group with some of an article's shingles; `members` have them, most first."""

    first: int
    members: tuple[int, ...]
    hits: int
    expected: float

    @property
    def is_likely(self) -> bool:
        least = 1 if self.expected < _FEW else _LEAST_HITS
        return self.hits >= max(least, _LEAST_SHARE * self.expected)


def kin_of(db: Database, reading: Reading) -> Kin:
    """The groups that a reading belongs to."""
    body = Body(clean(reading.text.text), clean(reading.text.title), clean(reading.source))
    sketch = reading.sketch or body.sketch
    return find_kin(db, reading.text_hash, body, sketch, reading.published_at)


def find_kin(
    db: Database, text_hash: str, body: Body, sketch: Sketch, published_at: datetime, *, own: int | None = None
) -> Kin:
    """Look up and compare; `own` is the article itself when it is stored already."""
    firsts: dict[int, float] = {}
    bodies: list[Body] = []
    whole = text_mark(text_hash)
    carriers = carriers_of(db, (*sketch.hashes, whole))
    for ids in carriers.values() if own is not None else ():
        ids[:] = (one for one in ids if one != own)
    same = _with_text(db, text_hash, carriers[whole]) if whole in carriers else None
    if same is not None:
        firsts[same] = 1.0
        bodies.append(body)
    hot = frozenset(one for one, ids in carriers.items() if len(ids) >= HOT)
    groups, candidates = _candidates(db, sketch, {one: ids for one, ids in carriers.items() if one not in hot})
    for candidate in candidates:
        if candidate.first not in firsts:
            found = _compare(db, candidate, body, published_at, own)
            if found is not None:
                firsts[candidate.first], other = found
                bodies.append(other)
    held = frozenset(one for one, ids in carriers.items() if any(groups.get(id_) in firsts for id_ in ids))
    return Kin(tuple(firsts), max(firsts.values(), default=None), tuple(bodies), held | hot)


def _with_text(db: Database, text_hash: str, ids: Collection[int]) -> int | None:
    """The first of the group of those of these articles that have the very text."""
    row = db.execute(
        "SELECT coalesce(copy_of, id) FROM articles WHERE id IN (SELECT value FROM json_each(?)) AND text_hash = ?"
        " ORDER BY id LIMIT 1",
        [dump_json(list(ids)), text_hash],
    ).fetchone()
    return None if row is None else int(row[0])


def _candidates(
    db: Database, sketch: Sketch, carriers: Mapping[int, Sequence[int]]
) -> tuple[dict[int, int], list[_Candidate]]:
    """The group of each article that shares a shingle, and the groups that are worth a comparison, likeliest first."""
    if not carriers:
        return {}, []
    hits: defaultdict[int, set[int]] = defaultdict(set)
    for one, ids in carriers.items():
        for article_id in ids:
            hits[article_id].add(one)
    rows = db.execute(
        "SELECT id, coalesce(copy_of, id), shingles FROM articles INDEXED BY articles_by_shingles"
        " WHERE id IN (SELECT value FROM json_each(?)) AND shingles IS NOT NULL",
        [dump_json(list(hits))],
    ).fetchall()
    groups = {row[0]: row[1] for row in rows}
    sizes = {row[0]: row[2] for row in rows}
    members: defaultdict[int, list[int]] = defaultdict(list)
    for article_id, first in groups.items():
        members[first].append(article_id)
    found = []
    for first, ids in members.items():
        ids.sort(key=lambda one: (-len(hits[one]), one))
        size = min(sizes[one] for one in ids)
        expected = min(size, sketch.size) / max(rate_of(size), rate_of(sketch.size))
        found.append(_Candidate(first, tuple(ids), len(set().union(*(hits[one] for one in ids))), expected))
    found.sort(key=lambda one: (-one.hits / max(1.0, one.expected), one.first))
    return groups, [one for one in found if one.is_likely][:_MOST_GROUPS]


def _compare(
    db: Database, candidate: _Candidate, body: Body, published_at: datetime, own: int | None
) -> tuple[float, Body] | None:
    """The first member of the group that is a copy of this text, those with most of its shingles first."""
    rest = db.execute("SELECT id FROM articles WHERE copy_of = ? ORDER BY id", [candidate.first]).fetchall()
    ids = dict.fromkeys((*candidate.members, candidate.first, *(row[0] for row in rest)))
    ids.pop(own, None)
    for article_id in list(ids)[:_MOST_COMPARED]:
        row = db.execute("SELECT text, title, source, published_at FROM articles WHERE id = ?", [article_id]).fetchone()
        other = Body(*row[:3])
        share = copied(body, other, published_at - from_text(row[3]))
        if share is not None:
            return share, other
    return None


def what_is_new(reading: Reading, kin: Kin) -> tuple[Span, ...]:
    """Where a copy says what the texts that it was found by do not: sentences, and a title of other words."""
    if not kin.bodies or kin.overlap is None:
        return ()
    spans = tuple(
        Span(Field.TEXT, start, end) for start, end in added_spans(Body(clean(reading.text.text)), kin.bodies)
    )
    title = reading.text.title
    if spans and title and not any(is_within(title, body) for body in kin.bodies):
        return (Span(Field.TITLE, 0, len(title)), *spans)
    return spans


# ---------------------------------------------------------------- joining and parting


def join(db: Database, article_id: int, sketch: Sketch, kin: Kin) -> int | None:
    """Make a stored article one with its kin, and let it be found; returns the first of its group, None for itself."""
    own, text_hash, page_key, *before = db.execute(
        "SELECT coalesce(copy_of, id), text_hash, page_key, shingles, overlap FROM articles WHERE id = ?", [article_id]
    ).fetchone()
    firsts = {*kin.firsts, own}
    first = article_id
    if firsts != {article_id}:
        first = _point(db, _members(db, firsts), kin.overlap)
    overlap = None if first == article_id else kin.overlap
    if before != [sketch.size, overlap]:
        db.execute("UPDATE articles SET shingles = ?, overlap = ? WHERE id = ?", [sketch.size, overlap, article_id])
    if len(firsts - {article_id}) > 1:
        _lay_out(db, [row[0] for row in _members(db, {first})])
    else:
        add_shingles(db, article_id, _beside(kin.held, sketch, text_hash, page_key))
    return None if first == article_id else first


def _beside(held: Collection[int], sketch: Sketch, text_hash: str, page_key: str | None) -> set[int]:
    """What an article is to be found by that its group has not; by its address each by itself."""
    marks = {*sketch.hashes, text_mark(text_hash)}.difference(held)
    return marks if page_key is None else {*marks, address_mark(page_key)}


def _members(db: Database, firsts: Collection[int]) -> list[tuple[int, int | None]]:
    """Ids, and what they point at, of everything in these groups; the one seen first leads."""
    wanted = dump_json(sorted(firsts))
    return db.execute(
        "SELECT id, copy_of FROM articles WHERE id IN (SELECT value FROM json_each(?))"
        " OR copy_of IN (SELECT value FROM json_each(?)) ORDER BY seen_at, published_at, id",
        [wanted, wanted],
    ).fetchall()


def _point(db: Database, members: Sequence[tuple[int, int | None]], overlap: float | None) -> int:
    """Let all but the first point at it."""
    first = members[0][0]
    db.execute("UPDATE articles SET copy_of = NULL, overlap = NULL WHERE id = ?", [first])
    db.conn.executemany(
        "UPDATE articles SET copy_of = ?, overlap = coalesce(overlap, ?) WHERE id = ?",
        [(first, overlap, id_) for id_, copy_of in members[1:] if copy_of != first],
    )
    return first


def _lay_out(db: Database, ids: Sequence[int]) -> None:
    """Store the shingles of one group anew, each once, under the first member that has it."""
    marked = {id_: _marked(db, id_) for id_ in ids}
    for id_, kept in marked.items():
        remove_shingles(db, id_, _beside((), *kept))
    held: set[int] = set()
    for id_, kept in marked.items():
        marks = _beside(held, *kept)
        add_shingles(db, id_, marks)
        held |= marks


def _marked(db: Database, article_id: int) -> tuple[Sketch, str, str | None]:
    """What an article is found by: its sketch, the hash of its text, the key of its address."""
    text, *rest = db.execute("SELECT text, text_hash, page_key FROM articles WHERE id = ?", [article_id]).fetchone()
    return (Body(text).sketch, *rest)


def part(db: Database, ids: Collection[int]) -> None:
    """Take articles that are about to be deleted out of their groups: the next seen of each becomes its first."""
    leaving = set(ids)
    touched: set[int] = set()
    for article_id in sorted(leaving):
        touched.add(db.execute("SELECT coalesce(copy_of, id) FROM articles WHERE id = ?", [article_id]).fetchone()[0])
        remove_shingles(db, article_id, _beside((), *_marked(db, article_id)))
    for first in sorted(touched):
        members = _members(db, {first})
        left = [row for row in members if row[0] not in leaving]
        if not left:
            db.execute("UPDATE articles SET copy_of = NULL WHERE copy_of = ?", [first])
        elif len(left) < len(members):
            _point(db, left, None)
            db.conn.executemany(
                "UPDATE articles SET copy_of = NULL WHERE id = ?", [(row[0],) for row in members if row[0] in leaving]
            )
            _lay_out(db, [row[0] for row in left])


def catch_up(db: Database, most: int) -> int:
    """Look for the kin of the newest articles that an older version stored; returns how many were left to look at."""
    rows = db.execute(
        "SELECT id, text_hash, published_at, text, title, source FROM articles WHERE shingles IS NULL"
        " ORDER BY id DESC LIMIT ?",
        [most],
    ).fetchall()
    for article_id, text_hash, published_at, *own in rows:
        body = Body(*own)
        sketch = body.sketch
        kin = find_kin(db, text_hash, body, sketch, from_text(published_at), own=article_id)
        join(db, article_id, sketch, kin)
    return len(rows)
