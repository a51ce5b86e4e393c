"""The polling stage of the daemon as a candidate of `polling.py`: told the feeds, then `round` by `round`.

Everything is as in the daemon: leases, robots.txt, a gap and a limit per host, the address guard, worker processes,
one writer, the pump on the daemon's tick. Only the pages of articles are not fetched, and the schedule is told before
each round that all is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from config.model import Config
from crawler.engine import run
from envoywatch.clock import Clock
from envoywatch.daemon import TICK_S
from envoywatch.desk import Silent, open_desk, warm
from envoywatch.logs import configure_logs
from envoywatch.memory import settle
from envoywatch.pipeline import PollStage
from storage.model import PollOutcome, to_text
from storage.store import open_store

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.model import Lease, Poll
    from storage.sources import PollFinish

INTERVAL = timedelta(minutes=15)


class RoundClock(Clock):
    """The time on the wall, and an interval more for each round."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Tally(Silent):
    """What a round brought."""

    def __init__(self, feeds: int) -> None:
        self._feeds = feeds
        self.ended = asyncio.Event()
        self.begin()

    def begin(self) -> None:
        """Count anew."""
        self._polled = self.new = self.failed = 0
        self.ended.clear()

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:  # noqa: ARG002 (the listener's signature)
        self._polled += 1
        self.new += finish.new_entries
        self.failed += poll.outcome is PollOutcome.FAULT
        if self._polled == self._feeds:
            self.ended.set()


def config_of(urls: list[str]) -> Config:
    sources = [
        {"name": urlsplit(url).hostname, "endpoints": [{"kind": "feed", "url": url}], "interval": "15m"} for url in urls
    ]
    return Config.model_validate(
        {"crawl": {"articles": False, "private_addresses": True}, "web": {"listen": "off"}, "sources": sources}
    )


def _all_due(db: Database, at: str) -> None:
    db.execute("UPDATE sources SET next_poll_at = ?", [at])


async def _round(polls: PollStage, tally: Tally) -> dict[str, Any]:
    began = time.perf_counter()
    while not tally.ended.is_set():
        await polls.pump()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(tally.ended.wait(), TICK_S)
    return {"seconds": time.perf_counter() - began, "new": tally.new, "failed": tally.failed}


async def serve(folder: Path, urls: list[str]) -> int:
    clock, tally = RoundClock(), Tally(len(urls))
    with open_store(folder / "envoywatch.db", "benchmark") as store:
        async with open_desk(config_of(urls), store, clock, tally) as desk:
            await warm(desk.workers)
            settle()
            polls = PollStage(desk, lambda: None)
            print(json.dumps({"ready": True}), flush=True)
            while await asyncio.to_thread(sys.stdin.readline):
                clock.ahead += INTERVAL
                await store.write(_all_due, to_text(clock.now()))
                tally.begin()
                print(json.dumps(await _round(polls, tally)), flush=True)
    return 0


def main() -> None:
    urls, folder = json.loads(sys.stdin.readline()), Path(sys.argv[1])
    with (folder / "envoywatch.log").open("w", encoding="utf-8") as log:
        configure_logs(stream=log)
        run(lambda: serve(folder, urls))


if __name__ == "__main__":
    main()
