"""The ledger's rules: which meeting a claim is about, and what the claim changes. Pure.

A meeting is one occasion of the same people, and follows the set of its reports (`alerts.precedence`). Which reports
are of one occasion is found by going through them in the order of their times, whenever they were read: a report that
comes late is entered where it belongs, and those after it once more. So the same reports end in the same ledger in
any order and however often they come; a key, once given, stays with its meeting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from alerts.occasions import gap, is_of
from alerts.precedence import PENDING, named, nowhere, order_of, rank_of, tell
from config.vocabulary import Role, Status
from storage.identity import digest
from storage.model import Change, Claim, Meeting, Report, StatusChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.precedence import CountriesOf

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
    the meeting into which one without any report left has gone, `parted` the one of which a new one was a part.
    """

    meetings: tuple[Meeting, ...]
    claim_meetings: tuple[str | None, ...]
    changes: tuple[StatusChange, ...]
    moved: Mapping[int, str] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)
    parted: Mapping[str, str] = field(default_factory=dict)


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
    if not claims:  # as most articles have none
        return LedgerStep((), (), ())
    return _Entry(_Gathering(meetings, reports, countries_of), claims, testimony).step()


def regroup(
    meetings: Iterable[Meeting], reports: Iterable[Report], gone: Sequence[Report], countries_of: CountriesOf = nowhere
) -> LedgerStep:
    """The meetings once the reports that are `gone` (one or more) were withdrawn.

    `reports` are those that stand. What only a withdrawn one had joined parts again: one of two keeps the key.
    """
    counted = [one for one in gone if _counts(one.claim)]
    if not counted:
        return LedgerStep((), (), ())
    standing = list(reports)
    stale = {one.meeting_key for one in counted}
    bereft = stale - {one.meeting_key for one in standing if _counts(one.claim)}
    before = {meeting.key: meeting for meeting in meetings}
    gathering = _Gathering(before.values(), standing, countries_of)
    gathering.enter((), min(map(order_of, counted)), stale)
    after = gathering.after | {key: retell(before[key], ()) for key in bereft & before.keys()}
    changed = [key for key, meeting in after.items() if meeting != before.get(key)]
    homes = gathering.homes
    origin = {homes[one.claim_id]: one.meeting_key for one in standing if one.claim_id in homes}
    return LedgerStep(
        meetings=tuple(after[key] for key in changed),
        claim_meetings=(),
        changes=(),
        moved=gathering.moved,
        merged=gathering.merged,
        parted={key: origin[key] for key in changed if key not in before},
    )


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


