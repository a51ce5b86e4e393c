"""The one thread that writes: jobs queue up, and those that wait together commit together.

Each job runs in its own savepoint, so one that fails takes nothing with it. A lock held elsewhere or a full disk fails
no job: the whole group is rolled back and tried again until it goes through or the writer is stopped, and `trouble`
says why nothing moves meanwhile. Jobs must therefore decide by what is in the database, never by what they did before.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

T = TypeVar("T")
_log = logging.getLogger(__name__)

GROUP = 200
"""Most jobs in one commit: 2,650 articles a second were measured so, and the loop never waits long."""

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
    run: Callable[[Database], Any]
    future: Future[Any]


class Writer:
    """Owns the writing connection from `start` to `stop`; `submit` may be called from any thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
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
        return future

    def stop(self) -> None:
        """Finish what is queued (once, without waiting for a lock or a disk), checkpoint, and close the connection."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        ended = False
        while not ended:
            group: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                group.append(job)
                if len(group) >= GROUP:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            ended = job is None
            if group:
                self._until_done(group)
        try:
            self._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.conn.execute("PRAGMA optimize")
        except sqlite3.OperationalError as error:
            _log.warning("the last checkpoint did not go through: %s", error)
        self._db.conn.close()

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
        for job, result in zip(group, results, strict=True):
            if isinstance(result, _Failed):
                job.future.set_exception(result.error)
            else:
                job.future.set_result(result)

    def _commit(self, group: list[_Job]) -> list[Any]:
        connection = self._db.conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [self._one(job) for job in group]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return results

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
        for job in group:
            wrapped = StorageError(f"the database could not be written: {error}", hint="see `envoywatch status`")
            wrapped.__cause__ = error
            job.future.set_exception(wrapped)


@dataclass(slots=True)
class _Failed:
    error: Exception


def _is_transient(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _TRANSIENT
