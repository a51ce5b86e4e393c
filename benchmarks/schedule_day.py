"""A day of very many sources on a simulated clock, for `schedule.py`; a process of its own.

    python benchmarks/schedule_day.py SOURCES HOURS

Real are the polling stage with its turns, the engine's limits per host, the reading of feeds, the decision when each
source is asked next, and the database file. Simulated are time, which leaps to whatever happens next, and the servers:
most answer within a second, some take several, one host in a hundred hangs, and so does one of ten platforms that hold
a tenth of all sources. At the beginning every source is due at once. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scrapy.http import Response
from simulated_day import DirectWorkers, LeapingLoop, SimulatedEngine

from config.model import Config
from config.vocabulary import EndpointKind, Role
from crawler.hosts import HostBook
from crawler.settings import settings_of
from envoywatch.addresses import Addresses
from envoywatch.clock import Clock
from envoywatch.daemon import TICK_S
from envoywatch.desk import Silent
from envoywatch.logs import configure_logs
from envoywatch.pipeline import PollStage
from storage.database import open_writer
from storage.model import Endpoint, PollOutcome, SourceSpec
from storage.sources import finish_poll, lease_due, sync_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

    from crawler.exchange import Fetch
    from storage.model import Lease, NextPoll, Poll
    from storage.sources import PollFinish

START = datetime(2026, 3, 2, tzinfo=UTC)
T = TypeVar("T")


class LoopClock(Clock):
    """The loop's time as the daemon's."""

    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.at)


class World:
    """The sources and their servers, by number."""

    def __init__(self, sources: int) -> None:
        self.sources = sources

    def spec(self, number: int) -> SourceSpec:
        if number % 200 == 1:
            interval, role = timedelta(minutes=15), Role.OFFICIAL
        else:
            interval, role = timedelta(hours=2 if number % 10 == 2 else 8), Role.MEDIA
        endpoint = Endpoint(EndpointKind.FEED, f"http://{self.host(number)}/{number}.xml")
        return SourceSpec(f"Gazette {number}", (endpoint,), interval, role)

    def host(self, number: int) -> str:
        """A tenth on ten platforms, the others five to a host."""
        return f"platform{number // 10 % 10}.example" if number % 10 == 0 else f"h{number // 5}.example"

    def latency(self, host: str) -> float | None:
        """Seconds until it answers; None when it never does."""
        if host == "platform7.example":
            return None
        place = int("".join(filter(str.isdecimal, host)))
        if host.startswith("h") and place % 100 == 50:
            return None
        return 4.0 if place % 20 == 3 else 0.1 + place % 9 / 10

    def items(self, number: int, at: float) -> int:
        """How many were published until then: 20 a day at one source in fifty, two at the others."""
        return 3 + int(at / (4_320 if number % 50 == 0 else 43_200) + number % 97 / 97)

    def feed(self, number: int, at: float) -> bytes:
        count = self.items(number, at)
        items = "".join(
            f"<item><title>Report {number}-{item}</title><link>http://{self.host(number)}/{number}/{item}</link>"
            f"<guid>{number}-{item}</guid></item>"
            for item in range(count, count - 3, -1)
        )
        return f'<rss version="2.0"><channel><title>{number}</title>{items}</channel></rss>'.encode()


class Tally(Silent):
    """What is counted: requests in flight by host, and how late each came."""

    def __init__(self) -> None:
        self.planned: dict[int, tuple[datetime, NextPoll]] = {}
        self.in_flight: Counter[str] = Counter()
        self.most = 0
        self.polls = self.faults = self.new = 0
        self.latest = 0.0
        self.late: Counter[str] = Counter()

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:  # noqa: ARG002 (the listener's signature)
        self.polls += 1
        self.faults += poll.outcome is PollOutcome.FAULT
        self.new += finish.new_entries

    def asked(self, number: int, now: datetime) -> None:
        if (planned := self.planned.pop(number, None)) is not None:
            self.wait(planned, now)

    def wait(self, planned: tuple[datetime, NextPoll], now: datetime) -> None:
        since, plan = planned
        intervals = (now - since) / plan.interval
        self.latest = max(self.latest, intervals)
        for bound in (1.05, 1.06, 1.1):
            self.late[f"{bound:.2f}"] += intervals > bound

    def finish(self, now: datetime) -> None:
        """Those that were not asked again by the end may be late already."""
        for planned in self.planned.values():
            if now > planned[1].at:
                self.wait(planned, now)


class Servers(SimulatedEngine):
    """The servers of the world, and how many requests each host has in flight."""

    def __init__(self, config: Config, clock: LoopClock, world: World, tally: Tally) -> None:
        super().__init__(settings_of(config.crawl), HostBook(now=clock.now))
        self._clock, self._world, self._tally = clock, world, tally

    async def answer(self, request: Fetch, url: str, host: str) -> Response:
        number = int(url.rpartition("/")[2].removesuffix(".xml"))
        self._tally.asked(number, self._clock.now())
        self._tally.in_flight[host] += 1
        self._tally.most = max(self._tally.most, self._tally.in_flight[host])
        try:
            return await self._answer(request, url, host, number)
        finally:
            self._tally.in_flight[host] -= 1

    async def _answer(self, request: Fetch, url: str, host: str, number: int) -> Response:
        latency = self._world.latency(host)
        if latency is None:
            await asyncio.sleep(self.settings.timeout.total_seconds())
            raise TimeoutError
        await asyncio.sleep(latency)
        at = asyncio.get_running_loop().time()
        etag = f'"{self._world.items(number, at)}"'
        same = request.headers.get("If-None-Match") == etag
        self.hosts.note(host, 304 if same else 200, timedelta(seconds=latency), None)
        body = b"" if same else self._world.feed(number, at)
        return Response(
            url, status=304 if same else 200, headers={"ETag": etag, "Content-Type": "application/rss+xml"}, body=body
        )


class DirectStore:
    """The store's functions without its thread: whatever is asked between two ticks commits together."""

    def __init__(self, db: Database, tally: Tally) -> None:
        self._db, self._tally = db, tally
        self.seconds = 0.0

    async def lease_due(self, *arguments: Any, **named: Any) -> list[Lease]:
        return self._timed(lambda: lease_due(self._db, *arguments, **named))

    async def finish_poll(self, poll: Poll, choose: Callable[[int], NextPoll], now: datetime) -> PollFinish:
        number = int(poll.url.rpartition("/")[2].removesuffix(".xml"))

        def choose_and_note(new: int) -> NextPoll:
            plan = choose(new)
            self._tally.planned[number] = (now, plan)
            return plan

        return self._timed(lambda: finish_poll(self._db, poll, choose_and_note, now))

    def commit(self) -> None:
        if self._db.conn.in_transaction:
            self._timed(self._db.conn.commit)

    def _timed(self, work: Callable[[], T]) -> T:
        began = time.process_time()
        if not self._db.conn.in_transaction:
            self._db.conn.execute("BEGIN IMMEDIATE")
        result = work()
        self.seconds += time.process_time() - began
        return result


