"""The digest as a paper: what changed, what was found, what did not come, and what could not be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts import harmless, layout, words
from alerts.render import Message
from storage.faults import describe

if TYPE_CHECKING:
    from datetime import datetime

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
    from config.model import DigestFormat

PAYLOAD_SCHEMA: Final = "envoywatch/digest/1"
_SUBJECT_MAX = 200
_OTHERS = 5


def render_digest(data: DigestData, form: DigestFormat) -> str:
    """The whole digest: a document of its own in HTML and JSON, with its title in text and Markdown."""
    if form == "json":
        return data.to_json() + "\n"
    paper = _paper(data)
    if form == "html":
        return layout.page(paper)
    return layout.markdown(paper) if form == "markdown" else layout.text(paper)


def digest_message(data: DigestData, key: str) -> Message:
    """The digest on its way out; all messages of one digest's name share a thread."""
    paper = _paper(data)
    return Message(
        title=harmless.plain(f"{data.name}: {_summary(data)}", _SUBJECT_MAX),
        text=layout.text(paper, titled=False),
        html=layout.fragment(paper),
        markdown=layout.markdown(paper, titled=False),
        payload={"id": key, "schema": PAYLOAD_SCHEMA, "digest": data.to_data()},
        thread=f"digest {data.name}",
    )


# ---------------------------------------------------------------- the paper


def _paper(data: DigestData) -> layout.Paper:
    found = [_watch(watch) for watch in data.watches if watch.articles or watch.more]
    quiet = [watch.watch for watch in data.watches if not watch.articles and not watch.more]
    sections = (
        layout.Section("What changed", tuple(_meeting(one, data.until) for one in data.meetings)),
        layout.Section("Expected, and did not come", tuple(_expected(line, data) for line in data.expected)),
        layout.Section("Alerts", tuple(map(_alert, data.alerts))),
        *found,
        layout.Section("Quiet watches", note=", ".join(quiet)),
        layout.Section("What could not be seen", tuple(map(_unseen, data.unseen)), _unseen_note(data)),
    )
    return layout.Paper(
        title=f"{data.name}: {words.moment(data.since)} to {words.moment(data.until)}",
        lead=f"{_lead(data)} {_read(data.counts)}",
        sections=tuple(section for section in sections if section.rows or section.note),
    )


def _summary(data: DigestData) -> str:
    found = sum(sum(1 + len(one.others) for one in watch.articles) + watch.more for watch in data.watches)
    told = [
        line
        for number, line in (
            (len(data.meetings), f"{words.count(len(data.meetings), 'meeting')} changed"),
            (len(data.expected), f"{words.count(len(data.expected), 'expected meeting')} did not come"),
            (len(data.alerts), words.count(len(data.alerts), "alert")),
            (found, f"{words.count(found, 'article')} found"),
        )
        if number
    ]
    if not told:
        told = ["all quiet" if data.counts.read else "unknown, nothing could be read"]
    if wholly := sum(source.wholly for source in data.unseen):
        told.append(f"{words.count(wholly, 'source')} not readable")
    return ", ".join(told)


def _lead(data: DigestData) -> str:
    """Quiet is only ever said beside what could be read, and not at all when nothing could."""
    if not data.is_quiet:
        return f"{_summary(data)}."
    if not data.counts.read:
        return "Unknown: no source could be read in this time, so nothing can be said of it."
    if _dark(data):
        return (
            f"Nothing was found in what could be read; these official sources could not be: {', '.join(_dark(data))}."
        )
    return "All quiet: nothing changed, nothing was found and nothing expected is missing in what could be read."


def _read(counts: Counts) -> str:
    figures = (
        (counts.polls, "poll"),
        (counts.failed_polls, "failed poll"),
        (counts.entries, "new entry"),
        (counts.articles, "article"),
        (counts.copies, "copy"),
    )
    told = ", ".join(words.count(number, noun) for number, noun in figures if number)
    return f"{counts.read:,} of {words.count(counts.sources, 'source')} could be read" + (f": {told}." if told else ".")


def _dark(data: DigestData) -> list[str]:
    return [source.name for source in data.unseen if source.official and source.wholly]


