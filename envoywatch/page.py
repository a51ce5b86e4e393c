"""The page inside the daemon: what it is given of it, and its server in the same loop."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Final

from envoywatch.searching import ArchiveSearch
from envoywatch.snippets import marked_title, snippet
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, SearchHit, SearchResult, Settings, WebContext
from envoywatch.web.server import serve
from storage.model import Field
from storage.runs import review_alert
from storage.views import ArticleFilters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from envoywatch.daemon import Daemon
    from envoywatch.searching import Found
    from storage.views import Reader

HITS: Final = 30


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

    def search(reader: Reader, query: str, before: int | None) -> SearchResult:
        return search_page(ArchiveSearch(query, daemon.loaded.config), reader, before)

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


def search_page(search: ArchiveSearch, reader: Reader, before: int | None) -> SearchResult:
    """One page of hits, newest first."""
    found = list(islice(search.run(reader, ArticleFilters(before=before)), HITS + 1))
    hits = tuple(_hit(one) for one in found[:HITS])
    return SearchResult(hits, hits[-1].article.id if len(found) > HITS else None)


def _hit(found: Found) -> SearchHit:
    article, spans = found.article, found.match.spans
    line = article.line
    in_text = any(span.field is Field.TEXT for span in spans)
    return SearchHit(
        line,
        marked_title(line.title, spans, line.language),
        snippet(article.text, spans, line.language) if in_text else None,
    )
