"""The ledger's rules: which meeting a claim is about, and what the claim changes. Pure.

A meeting is one occasion of the same people. Its status follows its claims: what has happened outranks what was
planned, an older report never undoes a newer one, and a denial beside a report makes it disputed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from config.vocabulary import Role, Status
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

_CHANGE_OF: Final[dict[Status, Change]] = {
    status: Change(status.value.replace("_", "-")) for status in Status if status is not Status.BACKGROUND
}


@dataclass(frozen=True, slots=True)
class Testimony:
    """Who says it and when: the source of claims, its role, the time of publication, and that of reading."""

    source: str
    role: Role
    at: datetime
    read_at: datetime


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
    touched: dict[str, None] = {}
    keys: list[str | None] = []
    changes: list[StatusChange] = []
    for index, claim in enumerate(claims):
        meeting = _find(ledger.values(), claim, testimony.at)
        if meeting is None:
            meeting = None if claim.status is Status.BACKGROUND else _new_meeting(claim, testimony, ledger)
            if meeting is None:
                keys.append(None)
                continue
            changes.append(
                StatusChange(meeting.key, _CHANGE_OF[claim.status], None, claim.status, testimony.read_at, index)
            )
            ledger[meeting.key] = meeting
        else:
            counted = (meeting.key, testimony.source) in reported_by or meeting.key in touched
            after, change = _enter(meeting, claim, testimony, is_new_source=not counted)
            if change is not None:
                changes.append(
                    StatusChange(meeting.key, change, meeting.status, after.status, testimony.read_at, index)
                )
            ledger[meeting.key] = after
        touched[meeting.key] = None
        keys.append(meeting.key)
    return LedgerStep(tuple(ledger[key] for key in touched), tuple(keys), tuple(changes))


def named(participants: Iterable[str]) -> frozenset[str]:
    """The participants with a name; `[a delegation]` is none."""
    return frozenset(name for name in participants if not name.startswith("["))


# ---------------------------------------------------------------- which meeting


def _find(meetings: Iterable[Meeting], claim: Claim, at: datetime) -> Meeting | None:
    """The meeting that the claim is about: same people first, then same day, then the one heard of last."""
    people = named(claim.participants)
    candidates = [meeting for meeting in meetings if people and _is_same_occasion(meeting, claim, people, at)]
    if not candidates:
        return None

    def fitness(meeting: Meeting) -> tuple[bool, bool, datetime, str]:
        exact = named(meeting.participants) == people
        return exact, meeting.date is not None and meeting.date == claim.date, meeting.updated_at, meeting.key

    return max(candidates, key=fitness)


def _is_same_occasion(meeting: Meeting, claim: Claim, people: frozenset[str], at: datetime) -> bool:
    theirs = named(meeting.participants)
    if not (people == theirs or (min(len(people), len(theirs)) > 1 and (people < theirs or theirs < people))):
        return False
    if (meeting.status is Status.REMOTE) != (claim.status is Status.REMOTE) and claim.status is not Status.BACKGROUND:
        return False
    if meeting.status in PENDING:
        return _pending_fits(meeting, claim, at)
    if claim.status in PENDING:
        return _plan_fits_past(meeting, claim, at)
    return _days_fit(meeting, claim, at, ECHO)


def _pending_fits(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """Plans are moved: while nothing has happened, another day is still the same plan."""
    if abs(at - meeting.updated_at) > PENDING_FOR:
        return False
    if claim.status in POSITIVE and meeting.date and claim.date:
        return abs(claim.date - meeting.date) <= ECHO
    return claim.status is not Status.BACKGROUND


def _plan_fits_past(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """A plan told after the meeting is a laggard's report of it, unless it names a later day or comes much later."""
    held_on = meeting.date or meeting.first_reported_at.date()
    if claim.date is not None:
        return claim.date <= held_on + SAME_DAYS
    return at.date() <= held_on + SAME_DAYS


def _days_fit(meeting: Meeting, claim: Claim, at: datetime, echo: timedelta) -> bool:
    if meeting.date and claim.date:
        return abs(meeting.date - claim.date) <= SAME_DAYS
    if claim.date:
        return abs(claim.date - meeting.first_reported_at.date()) <= echo
    anchor = meeting.date or meeting.updated_at.date()
    return -SAME_DAYS <= at.date() - anchor <= echo


def _new_meeting(claim: Claim, testimony: Testimony, ledger: Collection[str]) -> Meeting | None:
    people = named(claim.participants)
    if not people:
        return None
    key = _key(people, claim.date or testimony.at.date(), ledger)
    return Meeting(
        key=key,
        participants=claim.participants,
        level=claim.level,
        status=claim.status,
        date=claim.date,
        place=claim.place,
        first_reported_at=testimony.at,
        updated_at=testimony.at,
        confirmed=testimony.role is Role.OFFICIAL and claim.status in POSITIVE,
    )


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
    newest = testimony.at >= meeting.updated_at
    after = replace(
        meeting,
        updated_at=max(meeting.updated_at, testimony.at),
        first_reported_at=min(meeting.first_reported_at, testimony.at),
        reports=meeting.reports + (is_new_source and claim.status is not Status.BACKGROUND),
        place=meeting.place or claim.place,
        date=meeting.date or claim.date,
    )
    status = _next_status(meeting.status, claim.status, newest=newest)
    if status is not None:
        decided = replace(
            after,
            status=status,
            level=claim.level,
            date=claim.date or after.date,
            place=claim.place or after.place,
            disputed=meeting.status is Status.DENIED and status in POSITIVE,
            confirmed=testimony.role is Role.OFFICIAL and status in POSITIVE,
        )
        return decided, _CHANGE_OF[status]
    if meeting.status in POSITIVE and claim.status is Status.DENIED and not meeting.disputed:
        return replace(after, disputed=True), Change.DISPUTED
    official = testimony.role is Role.OFFICIAL and claim.status in POSITIVE and meeting.status in POSITIVE
    if official and not meeting.confirmed:
        return replace(after, confirmed=True), Change.CONFIRMED
    return after, None


def _next_status(present: Status, said: Status, *, newest: bool) -> Status | None:
    """The status that takes the place of the present one, None when it stays.

    What has happened outranks every plan, whenever it is told; between plans, and between a denial and a report, the
    newest speaks. A report is never undone: a denial after it makes it disputed.
    """
    if said in {present, Status.BACKGROUND}:
        return None
    if present in PENDING:
        return said if said in POSITIVE or newest else None
    if present is Status.UNDER_WAY and said is Status.HELD:
        return said
    if present is Status.DENIED and said in POSITIVE and newest:
        return said
    return None
