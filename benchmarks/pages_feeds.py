"""The feeds and articles that the daemon of pages.py polls: any number of feeds on one loopback port."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from archive_texts import make

_ENTRIES: Final = 20
_NEW_EVERY_S: Final = 600
_BEYOND: Final = 10**9


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A feed, or an article of one."""
        self.server.asked += 1  # type: ignore[attr-defined] (of Feeds below)
        if self.path.startswith("/feed/"):
            self._send("application/rss+xml", _feed(int(self.path.rpartition("/")[2]), self.headers["host"]))
        else:
            self._send("text/html; charset=utf-8", _article(self.path))

    def do_POST(self) -> None:
        """The channels' messages."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._send("text/plain", "ok")

    def _send(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _feed(number: int, host: str) -> str:
    newest = int(time.time() + number) // _NEW_EVERY_S
    items = "".join(
        f"<item><title>Talks {number} {n}</title><link>http://{host}/news/{number}/{n}</link>"
        f"<guid>{number}-{n}</guid><pubDate>{formatdate(n * _NEW_EVERY_S)}</pubDate></item>"
        for n in range(newest, newest - _ENTRIES, -1)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed {number}</title>{items}</channel></rss>'


def _article(path: str) -> str:
    """As one of the archive, and like none of them: its number is beyond theirs."""
    feed, entry = map(int, path.split("/")[2:4])
    made = make(_BEYOND + 1_000 * feed + entry % 1_000, 2 * _BEYOND)
    body = "".join(f"<p>{line}</p>" for line in made.text.splitlines() if line)
    return f"<!doctype html><html><title>{made.title}</title><article><h1>{made.title}</h1>{body}</article></html>"


class Feeds:
    """Serves from the beginning of a `with` block to its end; `asked` counts the requests."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.asked = 0  # type: ignore[attr-defined] (the handler's count)
        self.port = self._server.server_address[1]

    @property
    def asked(self) -> int:
        """Requests so far."""
        return int(self._server.asked)  # type: ignore[attr-defined] (as above)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
