"""What follows when a stored article is read again: which of its claims stand, what is new, who must be told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from alerts import words
from alerts.decide import decide
from alerts.ledger import regroup
from alerts.precedence import POSITIVE, named
from alerts.telling import told_as_planned
from alerts.verdicts import OLD_AFTER
from config.vocabulary import Status
from storage.identity import fold
from storage.model import (
    Alert,
    AlertKind,
    Amendment,
    Change,
    Decision,
    Field,
    Known,
    Meeting,
    Outcome,
    Reason,
    StatusChange,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.ledger import LedgerStep
    from alerts.verdicts import Rules
    from storage.model import Claim, Edition, Planned, Reading, Report, Reread, Told

TAKEN_DOWN: Final = "the page was taken down"
"""The reason of a reading whose page is gone for good (404, 410)."""
_LITTLE: Final = 0.4
"""A page that has less than this share of its text left is likelier broken than edited: it is read once more first."""


def amend(reading: Reading, edition: Edition, known: Known, reread: Reread, rules: Rules, now: datetime) -> Amendment:
    """Everything that follows from reading a stored article again, beside what is stored of it."""
    present = _Present.of(reading, edition, reread)
    if len(present.text) < _LITTLE * len(edition.text) and not reread.missed:
        return Amendment(unsure=True)
    before = {meeting.key: meeting for meeting in known.meetings}
    mine = [report for report in edition.claims if report.meeting_key in before]
    gone, reworded = present.judge(mine)
    lost = {report.claim_id for report in gone}
    standing = [report for report in known.reports if report.claim_id not in lost]
    retold = regroup(known.meetings, standing, gone, rules.countries_of)
    new = present.news(reading, edition, now) if present.is_changed else _nothing(reading)
    later = decide(new, _beside(known, retold, standing), rules, now)
    after = before | {meeting.key: meeting for meeting in (*retold.meetings, *later.meetings)}
    correction = _Correction(gone, edition.told, rules, before, retold, after, known.planned, now)
    decisions = [*correction.decisions(), *_about_reworded(reworded)]
    decisions += [one for one in later.decisions if one.reason is not Reason.NO_MATCH]
    shift = len(gone)
    changes = [
        change if change.claim is None else replace(change, claim=change.claim + shift) for change in later.changes
    ]
    alerts = [alert if alert.claim is None else replace(alert, claim=alert.claim + shift) for alert in later.alerts]
    return Amendment(
        changed=present.is_changed,
        title=present.title,
        text=present.text if present.text != edition.text else None,
        withdrawn=tuple(report.claim_id for report in gone),
        claims=new.claims,
        matches=tuple(match for match in new.matches if match.watch not in later.refused),
        outcome=Outcome(
            store_article=False,
            meetings=tuple(after[key] for key in dict.fromkeys((*correction.concerned, *_keys(later.meetings)))),
            claim_meetings=later.claim_meetings,
            changes=(*correction.changes(), *changes),
            decisions=tuple(decisions),
            alerts=(*correction.alerts, *alerts),
            moved={**retold.moved, **later.moved},
            merged={**retold.merged, **later.merged},
            parted=retold.parted,
        ),
    )


def _keys(meetings: Iterable[Meeting]) -> Iterator[str]:
    return (meeting.key for meeting in meetings)


# ---------------------------------------------------------------- what the article says now


@dataclass(frozen=True)
class _Present:
    """The article as it is now. What could not be had this time (a wall, a broken page) counts as unchanged."""

    title: str
    text: str
    claims: tuple[Claim, ...]
    is_changed: bool

    @classmethod
    def of(cls, reading: Reading, edition: Edition, reread: Reread) -> _Present:
        text = reading.text
        is_comparable = text.origin is edition.origin and text.reason in {
            "",
            TAKEN_DOWN,
            edition.reason.partition("; ")[0],
        }
        own_title = edition.page_title and text.page_title and fold(text.page_title) != fold(edition.page_title)
        is_retitled = bool((reread.edited or own_title) and text.title) and fold(text.title) != fold(edition.title)
        words_now = text.text if is_comparable else edition.text
        return cls(
            title=text.title if is_retitled else edition.title,
            text=words_now,
            claims=tuple(one for one in reading.claims if is_comparable or one.span.field is Field.TITLE),
            is_changed=is_retitled or fold(words_now) != fold(edition.text),
        )

    def judge(self, claims: Sequence[Report]) -> tuple[list[Report], list[Report]]:
        """The claims whose sentence is gone, and those whose sentence only reads differently."""
        title, text = fold(self.title), fold(self.text)
        missing = [
            report
            for report in claims
            if report.claim.status is not Status.BACKGROUND and not _stands_in(report.claim, title, text)
        ]
        reworded = [report for report in missing if any(_says_the_same(report.claim, one) for one in self.claims)]
        return [report for report in missing if report not in reworded], reworded

    def news(self, reading: Reading, edition: Edition, now: datetime) -> Reading:
        """What was not said before, as if it were an article of its own, published now unless that is days ago."""
        title, text = fold(edition.title), fold(edition.text)
        standing = [report.claim for report in edition.claims]
        claims = tuple(
            claim
            for claim in self.claims
            if not _stands_in(claim, title, text) and not any(_says_the_same(one, claim) for one in standing)
        )
        matches = tuple(match for match in reading.matches if match.watch not in edition.watches)
        is_old = now - reading.published_at > OLD_AFTER
        told_at = reading.text.published_at if is_old else None
        return replace(
            reading,
            text=replace(reading.text, title=self.title, published_at=told_at),
            seen_at=reading.seen_at if is_old else now,
            first_poll=False,
            claims=claims,
            matches=matches,
        )


def _nothing(reading: Reading) -> Reading:
    return replace(reading, claims=(), matches=())


def _stands_in(claim: Claim, title: str, text: str) -> bool:
    sentence = fold(claim.evidence)
    return sentence in title or sentence in text


def _says_the_same(before: Claim, now: Claim) -> bool:
    same_status = before.status is now.status or {before.status, now.status} <= POSITIVE
    return same_status and named(before.participants) == named(now.participants)


# ---------------------------------------------------------------- what becomes of the ledger


def _beside(known: Known, retold: LedgerStep, standing: Iterable[Report]) -> Known:
    """What is known when the withdrawn claims are not; the article itself is no twin of its own.

    What was told of a meeting counts as told of the one into which it went, and of those that parted from it.
    """
    meetings = {meeting.key: meeting for meeting in (*known.meetings, *retold.meetings)}
    told = set(known.alert_keys)
    for new, old in (*((into, key) for key, into in retold.merged.items()), *retold.parted.items()):
        told |= {key.replace(f"meeting/{old}/", f"meeting/{new}/") for key in known.alert_keys}
    return replace(
        known,
        same_url=None,
        same_text=None,
        same_text_originator=None,
        meetings=tuple(meeting for key, meeting in meetings.items() if key not in retold.merged),
        alert_keys=frozenset(told),
        reports=tuple(replace(one, meeting_key=retold.moved.get(one.claim_id, one.meeting_key)) for one in standing),
    )


# ---------------------------------------------------------------- who is told


def _about_reworded(reworded: Sequence[Report]) -> Iterator[Decision]:
    for report in reworded:
        detail = f"was: {report.claim.evidence}"
        yield Decision(Verdict.QUIET, Reason.REWORDED, meeting_key=report.meeting_key, detail=detail)


class _Correction:
    """The withdrawn claims: a step of history each meeting, and a follow-up to whoever was told of it."""

    def __init__(
        self,
        gone: Sequence[Report],
        told: Sequence[Told],
        rules: Rules,
        before: Mapping[str, Meeting],
        retold: LedgerStep,
        after: Mapping[str, Meeting],
        planned: Mapping[str, Sequence[Planned]],
        now: datetime,
    ) -> None:
        self._first = {report.meeting_key: index for index, report in reversed(list(enumerate(gone)))}
        self._gone = gone
        self._told = told
        self._watches = {watch.name: watch for watch in rules.watches}
        self._before = before
        self._retold = retold
        self._retold_as = {**before, **{meeting.key: meeting for meeting in retold.meetings}}
        self._after = after
        self._planned = planned
        self._now = now
        self.alerts: list[Alert] = []

    @property
    def concerned(self) -> Iterator[str]:
        """The meetings that are other ones now, and those of the withdrawn claims."""
        yield from _keys(self._retold.meetings)
        yield from map(self._home, self._first)

    def _home(self, key: str) -> str:
        """The meeting into which one has gone when only withdrawn claims had kept it apart."""
        return self._retold.merged.get(key, key)

    def changes(self) -> Iterator[StatusChange]:
        """One step a meeting, from what it was to what the others tell; later steps follow from the new text."""
        for key, index in self._first.items():
            home = self._home(key)
            before, after = self._before[key].status, self._retold_as[home].status
            yield StatusChange(home, Change.CORRECTED, before, after, self._now, index)
        for key, of in self._retold.parted.items():
            before, after = self._before[of].status, self._retold_as[key].status
            yield StatusChange(key, Change.CORRECTED, before, after, self._now)

    def decisions(self) -> Iterator[Decision]:
        """One for each meeting and watch that told of it; fills `alerts`."""
        for key, index in self._first.items():
            stands = self._before[key].status is self._after[self._home(key)].status
            reason = Reason.STILL_REPORTED if stands else Reason.CORRECTED
            detail = self._gone[index].claim.evidence
            told = [one for one in self._told if one.meeting_key == key]
            if stands or not told:
                yield Decision(Verdict.QUIET, reason, meeting_key=self._home(key), detail=detail)
                continue
            for one in told:
                yield self._follow_up(one, index, detail)
        for key in self._retold.parted:
            detail = "a meeting of its own: only what was withdrawn had joined it to another"
            yield Decision(Verdict.QUIET, Reason.CORRECTED, meeting_key=key, detail=detail)

    def _follow_up(self, told: Told, index: int, detail: str) -> Decision:
        key = self._home(told.meeting_key)
        watch = self._watches.get(told.watch)
        if watch is None or not watch.channels:
            return Decision(Verdict.QUIET, Reason.NO_CHANNEL, told.watch, key, detail=detail)
        report, before = self._gone[index], self._before[told.meeting_key]
        people = words.people(before.participants)
        alert = Alert(
            key=f"meeting/{key}/{Change.CORRECTED}/{told.watch}/{report.claim_id}",
            kind=AlertKind.MEETING,
            title=f"Corrected: {people}: no longer reported as {words.STATUS[before.status]}",
            created_at=self._now,
            watch=told.watch,
            change=Change.CORRECTED,
            meeting_key=key,
            claim=index,
            evidence=report.claim.evidence,
            place=before.place,
            date=before.date,
            detail=f"{report.source} no longer has the sentence below; {self._what_now(key)}",
            urgency=told.urgency,
            channels=watch.channels,
        )
        alert, later = told_as_planned(watch, alert, self._planned.get(watch.name, ()), self._now)
        self.alerts.append(alert)
        return Decision(Verdict.ALERT, later or Reason.CORRECTED, told.watch, key, alert.key, detail)

    def _what_now(self, key: str) -> str:
        after = self._after[key]
        if not after.reports:
            return "no other source reports the meeting"
        return f"the meeting is now {words.STATUS[after.status]} by {words.reported(after.reports, after.originators)}"
