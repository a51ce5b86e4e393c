"""The facts of a digest: what changed, what matched, what was expected and did not come, and what could not be seen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storage.faults import FaultText, describe
from storage.model import AlertKind, Change, FaultKind, Field, Meeting, Span, to_text
from storage.views_alerts import AlertLine, list_alerts
from storage.views_copies import with_additions
from storage.views_meetings import HistoryStep, history_of
from storage.views_rows import (
    ARTICLE_COLUMNS,
    MEETING_COLUMNS,
    ArticleLine,
    Evidence,
    article_line,
    marks_within,
    meeting_record,
    moment,
    spans_of,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

MOST = 500
"""The most rows of a kind that a digest carries; a person reads no more."""


@dataclass(frozen=True, slots=True)
class MeetingChanges:
    """A meeting as it stands and its steps within the time of the digest, oldest first."""

    meeting: Meeting
    steps: tuple[HistoryStep, ...]

    @property
    def last_change(self) -> Change:
        """The newest step's change."""
        return self.steps[-1].change


@dataclass(frozen=True, slots=True)
class MatchedArticle:
    """An article that a watch met, where in its title, and what was folded away: its copies, others of its story.

    It is the first that the watch met of its story; `sources` tell that story in all, `independent` of them in words
    and on grounds of their own. Both are 0 for an article that stands alone.
    """

    article: ArticleLine
    title: Evidence
    copies: tuple[ArticleLine, ...]
    others: tuple[ArticleLine, ...] = ()
    sources: int = 0
    independent: int = 0


