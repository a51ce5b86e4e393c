import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.feeds import ParsedFeed
from crawler.sitemaps import ENTRIES_KEPT, SitemapIndex, parse_sitemap
from storage.model import Fault, FaultKind

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
        (b"<rss/>", FaultKind.NOT_A_FEED),
        (b"words", FaultKind.NOT_A_FEED),
        (b"\x1f\x8bbroken gzip", FaultKind.MALFORMED),
        (f"<sitemapindex {NAMESPACES}/>".encode(), FaultKind.NO_LINKS),
    ],
)
def test_what_is_no_sitemap_is_told(body, kind):
    assert parse_sitemap(body, URL).kind is kind


def test_entities_are_not_resolved(tmp_path):
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
