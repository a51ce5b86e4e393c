"""The day that `soak.py` measures; a process of its own, for its memory is what is looked at.

    python benchmarks/soak_day.py SOURCES HOURS FOLDER

Real are the daemon with its scheduler and all of its jobs, the store with its writer's thread and its file, the reading
of feeds, pages and articles, and deliveries to a webhook on loopback. Simulated are time, which leaps to whatever comes
next, and the servers (`soak_world.py`). Work is done in this process that the daemon gives to worker processes, so that
what it leaves behind shows. Prints samples and figures as lines of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import apscheduler.schedulers.base
from scrapy.http import Response
from simulated_day import DirectWorkers, LeapingLoop, SimulatedEngine
from soak_world import WINDOW, Events, Ill, World, has_pages, is_watched

import crawler.engine
import crawler.hosts
import envoywatch.daemon
import envoywatch.hosts
import storage.writer
from config.load import load_config
from envoywatch.addresses import Addresses
from envoywatch.clock import Clock
from envoywatch.daemon import Daemon, Options
from envoywatch.desk import Desk, Silent, engine_settings
from envoywatch.hosts import HostKeeper
from envoywatch.jumps import JumpWatch
from envoywatch.logs import configure_logs
from envoywatch.reading import start_worker, warm_up
from storage.runs import end_run, start_run
from storage.store import open_store

if TYPE_CHECKING:
    from types import ModuleType

    from config.model import Config
    from crawler.exchange import Fetch
    from storage.model import Lease, NextPoll, Poll
    from storage.sources import PollFinish
    from storage.store import SqliteStore

START = datetime(2026, 3, 28, 18, tzinfo=UTC)
"""Six hours on, the clocks of Europe go forward."""
SAMPLE_S = 600.0
SILENT_HOURS = (8.0, 11.0)
"""Of 24: the second channel's server refuses for three hours."""
_CONFIG = """\
crawl: {{interval: 30m, private_addresses: true, obey_robots: false}}
web: {{listen: off}}
watches:
  - {{name: Envoy, query: '"Li Hui"', send: now, channels: [desk, phone]}}
  - {{name: Audience, meeting: {{guest: Li Hui}}, send: now, channels: [desk, phone]}}
digests:
  - {{name: morning, at: "08:00 Europe/Kyiv", channels: [desk]}}
  - {{name: night, at: "03:30 Europe/Kyiv", channels: [desk]}}
channels:
  desk: {{url: "json://127.0.0.1:{port}/desk"}}
  phone: {{url: "json://127.0.0.1:{port}/phone"}}
sources:
{sources}
"""


