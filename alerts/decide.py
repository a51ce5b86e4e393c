"""The alert decision: what one reading means for each watch, with the reason for every yes and every no. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from alerts import words
from alerts.clocks import is_confirmed
from alerts.ledger import LedgerStep, Testimony, advance
from alerts.originators import originators
from alerts.precedence import POSITIVE, nowhere
from alerts.telling import told_as_planned
from config.vocabulary import Level, Role, Send, Status, Urgency
from config.watch_options import refused_for
from storage.model import (
    Alert,
    AlertKind,
    Change,
    Decision,
    Known,
    Meeting,
    Needs,
    Outcome,
    Planned,
    Reading,
    Reason,
    Reporter,
    StatusChange,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import date

    from alerts.precedence import CountriesOf
    from config.model import MeetingSpec, Watch
    from storage.model import Claim

OLD_AFTER: Final = timedelta(days=3)
"""News older than this when we first see it goes to the digest: nobody is woken for it."""
FIRST_POLL_AGE: Final = timedelta(hours=24)
"""From the first poll of a source only what was published within the last day may alert ..."""
FIRST_POLL_MOST: Final = 5
"""... and at most so many times; the rest is stored, and the digest has it."""

OLD_EVENT: Final = timedelta(days=7)
"""Nor for a meeting whose day is longer past, whenever it is told."""

_TOLD_AS: Final = {Change.UNDER_WAY: Change.HELD}
"""Begun and over are one piece of news to whoever waits for it."""
_TELLS_OF_MEETING: Final = (Change.CONFIRMED, Change.CONFIRMED_BY_BOTH, Change.DISPUTED, Change.UPGRADED)
"""Who was told of one of these was told that it took place."""


def _itself(name: str) -> Collection[str]:
    return (name,)


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's wishes.

    `resolve` gives the ledger's labels for the name of a person or a group, `countries_of` for whom a label stood.
    """

    watches: tuple[Watch, ...] = ()
    resolve: Callable[[str], Collection[str]] = field(default=_itself)
    countries_of: CountriesOf = field(default=nowhere)

    @property
    def needs(self) -> Needs:
        """What must be looked up of the past before a reading is decided."""
        budgets = [(watch, watch.at_most.per) for watch in self.watches if watch.at_most is not None]
        return Needs(
            budgets={watch.name: per for watch, per in budgets if watch.is_about_words},
            meeting_budgets={watch.name: per for watch, per in budgets if not watch.is_about_words},
            sources=frozenset(one.name for one in self.watches if one.min_sources > 1 and one.is_about_words),
        )


def sources_needed(watch: Watch) -> int:
    """How many must report it independently of each other before the watch alerts."""
    return max(watch.min_sources, watch.meeting.reports if watch.meeting else 1)


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
            reading.source, reading.role, reading.published_at, now, _originator(reading, known), reading.country
        ),
        rules.countries_of,
    )
    told = _Told(reading, known, _held_back(reading, now), now)
    told.merge(step.merged)
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


def _originator(reading: Reading, known: Known) -> str:
    """Whose report it is: a copy's is that of the text which was first."""
    return known.same_text_originator or reading.originator


def _new_matches(reading: Reading, known: Known, rules: Rules) -> bool:
    """Whether a watch matched that had not met the text before: by what the copy adds, or by who has it now."""
    firsts = {watch.name for watch in rules.watches if _may_be_first(watch)} if not known.added else set()
    new = {match.watch for match in reading.matches} - known.told_watches
    return bool(new if known.added else new & firsts)


