"""A small world for real daemons: feeds, pages and a webhook on loopback, and the program as a process of its own."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.outlet import Answering

PATIENCE_S = 40


class World(ThreadingHTTPServer):
    """Serves what was published as feeds with article pages; `/desk` takes deliveries."""

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.items = {}
        self.deliveries = []
        self.refuse = set()
        self.closed = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def publish(self, outlet, title, text):
        with self.lock:
            items = self.items.setdefault(outlet, [])
            items.append((len(items) + 1, title, text, datetime.now(UTC)))

    def revise(self, outlet, number, text, title=None):
        """Edit an item where it stands; None takes its page down."""
        with self.lock:
            _, before, _, at = self.items[outlet][number - 1]
            self.items[outlet][number - 1] = (number, title or before, text, at)

    def close(self):
        self.closed = True
        self.shutdown()
        self.thread.join()
        self.server_close()

    def feed(self, outlet):
        with self.lock:
            items = list(self.items.get(outlet, ()))
        rows = "".join(
            f"<item><title>{escape(title)}</title><link>{self.url}/{outlet}/{number}.html</link>"
            f"<pubDate>{format_datetime(at)}</pubDate><description>{escape(text or '')}</description></item>"
            for number, title, text, at in reversed(items)
        )
        return f'<rss version="2.0"><channel><title>{outlet}</title>{rows}</channel></rss>'

    def page(self, outlet, number):
        with self.lock:
            _, title, text, _ = self.items[outlet][number - 1]
        if text is None:
            return None
        return f"<html><body><article><h1>{escape(title)}</h1><p>{escape(text)}</p></article></body></html>"


class _Handler(Answering, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        outlet, _, rest = self.path.strip("/").partition("/")
        if outlet in self.server.refuse:
            self.answer(500, "text/plain", b"out of order")
        elif rest == "feed.xml":
            self.answer(200, "application/rss+xml", self.server.feed(outlet).encode())
        elif rest.endswith(".html"):
            page = self.server.page(outlet, int(rest.removesuffix(".html")))
            self.answer(410 if page is None else 200, "text/html; charset=utf-8", (page or "gone").encode())
        else:
            self.answer(404, "text/plain", b"nothing here")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.deliveries.append({"key": self.headers["Idempotency-Key"], **body})
        self.answer(200, "text/plain", b"thanks")


def configuration(world, outlets, *, watches="", extra=""):
    sources = "".join(
        f"  - name: {outlet}\n    language: en\n    endpoints:\n      - feed: {world.url}/{outlet}/feed.xml\n"
        for outlet in outlets
    )
    return f"""\
crawl: {{interval: 1s, min_interval: 1s, delay: 0s, per_host: 8, private_addresses: true}}
web: {{listen: "127.0.0.1:0"}}
sources:
{sources}
watches:
{watches or ENVOY_WATCH}
channels:
  desk: {{url: "json://127.0.0.1:{world.server_port}/desk"}}
{extra}"""


ENVOY_WATCH = """\
  - {name: Envoy, query: '"Li Hui"', send: now, channels: [desk]}
  - {name: Leaders, meeting: {level: leader}, send: now, channels: [desk]}
"""


def start(folder, *arguments):
    log = (folder / "daemon.log").open("ab")
    with closing(log):
        return subprocess.Popen(
            [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), *(arguments or ("run",))],
            stdout=log,
            stderr=log,
        )


@contextlib.contextmanager
def running(folder, *arguments):
    process = start(folder, *arguments)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def stop(process):
    """SIGTERM; returns the exit code and how long it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=15), time.monotonic() - began


def log_of(folder):
    return (folder / "daemon.log").read_text(encoding="utf-8", errors="replace")


def rows(folder, sql, *values):
    with closing(sqlite3.connect(f"file:{folder}/envoywatch.db?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(sql, values).fetchall()


def wait_for(found, folder=None):
    """Wait until `found()` is truthy and return it; on running out of patience show the daemon's log."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(sqlite3.OperationalError):
            if value := found():
                return value
        time.sleep(0.05)
    raise AssertionError("it did not come about; the log says:\n" + (log_of(folder)[-4000:] if folder else ""))
