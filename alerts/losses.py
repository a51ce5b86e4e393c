"""Whether to tell that sources were lost or are read again, as one message, at most one an hour. Pure.

What is compared is what somebody was told with what is so: a source that was lost and came back between two messages
is nobody's news. When nothing at all can be reached it is this machine that is offline, and that is said once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts import harmless, words
from config.redact import redact_urls
from storage.faults import describe
from storage.health import Outage
from storage.model import Alert, AlertKind, Decision, FaultKind, Reason, Verdict, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from storage.health import WatchedSource

UNREACHABLE: Final = frozenset({FaultKind.NAME, FaultKind.CONNECT, FaultKind.TIMEOUT, FaultKind.TLS, FaultKind.PROXY})
"""Faults that a machine without a network sees everywhere; any other is an answer from outside."""
ONLINE_PATIENCE: Final = timedelta(minutes=10)
"""How long after an outage the first try of every source is waited for before saying who is back."""
_OFFLINE_SOURCES = 3
_OFFLINE_HOSTS = 2
_NAMED = 20
_NAMED_IN_TITLE = 3
_DETAIL = 160


@dataclass(frozen=True, slots=True)
class Situation:
    """What is so, and what was told.

    `sources` are those at fault and those told as lost; of the others only their number and the last good poll matter.
    """

    sources: Sequence[WatchedSource]
    watched: int
    last_ok_at: datetime | None
    outage: Outage | None
    last_told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be written. `lost` and `back` are ids whose state somebody now knows; `wake`: ask all again now."""

    alert: Alert | None = None
    decisions: tuple[Decision, ...] = ()
    lost: tuple[int, ...] = ()
    back: tuple[int, ...] = ()
    outage: Outage | None = None
    wake: bool = False


def decide_losses(found: Situation, channels: tuple[str, ...], every: timedelta, now: datetime) -> Telling:
    """What to tell at `now`, if anything, and to whom."""
    is_held = found.last_told_at is not None and now - found.last_told_at < every
    if found.outage is not None:
        return _in_outage(found, found.outage, channels, now, is_held=is_held)
    lost, back = _news(found, now)
    unwatched = tuple(one.id for one in found.sources if one.told_at and not one.watched)
    if not lost and not back:
        return Telling(back=unwatched)
    if is_held:
        detail = f"{_names([*lost, *back])}: told at the next chance"
        return Telling(decisions=(Decision(Verdict.QUIET, Reason.TOLD_THIS_HOUR, detail=detail),), back=unwatched)
    since = _offline_since(found, lost, now)
    if since is not None:
        return _offline(found, lost, since, channels, now)
    alert = _alert(_title(lost, back), _detail(lost, back, found), channels, now)
    return Telling(
        alert=alert,
        decisions=(*_decisions(Reason.SOURCE_LOST, lost, alert), *_decisions(Reason.SOURCE_BACK, back, alert)),
        lost=tuple(one.id for one in lost),
        back=(*(one.id for one in back), *unwatched),
    )


def _news(found: Situation, now: datetime) -> tuple[list[WatchedSource], list[WatchedSource]]:
    """Those lost that nobody was told of, and those read again that somebody thinks are lost."""
    watched = [one for one in found.sources if one.watched]
    lost = [one for one in watched if one.told_at is None and one.is_lost(now)]
    back = [one for one in watched if one.told_at is not None and one.fault is None]
    return lost, back


# ---------------------------------------------------------------- offline


def _offline_since(found: Situation, lost: Sequence[WatchedSource], now: datetime) -> datetime | None:
    """Since when nothing at all answers; None when something does, or too few were asked to say so."""
    if not lost:
        return None
    since = max(one.fault_since for one in lost)
    if found.last_ok_at is not None and found.last_ok_at >= since:
        return None
    asked = [one for one in found.sources if one.fault is not None and (one.is_lost(now) or one.last_poll_at >= since)]
    if any(one.fault not in UNREACHABLE for one in asked):
        return None
    hosts = {one.host for one in asked}
    if len(hosts) < _OFFLINE_HOSTS or len(asked) < min(_OFFLINE_SOURCES, found.watched):
        return None
    return found.last_ok_at or min(one.fault_since for one in lost)


def _offline(
    found: Situation, lost: Sequence[WatchedSource], since: datetime, channels: tuple[str, ...], now: datetime
) -> Telling:
    failing = sum(one.fault is not None for one in found.sources)
    title = f"This machine seems offline: no source answers since {words.moment(since)}"
    detail = (
        f"{failing} of {words.count(found.watched, 'source')} were asked and none could be reached.\n"
        "Check its network, its name server and its clock. All are asked again as soon as one answers."
    )
    alert = _alert(title, detail, channels, now)
    decision = Decision(Verdict.ALERT, Reason.OFFLINE, alert_key=alert.key, detail=_names(lost))
    return Telling(alert, (decision,), tuple(one.id for one in lost), outage=Outage(since, now))


