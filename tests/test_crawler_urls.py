import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import _PLAIN, URL_MAX, _normal, _normalised, canonical_url


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://News.Example.ORG:80/A/../b", "http://news.example.org/b"),
        ("https://example.org:443", "https://example.org/"),
        ("https://example.org.:8443/", "https://example.org:8443/"),
        ("https://example.org/a#part", "https://example.org/a"),
        ("https://example.org/#!/news/7", "https://example.org/#!/news/7"),
        ("https://example.org/a?utm_source=x&id=7&fbclid=abc", "https://example.org/a?id=7"),
        (
            "https://example.org/a?cid=123&eid=4&uid=9&source=2&ref=5&p=1",
            "https://example.org/a?cid=123&eid=4&p=1&ref=5&source=2&uid=9",
        ),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?a=1&b=2"),
        ("https://example.org/?news/2023/5", "https://example.org/?news/2023/5"),
        ("https://example.org/a;jsessionid=0A1B2C?x=1", "https://example.org/a?x=1"),
        ("https://example.org/a?PHPSESSID=abc&x=1", "https://example.org/a?x=1"),
        ("https://example.org/a?sid=0123456789abcdef0123456789abcdef&x=1", "https://example.org/a?x=1"),
        ("https://example.org/a?sid=4711", "https://example.org/a?sid=4711"),
        ("https://пример.рф/новости", "https://xn--e1afmkfd.xn--p1ai/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        (" https://example.org/two\n words ", "https://example.org/twowords"),
        ("https://example.org/two words", "https://example.org/two%20words"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("http://127.0.0.1:8099/item/7.html", "http://127.0.0.1:8099/item/7.html"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://www.google.com/amp/s/www.example.org/a", "https://www.example.org/a"),
        ("https://www-example-org.cdn.ampproject.org/c/s/www.example.org/a?id=7", "https://www.example.org/a?id=7"),
        ("https://www-example-org.cdn.ampproject.org/c/www.example.org/a", "http://www.example.org/a"),
        ("https://www.google.com/amp/about", "https://www.google.com/amp/about"),
    ],
)
def test_one_page_has_one_address(url, canonical):
    assert canonical_url(url) == canonical


def test_relative_links_start_at_the_base():
    assert canonical_url("../b?c=1", "https://example.org/x/y/z") == "https://example.org/x/b?c=1"
    assert canonical_url("//cdn.example/a", "https://example.org/") == "https://cdn.example/a"


@pytest.mark.parametrize(
    "url",
    [
        *(
            None,
            "",
            "   ",
            "mailto:a@example.org",
            "javascript:alert(1)",
            "ftp://example.org/",
            "/only/a/path",
            "http://",
        ),
        *(
            "http://[::1",
            "http://exa$mple.org/",
            "https://example.org/" + "a" * URL_MAX,
            "data:text/html,x",
        ),
        *("http://example.org:port/",),
    ],
)
def test_what_cannot_be_read_over_http_has_none(url):
    assert canonical_url(url) is None


@given(st.text(max_size=60))
@example("a?;jsessionid=x#!")
@example("?%00=\ud800")
@example("%")
@example("a%2525;sid=1")
def test_canonical_is_idempotent_and_never_raises(tail):
    once = canonical_url("https://example.org/" + tail)
    assert once is None or canonical_url(once) == once


@given(st.text(max_size=80))
def test_any_text_is_judged_without_an_exception(text):
    canonical_url(text)
    canonical_url(text, "https://example.org/a/")


@given(st.lists(st.sampled_from(["a=1", "b=2", "utm_medium=x", "gclid=9", "c=%20", "d"]), max_size=5))
def test_tracking_never_tells_two_addresses_apart(parts):
    plain = [part for part in parts if not part.startswith(("utm_", "gclid"))]
    assert canonical_url(f"https://example.org/?{'&'.join(parts)}") == canonical_url(
        f"https://example.org/?{'&'.join(plain)}"
    )


HOSTS = st.sampled_from(["a.example", "www.a-b.example", "127.1.1.1", "0x7f.1", "a.b.c.d", "1.a"])
PATHS = st.lists(st.text("aB0._:~-/", max_size=6), max_size=6).map("/".join)
QUERIES = st.lists(st.sampled_from(["a=1", "a=", "B=2.-_", "utm_x=1", "sid=0123456789abcdef", "0=0"]), max_size=4)


@given(st.sampled_from(["http", "https"]), HOSTS, PATHS, QUERIES)
@example("https", "archive.example", "newest/https://www.a.example/..x/.y./...", ["b=", "a=1"])
def test_what_is_plain_needs_no_normalising(scheme, host, path, query):
    url = f"{scheme}://{host}/{path}" + ("?" + "&".join(query) if query else "")
    assert _normal(url) == _normalised(url)


def test_most_links_are_plain():
    assert _PLAIN.fullmatch("https://www.news-site.example/2023/05/17/envoy-in-kyiv_1.html?id=7&lang=en")
    assert not _PLAIN.fullmatch("https://xn--e1afmkfd.example/a")
    assert not _PLAIN.fullmatch("https://a.example/a/../b")