async def live(loop: LeapingLoop, db: Database, sources: int, hours: float) -> dict[str, Any]:
    clock, tally, world = LoopClock(loop), Tally(), World(sources)
    config = Config.model_validate({"web": {"listen": "off"}})
    sync_sources(db, map(world.spec, range(sources)), clock.now())
    store = DirectStore(db, tally)
    engine = Servers(config, clock, world, tally)
    desk: Any = SimpleNamespace(
        addresses=Addresses(),
        store=store,
        engine=engine,
        workers=DirectWorkers(),
        clock=clock,
        config=config,
        listener=tally,
        owner="day",
    )
    stage = PollStage(desk, lambda: None)
    began, hour, all_asked_s = time.process_time(), 0, None
    while loop.time() < hours * 3600:
        await stage.pump()
        store.commit()
        if all_asked_s is None and tally.polls >= sources:
            all_asked_s = loop.time()
        if loop.time() >= hour * 3600:
            print(f"{hour:>3} h: {tally.polls:>9,} polls, latest {tally.latest:.3f}", file=sys.stderr, flush=True)
            hour += 1
        await asyncio.sleep(TICK_S)
    tally.finish(clock.now())
    if stage.jobs.failed:
        sys.exit(f"{stage.jobs.failed} polls ended in errors of ours")
    figures = {
        "polls": tally.polls,
        "faults": tally.faults,
        "new": tally.new,
        "latest": tally.latest,
        "late": dict(tally.late),
        "most": tally.most,
        "first_round_s": all_asked_s,
        "cpu_s": time.process_time() - began,
        "store_s": store.seconds,
    }
    await stage.jobs.drain(0)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="envoywatch-schedule-") as folder, ExitStack() as stack:
        configure_logs(stream=stack.enter_context((Path(folder) / "log").open("w", encoding="utf-8")))
        db = open_writer(Path(folder) / "envoywatch.db")
        stack.callback(db.conn.close)
        runner = stack.enter_context(asyncio.Runner(loop_factory=LeapingLoop))
        loop: Any = runner.get_loop()
        print(json.dumps(runner.run(live(loop, db, int(sys.argv[1]), float(sys.argv[2])))))


if __name__ == "__main__":
    main()
