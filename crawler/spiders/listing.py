"""The listing spider: a listing page read as one, to start one's own spider from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider

from crawler.listings import parse_listing
from storage.model import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response

    from storage.model import Entry


class ListingSpider(Spider):
    """Entries of the pages in `urls`, by the CSS selector `links`; with `next_page` also of the pages after them."""

    name = "listing"
    urls: tuple[str, ...] = ()
    links: str | None = None
    next_page: str | None = None

    async def start(self) -> AsyncIterator[Any]:
        """The pages to begin with."""
        for url in self.urls:
            yield Request(url)

    def parse(self, response: Response, **_: Any) -> Iterator[Entry | Request]:
        """The entries of one page, then the next page."""
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
        found = parse_listing(response.body, content_type, response.url, self.links)
        if isinstance(found, Fault):
            raise CloseSpider(found.detail)
        yield from found.entries
        if self.next_page:
            for href in response.css(self.next_page).xpath("@href").getall()[:1]:
                yield response.follow(href)
