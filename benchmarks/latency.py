"""From the entry in a feed to the webhook: how long an alert takes beyond the poll that finds it.

    python benchmarks/latency.py [--alerts 200] [--others 500] [--delay 1s] [--check]

A real daemon with its default manners (robots.txt, a second between two requests to one host) polls twenty feeds, in
which one entry after the other appears, beside 500 other sources that have news now and then, each on a loopback
address of its own; it fetches each article's page, reads it with watches and detector, records, and sends to a webhook
on loopback. Counted is from the moment the poll that finds the entry is asked until the webhook has the whole message.
`--check` exits 1 when an alert is missing or repeated, or when 1 % of them take 2 s or more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FEEDS = 20
ITEMS = 3  # in each feed at first
GAP_S = 7.0  # between two entries of one feed; polls come every five seconds
LIMIT_S = 2.0
PATIENCE_S = 300.0
_CONFIG = """\
crawl: {{interval: 15s, max_interval: 15s, min_interval: 5s, delay: {delay}, private_addresses: true}}
web: {{listen: "127.0.0.1:0"}}
sources:
{sources}
watches:
  - {{name: Envoy, query: '"Li Hui" AND (talks OR ceasefire)', send: now, channels: [desk]}}
  - {{name: Leaders, meeting: {{level: leader}}, send: digest}}
channels:
  desk: {{url: "json://127.0.0.1:{port}/desk"}}
