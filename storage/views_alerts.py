"""Alerts as they are shown: a list that needs no second look-up, and one alert with everything it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from config.vocabulary import Urgency
from storage.model import AlertKind, Change, Field, Meeting, Reason, Span, Verdict, from_text, to_text
from storage.views_meetings import HistoryStep, SourceReport, history_of, reports_in
from storage.views_outbox import DeliveryLine, deliveries_of_alert
from storage.views_revisions import RevisionView, revisions_of
from storage.views_rows import (
    ARTICLE_COLUMNS,
    CLAIM_COLUMNS,
    MEETING_COLUMNS,
    ArticleLine,
    ClaimView,
    Evidence,
    Mark,
    claim_view,
    claims_of_meeting,
    day,
    find_article_line,
    find_meeting_record,
    from_time,
    marks_within,
    moment,
    prefixed,
    required,
    spans_of,
    to_time,
)
from storage.watches import WatchRevision, watch_revision

if TYPE_CHECKING:
    import sqlite3
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert with its article and its meeting as it stands now. `evidence` is None when there is none to quote.

    `told_with` is the id of the alert in whose message it is told; `due_at` when that is.
    """

    id: int
    key: str
    kind: AlertKind
    title: str
    created_at: datetime
    watch: str | None
    change: Change | None
    evidence: Evidence | None
    place: str | None
    date: date | None
    detail: str
    urgency: Urgency
    review: str | None
    reviewed_at: datetime | None
    article: ArticleLine | None
    meeting: Meeting | None
    due_at: datetime | None = None
    told_with: int | None = None
    watch_revision: WatchRevision | None = None
    """What its watch said when it fired; None for what older versions stored."""


class Tells(StrEnum):
    """What alerts of one part of a digest tell; tests are in none."""

    NEWS = "news"
    ABSENCE = "absence"  # of a meeting that did not come; not that it came after all, nor that officials are silent


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A stored verdict with its reason."""

    verdict: Verdict
    reason: Reason
    watch: str | None
    meeting_id: int | None
    alert_id: int | None
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert with the claim that fired it, all claims and the history of its meeting, and where it was sent."""

    alert: AlertLine
    claim: ClaimView | None
    claims: tuple[ClaimView, ...]
    history: tuple[HistoryStep, ...]
    reports: tuple[SourceReport, ...]
    decisions: tuple[DecisionLine, ...]
    deliveries: tuple[DeliveryLine, ...]
    revisions: tuple[RevisionView, ...] = ()
    """What its article says since."""
    others: tuple[int, ...] = ()
    """Alerts told in the same message as this one."""


_ALERT_NAMES = (
    "id", "key", "kind", "title", "created_at", "watch", "change", "evidence", "place", "date", "detail", "urgency",
    "review", "reviewed_at", "due_at", "told_with",
)  # fmt: skip

# Where the quoted sentence stands in the article, for the spans of the watch that matched: instr counts
# characters from 1 as Python does from 0.
_SELECT = f"""
SELECT {prefixed("alerts", "alert", _ALERT_NAMES)}, {ARTICLE_COLUMNS}, {MEETING_COLUMNS}, {CLAIM_COLUMNS},
       watch_revisions.watch AS revision_watch, watch_revisions.number AS revision_number,
       watch_revisions.definition AS revision_definition, watch_revisions.since AS revision_since,
       matches.spans AS match_spans,
       instr(articles.title, alerts.evidence) - 1 AS title_start,
       instr(articles.text, alerts.evidence) - 1 AS text_start
FROM alerts
LEFT JOIN claims ON claims.id = alerts.claim_id
LEFT JOIN articles ON articles.id = coalesce(alerts.article_id, claims.article_id)
LEFT JOIN meetings ON meetings.id = alerts.meeting_id
LEFT JOIN matches ON matches.article_id = articles.id AND matches.watch = alerts.watch
LEFT JOIN watch_revisions ON watch_revisions.id = alerts.watch_revision_id
"""  # noqa: S608 (column names are constants)

_LIST = f"""
{_SELECT}
WHERE alerts.created_at >= :since AND alerts.created_at < :until
  AND (:hide IS NULL OR alerts.review IS NULL OR alerts.reviewed_at >= :hide)
  AND (:watch IS NULL OR alerts.watch = :watch)
  AND (:tells IS NULL OR CASE WHEN alerts.kind = 'test' THEN NULL
       WHEN alerts.kind = 'overdue' AND coalesce(alerts.change, '') NOT IN ('corrected', 'unconfirmed') THEN 'absence'
       ELSE 'news' END = :tells)
  AND (:before IS NULL
       OR (alerts.created_at, alerts.id) < (SELECT created_at, id FROM alerts WHERE id = :before))
ORDER BY alerts.created_at DESC, alerts.id DESC LIMIT :limit
"""  # noqa: S608 (constants)
_OF_ARTICLE = f"""
{_SELECT}
WHERE alerts.id IN (SELECT alert_id FROM decisions WHERE article_id = ?) ORDER BY alerts.id
"""  # noqa: S608 (constants)


def list_alerts(
    connection: sqlite3.Connection,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    limit: int = 100,
    before: int | None = None,
    hide_reviewed_before: datetime | None = None,
    watch: str | None = None,
    tells: Tells | None = None,
) -> tuple[AlertLine, ...]:
    """Newest first; `before` is the id of the last alert on the page before."""
    values = {
        "since": from_time(since),
        "until": to_time(until),
        "limit": limit,
        "before": before,
        "watch": watch,
        "tells": tells,
        "hide": None if hide_reviewed_before is None else to_text(hide_reviewed_before),
    }
    return tuple(alert_line(row) for row in connection.execute(_LIST, values))


