"""Runs a spider within the one engine: its requests go through `Engine.fetch`, with caps on depth, pages and time."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import logging
import pkgutil
from collections import deque
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crawler.entries import CONTENT_MAX, ENTRIES_MAX, SUMMARY_MAX, TITLE_MAX, ParsedFeed, bounded_guid, feed_language
from crawler.exchange import Fetch, Kind, Page
from crawler.plain import clean, one_line
from crawler.times import iso_moment
from crawler.urls import canonical_url
from crawler.workers import WorkerCrashed, WorkerTimeout
from storage.model import USUAL, Access, Entry, Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from types import ModuleType

    from scrapy import Request, Spider
    from scrapy.http import Response

    from crawler.engine import Engine

_log = logging.getLogger(__name__)

PAGES_MAX = 50
DEPTH_MAX = 3
TIME_MAX = timedelta(minutes=5)
SIZE_MAX = 64 * 1024 * 1024


class SpiderFileError(Exception):
    """A file of the operator's spiders cannot be loaded; the text says which and why."""


def find_spider(name: str, folder: Path | None = None) -> type[Spider] | None:
    """The spider class of that name in the operator's folder, else in `crawler/spiders/`; None when there is none.

    Raises SpiderFileError for a file of the folder that does not load.
    """
    from crawler import spiders  # noqa: PLC0415 (heavy, only for a crawl)

    for path in sorted(folder.glob("*.py")) if folder is not None else ():
        found = _spider_in(_loaded(path, path.stat().st_mtime_ns), name)
        if found is not None:
            return found
    for module_info in pkgutil.iter_modules(spiders.__path__, f"{spiders.__name__}."):
        found = _spider_in(importlib.import_module(module_info.name), name)
        if found is not None:
            return found
    return None


def _spider_in(module: ModuleType, name: str) -> type[Spider] | None:
    from scrapy import Spider  # noqa: PLC0415 (heavy, only for a crawl)

    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, Spider) and getattr(found, "name", None) == name:
            return found
    return None


@lru_cache(maxsize=100)
def _loaded(path: Path, changed_at: int) -> ModuleType:  # noqa: ARG001 (a file that was changed is another key)
    """A file as a module; a new version of it is loaded when it is next needed."""
    spec = importlib.util.spec_from_file_location(f"envoywatch_spiders_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SpiderFileError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SpiderFileError(
            f"{path.name} does not load: {type(error).__name__}: {one_line(str(error), 200)}"
        ) from error
    return module


async def run_spider(
    engine: Engine, name: str, *, access: Access = USUAL, first: Page | None = None, **arguments: Any
) -> ParsedFeed | Fault:
    """Crawl with the named spider; its items (an `Entry`, or a mapping with such keys) become entries.

    `first` is a page that was fetched already (to see whether it changed at all): it is not asked for again.
    An exception in one callback ends that callback, is logged and noted; pages that cannot be read are noted.
    """
    folder = engine.settings.spiders
    try:
        spider_class = find_spider(name, folder)
    except SpiderFileError as error:
        return Fault(FaultKind.SPIDER, str(error))
    if spider_class is None:
        where = f"in {folder}" if folder is not None else "(crawl.spiders names no folder of spiders)"
        return Fault(FaultKind.SPIDER, f"there is no spider named {one_line(name, 60)} {where}")
    return await _Run(engine, spider_class(**arguments), access=access, first=first).crawl()


