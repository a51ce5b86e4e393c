"""The daemon's look at itself, once a minute: the operator is told what strains it, and the heartbeat goes out."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import structlog

from alerts.strains import FAILING_FOR, LATE_BY, WAITING_FOR, Seen, StrainKind, decide_strains, strains_of
from crawler.exchange import Fetch
from envoywatch.logs import Lasting
from storage.model import Access, Fault
from storage.strains import (
    failing_sources,
    failing_untold,
    late_sources,
    record_strains,
    told_strains,
    waiting_deliveries,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime

    from alerts.strains import Strain
    from envoywatch.desk import Desk

_log = structlog.get_logger(__name__)


class Upkeep:
    """Asked once a minute; `is_at_work` says whether nothing keeps the daemon from its work."""

    def __init__(self, desk: Desk, is_at_work: Callable[[], bool], free: Callable[[], float] | None = None) -> None:
        self._desk = desk
        self._is_at_work = is_at_work
        self._free = free or (lambda: _free(desk))
        self._was_late = self._looked = False
        self._failing = Lasting()
        self._beats: bool | None = None
        self.strains: tuple[Strain, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What strains the operation, a line each, with what to do."""
        return tuple(f"{one.title}. {one.remedy}" for one in self.strains)

    async def look(self) -> bool:
        """Look, tell and beat; whether there is something new in the outbox. A replay's time strains nobody."""
        desk = self._desk
        if desk.clock.is_replay:
            return False
        now = desk.clock.now()
        await self._tell_failing(now)
        seen = await desk.store.read(self._seen, now, await asyncio.to_thread(self._free))
        self.strains = self._lasting(strains_of(seen))
        told = await desk.store.read(told_strains)
        telling = decide_strains(self.strains, told, desk.config.health_channels, now)
        if telling is not None:
            ids = await desk.store.write(record_strains, now, telling.alerts, telling.decisions, telling.told)
            for alert in telling.alerts:
                _log.warning("about the operation", title=alert.title)
            desk.listener.alerted(ids)
        await self._beat()
        return telling is not None

    async def _tell_failing(self, now: datetime) -> None:
        """One line an hour for all sources that fail and go on failing; each had its own when it began to."""
        failing = await self._desk.store.read(failing_sources)
        if not failing:
            self._failing.end("sources")
        elif self._failing.is_news("sources", None, now) and self._looked:
            _log.warning("sources still failing", count=failing)
        self._looked = True

    def _seen(self, connection: sqlite3.Connection, now: datetime, free: float) -> Seen:
        waiting, since, channels = waiting_deliveries(connection, now - WAITING_FOR)
        return Seen(
            failing=failing_untold(connection, now - FAILING_FOR),
            waiting=waiting,
            waiting_since=since,
            channels=channels,
            free=free,
            late=late_sources(connection, now - LATE_BY, now),
        )

    def _lasting(self, strains: tuple[Strain, ...]) -> tuple[Strain, ...]:
        """After a start, a suspension or a jump of the clock all is late for a moment: it counts at the second look."""
        is_late = any(one.kind is StrainKind.SCHEDULE for one in strains)
        was_late, self._was_late = self._was_late, is_late
        return tuple(one for one in strains if was_late or one.kind is not StrainKind.SCHEDULE)

    async def _beat(self) -> None:
        """Ask for the heartbeat's address, unless something keeps us from our work: its silence then says so."""
        url = self._desk.config.health.heartbeat
        if url is None:
            return
        if not self._is_at_work() or any(one.kind is StrainKind.SCHEDULE for one in self.strains):
            return
        # The operator names it: it may lie in a private network, and is no page for robots.
        found = await self._desk.engine.fetch(Fetch(url, access=Access(private_addresses=True, obey_robots=False)))
        beats = not isinstance(found, Fault)
        if beats != self._beats and not (beats and self._beats is None):
            told = {} if beats else {"fault": found.kind} if isinstance(found, Fault) else {}
            _log.warning("the heartbeat arrives again" if beats else "the heartbeat does not arrive", **told)
        self._beats = beats


def _free(desk: Desk) -> float:
    usage = shutil.disk_usage(desk.store.path.parent)
    return usage.free / usage.total
