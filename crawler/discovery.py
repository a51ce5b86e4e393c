"""From the address of a site to what can be polled there: feeds first, then sitemaps, then the page as a listing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from config.errors import EnvoywatchError
from config.vocabulary import EndpointKind
from crawler.exchange import Fetch, Kind, Page
from crawler.feeds import parse_feed
from crawler.listings import ListingRules, read_page
from crawler.markup import parse_html
from crawler.sitemaps import read_sitemap
from crawler.telegram import parse_preview, preview_url
from crawler.urls import canonical_url
from storage.faults import describe
from storage.model import USUAL, Access, Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crawler.engine import Engine
    from crawler.entries import ParsedFeed
    from crawler.workers import Workers

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_FEED_LIKE = re.compile(r"(?:^|[/._?=&-])(?:rss|feeds?|atom|rdf)(?:[/._?=&-]|$)", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_FEEDS_TRIED = 12
_SITEMAPS_TRIED = 3
_LISTING_MIN = 3
_TITLES_SHOWN = 3
_NO_HTTPS = frozenset({FaultKind.CONNECT, FaultKind.TLS, FaultKind.TIMEOUT})
"""Where an address was given without its scheme, a host that does not speak https may speak http."""
_UNREACHABLE = frozenset({FaultKind.NAME, FaultKind.CONNECT, FaultKind.ADDRESS, FaultKind.TLS})
"""Where the host itself is out of reach, its other addresses need not be tried."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """Something that can be polled, and what it gave just now: how many entries, the first titles, the newest time.

    `links` is the selector that was learned for a listing.
    """

    kind: EndpointKind
    url: str
    title: str
    entries: int
    titles: tuple[str, ...] = ()
    newest_at: datetime | None = None
    links: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What can be polled, best first, never empty; `fault` says why the address itself could not be read, if so."""

    addresses: tuple[Discovered, ...]
    fault: Fault | None = None


class DiscoveryError(EnvoywatchError):
    """Nothing at this address can be polled."""


async def discover(engine: Engine, workers: Workers, url: str, *, access: Access = USUAL) -> Found:
    """What can be polled at an address, or elsewhere on its site.

    Raises:
        DiscoveryError: the site cannot be read, or gives nothing to poll.
    """
    return await _Discovery(engine, workers, access).run(url)