@dataclass(frozen=True, slots=True)
class WatchMatches:
    """What one watch met, newest first, copies folded; `more` matches are older than those."""

    watch: str
    articles: tuple[MatchedArticle, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class UnseenSource:
    """A source that could not be read for all or part of the time. `wholly` means: not once.

    `fault` is the present fault or the last one of that time; None when it was paused or never tried.
    """

    name: str
    wholly: bool
    paused: bool
    fault: FaultKind | None
    detail: str | None
    since: datetime | None
    last_ok_at: datetime | None
    failed_polls: int

    @property
    def fault_text(self) -> FaultText | None:
        """Words and remedy."""
        return None if self.fault is None else describe(self.fault)


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Everything a digest of `since` to `until` says. `sources_read` were read at least once in that time.

    "No meeting reported" may be said only together with `sources_read` and `unseen`; with nothing read the answer is
    "unknown" (`knows_nothing`).
    """

    since: datetime
    until: datetime
    changes: tuple[MeetingChanges, ...]
    alerts: tuple[AlertLine, ...]
    overdue: tuple[AlertLine, ...]
    matches: tuple[WatchMatches, ...]
    unseen: tuple[UnseenSource, ...]
    sources_read: tuple[str, ...]
    articles_read: int

    @property
    def knows_nothing(self) -> bool:
        """Whether no source at all was read, so that silence means nothing."""
        return not self.sources_read

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened that a person should look at, what could not be seen aside."""
        return not (self.changes or self.alerts or self.overdue or self.matches)


_CHANGED = f"""
SELECT {MEETING_COLUMNS} FROM meetings
WHERE id IN (SELECT meeting_id FROM status_changes WHERE at >= ? AND at < ?)
ORDER BY updated_at DESC, id DESC LIMIT ?
"""  # noqa: S608 (column names are constants)

_MATCHED = f"""
WITH placed AS MATERIALIZED (
  SELECT matches.watch, matches.spans, matches.article_id,
         row_number() OVER (PARTITION BY matches.watch ORDER BY articles.published_at DESC, articles.id DESC) AS place,
         count(*) OVER (PARTITION BY matches.watch) AS of
  FROM matches JOIN articles ON articles.id = matches.article_id
  WHERE matches.at >= :since AND matches.at < :until)
SELECT placed.watch, placed.spans, placed.of, {ARTICLE_COLUMNS}
FROM placed JOIN articles ON articles.id = placed.article_id
WHERE place <= :most ORDER BY placed.watch, place
"""  # noqa: S608 (column names are constants)

# Most were read last in that very time, which says it without their polls.
_WAS_READ = """(last_ok_at >= :since AND last_ok_at < :until
  OR EXISTS (SELECT 1 FROM polls WHERE source_id = sources.id AND started_at >= :since AND started_at < :until
             AND outcome <> 'fault'))"""
_READ = f"""
SELECT name FROM sources WHERE active = 1 AND added_at < :until AND {_WAS_READ} ORDER BY name COLLATE NOCASE
"""  # noqa: S608 (constants)
_UNSEEN = f"""
SELECT sources.*, coalesce(json_extract(spec, '$.paused'), 0) AS paused, {_WAS_READ} AS read FROM sources
WHERE active = 1 AND added_at < :until AND (fault IS NOT NULL OR NOT {_WAS_READ} OR id IN (
  SELECT source_id FROM polls INDEXED BY polls_failed
  WHERE started_at >= :since AND started_at < :until AND outcome = 'fault'))
"""  # noqa: S608 (constants)
_FAILED = """
SELECT source_id, count(*) AS n, fault, fault_detail, max(started_at) AS at FROM polls INDEXED BY polls_failed
WHERE started_at >= :since AND started_at < :until AND outcome = 'fault' GROUP BY source_id
"""


def _says_absent(alert: AlertLine) -> bool:
    """Whether it tells of a meeting that did not come; not that it came after all, nor that officials are silent."""
    return alert.kind is AlertKind.OVERDUE and alert.change not in {Change.CORRECTED, Change.UNCONFIRMED}


def digest_facts(connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST) -> DigestFacts:
    """The facts of [since, until); `most` is how many changed meetings, and matches of each watch, are told.

    Of alerts twice as many: what was expected and did not come is told apart.
    """
    span = {"since": to_text(since), "until": to_text(until)}
    alerts = list_alerts(connection, since, until, limit=min(MOST, 2 * most))
    sources_read, unseen = _coverage(connection, span)
    read = connection.execute("SELECT count(*) FROM articles WHERE seen_at >= :since AND seen_at < :until", span)
    return DigestFacts(
        since=since,
        until=until,
        changes=changed_meetings(connection, since, until, most=most),
        alerts=tuple(one for one in alerts if one.kind is not AlertKind.TEST and not _says_absent(one)),
        overdue=tuple(filter(_says_absent, alerts)),
        matches=matches_by_watch(connection, since, until, most=most),
        unseen=unseen,
        sources_read=sources_read,
        articles_read=int(read.fetchone()[0]),
    )


def changed_meetings(
    connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST
) -> tuple[MeetingChanges, ...]:
    """Meetings whose status changed in that time, the last changed first."""
    found = connection.execute(_CHANGED, (to_text(since), to_text(until), most)).fetchall()
    return tuple(
        MeetingChanges(
            meeting_record(row),
            tuple(step for step in history_of(connection, row["meeting_id"]) if since <= step.at < until),
        )
        for row in found
    )


def matches_by_watch(
    connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST
) -> tuple[WatchMatches, ...]:
    """Matches of that time by watch and story, the newest first.

    A copy stands under its original, or under the newest of its fellow copies.
    """
    folded: defaultdict[str, dict[int, list[tuple[ArticleLine, Evidence]]]] = defaultdict(dict)
    met: dict[str, int] = {}
    for row in connection.execute(_MATCHED, {"since": to_text(since), "until": to_text(until), "most": most}):
        met[row["watch"]] = row["of"]
        line = article_line(row)
        group = folded[row["watch"]].setdefault(line.copy_of or line.id, [])
        # The original leads its copies wherever it stands in the order of time.
        group.insert(0 if line.copy_of is None else len(group), (line, _marked_title(line, row["spans"])))
    return tuple(
        WatchMatches(
            watch,
            _by_story(
                connection,
                [
                    MatchedArticle(
                        group[0][0], group[0][1], tuple(with_additions(connection, line) for line, _ in group[1:])
                    )
                    for group in groups.values()
                ],
            ),
            max(0, met[watch] - most),
        )
        for watch, groups in folded.items()
    )


def _by_story(connection: sqlite3.Connection, found: Sequence[MatchedArticle]) -> tuple[MatchedArticle, ...]:
    """Articles of one story under the first of them, at the place of the newest."""
    stories: dict[tuple[str, int], list[MatchedArticle]] = {}
    for one in found:
        story = one.article.story_id
        stories.setdefault(("article", one.article.id) if story is None else ("story", story), []).append(one)
    out = []
    for (kind, story_id), told in stories.items():
        first = min(told, key=lambda one: (one.article.published_at, one.article.id))
        if kind == "story":
            sql = "SELECT sources, independent FROM stories WHERE id = ?"
            counts = connection.execute(sql, (story_id,)).fetchone() or (0, 0)
            first = replace(
                first,
                copies=tuple(copy for one in told for copy in one.copies),
                others=tuple(one.article for one in told if one is not first),
                sources=counts[0],
                independent=counts[1],
            )
        out.append(first)
    return tuple(out)


def _marked_title(line: ArticleLine, spans: str) -> Evidence:
    whole = Span(Field.TITLE, 0, len(line.title))
    marks = marks_within([(span, "match") for span in spans_of(spans)], whole)
    return Evidence(line.title, line.language, marks)


def _coverage(connection: sqlite3.Connection, span: dict[str, str]) -> tuple[tuple[str, ...], tuple[UnseenSource, ...]]:
    failed = {row["source_id"]: row for row in connection.execute(_FAILED, span)}
    read = tuple(row[0] for row in connection.execute(_READ, span))
    unseen = [_unseen(row, failed.get(row["id"])) for row in connection.execute(_UNSEEN, span)]
    return read, tuple(sorted(unseen, key=lambda source: (not source.wholly, source.name.casefold())))


def _unseen(row: sqlite3.Row, failure: sqlite3.Row | None) -> UnseenSource:
    fault, detail = row["fault"], row["fault_detail"]
    if fault is None and failure is not None:
        fault, detail = failure["fault"], failure["fault_detail"]
    last_ok_at = moment(row["last_ok_at"])
    return UnseenSource(
        name=row["name"],
        wholly=not row["read"],
        paused=bool(row["paused"]),
        fault=None if fault is None else FaultKind(fault),
        detail=detail,
        since=moment(row["fault_since"]),
        last_ok_at=last_ok_at,
        failed_polls=0 if failure is None else int(failure["n"]),
    )
