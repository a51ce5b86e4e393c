"""What days on a simulated clock share: a loop whose time leaps to what comes next, and an engine without a network."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from crawler.engine import Engine
from crawler.politeness import host_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.http import Response

    from crawler.exchange import Fetch
    from crawler.hops import Hop
    from crawler.hosts import HostBook
    from crawler.settings import EngineSettings
    from crawler.transport import Budget

T = TypeVar("T")


class LeapingLoop(asyncio.SelectorEventLoop):
    """When all is quiet it is at once the time of what comes next; what threads do takes no time at all."""

    def __init__(self) -> None:
        super().__init__(_Leap(self))
        self.at = 0.0
        self.in_threads = 0

    def time(self) -> float:
        return self.at

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        self.in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _: Any) -> None:
        self.in_threads -= 1

    def counted(self, work: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        """The same, which time waits for."""

        async def run(*arguments: Any, **named: Any) -> T:
            self.in_threads += 1
            try:
                return await work(*arguments, **named)
            finally:
                self.in_threads -= 1

        return run


class _Leap(selectors.DefaultSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._loop.in_threads and timeout != 0:
            return super().select(None)
        self._loop.at += timeout or 0.0
        return super().select(0)


class SimulatedEngine(Engine):
    """The engine but for the network and Scrapy's gap: places per host, hosts let alone, faults are its own.

    `answer` is the simulated server's: what it gives after its own time, or the error of the connection.
    """

    def __init__(self, settings: EngineSettings, hosts: HostBook) -> None:
        super().__init__(settings, hosts)
        self._crawler: Any = "not needed"
        self._free_at: dict[str, float] = {}

    async def _hop(self, request: Fetch, hop: Hop, budget: Budget) -> Response:  # noqa: ARG002 (its own timeout)
        loop, host = asyncio.get_running_loop(), host_key(hop.url)
        turn = max(loop.time(), self._free_at.get(host, 0.0))
        self._free_at[host] = turn + self.gap_at(host)
        await asyncio.sleep(turn - loop.time())
        return await self.answer(request, hop.url, host)

    async def answer(self, request: Fetch, url: str, host: str) -> Response:
        raise NotImplementedError


class DirectWorkers:
    """The work done here and now; a pool of processes knows nothing of simulated time."""

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        return work(*arguments)
