"""Worker processes for parsing and reading: killable, with a time and a memory budget, replaced when they die."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, TypeVar

from pebble import ProcessExpired, ProcessPool
from pebble.common.types import CONSTS

from config.errors import EnvoywatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_PR_SET_PDEATHSIG = 1
_TERM_S = 0.5  # workers ignore SIGTERM; after this pebble sends SIGKILL
_STOP_S = 3.0


class WorkerTimeout(EnvoywatchError):  # noqa: N818 (named as what happened)
    """A job ran longer than its budget; its worker was killed and replaced."""


class WorkerCrashed(EnvoywatchError):  # noqa: N818 (named as what happened)
    """A worker died under its job, or had no memory left for it."""


class Workers:
    """`count` spawned processes that run pure functions; `initializer(*initargs)` runs once in each new one.

    Functions and arguments travel by pickle. Use it from one event loop.
    """

    def __init__(
        self,
        count: int,
        *,
        initializer: Callable[..., None] | None = None,
        initargs: tuple[Any, ...] = (),
        timeout: timedelta,
        memory_mb: int = 1024,
    ) -> None:
        self._count = count
        self._initializer = initializer
        self._initargs = initargs
        self._timeout_s = timeout.total_seconds()
        self._memory = memory_mb * 1024 * 1024
        self._retired: set[asyncio.Task[None]] = set()
        CONSTS.term_timeout = _TERM_S
        self._pool = self._new_pool(initargs)

    def _new_pool(self, initargs: tuple[Any, ...]) -> ProcessPool:
        arguments = (os.getpid(), self._memory, self._initializer, initargs)
        context = multiprocessing.get_context("spawn")  # a fork would copy the reactor, its threads and its sockets
        return ProcessPool(self._count, initializer=_begin, initargs=arguments, context=context)

    async def start(self) -> None:
        """Start the processes now instead of at the first job."""
        await self.run(os.getpid)

    async def run(self, func: Callable[..., _T], *args: Any) -> _T:
        """The function's result from a worker; its own exceptions pass through.

        Raises:
            WorkerTimeout: it took longer than the budget.
            WorkerCrashed: the process died or had no memory for it.
        """
        try:
            return await self._run(func, *args)
        except BrokenProcessPool:
            # Pebble gives a whole pool up when an idle worker dies; the job itself may be innocent, so once more.
            _log.warning("the workers died; starting new ones")
        try:
            return await self._run(func, *args)
        except BrokenProcessPool as error:
            raise WorkerCrashed("the workers die as soon as they start") from error

    async def _run(self, func: Callable[..., _T], *args: Any) -> _T:
        pool = self._pool
        try:
            future = pool.schedule(func, args=args, timeout=self._timeout_s)
        except RuntimeError as error:  # the pool has stopped or broken since the last job
            if self._pool is pool:
                self._retire(pool)
                self._pool = self._new_pool(self._initargs)
            raise BrokenProcessPool(str(error)) from error
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise WorkerTimeout(f"{_name(func)} took longer than {self._timeout_s:g} s") from error
        except ProcessExpired as error:
            raise WorkerCrashed(f"the worker died in {_name(func)} (exit code {error.exitcode})") from error
        except MemoryError as error:
            raise WorkerCrashed(f"{_name(func)} needs more memory than a worker may have") from error

    async def replace(self, initargs: tuple[Any, ...], prepare: Callable[[], object]) -> None:
        """Begin new processes with `initargs`; the old ones go on with all jobs until `prepare` ran in the new ones.

        Jobs in flight finish in the old ones. `prepare` may take its time. When it fails the new processes are taken
        nevertheless, for they may do other jobs, and each job that fails says why.
        """
        coming = self._new_pool(initargs)
        try:
            await asyncio.gather(
                *(asyncio.wrap_future(coming.schedule(prepare)) for _ in range(self._count)), return_exceptions=True
            )
        except asyncio.CancelledError:
            self._retire(coming)
            raise
        self._initargs = initargs
        self._retire(self._pool)
        self._pool = coming

    def _retire(self, pool: ProcessPool) -> None:
        task = asyncio.ensure_future(asyncio.to_thread(_finish, pool, self._timeout_s))
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    async def stop(self) -> None:
        """End the processes; jobs in flight have a moment to finish."""
        self._retire(self._pool)
        while self._retired:
            await asyncio.wait(set(self._retired))


def _finish(pool: Any, patience_s: float) -> None:
    """Let a pool's jobs end, then end the pool, whatever they do."""
    with contextlib.suppress(RuntimeError):  # never started, or broken
        pool.close()
    with contextlib.suppress(TimeoutError, RuntimeError):
        pool.join(min(patience_s, _STOP_S))
    pool.stop()
    pool.join()


def _name(func: Callable[..., Any]) -> str:
    return getattr(func, "__name__", "the job")


def _begin(
    parent: int, memory: int, initializer: Callable[..., None] | None, initargs: tuple[Any, ...]
) -> None:  # pragma: no cover (coverage starts after it in some workers)
    """In the worker: leave signals to the parent, die with it, keep within the memory budget."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if initializer is not None:
        initializer(*initargs)


def _die_with(parent: int) -> None:  # pragma: no cover (kills the process it runs in)
    """The kernel's way on Linux; elsewhere a thread that waits for the parent's end."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, name="parent-watch", daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _watch_parent() -> None:  # pragma: no cover (kills the process it runs in)
    process = multiprocessing.parent_process()
    if process is not None:
        process.join()
    os._exit(1)
