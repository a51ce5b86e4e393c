"""The one thread that writes: jobs queue up, and those that wait together commit together.

One that fails takes nothing with it: the group is taken back, and each job run again in a savepoint of its own. A
lock held elsewhere or a full disk fails no job: the whole group is rolled back and tried again until it goes through or
the writer is stopped, and `trouble` says why nothing moves meanwhile. Jobs must therefore decide by what is in the
database, never by what they did before.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from storage.database import immediate
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlite_utils import Database

T = TypeVar("T")
_log = logging.getLogger(__name__)

GROUP = 200
"""Most jobs in one commit: 2,650 articles a second were measured so, and the loop never waits long."""

LINGER_S = 0.02
"""How long patient jobs gather while none that is not waits behind them: a commit costs as much as two polls."""

COMPANY = 20
"""So many that wait already are worth a commit of their own."""

_RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_TRANSIENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)


@dataclass(slots=True)
class _Job:
    """`future` is asyncio's when `loop` is given; it is settled there, with all of a group in one call."""

    run: Callable[[Database], Any]
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    patient: bool = False


class Writer:
    """Owns the writing connection from `start` to `stop`; `submit` may be called from any thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._work, name="envoywatch-writer", daemon=True)
        self.trouble: str | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, run: Callable[[Database], T]) -> Future[T]:
        """Queue a job; its future is done only when its work is committed."""
        if self._stopping.is_set():
            raise StorageError("the database is being closed")
        future: Future[T] = Future()
        # A caller that stops waiting must not cancel it: the work is done all the same, and the writer must live.
        future.set_running_or_notify_cancel()
        self._jobs.put(_Job(run, future))
        self._hurry.set()
        return future

    async def run(self, run: Callable[[Database], T], *, patient: bool = False) -> T:
        """Queue a job and wait for its commit without blocking the loop; a `patient` one may wait for company first.

        Cancelling the wait does not undo the work.
        """
        if self._stopping.is_set():
            raise StorageError("the database is being closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(run, future, loop, patient))
        if not patient:
            self._hurry.set()
        return await future

    def stop(self) -> None:
        """Finish what is queued (once, without waiting for a lock or a disk), checkpoint, and close the connection."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._jobs.put(None)
            self._hurry.set()
        self._thread.join()

    def _work(self) -> None:
        ended, crowded = False, False
        while not ended:
            job = self._jobs.get()
            if job is not None and job.patient and not crowded and self._jobs.qsize() < COMPANY:
                self._hurry.wait(LINGER_S)
            self._hurry.clear()  # before the queue is emptied: who comes from now on sets it anew
            group, ended = self._gather(job)
            crowded = len(group) == GROUP  # somebody in a hurry may have been left in the queue
            if group:
                self._until_done(group)
        try:
            self._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.conn.execute("PRAGMA optimize")
        except sqlite3.OperationalError as error:
            _log.warning("the last checkpoint did not go through: %s", error)
        self._db.conn.close()

    def _gather(self, job: _Job | None) -> tuple[list[_Job], bool]:
        """A job and those that wait behind it, as many as a commit takes; and whether the end of all came."""
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if len(group) == GROUP:
                return group, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _until_done(self, group: list[_Job]) -> None:
        attempt = 0
        results: list[Any] | None = None
        while results is None:
            try:
                results = self._commit(group)
            except sqlite3.OperationalError as error:
                if not _is_transient(error) or self._stopping.is_set():
                    self._fail(group, error)
                    return
                if self.trouble is None:
                    _log.error("the database cannot be written, trying on: %s", error)
                self.trouble = str(error)
                self._stopping.wait(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1
            except sqlite3.DatabaseError as error:
                self._fail(group, error)
                return
        if self.trouble is not None:
            _log.warning("the database can be written again")
            self.trouble = None
        _settle(list(zip(group, results, strict=True)))

    def _commit(self, group: list[_Job]) -> list[Any]:
        """What each job returned, or how it failed. Savepoints, which cost more than most jobs, wait for a failure."""
        try:
            with immediate(self._db):
                return [job.run(self._db) for job in group]
        except sqlite3.OperationalError as error:
            if _is_transient(error):
                raise
        except Exception as error:  # noqa: BLE001 (as below)
            _log.debug("one of %d jobs failed, each is done again by itself: %s", len(group), error)
        with immediate(self._db):
            return [self._one(job) for job in group]

    def _one(self, job: _Job) -> Any:
        connection = self._db.conn
        connection.execute("SAVEPOINT job")
        try:
            result = job.run(self._db)
        except sqlite3.OperationalError as error:
            if _is_transient(error):
                raise
            return self._undo(error)
        except Exception as error:  # noqa: BLE001 (a job's own failure is its caller's to judge, not the group's)
            return self._undo(error)
        connection.execute("RELEASE job")
        return result

    def _undo(self, error: Exception) -> _Failed:
        if not self._db.conn.in_transaction:
            raise error  # SQLite gave the whole transaction up: nothing of the group stands
        self._db.conn.execute("ROLLBACK TO job")
        self._db.conn.execute("RELEASE job")
        return _Failed(error)

    @staticmethod
    def _fail(group: list[_Job], error: sqlite3.DatabaseError) -> None:
        failed: list[tuple[_Job, Any]] = []
        for job in group:
            wrapped = StorageError(f"the database could not be written: {error}", hint="see `envoywatch status`")
            wrapped.__cause__ = error
            failed.append((job, _Failed(wrapped)))
        _settle(failed)


@dataclass(slots=True)
class _Failed:
    error: Exception


def _settle(ended: Sequence[tuple[_Job, Any]]) -> None:
    """Tell who waits, in threads at once, in a loop by one call for all: each call wakes it through a socket."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[_Job, Any]]] = {}
    for job, result in ended:
        by_loop.setdefault(job.loop, []).append((job, result))
    for loop, pairs in by_loop.items():
        if loop is None:
            _set_results(pairs)
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and all who waited there with it
                loop.call_soon_threadsafe(_set_results, pairs)


def _set_results(pairs: Sequence[tuple[_Job, Any]]) -> None:
    for job, result in pairs:
        if job.future.done():  # who waited has given up
            continue
        if isinstance(result, _Failed):
            job.future.set_exception(result.error)
        else:
            job.future.set_result(result)


def _is_transient(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _TRANSIENT
