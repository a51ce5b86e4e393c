"""The page inside the daemon: what it is given of it, and its server in the same loop."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from envoywatch.searching import ArchiveSearch, Sort
from envoywatch.snippets import marked_title, snippet
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, SearchHit, SearchRequest, SearchResult, Settings, WebContext
from envoywatch.web.server import serve
from storage.model import Field
from storage.runs import review_alert

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from envoywatch.daemon import Daemon
    from envoywatch.searching import Found
    from storage.views import Reader


@contextlib.asynccontextmanager
async def serve_page(daemon: Daemon, listen: str) -> AsyncIterator[str]:
    """Serve the page at `listen` while the block runs; gives its URL. Raises ListenError."""
    host, _, port = listen.rpartition(":")
    server = serve(create_app(_context(daemon)), host.strip("[]"), int(port))
    await server.start()
    try:
        yield server.url
    finally:
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
            findings=daemon.findings,
            read_at=daemon.config_read_at,
        ),
        health=lambda: Readiness(ready=not daemon.troubles, troubles=daemon.troubles),
        now=daemon.clock.now,
        search=search,
        listen=daemon.loaded.config.web.listen,
        password=daemon.loaded.config.web.password,
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
