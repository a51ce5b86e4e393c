"""How many requests one host may have in flight; the gap between them is kept by Scrapy's slots."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from config.hosts import host_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["HostGates", "host_key"]


class _Gate:
    """One host's requests in flight and those waiting, first come first served."""

    def __init__(self) -> None:
        self.active = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class HostGates:
    """Lets `limit()` requests per host through at a time; a host without requests takes no memory.

    Scrapy keeps cancelled downloads in their slot's queue, so that a crowd must wait here instead.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._gates: dict[str, _Gate] = {}

    def __len__(self) -> int:
        return len(self._gates)

    @asynccontextmanager
    async def enter(self, host: str) -> AsyncIterator[None]:
        """Wait for a place at this host, and give it back on leaving."""
        gate = self._gates.setdefault(host, _Gate())
        await self._acquire(gate)
        try:
            yield
        finally:
            gate.active -= 1
            self._wake(gate)
            if not gate.active and not gate.waiting:
                self._gates.pop(host, None)

    async def _acquire(self, gate: _Gate) -> None:
        if not gate.waiting and gate.active < self._limit():
            gate.active += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gate.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # woken and cancelled at once: hand the place on
                gate.active -= 1
                self._wake(gate)
            elif turn in gate.waiting:
                gate.waiting.remove(turn)
            raise

    def _wake(self, gate: _Gate) -> None:
        while gate.waiting and gate.active < self._limit():
            turn = gate.waiting.popleft()
            if not turn.done():
                gate.active += 1
                turn.set_result(None)