def _meeting(meeting: MeetingLines, until: datetime) -> layout.Row:
    said = words.meeting(meeting.status, meeting.participants, meeting.reports)
    where = [said, *filter(None, (meeting.place, words.day(meeting.date) if meeting.date else None))]
    last = max(meeting.changes, key=lambda change: change.at, default=None)
    return layout.Row(
        head=("Disputed: " if meeting.disputed else "") + ", ".join(where) + f" ({words.LEVEL[meeting.level]})",
        url=last.url if last else None,
        lines=(
            *map(_change, meeting.changes),
            _reported(meeting, until),
        ),
        quote=last.evidence if last else "",
        language=last.language if last else None,
    )


def _reported(meeting: MeetingLines, until: datetime) -> str:
    if not meeting.reports:
        return "No source reports it"
    told = f"Reported by {words.reported(meeting.reports, meeting.originators)}"
    return "; ".join(filter(None, (told, _confirmation(meeting, until))))


def _confirmation(meeting: MeetingLines, until: datetime) -> str:
    if meeting.confirmed:
        return f"confirmed {words.confirmation(meeting.confirmed_by)}"
    if meeting.told_at is None:
        return ""
    return words.unconfirmed(meeting.told_at, until)


def _change(change: ChangeLine) -> str:
    before = f"{words.STATUS[change.before]} → " if change.before and change.before is not change.after else ""
    source = f" ({change.source})" if change.source else ""
    what = words.CHANGE[change.change]
    after = words.STATUS[change.after]
    return f"{words.moment(change.at)}: {before}{after}{'' if what == after else f', {what}'}{source}"


def _expected(line: ExpectedLine, data: DigestData) -> layout.Row:
    if not data.counts.read:
        verdict = "unknown, no source could be read"
    elif dark := _dark(data):
        verdict = f"unknown, these official sources could not be read: {', '.join(dark)}"
    else:
        verdict = f"not reported in the {data.counts.read:,} of {words.count(data.counts.sources, 'source')} read"
    lines = (f"{words.moment(line.at)}: {verdict}", *line.detail.splitlines())
    return layout.Row(line.title, lines=tuple(filter(None, lines)))


def _alert(alert: AlertLine) -> layout.Row:
    review = f"reviewed: {alert.review}" if alert.review else "not reviewed"
    told = (words.moment(alert.created_at), alert.watch, alert.source, review)
    return layout.Row(alert.title, alert.url, (" · ".join(filter(None, told)),))


def _watch(watch: WatchLines) -> layout.Section:
    more = f"And {words.count(watch.more, 'more article')}." if watch.more else ""
    return layout.Section(f"Watch: {watch.watch}", tuple(map(_article, watch.articles)), more)


def _article(article: ArticleLine) -> layout.Row:
    told = (article.source, article.language, words.moment(article.published_at))
    lines = [" · ".join(filter(None, told))]
    if article.sources > 1:
        independent = f", {article.independent} of them independent" if article.independent else ""
        lines.append(f"The story is told by {words.count(article.sources, 'source')}{independent}")
    lines += [f"Also: {other}" for other in article.others[:_OTHERS]]
    if len(article.others) > _OTHERS:
        lines.append(f"and {words.count(len(article.others) - _OTHERS, 'more article')} of it")
    if article.copies:
        lines.append(f"{words.count(len(article.copies), 'copy')}: {', '.join(article.copies)}")
    return layout.Row(article.title or article.url or "", article.url, tuple(lines))


def _unseen(source: UnseenSource) -> layout.Row:
    if source.paused:
        why = "paused"
    elif source.fault is None:
        why = "not asked in this time"
    else:
        why = describe(source.fault).words
    since = f" since {words.moment(source.since)}" if source.since else ""
    failed = f"; {words.count(source.failed_polls, 'failed poll')}" if source.failed_polls else ""
    how = "not read" if source.wholly else "read in part"
    head = f"{source.name} (official)" if source.official else source.name
    return layout.Row(head, lines=tuple(filter(None, (f"{how}{since}: {why}{failed}", source.detail))))


def _unseen_note(data: DigestData) -> str:
    counts = data.counts
    if data.unseen:
        return ""
    if counts.read < counts.sources:
        return f"{counts.sources - counts.read:,} of {counts.sources:,} sources had no good poll in this time."
    return "Every source could be read." if counts.sources else "No source is configured."
