"""The facts of a digest: what changed, what matched, what was expected and did not come, and what could not be seen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storage.model import Change, Field, Meeting, Span, to_text
from storage.views_alerts import AlertLine, Tells, list_alerts
from storage.views_copies import Additions
from storage.views_meetings import HistoryStep, histories_of
from storage.views_rows import (
    ARTICLE_COLUMNS,
    MEETING_COLUMNS,
    ArticleLine,
    Evidence,
    article_line,
    marks_within,
    meeting_record,
    spans_of,
)
from storage.views_unseen import Sight, sight_of

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
class DigestFacts:
    """Everything a digest of `since` to `until` says.

    "No meeting reported" may be said only together with the `sight`; with nothing read the answer is "unknown"
    (`knows_nothing`).
    """

    since: datetime
    until: datetime
    changes: tuple[MeetingChanges, ...]
    alerts: tuple[AlertLine, ...]
    overdue: tuple[AlertLine, ...]
    matches: tuple[WatchMatches, ...]
    sight: Sight
    articles_read: int

    @property
    def knows_nothing(self) -> bool:
        """Whether no source at all was read, so that silence means nothing."""
        return not self.sight.read

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened that a person should look at, what could not be seen aside."""
        return not (self.changes or self.alerts or self.overdue or self.matches)


_CHANGED = f"""
SELECT {MEETING_COLUMNS} FROM meetings
WHERE id IN (SELECT meeting_id FROM status_changes WHERE at >= ? AND at < ?)
ORDER BY updated_at DESC, id DESC LIMIT ?
"""  # noqa: S608 (column names are constants)

# The newest are those stored last: to rank by the articles' own times all that were matched would have to be read.
_MATCHED = f"""
WITH placed AS MATERIALIZED (
  SELECT id, row_number() OVER (PARTITION BY watch ORDER BY article_id DESC) AS place,
         count(*) OVER (PARTITION BY watch) AS of
  FROM matches WHERE at >= :since AND at < :until)
SELECT matches.watch, matches.spans, placed.of, {ARTICLE_COLUMNS}
FROM placed CROSS JOIN matches USING (id) JOIN articles ON articles.id = matches.article_id
WHERE place <= :most ORDER BY matches.watch, articles.published_at DESC, articles.id DESC
"""  # noqa: S608 (column names are constants)


def digest_facts(
    connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST, listed: int | None = None
) -> DigestFacts:
    """The facts of [since, until); `most` is how many there are of each kind and of each watch's matches.

    `listed` is how many unseen sources are told of, None for all.
    """
    span = {"since": to_text(since), "until": to_text(until)}
    news, overdue = digest_alerts(connection, since, until, most=most)
    read = connection.execute("SELECT count(*) FROM articles WHERE seen_at >= :since AND seen_at < :until", span)
    return DigestFacts(
        since=since,
        until=until,
        changes=changed_meetings(connection, since, until, most=most),
        alerts=news,
        overdue=overdue,
        matches=matches_by_watch(connection, since, until, most=most),
        sight=sight_of(connection, since, until, listed),
        articles_read=int(read.fetchone()[0]),
    )


def digest_alerts(
    connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST
) -> tuple[tuple[AlertLine, ...], tuple[AlertLine, ...]]:
    """The alerts of [since, until) that bring news, and those of what was expected and did not come, newest first."""
    news, overdue = (list_alerts(connection, since, until, limit=most, tells=tells) for tells in Tells)
    return news, overdue


def changed_meetings(
    connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST
) -> tuple[MeetingChanges, ...]:
    """Meetings whose status changed in that time, the last changed first."""
    found = connection.execute(_CHANGED, (to_text(since), to_text(until), most)).fetchall()
    steps = histories_of(connection, [row["meeting_id"] for row in found], since, until)
    return tuple(MeetingChanges(meeting_record(row), steps[row["meeting_id"]]) for row in found)


def matches_by_watch(
    connection: sqlite3.Connection, since: datetime, until: datetime, *, most: int = MOST
) -> tuple[WatchMatches, ...]:
    """Matches of that time by watch and story, the newest first.

    A copy stands under its original, or under the newest of its fellow copies.
    """
    folded: defaultdict[str, dict[int, list[tuple[ArticleLine, Evidence]]]] = defaultdict(dict)
    met: dict[str, int] = {}
    additions = Additions(connection)
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
                    MatchedArticle(group[0][0], group[0][1], tuple(additions.put(line) for line, _ in group[1:]))
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
