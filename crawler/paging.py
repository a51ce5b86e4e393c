"""A listing read over its pages: the first at every poll, those after it only while they hold what is not known yet."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from crawler.exchange import Fetch, Kind, Page
from crawler.listings import ListingPage, ListingRules, read_page
from crawler.plain import one_line
from storage.model import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.engine import Engine
    from crawler.entries import ParsedFeed
    from crawler.workers import Workers
    from storage.model import Access, Endpoint, Entry

PAGES_USUAL = 3
ENTRIES_MAX = 2_000
TIME_MAX = timedelta(minutes=5)
_SEEN_KEPT = 200
_SELECTOR_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last reading of a listing left: the learned selector, and marks of the links on its first page."""

    links: str | None = None
    seen: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Memory:
        """The inverse of `render`; what cannot be read is forgotten."""
        try:
            value = json.loads(text) if text else {}
            return cls(value.get("links"), frozenset(value.get("seen", ())))
        except (ValueError, AttributeError, TypeError):
            return cls()

    def render(self) -> str:
        """Compact JSON, the marks sorted."""
        return json.dumps({"links": self.links, "seen": sorted(self.seen)}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of all pages read, and what to remember."""

    parsed: ParsedFeed
    memory: str


@dataclass
class _Reading:
    """The pages read so far."""

    entries: dict[str | None, Entry] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    whole: bool = True

    def take(self, parsed: ParsedFeed) -> None:
        for entry in parsed.entries:
            self.entries.setdefault(entry.url, entry)
        self.notes += parsed.notes


async def read_listing(
    engine: Engine, workers: Workers, page: Page, endpoint: Endpoint, memory: str, access: Access
) -> Listing | Fault:
    """The entries of a listing whose first page was fetched.

    The pages after it are asked for while more than half of a page's links are unknown, as after an outage; of a
    listing never read before only when `pages` was configured. What could not be read of them is noted, and the first
    page is then read whole again next time.
    """
    known = Memory.parse(memory)
    rules = ListingRules(endpoint.links, endpoint.next_page, None if endpoint.links else known.links)
    first = await workers.run(read_page, page.body, page.content_type, page.url, rules)
    if isinstance(first.parsed, Fault):
        return first.parsed
    reading = _Reading()
    reading.take(first.parsed)
    _tell_learned(reading, known, first)
    if endpoint.pages is not None or known.seen:
        limit = endpoint.pages or PAGES_USUAL
        try:
            async with asyncio.timeout(TIME_MAX.total_seconds()):
                pages = _Pages(engine, workers, replace(rules, learned=first.learned), known, access, limit)
                await pages.follow(first, reading)
        except TimeoutError:
            reading.notes.append(f"stopped after {TIME_MAX.total_seconds():.0f} s")
            reading.whole = False
    left = Memory(first.learned, _marks(first.parsed.entries) if reading.whole else known.seen)
    parsed = replace(
        first.parsed,
        entries=tuple(reading.entries.values()),
        notes=tuple(dict.fromkeys(reading.notes)),
        cacheable=reading.whole,
    )
    return Listing(parsed, left.render())


@dataclass(frozen=True, slots=True)
class _Pages:
    """The way from one page of a listing to the next, `limit` of them at most."""

    engine: Engine
    workers: Workers
    rules: ListingRules
    known: Memory
    access: Access
    limit: int

    async def follow(self, first: ListingPage, reading: _Reading) -> None:
        here, count, visited = first, 1, set[str]()
        while here.next_url is not None and here.next_url not in visited and _is_mostly_new(here, self.known):
            if count >= self.limit or len(reading.entries) >= ENTRIES_MAX:
                if self.known.seen:
                    reading.notes.append(f"stopped after {count} pages although all was new: some may be missed")
                return
            visited.add(here.next_url)
            here = await self._read(here.next_url)
            count += 1
            if isinstance(here.parsed, Fault):
                reading.notes.append(f"page {count} could not be read: {here.parsed.detail}")
                reading.whole = False
                return
            reading.take(here.parsed)

    async def _read(self, url: str) -> ListingPage:
        page = await self.engine.fetch(Fetch(url, access=self.access, kind=Kind.ANY))
        if isinstance(page, Fault):
            return ListingPage(page)
        return await self.workers.run(read_page, page.body, page.content_type, page.url, self.rules)


def _tell_learned(reading: _Reading, known: Memory, first: ListingPage) -> None:
    if first.learned is not None and first.learned != known.links:
        told = "the page was rebuilt; learned anew" if known.links else "learned"
        selector = one_line(first.learned, _SELECTOR_MAX)
        reading.notes.append(f"{told} which links are articles: `links: {selector}`")


def _is_mostly_new(page: ListingPage, known: Memory) -> bool:
    """A few known links may be pinned to the top; without a memory everything is new."""
    if isinstance(page.parsed, Fault):
        return False
    marks = _marks(page.parsed.entries)
    return 2 * len(marks - known.seen) > len(marks)


def _marks(entries: Iterable[Entry]) -> frozenset[str]:
    links = [entry.url or "" for entry in entries][:_SEEN_KEPT]
    return frozenset(blake2b(link.encode(), digest_size=6).hexdigest() for link in links)
