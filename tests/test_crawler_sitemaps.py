import asyncio
import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.entries import ParsedFeed
from crawler.exchange import Page
from crawler.sitemaps import ENTRIES_KEPT, SitemapIndex, parse_sitemap, read_sitemap
from storage.model import USUAL, Fault, FaultKind

URL = "https://news.example/sitemap.xml"
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def urlset(*entries):
    inside = "".join(f"<url>{entry}</url>" for entry in entries)
    return f"<?xml version='1.0' encoding='UTF-8'?><urlset {NAMESPACES}>{inside}</urlset>".encode()


NEWS = (
    "<loc>https://news.example/a?utm_medium=x</loc><lastmod>2023-05-18</lastmod><news:news><news:publication>"
    "<news:name>N</news:name><news:language>zh-cn</news:language></news:publication>"
    "<news:publication_date>2023-05-17T08:00:00+08:00</news:publication_date>"
    "<news:title>Talks &amp; tea</news:title></news:news>"
)


def test_a_news_sitemap_gives_titles_languages_and_times():
    (entry,) = parse_sitemap(urlset(NEWS), URL).entries
    assert (entry.url, entry.title, entry.language) == ("https://news.example/a", "Talks & tea", "zh")
    assert entry.published_at == datetime(2023, 5, 17, 0, tzinfo=UTC)


def test_an_ordinary_sitemap_gives_addresses_and_times():
    found = parse_sitemap(urlset("<loc> /b </loc><lastmod>2023-05-18</lastmod>", "<loc>javascript:x</loc>", ""), URL)
    assert [(entry.url, entry.title, entry.published_at) for entry in found.entries] == [
        ("https://news.example/b", "", datetime(2023, 5, 18, tzinfo=UTC))
    ]


def test_only_the_newest_are_kept():
    entries = [
        f"<loc>/{n}</loc><lastmod>20{n // 366 + 10:02d}-{n % 12 + 1:02d}-01</lastmod>" for n in range(ENTRIES_KEPT + 50)
    ]
    found = parse_sitemap(urlset(*entries), URL)
    assert len(found.entries) == ENTRIES_KEPT
    assert found.notes


def test_gzip_is_undone_within_a_limit(monkeypatch):
    assert len(parse_sitemap(gzip.compress(urlset(NEWS)), URL).entries) == 1
    monkeypatch.setattr("crawler.sitemaps.UNPACKED_MAX", 100_000)
    assert parse_sitemap(gzip.compress(b" " * 1_000_000), URL).kind is FaultKind.TOO_LARGE


def test_an_index_names_its_newest_children_first():
    body = f"""<sitemapindex {NAMESPACES}><sitemap><loc>/old.xml</loc><lastmod>2020-01-01</lastmod></sitemap>
        <sitemap><loc>/new.xml</loc><lastmod>2023-01-01T00:00:00Z</lastmod></sitemap>
        <sitemap><loc>/undated.xml</loc></sitemap></sitemapindex>"""
    assert parse_sitemap(body.encode(), URL) == SitemapIndex(
        ("https://news.example/new.xml", "https://news.example/old.xml", "https://news.example/undated.xml")
    )


def test_a_cut_sitemap_keeps_what_is_complete():
    cut = urlset(NEWS, "<loc>https://news.example/b</loc>", "<loc>https://news.exa")
    found = parse_sitemap(cut[: cut.rindex(b"xa<")], URL)
    assert [entry.url for entry in found.entries[:2]] == ["https://news.example/a", "https://news.example/b"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FaultKind.EMPTY),
        (b"<html><body>hello</body></html>", FaultKind.NOT_A_FEED),
        (b"<opml/>", FaultKind.NOT_A_FEED),
        (b"words", FaultKind.NOT_A_FEED),
        (b"\x1f\x8bbroken gzip", FaultKind.MALFORMED),
        (f"<sitemapindex {NAMESPACES}/>".encode(), FaultKind.NO_LINKS),
    ],
)
def test_what_is_no_sitemap_is_told(body, kind):
    assert parse_sitemap(body, URL).kind is kind


