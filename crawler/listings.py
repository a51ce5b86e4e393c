"""Listing pages: the links of an overview page as entries. Pure; runs in a worker."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from cssselect import SelectorError
from lxml.cssselect import CSSSelector

from crawler.feeds import TITLE_MAX, ParsedFeed, feed_language, newest, told_moment
from crawler.markup import document_language, element_text, parse_html
from crawler.plain import one_line
from crawler.urls import canonical_url
from storage.model import Entry, Fault, FaultKind

if TYPE_CHECKING:
    from lxml import etree

LINKS_MAX = 500
DEFAULT_LINKS = "article a[href], h1 a[href], h2 a[href], h3 a[href], h4 a[href]"
_TITLE_MIN = 3
_CONTAINER_LEVELS = 5
_TEASER_LINKS = 4  # title, picture, section, comments


def parse_listing(body: bytes, content_type: str | None, url: str, links: str | None) -> ParsedFeed | Fault:
    """Entries in the page's order for the links that the CSS selector finds, each URL once. Never raises.

    Without a selector, links in articles and headings are taken.
    """
    try:
        return _parse(body, content_type, url, links)
    except Exception as error:  # noqa: BLE001 (lxml raises many things for hostile pages; this one page ends here)
        return Fault(FaultKind.MALFORMED, f"the page cannot be parsed ({type(error).__name__})")


def _parse(body: bytes, content_type: str | None, url: str, links: str | None) -> ParsedFeed | Fault:
    try:
        select = CSSSelector(links or DEFAULT_LINKS, translator="html")
    except SelectorError as error:
        return Fault(FaultKind.NO_LINKS, f"`links: {one_line(links or '', 80)}` is not a CSS selector ({error})")
    root = parse_html(body, content_type)
    if root is None:
        return Fault(FaultKind.EMPTY, "the page is empty")
    base = _base(root, url)
    found: dict[str, Entry] = {}
    language = feed_language(document_language(root))
    for element in select(root):
        for anchor in _anchors(element):
            _add(found, anchor, base, url, language)
    if not found:
        told = f"`links: {one_line(links, 80)}` finds no link" if links else "no link stands in an article or a heading"
        return Fault(FaultKind.NO_LINKS, f"{told} on the page")
    entries, notes = newest(list(found.values()), LINKS_MAX)
    title = root.findtext(".//title") or ""
    return ParsedFeed(title=one_line(title, TITLE_MAX), entries=entries, language=language, notes=notes)


def _base(root: etree._Element, url: str) -> str:
    """Where relative links start: `<base href>`, which never leads off http."""
    href = next(iter(root.xpath("//base/@href")), "")
    return canonical_url(str(href), url) or url if href else url


def _anchors(element: etree._Element) -> list[etree._Element]:
    """The link selected, or those inside what was selected, or the one around it."""
    if element.tag == "a":
        return [element]
    inside = list(element.iter("a"))
    return inside or list(element.iterancestors("a"))[:1]


def _add(found: dict[str, Entry], anchor: etree._Element, base: str, url: str, language: str | None) -> None:
    href = anchor.get("href", "").strip()
    if not href or href.startswith("#"):
        return
    link = canonical_url(urljoin(base, href))
    title = one_line(element_text(anchor) or anchor.get("title", "") or anchor.get("aria-label", ""), TITLE_MAX)
    if link is None or link == canonical_url(url) or len(title) < _TITLE_MIN:
        return
    known = found.get(link)
    if known is not None and len(known.title) >= len(title):
        return
    published_at, zoneless = told_moment(_time_near(anchor))
    found[link] = Entry(
        url=link, guid=None, title=title, language=language, published_at=published_at, zoneless=zoneless
    )


def _time_near(anchor: etree._Element) -> str | None:
    """The one `<time datetime>` of the teaser around a link; what holds several headings or links is no teaser."""
    for container in itertools.islice(itertools.chain([anchor], anchor.iterancestors()), _CONTAINER_LEVELS):
        if len(list(container.iter("h1", "h2", "h3", "h4"))) > 1:
            return None
        if len({link.get("href") for link in container.iter("a")}) > _TEASER_LINKS:
            return None
        times = container.findall(".//time[@datetime]")
        if times:
            return times[0].get("datetime") if len(times) == 1 else None
    return None