class _Run:
    """One crawl of one spider."""

    def __init__(self, engine: Engine, spider: Spider, *, access: Access, first: Page | None) -> None:
        self._engine = engine
        self._spider = spider
        self._access = access
        self._first = first
        self._given = first is not None
        self._queue: deque[tuple[Request, int]] = deque()
        self._seen: set[str] = set()
        self._entries: list[Entry] = []
        self._notes: list[str] = []
        self._fault: Fault | None = None
        self._pages = 0
        self._size = 0

    async def crawl(self) -> ParsedFeed | Fault:
        try:
            async with asyncio.timeout(TIME_MAX.total_seconds()):
                await self._take(self._spider.start(), 0)
                while self._queue and not self._full():
                    await self._visit(*self._queue.popleft())
        except TimeoutError:
            self._notes.append(f"stopped after {TIME_MAX.total_seconds():.0f} s")
        if not self._entries:
            return self._fault or Fault(FaultKind.NO_LINKS, "the spider found nothing")
        # Validators speak for one page: they hold only where that page is all that was read.
        alone = self._given and self._pages == 1 and self._fault is None
        return ParsedFeed(entries=tuple(self._entries), notes=tuple(dict.fromkeys(self._notes)), cacheable=alone)

    def _full(self) -> bool:
        for reached, told in (
            (self._pages >= PAGES_MAX, f"stopped after {PAGES_MAX} pages"),
            (self._size >= SIZE_MAX, f"stopped after {SIZE_MAX // 2**20} MB"),
            (len(self._entries) >= ENTRIES_MAX, f"stopped after {ENTRIES_MAX} entries"),
        ):
            if reached:
                self._notes.append(told)
                return True
        return False

    async def _visit(self, request: Request, depth: int) -> None:
        self._pages += 1
        headers = {
            name.decode("latin-1"): b", ".join(values).decode("latin-1") for name, values in request.headers.items()
        }
        page: Page | Fault
        if self._first is not None and canonical_url(request.url) == canonical_url(self._first.url):
            page, self._first = self._first, None
        else:
            page = await self._engine.fetch(Fetch(request.url, headers, access=self._access, kind=Kind.ANY))
        if isinstance(page, Fault):
            self._fault = self._fault or page
            self._notes.append(f"a page could not be read: {page.detail}")
            return
        self._size += len(page.body)
        callback = request.callback if callable(request.callback) else self._spider.parse
        try:
            results = callback(_response(page, request), **request.cb_kwargs)
            await self._take(results, depth + 1)
        except (WorkerTimeout, WorkerCrashed):
            raise
        except Exception as error:  # noqa: BLE001 (a user's code may raise anything; it ends at this callback)
            _log.exception("the spider %s failed in a callback", self._spider.name)
            self._fault = Fault(
                FaultKind.SPIDER, f"the spider failed: {type(error).__name__}: {one_line(str(error), 200)}"
            )
            self._notes.append(self._fault.detail)

    async def _take(self, results: Any, depth: int) -> None:
        """Requests into the queue, everything else into entries."""
        async for result in _each(results):
            if isinstance(result, Fault):
                self._fault = self._fault or result
            elif hasattr(result, "url") and hasattr(result, "callback"):
                self._enqueue(result, depth)
            elif len(self._entries) < ENTRIES_MAX and (entry := to_entry(result)) is not None:
                self._entries.append(entry)

    def _enqueue(self, request: Request, depth: int) -> None:
        key = canonical_url(request.url)
        if key is None or key in self._seen:
            return
        if depth > DEPTH_MAX:
            self._notes.append(f"links deeper than {DEPTH_MAX} were not followed")
        elif len(self._seen) < 10 * PAGES_MAX:
            self._seen.add(key)
            self._queue.append((request, depth))


async def _each(results: Any) -> AsyncIterator[Any]:
    """The results of a callback in any form Scrapy allows: none, one, an iterable, a coroutine, an async generator."""
    if inspect.isawaitable(results):
        results = await results
    if results is None:
        return
    if hasattr(results, "__aiter__"):
        async for result in results:
            yield result
    elif isinstance(results, (Entry, dict)) or hasattr(results, "callback"):
        yield results
    else:
        for result in results:
            yield result


def _response(page: Page, request: Request) -> Response:
    from scrapy.http import Headers  # noqa: PLC0415 (heavy, only for a crawl)
    from scrapy.responsetypes import responsetypes  # noqa: PLC0415 (likewise)

    headers = Headers({name: value for name, value in page.headers.items() if name != "content-encoding"})
    response_class = responsetypes.from_args(headers=headers, url=page.url, body=page.body)
    return response_class(url=page.url, status=page.status, headers=headers, body=page.body, request=request)


def to_entry(item: Any) -> Entry | None:
    """An item of a spider as an entry, cleaned and bounded; None when it has neither link, guid nor title."""
    if isinstance(item, Entry):
        return item
    from itemadapter import ItemAdapter  # noqa: PLC0415 (comes with scrapy)

    fields = ItemAdapter(item)
    link = canonical_url(str(fields.get("url") or ""))
    entry = Entry(
        url=link,
        guid=bounded_guid(fields.get("guid")),
        title=one_line(str(fields.get("title") or ""), TITLE_MAX),
        summary=clean(str(fields.get("summary") or ""))[:SUMMARY_MAX],
        content=clean(str(fields.get("content") or ""))[:CONTENT_MAX],
        author=one_line(str(fields.get("author") or ""), 200) or None,
        language=feed_language(fields.get("language")),
        published_at=_moment(fields.get("published_at")),
    )
    return entry if entry.url or entry.guid or entry.title else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return iso_moment(value)
