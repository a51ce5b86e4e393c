"""How rows become values, and the records that several views share: an article's line, its evidence, a claim."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from config.vocabulary import Level, Role, Status
from storage.errors import NotStoredError
from storage.model import Cue, Field, Meeting, Span, TextOrigin, from_text, to_text
from storage.rows import cues_from_json, dump_json, spans_from_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

EARLIEST = to_text(datetime(1, 1, 1, tzinfo=UTC))
LATEST = to_text(datetime(9999, 12, 31, tzinfo=UTC))


def required(row: sqlite3.Row | None, what: str, key: object) -> sqlite3.Row:
    """The row, or a NotStoredError that names what is missing."""
    if row is None:
        command = f"{what}s list" if what in {"alert", "meeting", "source"} else "search QUERY"
        raise NotStoredError(f"there is no {what} {key}", hint=f"`envoywatch {command}` shows what is stored")
    return row


def moment(text: str | None) -> datetime | None:
    """A stored time."""
    return None if text is None else from_text(text)


def day(text: str | None) -> date | None:
    """A stored date."""
    return None if text is None else date.fromisoformat(text)


def labels(text: str) -> tuple[str, ...]:
    """A stored list of names."""
    return tuple(str(item) for item in json.loads(text))


def from_time(value: datetime | None) -> str:
    """A lower bound for comparing stored times; None means no bound."""
    return EARLIEST if value is None else to_text(value)


def to_time(value: datetime | None) -> str:
    """An upper bound (excluded) for comparing stored times; None means no bound."""
    return LATEST if value is None else to_text(value)


def prefixed(table: str, prefix: str, names: Iterable[str]) -> str:
    """`table.name AS prefix_name` for a select list; all three come from constants in these modules."""
    return ", ".join(f"{table}.{name} AS {prefix}_{name}" for name in names)


# ---------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` of a quoted text that decided something, and what they counted as."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence exactly as it stands in the article, in the article's language, with what decided."""

    text: str
    language: str | None = None
    marks: tuple[Mark, ...] = ()


def spans_of(text: str | None) -> tuple[Span, ...]:
    """Stored spans; none where an outer join found no row."""
    return spans_from_json(text or "[]")


def cues_of(text: str | None) -> tuple[Cue, ...]:
    """Stored cues; none where an outer join found no row."""
    return cues_from_json(text or "[]")


def marks_within(spans: Sequence[tuple[Span, str]], quoted: Span) -> tuple[Mark, ...]:
    """The spans that lie in the quoted part of the article, counted from its beginning, in order."""
    return tuple(
        Mark(max(span.start, quoted.start) - quoted.start, min(span.end, quoted.end) - quoted.start, kind)
        for span, kind in sorted(spans)
        if span.field == quoted.field and span.start < quoted.end and span.end > quoted.start
    )


# ---------------------------------------------------------------- articles


@dataclass(frozen=True, slots=True)
class ArticleLine:
    """An article without its text. `url` is None for an entry that had no link.

    Of a copy, `overlap` is how much of the shorter text was in the other when it was recognised, `added` the sentences
    that its original has not, where a view looks for them. `originator` is whose report it is, `credit` the agency that
    it credits, or whose own it is.
    """

    id: int
    url: str | None
    title: str
    language: str | None
    source: str
    country: str | None
    role: Role
    published_at: datetime
    seen_at: datetime
    origin: TextOrigin
    copy_of: int | None
    overlap: float | None = None
    added: tuple[str, ...] = ()
    originator: str = ""
    credit: str | None = None
    story_id: int | None = None


_ARTICLE_NAMES = (
    "id", "url", "title", "language", "source", "country", "role", "published_at", "seen_at", "origin", "copy_of",
    "overlap", "originator", "credit", "story_id",
)  # fmt: skip
ARTICLE_COLUMNS = prefixed("articles", "article", _ARTICLE_NAMES)


def article_line(row: sqlite3.Row) -> ArticleLine:
    """From a row that selected ARTICLE_COLUMNS."""
    url: str = row["article_url"]
    return ArticleLine(
        id=row["article_id"],
        url=None if url.startswith("envoywatch:") else url,
        title=row["article_title"],
        language=row["article_language"],
        source=row["article_source"],
        country=row["article_country"],
        role=Role(row["article_role"]),
        published_at=from_text(row["article_published_at"]),
        seen_at=from_text(row["article_seen_at"]),
        origin=TextOrigin(row["article_origin"]),
        copy_of=row["article_copy_of"],
        overlap=row["article_overlap"],
        originator=row["article_originator"],
        credit=row["article_credit"],
        story_id=row["article_story_id"],
    )


def find_article_line(row: sqlite3.Row) -> ArticleLine | None:
    """As `article_line`, for an outer join."""
    return None if row["article_id"] is None else article_line(row)


