"""The lives that `kills.py` ends: forked from a process that has imported everything, with the daemon's own stages."""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import structlog

import envoywatch.pipeline
from alerts.channels import check_url
from config.load import load_config
from envoywatch.clock import Clock
from envoywatch.desk import rules_of, spec_of
from envoywatch.logs import configure_logs
from envoywatch.pipeline import DeliverStage, ReadStage
from envoywatch.reading import start_worker, warm_up
from storage import database, keeping, migrations, outbox, record, sources
from storage.model import Entry, Poll, PollOutcome
from storage.store import open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from sqlite_utils import Database

STEPS = ("poll", "decide", "record", "lease", "send", "receipt", "migrate", "prune", "backup")
SOURCES = 4
CHAFF = 8
WINDOW = 80  # as many entries stand in the feeds at once; each stands there for twenty lives
_WORDS = """talks peace border grain delegation ministry answer morning evening question proposal letter train airport
welcome statement hope plan road river winter summer visit partner neighbour trade energy agreement paper journalist
reporter crowd square bridge harbour market price school teacher doctor family history language music weather"""
_HOSTS = ("President Vladimir Putin", "President Emmanuel Macron", "Prime Minister Donald Tusk", "Sergey Lavrov")


class Nursery:
    """Forks a life for each line that it is sent: `life PUBLISHED VERSIONS [STEP EDGE NTH]`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = load_config(folder / "envoywatch.yaml", environ={}).config
        self.rules = rules_of(self.config)
        self.specs = [spec_of(source, self.config) for source in self.config.sources]
        configure_logs(stream=(folder / "log").open("a", encoding="utf-8"))
        start_worker(self.config)
        warm_up()
        for channel in self.config.channels.values():
            if wrong := check_url(channel.url):
                sys.exit(wrong)
        with (folder / "steps").open("r+b") as file:
            self.steps = mmap.mmap(file.fileno(), 0)

    def serve(self) -> None:
        print("ready", flush=True)
        for line in sys.stdin:
            _, published, versions, *at = line.split()
            child = os.fork()
            if not child:
                code = 1
                try:
                    self._watch_steps(at)
                    self._make_versions(int(versions))
                    code = asyncio.run(self.live(int(published), at))
                except Exception:  # noqa: BLE001 (whatever it is, the log of the report shows it)
                    structlog.get_logger(__name__).exception("a life ended by itself")
                finally:
                    os._exit(code)
            print(child, flush=True)
            print(os.waitpid(child, 0)[1], flush=True)

    async def live(self, published: int, at: list[str]) -> int:
        """Do all of a daemon's work; without `at` (`- - 0`: until killed) until nothing is left to do."""
        with open_store(self.folder / "envoywatch.db", "kills") as store:
            desk: Any = SimpleNamespace(
                store=store,
                config=self.config,
                rules=self.rules,
                needs=self.rules.needs,
                clock=Clock(),
                workers=SimpleNamespace(run=asyncio.to_thread),
                listener=SimpleNamespace(alerted=lambda _: None),
            )
            await store.sync_sources(self.specs, desk.clock.now())
            sends = DeliverStage(desk)
            reads = ReadStage(desk, lambda: sends.jobs.start("pump", sends.pump()))
            if published // 4 % 4 == 0 or "backup" in at or not at:
                sends.jobs.start("back up", self._back_up())
            while True:
                await self._poll(desk, published)
                await reads.work_off()
                await sends.pump()
                await store.write(keeping.prune_articles, desk.clock.now(), 2)
                await asyncio.sleep(0.002)
                if not at and not await store.read(_waiting):
                    await sends.jobs.drain(60)
                    return 0

    async def _back_up(self) -> None:
        if not (self.folder / "copy.db").exists():
            await asyncio.to_thread(database.back_up, self.folder / "envoywatch.db", self.folder / "copy.db")

    def _make_versions(self, versions: int) -> None:
        """As if the program had so many more versions of its tables; each one writes every source and article anew."""

        def step(db: Database) -> None:
            self.migrate(db)

        for number in range(versions):
            migrations.MIGRATIONS(name=f"9{number:03}_of_the_benchmark")(step)
        database.SCHEMA_VERSION += versions
        for copy in self.folder.glob("envoywatch.db.before-*"):
            if not copy.name.partition(".before-")[2].startswith(f"{database.SCHEMA_VERSION}"):
                copy.unlink()

    async def _poll(self, desk: Any, published: int) -> None:
        now = desk.clock.now()
        for lease in await desk.store.lease_due("kills", now, SOURCES, timedelta(hours=1), ignore_schedule=True):
            entries = tuple(
                entry
                for number in range(max(0, published - WINDOW), published)
                if (entry := entry_of(lease.spec.name, number))
            )
            poll = Poll(
                lease.source_id, 0, lease.spec.endpoints[0].url, now, timedelta(0), PollOutcome.ENTRIES, entries=entries
            )
            await desk.store.finish_poll(poll, now, now)

    def _watch_steps(self, at: list[str]) -> None:
        """Count for each step how many are at it, and end where one is to end."""
        last = {"step": "", "edge": "", "left": 0}
        if at and at[0] != "-":
            last = {"step": at[0], "edge": at[1], "left": int(at[2])}

        def watched(step: str, work: Callable[..., Any]) -> Callable[..., Any]:
            place = STEPS.index(step)

            def end_at(edge: str) -> None:
                if last["step"] == step and last["edge"] == edge:
                    last["left"] = int(last["left"]) - 1
                    if int(last["left"]) <= 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            def run(*arguments: Any, **options: Any) -> Any:
                self.steps[place] += 1
                try:
                    end_at("begins")
                    result = work(*arguments, **options)
                    end_at("ends")
                    return result
                finally:
                    self.steps[place] -= 1

            return run

        envoywatch.pipeline.decide = watched("decide", envoywatch.pipeline.decide)
        envoywatch.pipeline.send = watched("send", envoywatch.pipeline.send)
        sources.finish_poll = watched("poll", sources.finish_poll)
        record.record_reading = watched("record", record.record_reading)
        outbox.lease_deliveries = watched("lease", outbox.lease_deliveries)
        outbox.finish_delivery = watched("receipt", outbox.finish_delivery)
        self.migrate = watched("migrate", _rewrite)
        keeping.prune_articles = watched("prune", keeping.prune_articles)
        database._copy = watched("backup", database._copy)  # noqa: SLF001 (the moments before and after its rename)
        database._sync = watched("backup", database._sync)  # noqa: SLF001 (likewise)


