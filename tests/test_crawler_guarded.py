"""Every kind of request that the program makes by itself, led from a public address to a private one."""

import asyncio

import pytest

from crawler import spider_runner
from crawler.discovery import DiscoveryError, discover
from crawler.exchange import Fetch, Kind
from crawler.pages import fetch_page
from crawler.sitemaps import read_sitemap
from crawler.spider_runner import run_spider
from crawler.spiders.listing import ListingSpider
from storage.model import USUAL, Fault, FaultKind
from tests.crawler_world import Site, answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

OUTSIDE = "127.0.0.2"


class Outside(Site):
    """A site on the one address that counts as public."""

    def __init__(self):
        super().__init__()

    def url(self, path="/", host=OUTSIDE):
        return super().url(path, host)

    async def start(self):
        self._server = await asyncio.start_server(self._serve, OUTSIDE, 0)
        self.port = self._server.sockets[0].getsockname()[1]


class Workers:
    async def run(self, work, *arguments):
        return await asyncio.to_thread(work, *arguments)


@pytest.fixture
def outside(world, monkeypatch):
    monkeypatch.setattr("crawler.guard.is_public", lambda address: address == OUTSIDE)
    made = Outside()
    world.run(made.start())
    yield made
    world.run(made.stop())


def moved(url):
    return answer_of(status="302 Found", location=url)


async def as_feed(engine, outside, inside):
    outside.routes["/start"] = moved(inside)
    return await engine.fetch(Fetch(outside.url("/start")))


async def as_page(engine, outside, inside):
    return await fetch_page(engine, inside, USUAL)


async def as_page_behind_a_redirect(engine, outside, inside):
    outside.routes["/start"] = moved(inside)
    return await fetch_page(engine, outside.url("/start"), USUAL)


async def as_robots(engine, outside, inside):
    """What cannot be had allows: the page is read, the robots.txt inside is not."""
    outside.routes |= {"/robots.txt": moved(inside), "/start": answer_of(b"page")}
    found = await engine.fetch(Fetch(outside.url("/start"), kind=Kind.PAGE))
    assert found.body == b"page"
    return Fault(FaultKind.ADDRESS, "")


async def as_sitemap(engine, outside, inside):
    index = f"<sitemapindex><sitemap><loc>{inside}</loc></sitemap></sitemapindex>".encode()
    outside.routes["/start"] = answer_of(index)
    page = await engine.fetch(Fetch(outside.url("/start"), kind=Kind.ANY))
    return await read_sitemap(engine, Workers(), page, access=USUAL)


async def as_discovery(engine, outside, inside):
    named = f'<link rel="alternate" type="application/rss+xml" href="{inside}">'.encode()
    outside.routes |= {"/": answer_of(named), "/robots.txt": answer_of(f"Sitemap: {inside}\n".encode())}
    with pytest.raises(DiscoveryError):
        await discover(engine, Workers(), outside.url("/"))
    with pytest.raises(DiscoveryError):
        await discover(engine, Workers(), inside)
    return Fault(FaultKind.ADDRESS, "")


async def as_spider(engine, outside, inside):
    outside.routes["/start"] = answer_of(
        f'<h2><a href="/a">A title of some length</a></h2><a class=n href="{inside}">'.encode()
    )
    found = await run_spider(engine, "some", urls=(outside.url("/start"),), next_page="a.n", pages=3)
    assert [one.url for one in found.entries] == [outside.url("/a")]
    return Fault(FaultKind.ADDRESS, "")


@pytest.mark.parametrize(
    "way",
    [as_feed, as_page, as_page_behind_a_redirect, as_robots, as_sitemap, as_discovery, as_spider],
)
def test_promise_22_no_kind_of_request_leads_from_a_public_address_to_a_private_one(
    world, site, outside, monkeypatch, way
):
    monkeypatch.setattr(spider_runner, "find_spider", lambda name, folder: ListingSpider)
    site.routes["/secret"] = answer_of(b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>")

    async def ask():
        async with running_engine(private_addresses=False) as engine:
            return await way(engine, outside, site.url("/secret"))

    found = world.run(ask())
    assert found.kind is FaultKind.ADDRESS
    assert site.asked == []
    assert way is as_page or outside.asked