def test_promise_20_entities_are_not_resolved(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET")
    body = (
        f'<!DOCTYPE x [<!ENTITY f SYSTEM "file://{secret}">]>{urlset("<loc>/a&f;</loc>").decode().partition("?>")[2]}'
    )
    assert "SECRET" not in str(parse_sitemap(body.encode(), URL))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(body):
    for whole in (body, b"<urlset><url><loc>" + body):
        assert isinstance(parse_sitemap(whole, URL), (ParsedFeed, SitemapIndex, Fault))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_a_list_of_addresses_is_a_sitemap_its_last_line_the_newest(mark):
    body = mark + b"https://news.example/1\r\nnot an address\nhttps://news.example/2\n"
    for content in (body, gzip.compress(body)):
        assert [entry.url for entry in parse_sitemap(content, URL).entries] == [
            "https://news.example/2",
            "https://news.example/1",
        ]


def test_of_a_long_list_of_addresses_the_last_are_kept_visibly():
    lines = "".join(f"https://news.example/{number}\n" for number in range(ENTRIES_KEPT + 5))
    found = parse_sitemap(lines.encode(), URL)
    assert (len(found.entries), found.entries[0].url) == (ENTRIES_KEPT, f"https://news.example/{ENTRIES_KEPT + 4}")
    assert found.notes


def test_a_feed_is_taken_for_a_sitemap():
    feed = (
        b"<rss version='2.0'><channel><item><title>A</title><link>https://news.example/a</link></item></channel></rss>"
    )
    assert parse_sitemap(feed, URL).entries[0].title == "A"


def test_an_index_that_writes_addresses_bare_is_read():
    body = f"<sitemapindex {NAMESPACES}><sitemap>\n/a.xml\n</sitemap></sitemapindex>".encode()
    assert parse_sitemap(body, URL).children == ("https://news.example/a.xml",)


class Here:
    async def run(self, function, *arguments):
        return function(*arguments)


class Shelf:
    """An engine whose pages lie on a shelf."""

    def __init__(self, pages):
        self.pages = pages
        self.asked = []

    async def fetch(self, request):
        self.asked.append(request.url)
        body = self.pages.get(request.url.rpartition("/")[2])
        return Page(request.url, 200, {}, body) if body else Fault(FaultKind.GONE, "gone")


def index(*names):
    inside = "".join(f"<sitemap><loc>/{name}</loc></sitemap>" for name in names)
    return f"<sitemapindex {NAMESPACES}>{inside}</sitemapindex>".encode()


def read(pages, start):
    shelf = Shelf(pages)
    found = asyncio.run(read_sitemap(shelf, Here(), Page(URL, 200, {}, pages[start]), access=USUAL))
    return found, [url.rpartition("/")[2] for url in shelf.asked]


def test_indexes_of_indexes_are_followed_newest_first_and_end():
    pages = {"top": index("old", "inner"), "inner": index("a", "b"), "b": urlset("<loc>/1</loc>")}
    pages |= {"a": gzip.compress(urlset("<loc>/2</loc>")), "old": urlset("<loc>/3</loc>")}
    found, asked = read(pages, "top")
    assert asked == ["inner", "b", "a", "old"]
    assert {entry.url[-1] for entry in found.entries} == {"1", "2", "3"}
    assert not found.cacheable
    deep = {"top": index("one"), "one": index("two"), "two": index("three"), "three": urlset("<loc>/1</loc>")}
    looped, asked = read(deep, "top")
    assert (looped.kind, asked) == (FaultKind.NOT_A_FEED, ["one", "two"])


def test_what_of_an_index_cannot_be_read_is_noted():
    found, _ = read({"top": index("a", "gone"), "a": urlset("<loc>/1</loc>")}, "top")
    assert len(found.entries) == 1
    assert found.notes == ("one sitemap of the index could not be read: gone",)
    assert read({"top": index("gone")}, "top")[0].kind is FaultKind.GONE


def test_every_recorded_sitemap_gives_addresses(shared):
    for path in sorted((shared / "data" / "sitemaps").iterdir()):
        if "sitemap" not in path.name.lower() or "robots" in path.name:
            continue
        found = parse_sitemap(path.read_bytes(), URL)
        assert not isinstance(found, Fault), path.name
        assert found.children if isinstance(found, SitemapIndex) else found.entries, path.name
