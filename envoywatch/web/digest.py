"""What a digest tells put together and in order as a person reviews it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.model import Meeting
    from storage.views import AlertLine, DigestFacts, HistoryStep


@dataclass(frozen=True, slots=True)
class MeetingGroup:
    """A meeting with its alerts, newest first, and those of its changes about which nobody was told."""

    meeting: Meeting
    alerts: tuple[AlertLine, ...]
    untold: tuple[HistoryStep, ...]


def by_meeting(facts: DigestFacts) -> tuple[MeetingGroup, ...]:
    """Meetings with alerts first, by their newest one; then meetings that changed without an alert."""
    told: dict[int, list[AlertLine]] = {}
    for alert in facts.alerts:
        if alert.meeting is not None and alert.meeting.id is not None:
            told.setdefault(alert.meeting.id, []).append(alert)
    steps = {change.meeting.id: change.steps for change in facts.changes}
    groups = []
    for meeting_id, alerts in told.items():
        meeting = alerts[0].meeting
        if meeting is not None:
            groups.append(MeetingGroup(meeting, tuple(alerts), _untold(steps.get(meeting_id, ()), alerts)))
    groups += [
        MeetingGroup(change.meeting, (), change.steps) for change in facts.changes if change.meeting.id not in told
    ]
    return tuple(groups)


def other_alerts(facts: DigestFacts) -> tuple[AlertLine, ...]:
    """Alerts that are about no meeting of the ledger, newest first."""
    return tuple(alert for alert in facts.alerts if alert.meeting is None)


def _untold(steps: tuple[HistoryStep, ...], alerts: list[AlertLine]) -> tuple[HistoryStep, ...]:
    told = {alert.change for alert in alerts}
    return tuple(step for step in reversed(steps) if step.change not in told)
