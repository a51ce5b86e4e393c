import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import Headers

from crawler.transport import _NEEDS_NO_ESCAPING, PlainRequest, scrapy_headers


@given(st.from_regex(_NEEDS_NO_ESCAPING.__self__, fullmatch=True))
def test_what_seems_to_need_no_escaping_is_left_alone_by_scrapy_too(url):
    assert PlainRequest(url).url == Request(url).url == url


@pytest.mark.parametrize(
    "url",
    ["https://news.example/новости", "http://news.example/a b", "http://a.example/?", "http://bücher.example/#x"],
)
def test_what_needs_escaping_is_escaped_as_by_scrapy(url):
    assert PlainRequest(url).url == Request(url).url


@given(st.lists(st.tuples(st.sampled_from([b"etag", b"ETag", b"x-a", b"set-cookie"]), st.binary(max_size=5))))
def test_headers_are_those_that_scrapy_would_make(pairs):
    assert scrapy_headers(pairs) == Headers(pairs)
