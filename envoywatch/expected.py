"""Looks whether a meeting is near, and has the official sources of its countries asked more often meanwhile."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from alerts.expected import AFTER, BEFORE, DAY_AFTER, DAY_BEFORE, concerned, nearing
from config.vocabulary import Role
from storage.meetings import meetings_since, scheduled_between
from storage.model import to_text
from storage.runs import set_note
from storage.turns import hasten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from alerts.expected import Nearing
    from envoywatch.desk import Desk
    from storage.model import Meeting

_log = structlog.get_logger(__name__)

NOTE: Final = "expected"
"""Where `status` and the page find what is near: `[{what, until, sources}]`."""
_FULFILLED_WITHIN: Final = timedelta(days=60)


class ExpectedMeetings:
    """Which sources are urgent now; looked at every few seconds and whenever the ledger changes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._urgent: Mapping[str, Nearing] = {}
        self._said: list[dict[str, Any]] | None = None

    def concerns(self, name: str) -> bool:
        """Whether a meeting is near that this source would tell of."""
        return name in self._urgent

    async def look(self) -> None:
        """Find what is near now; a source that has become urgent is brought forward."""
        desk = self._desk
        now = desk.clock.now()
        near = nearing(desk.config.expect, await self._meetings(now), desk.rules.resolve, desk.people.countries_of, now)
        officials = [source for source in desk.config.sources if source.role is Role.OFFICIAL] if near else []
        urgent = concerned(near, officials)
        new = sorted(urgent.keys() - self._urgent.keys())
        self._urgent = urgent
        if new:
            await desk.store.write(hasten, new, now, desk.config.crawl.urgent_interval)
            _log.info("a meeting is near", meetings=[one.what for one in near], sources=len(new))
        await self._note(near, urgent, now)

    async def _meetings(self, now: datetime) -> tuple[Meeting, ...]:
        """The scheduled ones of these days, and, where an expectation is open, all that may have fulfilled it."""
        desk = self._desk
        days = (now - DAY_AFTER).astimezone(UTC).date(), (now + DAY_BEFORE).astimezone(UTC).date()
        scheduled = await desk.store.read(scheduled_between, *days)
        if any(one.by - BEFORE <= now < one.by + AFTER for one in desk.config.expect):
            known = {one.id for one in scheduled}
            since = await desk.store.read(meetings_since, now - _FULFILLED_WITHIN)
            return scheduled + tuple(one for one in since if one.id not in known)
        return scheduled

    async def _note(self, near: tuple[Nearing, ...], urgent: Mapping[str, Nearing], now: datetime) -> None:
        said = [
            {
                "what": one.what,
                "until": to_text(one.end),
                "sources": sorted(name for name, its in urgent.items() if its == one),
            }
            for one in near
        ]
        if said != self._said:
            self._said = said
            await self._desk.store.write(set_note, NOTE, said or None, now)
