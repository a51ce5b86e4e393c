"""Whether to tell the operator what strains the whole operation: once, again each day it lasts, and its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from alerts import harmless, words
from storage.model import Alert, AlertKind, Decision, Reason, Verdict, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

FAILING_FOR: Final = timedelta(hours=6)
WAITING_FOR: Final = timedelta(minutes=15)
LATE_BY: Final = timedelta(minutes=5)
LEAST_FREE: Final = 0.05
REMINDED: Final = timedelta(days=1)
_NAMED = 3


class StrainKind(StrEnum):
    """What is strained."""

    SOURCES = "sources"
    OUTBOX = "outbox"
    DISK = "disk"
    SCHEDULE = "schedule"


OVER: Final = {
    StrainKind.SOURCES: "No source fails for over six hours any more",
    StrainKind.OUTBOX: "The outbox drains again",
    StrainKind.DISK: "The disk has room again",
    StrainKind.SCHEDULE: "Sources are asked in time again",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at. `free` is the share of the disk that is free."""

    failing: Sequence[str] = ()
    waiting: int = 0
    waiting_since: datetime | None = None
    channels: Sequence[str] = ()
    free: float = 1.0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Strain:
    """One thing that needs the operator: what it is, and what to do."""

    kind: StrainKind
    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be written: alerts with their decisions, and when each kind that lasts was told of."""

    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]
    told: dict[str, datetime]


def strains_of(seen: Seen) -> tuple[Strain, ...]:
    """What strains the operation, of what was seen."""
    found = []
    if seen.failing:
        title = f"{words.count(len(seen.failing), 'source')} failing for over six hours: {_names(seen.failing)}"
        found.append(Strain(StrainKind.SOURCES, title, "`envoywatch sources list --faulty` says why."))
    if seen.waiting and seen.waiting_since is not None:
        title = (
            f"{words.count(seen.waiting, 'message')} in the outbox since {words.moment(seen.waiting_since)},"
            f" through {_names(seen.channels)}"
        )
        found.append(Strain(StrainKind.OUTBOX, title, "`envoywatch outbox list` says why; nothing is lost."))
    if seen.free < LEAST_FREE:
        title = f"The disk of the database is nearly full: {seen.free:.1%} is free"
        found.append(Strain(StrainKind.DISK, title, "Make room, or set `storage.keep` or `storage.max_size`."))
    if seen.late:
        title = (
            f"The schedule is late: {words.count(seen.late, 'source')} waiting for over five minutes past their time"
        )
        remedy = "This machine is too slow or was suspended; lengthen `crawl.interval`, or give it more."
        found.append(Strain(StrainKind.SCHEDULE, title, remedy))
    return tuple(found)


def decide_strains(
    found: Sequence[Strain], told: Mapping[str, datetime], channels: tuple[str, ...], now: datetime
) -> Telling | None:
    """What to tell at `now`; None when nothing has changed."""
    news = [one for one in found if one.kind not in told or now - told[one.kind] >= REMINDED]
    lasting = {one.kind.value for one in found}
    over = [StrainKind(kind) for kind in told if kind not in lasting]
    if not news and not over:
        return None
    alerts = [_alert(one.kind, one.title, one.remedy, channels, now) for one in news]
    alerts += [_alert(kind, OVER[kind], "", channels, now) for kind in over]
    decisions = tuple(
        Decision(Verdict.ALERT, Reason.STRAINED, alert_key=alert.key, detail=alert.title) for alert in alerts
    )
    still = {kind: at for kind, at in told.items() if kind in lasting} | {one.kind.value: now for one in news}
    return Telling(tuple(alerts), decisions, still)


def _alert(kind: StrainKind, title: str, detail: str, channels: tuple[str, ...], now: datetime) -> Alert:
    key = f"strain:{kind}:{to_text(now)}"
    return Alert(key=key, kind=AlertKind.SOURCE, title=title, created_at=now, detail=detail, channels=channels)


def _names(names: Sequence[str]) -> str:
    told = ", ".join(harmless.one_line(name) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return told if more <= 0 else f"{told} and {more} more"
