"""The page on a socket inside a loop that somebody else runs: no signals, no loop of its own, no sudden exit."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import uvicorn

from config.errors import EnvoywatchError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_DRAIN_S = 2


class ListenError(EnvoywatchError):
    """The page's address cannot be listened on."""


class PageServer:
    """Serves from `start` to `stop`; `url` is where."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self.host = host
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app,
            loop="none",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        self._server = uvicorn.Server(config)
        # The daemon owns the signals: uvicorn would take SIGTERM away from it.
        setattr(self._server, "capture_signals", contextlib.nullcontext)  # noqa: B010 (its type is a method's)
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address of the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Begin to answer; returns when connections are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="envoywatch page")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise ListenError(f"the page could not be served on {self.url}")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish the answers under way, for two seconds at most, and close the socket."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


def serve(app: ASGIApp, host: str, port: int) -> PageServer:
    """A server bound to its address (port 0: any free one) but not started; raises ListenError when it is taken."""
    return PageServer(app, host, port)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP: asyncio turns Nagle's algorithm off for no other, and every answer waits 40 ms for an acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(100)
    except OSError as error:
        sock.close()
        raise ListenError(
            f"the page cannot listen on {host}:{port}: {error.strerror or error}",
            hint="another program may use that port: change web.listen, or set `listen: off`",
        ) from error
    sock.setblocking(False)
    return sock