"""
_WORDS = """talks border grain delegation ministry answer morning proposal letter train airport welcome statement hope
road river winter visit partner neighbour trade energy agreement paper journalist crowd square bridge harbour market"""


def address(feed: int) -> str:
    return f"127.{7 + feed // 60_000}.{feed // 200}.{feed % 200 + 1}"


# ---------------------------------------------------------------- the outlets, a process of their own


class Outlets:
    """Every feed with its items; told on standard input when to begin, on its end the times of first service."""

    def __init__(self, others: int) -> None:
        now = datetime.now(UTC)
        self.items = {address(feed): [(number, now) for number in range(ITEMS)] for feed in range(FEEDS + others)}
        self.asked: Counter[str] = Counter()
        self.published: dict[str, float] = {}
        self.served: dict[str, float] = {}
        self.watched = {address(feed) for feed in range(FEEDS)}

    def publish(self, host: str) -> None:
        number = len(self.items[host])
        self.items[host].append((number, datetime.now(UTC)))
        if host in self.watched:
            self.published[f"{host}/{number}"] = time.monotonic()

    def feed(self, host: str) -> bytes:
        now = time.monotonic()
        rows = []
        for number, at in reversed(self.items[host][-30:]):
            if f"{host}/{number}" in self.published:
                self.served.setdefault(f"{host}/{number}", now)
            rows.append(
                f"<item><title>{self._title(host, number)}</title><link>http://{host}:{self.port}/{number}.html</link>"
                f"<guid>{host}/{number}</guid><pubDate>{format_datetime(at)}</pubDate></item>"
            )
        return f'<rss version="2.0"><channel><title>{host}</title>{"".join(rows)}</channel></rss>'.encode()

    def _title(self, host: str, number: int) -> str:
        told = f"{host}/{number}" in self.published
        return f"Li Hui, dispatch {host}/{number}" if told else f"Report {number} of {host}"

    def page(self, host: str, number: int) -> bytes:
        words = random.Random(f"{host}/{number}")  # noqa: S311 (makes texts of which none is a copy of another)
        told = "The envoy Li Hui arrived for talks about a ceasefire. " if f"{host}/{number}" in self.published else ""
        paragraphs = "".join(f"<p>{' '.join(words.choices(_WORDS.split(), k=60)).capitalize()}.</p>" for _ in range(6))
        title = self._title(host, number)
        return (
            f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{told}</p>{paragraphs}"
            "</article></body></html>"
        ).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("sockname")[0]
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
                if path == "/feed.xml":
                    self.asked[host] += 1
                    body, kind = self.feed(host), "application/rss+xml"
                elif path.endswith(".html"):
                    body, kind = self.page(host, int(path[1:-5])), "text/html; charset=utf-8"
                else:
                    body, kind = b"", "text/plain"
                status = b"200 OK" if body else b"404 Not Found"
                head = f"\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                writer.write(b"HTTP/1.1 " + status + head + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def run(self, alerts: int) -> None:
        hosts = list(self.items)
        servers = [await asyncio.start_server(self.answer, hosts[0], 0)]
        self.port = servers[0].sockets[0].getsockname()[1]
        servers.append(await asyncio.start_server(self.answer, hosts[1:], self.port))
        print(self.port, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        rng = random.Random(5)  # noqa: S311 (chooses moments)
        others = asyncio.create_task(self._others(hosts[FEEDS:], rng))
        every = [alerts // FEEDS + (number < alerts % FEEDS) for number in range(FEEDS)]
        await asyncio.gather(*(self._tell(host, count, rng) for host, count in zip(hosts, every, strict=False)))
        print("told", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        others.cancel()
        print(json.dumps({"published": self.published, "served": self.served, "asked": self.asked}), flush=True)

    async def _tell(self, host: str, count: int, rng: random.Random) -> None:
        await asyncio.sleep(rng.uniform(0, GAP_S))
        for _ in range(count):
            self.publish(host)
            await asyncio.sleep(GAP_S + rng.uniform(0, 1))

    async def _others(self, hosts: list[str], rng: random.Random) -> None:
        """One of them has something new every half second."""
        while hosts:
            self.publish(rng.choice(hosts))
            await asyncio.sleep(0.5)


# ---------------------------------------------------------------- the desk


class Desk(ThreadingHTTPServer):
    """The webhook: when each message had wholly come, by the dispatch it tells of."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.came: dict[str, list[float]] = {}
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Receiver(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        title = body["article"]["title"]
        self.server.came.setdefault(title.rpartition(" ")[2], []).append(time.monotonic())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


def configuration(port: int, desk: int, others: int, delay: str) -> str:
    sources = "".join(
        f"  - {{name: source {feed}, language: en, interval: {'5s' if feed < FEEDS else '15s'},"
        f" max_interval: {'5s' if feed < FEEDS else '15s'},"
        f" endpoints: [{{feed: http://{address(feed)}:{port}/feed.xml}}]}}\n"
        for feed in range(FEEDS + others)
    )
    return _CONFIG.format(sources=sources, port=desk, delay=delay)


def wait_until_read(folder: Path, sources: int) -> None:
    """Until every source was polled and what stood in its feed was read."""
    sql = (
        "SELECT (SELECT count(*) FROM sources WHERE last_ok_at IS NOT NULL),"
        " (SELECT count(*) FROM entries WHERE state = 'pending')"
    )
    until = time.monotonic() + PATIENCE_S
    polled, pending = 0, 1
    while (polled < sources or pending) and time.monotonic() < until:
        time.sleep(0.5)
        try:
            with closing(sqlite3.connect(f"file:{folder}/envoywatch.db?mode=ro", uri=True)) as db:
                polled, pending = db.execute(sql).fetchone()
        except sqlite3.OperationalError:
            continue
    if polled < sources or pending:
        sys.exit(f"only {polled} sources were polled, {pending} entries wait; {(folder / 'log').read_text()[-2000:]}")


def measure(folder: Path, alerts: int, others: int, delay: str) -> tuple[dict, Desk]:
    desk = Desk()
    command = [sys.executable, __file__, "--serve", "--alerts", str(alerts), "--others", str(others)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as outlets:
        tell, told = outlets.stdin, outlets.stdout
        if tell is None or told is None:
            sys.exit("the outlets have no pipes")
        text = configuration(int(told.readline()), desk.server_port, others, delay)
        (folder / "envoywatch.yaml").write_text(text, encoding="utf-8")
        with (folder / "log").open("wb") as log:
            run = [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), "run"]
            daemon = subprocess.Popen(run, stdout=log, stderr=log, cwd=Path(__file__).resolve().parents[1])
        try:
            wait_until_read(folder, FEEDS + others)
            print("begin", file=tell, flush=True)
            told.readline()
            until = time.monotonic() + 30
            while len(desk.came) < alerts and time.monotonic() < until:
                time.sleep(0.1)
            print("end", file=tell, flush=True)
            found = json.loads(told.readline())
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
    desk.shutdown()
    return found, desk


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def report(found: dict, desk: Desk, alerts: int, others: int, delay: str) -> bool:
    missing = [name for name in found["published"] if name not in desk.came]
    repeated = [name for name, times in desk.came.items() if len(times) > 1]
    beyond = [desk.came[name][0] - found["served"][name] for name in desk.came]
    whole = [desk.came[name][0] - found["published"][name] for name in desk.came]
    if not beyond:
        print("ratio: no alert came")
        return False
    print(f"{alerts} alerts from {FEEDS} feeds beside {others} other sources, {delay} between requests to a host\n")
    rows = (
        ("feeds asked for", f"{sum(found['asked'].values()):,}"),
        ("alerts missing, repeated", f"{len(missing)}, {len(repeated)}"),
        ("beyond the poll, median", f"{statistics.median(beyond):.3f} s"),
        ("beyond the poll, 95 %", f"{percentile(beyond, 0.95):.3f} s"),
        ("beyond the poll, 99 %", f"{percentile(beyond, 0.99):.3f} s"),
        ("beyond the poll, at most", f"{max(beyond):.3f} s"),
        ("since it stood in the feed, median", f"{statistics.median(whole):.3f} s"),
        ("since it stood in the feed, at most", f"{max(whole):.3f} s"),
    )
    for name, value in rows:
        print(f"{name:<38} {value:>12}")
    late = percentile(beyond, 0.99)
    print(f"ratio: {late / LIMIT_S:.2f} of the {LIMIT_S:.0f} s that 99 % may take beyond the poll ({late:.3f} s)")
    return late < LIMIT_S and not missing and not repeated and len(found["published"]) == alerts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--others", type=int, default=500)
    parser.add_argument("--delay", default="1s", help="between two requests to one host, as in the configuration")
    parser.add_argument("--check", action="store_true", help="fail when 1 % take longer than two seconds")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(Outlets(options.others).run(options.alerts))
        return 0
    with tempfile.TemporaryDirectory(prefix="envoywatch-latency-") as name:
        found, desk = measure(Path(name), options.alerts, options.others, options.delay)
        good = report(found, desk, options.alerts, options.others, options.delay)
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
