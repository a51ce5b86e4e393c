"""The stage that reads stored articles again: those that raised an alert, and those whose headline was edited."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from alerts.corrections import TAKEN_DOWN, amend
from crawler.pages import PageBytes, fetch_page
from crawler.workers import WorkerCrashed, WorkerTimeout
from envoywatch.jobs import Jobs
from envoywatch.pipeline import HOLD
from envoywatch.reading import read_entry
from storage.model import Fault, FaultKind, Reading, Text, TextOrigin

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from envoywatch.desk import Desk
    from storage.model import Amendment, Edition, Known, Reread

_log = structlog.get_logger(__name__)

REREADS_AT_ONCE: Final = 32


class RereadStage:
    """Articles that are due again are asked for as politely as any page; what changed is recorded with all it means."""

    def __init__(self, desk: Desk, on_alert: Callable[[], None]) -> None:
        self._desk = desk
        self._on_alert = on_alert
        self.jobs = Jobs()

    async def pump(self) -> None:
        """Start whatever is due and fits."""
        desk = self._desk
        free = REREADS_AT_ONCE - len(self.jobs)
        if free <= 0:
            return
        for reread in await desk.store.lease_rereads(desk.clock.now(), free, desk.clock.span(HOLD)):
            what = f"read article {reread.article_id} again"
            self.jobs.start(what, self.reread(reread), partial(self._after_error, reread))

    async def _after_error(self, reread: Reread, _: Exception) -> None:
        """An error of ours: its next time may fare better."""
        await self._desk.store.finish_reread(reread, self._desk.clock.now())

    async def reread(self, reread: Reread) -> None:
        """Read one article again and record what follows; what cannot be read waits for its next time."""
        desk = self._desk
        try:
            reading = await self._read(reread)
        except (WorkerTimeout, WorkerCrashed) as error:
            _log.warning("a worker could not read an article again", url=reread.pending.entry.url, why=str(error))
            reading = None
        now = desk.clock.now()
        if reading is None:
            await desk.store.finish_reread(reread, now)
            return
        reading = replace(reading, url=reread.pending.article_url)  # as it is known, wherever it has moved since
        recorded = await desk.store.record_reread(reread, reading, partial(self._amend, now=now), now, desk.needs)
        for title in recorded.alert_titles:
            _log.info("alert", title=title, source=reading.source)
        if recorded.alert_ids:
            desk.listener.alerted(recorded.alert_ids)
            self._on_alert()

    def _amend(self, reading: Reading, edition: Edition, known: Known, reread: Reread, now: datetime) -> Amendment:
        return amend(reading, edition, known, reread, self._desk.rules, now)

    async def _read(self, reread: Reread) -> Reading | None:
        """The article now; None when it could not be read."""
        desk, pending = self._desk, reread.pending
        spec = pending.spec
        if not spec.articles:
            return await desk.workers.run(read_entry, pending, None, None) if reread.edited else None
        if spec.paused:
            return None
        found = await fetch_page(desk.engine, pending.article_url, spec.access)
        if isinstance(found, Fault):
            return await self._without_page(reread, found)
        page = PageBytes.of(found)
        reading = await desk.workers.run(read_entry, pending, page, None)
        if not reread.edited and reread.page_title and reading.text.page_title not in {"", reread.page_title}:
            # The page has another headline of its own; what the feed called it once must not hide that.
            retitled = replace(pending, entry=replace(pending.entry, title=reading.text.page_title))
            reading = await desk.workers.run(read_entry, retitled, page, None)
        return reading

    async def _without_page(self, reread: Reread, fault: Fault) -> Reading | None:
        if fault.kind is FaultKind.GONE:
            return _taken_down(reread)
        _log.info("an article could not be read again", url=reread.pending.article_url, detail=fault.detail)
        # A headline that the feed changed is told by the feed.
        return await self._desk.workers.run(read_entry, reread.pending, None, fault) if reread.edited else None


def _taken_down(reread: Reread) -> Reading:
    pending = reread.pending
    spec = pending.spec
    return Reading(
        entry_id=0,
        source_id=pending.source_id,
        source=spec.name,
        country=spec.country,
        role=spec.role,
        url=pending.article_url,
        text=Text(pending.entry.title, "", None, TextOrigin.PAGE, pending.article_url, reason=TAKEN_DOWN),
        text_hash="",
        seen_at=pending.seen_at,
        first_poll=False,
    )
