"""Host names to addresses: looked up in threads of their own, once for all who wait, remembered for five minutes."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOKUP_THREADS = 64  # the loop's own few would hold 2,000 feeds up behind slow names
_KEPT = 10_000
_FRESH_S = 300.0


class NoAddressError(Exception):
    """The name has no address."""


def look_up(name: str) -> list[str]:
    """The system's answer, in its order; numeric hosts in any of their forms too. Raises NoAddressError."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NoAddressError(f"{name} cannot be looked up") from error
    # An IPv6 address of one link has its scope beside it, which connecting needs.
    return list(dict.fromkeys(str(row[4][0]) for row in found))


class Names:
    """Answers from memory when fresh; a failed look-up is not remembered."""

    def __init__(self, find: Callable[[str], list[str]] = look_up, clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[list[str]]] = {}
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="envoywatch-names")

    async def addresses(self, name: str) -> list[str]:
        """At least one address. Raises NoAddressError, and UnicodeError for what can be no name."""
        at, known = self._known.get(name, (0.0, []))
        if known and self._clock() - at < _FRESH_S:
            return known
        if _is_numeric(name):
            return [name]
        under_way = self._under_way.get(name)
        if under_way is None:
            under_way = asyncio.ensure_future(self._ask(name))
            under_way.add_done_callback(_retrieve)
            self._under_way[name] = under_way
        return await asyncio.shield(under_way)

    def close(self) -> None:
        """Begin no more look-ups; those under way cannot be ended, and nobody waits for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, name: str) -> list[str]:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._find, name)
        finally:
            del self._under_way[name]
        self._known.pop(name, None)
        self._known[name] = (self._clock(), found)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found


@lru_cache(maxsize=_KEPT)
def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _retrieve(future: asyncio.Future[list[str]]) -> None:
    """All who waited may have been cancelled: nobody else would look at the exception."""
    if not future.cancelled():
        future.exception()
