"""The listing spider: how listing pages are read, and what to start one's own spider from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawler.listings import parse_listing
from storage.model import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from crawler.workers import Workers
    from storage.model import Entry


class ListingSpider(Spider):
    """Entries of the pages in `urls`, by the CSS selector `links`; with `next_page` also of the pages after them.

    With `workers` the pages are parsed there, off the loop and killable.
    """

    name = "listing"
    urls: tuple[str, ...] = ()
    links: str | None = None
    next_page: str | None = None
    workers: Workers | None = None

    async def start(self) -> AsyncIterator[Any]:
        """The pages to begin with."""
        for url in self.urls:
            yield Request(url)

    async def parse(self, response: Response, **_: Any) -> AsyncIterator[Entry | Fault | Request]:
        """The entries of one page, or why it gives none; then the next page."""
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
        page = response.body, content_type, response.url, self.links
        found = await self.workers.run(parse_listing, *page) if self.workers else parse_listing(*page)
        if isinstance(found, Fault):
            yield found
            return
        for entry in found.entries:
            yield entry
        if self.next_page:
            for href in response.css(self.next_page).xpath("@href").getall()[:1]:
                yield response.follow(href)