def _rewrite(db: Database) -> None:
    for statement in (
        "UPDATE sources SET spec = spec",
        "UPDATE articles SET text = text",
        "UPDATE entries SET url = url",
    ):
        db.execute(statement)


def _waiting(connection: sqlite3.Connection) -> int:
    sql = (
        "SELECT (SELECT count(*) FROM entries WHERE state = 'pending')"
        " + (SELECT count(*) FROM deliveries WHERE state = 'due')"
    )
    return int(connection.execute(sql).fetchone()[0])


def entry_of(source: str, number: int) -> Any:
    """What a source published under that number; every fifth tells of a meeting, of which others tell too."""
    if number % SOURCES != int(source.removeprefix("outlet ")):
        return None
    words = random.Random(number)  # noqa: S311 (makes texts of which none is a copy of another)
    said = " ".join(words.choices(_WORDS.split(), k=60))
    url = f"http://127.0.0.1/{source.replace(' ', '-')}/{number}"
    if number % CHAFF == CHAFF - 1:
        return Entry(url, url, f"Weather, dispatch {number} of {source}", content=f"Rain in the north: {said}.")
    text = f"The envoy Li Hui travelled on, dispatch {number} says: {said}. "
    if number % 5 == 0:
        text += f"{_HOSTS[number // 5 % len(_HOSTS)]} received Li Hui on Monday. "
    return Entry(url, url, f"Li Hui, dispatch {number} of {source}", content=text)


if __name__ == "__main__":
    Nursery(Path(sys.argv[1])).serve()
