import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta

import pytest
from scrapy import Request, Spider

from crawler import spider_runner
from crawler.entries import ParsedFeed
from crawler.spider_runner import find_spider, run_spider, to_entry
from crawler.spiders.listing import ListingSpider
from storage.model import Access, Entry, FaultKind
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)


@pytest.fixture
def crawl(world, monkeypatch):
    def crawled(spider_class, **arguments):
        monkeypatch.setattr(spider_runner, "find_spider", lambda name, folder: spider_class)

        async def once():
            async with running_engine(obey_robots=False) as engine:
                return await run_spider(engine, "some", access=Access(private_addresses=True), **arguments)

        return world.run(once())

    return crawled


def links(*paths):
    return answer_of("".join(f'<h2><a href="{path}">Entry {path}</a></h2>' for path in paths).encode())


def test_the_listing_spider_is_found_by_its_name_and_reads_pages_one_after_the_other(crawl, site):
    assert find_spider("listing") is ListingSpider
    assert find_spider("nobody") is None
    second = b'<h2><a href="/c">Entry three</a></h2>'
    site.routes |= {
        "/1": answer_of(b'<h2><a href="/a">Entry one</a></h2><a class="next" href="/2">on</a>'),
        "/2": answer_of(second),
    }
    found = crawl(ListingSpider, urls=(site.url("/1"),), next_page="a.next")
    assert [entry.url for entry in found.entries] == [site.url("/a"), site.url("/c")]


def test_callbacks_may_give_items_and_requests_in_every_form_scrapy_allows(crawl, site):
    class Forms(Spider):
        name = "forms"

        async def start(self):
            yield Request(site.url("/a"), headers={"X-Mine": "1"}, callback=self.one, cb_kwargs={"title": "from cb"})
            yield Request(site.url("/a"))
            yield Request(site.url("/b"), callback=self.several)
            yield {"title": "at the start"}

        def one(self, response, title):
            return {"title": title, "url": response.urljoin("/x"), "published_at": datetime(2023, 5, 17, 8)}  # noqa: DTZ001 (naive)

        async def several(self, response):
            yield Entry(None, "g", "an entry")
            yield Request(site.url("/c"), callback=self.later)
            yield {"nothing": "useful"}

        async def later(self, response):
            return [{"title": response.css("p::text").get(), "language": "ru-RU"}]

    site.routes |= {f"/{name}": answer_of(f"<p>page {name}</p>".encode()) for name in "abc"}
    found = crawl(Forms)
    assert [entry.title for entry in found.entries] == ["at the start", "from cb", "an entry", "page c"]
    assert found.entries[1].published_at == datetime(2023, 5, 17, 8, tzinfo=UTC)
    assert found.entries[3].language == "ru"
    assert site.paths() == ["/a", "/b", "/c"]
    assert site.asked[0].headers["x-mine"] == "1"
    assert not found.cacheable


def test_promise_29_a_calendar_without_end_is_left_visibly(crawl, site, monkeypatch):
    class Trap(Spider):
        name = "trap"
        start_urls = (site.url("/0"),)

        def parse(self, response):
            number = int(response.url.rpartition("/")[2])
            yield {"title": f"day {number}"}
            for step in (1, 2):
                yield response.follow(f"/{number * 2 + step}")

    async def any_page(asked, writer):
        writer.write(answer_of(b"<p>day</p>"))

    site.routes |= {f"/{number}": any_page for number in range(100)}
    found = crawl(Trap)
    assert len(found.entries) == 15
    assert found.notes == ("links deeper than 3 were not followed",)
    for name, value, told in (("PAGES_MAX", 4, "4 pages"), ("SIZE_MAX", 1, "MB"), ("ENTRIES_MAX", 2, "2 entries")):
        with monkeypatch.context() as patch:
            patch.setattr(spider_runner, name, value)
            assert any(told in note for note in crawl(Trap).notes)


def test_promise_29_a_spider_has_its_time(crawl, site, monkeypatch):
    async def slow(asked, writer):
        await asyncio.sleep(1)

    class Slow(Spider):
        name = "slow"
        start_urls = (site.url("/a"),)

        async def start(self):
            yield {"title": "first"}
            yield Request(site.url("/a"))

    site.routes["/a"] = slow
    monkeypatch.setattr(spider_runner, "TIME_MAX", timedelta(seconds=0.1))
    assert crawl(Slow).notes == ("stopped after 0 s",)


def test_a_failing_callback_ends_alone_and_is_logged(crawl, site, caplog):
    class Failing(Spider):
        name = "failing"
        start_urls = (site.url("/a"), site.url("/gone"))

        def parse(self, response):
            raise KeyError("x")

    site.routes["/a"] = answer_of(b"<p>x</p>")
    with caplog.at_level(logging.ERROR):
        fault = crawl(Failing)
    assert fault.kind is FaultKind.SPIDER
    assert "KeyError" in caplog.text


def test_a_spider_that_finds_nothing_says_so(crawl, site):
    class Nothing(Spider):
        name = "nothing"
        start_urls = (site.url("/a"),)

        def parse(self, response):
            return None

    site.routes["/a"] = answer_of(b"<p>x</p>")
    assert crawl(Nothing).kind is FaultKind.NO_LINKS
    assert crawl(ListingSpider, urls=(site.url("/gone"),)).kind is FaultKind.GONE


def test_an_item_becomes_an_entry_cleaned():
    entry = to_entry({"url": "https://n.example/a#x", "title": " a\x00\nb ", "published_at": "2023-05-17T08:00:00Z"})
    assert (entry.url, entry.title, entry.published_at.hour) == ("https://n.example/a", "a b", 8)
    aware = to_entry({"title": "t", "published_at": datetime(2023, 5, 17, 8, tzinfo=UTC)})
    assert aware.published_at == datetime(2023, 5, 17, 8, tzinfo=UTC)
    assert to_entry({"summary": "only"}) is None


def test_what_a_crawl_gives_is_a_feed():
    assert isinstance(ParsedFeed(), ParsedFeed)


def test_the_operators_folder_comes_first_and_a_changed_file_is_taken_up(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import scrapy\nclass A(scrapy.Spider):\n    name = 'mine'\n    version = 1\n")
    assert find_spider("mine", tmp_path).version == 1
    file.write_text("import scrapy\nclass A(scrapy.Spider):\n    name = 'mine'\n    version = 2\n")
    os.utime(file, ns=(1, 1))
    assert find_spider("mine", tmp_path).version == 2
    assert find_spider("listing", tmp_path) is ListingSpider
    assert find_spider("nobody", tmp_path) is None


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import nothing_of_the_kind", "ModuleNotFoundError"),
        ("class (", "mine.py does not load: SyntaxError"),
        ("", "there is no spider named mine in"),
    ],
)
def test_a_spider_that_is_not_there_or_does_not_load_is_a_fault_of_its_own(world, tmp_path, code, told):
    (tmp_path / "mine.py").write_text(code)

    async def crawl():
        async with running_engine(spiders=tmp_path) as engine:
            return await run_spider(engine, "mine")

    fault = world.run(crawl())
    assert (fault.kind, told in fault.detail) == (FaultKind.SPIDER, True)
