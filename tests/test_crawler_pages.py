from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.page_meta import site_of
from crawler.pages import PageBytes, extract, fetch_page, text_language
from storage.model import Access, Entry, Fault, FaultKind, Text, TextOrigin
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

URL = "https://www.news.example/2023/05/17/talks"
WORDS = "The special envoy was received by the president in the capital on Wednesday. "
PARAGRAPHS = "".join(f"<p>{WORDS}They spoke about point number {n} of the plan for two hours.</p>" for n in range(8))


def page(body=PARAGRAPHS, head="", url=URL):
    inside = f"<nav><a href='/'>Home</a></nav><article>{body}</article>"
    html = f"<html lang='en'><head>{head}</head><body>{inside}</body></html>"
    return PageBytes(url, html.encode(), "text/html; charset=utf-8")


def entry(**fields):
    return Entry(**({"url": URL, "guid": None, "title": "Envoy received"} | fields))


def test_the_pages_text_is_taken_with_the_feeds_title_and_date():
    published = datetime(2023, 5, 17, 8, tzinfo=UTC)
    head = "<title>Other title</title><meta property='article:published_time' content='2020-01-01T00:00:00Z'>"
    text = extract(page(head=head), entry(published_at=published, author="A"), None)
    assert (text.origin, text.reason, text.title, text.published_at, text.author) == (
        TextOrigin.PAGE,
        "",
        "Envoy received",
        published,
        "A",
    )
    assert text.text.count("special envoy") == 8
    assert "Home" not in text.text
    assert (text.language, text.url) == ("en", URL)


def test_what_the_feed_lacks_the_page_gives():
    head = """<meta property="og:title" content="From the page"><meta name="author" content="B. Writer">
        <meta property="article:published_time" content="2023-05-17T10:00:00+02:00">"""
    text = extract(page(head=head), entry(title=""), None)
    assert (text.title, text.author) == ("From the page", "B. Writer")
    assert text.published_at == datetime(2023, 5, 17, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "<time itemprop='datePublished' datetime='2023-05-17'></time>"),
        ("<meta name='date' content='2023-05-17'>", ""),
        ('<script type=\'application/ld+json\'>{"datePublished": "2023-05-17"}</script>', ""),
    ],
)
def test_the_pages_date_is_found_in_its_usual_places(head, body):
    assert extract(page(body + PARAGRAPHS, head), entry(), None).published_at == datetime(2023, 5, 17, tzinfo=UTC)


def test_a_pages_time_without_a_zone_says_so():
    def told(value):
        return extract(page(head=f"<meta itemprop='datePublished' content='{value}'>"), entry(), None)

    assert told("2023-05-17T10:00:00").zoneless
    assert not told("2023-05-17T10:00:00+03:00").zoneless
    assert not told("2023-05-17").zoneless
    assert not told("").zoneless


def test_the_same_time_with_its_zone_goes_before_one_without():
    head = """<meta property='article:published_time' content='2023-05-17 10:00:00'>
        <script type='application/ld+json'>{"datePublished": "2023-05-17T10:00:00+08:00"}</script>"""
    text = extract(page(head=head), entry(), None)
    assert (text.published_at, text.zoneless) == (datetime(2023, 5, 17, 2, tzinfo=UTC), False)


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://news.example/talks?utm_source=x", "https://news.example/talks"),
        ("/talks", "https://www.news.example/talks"),
        ("https://other.example/talks", URL),
        ("https://www.news.example/", URL),
        ("javascript:alert(1)", URL),
        ("", URL),
        ("https://www.news.example/2023/05", "https://www.news.example/2023/05"),
        ("https://www.news.example/undefined", URL),
        ("http://www.news.example/talks", "https://www.news.example/talks"),
    ],
)
def test_a_canonical_address_is_believed_on_its_own_site_only(href, expected):
    assert extract(page(head=f"<link rel='canonical' href='{href}'>"), entry(), None).url == expected


@pytest.mark.parametrize(
    ("own", "href", "expected"),
    [
        ("https://amp.news.example/talks/amp", "https://www.news.example/talks", "https://www.news.example/talks"),
        ("https://m.news.example/talks?id=7", "https://www.news.example/talks?id=7", None),
        ("https://news.example/in/asia/talks", "https://news.example/in/asia", "https://news.example/in/asia/talks"),
        ("https://news.example/world/7/the-slug", "https://news.example/world/7", None),
    ],
)
def test_twins_name_the_article_and_careless_templates_its_section(own, href, expected):
    found = extract(page(head=f"<LINK REL='Canonical' href='{href}'>", url=own), entry(url=own), None).url
    assert found == (expected or href)


def test_of_two_canonical_addresses_none_is_believed():
    head = "<link rel='canonical' href='/a'><link rel='canonical' href='/b'>"
    assert extract(page(head=head), entry(), None).url == URL


@pytest.mark.parametrize(
    ("url", "head", "told"),
    [
        (URL, "<title>Just a moment...</title>", "proof of a human"),
        ("https://www.news.example/", "", "front page"),
        ("https://www.news.example/account/login?next=/talks", "", "sign in"),
        ("https://consent.news.example/collect", "", "consent"),
    ],
)
def test_a_wall_in_the_articles_place_leaves_the_feeds_text_and_says_so(url, head, told):
    text = extract(page(url=url, head=head), entry(summary=WORDS), None)
    assert (text.origin, text.text) == (TextOrigin.FEED, WORDS)
    assert told in text.reason
    assert text.url == URL


LOCKED = """<script type='application/ld+json'>{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>"""


