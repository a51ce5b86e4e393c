"""The page inside the daemon: what it is given of it, and its server in the same loop."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crawler import discovery
from envoywatch.desk import spec_of
from envoywatch.searching import ArchiveSearch, Sort
from envoywatch.snippets import marked_title, snippet
from envoywatch.source_trial import Trial, try_once
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, SearchHit, SearchRequest, SearchResult, Settings, Tuning, WebContext
from envoywatch.web.server import serve
from storage.model import Access, Field
from storage.runs import review_alert

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from config.model import Source
    from envoywatch.daemon import Daemon
    from envoywatch.searching import Found
    from storage.views import Reader

T = TypeVar("T")

_PATIENCE_S: Final = 8.0
_GLANCE_S: Final = 0.05


@contextlib.asynccontextmanager
async def serve_page(daemon: Daemon, listen: str) -> AsyncIterator[str]:
    """Serve the page at `listen` while the block runs; gives its URL. Raises ListenError."""
    host, _, port = listen.rpartition(":")
    app = create_app(_context(daemon))
    server = serve(app, host.strip("[]"), int(port))
    await server.start()
    try:
        yield server.url
    finally:
        app.state.live.stop()
        await app.state.tasks.stop()
        await server.stop()


def _context(daemon: Daemon) -> WebContext:
    async def review(alert_id: int, judgement: str | None) -> None:
        await daemon.desk.store.write(review_alert, alert_id, judgement, daemon.clock.now())

    def search(reader: Reader, request: SearchRequest) -> SearchResult:
        return search_page(ArchiveSearch(request.query, daemon.loaded.config), reader, request)

    return WebContext(
        read=daemon.desk.store.read_now,
        review=review,
        settings=lambda: Settings(
            config=daemon.loaded.config,
            file=daemon.loaded.path,
            findings=daemon.file.findings,
            refused=daemon.file.refused,
            read_at=daemon.file.read_at,
        ),
        health=lambda: Readiness(ready=not daemon.troubles, troubles=(*daemon.troubles, *daemon.upkeep.lines)),
        now=daemon.clock.now,
        search=search,
        listen=daemon.loaded.config.web.listen,
        password=daemon.loaded.config.web.password,
        tuning=_tuning(daemon),
    )


def _tuning(daemon: Daemon) -> Tuning:
    """What changes the configuration and asks sources: with the daemon's own engine, under its politeness."""
    desk = daemon.desk
    behind: set[asyncio.Task[Any]] = set()

    async def patiently(work: Coroutine[Any, Any, T], is_enough: Callable[[], bool] = lambda: False) -> T | None:
        """What came of it, None when that takes longer than a person waits for a page; it goes on then."""
        task = asyncio.create_task(work)
        behind.add(task)
        task.add_done_callback(behind.discard)
        until = monotonic() + _PATIENCE_S
        while not task.done() and not is_enough() and monotonic() < until:
            await asyncio.wait({task}, timeout=_GLANCE_S)
        return task.result() if task.done() else None

    async def taken(*, wholly: bool) -> None:
        before = daemon.loaded
        await patiently(daemon.file.take(), lambda: not wholly and daemon.loaded is not before)

    async def poll(name: str) -> bool | None:
        polled = await patiently(daemon.poll_now([name]))
        return None if polled is None else polled > 0

    async def look(url: str) -> discovery.Found:
        access = Access(desk.config.crawl.private_addresses)
        return await discovery.discover(desk.engine, desk.workers, url, access=access)

    async def try_source(source: Source) -> Trial:
        return await try_once(desk.engine, desk.workers, spec_of(source, desk.config))

    return Tuning(
        file=daemon.loaded.path,
        environ=daemon.options.environ,
        database=daemon.database,
        taken=taken,
        poll=poll,
        discover=look,
        try_source=try_source,
    )


def search_page(search: ArchiveSearch, reader: Reader, request: SearchRequest) -> SearchResult:
    """One page of hits, with counts."""
    page = search.page(
        reader,
        request.filters,
        limit=request.limit,
        sort=Sort(request.sort) if request.sort else None,
        skip=request.skip,
        most=request.most,
    )
    return SearchResult(
        hits=tuple(_hit(one) for one in page.found),
        before=page.before,
        skip=page.skip,
        total=page.total,
        is_total=page.is_total,
        facets=page.facets,
        counted=page.counted,
        sort=page.sort.value,
        looked_at=page.looked_at,
        warnings=search.warnings,
    )


def _hit(found: Found) -> SearchHit:
    article, spans = found.article, found.match.spans
    line = article.line
    in_text = any(span.field is Field.TEXT for span in spans)
    return SearchHit(
        line,
        marked_title(line.title, spans, line.language),
        snippet(article.text, spans, line.language) if in_text else None,
    )