class _Gathering:
    """Reports on their way into meetings: those told before some word stay where they are, those after go in anew."""

    def __init__(self, meetings: Iterable[Meeting], reports: Iterable[Report], countries_of: CountriesOf) -> None:
        self.before = {meeting.key: meeting for meeting in meetings}
        self.stored = [one for one in reports if one.meeting_key in self.before and _counts(one.claim)]
        self._countries_of = countries_of
        self._later: list[Report] = []
        self._home: dict[tuple[object, ...], _Occasion] = {}
        self._occasions: list[_Occasion] = []

    def enter(self, new: Sequence[Report], since: tuple[object, ...] | None, stale: Collection[str] = ()) -> None:
        """Go through the reports told after `since` (None: none of the stored ones), the new ones among them.

        Of a meeting under a `stale` key it is not known what its reports tell, and without any it is no meeting.
        """
        self._settle(since, stale)
        for report in sorted((*self._later, *new), key=order_of):
            self._place(report)
        self._give_keys()

    @property
    def homes(self) -> dict[int, str]:
        """The key of the meeting of each claim."""
        return {one.claim_id: occasion.key for occasion in self._occasions for one in occasion.reports}

    @property
    def moved(self) -> dict[int, str]:
        """The stored claims that belong elsewhere now, with the keys of their meetings."""
        homes = self.homes
        return {one.claim_id: homes[one.claim_id] for one in self._later if homes[one.claim_id] != one.meeting_key}

    @property
    def merged(self) -> dict[str, str]:
        """The meetings of which no report is left, and into which the first of theirs has gone."""
        homes, kept = self.homes, {occasion.key for occasion in self._occasions}
        gone = [one for one in self._later if one.meeting_key not in kept]
        return {one.meeting_key: homes[one.claim_id] for one in sorted(gone, key=order_of, reverse=True)}

    @property
    def after(self) -> dict[str, Meeting]:
        """The meetings as they are told now, by key."""
        return {occasion.key: self._told(occasion) for occasion in self._occasions}

    def find(self, report: Report) -> _Occasion | None:
        """The occasion that a report is of: same people, then plan to plan, then nearest day, then heard of last."""
        claim, at = report.claim, report.at
        people = named(claim.participants)

        def fitness(occasion: _Occasion) -> tuple[object, ...]:
            meeting = occasion.meeting
            are_plans = meeting.status in PENDING and claim.status in PENDING
            is_exact = named(meeting.participants) == people
            first = order_of(occasion.reports[0]) if occasion.reports else ()
            return is_exact, are_plans, -gap(meeting, claim, at), meeting.updated_at, first

        fitting = [one for one in self._occasions if is_of(report, one.meeting, one.reports)]
        return max(fitting, key=fitness, default=None)

    def _settle(self, since: tuple[object, ...] | None, stale: Collection[str]) -> None:
        told = {one.meeting_key for one in self.stored}
        by_key = {
            key: _Occasion(key, self._countries_of, meeting)
            for key, meeting in self.before.items()
            if key not in told and key not in stale
        }
        for report in sorted(self.stored, key=order_of):
            if since is not None and order_of(report) > since:
                self._later.append(report)
                continue
            if report.meeting_key not in by_key:
                by_key[report.meeting_key] = _Occasion(report.meeting_key, self._countries_of)
            occasion = by_key[report.meeting_key]
            occasion.add(report)
            self._home[order_of(report)] = occasion
        disturbed = {one.meeting_key for one in self._later}.union(stale)
        for key in by_key.keys() & told - disturbed:
            by_key[key].is_as_stored(self.before[key])
        self._occasions = list(by_key.values())

    def _place(self, report: Report) -> None:
        """Into its occasion; who says the same at the same time says it of the same one."""
        occasion = self._home.get(order_of(report)) or self.find(report)
        if occasion is None:
            occasion = _Occasion("", self._countries_of)
            self._occasions.append(occasion)
        occasion.add(report)
        self._home[order_of(report)] = occasion

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
        while (key := digest("meeting", *people, day.isoformat(), str(number))) in taken or key in self.before:
            number += 1
        return key

    def _told(self, occasion: _Occasion) -> Meeting:
        before = self.before.get(occasion.key)
        return replace(occasion.meeting, key=occasion.key, id=before.id if before else None)


class _Entry:
    """One article's claims, and what they do to the meetings that were gathered."""

    def __init__(self, gathering: _Gathering, claims: Sequence[Claim], testimony: Testimony) -> None:
        self._gathering = gathering
        self._claims = claims
        self._testimony = testimony

    def step(self) -> LedgerStep:
        """Enter them, and say what has changed."""
        gathering = self._gathering
        new = [self._report(index, claim) for index, claim in enumerate(self._claims) if _counts(claim)]
        known = {order_of(one) for one in gathering.stored}
        gathering.enter(new, min((order_of(one) for one in new if order_of(one) not in known), default=None))
        after, homes, merged = gathering.after, gathering.homes, gathering.merged
        keys = tuple(self._key_of(index, claim, homes) for index, claim in enumerate(self._claims))
        touched = dict.fromkeys(filter(None, keys))
        touched |= dict.fromkeys(key for key, meeting in after.items() if meeting != gathering.before.get(key))
        return LedgerStep(
            meetings=tuple(after[key] for key in touched),
            claim_meetings=keys,
            changes=tuple(self._changes(after, keys, merged)),
            moved=gathering.moved,
            merged=merged,
        )

    def _report(self, index: int, claim: Claim) -> Report:
        told = self._testimony
        return Report(
            -1 - index,
            claim,
            "",
            told.source,
            told.role,
            told.at,
            told.read_at,
            told.originator or told.source,
            told.country,
        )

    def _key_of(self, index: int, claim: Claim, homes: Mapping[int, str]) -> str | None:
        if _counts(claim):
            return homes[-1 - index]
        if claim.status is not Status.BACKGROUND:
            return None
        found = self._gathering.find(self._report(index, claim))
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
            before = self._gathering.before.get(key)
            for change in changes_between(before, after[key]):
                claim = self._deciding(change, after[key], indices)
                yield StatusChange(key, change, before.status if before else None, after[key].status, at, claim)
        for key, meeting in after.items():
            before = self._gathering.before.get(key)
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
