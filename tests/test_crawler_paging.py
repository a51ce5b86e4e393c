import asyncio
from datetime import timedelta

import pytest

from config.vocabulary import EndpointKind
from crawler.exchange import Fetch
from crawler.paging import Memory, read_listing
from storage.model import Access, Endpoint, Fault, FaultKind
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

ACCESS = Access(private_addresses=True)


class Here:
    async def run(self, function, *arguments):
        return function(*arguments)


def page(numbers, after=None, css="news"):
    items = "".join(
        f'<li><a href="/story/{number}-the-envoy-visits-the-town">The envoy visits the town of number {number}</a></li>'
        for number in numbers
    )
    more = f'<a rel="next" href="{after}">2</a>' if after else ""
    return answer_of(f'<html><body><ul class="{css}">{items}</ul>{more}</body></html>'.encode())


@pytest.fixture
def read(world, site):
    async def once(memory, fields):
        async with running_engine(obey_robots=False) as engine:
            endpoint = Endpoint(EndpointKind.LISTING, site.url("/list"), **fields)
            first = await engine.fetch(Fetch(endpoint.url, access=ACCESS))
            return await read_listing(engine, Here(), first, endpoint, memory, ACCESS)

    return lambda memory="", **fields: world.run(once(memory, fields))


def numbers(found):
    return [int(entry.url.rpartition("/")[2].partition("-")[0]) for entry in found.parsed.entries]


def test_what_was_learned_is_told_and_remembered_and_told_once(read, site):
    site.routes["/list"] = page(range(100, 105))
    first = read()
    assert first.parsed.notes == ("learned which links are articles: `links: body > ul.news > li > a`",)
    assert Memory.parse(first.memory).links == "body > ul.news > li > a"
    assert read(first.memory).parsed.notes == ()


def test_a_page_that_was_rebuilt_is_learned_anew(read, site):
    site.routes["/list"] = page(range(100, 105))
    before = read().memory
    site.routes["/list"] = page(range(100, 105), css="stories")
    found = read(before)
    told = "the page was rebuilt; learned anew which links are articles: `links: body > ul.stories > li > a`"
    assert found.parsed.notes == (told,)
    assert numbers(found) == list(range(100, 105))


def test_a_configured_selector_is_not_outdone_by_what_was_learned(read, site):
    site.routes["/list"] = page(range(100, 105))
    found = read('{"links": "p a", "seen": []}', links="ul a")
    assert len(found.parsed.entries) == 5
    assert found.parsed.notes == ()


def test_the_first_reading_takes_one_page_unless_more_were_asked_for(read, site):
    site.routes |= {"/list": page(range(110, 115), "/2"), "/2": page(range(105, 110), "/3"), "/3": page([1, 2, 3])}
    assert numbers(read()) == list(range(110, 115))
    assert numbers(read(pages=2)) == [*range(110, 115), *range(105, 110)]


def test_further_pages_are_read_after_an_outage_until_what_is_known_begins(read, site):
    site.routes["/list"] = page(range(100, 105))
    before = read().memory
    site.routes |= {"/list": page(range(110, 115), "/2"), "/2": page(range(101, 110), "/3"), "/3": page([99, 98, 97])}
    site.asked.clear()
    found = read(before)
    assert numbers(found) == [*range(110, 115), *range(101, 110), 99, 98, 97]
    site.asked.clear()
    assert numbers(read(found.memory)) == list(range(110, 115))
    assert site.paths() == ["/list"]


def test_a_story_pinned_to_the_top_does_not_hide_the_rest(read, site):
    site.routes["/list"] = page([7, 100, 101, 102])
    before = read().memory
    site.routes |= {"/list": page([7, 120, 121, 122], "/2"), "/2": page([117, 118, 102, 101, 100])}
    assert numbers(read(before)) == [7, 120, 121, 122, 117, 118, 102, 101, 100]


def test_pages_end_at_their_limit_and_say_so_and_circles_end(read, site):
    site.routes["/list"] = page(range(100, 105))
    before = read().memory
    site.routes["/list"] = page(range(900, 905), "/p/1")
    for number in range(1, 9):
        site.routes[f"/p/{number}"] = page(range(800 + 10 * number, 805 + 10 * number), f"/p/{number + 1}")
    found = read(before)
    assert len(found.parsed.entries) == 15
    assert found.parsed.notes == ("stopped after 3 pages although all was new: some may be missed",)
    site.routes["/p/1"] = page(range(700, 705), "/p/1")
    assert len(read(before, pages=9).parsed.entries) == 10


def test_a_further_page_that_fails_is_noted_and_tried_again(read, site):
    site.routes["/list"] = page(range(100, 105))
    before = read().memory
    site.routes["/list"] = page(range(110, 115), "/gone")
    found = read(before)
    assert found.parsed.notes == ("page 2 could not be read: the server answered 404 Not Found",)
    assert not found.parsed.cacheable
    assert Memory.parse(found.memory).seen == Memory.parse(before).seen


def test_the_next_page_may_be_named(read, site):
    body = page(range(100, 105)).replace(b"</body>", b'<p class="more"><a href="/older">etc.</a></p></body>')
    site.routes |= {"/list": answer_of(body.partition(b"\r\n\r\n")[2]), "/older": page(range(90, 95))}
    assert len(read(pages=2, next_page=".more a").parsed.entries) == 10
    assert len(read(pages=2, next_page=".none").parsed.entries) == 5
    fault = read(pages=2, next_page="a[")
    assert isinstance(fault, Fault)
    assert (fault.kind, "`next_page: a[`" in fault.detail) == (FaultKind.NO_LINKS, True)


def test_a_crawl_over_pages_ends_in_time(read, site, monkeypatch):
    monkeypatch.setattr("crawler.paging.TIME_MAX", timedelta(seconds=0.1))

    async def hang(asked, writer):
        await asyncio.sleep(5)

    site.routes |= {"/list": page(range(100, 105), "/2"), "/2": hang}
    found = read(pages=2)
    assert (len(found.parsed.entries), found.parsed.cacheable) == (5, False)
    assert found.parsed.notes[-1].startswith("stopped after")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seen": 3}', "null"])
def test_a_memory_that_cannot_be_read_is_forgotten(text):
    assert Memory.parse(text) == Memory()
    assert Memory.parse(Memory("a", frozenset({"b"})).render()) == Memory("a", frozenset({"b"}))
