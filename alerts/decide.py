"""The alert decision: what one reading means for each watch, with the reason for every yes and every no. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alerts.ledger import Testimony, advance
from alerts.meeting_news import meeting_decisions
from alerts.verdicts import Told, held_back, may_be_first, originator_of
from config.vocabulary import Role, Urgency
from storage.model import (
    Alert,
    AlertKind,
    Decision,
    Known,
    Outcome,
    Reading,
    Reason,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from alerts.verdicts import Rules


def decide(reading: Reading, known: Known, rules: Rules, now: datetime) -> Outcome:
    """Everything that follows from one reading, beside what is stored."""
    if known.same_url is not None:
        return Outcome(
            store_article=False,
            article_id=known.same_url,
            decisions=(
                Decision(Verdict.QUIET, Reason.ALREADY_TOLD, detail=f"the same address, from {reading.source}"),
            ),
        )
    reading = _what_counts(reading, known)
    if known.same_text is not None and not reading.claims and not _new_matches(reading, known, rules):
        decision = Decision(Verdict.QUIET, Reason.COPY, detail=_whose_text(known))
        return Outcome(store_article=True, copy_of=known.same_text, decisions=(decision,))
    step = advance(
        known.meetings,
        known.reports,
        reading.claims,
        Testimony(
            reading.source, reading.role, reading.published_at, now, originator_of(reading, known), reading.country
        ),
        rules.countries_of,
    )
    told = Told(reading, known, held_back(reading, now), now)
    told.merge(step.merged)
    decisions = [*_query_decisions(told, rules), *meeting_decisions(told, rules, step)]
    if not decisions:
        decisions.append(Decision(Verdict.QUIET, Reason.NO_MATCH))
    return Outcome(
        store_article=True,
        copy_of=known.same_text,
        meetings=step.meetings,
        claims=reading.claims if known.same_text is not None else None,
        claim_meetings=step.claim_meetings,
        changes=step.changes,
        decisions=tuple(decisions),
        alerts=tuple(told.alerts),
        moved=step.moved,
        merged=step.merged,
        refused=frozenset(told.refused),
    )


def _what_counts(reading: Reading, known: Known) -> Reading:
    """A reading with those of its claims that were not told with a text it was copied from.

    An official text that others carried before still confirms: all of it goes through the ledger although it is a copy.
    """
    if known.same_text is None or reading.role is Role.OFFICIAL:
        return reading
    added = tuple(
        claim
        for claim in reading.claims
        if any(
            span.field is claim.span.field and span.start < claim.span.end and claim.span.start < span.end
            for span in known.added
        )
    )
    return replace(reading, claims=added)


def _new_matches(reading: Reading, known: Known, rules: Rules) -> bool:
    """Whether a watch matched that had not met the text before: by what the copy adds, or by who has it now."""
    firsts = {watch.name for watch in rules.watches if may_be_first(watch)} if not known.added else set()
    new = {match.watch for match in reading.matches} - known.told_watches
    return bool(new if known.added else new & firsts)


def _whose_text(known: Known) -> str:
    if known.overlap >= 1 and not known.added:
        return f"{known.same_text_source} had the same text first"
    return f"{known.overlap:.0%} of it was first with {known.same_text_source}"


def _query_decisions(told: Told, rules: Rules) -> Iterator[Decision]:
    watches = {watch.name: watch for watch in rules.watches if watch.is_about_words}
    for match in told.reading.matches:
        watch = watches.get(match.watch)
        if watch is None:
            continue  # removed while the article was being read; what it matched is stored all the same
        key = f"match/{watch.name}/{told.reading.url}"
        reporters = (*told.known.matched_by.get(watch.name, ()), told.reporter)
        verdict, reason, detail = told.verdict(watch, key, reporters, is_copy=told.is_copied(watch))
        if verdict is Verdict.ALERT:
            alert = Alert(
                key=key,
                kind=AlertKind.MATCH,
                title=told.reading.text.title or told.reading.url,
                created_at=told.now,
                watch=watch.name,
                detail=match.detail,
                urgency=watch.urgency or Urgency.NORMAL,
                channels=watch.channels,
            )
            later, when = told.add(watch, alert)
            reason, detail = later or (Reason.ENOUGH_SOURCES if watch.min_sources > 1 else reason), when
        detail = "; ".join(filter(None, (detail, match.detail)))
        yield Decision(verdict, reason, watch.name, alert_key=key if verdict is Verdict.ALERT else None, detail=detail)
    for match in told.reading.short:
        if match.watch in watches and not told.is_copied(watches[match.watch]):
            yield Decision(Verdict.QUIET, Reason.BELOW_SCORE, match.watch, detail=match.detail)
