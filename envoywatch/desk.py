"""What the stages work with, put together from the configuration and taken apart in order."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from alerts.verdicts import Rules
from config.collector import collector_paused, settle
from config.people import load_people
from crawler.engine import Engine
from crawler.settings import EngineSettings, settings_of
from crawler.workers import Workers
from envoywatch.addresses import Addresses
from envoywatch.hosts import HostKeeper
from envoywatch.reading import make_watches, start_worker, warm_up
from storage.model import Endpoint, SourceSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from config.model import Config, Source, Watch
    from config.people import People
    from envoywatch.clock import Clock
    from storage.model import Lease, Poll
    from storage.sources import PollFinish
    from storage.store import SqliteStore

WORKERS = max(1, min(8, (os.cpu_count() or 2)))
WORK_TIMEOUT = timedelta(seconds=20)
WORK_MEMORY_MB = 1024


class Listener(Protocol):
    """Who wants to see what happens as it happens: the demo, the `poll` command, the tests."""

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:
        """A source was polled."""

    def alerted(self, alert_ids: Collection[int]) -> None:
        """Alerts were decided and committed."""


class Silent:
    """A listener that does nothing."""

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:
        """Nothing."""

    def alerted(self, alert_ids: Collection[int]) -> None:
        """Nothing."""


@dataclass
class Desk:
    """What all stages share. `config` and `rules` change when the configuration is read again."""

    config: Config
    store: SqliteStore
    engine: Engine
    workers: Workers
    clock: Clock
    listener: Listener
    hosts: HostKeeper
    addresses: Addresses

    def __post_init__(self) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}"
        self._read_names()

    def _read_names(self) -> None:
        self.people = load_people(self.config.people, self.config.groups)
        self.rules = rules_of(self.config, self.people)
        self.needs = self.rules.needs

    async def adopt(self, config: Config, secrets: Collection[str] = ()) -> None:
        """Take a new configuration into every part. What is read meanwhile is read with the old watches."""
        await self.workers.replace((_for_workers(config),), make_watches)
        self.config = config
        self.addresses = Addresses(secrets)
        self._read_names()
        self.engine.update(engine_settings(config))
        await self.sync()

    async def sync(self) -> None:
        """Make the configured sources the ones that are polled, and note what the watches say."""
        with collector_paused():
            specs = self.addresses.store(spec_of(source, self.config) for source in self.config.sources)
            await self.store.sync_sources(specs, self.clock.now())
            del specs
        settle()
        definitions = {watch.name: definition_of(watch) for watch in self.config.watches}
        await self.store.sync_watches(definitions, self.clock.now())


@asynccontextmanager
async def open_desk(
    config: Config,
    store: SqliteStore,
    clock: Clock,
    listener: Listener | None = None,
    secrets: Collection[str] = (),
) -> AsyncIterator[Desk]:
    """Engine and workers started, sources in step with the configuration; stopped again at the end.

    `secrets` are those of the configuration, which are not to be stored with the addresses of sources.
    """
    hosts = HostKeeper(store, clock)
    engine = Engine(engine_settings(config), hosts.book)
    workers = Workers(
        WORKERS,
        initializer=start_worker,
        initargs=(_for_workers(config),),
        timeout=WORK_TIMEOUT,
        memory_mb=WORK_MEMORY_MB,
    )
    desk = Desk(config, store, engine, workers, clock, listener or Silent(), hosts, Addresses(secrets))
    await desk.sync()
    await engine.start()
    try:
        yield desk
    finally:
        await engine.stop(timedelta(seconds=1))
        await workers.stop()
        await hosts.jobs.drain(1)
        await hosts.flush()


def _for_workers(config: Config) -> Config:
    """What the worker processes need of it: every one of them would hold 100,000 sources besides."""
    return config.model_copy(update={"sources": ()})


def engine_settings(config: Config) -> EngineSettings:
    """The engine's own leave for private addresses is off: each request brings its source's, which may be narrower."""
    return replace(settings_of(config.crawl), private_addresses=False)


async def warm(workers: Workers) -> None:
    """Have every worker load what reading needs, where a first article must not wait for it."""
    await asyncio.gather(*(workers.run(warm_up) for _ in range(WORKERS)))


def definition_of(watch: Watch) -> str:
    """What a watch says, as JSON: all but its name, and until when it is muted."""
    return watch.model_dump_json(exclude={"name", "mute"}, exclude_defaults=True, by_alias=True)


def rules_of(config: Config, people: People | None = None) -> Rules:
    """The alert decision's rules: names of people and groups are resolved to the ledger's labels."""
    people = people or load_people(config.people, config.groups)

    def resolve(reference: str) -> Collection[str]:
        members = people.find_group(reference)
        if members is not None:
            return [person.label for person in members]
        person = people.find(reference)
        return [person.label if person else reference]

    return Rules(watches=config.watches, resolve=resolve, countries_of=people.countries_of)


def spec_of(source: Source, config: Config) -> SourceSpec:
    """A configured source in the form that storage keeps, general settings filled in."""
    crawl = config.crawl
    return SourceSpec(
        name=source.name,
        endpoints=tuple(Endpoint(one.kind, one.url, one.links, one.next_page, one.pages) for one in source.endpoints),
        interval=config.interval_of(source),
        role=source.role,
        language=source.language,
        country=source.country,
        articles=crawl.articles if source.articles is None else source.articles,
        private_addresses=crawl.private_addresses if source.private_addresses is None else source.private_addresses,
        paused=source.paused,
        lost_after=config.lost_after(source),
        obey_robots=source.obey_robots,
        user_agent=source.user_agent,
        proxy=source.proxy,
        verify_tls=source.verify_tls,
        time_zone=source.time_zone,
        max_interval=config.max_interval_of(source),
    )
