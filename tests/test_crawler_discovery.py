import asyncio

import pytest

from config.vocabulary import EndpointKind
from crawler.discovery import DiscoveryError, chain_of, discover, named_feeds, usual_feeds
from storage.model import Access
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

FEED = b"<rss version='2.0'><channel><title>%s</title>%s</channel></rss>"


def feed(title, entries):
    return answer_of(FEED % (title, b"<item><title>x</title></item>" * entries), content_type="application/rss+xml")


class Workers:
    async def run(self, func, *args):
        return await asyncio.to_thread(func, *args)


@pytest.fixture
def find(world):
    async def found(url):
        async with running_engine() as engine:
            return await discover(engine, Workers(), url, access=Access(private_addresses=True))

    return lambda url: [(one.kind, one.url, one.title, one.entries) for one in world.run(found(url)).addresses]


def test_the_address_of_a_feed_is_the_feed(find, site):
    site.routes["/f"] = feed(b"News", 2)
    assert find(site.url("/f")) == [(EndpointKind.FEED, site.url("/f"), "News", 2)]


def test_the_address_of_a_sitemap_is_the_sitemap(find, site):
    site.routes["/s"] = answer_of(b"<urlset><url><loc>/a</loc></url></urlset>")
    site.routes["/i"] = answer_of(b"<sitemapindex><sitemap><loc>/s</loc></sitemap></sitemapindex>")
    assert find(site.url("/s"))[0][0] is EndpointKind.SITEMAP
    assert find(site.url("/i"))[0][3] == 1


def test_feeds_that_a_page_names_come_first_the_fullest_before_the_others(find, site):
    page = b"""<link rel="alternate" type="application/rss+xml" href="/one"><link rel="stylesheet" href="/style">
        <link rel="alternate" type="application/atom+xml" href="/gone"><a href="/two/rss.xml">RSS</a>"""
    robots = f"User-agent: *\nSitemap: {site.url('/news.xml')}\nSitemap: /gone.xml\n".encode()
    site.routes |= {"/": answer_of(page), "/one": feed(b"One", 1), "/two/rss.xml": feed(b"Two", 5)}
    site.routes |= {
        "/robots.txt": answer_of(robots),
        "/news.xml": answer_of(b"<urlset><url><loc>/a</loc></url></urlset>"),
    }
    assert find(site.url("/")) == [
        (EndpointKind.FEED, site.url("/two/rss.xml"), "Two", 5),
        (EndpointKind.FEED, site.url("/one"), "One", 1),
        (EndpointKind.SITEMAP, site.url("/news.xml"), "", 1),
    ]
    assert "/style" not in site.paths()


def test_usual_places_are_tried_when_a_page_names_none_or_cannot_be_read(find, site):
    site.routes["/rss.xml"] = feed(b"News", 1)
    assert find(site.url("/anything"))[0][1] == site.url("/rss.xml")


def test_a_page_full_of_headings_is_a_listing(find, site):
    site.routes["/"] = answer_of(b"".join(b'<h2><a href="/%d">Entry number %d</a></h2>' % (n, n) for n in range(4)))
    assert find(site.url("/")) == [(EndpointKind.LISTING, site.url("/"), "", 4)]


def test_nothing_to_poll_is_told_with_the_reason(find, site):
    site.routes["/"] = answer_of(b"<p>words</p>")
    with pytest.raises(DiscoveryError, match="no list of links"):
        find(site.url("/"))
    with pytest.raises(DiscoveryError, match="404"):
        find(site.url("/missing"))


def test_named_feeds_are_absolute_and_each_once():
    page = (
        b'<link rel="Alternate" type="application/rss+xml; charset=x" href="f?utm_source=a"><a href="/x/feed/">a</a><a>'
    )
    assert named_feeds(page, None, "https://n.example/en/") == ("https://n.example/en/f", "https://n.example/x/feed/")
    assert named_feeds(b"", None, "https://n.example/") == ()
    assert usual_feeds("https://n.example/en/")[0] == "https://n.example/feed"


STORIES = "".join(
    f"<li><a href='/story/100{n}-the-envoy-visits-the-town'>The envoy visits the town of number {n}</a></li>"
    for n in range(5)
)


@pytest.fixture
def outlet(site):
    """A site with a feed, a news sitemap and a front page that lists stories."""
    link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    page = answer_of(f"<html><head>{link}</head><body><ul class='news'>{STORIES}</ul></body></html>".encode())
    sitemap = b"<urlset><url><loc>/a</loc><lastmod>2023-05-17T10:00:00Z</lastmod></url></urlset>"
    robots = f"Sitemap: {site.url('/news.xml')}\n".encode()
    site.routes |= {"/": page, "/section/": page, "/feed": feed(b"News", 2), "/news.xml": answer_of(sitemap)}
    site.routes["/robots.txt"] = answer_of(robots)
    return site


def search(world, url):
    async def found():
        async with running_engine() as engine:
            return await discover(engine, Workers(), url, access=Access(private_addresses=True))

    return world.run(found()).addresses


def test_feed_sitemap_and_listing_of_a_site_are_found_with_what_they_would_give(world, outlet):
    feed_found, sitemap, listing = search(world, outlet.url("/"))
    assert [one.kind.value for one in (feed_found, sitemap, listing)] == ["feed", "sitemap", "listing"]
    assert (listing.links, listing.entries) == ("body > ul.news > li > a", 5)
    assert listing.titles[0] == "The envoy visits the town of number 0"
    assert sitemap.newest_at.year == 2023


def test_a_sitemap_stands_in_for_a_front_page_but_not_for_a_section(world, outlet):
    for path, kinds in (("/", ["feed", "sitemap", "listing"]), ("/section/", ["feed", "listing"])):
        chain = chain_of(search(world, outlet.url(path)), outlet.url(path))
        assert [one.kind.value for one in chain] == kinds


def test_an_address_without_a_scheme_may_be_http(world, outlet):
    assert search(world, f"127.0.0.1:{outlet.port}")[0].url == outlet.url("/feed")


def test_an_address_that_cannot_be_read_is_told_beside_what_its_site_has(world, outlet):
    async def found():
        async with running_engine() as engine:
            return await discover(engine, Workers(), outlet.url("/gone"), access=Access(private_addresses=True))

    result = world.run(found())
    assert result.fault.detail == "the server answered 404 Not Found"
    assert [one.kind.value for one in result.addresses] == ["feed", "sitemap"]
