"""Work that takes longer than a page may: begun by a form, followed by a page that asks how far it is."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from config.errors import EnvoywatchError
from envoywatch.web.languages import N_

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger(__name__)

KEPT: Final = 20


class StoppedError(EnvoywatchError):
    """The page was stopped while the work went on."""


@dataclass
class Task:
    """One piece of work: `result` or `fault` is set when it is over; `about` is what it was begun with."""

    about: Any
    done: int = 0
    total: int = 0
    result: Any = None
    fault: EnvoywatchError | None = None
    is_over: bool = False
    stopping: bool = False

    def tell(self, done: int, total: int) -> None:
        """How far the work is; raises StoppedError when nobody will wait for it."""
        self.done, self.total = done, total
        if self.stopping:
            raise StoppedError("the page was stopped")


class Tasks:
    """The last `KEPT` pieces of work, by a token that nobody can guess; one is at work at a time."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def start(self, about: Any, work: Callable[[Task], Awaitable[Any]]) -> str:
        """Begin, and return the token."""
        token = secrets.token_urlsafe(12)
        task = self._tasks[token] = Task(about)
        while len(self._tasks) > KEPT:
            _, oldest = self._tasks.popitem(last=False)
            oldest.stopping = True
        running = asyncio.create_task(self._run(task, work), name="envoywatch page's work")
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return token

    def find(self, token: str) -> Task | None:
        """The work of that token as it is now; None when it was never begun, or so long ago that it is forgotten.

        A copy, which does not go on while a page is made of it: one that is over has its result.
        """
        task = self._tasks.get(token)
        return None if task is None else replace(task, is_over=task.is_over)  # asked first: the result was set before

    async def stop(self) -> None:
        """Have all of it end at its next word."""
        for task in self._tasks.values():
            task.stopping = True
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, task: Task, work: Callable[[Task], Awaitable[Any]]) -> None:
        try:
            async with self._turn:
                task.result = await work(task)
        except EnvoywatchError as error:
            task.fault = error
        except Exception:  # noqa: BLE001 (one of the program's job runners: the page must say how it ended)
            _log.exception("a piece of the page's work failed")
            task.fault = EnvoywatchError(N_("something went wrong here"), hint=N_("the log has the details"))
        finally:
            task.is_over = True
