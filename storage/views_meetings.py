"""The ledger as it is shown: meetings, their history with the claims behind it, and who met whom."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from config.vocabulary import Role, Status
from storage.model import Change, Meeting, from_text
from storage.rows import dump_json
from storage.views_rows import (
    ARTICLE_COLUMNS,
    CLAIM_COLUMNS,
    MEETING_COLUMNS,
    ArticleLine,
    ClaimView,
    claim_view,
    claims_of_meeting,
    claims_of_meetings,
    from_time,
    meeting_record,
    required,
    to_time,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from config.vocabulary import Level


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One change of a meeting with the claim that decided it; no claim when a clock did."""

    change: Change
    before: Status | None
    after: Status
    at: datetime
    claim: ClaimView | None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The first article in which a source reported a meeting, and what it said."""

    source: str
    role: Role
    country: str | None
    status: Status
    article: ArticleLine

    @property
    def is_copy(self) -> bool:
        """Whether the text was another outlet's before."""
        return self.article.copy_of is not None


@dataclass(frozen=True, slots=True)
class MeetingView:
    """A meeting with its history and its claims, both oldest first, and who reported it."""

    meeting: Meeting
    history: tuple[HistoryStep, ...]
    claims: tuple[ClaimView, ...]
    reports: tuple[SourceReport, ...]
    alert_ids: tuple[int, ...]


_LIST = f"""
SELECT {MEETING_COLUMNS} FROM meetings
WHERE updated_at >= :since AND updated_at < :until
  AND (:person IS NULL
       OR id IN (SELECT meeting_id FROM meeting_people WHERE person = :person COLLATE NOCASE))
  AND (:other IS NULL
       OR id IN (SELECT meeting_id FROM meeting_people WHERE person = :other COLLATE NOCASE))
  AND (:status IS NULL OR status = :status)
  AND (:level IS NULL OR level = :level)
ORDER BY coalesce(date, substr(updated_at, 1, 10)) DESC, updated_at DESC, id DESC LIMIT :limit OFFSET :skip
"""  # noqa: S608 (column names are constants)

# The pluses keep SQLite from walking through a time of all meetings to find the changes of a few.
_HISTORY = f"""
SELECT status_changes.meeting_id, status_changes.change, status_changes.before, status_changes.after, status_changes.at,
       {CLAIM_COLUMNS}, {ARTICLE_COLUMNS}
FROM status_changes
LEFT JOIN claims ON claims.id = status_changes.claim_id
LEFT JOIN articles ON articles.id = claims.article_id
WHERE status_changes.meeting_id IN (SELECT value FROM json_each(:ids))
  AND +status_changes.at >= :since AND +status_changes.at < :until
ORDER BY status_changes.at, status_changes.id
"""  # noqa: S608 (column names are constants)


def list_meetings(
    connection: sqlite3.Connection,
    *,
    person: str | None = None,
    other: str | None = None,
    status: Status | None = None,
    level: Level | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 500,
    skip: int = 0,
) -> tuple[Meeting, ...]:
    """Meetings changed in that time, the latest date first. `person` and `other` took part: labels in any case."""
    values = {
        "person": person,
        "other": other,
        "status": status,
        "level": level,
        "since": from_time(since),
        "until": to_time(until),
        "limit": limit,
        "skip": skip,
    }
    return tuple(meeting_record(row) for row in connection.execute(_LIST, values))


def get_meeting(connection: sqlite3.Connection, meeting_id: int) -> MeetingView:
    """Everything stored about one meeting; raises NotStoredError."""
    sql = f"SELECT {MEETING_COLUMNS} FROM meetings WHERE id = ?"  # noqa: S608 (column names are constants)
    row = required(connection.execute(sql, (meeting_id,)).fetchone(), "meeting", meeting_id)
    claims = claims_of_meeting(connection, meeting_id)
    alerts = connection.execute("SELECT id FROM alerts WHERE meeting_id = ? ORDER BY id", (meeting_id,))
    return MeetingView(
        meeting=meeting_record(row),
        history=history_of(connection, meeting_id),
        claims=claims,
        reports=reports_in(claims),
        alert_ids=tuple(alert["id"] for alert in alerts),
    )


@dataclass(frozen=True, slots=True)
class ReportedMeeting:
    """A meeting with what official sources claim of it, oldest first."""

    meeting: Meeting
    claims: tuple[ClaimView, ...]


def official_reports(connection: sqlite3.Connection, meetings: Iterable[Meeting]) -> tuple[ReportedMeeting, ...]:
    """These stored meetings, in their order, each with the claims of official sources."""
    known = [(one, one.id) for one in meetings if one.id is not None]
    claims: dict[int, list[ClaimView]] = {}
    for claim in claims_of_meetings(connection, [meeting_id for _, meeting_id in known], Role.OFFICIAL):
        if claim.meeting_id is not None:
            claims.setdefault(claim.meeting_id, []).append(claim)
    return tuple(ReportedMeeting(one, tuple(claims.get(meeting_id, ()))) for one, meeting_id in known)


def history_of(connection: sqlite3.Connection, meeting_id: int) -> tuple[HistoryStep, ...]:
    """A meeting's changes, oldest first."""
    return histories_of(connection, [meeting_id]).get(meeting_id, ())


def histories_of(
    connection: sqlite3.Connection,
    meeting_ids: Sequence[int],
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[int, tuple[HistoryStep, ...]]:
    """The changes of these meetings in [since, until), oldest first; without those that did not change then."""
    values = {"ids": dump_json(list(meeting_ids)), "since": from_time(since), "until": to_time(until)}
    found: dict[int, list[HistoryStep]] = {}
    for row in connection.execute(_HISTORY, values):
        found.setdefault(row["meeting_id"], []).append(_step(row))
    return {meeting_id: tuple(steps) for meeting_id, steps in found.items()}


def _step(row: sqlite3.Row) -> HistoryStep:
    return HistoryStep(
        change=Change(row["change"]),
        before=None if row["before"] is None else Status(row["before"]),
        after=Status(row["after"]),
        at=from_text(row["at"]),
        claim=None if row["claim_id"] is None else claim_view(row),
    )


def reports_in(claims: Iterable[ClaimView]) -> tuple[SourceReport, ...]:
    """One report a source, by its first claim that stands, in the order in which the sources came."""
    first: dict[str, SourceReport] = {}
    for claim in claims:
        if claim.withdrawn_at is not None:
            continue
        article = claim.article
        report = SourceReport(article.source, article.role, article.country, claim.status, article)
        first.setdefault(article.source, report)
    return tuple(first.values())


def pairs_of(meetings: Iterable[Meeting]) -> Mapping[tuple[str, str], tuple[Meeting, ...]]:
    """Who met whom: the meetings of every two participants, keyed in the alphabet's order."""
    pairs: dict[tuple[str, str], tuple[Meeting, ...]] = {}
    for meeting in meetings:
        for pair in combinations(sorted(set(meeting.participants)), 2):
            pairs[pair] = (*pairs.get(pair, ()), meeting)
    return pairs
