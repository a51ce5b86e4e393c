"""The alert decision: what one reading means for each watch, with the reason for every yes and every no. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from alerts.ledger import POSITIVE, LedgerStep, Testimony, advance
from config.vocabulary import Level, Role, Send, Status
from storage.model import (
    Alert,
    AlertKind,
    Change,
    Decision,
    Known,
    Meeting,
    Outcome,
    Reading,
    Reason,
    StatusChange,
    Urgency,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from config.model import MeetingSpec, Watch
    from storage.model import Claim

OLD_AFTER: Final = timedelta(days=3)
"""News older than this when we first see it goes to the digest: nobody is woken for it."""
FIRST_POLL_AGE: Final = timedelta(hours=24)
"""From the first poll of a source only what was published within the last day may alert ..."""
FIRST_POLL_MOST: Final = 5
"""... and at most so many times; the rest is stored, and the digest has it."""

_TOLD_AS: Final = {Change.UNDER_WAY: Change.HELD}
"""Begun and over are one piece of news to whoever waits for it."""


def _itself(name: str) -> Collection[str]:
    return (name,)


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's wishes. `resolve` gives the ledger's labels for the name of a person or a group."""

    watches: tuple[Watch, ...] = ()
    resolve: Callable[[str], Collection[str]] = field(default=_itself)


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
    if known.same_text is not None and not reading.claims and not _new_matches(reading, known):
        decision = Decision(Verdict.QUIET, Reason.COPY, detail=_whose_text(known))
        return Outcome(store_article=True, copy_of=known.same_text, decisions=(decision,))
    step = advance(
        known.meetings,
        known.reported_by,
        reading.claims,
        Testimony(reading.source, reading.role, reading.published_at, now),
    )
    told = _Told(reading, known, _held_back(reading, now), now)
    decisions = [*_query_decisions(told, rules), *_meeting_decisions(told, rules, step)]
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


def _new_matches(reading: Reading, known: Known) -> bool:
    """Whether what a copy adds made a watch match that had not met the text before."""
    return bool(known.added) and any(match.watch not in known.told_watches for match in reading.matches)


def _whose_text(known: Known) -> str:
    if known.overlap >= 1 and not known.added:
        return f"{known.same_text_source} had the same text first"
    return f"{known.overlap:.0%} of it was first with {known.same_text_source}"


def _held_back(reading: Reading, now: datetime) -> Reason | None:
    """Why nothing of this article may wake anybody, whatever it says."""
    age = now - reading.published_at
    if age > OLD_AFTER:
        return Reason.OLD_NEWS
    if reading.first_poll and age > FIRST_POLL_AGE:
        return Reason.FIRST_POLL
    return None


class _Told:
    """The alerts of one reading as they are decided, so that none is told twice and a first poll never floods."""

    def __init__(self, reading: Reading, known: Known, held_back: Reason | None, now: datetime) -> None:
        self.reading = reading
        self.now = now
        self.alerts: list[Alert] = []
        self._known = known
        self._held_back = held_back
        self._keys = set(known.alert_keys)
        self._left = FIRST_POLL_MOST - known.first_poll_alerts if reading.first_poll else None

    def is_copied(self, watch: str) -> bool:
        """Whether this match was met before, in the text that was copied."""
        known = self._known
        return known.same_text is not None and (not known.added or watch in known.told_watches)

    def verdict(self, watch: Watch, key: str, *, is_copy: bool = False) -> tuple[Verdict, Reason]:
        """Alert, or the first reason against it."""
        if is_copy:
            return Verdict.QUIET, Reason.COPY
        if key in self._keys:
            return Verdict.QUIET, Reason.ALREADY_TOLD
        if watch.send is Send.DIGEST:
            return Verdict.DIGEST, Reason.FOR_DIGEST
        if self._held_back is not None:
            return Verdict.DIGEST, self._held_back
        if self._left is not None and self._left <= 0:
            return Verdict.DIGEST, Reason.FIRST_POLL
        return Verdict.ALERT, Reason.WATCH_MATCHED

    def count_keys(self, start: str) -> int:
        """How many alerts were told whose keys begin so."""
        return sum(key.startswith(start) for key in self._keys)

    def add(self, alert: Alert) -> None:
        self.alerts.append(alert)
        self._keys.add(alert.key)
        if self._left is not None:
            self._left -= 1


