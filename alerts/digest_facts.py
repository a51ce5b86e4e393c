"""From the facts the database has to the digest that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts import words
from alerts.digest_data import (
    AlertLine,
    ArticleLine,
    ChangeLine,
    Counts,
    DigestData,
    ExpectedLine,
    MeetingLines,
    UnseenSource,
    WatchLines,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from storage import views


def digest_data(
    name: str, facts: views.DigestFacts, watches: Iterable[str] = (), official: Collection[str] = ()
) -> DigestData:
    """The digest called `name`.

    `watches` are all that are configured, so that the quiet ones are named too; `official` the official sources.
    """
    found = {match.watch: match for match in facts.matches}
    names = dict.fromkeys([*watches, *found])
    return DigestData(
        name=name,
        since=facts.since,
        until=facts.until,
        counts=Counts(
            sources=facts.sight.sources,
            read=facts.sight.read,
            failed_polls=sum(source.failed_polls for source in facts.sight.listed),
            articles=facts.articles_read,
        ),
        meetings=tuple(map(_meeting, facts.changes)),
        alerts=tuple(map(_alert, facts.alerts)),
        watches=tuple(_watch(watch, found.get(watch)) for watch in names),
        expected=_expected(facts.overdue),
        unseen=tuple(_unseen(source, official) for source in facts.sight.listed),
    )


def _expected(lines: Iterable[views.AlertLine]) -> tuple[ExpectedLine, ...]:
    """Each absence once, however many watches were told of it."""
    return tuple(dict.fromkeys(ExpectedLine(line.title, line.created_at, line.detail) for line in lines))


def _meeting(changed: views.MeetingChanges) -> MeetingLines:
    meeting = changed.meeting
    return MeetingLines(
        key=meeting.key,
        participants=meeting.participants,
        level=meeting.level,
        status=meeting.status,
        date=meeting.date,
        place=meeting.place,
        changes=tuple(map(_change, changed.steps)),
        reports=meeting.reports,
        confirmed=meeting.confirmed,
        disputed=meeting.disputed,
        originators=meeting.originators,
        confirmed_by=meeting.confirmed_by,
        told_at=meeting.told_at,
    )


def _change(step: views.HistoryStep) -> ChangeLine:
    if step.claim is None:
        return ChangeLine(step.at, step.change, step.before, step.after)
    article, evidence = step.claim.article, step.claim.evidence
    return ChangeLine(
        step.at, step.change, step.before, step.after, evidence.text, evidence.language, article.source, article.url
    )


def _alert(line: views.AlertLine) -> AlertLine:
    article = line.article
    return AlertLine(
        line.id,
        line.kind,
        line.title,
        line.created_at,
        line.watch,
        article.source if article else "",
        article.url if article else None,
        line.review,
    )


def _watch(name: str, found: views.WatchMatches | None) -> WatchLines:
    return WatchLines(name, tuple(map(_article, found.articles)) if found else ())


def _article(matched: views.MatchedArticle) -> ArticleLine:
    article = matched.article
    copies = tuple(f"{copy.source}{words.copied(copy.overlap, copy.added)}" for copy in matched.copies)
    return ArticleLine(
        article.title,
        article.url,
        article.source,
        article.language,
        article.published_at,
        copies,
        tuple(f"{one.source}: {one.title}" for one in matched.others),
        matched.sources,
        matched.independent,
    )


def _unseen(source: views.UnseenSource, official: Collection[str]) -> UnseenSource:
    return UnseenSource(
        source.name,
        source.wholly,
        source.fault,
        source.since,
        source.detail or "",
        source.failed_polls,
        official=source.name in official,
        paused=source.paused,
    )