def _may_be_first(watch: Watch) -> bool:
    """Whether a copy may be the first of its text that counts for the watch, which asks for certain sources."""
    return watch.only is not None


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
        self.refused: set[str] = set()
        self.known = known
        self._held_back = held_back
        self._keys = set(known.alert_keys)
        self._planned = {watch: list(planned) for watch, planned in known.planned.items()}
        self._left = FIRST_POLL_MOST - known.first_poll_alerts if reading.first_poll else None

    def merge(self, merged: Mapping[str, str]) -> None:
        """What was told of a meeting counts as told of the one that it turned out to be."""
        for key, into in merged.items():
            self._keys |= {one.replace(f"meeting/{key}/", f"meeting/{into}/") for one in self._keys}

    def is_copied(self, watch: Watch) -> bool:
        """Whether this match was met before, in the text that was copied."""
        known = self.known
        return known.same_text is not None and (
            watch.name in known.told_watches or not (known.added or _may_be_first(watch))
        )

    def verdict(
        self,
        watch: Watch,
        key: str,
        reporters: Iterable[Reporter],
        *,
        is_copy: bool = False,
        is_told: bool = False,
        day: date | None = None,
    ) -> tuple[Verdict, Reason, str]:
        """Alert, or the first reason against it, with its detail.

        `reporters` are all who reported this, `day` is when it was; `is_told` says that other words told of it before.
        """
        refused = self._refused(watch)
        if refused is not None:
            self.refused.add(watch.name)
            return Verdict.QUIET, Reason.OTHER_SOURCE, refused
        if is_copy:
            return Verdict.QUIET, Reason.COPY, ""
        if is_told or key in self._keys:
            return Verdict.QUIET, Reason.ALREADY_TOLD, ""
        if watch.mute is not None and self.now < watch.mute:
            return Verdict.QUIET, Reason.MUTED, f"until {words.moment(watch.mute)}"
        if watch.send is Send.DIGEST:
            return Verdict.DIGEST, Reason.FOR_DIGEST, ""
        return self._not_now(watch, reporters, day)

    def _refused(self, watch: Watch) -> str | None:
        if watch.only is None:
            return None
        one = self.reading
        return refused_for(watch.only, one.source, one.role, one.country, one.text.language)

    def _not_now(self, watch: Watch, reporters: Iterable[Reporter], day: date | None) -> tuple[Verdict, Reason, str]:
        """What keeps from an alert what its watch would alert of."""
        if day is not None and self.now.date() - day > OLD_EVENT:
            return Verdict.DIGEST, Reason.OLD_NEWS, f"it was on {words.day(day)}"
        if self._held_back is not None:
            return Verdict.DIGEST, self._held_back, ""
        if self._left is not None and self._left <= 0:
            return Verdict.DIGEST, Reason.FIRST_POLL, ""
        needed = sources_needed(watch)
        found = originators(reporters) if needed > 1 else frozenset()
        if needed > 1 and len(found) < needed:
            return Verdict.DIGEST, Reason.TOO_FEW_SOURCES, f"{len(found)} of {needed}: {_listed(found)}"
        return Verdict.ALERT, Reason.WATCH_MATCHED, ""

    @property
    def reporter(self) -> Reporter:
        """Who reports now."""
        return Reporter(self.reading.source, _originator(self.reading, self.known))

    def count_keys(self, start: str) -> int:
        """How many alerts were told whose keys begin so."""
        return sum(key.startswith(start) for key in self._keys)

    def was_missed(self, meeting: Meeting, watch: Watch) -> bool:
        """Whether the watch was told that this meeting had not come, and not yet that it had."""
        start, end = f"meeting/{meeting.key}/", f"/{watch.name}"
        missed = any(
            key.startswith((f"{start}{Change.OVERDUE}-", f"{start}{Change.NOT_RECEIVED}/")) and key.endswith(end)
            for key in self._keys
        )
        came = (Change.HELD, Change.CONFIRMED, Change.CONFIRMED_BY_BOTH, Change.DISPUTED)
        return missed and not self.is_told(f"{start}{change}{end}" for change in came)

    def is_told(self, keys: Iterable[str]) -> bool:
        """Whether an alert with one of these keys was told."""
        return not self._keys.isdisjoint(keys)

    def add(self, watch: Watch, alert: Alert) -> tuple[Reason | None, str]:
        """Take an alert in; gives the reason and the detail when it is not told at once."""
        planned = self._planned.setdefault(watch.name, [])
        alert, reason = told_as_planned(watch, alert, planned, self.now)
        self.alerts.append(alert)
        if alert.told_with is None:
            planned.append(Planned(alert.key, alert.due_at or self.now, watch.channels, is_open=bool(alert.due_at)))
        self._keys.add(alert.key)
        if self._left is not None:
            self._left -= 1
        return reason, f"told at {words.moment(alert.due_at)}" if alert.due_at else ""


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _query_decisions(told: _Told, rules: Rules) -> Iterator[Decision]:
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


def _meeting_decisions(told: _Told, rules: Rules, step: LedgerStep) -> Iterator[Decision]:
    meetings = {meeting.key: meeting for meeting in step.meetings}
    watches = [watch for watch in rules.watches if watch.meeting is not None]
    changed = {change.meeting_key for change in step.changes if change.claim is not None}
    for watch in watches:
        yield from _about_changes(told, watch, step.changes, meetings, rules)
    for change in step.changes:
        if change.claim is None:  # a late report showed that stored ones belong elsewhere
            yield Decision(Verdict.QUIET, Reason.CORRECTED, meeting_key=change.meeting_key)
    for index, (claim, key) in enumerate(zip(told.reading.claims, step.claim_meetings, strict=True)):
        if key not in changed:
            yield from _about_repeat(told, watches, index, meetings.get(key or ""), rules) or (
                Decision(
                    Verdict.QUIET, _why_nothing_new(claim, key), meeting_key=key, detail=_people(claim.participants)
                ),
            )


