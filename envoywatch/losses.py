"""The watch over the sources themselves: looks who is lost or back, has it decided what to tell, and writes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from alerts.losses import UNREACHABLE, Situation, decide_losses
from storage.losses import concerned_sources, find_outage, fleet, last_told_at, record_losses
from storage.model import Reason

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from alerts.losses import Telling
    from envoywatch.desk import Desk

_log = structlog.get_logger(__name__)

CALM_LOOK: Final = timedelta(minutes=1)
"""While no message may go out, or nothing can be reached, it is looked so often only."""
COST: Final = timedelta(milliseconds=2)
"""A source at fault costs a look about 20 µs: with many of them the looks are so much rarer."""


FARTHEST: Final = timedelta(hours=1)
"""No look is so far away unless the clock was set back."""


class SourceWatch:
    """Looks after the sources; holds nothing but when to look next and what it has said of waiting."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._next_look: datetime | None = None
        self._said = ""

    async def look(self) -> bool:
        """Tell of what was lost or came back since somebody was told last; whether there is something in the outbox."""
        desk = self._desk
        now = desk.clock.now()
        if self._next_look is not None and now < self._next_look < now + FARTHEST:
            return False
        self._next_look = None
        found = await desk.store.read(_situation)
        if found is None:
            return False
        health = desk.config.health
        telling = decide_losses(found, desk.config.health_channels, health.every, now)
        self._next_look = now + desk.clock.span(COST * len(found.sources))
        if telling.alert is None and (found.outage is not None or telling.decisions):
            self._next_look = max(self._next_look, now + min(CALM_LOOK, health.every))
        return await self._write(found, telling, now)

    async def _write(self, found: Situation, telling: Telling, now: datetime) -> bool:
        desk = self._desk
        decisions = tuple(one for one in telling.decisions if not self._was_said(one.reason, one.detail))
        if not (telling.alert or decisions or telling.lost or telling.back or telling.outage != found.outage):
            return False
        ids = await desk.store.write(
            record_losses,
            now,
            alert=telling.alert,
            decisions=decisions,
            lost=telling.lost,
            back=telling.back,
            outage=telling.outage,
            wake=UNREACHABLE if telling.wake else (),
        )
        if telling.alert is not None:
            _log.warning("about the sources", title=telling.alert.title)
            desk.listener.alerted(ids)
        return telling.alert is not None

    def _was_said(self, reason: Reason, detail: str) -> bool:
        """Waiting for the next chance is a decision once for each thing that waits, not at every look."""
        if reason is not Reason.TOLD_THIS_HOUR:
            return False
        said, self._said = self._said, detail
        return said == detail


def _situation(connection: sqlite3.Connection) -> Situation | None:
    """None when no source is at fault, nor told as lost, and no outage is to end."""
    outage = find_outage(connection)
    sources = concerned_sources(connection, still_lost=outage is not None)
    if not sources and outage is None:
        return None
    watched, last_ok_at = fleet(connection)
    return Situation(sources, watched, last_ok_at, outage, last_told_at(connection))