class LoopClock(Clock):
    """The wall clock of the machine that is simulated."""

    def __init__(self, loop: LeapingLoop, events: Events) -> None:
        super().__init__()
        self._loop, self._events = loop, events

    def now(self) -> datetime:
        return START + timedelta(seconds=self._events.wall(self._loop.at))

    def rule(self, *modules: ModuleType) -> None:
        """Have modules that ask for the time themselves be told this one."""
        clock = self

        class Simulated(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return clock.now().astimezone(tz)

        for module in modules:
            module.datetime = Simulated  # type: ignore[attr-defined]


class Tally(Silent):
    """What is counted of polls: how late each was whose host was well, and what they came to."""

    def __init__(self, loop: LeapingLoop, world: World, events: Events) -> None:
        self._loop, self._world, self._events = loop, world, events
        self._planned: dict[int, tuple[float, float]] = {}
        self.outcomes: Counter[str] = Counter()
        self.late: list[float] = []
        self.latest = 0.0
        self.longest_gap = 0.0

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:  # noqa: ARG002 (the listener's signature)
        self.outcomes[finish.is_fault or poll.outcome.value] += 1

    def planned(self, number: int, now: datetime, plan: NextPoll) -> None:
        self._planned[number] = (self._loop.at, (plan.at - now).total_seconds())

    def asked(self, number: int, host: str) -> None:
        since, wait = self._planned.pop(number, (None, 0.0))
        if since is None:
            return
        then, now = self._events.world(since), self._events.world(self._loop.at)
        if self._world.was_well(host, then - 1800, now):
            late = self._loop.at - since - wait
            self.late.append(late)
            self.latest = max(self.latest, late)
            self.longest_gap = max(self.longest_gap, (self._loop.at - since) / wait)


class Servers(SimulatedEngine):
    """The servers of the world, each in its ill hours as ill as it is then."""

    def __init__(self, config: Config, hosts: HostKeeper, world: World, tally: Tally, events: Events) -> None:
        super().__init__(engine_settings(config), hosts.book)
        self._world, self._tally, self._events = world, tally, events

    async def answer(self, request: Fetch, url: str, host: str) -> Response:
        path = url.split("/", 3)[3]
        if path.endswith(".xml"):
            self._tally.asked(int(path.removesuffix(".xml")), host)
        ill = self._world.ill(host, self._events.world(asyncio.get_running_loop().time()))
        if ill is Ill.HANGS:
            await asyncio.sleep(self.settings.timeout.total_seconds())
            raise TimeoutError
        latency = 0.1 + sum(map(ord, host)) % 9 / 10
        await asyncio.sleep(latency)
        if ill is Ill.REFUSES:
            raise ConnectionRefusedError
        response = self._answer(request, url, path, ill)
        wish = timedelta(minutes=10) if response.status == 429 else None
        self.hosts.note(host, response.status, timedelta(seconds=latency), wish)
        return response

    def _answer(self, request: Fetch, url: str, path: str, ill: Ill | None) -> Response:
        at = self._events.world(asyncio.get_running_loop().time())
        refused = {Ill.BREAKS: 500, Ill.FORBIDS: 403, Ill.VANISHES: 404, Ill.HAS_ENOUGH: 429}
        if ill in refused:
            return Response(url, status=refused[ill], headers={"Retry-After": "600"}, body=b"no")
        if not path.endswith(".xml"):
            number, entry = map(int, path.split("/"))
            return Response(url, headers={"Content-Type": "text/html"}, body=self._world.page(number, entry))
        return self._feed(request, url, int(path.removesuffix(".xml")), at, ill)

    def _feed(self, request: Fetch, url: str, number: int, at: float, ill: Ill | None) -> Response:
        headers = {"ETag": f'"{self._world.newest(number, at)} {ill}"', "Content-Type": "application/rss+xml"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(url, status=304, headers=headers)
        if ill is Ill.LOGS_IN:
            return Response(url, headers=headers, body=b"<html><body><form>Sign in</form></body></html>")
        if ill is Ill.BABBLES:
            return Response(url, headers=headers, body=bytes(range(256)) * 20)
        body = self._world.feed(number, at, f"-{at:.0f}" if ill is Ill.RENAMES else "")
        if ill is Ill.TRUNCATES:
            return Response(url, headers=headers, body=body[: len(body) // 2])
        self._world.served[number] = self._world.newest(number, at)
        return Response(url, headers=headers, body=body)


class Desks(ThreadingHTTPServer):
    """Takes deliveries, by path; `/phone` refuses while it is out of order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: Counter[tuple[str, str]] = Counter()
        self.out_of_order = False
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Desks

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.path == "/phone" and self.server.out_of_order
        if not refused:
            self.server.taken[self.path, self.headers["Idempotency-Key"]] += 1
        self.send_response(503 if refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class Day:
    """The daemon put together as its `run` does, but for the engine, the workers and the time."""

    def __init__(self, loop: LeapingLoop, sources: int, hours: float, folder: Path) -> None:
        self.loop, self.hours, self.folder = loop, hours, folder
        self.events = Events().scaled(hours)
        self.world = World(sources, self.events.world(hours * 3600))
        self.tally = Tally(loop, self.world, self.events)
        self.clock = LoopClock(loop, self.events)
        self.desks = Desks()

    async def live(self) -> dict[str, Any]:
        self.clock.rule(apscheduler.schedulers.base, envoywatch.daemon, envoywatch.hosts, crawler.engine, crawler.hosts)
        envoywatch.daemon.JumpWatch = partial(  # type: ignore[misc,assignment]
            JumpWatch, lambda: self.clock.now().timestamp(), self.loop.time
        )
        storage.writer.LINGER_S = 0.0  # type: ignore[misc]  # nobody comes while a thread works: time stands
        loaded = load_config(self._write_config(), environ={})
        with open_store(self.folder / "envoywatch.db", "soak") as store:
            self._count(store)
            run = await store.write(start_run, "soak", self.clock.now())
            hosts = HostKeeper(store, self.clock)
            engine = Servers(loaded.config, hosts, self.world, self.tally, self.events)
            workers: Any = DirectWorkers()
            desk = Desk(loaded.config, store, engine, workers, self.clock, self.tally, hosts, Addresses(loaded.secrets))
            await desk.sync()
            start_worker(loaded.config)
            warm_up()
            daemon = Daemon(Options(loaded, {}, self.clock, web=False))
            await self._run(daemon, desk, run.run_id)
            await store.write(end_run, run.run_id, self.clock.now())
            failed = daemon.polls.jobs.failed + daemon.reads.jobs.failed + daemon.sends.jobs.failed
            failed += daemon._work.failed + daemon.rereads.jobs.failed  # noqa: SLF001 (its own count of errors)
            figures = await store.read(partial(_stored, self))
            return {**figures, "failed": failed}

    def _write_config(self) -> Path:
        rows = (
            f"  - {{name: Gazette {number}, language: en, articles: {str(has_pages(number)).lower()},"
            f" interval: {'5m' if number % 50 == 0 else '30m'}, endpoints: [{{feed: '{self.world.url(number)}'}}]}}"
            for number in range(self.world.sources)
        )
        path = self.folder / "envoywatch.yaml"
        path.write_text(_CONFIG.format(port=self.desks.server_port, sources="\n".join(rows)), encoding="utf-8")
        return path

    def _count(self, store: SqliteStore) -> None:
        """Time waits for the store's threads; and note when each source is to be asked next."""
        store._writer.run = self.loop.counted(store._writer.run)  # type: ignore[method-assign]  # noqa: SLF001 (no seam)
        store.read = self.loop.counted(store.read)  # type: ignore[method-assign]
        finish = store.finish_poll

        async def finish_poll(poll: Poll, choose: Any, now: datetime) -> PollFinish:
            number = int(poll.url.rpartition("/")[2].removesuffix(".xml"))
            chosen: list[NextPoll] = []
            done = await finish(poll, lambda new: chosen.append(choose(new)) or chosen[-1], now)
            self.tally.planned(number, now, chosen[-1])
            return done

        store.finish_poll = finish_poll  # type: ignore[method-assign]

    async def _run(self, daemon: Daemon, desk: Desk, run_id: int) -> None:
        daemon._set_up(desk)  # noqa: SLF001 (the daemon's own parts, without its process)
        await envoywatch.daemon.clocks.set_digest_clocks(desk)
        envoywatch.daemon.settle()
        scheduler = daemon._scheduler(run_id)  # noqa: SLF001 (likewise)
        scheduler.start()
        watching = asyncio.create_task(daemon._watch_clock(scheduler))  # noqa: SLF001 (likewise)
        end = self.hours * 3600
        began = time.process_time()
        while end - self.loop.at > 1:  # not for what rounding leaves
            await asyncio.sleep(min(SAMPLE_S, end - self.loop.at))
            at = self.loop.at / 3600 * 24 / self.hours
            self.desks.out_of_order = SILENT_HOURS[0] <= at < SILENT_HOURS[1]
            self._sample(time.process_time() - began)
        self.world.closed = dict(self.world.served)
        until = self.loop.at + 3600
        while self.loop.at < until and await desk.store.read(_waiting):  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(5)
        watching.cancel()
        scheduler.shutdown(wait=False)
        daemon.stop()
        await daemon._drain()  # noqa: SLF001 (likewise)
        await desk.hosts.flush()

    def _sample(self, cpu_s: float) -> None:
        gc.collect()
        late = sorted(self.tally.late)
        self.tally.late = []
        size = sum(path.stat().st_size for path in self.folder.glob("envoywatch.db*"))
        sample = {
            "hours": self.loop.at / 3600,
            "rss_mb": _rss_mb(),
            "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
            "threads": threading.active_count(),
            "database_mb": size / 2**20,
            "late_p99_s": late[len(late) * 99 // 100] if late else 0.0,
            "late_most_s": late[-1] if late else 0.0,
            "polls": sum(self.tally.outcomes.values()),
            "faults": sum(count for kind, count in self.tally.outcomes.items() if kind not in {"entries", "unchanged"}),
            "cpu_s": cpu_s,
        }
        print(json.dumps({"sample": sample}), flush=True)


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _waiting(connection: Any) -> int:
    sql = (
        "SELECT (SELECT count(*) FROM entries WHERE state = 'pending')"
        " + (SELECT count(*) FROM deliveries WHERE state = 'due')"
    )
    return int(connection.execute(sql).fetchone()[0])


def _stored(day: Day, connection: Any) -> dict[str, Any]:
    """What the database holds of what was published, and what arrived of what it decided."""

    def one(sql: str) -> Any:
        return connection.execute(sql).fetchone()[0]

    world = day.world
    published = {
        f"http://{world.host(number)}/{number}/{entry}"
        for number, newest in world.closed.items()
        for entry in range(1, newest + 1)
    }
    later = {
        f"http://{world.host(number)}/{number}/{entry}"
        for number, newest in world.served.items()
        for entry in range(world.closed.get(number, 0) + 1, newest + 1)
    }
    articles = Counter(row[0] for row in connection.execute("SELECT url FROM articles"))
    watched = {url for url in published if is_watched(*map(int, url.rsplit("/", 2)[1:]))}
    matched = {
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT url FROM articles JOIN matches ON article_id = articles.id WHERE watch = 'Envoy'"
        )
    }
    sent = {tuple(row) for row in connection.execute("SELECT '/' || channel, key FROM deliveries WHERE state = 'sent'")}
    taken = day.desks.taken
    return {
        "window": WINDOW,
        "published": len(published),
        "lost": sorted(published - set(articles)),
        "never published": sorted(set(articles) - published - later),
        "twice": sum(count - 1 for count in articles.values()),
        "entries": one("SELECT count(*) FROM entries"),
        "watched": len(watched),
        "unmatched": len(watched ^ (matched & published)),
        "alerts": one("SELECT count(*) FROM alerts"),
        "deliveries": one("SELECT count(*) FROM deliveries"),
        "undelivered": one("SELECT count(*) FROM deliveries WHERE state <> 'sent'") + len(sent - set(taken)),
        "delivered twice": sum(count - 1 for count in taken.values()) + len(set(taken) - sent),
        "digests": dict(connection.execute("SELECT name, count(*) FROM digests GROUP BY name").fetchall()),
        "integrity": one("PRAGMA integrity_check"),
        "latest_s": day.tally.latest,
        "longest_gap": day.tally.longest_gap,
        "outcomes": dict(day.tally.outcomes),
    }


def main() -> None:
    folder = Path(sys.argv[3])
    with ExitStack() as stack:
        configure_logs(stream=stack.enter_context((folder / "log").open("w", encoding="utf-8")))
        runner = stack.enter_context(asyncio.Runner(loop_factory=LeapingLoop))
        loop: Any = runner.get_loop()
        day = Day(loop, int(sys.argv[1]), float(sys.argv[2]), folder)
        print(json.dumps({"figures": runner.run(day.live())}))


if __name__ == "__main__":
    main()
