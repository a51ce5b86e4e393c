"""The page inside the daemon: what it is given of it, and its server in the same loop."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Final

from envoywatch.searching import ArchiveSearch
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, SearchHit, SearchResult, Settings, WebContext
from envoywatch.web.server import serve
from storage.model import Field
from storage.runs import review_alert
from storage.views import ArticleFilters, Evidence, Mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from envoywatch.daemon import Daemon
    from envoywatch.searching import Found
    from storage.views import Reader

HITS: Final = 30
_AROUND: Final = 140
"""Characters of text shown before and after what was found."""


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
        health=lambda: _health(daemon),
        now=daemon.clock.now,
        search=search,
        listen=daemon.loaded.config.web.listen,
        password=daemon.loaded.config.web.password,
    )


def _health(daemon: Daemon) -> Readiness:
    troubles = []
    if daemon.desk.store.trouble:
        troubles.append(f"the database cannot be written: {daemon.desk.store.trouble}")
    if daemon.stopping.is_set():
        troubles.append("the daemon is stopping")
    return Readiness(ready=not troubles, troubles=tuple(troubles))


def search_page(search: ArchiveSearch, reader: Reader, before: int | None) -> SearchResult:
    """One page of hits, newest first."""
    found = list(islice(search.run(reader, ArticleFilters(before=before)), HITS + 1))
    hits = tuple(_hit(one) for one in found[:HITS])
    return SearchResult(hits, hits[-1].article.id if len(found) > HITS else None)


def _hit(found: Found) -> SearchHit:
    line = found.article.line
    spans = {field: [span for span in found.match.spans if span.field is field] for field in Field}
    title_marks = tuple(Mark(span.start, span.end, "match") for span in spans[Field.TITLE])
    snippet = None
    if spans[Field.TEXT]:
        text = found.article.text
        start = max(0, spans[Field.TEXT][0].start - _AROUND)
        start = text.find(" ", start) + 1 if start else 0
        end = min(len(text), spans[Field.TEXT][0].end + _AROUND)
        marks = tuple(
            Mark(span.start - start, span.end - start, "match")
            for span in spans[Field.TEXT]
            if start <= span.start and span.end <= end
        )
        snippet = Evidence(text[start:end], line.language, marks)
    return SearchHit(line, Evidence(line.title, line.language, title_marks), snippet)
