"""The ledger's rules: which meeting a claim is about, and what the claim changes. Pure.

A meeting is one occasion of the same people, and follows the set of its reports (`alerts.precedence`). Which reports
are of one occasion is found by going through them in the order of their times, whenever they were read: a report that
comes late is entered where it belongs, and those after it once more. So the same reports end in the same ledger in
any order and however often they come; a key, once given, stays with its meeting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from alerts.precedence import PENDING, POSITIVE, named, nowhere, order_of, rank_of, tell
from config.vocabulary import Role, Status
from storage.identity import digest
from storage.model import Change, Claim, Meeting, Report, StatusChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from alerts.precedence import CountriesOf

SAME_DAYS: Final = timedelta(days=1)
"""Reports of one occasion name its day a day apart at most: time zones, and meetings that pass midnight."""
ECHO: Final = timedelta(days=4)
"""How long after a meeting undated reports of the same people still mean it."""
_NOT_SAID: Final = timedelta(hours=36)
PENDING_FOR: Final = timedelta(days=30)
"""How long talk of a meeting to come may go on before it is another one."""

CHANGE_OF: Final[dict[Status, Change]] = {
    status: Change(status.value.replace("_", "-")) for status in Status if status is not Status.BACKGROUND
}
"""What it is called when a meeting comes to that status."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """Who says it and when: the source of claims, its role and country, the times of publication and of reading.

    `originator` is whose report it is, None when the source's own.
    """

    source: str
    role: Role
    at: datetime
    read_at: datetime
    originator: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """What the claims of one article do to the ledger.

    `meetings` are the new and the changed ones; `claim_meetings` has for each claim the key of its meeting, or None for
    one that belongs to no occasion (background that nothing else told of, no named participant). A report that comes
    late may show that stored ones belong elsewhere: `moved` has the new key of each of those claims (by id), `merged`
    the meeting into which one without any report left has gone.
    """

    meetings: tuple[Meeting, ...]
    claim_meetings: tuple[str | None, ...]
    changes: tuple[StatusChange, ...]
    moved: Mapping[int, str] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)


def advance(
    meetings: Iterable[Meeting],
    reports: Iterable[Report],
    claims: Sequence[Claim],
    testimony: Testimony,
    countries_of: CountriesOf = nowhere,
) -> LedgerStep:
    """Enter the claims of one article.

    `meetings` are those of the same people and `reports` all that stand about them; a meeting without any is taken as
    it is until one comes.
    """
    return _Entry(meetings, reports, claims, testimony, countries_of).step()


def retell(meeting: Meeting, reports: Sequence[Report], countries_of: CountriesOf = nowhere) -> Meeting:
    """A meeting as the reports that still stand tell it.

    With none left nobody reports it: it is open again, and keeps its key, people and time.
    """
    standing = [report for report in reports if report.claim.status is not Status.BACKGROUND]
    if standing:
        return replace(tell(meeting.key, standing, countries_of), id=meeting.id)
    return replace(
        meeting,
        status=Status.UNDECIDED,
        confirmed=False,
        disputed=False,
        reports=0,
        originators=(),
        confirmed_by=(),
        told_at=None,
    )


# ---------------------------------------------------------------- entering


class _Occasion:
    """A meeting while reports are gone through: those entered so far, and what they tell."""

    def __init__(self, key: str, countries_of: CountriesOf, stored: Meeting | None = None) -> None:
        self.key = key
        self.reports: list[Report] = []
        self._countries_of = countries_of
        self._told = stored

    def add(self, report: Report) -> None:
        """Enter a report; what is told is worked out anew when it is asked for."""
        self.reports.append(report)
        self._told = None

    def is_as_stored(self, meeting: Meeting) -> None:
        """All reports of the stored meeting are entered, and no other: it is known what they tell."""
        self._told = meeting

    @property
    def meeting(self) -> Meeting:
        if self._told is None:
            self._told = tell(self.key, self.reports, self._countries_of)
        return self._told


class _Entry:
    """One article's claims on their way into the ledger."""

    def __init__(
        self,
        meetings: Iterable[Meeting],
        reports: Iterable[Report],
        claims: Sequence[Claim],
        testimony: Testimony,
        countries_of: CountriesOf,
    ) -> None:
        self._before = {meeting.key: meeting for meeting in meetings}
        self._stored = [one for one in reports if one.meeting_key in self._before and _counts(one.claim)]
        self._claims = claims
        self._testimony = testimony
        self._countries_of = countries_of
        self._new = [
            Report(
                -1 - index,
                claim,
                "",
                testimony.source,
                testimony.role,
                testimony.at,
                testimony.read_at,
                testimony.originator or testimony.source,
                testimony.country,
            )
            for index, claim in enumerate(claims)
            if _counts(claim)
        ]
        self._home: dict[tuple[object, ...], _Occasion] = {}
        self._occasions: list[_Occasion] = []

    def step(self) -> LedgerStep:
        """Go through the reports from the first new one on, and say what has changed."""
        self._settle()
        for report in sorted((*self._later, *self._new), key=order_of):
            self._place(report)
        self._give_keys()
        homes = {one.claim_id: occasion for occasion in self._occasions for one in occasion.reports}
        moved = {
            one.claim_id: homes[one.claim_id].key for one in self._later if homes[one.claim_id].key != one.meeting_key
        }
        kept = {occasion.key for occasion in self._occasions}
        gone = [one for one in self._later if one.meeting_key not in kept]
        merged = {one.meeting_key: homes[one.claim_id].key for one in sorted(gone, key=order_of, reverse=True)}
        after = {occasion.key: self._after(occasion) for occasion in self._occasions}
        keys = tuple(self._key_of(index, claim, homes) for index, claim in enumerate(self._claims))
        touched = dict.fromkeys(filter(None, keys))
        touched |= dict.fromkeys(key for key, meeting in after.items() if meeting != self._before.get(key))
        return LedgerStep(
            meetings=tuple(after[key] for key in touched),
            claim_meetings=keys,
            changes=tuple(self._changes(after, keys, merged)),
            moved=moved,
            merged=merged,
        )

    def _settle(self) -> None:
        """What was told before the first word that is new stays where it is."""
        known = {order_of(one) for one in self._stored}
        start = min((order_of(one) for one in self._new if order_of(one) not in known), default=None)
        by_key: dict[str, _Occasion] = {}
        told = {one.meeting_key for one in self._stored}
        for key, meeting in self._before.items():
            if key not in told:
                by_key[key] = _Occasion(key, self._countries_of, meeting)
        self._later: list[Report] = []
        for report in sorted(self._stored, key=order_of):
            if start is not None and order_of(report) > start:
                self._later.append(report)
                continue
            if report.meeting_key not in by_key:
                by_key[report.meeting_key] = _Occasion(report.meeting_key, self._countries_of)
            occasion = by_key[report.meeting_key]
            occasion.add(report)
            self._home[order_of(report)] = occasion
        disturbed = {one.meeting_key for one in self._later}
        for key in by_key.keys() & told - disturbed:
            by_key[key].is_as_stored(self._before[key])
        self._occasions = list(by_key.values())

    def _place(self, report: Report) -> None:
        """Into its occasion; who says the same at the same time says it of the same one."""
        occasion = self._home.get(order_of(report)) or self._find(report)
        if occasion is None:
            occasion = _Occasion("", self._countries_of)
            self._occasions.append(occasion)
        occasion.add(report)
        self._home[order_of(report)] = occasion

    def _find(self, report: Report) -> _Occasion | None:
        """The occasion that a report is of: same people, then plan to plan, then nearest day, then heard of last."""
        claim, at = report.claim, report.at
        people = named(claim.participants)

        def fitness(occasion: _Occasion) -> tuple[object, ...]:
            meeting = occasion.meeting
            are_plans = meeting.status in PENDING and claim.status in PENDING
            is_exact = named(meeting.participants) == people
            first = order_of(occasion.reports[0]) if occasion.reports else ()
            return is_exact, are_plans, -_gap(meeting, claim, at), meeting.updated_at, first

        fitting = [
            occasion
            for occasion in self._occasions
            if _may_be_same_people(occasion.meeting, claim, at)
            and _is_same_occasion(occasion.meeting, claim, at)
            and not _is_another_round(occasion.reports, report)
        ]
        return max(fitting, key=fitness, default=None)

    def _give_keys(self) -> None:
        """An occasion keeps the key under which its reports are stored; two never share one."""
        taken = {occasion.key for occasion in self._occasions if occasion.key}
        for occasion in (one for one in self._occasions if not one.key):
            stored = (one.meeting_key for one in sorted(occasion.reports, key=order_of) if one.meeting_key)
            key = next((key for key in stored if key not in taken), None)
            occasion.key = key or self._new_key(occasion.meeting, taken)
            taken.add(occasion.key)

    def _new_key(self, meeting: Meeting, taken: Collection[str]) -> str:
        """Stable for the same people and day; a second occasion on that day gets the next number."""
        people = sorted(named(meeting.participants))
        day = meeting.date or meeting.first_reported_at.date()
        number = 1
        while (key := digest("meeting", *people, day.isoformat(), str(number))) in taken or key in self._before:
            number += 1
        return key

    def _after(self, occasion: _Occasion) -> Meeting:
        before = self._before.get(occasion.key)
        return replace(occasion.meeting, key=occasion.key, id=before.id if before else None)

    def _key_of(self, index: int, claim: Claim, homes: Mapping[int, _Occasion]) -> str | None:
        if _counts(claim):
            return homes[-1 - index].key
        if claim.status is not Status.BACKGROUND:
            return None
        report = Report(0, claim, "", "", self._testimony.role, self._testimony.at, self._testimony.read_at, "")
        found = self._find(report)
        return found.key if found else None

    # ------------------------------------------------------------ what has changed

    def _changes(
        self, after: Mapping[str, Meeting], keys: Sequence[str | None], merged: Mapping[str, str]
    ) -> Iterator[StatusChange]:
        """One step or more of each meeting that this article is about; of others only that they were corrected."""
        said: dict[str, list[int]] = {}
        for index, key in enumerate(keys):
            if key is not None and _counts(self._claims[index]):
                said.setdefault(key, []).append(index)
        at = self._testimony.read_at
        for key, indices in said.items():
            before = self._before.get(key)
            for change in changes_between(before, after[key]):
                claim = self._deciding(change, after[key], indices)
                yield StatusChange(key, change, before.status if before else None, after[key].status, at, claim)
        for key, meeting in after.items():
            before = self._before.get(key)
            is_other = before is not None and before.status is not meeting.status
            if key not in said and (is_other or key in merged.values()) and before is not None:
                yield StatusChange(key, Change.CORRECTED, before.status, meeting.status, at)

    def _deciding(self, change: Change, after: Meeting, indices: Sequence[int]) -> int:
        """Which of the article's claims brought the change about; the first where none more than others."""

        def decides(claim: Claim) -> bool:
            if change is Change.DISPUTED:
                return claim.status is Status.DENIED
            if change is Change.UPGRADED:
                return claim.level is after.level
            return claim.status is after.status

        return next((index for index in indices if decides(self._claims[index])), indices[0])


