"""The one place where background work runs and where its unexpected errors end: logged, counted, never fatal."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Jobs:
    """Tasks that are running; `failed` counts those that ended in an error of ours."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def start(
        self,
        what: str,
        work: Coroutine[Any, Any, None],
        on_error: Callable[[Exception], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Run `work` in the background; `what` names it in the log. `on_error` mends what an error left undone."""
        task = asyncio.create_task(self._run(what, work, on_error), name=what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Until one of those that run now has ended."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)

    async def drain(self, seconds: float) -> None:
        """Let what runs end by itself for so long, then cancel it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _run(
        self,
        what: str,
        work: Coroutine[Any, Any, None],
        on_error: Callable[[Exception], Coroutine[Any, Any, None]] | None,
    ) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 (the one job runner: a bug in one job must not end the daemon)
            # Whatever it held is leased for a while only, so it is tried again; the daemon lives.
            self.failed += 1
            _log.exception("job failed", job=what)
            if on_error is not None:
                await self._run(f"mend after {what}", on_error(error), None)


async def in_thread(work: Callable[[], T], name: str) -> T:
    """What the work gives, done in a thread that the end of the process does not wait for, as it does for a pool's."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if ended.done():  # nobody waits any more
            return
        if error is None:
            ended.set_result(cast("T", result))
        else:
            ended.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 (whatever it is, who waits is told)
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has ended, and all who waited there with it
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await ended