def _in_outage(found: Situation, outage: Outage, channels: tuple[str, ...], now: datetime, *, is_held: bool) -> Telling:
    """Nothing more is told until something answers; then all are asked again, and what came of it is told."""
    lost, back = _news(found, now)
    if found.last_ok_at is None or found.last_ok_at <= outage.since:
        quiet = (Decision(Verdict.QUIET, Reason.OFFLINE, detail=_names(lost)),) if lost else ()
        return Telling(decisions=quiet, lost=tuple(one.id for one in lost), outage=outage)
    if outage.online_at is None:
        return Telling(outage=replace(outage, online_at=now), wake=True)
    untried = any(one.fault in UNREACHABLE and one.last_poll_at < outage.online_at for one in found.sources)
    if is_held or (untried and now - outage.online_at < ONLINE_PATIENCE):
        return Telling(outage=outage)
    still = [*lost, *(one for one in found.sources if one.watched and one.told_at and one.fault is not None)]
    failing = sum(one.watched and one.fault is not None for one in found.sources)
    title = (
        f"This machine is online again: {found.watched - failing} of {words.count(found.watched, 'source')} are read"
    )
    gap = f"Nothing was read from {words.moment(outage.since)} to {words.moment(outage.online_at)}."
    alert = _alert(title, "\n".join([gap, *_lost_lines(still)]), channels, now)
    online = Decision(Verdict.ALERT, Reason.ONLINE, alert_key=alert.key, detail=_names(back))
    return Telling(
        alert=alert,
        decisions=(online, *_decisions(Reason.SOURCE_LOST, still, alert)),
        lost=tuple(one.id for one in still),
        back=tuple(one.id for one in found.sources if one.told_at and (one.fault is None or not one.watched)),
    )


# ---------------------------------------------------------------- words


def _alert(title: str, detail: str, channels: tuple[str, ...], now: datetime) -> Alert:
    return Alert(
        key=f"sources:{to_text(now)}",
        kind=AlertKind.SOURCE,
        title=title,
        created_at=now,
        detail=detail,
        channels=channels,
    )


def _decisions(reason: Reason, sources: Sequence[WatchedSource], alert: Alert) -> list[Decision]:
    """One a source; those that are not named one by one share a line."""
    told = [Decision(Verdict.ALERT, reason, alert_key=alert.key, detail=_why(one)) for one in sources[:_NAMED]]
    if len(sources) > _NAMED:
        detail = f"and {words.count(len(sources) - _NAMED, 'more source')}"
        told.append(Decision(Verdict.ALERT, reason, alert_key=alert.key, detail=detail))
    return told


def _why(one: WatchedSource) -> str:
    """One line, whatever its name and the server's words hold."""
    name = harmless.one_line(one.name)
    if one.fault is None:
        since = f" since {words.moment(one.recovered_at)}" if one.recovered_at else ""
        return f"{name}: read again{since}"
    detail = f" ({harmless.one_line(redact_urls(one.fault_detail), _DETAIL)})" if one.fault_detail else ""
    return f"{name}: {describe(one.fault).words}{detail} since {words.moment(one.fault_since)}"


def _title(lost: Sequence[WatchedSource], back: Sequence[WatchedSource]) -> str:
    told = "; ".join(_counted(sources, what) for sources, what in ((lost, "lost"), (back, "back")) if sources)
    return told[:1].upper() + told[1:]


def _counted(sources: Sequence[WatchedSource], what: str) -> str:
    lead = f"source {what}" if len(sources) == 1 else f"{len(sources):,} sources {what}"
    return f"{lead}: {_names(sources, _NAMED_IN_TITLE)}"


def _names(sources: Sequence[WatchedSource], most: int = _NAMED) -> str:
    names = [harmless.one_line(one.name) for one in sources]
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def _detail(lost: Sequence[WatchedSource], back: Sequence[WatchedSource], found: Situation) -> str:
    lines = [*_lost_lines(lost), *(_why(one) for one in back[:_NAMED])]
    if len(back) > _NAMED:
        lines.append(f"and {len(back) - _NAMED} more are read again")
    told = {one.id for one in lost}
    failing = [one for one in found.sources if one.watched and one.fault and not one.told_at and one.id not in told]
    if failing:
        lines.append(f"Failing, but not lost yet: {_names(failing)}")
    return "\n".join(lines)


def _lost_lines(lost: Sequence[WatchedSource]) -> Iterable[str]:
    """By what is wrong, the advice once for all of a kind."""
    by_fault: defaultdict[FaultKind, list[WatchedSource]] = defaultdict(list)
    for one in lost[:_NAMED]:
        if one.fault is not None:
            by_fault[one.fault].append(one)
    for fault, sources in by_fault.items():
        yield from (_lost_line(one) for one in sources)
        yield describe(fault).remedy
    if len(lost) > _NAMED:
        yield f"and {len(lost) - _NAMED} more: `envoywatch sources list --faulty` has them all"


def _lost_line(one: WatchedSource) -> str:
    read = f"last read {words.moment(one.last_ok_at)}" if one.last_ok_at else "never read"
    return f"{_why(one)}, {read}"
