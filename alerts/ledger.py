"""The ledger's rules: which meeting a claim is about, and what the claim changes. Pure.

A meeting is one occasion of the same people. Its status follows its claims: what has happened outranks what was
planned, an older report never undoes a newer one, and a denial beside a report makes it disputed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from config.vocabulary import Level, Role, Status
from storage.identity import digest
from storage.model import Change, Claim, Meeting, StatusChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

POSITIVE: Final = frozenset({Status.HELD, Status.UNDER_WAY})
"""It has happened, or is happening."""
PENDING: Final = frozenset({Status.SCHEDULED, Status.PROPOSED, Status.UNDECIDED, Status.REFUSED, Status.CANCELLED})
"""It may or may not happen yet."""

SAME_DAYS: Final = timedelta(days=1)
"""Reports of one occasion name its day a day apart at most: time zones, and meetings that pass midnight."""
ECHO: Final = timedelta(days=4)
"""How long after a meeting undated reports of the same people still mean it."""
PENDING_FOR: Final = timedelta(days=30)
"""How long talk of a meeting to come may go on before it is another one."""

_FIRMNESS: Final = (
    Status.PROPOSED,
    Status.UNDECIDED,
    Status.SCHEDULED,
    Status.REFUSED,
    Status.CANCELLED,
    Status.DENIED,
)
"""Which of two plans told at the same time speaks: the later in this list."""
_RANK: Final = {level: rank for rank, level in enumerate(reversed(Level))}

_CHANGE_OF: Final[dict[Status, Change]] = {
    status: Change(status.value.replace("_", "-")) for status in Status if status is not Status.BACKGROUND
}


@dataclass(frozen=True, slots=True)
class Testimony:
    """Who says it and when: the source of claims, its role, the time of publication, and that of reading.

    `originator` is whose report it is, None when the source's own.
    """

    source: str
    role: Role
    at: datetime
    read_at: datetime
    originator: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """What the claims of one article do to the ledger.

    `meetings` are the new and the changed ones; `claim_meetings` has for each claim the key of its meeting, or None for
    one that belongs to no occasion (background that nothing else told of, no named participant).
    """

    meetings: tuple[Meeting, ...]
    claim_meetings: tuple[str | None, ...]
    changes: tuple[StatusChange, ...]


def advance(
    meetings: Iterable[Meeting],
    reported_by: Collection[tuple[str, str]],
    claims: Sequence[Claim],
    testimony: Testimony,
) -> LedgerStep:
    """Enter the claims of one article. `meetings` are those of the same people; `reported_by` (key, source) pairs."""
    ledger = {meeting.key: meeting for meeting in meetings}
    counted = set(reported_by)
    touched: dict[str, None] = {}
    keys: list[str | None] = []
    changes: list[StatusChange] = []
    for index, claim in enumerate(claims):
        before = _find(ledger.values(), claim, testimony.at)
        if before is not None:
            is_new_source = (before.key, testimony.source) not in counted
            after, change = _enter(before, claim, testimony, is_new_source=is_new_source)
        elif claim.status is not Status.BACKGROUND and named(claim.participants):
            after, change = _new_meeting(claim, testimony, ledger), _CHANGE_OF[claim.status]
        else:
            keys.append(None)
            continue
        if change is not None:
            status = before.status if before else None
            changes.append(StatusChange(after.key, change, status, after.status, testimony.read_at, index))
        if claim.status is not Status.BACKGROUND:
            counted.add((after.key, testimony.source))
        ledger[after.key] = after
        touched[after.key] = None
        keys.append(after.key)
    return LedgerStep(tuple(ledger[key] for key in touched), tuple(keys), tuple(changes))


def retell(meeting: Meeting, reports: Iterable[tuple[Claim, Testimony]]) -> Meeting:
    """A meeting as the reports that still stand tell it, in the order in which they were read.

    With none left nobody reports it: it is open again, and keeps its key, people and time.
    """
    told: Meeting | None = None
    counted: set[str] = set()
    for claim, testimony in reports:
        if claim.status is Status.BACKGROUND:
            continue
        if told is None:
            told = replace(_new_meeting(claim, testimony, ()), key=meeting.key, id=meeting.id)
        else:
            told, _ = _enter(told, claim, testimony, is_new_source=testimony.source not in counted)
        counted.add(testimony.source)
    return told or replace(meeting, status=Status.UNDECIDED, confirmed=False, disputed=False, reports=0, originators=())


def named(participants: Iterable[str]) -> frozenset[str]:
    """The participants with a name; `[a delegation]` is none."""
    return frozenset(name for name in participants if not name.startswith("["))


# ---------------------------------------------------------------- which meeting


def _find(meetings: Iterable[Meeting], claim: Claim, at: datetime) -> Meeting | None:
    """The meeting that the claim is about: same people, then plan to plan, then nearest day, then heard of last."""
    people = named(claim.participants)

    def fitness(meeting: Meeting) -> tuple[bool, bool, timedelta, datetime, str]:
        is_exact = named(meeting.participants) == people
        are_plans = meeting.status in PENDING and claim.status in PENDING
        return is_exact, are_plans, -_gap(meeting, claim, at), meeting.updated_at, meeting.key

    candidates = [
        meeting
        for meeting in meetings
        if _may_be_same_people(meeting, claim, at) and _is_same_occasion(meeting, claim, at)
    ]
    return max(candidates, key=fitness, default=None)


def _may_be_same_people(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """The same names; or fewer beside more, when the level is the same: with a leader it is another occasion.

    One name beside unnamed people says little: it is the meeting of those named when it is of the same level and day.
    """
    ours, theirs = named(claim.participants), named(meeting.participants)
    fewer = min(ours, theirs, key=len)
    if not fewer or not (ours <= theirs or theirs <= ours):
        return False
    if ours == theirs and len(fewer) > 1:
        return True
    if claim.level is not meeting.level:
        return False
    if len(fewer) > 1 or set(claim.participants) == set(meeting.participants):
        return True
    unnamed = claim.participants if fewer == ours else meeting.participants
    if len(unnamed) == len(fewer) or (claim.place and meeting.place and claim.place != meeting.place):
        return False
    return _gap(meeting, claim, at) <= (SAME_DAYS if claim.place and claim.place == meeting.place else timedelta(0))


def _gap(meeting: Meeting, claim: Claim, at: datetime) -> timedelta:
    """Days between the claim and the meeting; a plan without a day is farther than any day that still fits."""
    if meeting.date is None and meeting.status in PENDING and claim.status not in PENDING:
        return PENDING_FOR
    return abs((claim.date or at.date()) - (meeting.date or meeting.updated_at.date()))


def _is_same_occasion(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    if (meeting.status is Status.REMOTE) != (claim.status is Status.REMOTE) and claim.status is not Status.BACKGROUND:
        return False
    if meeting.status in PENDING or (meeting.status is Status.DENIED and claim.status not in POSITIVE):
        return _pending_fits(meeting, claim, at)
    if claim.status in PENDING:
        return _plan_fits_past(meeting, claim, at)
    return _days_fit(meeting, claim, at)


def _pending_fits(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """Plans move: while nothing has happened, another day is still the same plan; no plan is older than its day."""
    if abs(at - meeting.updated_at) > PENDING_FOR or claim.status is Status.BACKGROUND:
        return False
    if claim.status not in POSITIVE:
        return True
    day = claim.date or at.date()
    if day < meeting.first_reported_at.date() - SAME_DAYS:
        return False
    earliest = ECHO if claim.date else SAME_DAYS
    return meeting.date is None or -earliest <= day - meeting.date <= ECHO


def _plan_fits_past(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """A plan told after the meeting is a laggard's report of it, unless it names a later day or comes much later."""
    held_on = meeting.date or meeting.updated_at.date()
    return (claim.date or at.date()) <= held_on + SAME_DAYS


