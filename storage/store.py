"""The Store: how the stages know the database. This one is SQLite; another would pass the same contract tests.

Everything that writes goes through the one writer thread; reading functions get a read-only connection in a small
thread pool. Both come back to the caller's event loop, or block when called from a program without one.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from storage import entries, outbox, record, rereads, revisions, sources, watches
from storage.database import open_reader, open_writer
from storage.lock import sole_writer
from storage.record import NOTHING_NEEDED
from storage.writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlite_utils import Database

    from storage.model import Delivery, Lease, Needs, PendingEntry, Poll, Reading, Receipt, Reread, SourceSpec
    from storage.record import Decide, Recorded
    from storage.revisions import Amend
    from storage.sources import ChooseNext, PollFinish
    from storage.turns import Turns

T = TypeVar("T")
P = ParamSpec("P")

_READERS = 4


class Store(Protocol):
    """The queue and the archive, as the daemon's stages see them. All times are aware and UTC."""

    async def sync_sources(self, specs: Iterable[SourceSpec], now: datetime) -> None:
        """Make the configured sources the active ones."""
        ...

    async def sync_watches(self, definitions: Mapping[str, str], now: datetime) -> None:
        """Note what the watches say from now on."""
        ...

    async def lease_due(
        self,
        owner: str,
        now: datetime,
        most: int,
        hold: timedelta,
        *,
        names: Sequence[str] | None = None,
        ignore_schedule: bool = False,
        turns: Turns | None = None,
    ) -> list[Lease]:
        """Take sources that are due, with `turns` a few of each host."""
        ...

    async def finish_poll(self, poll: Poll, when: datetime | ChooseNext, now: datetime) -> PollFinish:
        """Store what a poll brought, choose the next by what was new, and let the source go."""
        ...

    async def lease_entries(
        self, now: datetime, most: int, hold: timedelta, *, per_source: int, busy: Mapping[int, int]
    ) -> list[PendingEntry]:
        """Take entries whose articles are to be read."""
        ...

    async def retry_entry(self, entry_id: int, due_at: datetime, reason: str) -> None:
        """Put an entry back for later."""
        ...

    async def fail_entry(self, entry_id: int, reason: str) -> None:
        """Give an entry up, with the reason."""
        ...

    async def record(self, reading: Reading, decide: Decide, now: datetime, needs: Needs = NOTHING_NEEDED) -> Recorded:
        """Decide about a reading and write everything that follows, in one transaction."""
        ...

    async def lease_rereads(self, now: datetime, most: int, hold: timedelta) -> list[Reread]:
        """Take stored articles that are to be read again."""
        ...

    async def finish_reread(self, reread: Reread, now: datetime) -> None:
        """Let an article go that could not be read again this time."""
        ...

    async def record_reread(
        self, reread: Reread, reading: Reading, amend: Amend, now: datetime, needs: Needs = NOTHING_NEEDED
    ) -> Recorded:
        """Decide about an article read again and write everything that follows, in one transaction."""
        ...

    async def due_channels(self, now: datetime) -> list[str]:
        """Channels with something to send."""
        ...

    async def lease_deliveries(self, channel: str, now: datetime, most: int, hold: timedelta) -> list[Delivery]:
        """Take due deliveries of one channel."""
        ...

    async def finish_delivery(self, receipt: Receipt, fallback: str | None = None) -> None:
        """Write what an attempt ended in."""
        ...

    async def hold_delivery(self, delivery_id: int, until: datetime) -> None:
        """Let a delivery wait for the end of quiet hours."""
        ...


