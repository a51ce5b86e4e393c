"""The parser of each kind of endpoint, for workers: imports no engine, so that a worker starts quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.vocabulary import EndpointKind
from crawler.feeds import parse_feed
from crawler.telegram import parse_preview

if TYPE_CHECKING:
    from crawler.feeds import ParsedFeed
    from storage.model import Fault


def parse_answer(kind: EndpointKind, body: bytes, content_type: str | None, url: str) -> ParsedFeed | Fault:
    """Entries of a feed or a Telegram preview; sitemaps and listings may need more fetches and see to themselves."""
    if kind is EndpointKind.TELEGRAM:
        return parse_preview(body, content_type, url)
    return parse_feed(body, content_type, url)
