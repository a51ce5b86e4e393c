from datetime import UTC, datetime

import pytest

from crawler.telegram import parse_preview, preview_url
from storage.model import FaultKind

URL = "https://t.me/s/some_channel"


def post(number, text, extra=""):
    return f"""<div class="tgme_widget_message_wrap">
        <div class="tgme_widget_message js-widget_message" data-post="some_channel/{number}">{extra}
        <div class="tgme_widget_message_text js-message_text"><div class="tgme_widget_message_text">{text}</div></div>
        <a class="tgme_widget_message_date" href="x"><time datetime="2023-05-17T10:0{number}:00+00:00">10:00</time></a>
        </div></div>"""


def page(*posts, history="tgme_channel_history"):
    head = "<head><meta property='og:title' content='Some Channel'></head>"
    return f"<html>{head}<section class='{history}'>{''.join(posts)}</section></html>".encode()


@pytest.mark.parametrize(
    ("url", "preview"),
    [
        ("https://t.me/some_channel", URL),
        ("http://telegram.me/some_channel/", URL),
        ("https://t.me/s/some_channel?before=7", URL),
        ("http://127.0.0.1:8099/telegram/x.html", "http://127.0.0.1:8099/telegram/x.html"),
    ],
)
def test_every_address_of_a_channel_leads_to_its_preview(url, preview):
    assert preview_url(url) == preview


def test_posts_become_entries():
    reply = '<a class="tgme_widget_message_reply"><div class="tgme_widget_message_text">Quoted words</div></a>'
    author = '<span class="tgme_widget_message_from_author">Editor</span>'
    found = parse_preview(
        page(post(1, "First line<br>and the <b>second</b>", reply + author), post(2, "Next")), None, URL
    )
    assert found.title == "Some Channel"
    first, second = found.entries
    assert (first.url, first.guid, first.title) == ("https://t.me/some_channel/1", "some_channel/1", "First line")
    assert (first.summary, first.author) == ("First line\nand the second", "Editor")
    assert first.published_at == datetime(2023, 5, 17, 10, 1, tzinfo=UTC)
    assert second.title == "Next"


def test_posts_without_words_or_address_are_left():
    assert parse_preview(page(post(1, ""), post(2, "x").replace("some_channel/2", "../evil")), None, URL).entries == ()


def test_a_channel_without_posts_is_not_a_channel_without_preview():
    assert parse_preview(page(), None, URL).entries == ()
    assert parse_preview(b"", None, URL).kind is FaultKind.EMPTY


def test_a_long_post_is_a_full_text():
    (entry,) = parse_preview(page(post(1, "Long words. " * 100)), None, URL).entries
    assert entry.content == entry.summary


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b'<div class="tgme_page"><div class="tgme_page_extra">9 subscribers</div></div>', "no-preview", "no posts to"),
        (b'<div class="tgme_page_wrap"><div class="tgme_page">Contact @x</div></div>', "no-preview", "knows no"),
        (b"<h1>Sign in to the network</h1>", "not-a-feed", "not a page of Telegram"),
    ],
)
def test_no_preview_is_not_no_posts_and_says_why(body, kind, told):
    fault = parse_preview(body, "text/html", URL)
    assert (fault.kind.value, told in fault.detail) == (kind, True)
