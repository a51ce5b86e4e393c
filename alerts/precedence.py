"""What the reports of one meeting add up to: the one place that says whose word stands. Pure.

A meeting is a function of the *set* of its reports and their times; the order in which they were read is none of its
arguments. Of two words that cannot both be true

1. positive evidence stands before presumption: that it took place, or is taking place, before every plan, whenever
   either was told;
2. an official denial stands before reports that rest on unnamed sources alone; a denial beside any other report undoes
   nothing, and makes the meeting disputed, unless unnamed sources alone deny what an official one reports, or officials
   of both sides report what none of them denies. An official source that later says the contrary takes its word back;
3. of plans, and of denials while nothing has happened, the newest stands, where an official word counts as told a day
   later than it was, and one of an unnamed source half a day earlier;
4. where and when it was is what official sources say, then named ones, then unnamed ones; of equals who said it first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from config.vocabulary import Level, Role, Status
from storage.model import UNNAMED, Meeting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import date, datetime

    from storage.model import Report

    CountriesOf = Callable[[str, date], Collection[str]]

POSITIVE: Final = frozenset({Status.HELD, Status.UNDER_WAY})
"""It has happened, or is happening."""
PENDING: Final = frozenset({Status.SCHEDULED, Status.PROPOSED, Status.UNDECIDED, Status.REFUSED, Status.CANCELLED})
"""It may or may not happen yet."""

OFFICIAL_LEAD: Final = timedelta(days=1)
"""So long an official word about what is to come outlives what others say."""
UNNAMED_LAG: Final = timedelta(hours=12)
"""So much earlier the word of an unnamed source would have to be told to count as much."""

_FIRMNESS: Final = (
    Status.PROPOSED,
    Status.UNDECIDED,
    Status.SCHEDULED,
    Status.REFUSED,
    Status.CANCELLED,
    Status.DENIED,
)
"""Which of two plans told at the same time speaks: the later in this list."""
_ORDER: Final = {status: place for place, status in enumerate((*_FIRMNESS, *sorted(set(Status) - set(_FIRMNESS))))}
_RANK: Final = {level: rank for rank, level in enumerate(reversed(Level))}


def nowhere(_label: str, _day: date) -> Collection[str]:
    """Stands in for who stood for which country on a day, where nobody is known."""
    return ()


def order_of(report: Report) -> tuple[object, ...]:
    """The order of reports: by when they were told, then by what they say. Two that are equal in it say the same."""
    claim = report.claim
    return (
        report.at,
        _ORDER[claim.status],
        report.source,
        report.role.value,
        report.country or "",
        claim.participants,
        claim.level.value,
        claim.date.isoformat() if claim.date else "",
        claim.place or "",
        is_unnamed(report),
        report.originator,
    )


def is_unnamed(report: Report) -> bool:
    """Whether a claim rests on a source that its sentence does not name; an official one speaks for itself."""
    return report.role is not Role.OFFICIAL and any(cue.kind == UNNAMED for cue in report.claim.cues)


def named(participants: Iterable[str]) -> frozenset[str]:
    """The participants with a name; `[a delegation]` is none."""
    return frozenset(name for name in participants if not name.startswith("["))


def rank_of(level: Level) -> int:
    """The higher the level the greater."""
    return _RANK[level]


def tell(key: str, reports: Sequence[Report], countries_of: CountriesOf = nowhere) -> Meeting:
    """The meeting that these reports (one or more, none of them background) tell of, in whatever order they stand."""
    told = sorted(reports, key=order_of)
    words = _standing(told)
    positive = [one for one in words if one.claim.status in POSITIVE]
    denials = [one for one in words if one.claim.status is Status.DENIED]
    has_happened = bool(positive) and not (
        all(map(is_unnamed, positive)) and any(one.role is Role.OFFICIAL for one in denials)
    )
    status = _status(positive) if has_happened else _newest(one for one in words if one not in positive).claim.status
    agreeing = positive if has_happened else [one for one in words if one.claim.status is status]
    official = {one.country for one in positive if one.role is Role.OFFICIAL} if has_happened else set()
    participants = max(told, key=lambda one: len(named(one.claim.participants))).claim.participants
    day = _date(agreeing, told, has_happened=has_happened)
    sides, confirmed = _confirmed_by(official, participants, day or told[0].at.date(), countries_of)
    return Meeting(
        key=key,
        participants=participants,
        level=max((one.claim.level for one in agreeing), key=rank_of),
        status=status,
        date=day,
        place=_place(agreeing, told, has_happened=has_happened),
        first_reported_at=told[0].at,
        updated_at=told[-1].at,
        reports=len({one.source for one in agreeing}),
        confirmed=confirmed,
        disputed=bool(positive) and any(not _is_outweighed(one, official, sides) for one in denials),
        confirmed_by=sides,
        told_at=positive[0].at if has_happened else None,
        originators=tuple(sorted({one.originator for one in agreeing})),
    )


def _standing(told: Sequence[Report]) -> list[Report]:
    """The reports without those that an official source has itself contradicted later."""

    def is_taken_back(report: Report) -> bool:
        contrary = POSITIVE if report.claim.status is Status.DENIED else {Status.DENIED}
        return report.claim.status in POSITIVE | {Status.DENIED} and any(
            other.source == report.source
            and other.role is Role.OFFICIAL
            and other.claim.status in contrary
            and other.at > report.at
            for other in told
        )

    return [one for one in told if one.role is not Role.OFFICIAL or not is_taken_back(one)]


def _is_outweighed(denial: Report, official: Collection[str | None], sides: Collection[str]) -> bool:
    """Whether a denial stands against nothing: officials say that it took place, and who denies it is none.

    Of officials of one side it takes a denial that nobody puts his name to; of both sides any but an official one.
    """
    if denial.role is Role.OFFICIAL or not official:
        return False
    return is_unnamed(denial) or len(sides) > 1


def _status(positive: Sequence[Report]) -> Status:
    return Status.HELD if any(one.claim.status is Status.HELD for one in positive) else Status.UNDER_WAY


def _weight(report: Report) -> tuple[datetime, int]:
    """How much a word about what is to come counts: the newest most."""
    lead = OFFICIAL_LEAD if report.role is Role.OFFICIAL else -UNNAMED_LAG if is_unnamed(report) else timedelta(0)
    return report.at + lead, _ORDER[report.claim.status]


def _newest(plans: Iterable[Report]) -> Report:
    return max(plans, key=lambda one: (*_weight(one), order_of(one)))


def _voice(report: Report) -> int:
    return 0 if report.role is Role.OFFICIAL else 2 if is_unnamed(report) else 1


def _by_trust(reports: Iterable[Report]) -> list[Report]:
    return sorted(reports, key=lambda one: (_voice(one), order_of(one)))


def _by_news(reports: Iterable[Report]) -> list[Report]:
    return sorted(reports, key=lambda one: (*_weight(one), order_of(one)), reverse=True)


def _date(agreeing: Sequence[Report], told: Sequence[Report], *, has_happened: bool) -> date | None:
    best = _by_trust(agreeing) if has_happened else _by_news(agreeing)
    return next((one.claim.date for one in (*best, *_by_news(told)) if one.claim.date), None)


def _place(agreeing: Sequence[Report], told: Sequence[Report], *, has_happened: bool) -> str | None:
    best = _by_trust(agreeing) if has_happened else _by_news(agreeing)
    return next((one.claim.place for one in (*best, *_by_news(told)) if one.claim.place), None)


def _confirmed_by(
    official: Collection[str | None], participants: Collection[str], day: date, countries_of: CountriesOf
) -> tuple[tuple[str, ...], bool]:
    """Whose official sources say that it took place, of the sides; and whether any does.

    While somebody's country is not known any official source may be that side's; one without country is some side's.
    """
    sides = [frozenset(countries_of(label, day)) for label in participants]
    known = frozenset[str]().union(*sides)
    by = {country for country in official if country is None or country in known or not all(sides)}
    return tuple(sorted(country for country in by if country is not None)), bool(by)
