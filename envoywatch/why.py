"""Why and why not: what every configured watch makes of one article, stored or just read; decides without recording."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from alerts.decide import decide
from alerts.names import NameForms
from alerts.watches.scores import WatchSet
from config.model import Watch
from config.people import load_people
from config.watch_options import refused_for
from envoywatch import wording
from envoywatch.desk import definition_of, rules_of
from envoywatch.just_read import just_read
from envoywatch.watch_words import asks_in_words, options_in_words
from storage.meetings import LEDGER_WINDOW
from storage.model import Claim, Document, Known, Reading, Reason, Report, Verdict
from storage.telling import planned_then
from storage.views import get_meeting, list_alerts, list_meetings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from alerts.verdicts import Rules
    from alerts.watches.scores import Tally
    from config.model import Config
    from storage.model import Decision, Meeting, Needs, Outcome, Span
    from storage.views import ArticleView, ClaimView, DecisionLine, Reader
    from storage.watches import WatchRevision

_MOST: Final = 100_000
_NOT_ASKED_FOR: Final = frozenset({Reason.OTHER_PEOPLE, Reason.OTHER_STATUS, Reason.BELOW_LEVEL})


@dataclass(frozen=True, slots=True)
class WatchAnswer:
    """What a watch, as it is configured now, makes of an article.

    `failed` is the first condition that does not hold, empty when it matches. `recorded` are the verdicts that were
    written when the article was read, `would` those that it would get if it came in anew. `tally` is the score of a
    scored watch.
    """

    watch: str
    matches: bool
    spans: tuple[Span, ...] = ()
    failed: str = ""
    recorded: tuple[DecisionLine, ...] = ()
    would: tuple[Decision, ...] = ()
    tally: Tally | None = None


@dataclass(frozen=True, slots=True)
class SaidThen:
    """What a watch said when it fired; `watch` is None where an older version stored what this one cannot read.

    `holds` says whether it says the same now, None that it is gone.
    """

    revision: WatchRevision
    watch: Watch | None
    holds: bool | None


def said_then(config: Config, then: WatchRevision | None) -> SaidThen | None:
    """What a watch said when it fired; None where that is not known."""
    if then is None:
        return None
    try:
        watch = Watch.model_validate({"name": then.watch, **json.loads(then.definition)})
    except ValidationError:
        watch = None
    now = next((definition_of(watch) for watch in config.watches if watch.name == then.watch), None)
    return SaidThen(then, watch, None if now is None else now == then.definition)


def said_in_words(said: SaidThen | None) -> str:
    """The same on one line; empty where it is not known."""
    if said is None:
        return ""
    then, watch = said.revision, said.watch
    asked = then.definition if watch is None else "; ".join((asks_in_words(watch), *options_in_words(watch)))
    state = {None: "it is gone now", True: "as now", False: "changed since"}[said.holds]
    return f"{asked} (revision {then.number}, since {then.since:%Y-%m-%d %H:%M} UTC; {state})"


class Judge:
    """The configured watches made ready."""

    def __init__(self, config: Config) -> None:
        self._watches = config.watches
        self._languages = {source.name: source.language for source in config.sources}
        forms = NameForms(load_people(config.people, config.groups))
        self.watches = WatchSet(config.watches, forms)
        self.rules: Rules = rules_of(config)

    def reading_of(self, view: ArticleView) -> Reading:
        """A stored article as if it had just been read: today's watches, the claims as stored."""
        document = self._document(view)
        claims = tuple(claim_of(claim) for claim in view.claims if claim.withdrawn_at is None)
        found = self.watches.read(document)
        return just_read(view.line, view.text, view.author, found, claims, language=document.language)

    def met_by(self, reading: Reading) -> set[str]:
        """The watches whose match of it counts, because they ask for no other sources."""
        text = reading.text
        only = {watch.name: watch.only for watch in self._watches if watch.only is not None}
        met = {match.watch for match in reading.matches}
        return {
            name
            for name in met
            if name not in only
            or refused_for(only[name], reading.source, reading.role, reading.country, text.language) is None
        }

    def outcome(self, reading: Reading, known: Known, now: datetime) -> Outcome:
        """What would be written about it."""
        return decide(reading, known, self.rules, now)

    def answers(
        self, reading: Reading, outcome: Outcome, recorded: Sequence[DecisionLine] = ()
    ) -> tuple[WatchAnswer, ...]:
        """One answer a configured watch, in their order."""
        document = _document_of(reading)
        return tuple(self._answer(watch, reading, document, outcome, recorded) for watch in self._watches)

    def _answer(
        self, watch: Watch, reading: Reading, document: Document, outcome: Outcome, recorded: Sequence[DecisionLine]
    ) -> WatchAnswer:
        would = tuple(one for one in outcome.decisions if one.watch == watch.name)
        written = tuple(one for one in recorded if one.watch == watch.name)
        if watch.is_about_words:
            return self._about_words(watch, document, written, would)
        failed = _why_no_meeting(reading, would)
        return WatchAnswer(watch.name, not failed, (), failed, written, would)

    def _about_words(
        self, watch: Watch, document: Document, written: tuple[DecisionLine, ...], would: tuple[Decision, ...]
    ) -> WatchAnswer:
        found = self.watches.explain(document, watch.name)
        failed = found.failed if found.tally is not None else f"this does not hold: {found.failed}"
        refused = watch.only and refused_for(
            watch.only, document.source, document.role, document.country, document.language
        )
        if found.matched and refused:
            return WatchAnswer(watch.name, False, (), refused, written, would, found.tally)
        return WatchAnswer(
            watch.name, found.matched, found.spans, "" if found.matched else failed, written, would, found.tally
        )

    def _document(self, view: ArticleView) -> Document:
        line = view.line
        return Document(
            title=line.title,
            text=view.text,
            language=line.language or self._languages.get(line.source),
            source=line.source,
            country=line.country,
            role=line.role,
            published_at=line.published_at,
        )


