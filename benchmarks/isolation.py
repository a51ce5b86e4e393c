"""Two hundred good sources polled alone, and again while one host hangs and another drips.

    python benchmarks/isolation.py [--seconds 40] [--rounds 2] [--bad 100] [--check]

All is real: the polling stage, the engine, the database, sockets on loopback, each good source on an address of its own
and asked every two seconds. Told is how long after its last poll each was asked again, and how long an answer took.
Beside them `--bad` sources of one host that takes connections and never answers, and as many of one that sends a byte
now and then, all of which run into the time-out of 5 s. The two ways take turns. `--check` exits 1 when the 99th
percentile of either is more than a tenth (and 20 ms) above what it is alone.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from config.model import Config
from crawler.engine import run
from envoywatch.clock import Clock
from envoywatch.daemon import TICK_S
from envoywatch.desk import Silent, open_desk, warm
from envoywatch.logs import configure_logs
from envoywatch.pipeline import PollStage
from storage.model import PollOutcome
from storage.store import open_store

if TYPE_CHECKING:
    from datetime import datetime

    from storage.model import Lease, Poll
    from storage.sources import PollFinish

GOOD = 200
HANGING, DRIPPING = "127.3.0.1", "127.3.0.2"
INTERVAL_S = 2
TIMEOUT_S = 5
MORE, MORE_S = 1.1, 0.02
_FEED = (
    b'<rss version="2.0"><channel><title>Gazette</title>'
    b"<item><title>Report</title><link>http://127.0.0.1/1</link></item></channel></rss>"
)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n"


def good_address(number: int) -> str:
    return f"127.2.{number // 200}.{number % 200 + 1}"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host = writer.get_extra_info("sockname")[0]
    try:
        while b"robots.txt" in (head := await reader.readuntil(b"\r\n\r\n")) or host not in {HANGING, DRIPPING}:
            missing = b"robots.txt" in head
            answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" if missing else _HEAD % len(_FEED) + _FEED
            writer.write(answer)
        if host == DRIPPING:
            writer.write(_HEAD % 10_000)
        while True:
            await asyncio.sleep(0.2)
            if host == DRIPPING:
                writer.write(b" ")
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def serve() -> None:
    """The servers, in a process of their own."""
    hosts = [HANGING, DRIPPING, *map(good_address, range(GOOD))]
    servers = [await asyncio.start_server(_answer, hosts[0], 0)]
    port = servers[0].sockets[0].getsockname()[1]
    servers.append(await asyncio.start_server(_answer, hosts[1:], port))
    print(port, flush=True)
    await asyncio.Event().wait()


@dataclass
class Watcher(Silent):
    """When each good source was asked."""

    gaps: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    timed_out: int = 0
    since: float = float("inf")
    _ended: dict[int, datetime] = field(default_factory=dict)

    def begin(self, since: float) -> None:
        """Count what comes after that, in a database of its own."""
        self.since, self._ended = since, {}

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:  # noqa: ARG002 (the listener's signature)
        if not lease.spec.name.startswith("good"):
            self.timed_out += poll.outcome is PollOutcome.FAULT
            return
        if poll.outcome is PollOutcome.FAULT:
            sys.exit(f"{lease.spec.name} failed: {poll.fault}")
        last, self._ended[lease.source_id] = self._ended.get(lease.source_id), poll.started_at + poll.took
        if last is not None and time.monotonic() >= self.since:
            self.gaps.append((poll.started_at - last).total_seconds())
            self.took.append(poll.took.total_seconds())


def config_of(port: int, bad: int) -> Config:
    places = [(f"good {number}", f"{good_address(number)}:{port}/feed.xml") for number in range(GOOD)]
    places += [(f"hanging {number}", f"{HANGING}:{port}/{number}.xml") for number in range(bad)]
    places += [(f"dripping {number}", f"{DRIPPING}:{port}/{number}.xml") for number in range(bad)]
    interval = f"{INTERVAL_S}s"
    crawl = {"interval": interval, "max_interval": interval, "min_interval": "1s", "timeout": f"{TIMEOUT_S}s"}
    return Config.model_validate(
        {
            "crawl": {**crawl, "delay": "100ms", "articles": False, "private_addresses": True},
            "web": {"listen": "off"},
            "sources": [{"name": name, "endpoints": [{"feed": f"http://{place}"}]} for name, place in places],
        }
    )


async def poll_for(seconds: float, port: int, bad: int, watcher: Watcher) -> int:
    with tempfile.TemporaryDirectory(prefix="envoywatch-isolation-") as folder:
        database = Path(folder) / "envoywatch.db"
        with open_store(database, "benchmark") as store:
            async with open_desk(config_of(port, bad), store, Clock(), watcher) as desk:
                await warm(desk.workers)
                polls = PollStage(desk, lambda: None)
                watcher.begin(time.monotonic() + TIMEOUT_S)  # by then all have begun to be asked
                until = watcher.since + seconds
                while time.monotonic() < until:
                    await polls.pump()
                    await asyncio.sleep(TICK_S)
                await polls.jobs.drain(0)
    return 0


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def report(alone: Watcher, beside: Watcher) -> bool:
    print(f"{GOOD} good sources, asked every {INTERVAL_S} s; {beside.timed_out} polls beside them ran into time-outs\n")
    print(f"{'':<34} {'alone':>9} {'beside':>9}")
    print(f"{'polls':<34} {len(alone.gaps):>9,} {len(beside.gaps):>9,}")
    good = beside.timed_out > 0
    ratio = 0.0
    for name, key in (("asked again after", "gaps"), ("answered within", "took")):
        first, second = getattr(alone, key), getattr(beside, key)
        print(f"{name + ', median':<34} {statistics.median(first):>7.3f} s {statistics.median(second):>7.3f} s")
        for share in (0.99, 1.0):
            before, after = percentile(first, share), percentile(second, share)
            told = "at most" if share == 1.0 else f"{share:.0%} of them"
            print(f"{name + ', ' + told:<34} {before:>7.3f} s {after:>7.3f} s")
            if share < 1.0:
                good &= after <= before * MORE + MORE_S
                ratio = ratio or after / before
    print(f"ratio: {ratio:.2f} of the time until a good source is asked again (99 %), to what it is alone")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bad", type=int, default=100, help="sources of each of the two hosts")
    parser.add_argument("--check", action="store_true", help="fail when the good ones are later than alone")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return 0
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())  # type: ignore[union-attr]  # it is a pipe
    alone, beside = Watcher(), Watcher()

    async def take_turns() -> int:
        for number in range(options.rounds):
            pair = [(alone, 0), (beside, options.bad)]
            for watcher, bad in pair if number % 2 else reversed(pair):
                await poll_for(options.seconds, port, bad, watcher)
        return 0

    with tempfile.TemporaryFile("w", encoding="utf-8") as log:
        configure_logs(stream=log)
        run(take_turns)
    server.terminate()
    server.wait(timeout=30)
    good = report(alone, beside)
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