def test_a_paywalled_page_gives_its_part_or_the_feeds_fuller_text_with_the_reason():
    part = extract(page(head=LOCKED), entry(summary="short"), None)
    assert (part.origin, part.reason) == (TextOrigin.PAGE, "the page shows a part only, the rest is for subscribers")
    fuller = extract(page(f"<p>{WORDS * 2}</p>", LOCKED), entry(summary=WORDS * 3), None)
    assert (fuller.origin, fuller.reason) == (TextOrigin.FEED, "the page is for subscribers, the feed carries more")
    nothing = extract(page("", "<meta property='article:content_tier' content='locked'>"), entry(summary=WORDS), None)
    assert (nothing.origin, nothing.reason) == (TextOrigin.FEED, "the page is for subscribers")


def test_decomposed_letters_come_composed():
    import unicodedata

    decomposed = unicodedata.normalize("NFD", "Зеленський прийняв посланця у палаці. Тёплая встреча, café. ") * 9
    text = extract(page(f"<p>{decomposed}</p>"), entry(title=""), None)
    assert text.text == unicodedata.normalize("NFC", text.text)
    assert "Зеленський" in text.text


def test_the_pages_own_headline_is_kept_beside_the_feeds():
    text = extract(page(head="<meta property='og:title' content='Own headline'>"), entry(), None)
    assert (text.title, text.page_title) == ("Envoy received", "Own headline")


def test_a_page_that_cannot_be_had_leaves_the_feeds_text_with_the_reason():
    fault = Fault(FaultKind.BLOCKED, "the server answered 403 Forbidden", status=403)
    text = extract(None, entry(summary=WORDS), fault)
    assert (text.origin, text.text, text.reason, text.language) == (TextOrigin.FEED, WORDS, fault.detail, "en")
    assert extract(None, entry(content=WORDS * 9, summary="s"), None).text == WORDS * 9


def test_without_any_text_the_title_alone_remains():
    text = extract(page("<img src=x>"), entry(language="fr"), None)
    assert (text.origin, text.text, text.title, text.language) == (TextOrigin.TITLE, "", "Envoy received", "fr")
    assert text.reason == "the page has no readable text"


def test_a_feed_that_carries_more_than_the_page_is_preferred():
    text = extract(page(f"<p>{WORDS * 2}</p>"), entry(content=WORDS * 30), None)
    assert (text.origin, text.reason) == (TextOrigin.FEED, "the feed carries more of the text")


def test_an_empty_page_is_told():
    assert extract(PageBytes(URL, b"  "), entry(), None).reason == "the page is empty"


def test_a_page_is_cleaned_of_what_acts():
    text = extract(page(PARAGRAPHS.replace("special", "spec\u202eial\x00\x1b")), entry(), None)
    assert not any(character in text.text for character in "\u202e\x00\x1b")


def test_whatever_extraction_raises_is_a_reason(monkeypatch):
    def explode(*_, **__):
        raise RecursionError

    monkeypatch.setattr("trafilatura.bare_extraction", explode)
    text = extract(page(), entry(summary=WORDS), None)
    assert (text.origin, text.reason) == (TextOrigin.FEED, "the page cannot be read (RecursionError)")


def test_hostile_nesting_and_size_end():
    for body in ("<div>" * 20_000 + WORDS, "<b><table>" * 3_000, "<a href='" + "x" * 3_000_000):
        assert isinstance(extract(page(body), entry(), None), Text)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(body):
    assert isinstance(extract(PageBytes(URL, b"<html><body><p>" + body), entry(), None), Text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The president received the envoy in the palace.", "en"),
        ("Президент принял посланника во дворце.", "ru"),
        ("Президент прийняв посланця у палаці в Києві, повідомили у відомстві.", "uk"),
        ("总统周三在首都会见了特使，双方就和平计划交换了意见。", "zh"),
        ("Der Präsident empfing den Gesandten im Palast.", "de"),
        ("kurz", None),
        ("", None),
    ],
)
def test_languages_are_told_from_the_text(text, language):
    assert text_language(text) == language


def test_sites_are_registrable_domains():
    assert site_of("https://a.b.example.co.uk/x") == "example.co.uk"
    assert site_of("http://127.0.0.1:8099/x") == "127.0.0.1"


# ---------------------------------------------------------------- fetching


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (answer_of(b"%PDF-1.7", content_type="application/pdf"), FaultKind.MALFORMED, "application/pdf"),
        (answer_of(b"words", content_type="text/plain"), FaultKind.MALFORMED, "text/plain"),
        (answer_of(b"", content_type="text/html"), FaultKind.EMPTY, "empty"),
        (answer_of(b"x", status="403 No"), FaultKind.BLOCKED, "403"),
    ],
)
def test_what_is_no_page_is_told(world, site, answer, kind, told):
    site.routes["/a"] = answer
    fault = world.run(_fetch(site.url("/a")))
    assert fault.kind is kind
    assert told in fault.detail


@pytest.mark.parametrize(
    "content_type", ["text/html; charset=utf-8", "application/xhtml+xml", "", "application/octet-stream"]
)
def test_a_page_is_known_by_its_type_or_its_first_words(world, site, content_type):
    site.routes["/a"] = answer_of(b"<!DOCTYPE html><html>hi</html>", content_type=content_type)
    page = world.run(_fetch(site.url("/a")))
    assert PageBytes.of(page) == PageBytes(site.url("/a"), page.body, content_type)


async def _fetch(url):
    async with running_engine(obey_robots=False) as engine:
        return await fetch_page(engine, url, Access(private_addresses=True))
