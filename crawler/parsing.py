"""The parser of each kind of endpoint, for workers: imports no engine, so that a worker starts quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.vocabulary import EndpointKind
from crawler.feeds import parse_feed
from crawler.listings import parse_listing
from crawler.telegram import parse_preview

if TYPE_CHECKING:
    from crawler.feeds import ParsedFeed
    from storage.model import Fault


def parse_answer(
    kind: EndpointKind, body: bytes, content_type: str | None, url: str, links: str | None
) -> ParsedFeed | Fault:
    """Entries of a feed, a listing or a Telegram preview; sitemaps may need more fetches and are `sitemaps`' own."""
    if kind is EndpointKind.LISTING:
        return parse_listing(body, content_type, url, links)
    if kind is EndpointKind.TELEGRAM:
        return parse_preview(body, content_type, url)
    return parse_feed(body, content_type, url)