def _days_fit(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """Two days agree; a day and a report without one, when the report comes no later than an echo."""
    if meeting.date and claim.date:
        return abs(meeting.date - claim.date) <= SAME_DAYS
    first, last = meeting.first_reported_at.date(), meeting.updated_at.date()
    if claim.date:
        return first - ECHO <= claim.date <= last + SAME_DAYS
    if meeting.date:
        return -SAME_DAYS <= at.date() - meeting.date <= ECHO
    return first - ECHO <= at.date() <= last + ECHO


def _new_meeting(claim: Claim, testimony: Testimony, ledger: Collection[str]) -> Meeting:
    return Meeting(
        key=_key(named(claim.participants), claim.date or testimony.at.date(), ledger),
        participants=claim.participants,
        level=claim.level,
        status=claim.status,
        date=claim.date,
        place=claim.place,
        first_reported_at=testimony.at,
        updated_at=testimony.at,
        confirmed=testimony.role is Role.OFFICIAL and claim.status in POSITIVE,
        originators=_with_originator((), testimony),
    )


def _with_originator(known: tuple[str, ...], testimony: Testimony) -> tuple[str, ...]:
    """By name: whoever was heard first, the meeting is the same."""
    return tuple(sorted({*known, testimony.originator or testimony.source}))


def _key(people: frozenset[str], day: date, taken: Collection[str]) -> str:
    """Stable for the same people and day; a second occasion on that day gets the next number."""
    number = 1
    while (key := digest("meeting", *sorted(people), day.isoformat(), str(number))) in taken:
        number += 1
    return key


# ---------------------------------------------------------------- what changes


def _enter(
    meeting: Meeting, claim: Claim, testimony: Testimony, *, is_new_source: bool
) -> tuple[Meeting, Change | None]:
    if claim.status is Status.BACKGROUND:
        return meeting, None
    after = replace(
        meeting,
        updated_at=max(meeting.updated_at, testimony.at),
        first_reported_at=min(meeting.first_reported_at, testimony.at),
        reports=meeting.reports + is_new_source,
        originators=_with_originator(meeting.originators, testimony),
    )
    status = _next_status(meeting, claim.status, testimony.at)
    if status is not None:
        return _with_status(_better_known(after, claim), status, claim, testimony), _CHANGE_OF[status]
    if meeting.status in POSITIVE and claim.status is Status.DENIED and not meeting.disputed:
        return replace(after, disputed=True), Change.DISPUTED
    if claim.status is meeting.status or {claim.status, meeting.status} <= POSITIVE:
        return _say_again(after, claim, testimony, is_newest=testimony.at > meeting.updated_at)
    return after, None


def _say_again(
    meeting: Meeting, claim: Claim, testimony: Testimony, *, is_newest: bool
) -> tuple[Meeting, Change | None]:
    """The status stays; a confirmation, or more about who, how high and (of a plan) when, is a change all the same."""
    after = _better_known(meeting, claim)
    if meeting.status in PENDING and claim.date and is_newest:
        after = replace(after, date=claim.date)
    if testimony.role is Role.OFFICIAL and meeting.status in POSITIVE and not meeting.confirmed:
        return replace(after, confirmed=True), Change.CONFIRMED
    # Told again, it is nothing new to those who know, but it is to who waits for the person or the level named now.
    return after, _CHANGE_OF[meeting.status] if _is_news(meeting, after) else None


def _better_known(meeting: Meeting, claim: Claim) -> Meeting:
    """Who, how high, where and when, as far as this claim knows more."""
    names_more = named(claim.participants) > named(meeting.participants)
    return replace(
        meeting,
        participants=claim.participants if names_more else meeting.participants,
        level=max(meeting.level, claim.level, key=_RANK.__getitem__),
        place=meeting.place or claim.place,
        date=meeting.date or claim.date,
    )


def _with_status(meeting: Meeting, status: Status, claim: Claim, testimony: Testimony) -> Meeting:
    is_report = status in POSITIVE
    return replace(
        meeting,
        status=status,
        date=claim.date or meeting.date,
        place=claim.place or meeting.place,
        disputed=is_report and (meeting.disputed or meeting.status is Status.DENIED),
        confirmed=is_report and (meeting.confirmed or testimony.role is Role.OFFICIAL),
    )


def _is_news(before: Meeting, after: Meeting) -> bool:
    """Another person is named, the level is higher, or the plan has another day."""
    is_moved = before.date is not None and before.date != after.date
    return is_moved or before.level is not after.level or before.participants != after.participants


def _next_status(meeting: Meeting, said: Status, at: datetime) -> Status | None:
    """The status that takes the place of the present one, None when it stays.

    What has happened outranks every plan and every denial, whenever it is told; between plans and denials of them the
    newest speaks. A report is never undone: a denial beside it makes it disputed.
    """
    present = meeting.status
    if said is present:
        return None
    if present in _FIRMNESS:
        if said in POSITIVE:
            return said
        newest = (meeting.updated_at, _FIRMNESS.index(present)) < (at, _FIRMNESS.index(said))
        return said if newest else None
    return said if present is Status.UNDER_WAY and said is Status.HELD else None