class SqliteStore:
    """The Store on one SQLite file. Make it with `open_store`."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self._writer = Writer(db)
        self._writer.start()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="envoywatch-reader")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written just now; None when all is well."""
        return self._writer.trouble

    def write_now(self, work: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the writer's next transaction and wait for its commit."""
        return self._writer.submit(lambda db: work(db, *args, **kwargs)).result()

    async def write(self, work: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`write_now` without blocking the loop. Cancelling the wait does not undo the work."""
        return await self._writer.run(lambda db: work(db, *args, **kwargs))

    async def read(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query function on a read-only connection, off the loop."""
        return await asyncio.wrap_future(self._readers.submit(lambda: work(self._reader(), *args, **kwargs)))

    def read_now(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`read`, blocking."""
        return self._readers.submit(lambda: work(self._reader(), *args, **kwargs)).result()

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        self._readers.shutdown(wait=False)
        for connection in self._connections:
            connection.interrupt()  # a check of the whole file, which would hold up the end for minutes
        self._readers.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._writer.stop()

    async def sync_sources(self, specs: Iterable[SourceSpec], now: datetime) -> None:
        """Make the configured sources the active ones."""
        await self.write(sources.sync_sources, list(specs), now)

    async def sync_watches(self, definitions: Mapping[str, str], now: datetime) -> None:
        """Note what the watches say from now on."""
        await self.write(watches.sync_watches, definitions, now)

    async def lease_due(
        self,
        owner: str,
        now: datetime,
        most: int,
        hold: timedelta,
        *,
        names: Sequence[str] | None = None,
        ignore_schedule: bool = False,
        turns: Turns | None = None,
    ) -> list[Lease]:
        """Take sources that are due, with `turns` a few of each host."""
        return await self.write(
            sources.lease_due, owner, now, most, hold, names=names, ignore_schedule=ignore_schedule, turns=turns
        )

    async def finish_poll(self, poll: Poll, when: datetime | ChooseNext, now: datetime) -> PollFinish:
        """Store what a poll brought, choose the next by what was new, and let the source go; with others that end."""
        return await self._writer.run(lambda db: sources.finish_poll(db, poll, when, now), patient=True)

    async def lease_entries(
        self, now: datetime, most: int, hold: timedelta, *, per_source: int, busy: Mapping[int, int]
    ) -> list[PendingEntry]:
        """Take entries whose articles are to be read."""
        return await self.write(entries.lease_entries, now, most, hold, per_source=per_source, busy=busy)

    async def retry_entry(self, entry_id: int, due_at: datetime, reason: str) -> None:
        """Put an entry back for later."""
        await self.write(entries.retry_entry, entry_id, due_at, reason)

    async def fail_entry(self, entry_id: int, reason: str) -> None:
        """Give an entry up, with the reason."""
        await self.write(entries.finish_entry, entry_id, None, "failed", reason)

    async def record(self, reading: Reading, decide: Decide, now: datetime, needs: Needs = NOTHING_NEEDED) -> Recorded:
        """Decide about a reading and write everything that follows, in one transaction."""
        return await self.write(record.record_reading, reading, decide, now, needs)

    async def lease_rereads(self, now: datetime, most: int, hold: timedelta) -> list[Reread]:
        """Take stored articles that are to be read again."""
        return await self.write(rereads.lease_rereads, now, most, hold)

    async def finish_reread(self, reread: Reread, now: datetime) -> None:
        """Let an article go that could not be read again this time."""
        await self.write(rereads.finish_reread, reread, now)

    async def record_reread(
        self, reread: Reread, reading: Reading, amend: Amend, now: datetime, needs: Needs = NOTHING_NEEDED
    ) -> Recorded:
        """Decide about an article read again and write everything that follows, in one transaction."""
        return await self.write(revisions.record_reread, reread, reading, amend, now, needs)

    async def due_channels(self, now: datetime) -> list[str]:
        """Channels with something to send."""
        return await self.read(outbox.due_channels, now)

    async def lease_deliveries(self, channel: str, now: datetime, most: int, hold: timedelta) -> list[Delivery]:
        """Take due deliveries of one channel."""
        return await self.write(outbox.lease_deliveries, channel, now, most, hold)

    async def finish_delivery(self, receipt: Receipt, fallback: str | None = None) -> None:
        """Write what an attempt ended in."""
        await self.write(outbox.finish_delivery, receipt, fallback)

    async def hold_delivery(self, delivery_id: int, until: datetime) -> None:
        """Let a delivery wait for the end of quiet hours."""
        await self.write(outbox.hold_delivery, delivery_id, until)

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = open_reader(self.path)
            self._connections.append(connection)
        return connection


@contextmanager
def open_store(path: Path, doing: str) -> Iterator[SqliteStore]:
    """The only writer of the database at `path`, until the block ends.

    `doing` names us to others who want it (`envoywatch run`). Raises DatabaseBusyError, DatabaseRefusedError.
    """
    with sole_writer(path, doing):
        store = SqliteStore(path, open_writer(path))
        try:
            store.write_now(sources.release_leases)
            yield store
        finally:
            store.close()
