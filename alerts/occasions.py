"""Which reports are of one occasion: the same people on compatible days. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.precedence import PENDING, POSITIVE, named
from config.vocabulary import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage.model import Claim, Meeting, Report

SAME_DAYS: Final = timedelta(days=1)
"""Reports of one occasion name its day a day apart at most: time zones, and meetings that pass midnight."""
ECHO: Final = timedelta(days=4)
"""How long after a meeting undated reports of the same people still mean it."""
_NOT_SAID: Final = timedelta(hours=36)
PENDING_FOR: Final = timedelta(days=30)
"""How long talk of a meeting to come may go on before it is another one."""


def is_of(report: Report, meeting: Meeting, reports: Sequence[Report]) -> bool:
    """Whether a report may be of a meeting, of which these `reports` are."""
    claim, at = report.claim, report.at
    return (
        _may_be_same_people(meeting, claim, at)
        and _is_same_occasion(meeting, claim, at)
        and not _is_another_round(reports, report)
    )


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
    return gap(meeting, claim, at) <= (SAME_DAYS if claim.place and claim.place == meeting.place else timedelta(0))


def gap(meeting: Meeting, claim: Claim, at: datetime) -> timedelta:
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


def _is_another_round(reports: Sequence[Report], report: Report) -> bool:
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