def _document_of(reading: Reading) -> Document:
    return Document(
        title=reading.text.title,
        text=reading.text.text,
        language=reading.text.language,
        source=reading.source,
        country=reading.country,
        role=reading.role,
        published_at=reading.published_at,
    )


def _why_no_meeting(reading: Reading, would: Sequence[Decision]) -> str:
    """The first reason why no change of the ledger is one that the watch waits for; empty when one is."""
    if not reading.claims:
        return wording.REASON[Reason.NO_CLAIM]
    if not would:
        return "its claims change nothing that the ledger has"
    if any(one.verdict is not Verdict.QUIET or one.reason not in _NOT_ASKED_FOR for one in would):
        return ""
    return wording.REASON[would[0].reason]


def decided_at(view: ArticleView) -> datetime:
    """When it was decided about a stored article."""
    return min((one.at for one in view.decisions), default=view.line.seen_at)


def known_then(connection: Reader, view: ArticleView, needs: Needs) -> Known:
    """What bears on a stored article as if it came in anew when it did: the messages of the watches until then."""
    return Known(planned=planned_then(connection, needs, decided_at(view), view.line.id))


def known_of(connection: Reader, reading: Reading, needs: Needs, now: datetime) -> Known:
    """What is stored about the meetings of the same people, and the messages of the watches.

    Whether the text is a copy is not looked up.
    """
    people = {name for claim in reading.claims for name in claim.participants}
    meetings = {one.key: one for name in sorted(people) for one in _meetings_with(connection, name, now)}
    views = [get_meeting(connection, one.id) for one in meetings.values() if one.id is not None]
    alerts = list_alerts(connection, now - LEDGER_WINDOW, limit=_MOST) if meetings else ()
    return Known(
        meetings=tuple(meetings.values()),
        alert_keys=frozenset(one.key for one in alerts if one.meeting is not None and one.meeting.key in meetings),
        reports=tuple(
            report_of(claim, view.meeting.key) for view in views for claim in view.claims if claim.withdrawn_at is None
        ),
        planned=planned_then(connection, needs, now, None),
    )


def report_of(claim: ClaimView, meeting_key: str) -> Report:
    """A stored claim as the ledger's rules take it."""
    article = claim.article
    return Report(
        claim_id=claim.id,
        claim=claim_of(claim),
        meeting_key=meeting_key,
        source=article.source,
        role=article.role,
        at=article.published_at if claim.revision_id is None else claim.at,
        read_at=claim.at,
        originator=article.originator,
        country=article.country,
    )


def claim_of(claim: ClaimView) -> Claim:
    """A stored claim as it was read."""
    return Claim(
        participants=claim.participants,
        level=claim.level,
        status=claim.status,
        date=claim.date,
        place=claim.place,
        evidence=claim.evidence.text,
        span=claim.span,
        cues=claim.cues,
        rule=claim.rule,
        confidence=claim.confidence,
    )


def _meetings_with(connection: Reader, person: str, now: datetime) -> Iterator[Meeting]:
    yield from list_meetings(connection, person=person, since=now - LEDGER_WINDOW, limit=_MOST)
