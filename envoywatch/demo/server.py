"""The demo's loopback server: serves the mission as far as the clock has come and records what its desk is sent."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from envoywatch.demo.site import Answer, answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from envoywatch.demo.mission import Mission

_HOST = "127.0.0.1"
_LONGEST_POST = 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """One message that reached the desk; `at` is on the demo's clock, `headers` have lower-case names."""

    at: datetime
    payload: Any
    headers: dict[str, str]


@dataclass
class DemoServer:
    """Serves `mission` on a free loopback port from `start` to `stop`; `now` is the demo's clock.

    `deliveries` grows with every message posted to `/desk`, from another thread.
    """

    mission: Mission
    now: Callable[[], datetime]
    deliveries: list[Received] = field(default_factory=list)
    _http: _Server | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> str:
        """Bind and serve in a thread of its own; returns the base URL, without a slash at its end."""
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="demo-server", daemon=True)
        self._thread.start()
        return self._http.base_url

    def stop(self) -> None:
        """Stop listening and wait for the thread; harmless when it does not run."""
        if self._http is None or self._thread is None:
            return
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the daemon opens its connections to all outlets at once

    def __init__(self, demo: DemoServer) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.demo = demo
        self.base_url = f"http://{_HOST}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up in mid-answer is no news here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    disable_nagle_algorithm = True  # else each kept-alive answer waits 40 ms for an acknowledgement
    timeout = 30

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        """Record a message to the desk."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_POST:
            self.close_connection = True  # the body stays unread
            self._send(Answer(413, "text/plain; charset=utf-8", b"send at most a megabyte, and say how much\n"))
            return
        body = self.rfile.read(int(length))
        if self.path != "/desk":
            self._send(Answer(404, "text/plain; charset=utf-8", b"messages go to /desk\n"))
            return
        try:
            payload = json.loads(body)
        except ValueError:
            self._send(Answer(400, "text/plain; charset=utf-8", b"that is not JSON\n"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.demo.deliveries.append(Received(self.server.demo.now(), payload, headers))
        self._send(Answer(200, "application/json", b"{}"))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Keep the terminal for the alerts."""

    def _serve(self) -> None:
        demo = self.server.demo
        given = answer(demo.mission, self.server.base_url, urlsplit(self.path).path, demo.now())
        if given.lag_s:
            time.sleep(given.lag_s)
            given = answer(demo.mission, self.server.base_url, urlsplit(self.path).path, demo.now())
        self._send(given)

    def _send(self, given: Answer) -> None:
        tag = f'"{hashlib.sha256(given.body).hexdigest()[:24]}"'
        known = given.status == HTTPStatus.OK and self._is_known(tag, given.modified_at)
        self.send_response(HTTPStatus.NOT_MODIFIED if known else given.status)
        if given.status == HTTPStatus.OK:
            self.send_header("ETag", tag)
            if given.modified_at is not None:
                self.send_header("Last-Modified", format_datetime(given.modified_at.astimezone(UTC), usegmt=True))
        if not known:
            self.send_header("Content-Type", given.content_type)
            self.send_header("Content-Length", str(len(given.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if not known and self.command != "HEAD":
            self.wfile.write(given.body)

    def _is_known(self, tag: str, modified_at: datetime | None) -> bool:
        """Whether the client has this very answer (RFC 9110 13.2.2: an entity tag, if sent, decides alone)."""
        if self.command == "POST":
            return False
        known_tags = self.headers.get("If-None-Match")
        if known_tags is not None:
            return known_tags.strip() == "*" or tag in {
                part.strip().removeprefix("W/") for part in known_tags.split(",")
            }
        since = self.headers.get("If-Modified-Since")
        if since is None or modified_at is None:
            return False
        try:
            return modified_at <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False