def changes_between(before: Meeting | None, after: Meeting) -> tuple[Change, ...]:
    """What became of a meeting, the weightiest first: another status; or beside the same one, more of it."""
    if before is None or before.status is not after.status:
        is_news_of_dispute = after.disputed and before is None
        return (Change.DISPUTED if is_news_of_dispute else CHANGE_OF[after.status],)
    found: list[Change] = []
    if after.disputed and not before.disputed:
        found.append(Change.DISPUTED)
    if len(after.confirmed_by) > 1 >= len(before.confirmed_by):
        found.append(Change.CONFIRMED_BY_BOTH)
    elif after.confirmed and not before.confirmed:
        found.append(Change.CONFIRMED)
    if rank_of(after.level) > rank_of(before.level):
        found.append(Change.UPGRADED)
    is_moved = after.status in PENDING and before.date is not None and before.date != after.date
    if is_moved or named(after.participants) > named(before.participants):
        found.append(CHANGE_OF[after.status])
    return tuple(found)


def _counts(claim: Claim) -> bool:
    """Whether it tells of an occasion: it is no recollection, and somebody is named."""
    return claim.status is not Status.BACKGROUND and bool(named(claim.participants))


# ---------------------------------------------------------------- which meeting


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
    """Days between the claim and the meeting; a plan without a day is farther than any day that still fits.

    A report without a day is rather an echo of the day before than the plan of that day come true.
    """
    is_plan_come_true = meeting.status in PENDING and claim.status not in PENDING
    if is_plan_come_true and meeting.date is None:
        return PENDING_FOR
    farther = _NOT_SAID if is_plan_come_true and claim.date is None else timedelta(0)
    return abs((claim.date or at.date()) - (meeting.date or meeting.updated_at.date())) + farther


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
    if meeting.date and claim.date and claim.date > max(meeting.date, at.date()):
        return False  # they go on the next day: another round
    return (claim.date or at.date()) <= held_on + SAME_DAYS


def _days_fit(meeting: Meeting, claim: Claim, at: datetime) -> bool:
    """Two days agree; a day and a report without one, when the report comes no later than an echo."""
    if meeting.date and claim.date:
        is_elsewhere = bool(claim.place and meeting.place and claim.place != meeting.place)
        return abs(meeting.date - claim.date) <= (timedelta(0) if is_elsewhere else SAME_DAYS)
    first, last = meeting.first_reported_at.date(), meeting.updated_at.date()
    if claim.date:
        return first - ECHO <= claim.date <= last + SAME_DAYS
    if meeting.date:
        return -SAME_DAYS <= at.date() - meeting.date <= ECHO
    return first - ECHO <= at.date() <= last + ECHO


def _is_another_round(reports: Iterable[Report], report: Report) -> bool:
    """Two rounds of one trip: an article that names two days on which they met tells of two meetings."""
    claim = report.claim
    return claim.status in POSITIVE and any(
        one.source == report.source
        and one.at == report.at
        and one.claim.status in POSITIVE
        and None not in {one.claim.date, claim.date}
        and one.claim.date != claim.date
        for one in reports
    )
