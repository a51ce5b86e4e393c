from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.entries import ParsedFeed
from crawler.listings import LINKS_MAX, parse_listing
from storage.model import Fault, FaultKind

URL = "https://gov.example/news/"
PAGE = """<html lang="ru-RU"><head><title>News</title></head><body>
<nav><a href="/about">About us</a></nav>
<div class="item"><h3><a href="a/1?utm_source=x"> First  visit </a></h3>
<time datetime="2023-05-17T10:00:00+03:00">May</time></div>
<div class="item"><h3><a href="/news/a/2">Second visit</a></h3><a href="/news/a/2"><img alt=""></a></div>
<div class="item"><h3><span class="t">Third visit</span></h3></div>
<a class="outer" href="/news/a/4"><span class="t">Fourth visit</span></a>
<article><a href="mailto:x@gov.example">Write to us</a><a href="#top">To the top</a><a href="/news/">News</a></article>
</body></html>"""


def read(links=None, page=PAGE):
    return parse_listing(page.encode(), "text/html; charset=utf-8", URL, links)


def test_the_selected_links_become_entries_in_order():
    found = read("h3 a")
    assert [(entry.url, entry.title) for entry in found.entries] == [
        ("https://gov.example/news/a/1", "First visit"),
        ("https://gov.example/news/a/2", "Second visit"),
    ]
    assert (found.title, found.language) == ("News", "ru")
    assert found.entries[0].published_at == datetime(2023, 5, 17, 7, tzinfo=UTC)
    assert found.entries[1].published_at is None


def test_a_selector_may_name_what_is_around_a_link_or_within_it():
    assert len(read(".item").entries) == 2
    assert [entry.url for entry in read("span.t").entries] == ["https://gov.example/news/a/4"]


def test_without_a_selector_articles_and_headings_are_looked_at():
    assert [entry.title for entry in read().entries] == ["First visit", "Second visit"]


def test_a_base_is_heeded():
    page = '<base href="https://cdn.example/x/"><h2><a href="y">Words enough</a></h2>'
    assert read("a", page).entries[0].url == "https://cdn.example/x/y"


def test_promise_29_a_page_of_links_is_bounded_visibly():
    page = "".join(f'<h2><a href="/{n}">Entry {n}</a></h2>' for n in range(LINKS_MAX + 7))
    found = read(None, page)
    assert len(found.entries) == LINKS_MAX
    assert found.notes


@pytest.mark.parametrize(
    ("links", "page", "kind", "told"),
    [
        (".gone a", PAGE, FaultKind.NO_LINKS, "finds no link"),
        (None, "<p>words</p>", FaultKind.NO_LINKS, "name them with `links`"),
        ("h3 >> a[", PAGE, FaultKind.NO_LINKS, "not a CSS selector"),
        ("h3:nonsense(2)", PAGE, FaultKind.NO_LINKS, "not a CSS selector"),
        ("a", "", FaultKind.EMPTY, "empty"),
        ("a", " \n ", FaultKind.EMPTY, "empty"),
    ],
)
def test_what_finds_nothing_says_why(links, page, kind, told):
    fault = read(links, page)
    assert fault.kind is kind
    assert told in fault.detail


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(body):
    assert isinstance(parse_listing(b"<h1><a href=" + body, None, URL, None), (ParsedFeed, Fault))
