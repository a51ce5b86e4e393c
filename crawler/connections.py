"""Connections to the first of a name's addresses that answers: guarded, in TLS or by proxy, kept while useful."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from crawler.guard import check_address
from crawler.http1 import AnswerReader, request_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.names import Names
    from crawler.proxies import ProxyAddress

_STAGGER_S = 0.3
"""After so long without a connection the next address is tried beside it (RFC 8305 proposes 0.25 s)."""
_IDLE_S = 3.0  # long enough for the next page of a host, short enough for few open descriptors
_IDLE_PER_ROUTE = 2
_TUNNEL_ANSWER_MAX = 64 * 1024
_OK = range(200, 300)


class TunnelError(Exception):
    """A proxy does not lead us to the host."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes and under which permissions; connections of different routes are never mixed."""

    host: str
    port: int
    tls: bool
    private: bool
    verify: bool
    proxy: ProxyAddress | None = None


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answered: asyncio.Future[None] | None = None
        self.heard_at: float | None = None
        """When the answer began to come, by the monotonic clock."""

    @property
    def is_open(self) -> bool:
        """Whether another request may be tried."""
        return self.transport is not None and not self.transport.is_closing()

    async def ask(self, request: bytes, reader: AnswerReader) -> None:
        """Send a request and read until the reader has its answer; the connection is given up on any trouble.

        Raises what the reader raises, and OSError.
        """
        if self.transport is None or not self.is_open:
            raise ConnectionResetError("the connection was closed")
        self._reader = reader
        self._answered = asyncio.get_running_loop().create_future()
        self.heard_at = None
        self.transport.write(request)
        try:
            await self._answered
        except BaseException:
            self.close()
            raise
        finally:
            self._reader = self._answered = None
        if not reader.reusable:
            self.close()

    def close(self) -> None:
        """At once: nothing is left to be sent, and a server need not agree."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's call."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio's call; who speaks unasked is not listened to."""
        if self._reader is None:
            self.close()
            return
        if self.heard_at is None:
            self.heard_at = time.monotonic()
        try:
            self._reader.feed(data)
        except Exception as error:  # noqa: BLE001 (whatever it is, who asked is told)
            self._end(error)
        else:
            if self._reader.done:
                self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's call; without an error the end of the connection may be the end of the answer."""
        if self._reader is None or self._reader.done:
            return
        try:
            self._reader.end(clean=exc is None)
        except Exception as error:  # noqa: BLE001 (likewise)
            self._end(exc or error)
        else:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._answered is None or self._answered.done():
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)
            self.close()


