"""Who is told that something did not happen, in which words, and when. Pure.

What may be said depends on what could be read meanwhile (`alerts.coverage`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from alerts.absences import STALE
from alerts.precedence import POSITIVE
from alerts.telling import told_as_planned
from config.vocabulary import Send, Urgency
from storage.model import Alert, AlertKind, Change, Decision, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from alerts.absences import Absence
    from alerts.coverage import Coverage
    from config.model import MeetingSpec, Watch
    from storage.model import Planned

_REASON: Final = {
    Change.OVERDUE: Reason.EXPECTED_NOT_COME,
    Change.NOT_RECEIVED: Reason.NOT_RECEIVED,
    Change.UNCONFIRMED: Reason.STILL_SILENT,
}
_NOTHING_PLANNED: Final[Mapping[str, Sequence[Planned]]] = MappingProxyType({})


def tell(
    absence: Absence,
    watches: Iterable[Watch],
    resolve: Callable[[str], Collection[str]],
    coverage: Coverage,
    now: datetime,
    planned: Mapping[str, Sequence[Planned]] = _NOTHING_PLANNED,
) -> tuple[tuple[Alert, ...], tuple[Decision, ...]]:
    """The alerts about an absence, and a decision for every watch that waits for such a meeting.

    `planned` has for each watch with a budget the messages that count against it and those that wait.
    """
    line = absence.told if coverage.is_known else absence.unknown
    detail = "\n".join(filter(None, (absence.detail, *coverage.lines)))
    alerts: list[Alert] = []
    decisions: list[Decision] = []
    for watch in watches:
        if watch.meeting is None or not waits_for(watch, watch.meeting, absence, resolve):
            continue
        verdict, reason = _verdict(watch, watch.meeting, absence, now)
        key = None
        if verdict is Verdict.ALERT:
            alert, later = told_as_planned(
                watch, _alert(absence, watch, line, detail, now), planned.get(watch.name, ()), now
            )
            alerts.append(alert)
            key, reason = alert.key, later or reason
        decisions.append(Decision(verdict, reason, watch.name, absence.meeting.key, alert_key=key, detail=line))
    return tuple(alerts), tuple(decisions)


def _alert(absence: Absence, watch: Watch, line: str, detail: str, now: datetime) -> Alert:
    day = f"-{absence.meeting.date}" if absence.change is Change.OVERDUE else ""
    return Alert(
        key=f"meeting/{absence.meeting.key}/{absence.change}{day}/{watch.name}",
        kind=AlertKind.OVERDUE,
        title=line,
        created_at=now,
        watch=watch.name,
        change=absence.change,
        meeting_key=absence.meeting.key,
        place=absence.meeting.place,
        date=absence.meeting.date,
        detail=detail,
        urgency=watch.urgency or Urgency.NORMAL,
        channels=watch.channels,
    )


def _verdict(watch: Watch, spec: MeetingSpec, absence: Absence, now: datetime) -> tuple[Verdict, Reason]:
    if watch.mute is not None and now < watch.mute:
        return Verdict.QUIET, Reason.MUTED
    if watch.send is Send.DIGEST:
        return Verdict.DIGEST, Reason.FOR_DIGEST
    if now - absence.at > STALE:
        return Verdict.DIGEST, Reason.OLD_NEWS
    if not (absence.is_surprise or spec.overdue or spec.between):
        return Verdict.DIGEST, _REASON[absence.change]
    return Verdict.ALERT, _REASON[absence.change]


def waits_for(watch: Watch, spec: MeetingSpec, absence: Absence, resolve: Callable[[str], Collection[str]]) -> bool:
    """Whether a watch wants to know that this did not happen.

    One that names people does, unless it says `overdue: no`. That a leader did not receive a guest is told only to who
    asked for that level, or for that leader.
    """
    names = (*((spec.guest,) if spec.guest else ()), *(spec.between or ()))
    people = set(absence.meeting.participants)
    if any(people.isdisjoint(resolve(name)) for name in names) or (
        spec.level is not None and spec.level is not absence.meeting.level
    ):
        return False
    if absence.change is Change.UNCONFIRMED:
        return watch.name == absence.watch and absence.meeting.status in spec.status
    wants = bool(names) if spec.overdue is None else spec.overdue
    if absence.change is Change.NOT_RECEIVED and spec.level is None and not spec.between:
        return False
    return wants and not POSITIVE.isdisjoint(spec.status)
