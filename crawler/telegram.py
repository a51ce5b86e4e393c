"""Telegram channels through their public preview (`t.me/s/NAME`): posts as entries. Pure; runs in a worker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.entries import CONTENT_MAX, SUMMARY_MAX, ParsedFeed, is_full_text
from crawler.markup import element_text, parse_html
from crawler.plain import one_line
from crawler.times import iso_moment
from crawler.urls import canonical_url
from storage.model import Entry, Fault, FaultKind

if TYPE_CHECKING:
    from lxml import etree

_CHANNEL = re.compile(r"https?://(?:www\.)?(?:t|telegram)\.me/(?:s/)?([A-Za-z]\w{3,31})/?(?:[?#].*)?$", re.IGNORECASE)
_POST = re.compile(r"[A-Za-z]\w{3,31}/\d{1,12}")
_TITLE_MAX = 160
_MESSAGE = "//div[@data-post and contains(concat(' ', @class, ' '), ' tgme_widget_message ')]"


def preview_url(url: str) -> str:
    """The preview of a channel for any way its address is written; other URLs unchanged (a mirror, a recording)."""
    found = _CHANNEL.match(url.strip())
    return f"https://t.me/s/{found[1]}" if found else url


def parse_preview(body: bytes, content_type: str | None, url: str) -> ParsedFeed | Fault:
    """Posts in the page's order. A page that is no preview is a fault, not a channel without posts. Never raises."""
    try:
        return _parse(body, content_type, url)
    except Exception as error:  # noqa: BLE001 (lxml raises many things for hostile pages; this one page ends here)
        return Fault(FaultKind.MALFORMED, f"the preview cannot be parsed ({type(error).__name__})")


def _parse(body: bytes, content_type: str | None, url: str) -> ParsedFeed | Fault:
    root = parse_html(body, content_type)
    if root is None:
        return Fault(FaultKind.EMPTY, "the answer is empty")
    messages = root.xpath(_MESSAGE)
    if not messages:
        if root.xpath("//*[contains(@class, 'tgme_channel_history')]"):
            return ParsedFeed(title=_channel(root))
        return _no_preview(root)
    entries = [entry for message in messages if (entry := _entry(message, url)) is not None]
    return ParsedFeed(title=_channel(root), entries=tuple(entries))


def _no_preview(root: etree._Element) -> Fault:
    """Telegram sends those who ask for a preview that there is not to the channel's card, or to its front page."""
    if not root.xpath("//*[contains(@class, 'tgme_page')]"):
        return Fault(FaultKind.NOT_A_FEED, "the answer is not a page of Telegram's")
    if root.xpath("//*[contains(@class, 'tgme_page_title') or contains(@class, 'tgme_page_extra')]"):
        return Fault(FaultKind.NO_PREVIEW, "the channel is there, but shows no posts to those who are not its members")
    return Fault(FaultKind.NO_PREVIEW, "Telegram knows no channel of this name")


def _channel(root: etree._Element) -> str:
    found = root.xpath("//meta[@property='og:title']/@content") or [root.findtext(".//title") or ""]
    return one_line(str(found[0]), _TITLE_MAX)


def _entry(message: etree._Element, url: str) -> Entry | None:
    post = message.get("data-post", "")
    if not _POST.fullmatch(post):
        return None
    link = canonical_url(f"https://t.me/{post}", url)
    text = _text(message)
    stamp = message.xpath(".//a[contains(@class, 'tgme_widget_message_date')]//time/@datetime") or message.xpath(
        ".//time/@datetime"
    )
    title = one_line(text.partition("\n")[0], _TITLE_MAX)
    if not title:
        return None
    full = is_full_text(text)
    return Entry(
        url=link,
        guid=post,
        title=title,
        summary=text[:SUMMARY_MAX],
        content=text[:CONTENT_MAX] if full else "",
        author=_author(message),
        published_at=iso_moment(stamp[0]) if stamp else None,
    )


def _text(message: etree._Element) -> str:
    """The post's own words: a quoted reply has a text of its own, and texts are nested twice."""
    texts = [
        element
        for element in message.xpath(".//div[contains(concat(' ', @class, ' '), ' tgme_widget_message_text ')]")
        if not any("tgme_widget_message_reply" in (above.get("class") or "") for above in element.iterancestors())
        and not any(
            "tgme_widget_message_text" in (above.get("class") or "").split() for above in element.iterancestors()
        )
    ]
    return element_text(texts[-1]) if texts else ""


def _author(message: etree._Element) -> str | None:
    found = message.xpath(".//*[contains(@class, 'tgme_widget_message_from_author')]")
    return one_line(element_text(found[0]), _TITLE_MAX) or None if found else None
