"""The daemon's keeping of the archive: what is too old or too much goes, a little at a time beside all other work."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog

from envoywatch.office import POLL_LOG_KEPT
from storage.keeping import (
    CHUNK,
    bounds,
    give_back,
    is_many,
    merge_index,
    prune_articles,
    prune_polls,
    space,
    tidy_index,
)
from storage.runs import set_note
from storage.vitals import prune_days

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from envoywatch.desk import Desk
    from storage.keeping import Bounds, Space

_log = structlog.get_logger(__name__)

NOTE: Final = "retention"
"""Where `status` finds what was last deleted, and whether the database is larger than it may be."""
WORTH: Final = 0.1
"""Free pages are given back from this share of the file on; fewer are soon written again."""


class Retention:
    """Asked now and then. `stopping` is asked between any two steps."""

    def __init__(self, desk: Desk, stopping: Callable[[], bool]) -> None:
        self._desk = desk
        self._stopping = stopping
        self._was_over = False

    async def keep(self) -> None:
        """Prune logs and what the configuration does not keep, and make the file smaller where that is worth it."""
        store, now, storage = self._desk.store, self._desk.clock.now(), self._desk.config.storage
        await store.write(prune_polls, now - POLL_LOG_KEPT)
        await store.write(prune_days, now)
        if storage.keep is None and storage.max_size is None:
            await store.write(set_note, NOTE, None, now)
            return
        found = await store.read(bounds, storage.keep, storage.max_size, now)
        deleted = 0 if found is None else await self._prune(found)
        left = await store.read(space)
        if is_many(deleted, left.articles):
            await self._tidy()
            left = await store.read(space)
        if deleted and left.free > WORTH * left.size:
            await self._repeat(lambda: store.write(give_back))
        over = 0 if storage.max_size is None else max(0, left.used - storage.max_size)
        self._tell(deleted, left, over)
        await store.write(set_note, NOTE, {"deleted": deleted, "over": over}, now)

    async def merge(self, is_idle: Callable[[], bool]) -> None:
        """Merge the full-text index for as long as no article waits."""
        while is_idle() and not self._stopping():
            if not await self._desk.store.write(merge_index):
                return

    async def _prune(self, found: Bounds) -> int:
        store, deleted = self._desk.store, 0

        async def some() -> int:
            nonlocal deleted
            most = CHUNK if found.most is None else min(CHUNK, found.most - deleted)
            gone = await store.write(prune_articles, found.before, most) if most > 0 else 0
            deleted += gone
            return gone

        await self._repeat(some)
        return deleted

    async def _tidy(self) -> None:
        begin = True

        async def some() -> bool:
            nonlocal begin
            more = await self._desk.store.write(tidy_index, begin=begin)
            begin = False
            return more

        await self._repeat(some)

    async def _repeat(self, some: Callable[[], Awaitable[int]]) -> None:
        """Until nothing is left to do; the writer is the others' for as long as it was ours."""
        while not self._stopping():
            begun = time.monotonic()
            if not await some():
                return
            await asyncio.sleep(time.monotonic() - begun)

    def _tell(self, deleted: int, left: Space, over: int) -> None:
        """One line for what was done, and one when the limit can or can no longer be kept."""
        if deleted:
            _log.info("old articles deleted", articles=deleted, left=left.articles, used=left.used)
        if bool(over) != self._was_over:
            self._was_over = bool(over)
            if over:
                _log.warning("the database is larger than storage.max_size", bytes_over=over)
