"""The daemon: one loop in which sources are polled, articles read, alerts delivered and the page served.

APScheduler holds a handful of jobs that ask what is due; the schedule itself is in the database. The shutdown is
ordered: no new work, the send in flight finished, what is half done left to its lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sdnotify
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from envoywatch import __version__, clocks, self_tests
from envoywatch.backlog import BacklogStage
from envoywatch.config_file import ConfigFile, Takers
from envoywatch.control import ControlServer
from envoywatch.desk import Listener, open_desk
from envoywatch.expected import ExpectedMeetings
from envoywatch.jobs import Jobs
from envoywatch.jumps import JumpWatch
from envoywatch.losses import SourceWatch
from envoywatch.memory import settle
from envoywatch.office import REQUESTS, perform
from envoywatch.pipeline import DeliverStage, PollStage, ReadStage
from envoywatch.rereading import RereadStage
from envoywatch.retention import Retention
from envoywatch.upkeep import Upkeep
from storage.database import damaged, integrity_findings
from storage.jumps import pull_back
from storage.keeping import space
from storage.runs import beat, end_run, note_damage, set_note, start_run
from storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from config.load import Loaded
    from envoywatch.clock import Clock
    from envoywatch.desk import Desk
    from storage.runs import Started
    from storage.store import SqliteStore

_log = structlog.get_logger(__name__)

TICK_S: Final = 0.5
REPLAY_TICK_S: Final = 0.1
"""A replay's day may be a few seconds long."""
BEAT_S: Final = 10.0
HOUSE_S: Final = 3600.0
MERGE_S: Final = 5.0
LOOK_S: Final = 60.0
CHECKED_FIRST: Final = 64 * 2**20
"""A database of this size is checked in a third of a second."""
FIRST_S: Final = 60.0
"""When what is seldom done is first done, also by a daemon that is started anew every hour."""
DRAIN_S: Final = 3.0
SEND_DRAIN_S: Final = 4.0
"""The send in flight is let finish, so that it need not be repeated; the whole stop takes under 10 s."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: the configuration as loaded, the environment it reads, whether to serve the page, and the clock."""

    loaded: Loaded
    environ: dict[str, str]
    clock: Clock
    web: bool = True
    listener: Listener | None = None
    on_ready: Callable[[Daemon], Awaitable[None]] | None = None