def alerts_after(connection: sqlite3.Connection, alert_id: int) -> tuple[int, int]:
    """How many alerts were decided after that one, and the newest of them, else that one; tests do not count."""
    sql = "SELECT count(*), max(id) FROM alerts WHERE id > ? AND kind <> 'test'"
    count, newest = connection.execute(sql, (alert_id,)).fetchone()
    return count, newest or alert_id


def count_alerts(connection: sqlite3.Connection, since: datetime, until: datetime) -> tuple[int, int]:
    """How many alerts were decided in [since, until), and how many of them nobody reviewed; tests do not count."""
    sql = "SELECT count(*), count(*) FILTER (WHERE review IS NULL) FROM alerts"
    sql += " WHERE created_at >= ? AND created_at < ? AND kind <> 'test'"
    told, to_review = connection.execute(sql, (to_text(since), to_text(until))).fetchone()
    return told, to_review


def newest_alert(connection: sqlite3.Connection) -> int:
    """The id of the alert decided last; 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM alerts").fetchone()[0])


def get_alert(connection: sqlite3.Connection, alert_id: int) -> AlertView:
    """Everything an alert rests on; raises NotStoredError."""
    found = connection.execute(_SELECT + "WHERE alerts.id = ?", (alert_id,)).fetchone()
    row = required(found, "alert", alert_id)
    line = alert_line(row)
    meeting_id = line.meeting.id if line.meeting else None
    claims = () if meeting_id is None else claims_of_meeting(connection, meeting_id)
    return AlertView(
        alert=line,
        claim=None if row["claim_id"] is None else claim_view(row),
        claims=claims,
        history=() if meeting_id is None else history_of(connection, meeting_id),
        reports=reports_in(claims),
        decisions=decisions_of_alert(connection, alert_id),
        deliveries=deliveries_of_alert(connection, alert_id),
        revisions=() if line.article is None else revisions_of(connection, line.article.id),
        others=_told_together(connection, alert_id, line.told_with or alert_id),
    )


def _told_together(connection: sqlite3.Connection, alert_id: int, first: int) -> tuple[int, ...]:
    """The other alerts of the message that `first` began, in their order."""
    sql = "SELECT id FROM alerts WHERE (id = :first OR told_with = :first) AND id <> :own ORDER BY id"
    return tuple(row["id"] for row in connection.execute(sql, {"first": first, "own": alert_id}))


def alert_line(row: sqlite3.Row) -> AlertLine:
    """From a row of the select above."""
    change = row["alert_change"]
    return AlertLine(
        id=row["alert_id"],
        key=row["alert_key"],
        kind=AlertKind(row["alert_kind"]),
        title=row["alert_title"],
        created_at=from_text(row["alert_created_at"]),
        watch=row["alert_watch"],
        change=None if change is None else Change(change),
        evidence=_evidence(row),
        place=row["alert_place"],
        date=day(row["alert_date"]),
        detail=row["alert_detail"],
        urgency=Urgency(row["alert_urgency"]),
        review=row["alert_review"],
        reviewed_at=moment(row["alert_reviewed_at"]),
        article=find_article_line(row),
        meeting=find_meeting_record(row),
        due_at=moment(row["alert_due_at"]),
        told_with=row["alert_told_with"],
        watch_revision=watch_revision(row),
    )


def _evidence(row: sqlite3.Row) -> Evidence | None:
    text: str = row["alert_evidence"]
    if not text:
        return None
    if row["claim_id"] is not None and row["claim_evidence"] == text:
        return claim_view(row).evidence
    return Evidence(text, row["article_language"], _match_marks(row, len(text)))


def _match_marks(row: sqlite3.Row, length: int) -> tuple[Mark, ...]:
    if row["match_spans"] is None:
        return ()
    spans = [(span, "match") for span in spans_of(row["match_spans"])]
    for field, start in ((Field.TITLE, row["title_start"]), (Field.TEXT, row["text_start"])):
        if start is not None and start >= 0:
            return marks_within(spans, Span(field, start, start + length))
    return ()


def _decision(row: sqlite3.Row) -> DecisionLine:
    return DecisionLine(
        verdict=Verdict(row["verdict"]),
        reason=Reason(row["reason"]),
        watch=row["watch"],
        meeting_id=row["meeting_id"],
        alert_id=row["alert_id"],
        detail=row["detail"],
        at=from_text(row["at"]),
    )


def decisions_of_alert(connection: sqlite3.Connection, alert_id: int) -> tuple[DecisionLine, ...]:
    """The verdicts that led to an alert."""
    sql = "SELECT * FROM decisions WHERE alert_id = ? ORDER BY id"
    return tuple(_decision(row) for row in connection.execute(sql, (alert_id,)))


def decisions_of_article(connection: sqlite3.Connection, article_id: int) -> tuple[DecisionLine, ...]:
    """Every verdict about an article, the "no" as well as the "yes"."""
    sql = "SELECT * FROM decisions WHERE article_id = ? ORDER BY id"
    return tuple(_decision(row) for row in connection.execute(sql, (article_id,)))


def alerts_of_article(connection: sqlite3.Connection, article_id: int) -> tuple[AlertLine, ...]:
    """The alerts that this article fired, oldest first."""
    return tuple(alert_line(row) for row in connection.execute(_OF_ARTICLE, (article_id,)))
