"""What the changes of the ledger mean for each watch that waits for meetings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts import words
from alerts.clocks import is_confirmed
from alerts.precedence import POSITIVE
from alerts.verdicts import sources_needed
from config.vocabulary import Level, Status, Urgency
from storage.model import (
    Alert,
    AlertKind,
    Change,
    Decision,
    Meeting,
    Reason,
    Reporter,
    StatusChange,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from alerts.ledger import LedgerStep
    from alerts.verdicts import Rules, Told
    from config.model import MeetingSpec, Watch
    from storage.model import Claim

_TOLD_AS: Final = {Change.UNDER_WAY: Change.HELD}
"""Begun and over are one piece of news to whoever waits for it."""
_REASON: Final = {
    Change.HELD: Reason.HELD,
    Change.UNDER_WAY: Reason.HELD,
    Change.CONFIRMED: Reason.CONFIRMED,
    Change.CONFIRMED_BY_BOTH: Reason.CONFIRMED,
    Change.UPGRADED: Reason.UPGRADED,
    Change.CANCELLED: Reason.CANCELLED,
    Change.DENIED: Reason.DENIED,
    Change.DISPUTED: Reason.DISPUTED,
}
"""Why a change is told; of a plan that only moves it is that the status changed."""
_TELLS_OF_MEETING: Final = (Change.CONFIRMED, Change.CONFIRMED_BY_BOTH, Change.DISPUTED, Change.UPGRADED)
"""Who was told of one of these was told that it took place."""


def meeting_decisions(told: Told, rules: Rules, step: LedgerStep) -> Iterator[Decision]:
    """A decision for each change and watch that waits for meetings, and one for each claim that changes nothing."""
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
    told: Told, watch: Watch, changes: Iterable[StatusChange], meetings: Mapping[str, Meeting], rules: Rules
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
    told: Told, watches: Iterable[Watch], index: int, meeting: Meeting | None, rules: Rules
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


def _reporters(told: Told, meeting: Meeting) -> Iterator[Reporter]:
    """Who says of the meeting what the ledger says of it."""
    for report in told.known.reports:
        if report.meeting_key == meeting.key and _agree(report.claim.status, meeting.status):
            yield Reporter(report.source, report.originator)
    yield told.reporter


def _why_nothing_new(claim: Claim, key: str | None) -> Reason:
    if claim.status is Status.BACKGROUND:
        return Reason.BACKGROUND
    return Reason.ALREADY_TOLD if key else Reason.NO_CLAIM


def _about_change(told: Told, watch: Watch, change: StatusChange, meeting: Meeting, rules: Rules) -> Decision:
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
    later, when = told.add(watch, _alert(told, watch, change, meeting, key, detail=words.MISSED if was_missed else ""))
    usual = Reason.ENOUGH_SOURCES if sources_needed(watch) > 1 else _reason(change)
    reason = later or (Reason.CORRECTED if was_missed else usual)
    detail = "; ".join(filter(None, (_what(change, meeting), when)))
    return Decision(Verdict.ALERT, reason, watch.name, meeting.key, key, detail)


def _alert(told: Told, watch: Watch, change: StatusChange, meeting: Meeting, key: str, *, detail: str) -> Alert:
    return Alert(
        key=key,
        kind=AlertKind.MEETING,
        title=_what(change, meeting),
        created_at=told.now,
        watch=watch.name,
        change=change.change,
        meeting_key=meeting.key,
        claim=change.claim,
        evidence=told.reading.claims[change.claim].evidence if change.claim is not None else "",
        place=meeting.place,
        date=meeting.date,
        detail=detail,
        urgency=watch.urgency or _urgency(change, meeting),
        channels=watch.channels,
    )


def _reason(change: StatusChange) -> Reason:
    return Reason.FIRST_REPORT if change.before is None else _REASON.get(change.change, Reason.STATUS_CHANGED)


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