class Daemon:
    """Runs until `stop` is called or a signal comes."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = options.clock
        takers = Takers(self._adopt, self._note_faults, self.clock.now)
        self.file = ConfigFile(options.loaded, options.environ, takers)
        self.stopping = asyncio.Event()
        self.page_url: str | None = None
        self.desk: Desk
        self.watch: SourceWatch
        self.polls: PollStage
        self.reads: ReadStage
        self.rereads: RereadStage
        self.expected: ExpectedMeetings
        self.sends: DeliverStage
        self.retention: Retention
        self.upkeep: Upkeep
        self.backlog: BacklogStage
        self._damage: list[str] = []
        self._work = Jobs()
        self._kicked: set[str] = set()
        self._notifier = sdnotify.SystemdNotifier()

    async def run(self) -> int:
        """The whole life of the daemon; returns its exit code. Raises the errors of its configuration and database."""
        with (
            _signals({signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self._reload_soon}),
            open_store(self.database, "envoywatch run") as store,
        ):
            started = await store.write(start_run, __version__, self.clock.now())
            run_id = started.run_id
            if not started.was_clean:
                _log.warning("the last run did not end cleanly; what it had begun is taken up again")
                await self._check_database(store, started)
            listener, secrets = self.options.listener, self.loaded.secrets
            async with open_desk(self.loaded.config, store, self.clock, listener, secrets) as desk:
                self._set_up(desk)
                async with self._listening(), self._serving_page():
                    await self._until_stopped(run_id)
                await self._drain()
            if self._damage:  # no clean end: the next start looks first
                raise damaged(store.path, self._damage)
            await store.write(end_run, run_id, self.clock.now())
        _log.info("stopped")
        return 0

    async def _check_database(self, store: SqliteStore, started: Started) -> None:
        """After an unclean end: a small file, or one known to be damaged, before all else; a large one meanwhile."""

        async def look() -> None:
            self._damage = await store.read(integrity_findings)
            if self._damage:
                _log.error("the database is damaged; nothing more is written to it", findings=self._damage)
                await store.write(note_damage, started.run_id, self._damage)
                self.stop()

        size = (await store.read(space)).size
        if size > CHECKED_FIRST and not started.was_damaged:
            self._work.start("integrity", look())
            return
        await look()
        if self._damage:
            raise damaged(store.path, self._damage)

    def stop(self) -> None:
        """Begin the shutdown."""
        if not self.stopping.is_set():
            _log.info("stopping")
        self.stopping.set()

    def kick(self, what: str, pump: Callable[[], Awaitable[None]]) -> None:
        """Pump a stage now instead of at the next tick; many kicks before it runs are one."""
        if what not in self._kicked and not self.stopping.is_set():
            self._kicked.add(what)
            self._work.start(what, self._kick(what, pump))

    @property
    def loaded(self) -> Loaded:
        """The configuration in force."""
        return self.file.loaded

    @property
    def database(self) -> Path:
        """The file that this daemon writes; a relative path starts at the configuration's folder."""
        return self.loaded.path.resolve().parent / self.loaded.config.storage.path.expanduser()

    @property
    def troubles(self) -> tuple[str, ...]:
        """What keeps the daemon from its work right now, a line each."""
        troubles = []
        if self.desk.store.trouble:
            troubles.append(f"the database cannot be written, and is tried again: {self.desk.store.trouble}")
        if self.stopping.is_set():
            troubles.append("the daemon is stopping")
        return tuple(troubles)

    # ------------------------------------------------------------ parts

    def _set_up(self, desk: Desk) -> None:
        self.desk = desk
        self.watch = SourceWatch(desk)
        self.sends = DeliverStage(desk)
        self.expected = ExpectedMeetings(desk)
        self.reads = ReadStage(
            desk, lambda: self.kick("deliver", self.sends.pump), lambda: self.kick("expected", self.expected.look)
        )
        self.rereads = RereadStage(desk, lambda: self.kick("deliver", self.sends.pump))
        self.retention = Retention(desk, self.stopping.is_set)
        self.upkeep = Upkeep(desk, lambda: not self.troubles)
        self.backlog = BacklogStage(desk)
        self.polls = PollStage(desk, lambda: self.kick("read", self.reads.pump), self.expected.concerns)

    async def _until_stopped(self, run_id: int) -> None:
        await clocks.set_digest_clocks(self.desk)
        await self.file.begin()
        settle()
        scheduler = self._scheduler(run_id)
        scheduler.start()
        watching = [
            asyncio.create_task(self.file.watch(self.stopping), name="watch configuration"),
            asyncio.create_task(self._watch_clock(scheduler), name="watch clock"),
        ]
        try:
            self._notifier.notify("READY=1")
            _log.info("watching", sources=len(self.desk.config.sources), page=self.page_url or "off")
            if self.options.on_ready is not None:
                await self.options.on_ready(self)
            await self.stopping.wait()
        finally:
            self._notifier.notify("STOPPING=1")
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            # `wait` would block the loop; jobs are short and `_drain` waits for what they started.
            scheduler.shutdown(wait=False)

    def _scheduler(self, run_id: int) -> AsyncIOScheduler:
        """Intervals in UTC only: APScheduler's cron triggers can loop at the hour of summer time."""
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        tick = REPLAY_TICK_S if self.clock.is_replay else TICK_S
        jobs: dict[str, tuple[float, Callable[[], Awaitable[Any]]]] = {
            "polls": (tick, self.polls.pump),
            "reads": (tick, self.reads.pump),
            "rereads": (tick * 4, self.rereads.pump),
            "deliveries": (tick, self.sends.pump),
            "clocks": (tick * 2, self._ring),
            "sources": (tick * 2, self._look_after_sources),
            "expected": (tick * 10, self.expected.look),
            "backlog": (1.0, self._work_off),
            "index": (MERGE_S, self._merge_index),
            "beat": (BEAT_S, lambda: self._beat(run_id)),
            "watchdog": (watchdog_s(self.options.environ), self._feed_watchdog),
            "upkeep": (LOOK_S, self._look_after_itself),
            "housekeeping": (HOUSE_S, self._keep_house),
        }
        for name, (seconds, work) in jobs.items():
            first = datetime.now(UTC) + timedelta(seconds=min(seconds, FIRST_S))
            scheduler.add_job(self._job(name, work), "interval", seconds=seconds, id=name, next_run_time=first)
        return scheduler

    async def _watch_clock(self, scheduler: AsyncIOScheduler) -> None:
        """APScheduler and the times in the database go by the wall: set back, all would wait for it to catch up."""
        jumps = JumpWatch()
        while not self.stopping.is_set():
            await asyncio.sleep(1)
            if (back := jumps.look()) is not None:
                await self.set_back(scheduler, back)

    async def set_back(self, scheduler: AsyncIOScheduler, back: timedelta) -> None:
        """The clock was set back by so much: go on at once."""
        _log.warning("the clock was set back", seconds=round(back.total_seconds()))
        for job in scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))
        self.desk.hosts.book.pull_back(back)
        if not self.clock.is_replay:
            await self.desk.store.write(pull_back, self.clock.now(), back)

    def _job(self, name: str, work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
        """A scheduler's job whose errors end in the one job runner, and which waits while the last is still at it."""

        async def start() -> None:
            self.kick(name, work)

        return start

    async def _kick(self, what: str, pump: Callable[[], Awaitable[Any]]) -> None:
        try:
            await pump()
        finally:
            self._kicked.discard(what)

    async def _ring(self) -> None:
        rang = await clocks.ring(self.desk)
        if await self_tests.ring(self.desk) or rang:
            await self.sends.pump()

    async def _look_after_sources(self) -> None:
        if await self.watch.look():
            await self.sends.pump()

    async def _look_after_itself(self) -> None:
        if await self.upkeep.look():
            await self.sends.pump()

    async def _feed_watchdog(self) -> None:
        """By the loop alone: a database that cannot be written for hours is no reason to be ended."""
        self._notifier.notify("WATCHDOG=1")

    async def _beat(self, run_id: int) -> None:
        now = self.clock.now()
        await self.desk.store.write(beat, run_id, now)
        await self.desk.hosts.flush()

    async def _work_off(self) -> None:
        """What older versions left to be done, while no article waits to be read."""
        if not len(self.reads.jobs):
            await self.backlog.work()

    async def _merge_index(self) -> None:
        await self.retention.merge(lambda: not len(self.reads.jobs))

    async def _keep_house(self) -> None:
        await self.retention.keep()
        await self.desk.hosts.prune()

    async def _drain(self) -> None:
        """Polls and readings may be left to their leases, a message that is being sent should not be."""
        await asyncio.gather(
            self._work.drain(DRAIN_S),
            self.polls.finish(DRAIN_S / 2),
            self.reads.jobs.drain(DRAIN_S / 2),
            self.rereads.jobs.drain(DRAIN_S / 2),
            self.sends.finish(SEND_DRAIN_S),
        )

    # ------------------------------------------------------------ configuration

    async def _adopt(self, loaded: Loaded) -> None:
        await self.desk.adopt(loaded.config, loaded.secrets)
        await clocks.set_digest_clocks(self.desk)
        settle()

    async def _note_faults(self, faults: list[str] | None) -> None:
        await self.desk.store.write(set_note, "config_faults", faults, self.clock.now())

    def _reload_soon(self) -> None:
        if hasattr(self, "desk"):  # before that the configuration has only just been read
            self.kick("reload", self.file.take)

    # ------------------------------------------------------------ other processes

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        async def answer(request: dict[str, Any]) -> Any:
            return await asyncio.to_thread(perform, self.desk.store, request, self.clock)

        async def poll(request: dict[str, Any]) -> Any:
            return await self.poll_now(request.get("names"))

        async def troubles(_: dict[str, Any]) -> list[str]:
            return [*self.troubles, *self.upkeep.lines]

        handlers = {**dict.fromkeys(REQUESTS, answer), "poll": poll, "troubles": troubles}
        server = ControlServer(self.database, handlers)
        await server.start()
        try:
            yield
        finally:
            await server.stop()

    async def poll_now(self, names: list[str] | None) -> int:
        """Poll the named sources (None: all) now; returns how many were free to be polled."""
        desk = self.desk
        leases = await desk.store.lease_due(
            desk.owner, self.clock.now(), 10_000, timedelta(hours=1), names=names, ignore_schedule=True
        )
        await asyncio.gather(*(self.polls.poll(lease) for lease in leases))
        return len(leases)

    @contextlib.asynccontextmanager
    async def _serving_page(self) -> AsyncIterator[None]:
        listen = self.loaded.config.web.listen
        if not self.options.web or listen == "off":
            yield
            return
        from envoywatch.page import serve_page  # noqa: PLC0415 (a daemon without a page needs no web framework)

        async with serve_page(self, listen) as url:
            self.page_url = url
            yield


@contextlib.contextmanager
def _signals(handlers: dict[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def watchdog_s(environ: Mapping[str, str]) -> float:
    """How often the service manager is told that the loop runs: three times as often as it asks for."""
    asked = environ.get("WATCHDOG_USEC", "")
    return min(BEAT_S, int(asked) / 3e6) if asked.isdecimal() and int(asked) else BEAT_S
