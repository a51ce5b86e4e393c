"""A small world for the crawler's tests: one reactor in a thread of its own, and servers on loopback that misbehave."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from crawler.exchange import Fetch
from crawler.settings import EngineSettings

_TLS_HELLO = b"\x16"


@dataclass(slots=True)
class Asked:
    """One request as a server saw it."""

    path: str
    headers: dict[str, str]
    at: float


@dataclass(slots=True)
class Site:
    """A server on loopback; `routes` maps a path to an answer's bytes or to a coroutine that writes one."""

    routes: dict[str, bytes | Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    tls: object = None
    _server: asyncio.Server | None = None

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._hear(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = await reader.readexactly(1)
        if start == _TLS_HELLO:  # told at once, as servers do that speak HTTP alone on a port
            writer.write(answer_of(b"no TLS here", status="400 Bad Request"))
            return
        head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        asked = Asked(head[0].split()[1], headers, asyncio.get_running_loop().time())
        self.asked.append(asked)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._answer(asked, writer)
            await writer.drain()
        finally:
            self.in_flight -= 1

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = self.routes.get(asked.path, answer_of(b"not here", status="404 Not Found"))
        if isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(asked, writer)


def answer_of(body=b"", *, status="200 OK", content_type="text/html; charset=utf-8", **headers):
    """The bytes of a whole answer; `content_length=None` leaves that header out."""
    named = {"content-type": content_type, "content-length": str(len(body)), "connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


class World:
    """Runs coroutines on the reactor's loop, for a reactor can be installed only once in a process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        running = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(running,), name="reactor", daemon=True)
        self._thread.start()
        assert running.wait(10)

    def _run(self, running: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        from twisted.internet import asyncioreactor

        asyncioreactor.install(self.loop)
        from twisted.internet import reactor

        reactor.callWhenRunning(running.set)
        reactor.run(installSignalHandlers=False)

    def close(self) -> None:
        from twisted.internet import reactor

        self.run(self._cancel())
        reactor.callFromThread(reactor.stop)
        self._thread.join(10)
        self.loop.close()

    async def _cancel(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def run(self, coroutine, timeout=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def site(self, **routes) -> Site:
        """A running server; `page="..."` is its path `/page`."""
        site = Site({f"/{path}": answer for path, answer in routes.items()})
        self.run(site.start())
        return site

    def fetch(self, url, **wishes):
        """Fetch with an engine of its own; settings are told from the request's fields by name."""
        request = {key: wishes.pop(key) for key in list(wishes) if key in {"headers", "max_size", "kind", "access"}}

        async def once():
            async with running_engine(**wishes) as engine:
                return await engine.fetch(Fetch(url, **request))

        return self.run(once())


class running_engine:  # noqa: N801 (used as a context manager)
    """An engine that runs for the time of an `async with`; impolite and private unless said otherwise."""

    def __init__(self, **settings) -> None:
        from crawler.engine import Engine

        given = {"delay": timedelta(0), "private_addresses": True, "timeout": timedelta(seconds=5)} | settings
        self.engine = Engine(EngineSettings(**given))

    async def __aenter__(self):
        await self.engine.start()
        return self.engine

    async def __aexit__(self, *_):
        await self.engine.stop(timedelta(0))