class Connections:
    """Opens connections, and keeps those that can be used again for a few seconds."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._idle: dict[Route, list[tuple[Connection, asyncio.TimerHandle]]] = {}
        self._contexts: dict[bool, ssl.SSLContext] = {}

    async def open(self, route: Route) -> Connection:
        """A new connection. Raises AddressRefusedError, NoAddressError, TunnelError, OSError (ssl.SSLError is one)."""
        loop = asyncio.get_running_loop()
        if route.proxy is not None:
            # The proxy itself is the operator's own choice, and mostly stands in a private network.
            sock = await self._connect(route.proxy.host, route.proxy.port, private=True)
            if route.tls:
                return await self._tunnel(sock, route)
            return (await loop.create_connection(Connection, sock=sock))[1]
        sock = await self._connect(route.host, route.port, private=route.private)
        context = self._context(verify=route.verify) if route.tls else None
        name = route.host.rstrip(".") if route.tls else None
        return (await loop.create_connection(Connection, sock=sock, ssl=context, server_hostname=name))[1]

    def take(self, route: Route) -> Connection | None:
        """A kept connection of the same route, if there is one."""
        kept = self._idle.get(route)
        while kept:
            connection, timer = kept.pop()
            timer.cancel()
            if not kept:
                del self._idle[route]
            if connection.is_open:
                return connection
        return None

    def keep(self, route: Route, connection: Connection) -> None:
        """Leave a connection open for the next request of its route, for a few seconds."""
        kept = self._idle.setdefault(route, [])
        if not connection.is_open or len(kept) >= _IDLE_PER_ROUTE:
            connection.close()
            if not kept:
                del self._idle[route]
            return
        timer = asyncio.get_running_loop().call_later(_IDLE_S, self._drop, route, connection)
        kept.append((connection, timer))

    def close(self) -> None:
        """Close what is kept."""
        for kept in self._idle.values():
            for connection, timer in kept:
                timer.cancel()
                connection.close()
        self._idle.clear()

    def _drop(self, route: Route, connection: Connection) -> None:
        connection.close()
        left = [pair for pair in self._idle.get(route, ()) if pair[0] is not connection]
        if left:
            self._idle[route] = left
        else:
            self._idle.pop(route, None)

    async def _connect(self, host: str, port: int, *, private: bool) -> socket.socket:
        addresses = await self._names.addresses(host)
        if len(addresses) == 1:
            return await connect_one(addresses[0], port, private=private)
        return await connect_first(by_turns(addresses), port, private=private)

    async def _tunnel(self, sock: socket.socket, route: Route) -> Connection:
        """Ask the proxy on `sock` for the host, then speak TLS with the host through it."""
        loop = asyncio.get_running_loop()
        connection: Connection = (await loop.create_connection(Connection, sock=sock))[1]
        target = f"[{route.host}]:{route.port}" if ":" in route.host else f"{route.host}:{route.port}"
        headers = [(b"Host", target.encode("ascii"))]
        if route.proxy is not None and route.proxy.authorization is not None:
            headers.append((b"Proxy-Authorization", route.proxy.authorization))
        answer = AnswerReader(_TUNNEL_ANSWER_MAX, tunnel=True)
        await connection.ask(request_bytes("CONNECT", target, headers), answer)
        if answer.status not in _OK or connection.transport is None:
            connection.close()
            raise TunnelError(f"the proxy answered {answer.status}")
        context, name = self._context(verify=route.verify), route.host.rstrip(".")
        try:
            secured = await loop.start_tls(connection.transport, connection, context, server_hostname=name)
        except BaseException:
            connection.close()
            raise
        if secured is None:
            raise ConnectionResetError("the tunnel was closed")
        connection.connection_made(secured)
        return connection

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        """One of each kind: making one reads every certificate authority (10 ms and 1 MB)."""
        if verify not in self._contexts:
            self._contexts[verify] = trusting_context() if verify else gullible_context()
        return self._contexts[verify]


def trusting_context() -> ssl.SSLContext:
    """Verifies certificates by the system's authorities."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    # Python 3.13 has begun to refuse certificates that every browser takes.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def gullible_context() -> ssl.SSLContext:
    """Takes any certificate, for a source whose configuration says so."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def by_turns(addresses: Sequence[str]) -> list[str]:
    """In their order, but the families by turns, so that one that leads nowhere costs one wait."""
    first = [one for one in addresses if (":" in one) == (":" in addresses[0])]
    other = [one for one in addresses if one not in first]
    mixed: list[str] = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


async def connect_one(address: str, port: int, *, private: bool) -> socket.socket:
    """A connected socket. Raises AddressRefusedError, OSError."""
    check_address(address, private=private)
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def connect_first(addresses: Sequence[str], port: int, *, private: bool) -> socket.socket:
    """The first connection of several addresses, each tried when the one before has failed or is slow.

    Raises the first address's error when all fail.
    """
    attempts: list[asyncio.Task[socket.socket]] = []
    waiting: set[asyncio.Task[socket.socket]] = set()
    won: socket.socket | None = None
    try:
        for address in addresses:
            attempt = asyncio.ensure_future(connect_one(address, port, private=private))
            attempts.append(attempt)
            waiting.add(attempt)
            won, waiting = await _winner(waiting, _STAGGER_S)
            if won is not None:
                return won
        while waiting:
            won, waiting = await _winner(waiting, None)
            if won is not None:
                return won
        raise attempts[0].exception() or OSError("no address answers")
    finally:
        for attempt in attempts:
            if not attempt.done():
                attempt.cancel()
            attempt.add_done_callback(lambda task: _discard(task, won))


async def _winner(
    waiting: set[asyncio.Task[socket.socket]], patience_s: float | None
) -> tuple[socket.socket | None, set[asyncio.Task[socket.socket]]]:
    done, left = await asyncio.wait(waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    for attempt in done:
        if not attempt.exception():
            return attempt.result(), left
    return None, left


def _discard(attempt: asyncio.Task[socket.socket], won: socket.socket | None) -> None:
    """Close a connection that came too late; look at an error that nobody else will."""
    if not attempt.cancelled() and attempt.exception() is None and attempt.result() is not won:
        attempt.result().close()