def _query_decisions(told: _Told, rules: Rules) -> Iterator[Decision]:
    watches = {watch.name: watch for watch in rules.watches if watch.query is not None}
    for match in told.reading.matches:
        watch = watches.get(match.watch)
        if watch is None:
            continue  # removed while the article was being read; what it matched is stored all the same
        key = f"match/{watch.name}/{told.reading.url}"
        verdict, reason = told.verdict(watch, key, is_copy=told.is_copied(watch.name))
        if verdict is Verdict.ALERT:
            told.add(
                Alert(
                    key=key,
                    kind=AlertKind.MATCH,
                    title=told.reading.text.title or told.reading.url,
                    created_at=told.now,
                    watch=watch.name,
                    channels=watch.channels,
                )
            )
        yield Decision(verdict, reason, watch.name, alert_key=key if verdict is Verdict.ALERT else None)


def _meeting_decisions(told: _Told, rules: Rules, step: LedgerStep) -> Iterator[Decision]:
    meetings = {meeting.key: meeting for meeting in step.meetings}
    watches = [watch for watch in rules.watches if watch.meeting is not None]
    changed = {change.meeting_key for change in step.changes}
    for change in step.changes:
        for watch in watches:
            yield _about_change(told, watch, change, meetings[change.meeting_key], rules)
    for claim, key in zip(told.reading.claims, step.claim_meetings, strict=True):
        if key not in changed:
            yield Decision(
                Verdict.QUIET, _why_nothing_new(claim, key), meeting_key=key, detail=_people(claim.participants)
            )


def _why_nothing_new(claim: Claim, key: str | None) -> Reason:
    if claim.status is Status.BACKGROUND:
        return Reason.BACKGROUND
    return Reason.ALREADY_TOLD if key else Reason.NO_CLAIM


def _about_change(told: _Told, watch: Watch, change: StatusChange, meeting: Meeting, rules: Rules) -> Decision:
    if watch.meeting is None:
        raise ValueError("a watch without a meeting has nothing to do with the ledger")
    against = why_not(watch.meeting, meeting, change, rules)
    if against is not None:
        return Decision(Verdict.QUIET, against, watch.name, meeting.key, detail=_what(change, meeting))
    key = f"meeting/{meeting.key}/{_TOLD_AS.get(change.change, change.change)}/{watch.name}"
    taken_back = told.count_keys(f"meeting/{meeting.key}/{Change.CORRECTED}/{watch.name}/")
    key += f"/again-{taken_back}" if taken_back else ""  # what was taken back is news when it is told again
    verdict, reason = told.verdict(watch, key)
    if verdict is not Verdict.ALERT:
        return Decision(verdict, reason, watch.name, meeting.key, detail=_what(change, meeting))
    claim = told.reading.claims[change.claim] if change.claim is not None else None
    told.add(
        Alert(
            key=key,
            kind=AlertKind.MEETING,
            title=_what(change, meeting),
            created_at=told.now,
            watch=watch.name,
            change=change.change,
            meeting_key=meeting.key,
            claim=change.claim,
            evidence=claim.evidence if claim else "",
            place=meeting.place,
            date=meeting.date,
            urgency=Urgency.HIGH if meeting.level is Level.LEADER and change.after in POSITIVE else Urgency.NORMAL,
            channels=watch.channels,
        )
    )
    return Decision(Verdict.ALERT, Reason.STATUS_CHANGED, watch.name, meeting.key, key, _what(change, meeting))


def why_not(spec: MeetingSpec, meeting: Meeting, change: StatusChange, rules: Rules) -> Reason | None:
    """Which condition of the watch fails first; None when the change is one that it waits for."""
    names = (*((spec.guest,) if spec.guest else ()), *(spec.between or ()))
    if any(set(meeting.participants).isdisjoint(rules.resolve(name)) for name in names):
        return Reason.OTHER_PEOPLE
    if spec.level is not None and meeting.level is not spec.level:
        return Reason.BELOW_LEVEL
    # One article may change a meeting twice: each change is judged by what it led to, not by where the article ended.
    return None if change.after in spec.status else Reason.OTHER_STATUS


def _what(change: StatusChange, meeting: Meeting) -> str:
    """One line that says it all: who, what became of it, level, place, day."""
    said = change.change.value.replace("-", " ")
    parts = [f"{_people(meeting.participants)}: {said}", f"{meeting.level} level"]
    if meeting.place:
        parts.append(meeting.place)
    if meeting.date:
        parts.append(meeting.date.isoformat())
    return ", ".join(parts)


def _people(participants: tuple[str, ...]) -> str:
    return " – ".join(participants)