class _Discovery:
    """One search; every address is fetched once at most."""

    def __init__(self, engine: Engine, workers: Workers, access: Access) -> None:
        self._engine = engine
        self._workers = workers
        self._access = access
        self._tried: set[str] = set()

    async def run(self, url: str) -> Found:
        address = preview_url(url if "//" in url else f"https://{url}")
        page = await self._fetch(address)
        if isinstance(page, Fault) and page.kind in _NO_HTTPS and "//" not in url:
            plain = f"http://{url}"
            page = await self._fetch(plain)
            address = plain if isinstance(page, Page) else address
        if isinstance(page, Page):
            found = await self._itself(page)
            if found:
                return Found(tuple(found))
            named = await self._workers.run(named_feeds, page.body, page.content_type, page.url)
        elif page.kind in _UNREACHABLE:
            raise DiscoveryError(f"{address} cannot be read: {page.detail}", hint=describe(page.kind).remedy)
        else:
            named = ()
        found = await self._feeds(named) or await self._feeds(usual_feeds(address))
        found += await self._sitemaps(address)
        if isinstance(page, Page):
            found += await self._listing(page)
        if not found:
            told = page.detail if isinstance(page, Fault) else "no feed, no sitemap, no list of links"
            raise DiscoveryError(f"nothing to poll at {address}: {told}")
        return Found(tuple(found), page if isinstance(page, Fault) else None)

    async def _fetch(self, url: str) -> Page | Fault:
        self._tried.add(canonical_url(url) or url)
        return await self._engine.fetch(Fetch(url, access=self._access, kind=Kind.ANY))

    async def _itself(self, page: Page) -> list[Discovered]:
        """The address may be a feed, a sitemap or a channel already."""
        if urlsplit(page.url).hostname == "t.me":
            preview = await self._workers.run(parse_preview, page.body, page.content_type, page.url)
            if isinstance(preview, Fault):
                raise DiscoveryError(f"{page.url}: {preview.detail}", hint=describe(preview.kind).remedy)
            return _if_read(EndpointKind.TELEGRAM, page.url, preview)
        parsed = await self._workers.run(parse_feed, page.body, page.content_type, page.url)
        found = _if_read(EndpointKind.FEED, page.url, parsed)
        if found:
            return found
        parsed = await read_sitemap(self._engine, self._workers, page, access=self._access)
        return _if_read(EndpointKind.SITEMAP, page.url, parsed)

    async def _feeds(self, urls: Iterable[str]) -> list[Discovered]:
        found: list[Discovered] = []
        for url in [url for url in dict.fromkeys(urls) if (canonical_url(url) or url) not in self._tried][
            :_FEEDS_TRIED
        ]:
            page = await self._fetch(url)
            if isinstance(page, Page):
                parsed = await self._workers.run(parse_feed, page.body, page.content_type, page.url)
                found += _if_read(EndpointKind.FEED, url, parsed)
        return sorted(found, key=lambda feed: -feed.entries)

    async def _sitemaps(self, url: str) -> list[Discovered]:
        """Those that robots.txt names; news sitemaps first."""
        robots = await self._fetch(urljoin(url, "/robots.txt"))
        named = _SITEMAP_LINE.findall(robots.body.decode("utf-8", "replace")) if isinstance(robots, Page) else []
        found: list[Discovered] = []
        for sitemap in sorted(dict.fromkeys(named), key=lambda name: "news" not in name.lower())[:_SITEMAPS_TRIED]:
            page = await self._fetch(urljoin(url, sitemap))
            if isinstance(page, Page):
                parsed = await read_sitemap(self._engine, self._workers, page, access=self._access)
                found += _if_read(EndpointKind.SITEMAP, urljoin(url, sitemap), parsed)
        return found

    async def _listing(self, page: Page) -> list[Discovered]:
        """The page itself, when links that look like articles stand on it."""
        found = await self._workers.run(read_page, page.body, page.content_type, page.url, ListingRules())
        if isinstance(found.parsed, Fault) or len(found.parsed.entries) < _LISTING_MIN:
            return []
        return _if_read(EndpointKind.LISTING, page.url, found.parsed, found.learned)


def _if_read(kind: EndpointKind, url: str, parsed: ParsedFeed | Fault, links: str | None = None) -> list[Discovered]:
    if isinstance(parsed, Fault):
        return []
    titles = tuple(entry.title for entry in parsed.entries if entry.title)[:_TITLES_SHOWN]
    newest_at = max((entry.published_at for entry in parsed.entries if entry.published_at), default=None)
    return [Discovered(kind, url, parsed.title, len(parsed.entries), titles, newest_at, links)]


def chain_of(found: Sequence[Discovered], url: str) -> list[Discovered]:
    """The addresses of one source: the best, and what gives the same by another way while that fails.

    A sitemap speaks for a whole site, so that it stands in only for the front page, and only if it tells times.
    """
    path = urlsplit(url if "//" in url else f"https://{url}").path
    chain = list(found[:1])
    for other in found[1:]:
        is_new_kind = other.kind not in {one.kind for one in chain}
        fits = other.kind is EndpointKind.LISTING or (path in {"", "/"} and other.newest_at is not None)
        if is_new_kind and other.entries and fits:
            chain.append(other)
    return chain


def named_feeds(body: bytes, content_type: str | None, url: str) -> tuple[str, ...]:
    """Feeds that a page names: in `<link rel=alternate>`, then links that look like one. Runs in a worker."""
    root = parse_html(body, content_type)
    if root is None:
        return ()
    found = [
        str(link.get("href"))
        for link in root.iter("link")
        if link.get("href") and "alternate" in (link.get("rel") or "").lower() and _is_feed_type(link.get("type"))
    ]
    found += [str(anchor.get("href")) for anchor in root.iter("a") if _FEED_LIKE.search(anchor.get("href") or "")]
    absolute = (canonical_url(href, url) for href in found)
    return tuple(dict.fromkeys(href for href in absolute if href))


def _is_feed_type(value: str | None) -> bool:
    return (value or "").strip().lower().startswith(_FEED_TYPES)


def usual_feeds(url: str) -> tuple[str, ...]:
    """Where feeds lie when a page does not name them."""
    return tuple(urljoin(url, path) for path in _paths())


@cache
def _paths() -> tuple[str, ...]:
    text = files("crawler").joinpath("data/feed-paths.txt").read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
