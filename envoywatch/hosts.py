"""Between the engine's book of hosts and the database: read when first asked, written now and then, a refusal at once.

The hosts' own times are real, since their servers' are; the sources' are those of the daemon's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from crawler.hosts import HostBook
from envoywatch.jobs import Jobs
from storage.hosts import find_host, prune_hosts, save_hosts
from storage.turns import hold_host

if TYPE_CHECKING:
    from sqlite_utils import Database

    from envoywatch.clock import Clock
    from storage.model import HostState
    from storage.store import SqliteStore

_log = structlog.get_logger(__name__)

FORGOTTEN: Final = timedelta(days=30)


class HostKeeper:
    """Keeps what is learned of hosts over restarts, and holds the sources of one that refuses."""

    def __init__(self, store: SqliteStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.book = HostBook(self._load, self._hold_soon)
        self.jobs = Jobs()

    async def flush(self) -> None:
        """Write what has changed."""
        changed = self.book.take_changed()
        if changed:
            await self._store.write(save_hosts, changed, datetime.now(UTC))

    async def prune(self) -> None:
        """Forget hosts of which nothing was learned for a month."""
        await self._store.write(prune_hosts, datetime.now(UTC) - FORGOTTEN)

    async def _load(self, host: str) -> HostState | None:
        return await self._store.read(find_host, host)

    def _hold_soon(self, state: HostState) -> None:
        self.jobs.start(f"hold {state.host}", self._hold(state))

    async def _hold(self, state: HostState) -> None:
        real_now = datetime.now(UTC)
        wait = (state.back_off_until or real_now) - real_now
        until = self._clock.now() + self._clock.span(wait)

        def write(db: Database) -> int:
            save_hosts(db, [state], real_now)
            return hold_host(db, state.host, until)

        held = await self._store.write(write)
        _log.warning("a host says we ask too often", host=state.host, seconds=round(wait.total_seconds()), sources=held)
