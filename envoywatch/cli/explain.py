"""`envoywatch explain`: everything that was, or would be, decided about one article, with reasons."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from envoywatch.cli import show
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, escape, json_option, print_table
from envoywatch.cli.times import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.model import Config
    from envoywatch.why import WatchAnswer
    from storage.model import Claim, Outcome, Reading, Span
    from storage.views import AlertLine, ArticleLine, ArticleView, EntryLine, Explanation, RevisionView, StoryLine

_QUOTED = 80
_SPANS = 4


@click.command("explain")
@click.argument("article", metavar="URL|ID")
@json_option
@pass_context
def command(context: Context, /, article: str, *, as_json: bool) -> None:
    """Say everything that was decided about an article, and what each configured watch makes of it.

    A URL that is not stored is fetched and decided about without recording anything.
    """
    found = _find(context, article)
    if found is None:
        _explain_unstored(context, article, as_json=as_json)
    elif found.article is None:
        _explain_unread(found, as_json=as_json)
    else:
        _explain_stored(context, found, found.article, as_json=as_json)


def _find(context: Context, article: str) -> Explanation | None:
    """What is stored; None for a URL of which nothing is. Raises NotStoredError for anything else unknown."""
    from crawler.urls import canonical_url  # noqa: PLC0415 (so that --help is quick)
    from storage.database import open_reader  # noqa: PLC0415 (likewise)
    from storage.views import NotStoredError, explain_article  # noqa: PLC0415 (likewise)

    canonical = canonical_url(article)
    if canonical is not None and not context.database.exists():
        return None
    with closing(open_reader(context.database)) as connection:
        for wanted in dict.fromkeys((article, canonical)):
            try:
                if wanted is not None:
                    return explain_article(connection, wanted)
            except NotStoredError:
                if canonical is None:
                    raise
    return None


# ---------------------------------------------------------------- stored


def _explain_stored(context: Context, found: Explanation, view: ArticleView, *, as_json: bool) -> None:
    from envoywatch.why import Judge, decided_at, known_then  # noqa: PLC0415 (as above)
    from storage.database import open_reader  # noqa: PLC0415 (likewise)

    judge = Judge(context.config)
    reading = judge.reading_of(view)
    with closing(open_reader(context.database)) as connection:
        known = known_then(connection, view, judge.rules.needs)
    answers = judge.answers(reading, judge.outcome(reading, known, decided_at(view)), view.decisions)
    if as_json:
        emit_json({"stored": True, "explanation": found, "watches": answers})
        return
    _print_article(view, found.story)
    if view.revisions:
        show.heading("What changed since (UTC)")
        print_revisions(view.revisions)
    show.heading("How it came in")
    _print_entries(found.entries)
    show.heading("What was decided when it was read")
    _print_decisions(context.config, view, found)
    show.heading("What the watches, as configured now, make of it")
    _print_answers(answers, reading)
    if view.claims:
        from envoywatch.cli.meetings import print_claim  # noqa: PLC0415 (as above)

        show.heading("What it claims")
        for claim in view.claims:
            print_claim(claim)


def _print_article(view: ArticleView, story: StoryLine | None) -> None:
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch import wording  # noqa: PLC0415 (likewise)

    line = view.line
    original = view.original
    why = f": {view.origin_reason}" if view.origin_reason else ""
    show.heading(f"Article {line.id}: {line.title}", first=True)
    show.facts(
        [
            ("source", ", ".join(filter(None, (line.source, line.country, words.ROLE[line.role])))),
            ("published", f"{short(line.published_at)} UTC"),
            ("first seen", f"{short(line.seen_at)} UTC"),
            ("language", line.language or "not known"),
            ("text", f"{wording.ORIGIN[line.origin]}, {len(view.text):,} characters{why}"),
            ("copy of", f"{original.id}, {original.source} had it first{_copied(line, most=0)}" if original else None),
            ("adds", "\n".join(line.added)),
            ("copies", ", ".join(f"{copy.id} {copy.source}{_copied(copy)}" for copy in view.copies)),
            ("report of", _whose(view)),
            ("story", _story(story)),
            ("link", line.url),
        ]
    )


def _story(story: StoryLine | None) -> str | None:
    from alerts import words  # noqa: PLC0415 (as above)

    if story is None:
        return None
    independent = f", {story.independent} independent" if story.independent < story.sources else ""
    told = f"{words.count(story.articles, 'article')} of {words.count(story.sources, 'source')}{independent}"
    return f"{story.id}, {story.title} ({told}); `envoywatch search ... --story {story.id}`"


def _whose(view: ArticleView) -> str:
    """Who is counted for it, and why that is not its own outlet."""
    line = view.line
    if line.credit == line.originator:
        return f"{line.originator}, which it credits" if line.originator not in line.source else line.originator
    if view.original is not None and line.originator not in line.source:
        return f"{line.originator}, whose text it has"
    return line.originator


def _copied(line: ArticleLine, *, most: int = 1) -> str:
    from alerts import words  # noqa: PLC0415 (as above)

    return words.copied(line.overlap, line.added if most else ())


def print_revisions(revisions: Sequence[RevisionView]) -> None:
    """Each edit of an article with the sentences that went and came."""
    for one in revisions:
        parts = (("title", one.is_retitled), ("text", one.text is not None))
        what = " and ".join(name for name, changed in parts if changed)
        show.line(f"{short(one.at)} new {what}")
        if one.is_retitled:
            show.line(f"  - {one.title_before}")
            show.line(f"  + {one.title}")
        for sentence in one.gone:
            show.line(f"  - {sentence}")
        for sentence in one.added:
            show.line(f"  + {sentence}")


def _print_entries(entries: Sequence[EntryLine]) -> None:
    print_table(
        ["SOURCE", "SEEN (UTC)", "STATE", "WHY"],
        [
            (one.source, short(one.seen_at) + (", first poll" if one.first_poll else ""), one.state, one.reason)
            for one in entries
        ],
        empty="Nothing is kept of it.",
    )


def _print_decisions(config: Config, view: ArticleView, found: Explanation) -> None:
    from envoywatch.cli.alerts import print_decisions, print_deliveries  # noqa: PLC0415 (as above)
    from envoywatch.why import said_in_words, said_then  # noqa: PLC0415 (likewise)

    print_decisions(view.decisions)
    if found.alerts:
        show.heading("What it alerted")
        print_table(
            [Column("ALERT", right=True, whole=True), "WATCH", "WHICH SAID", "BY THE TEXT"],
            [
                (one.id, one.watch, said_in_words(said_then(config, one.watch_revision)), _text_of(one, view))
                for one in found.alerts
            ],
        )
        print_deliveries(found.deliveries)


def _text_of(alert: AlertLine, view: ArticleView) -> str:
    """Which text of the article fired the alert: as first read, or as an edit left it."""
    edits = [one for one in view.revisions if one.at <= alert.created_at]
    quoted = alert.evidence.text if alert.evidence is not None else ""
    if not edits or quoted in view.text or quoted in view.line.title:
        return "as first read"
    return f"as edited {short(edits[-1].at)}"


# ---------------------------------------------------------------- seen, not read


def _explain_unread(found: Explanation, *, as_json: bool) -> None:
    if as_json:
        emit_json({"stored": False, "explanation": found, "watches": []})
        return
    show.heading("It was seen, but is not stored as an article", first=True)
    _print_entries(found.entries)


# ---------------------------------------------------------------- not stored


def _explain_unstored(context: Context, url: str, *, as_json: bool) -> None:
    from envoywatch.reading_now import read_page_now  # noqa: PLC0415 (as above)
    from envoywatch.why import Judge, known_of  # noqa: PLC0415 (likewise)
    from storage.database import open_reader  # noqa: PLC0415 (likewise)
    from storage.model import Known  # noqa: PLC0415 (likewise)

    context.say(f"{escape(url)} is not stored: fetching it; nothing will be recorded")
    reading = read_page_now(context.config, url)
    now = datetime.now(UTC)
    known = Known()
    judge = Judge(context.config)
    if context.database.exists():
        with closing(open_reader(context.database)) as connection:
            known = known_of(connection, reading, judge.rules.needs, now)
    outcome = judge.outcome(reading, known, now)
    answers = judge.answers(reading, outcome)
    if as_json:
        emit_json({"stored": False, "reading": reading, "outcome": outcome, "watches": answers})
        return
    _print_reading(reading, outcome, answers)


def _print_reading(reading: Reading, outcome: Outcome, answers: Sequence[WatchAnswer]) -> None:
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch import wording  # noqa: PLC0415 (likewise)

    text = reading.text
    show.heading(f"Not stored: {text.title or reading.url}", first=True)
    show.facts(
        [
            ("source", ", ".join(filter(None, (reading.source, reading.country, words.ROLE[reading.role])))),
            ("published", f"{short(reading.published_at)} UTC" if text.published_at else "not known"),
            ("language", text.language or "not known"),
            ("text", f"{wording.ORIGIN[text.origin]}, {len(text.text):,} characters {text.reason}".rstrip()),
            ("notes", "; ".join(reading.notes)),
            ("link", reading.url),
        ]
    )
    show.heading("What would be decided")
    print_table(
        ["WATCH", "VERDICT", "WHY", "DETAIL"],
        [
            (one.watch or "(all)", wording.VERDICT[one.verdict], wording.REASON[one.reason], one.detail)
            for one in outcome.decisions
        ],
        empty="Nothing.",
    )
    show.heading("What the watches make of it")
    _print_answers(answers, reading)
    if reading.claims:
        show.heading("What it claims")
        for claim in reading.claims:
            _print_claim(claim)


def _print_claim(claim: Claim) -> None:
    from alerts import words  # noqa: PLC0415 (as above)
    from storage.views import Evidence, Mark  # noqa: PLC0415 (likewise)

    what = [words.STATUS[claim.status], words.people(claim.participants), claim.place, claim.date]
    show.line(" · ".join(str(part) for part in what if part))
    start = claim.span.start
    marks = tuple(
        Mark(cue.span.start - start, cue.span.end - start, cue.kind)
        for cue in claim.cues
        if cue.span.field is claim.span.field and start <= cue.span.start and cue.span.end <= claim.span.end
    )
    show.quote(Evidence(claim.evidence, None, marks))


# ---------------------------------------------------------------- watches


def _print_answers(answers: Sequence[WatchAnswer], reading: Reading) -> None:
    print_table(
        ["WATCH", "MATCHES", "BECAUSE"],
        [(one.watch, "yes" if one.matches else "no", _because(one, reading)) for one in answers],
        empty="No watch is configured.",
    )


def _because(answer: WatchAnswer, reading: Reading) -> str:
    """Why it matches or does not, and when it would be told if that is not at once."""
    from envoywatch import wording  # noqa: PLC0415 (as above)
    from storage.model import Reason  # noqa: PLC0415 (likewise)

    later = [one for one in answer.would if one.reason in {Reason.OVER_BUDGET, Reason.QUIET_HOURS}]
    waits = [
        f"{wording.REASON[one.reason]}: {one.detail}" if one.detail else wording.REASON[one.reason] for one in later
    ]
    return "; ".join([_found(answer, reading), *waits])


def _found(answer: WatchAnswer, reading: Reading) -> str:
    from storage.model import Verdict  # noqa: PLC0415 (as above)

    if not answer.matches:
        matched_then = any(one.verdict is not Verdict.QUIET for one in answer.recorded)
        return answer.failed + ("; when it was read it did match" if matched_then else "")
    if answer.tally is not None:
        return str(answer.tally)
    if answer.spans:
        found = dict.fromkeys(_text_at(reading, span) for span in answer.spans)
        return ", ".join(list(found)[:_SPANS]) + (" ..." if len(found) > _SPANS else "")
    return "; ".join(one.detail for one in answer.would if one.detail) or "its conditions hold"


def _text_at(reading: Reading, span: Span) -> str:
    from storage.model import Field  # noqa: PLC0415 (as above)

    where = reading.text.title if span.field is Field.TITLE else reading.text.text
    return " ".join(where[span.start : span.end].split())[:_QUOTED]
