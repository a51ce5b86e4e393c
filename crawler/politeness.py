"""How many requests one host may have in flight; the gap between them is kept by Scrapy's slots."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from config.hosts import host_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HostGates", "host_key"]


class _Gate:
    """One host's requests in flight and those waiting, first come first served."""

    def __init__(self) -> None:
        self.active = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class HostGates:
    """Lets `limit()` requests per host through at a time; a host without requests takes no memory.

    A crowd waits here and not in its slot, so that it holds no place among the requests in flight meanwhile.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._gates: dict[str, _Gate] = {}

    def __len__(self) -> int:
        return len(self._gates)

    def enter(self, host: str) -> _Place:
        """Wait for a place at this host on entering, and give it back on leaving."""
        return _Place(self, host)

    async def take(self, host: str) -> None:
        """Wait for a place; who has one gives it back with `leave`."""
        await self._acquire(self._gates.setdefault(host, _Gate()))

    def leave(self, host: str) -> None:
        """Give a place back to the first who waits."""
        gate = self._gates[host]
        gate.active -= 1
        self._wake(gate)
        if not gate.active and not gate.waiting:
            del self._gates[host]

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


class _Place:
    """A place at a host for as long as its block runs; not a generator, which asyncio would have to keep account of."""

    __slots__ = ("_gates", "_host")

    def __init__(self, gates: HostGates, host: str) -> None:
        self._gates = gates
        self._host = host

    async def __aenter__(self) -> None:
        await self._gates.take(self._host)

    async def __aexit__(self, *_: object) -> None:
        self._gates.leave(self._host)