# ---------------------------------------------------------------- claims


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A stored claim with the article it stands in.

    `revision_id` is the revision whose text it is of, None for the text first read; `withdrawn_at` is when its sentence
    was found to be gone.
    """

    id: int
    meeting_id: int | None
    participants: tuple[str, ...]
    level: Level
    status: Status
    date: date | None
    place: str | None
    span: Span
    evidence: Evidence
    cues: tuple[Cue, ...]
    rule: str
    confidence: float
    at: datetime
    article: ArticleLine
    revision_id: int | None = None
    withdrawn_at: datetime | None = None


_CLAIM_NAMES = (
    "id", "meeting_id", "participants", "level", "status", "date", "place", "evidence", "field", "start", "end",
    "cues", "rule", "confidence", "at", "revision_id", "withdrawn_at",
)  # fmt: skip
CLAIM_COLUMNS = prefixed("claims", "claim", _CLAIM_NAMES)


def claim_view(row: sqlite3.Row) -> ClaimView:
    """From a row that selected CLAIM_COLUMNS and ARTICLE_COLUMNS."""
    span = Span(Field(row["claim_field"]), row["claim_start"], row["claim_end"])
    cues = cues_of(row["claim_cues"])
    marks = marks_within([(cue.span, cue.kind) for cue in cues], span)
    return ClaimView(
        id=row["claim_id"],
        meeting_id=row["claim_meeting_id"],
        participants=labels(row["claim_participants"]),
        level=Level(row["claim_level"]),
        status=Status(row["claim_status"]),
        date=day(row["claim_date"]),
        place=row["claim_place"],
        span=span,
        evidence=Evidence(row["claim_evidence"], row["article_language"], marks),
        cues=cues,
        rule=row["claim_rule"],
        confidence=row["claim_confidence"],
        at=from_text(row["claim_at"]),
        article=article_line(row),
        revision_id=row["claim_revision_id"],
        withdrawn_at=moment(row["claim_withdrawn_at"]),
    )


_CLAIMS_OF = f"""
SELECT {CLAIM_COLUMNS}, {ARTICLE_COLUMNS}
FROM claims JOIN articles ON articles.id = claims.article_id
WHERE %s ORDER BY claims.at, claims.id
"""  # noqa: S608 (column names are constants)


def claims_of_meeting(connection: sqlite3.Connection, meeting_id: int) -> tuple[ClaimView, ...]:
    """Oldest first."""
    rows = connection.execute(_CLAIMS_OF % "claims.meeting_id = ?", (meeting_id,))
    return tuple(claim_view(row) for row in rows)


def claims_of_meetings(connection: sqlite3.Connection, meeting_ids: Sequence[int], role: Role) -> tuple[ClaimView, ...]:
    """Those that articles of sources with that role make of any of these meetings, oldest first."""
    among = "claims.meeting_id IN (SELECT value FROM json_each(?)) AND articles.role = ?"
    rows = connection.execute(_CLAIMS_OF % among, (dump_json(list(meeting_ids)), role))
    return tuple(claim_view(row) for row in rows)


def claims_of_article(connection: sqlite3.Connection, article_id: int) -> tuple[ClaimView, ...]:
    """In the order in which they were read."""
    rows = connection.execute(_CLAIMS_OF % "claims.article_id = ?", (article_id,))
    return tuple(claim_view(row) for row in rows)


# ---------------------------------------------------------------- meetings

_MEETING_NAMES = (
    "id", "key", "participants", "level", "status", "date", "place", "first_reported_at", "updated_at", "reports",
    "confirmed", "disputed", "originators", "confirmed_by", "told_at",
)  # fmt: skip
MEETING_COLUMNS = prefixed("meetings", "meeting", _MEETING_NAMES)


def meeting_record(row: sqlite3.Row) -> Meeting:
    """From a row that selected MEETING_COLUMNS."""
    return Meeting(
        key=row["meeting_key"],
        participants=labels(row["meeting_participants"]),
        level=Level(row["meeting_level"]),
        status=Status(row["meeting_status"]),
        date=day(row["meeting_date"]),
        place=row["meeting_place"],
        first_reported_at=from_text(row["meeting_first_reported_at"]),
        updated_at=from_text(row["meeting_updated_at"]),
        reports=row["meeting_reports"],
        confirmed=bool(row["meeting_confirmed"]),
        disputed=bool(row["meeting_disputed"]),
        id=row["meeting_id"],
        originators=labels(row["meeting_originators"]),
        confirmed_by=labels(row["meeting_confirmed_by"]),
        told_at=moment(row["meeting_told_at"]),
    )


def find_meeting_record(row: sqlite3.Row) -> Meeting | None:
    """As `meeting_record`, for an outer join."""
    return None if row["meeting_id"] is None else meeting_record(row)


def count(connection: sqlite3.Connection, sql: str, values: Sequence[Any] = ()) -> int:
    """The one number that `sql` selects."""
    return int(connection.execute(sql, values).fetchone()[0])
