"""Reading one page now, as the daemon would, with an engine and a worker of its own; nothing is recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.errors import EnvoywatchError
from crawler.engine import Engine, run
from crawler.pages import PageBytes, fetch_page
from crawler.settings import settings_of
from crawler.urls import canonical_url
from crawler.workers import Workers
from envoywatch.desk import WORK_MEMORY_MB, WORK_TIMEOUT, spec_of
from envoywatch.reading import read_entry, start_worker
from storage.faults import describe_page
from storage.model import Entry, Fault, PendingEntry, Reading, SourceSpec

if TYPE_CHECKING:
    from config.model import Config

_DRAIN = timedelta(seconds=1)


class UnreadableError(EnvoywatchError):
    """The page could not be had; the fault is told in words with its remedy."""


def read_page_now(config: Config, url: str) -> Reading:
    """Fetch and read the page at `url`; raises UnreadableError. Runs the one reactor a process has."""
    pending = pending_entry(config, url, datetime.now(UTC))
    done: list[Reading | EnvoywatchError] = []

    async def main() -> int:
        try:
            done.append(await _read(config, pending))
        except EnvoywatchError as error:
            done.append(error)
        return 0

    run(main)
    if isinstance(done[0], EnvoywatchError):
        raise done[0]
    return done[0]


async def _read(config: Config, pending: PendingEntry) -> Reading:
    engine = Engine(settings_of(config.crawl))
    await engine.start()
    try:
        page = await fetch_page(engine, pending.article_url, pending.spec.access)
    finally:
        await engine.stop(_DRAIN)
    if isinstance(page, Fault):
        text = describe_page(page.kind)
        raise UnreadableError(
            f"{pending.article_url} could not be read: {text.words} ({page.detail})", hint=text.remedy
        )
    workers = Workers(1, initializer=start_worker, initargs=(config,), timeout=WORK_TIMEOUT, memory_mb=WORK_MEMORY_MB)
    try:
        return await workers.run(read_entry, pending, PageBytes(page.url, page.body, page.content_type), None)
    finally:
        await workers.stop()


def pending_entry(config: Config, url: str, now: datetime) -> PendingEntry:
    """The URL as an entry of the configured source that lives on the same host, else of a source of its own."""
    host = _host(url)
    spec = next(
        (spec_of(one, config) for one in config.sources if any(_host(end.url) == host for end in one.endpoints)),
        SourceSpec(host, (), config.crawl.interval, private_addresses=config.crawl.private_addresses),
    )
    wanted = canonical_url(url) or url
    entry = Entry(wanted, None, "")
    return PendingEntry(0, 0, spec, entry, now, first_poll=False, attempts=0, article_url=wanted, own_page=True)


def _host(url: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    return host.removeprefix("www.")