def _about_changes(
    told: _Told, watch: Watch, changes: Iterable[StatusChange], meetings: Mapping[str, Meeting], rules: Rules
) -> Iterator[Decision]:
    """One article's changes of a meeting are one message, that of the weightiest which the watch waits for."""
    said: set[str] = set()
    for change in changes:
        key = change.meeting_key
        if change.claim is None:
            continue
        if key in said:
            detail = _what(change, meetings[key])
            yield Decision(Verdict.QUIET, Reason.ALREADY_TOLD, watch.name, key, detail=f"{detail}; in the same message")
            continue
        decision = _about_change(told, watch, change, meetings[key], rules)
        if decision.verdict is Verdict.ALERT:
            said.add(key)
        yield decision


def _about_repeat(
    told: _Told, watches: Iterable[Watch], index: int, meeting: Meeting | None, rules: Rules
) -> tuple[Decision, ...]:
    """A report that changes nothing in the ledger may be the one that a watch has waited for.

    That is so for one that asks for several sources, or for certain ones only: others told of the meeting before.
    """
    claim = told.reading.claims[index]
    if meeting is None or not _agree(claim.status, meeting.status):
        return ()
    change = StatusChange(meeting.key, Change(_plain(meeting.status)), None, meeting.status, told.now, index)
    waiting = [watch for watch in watches if sources_needed(watch) > 1 or watch.only is not None]
    decisions = [_about_change(told, watch, change, meeting, rules) for watch in waiting]
    return tuple(one for one in decisions if one.verdict is not Verdict.QUIET)


def _plain(status: Status) -> str:
    return status.value.replace("_", "-")


def _agree(one: Status, other: Status) -> bool:
    return one is other or {one, other} <= POSITIVE


def _reporters(told: _Told, meeting: Meeting) -> Iterator[Reporter]:
    """Who says of the meeting what the ledger says of it."""
    for report in told.known.reports:
        if report.meeting_key == meeting.key and _agree(report.claim.status, meeting.status):
            yield Reporter(report.source, report.originator)
    yield told.reporter


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
    taken_back = told.count_keys(f"meeting/{meeting.key}/{Change.CORRECTED}/{watch.name}/")

    def key_of(change: Change) -> str:
        name = f"{change}-{meeting.level}" if change is Change.UPGRADED else _TOLD_AS.get(change, change)
        again = f"/again-{taken_back}" if taken_back else ""  # what was taken back is news when it is told again
        return f"meeting/{meeting.key}/{name}/{watch.name}{again}"

    key = key_of(change.change)
    others = _TELLS_OF_MEETING if key == key_of(Change.HELD) else ()
    was_missed = change.after in POSITIVE and told.was_missed(meeting, watch)
    verdict, reason, detail = told.verdict(
        watch,
        key,
        _reporters(told, meeting),
        is_told=told.is_told(map(key_of, others)),
        day=None if was_missed else meeting.date,
    )
    if verdict is not Verdict.ALERT:
        detail = "; ".join(filter(None, (_what(change, meeting), detail)))
        return Decision(verdict, reason, watch.name, meeting.key, detail=detail)
    claim = told.reading.claims[change.claim] if change.claim is not None else None
    later, when = told.add(
        watch,
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
            detail=words.MISSED if was_missed else "",
            urgency=watch.urgency or _urgency(change, meeting),
            channels=watch.channels,
        ),
    )
    usual = Reason.ENOUGH_SOURCES if sources_needed(watch) > 1 else Reason.STATUS_CHANGED
    reason = later or (Reason.CORRECTED if was_missed else usual)
    detail = "; ".join(filter(None, (_what(change, meeting), when)))
    return Decision(Verdict.ALERT, reason, watch.name, meeting.key, key, detail)


def _urgency(change: StatusChange, meeting: Meeting) -> Urgency:
    """What a leader does is worth waking somebody."""
    return Urgency.HIGH if meeting.level is Level.LEADER and change.after in POSITIVE else Urgency.NORMAL


def why_not(spec: MeetingSpec, meeting: Meeting, change: StatusChange, rules: Rules) -> Reason | None:
    """Which condition of the watch fails first; None when the change is one that it waits for."""
    names = (*((spec.guest,) if spec.guest else ()), *(spec.between or ()))
    if any(set(meeting.participants).isdisjoint(rules.resolve(name)) for name in names):
        return Reason.OTHER_PEOPLE
    if spec.level is not None and meeting.level is not spec.level:
        return Reason.BELOW_LEVEL
    if change.after not in spec.status:
        return Reason.OTHER_STATUS
    if change.after in POSITIVE and not is_confirmed(spec, meeting):
        return Reason.NOT_CONFIRMED
    return None


def _what(change: StatusChange, meeting: Meeting) -> str:
    """One line that says it all: who, what became of it, level, place, day."""
    parts = [f"{_people(meeting.participants)}: {words.CHANGE[change.change]}", f"{meeting.level} level"]
    if meeting.place:
        parts.append(meeting.place)
    if meeting.date:
        parts.append(meeting.date.isoformat())
    return ", ".join(parts)


def _people(participants: tuple[str, ...]) -> str:
    return " – ".join(participants)
