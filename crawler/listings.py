"""Listing pages: the links of an overview page as entries. Pure; runs in a worker."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cssselect import SelectorError
from lxml.cssselect import CSSSelector

from crawler.entries import TITLE_MAX, ParsedFeed, feed_language, newest
from crawler.learning import LINKS_MIN, find_next, learn_links, link_title, other_page
from crawler.markup import document_language, parse_html
from crawler.plain import one_line
from crawler.times import told_moment
from crawler.urls import canonical_url
from storage.model import Entry, Fault, FaultKind

if TYPE_CHECKING:
    from lxml import etree

LINKS_MAX = 500
DEFAULT_LINKS = "article a[href], h1 a[href], h2 a[href], h3 a[href], h4 a[href]"
_TITLE_MIN = 3
_CONTAINER_LEVELS = 5
_TEASER_LINKS = 4  # title, picture, section, comments


@dataclass(frozen=True, slots=True)
class ListingRules:
    """How a page is to be read: by the configured selectors, else by what was learned of it before."""

    links: str | None = None
    next_page: str | None = None
    """The selector of the link to the next page; None looks for one that says so itself."""
    learned: str | None = None


@dataclass(frozen=True, slots=True)
class ListingPage:
    """What one page gave: entries or why none, the page after it, and the selector its links were found by."""

    parsed: ParsedFeed | Fault
    next_url: str | None = None
    learned: str | None = None


def parse_listing(body: bytes, content_type: str | None, url: str, links: str | None) -> ParsedFeed | Fault:
    """Entries in the page's order for the links that the CSS selector finds, each URL once. Never raises.

    Without a selector the page's own structure decides.
    """
    return read_page(body, content_type, url, ListingRules(links)).parsed


def read_page(body: bytes, content_type: str | None, url: str, rules: ListingRules) -> ListingPage:
    """One page of a listing. Never raises."""
    try:
        return _read(body, content_type, url, rules)
    except SelectorError as error:
        bad = next((one for one in (rules.links, rules.next_page) if one is not None and not _is_selector(one)), None)
        if bad is None:  # it was learned, and is not the operator's to mend
            return ListingPage(_nothing(None))
        name = "links" if bad == rules.links else "next_page"
        told = f"`{name}: {one_line(bad, 80)}` is not a CSS selector ({error})"
        return ListingPage(Fault(FaultKind.NO_LINKS, told))
    except Exception as error:  # noqa: BLE001 (lxml raises many things for hostile pages; this one page ends here)
        return ListingPage(Fault(FaultKind.MALFORMED, f"the page cannot be parsed ({type(error).__name__})"))


def _is_selector(text: str) -> bool:
    try:
        CSSSelector(text, translator="html")
    except SelectorError:
        return False
    return True


def _read(body: bytes, content_type: str | None, url: str, rules: ListingRules) -> ListingPage:
    selectors = [CSSSelector(one, translator="html") for one in (rules.links, rules.next_page) if one is not None]
    root = parse_html(body, content_type)
    if root is None:
        return ListingPage(Fault(FaultKind.EMPTY, "the page is empty"))
    base = _base(root, url)
    learned, found = _links(root, url, base, rules)
    if not found:
        return ListingPage(_nothing(rules.links))
    named = _href(selectors[-1](root)) if rules.next_page is not None else None
    next_url = find_next(root, url, base) if rules.next_page is None else other_page(named, url, base)
    language = feed_language(document_language(root))
    entries, notes = newest([replace(entry, language=language) for entry in found.values()], LINKS_MAX)
    title = root.findtext(".//title") or ""
    parsed = ParsedFeed(title=one_line(title, TITLE_MAX), entries=entries, language=language, notes=notes)
    return ListingPage(parsed, next_url, learned)


def _links(root: etree._Element, url: str, base: str, rules: ListingRules) -> tuple[str | None, dict[str, Entry]]:
    """By the selector of the configuration; else by the learned one while it finds enough; else learned anew."""
    if rules.links is not None:
        return None, _found(root, url, base, rules.links)
    if rules.learned is not None:
        found = _found(root, url, base, rules.learned)
        if len(found) >= LINKS_MIN:
            return rules.learned, found
    learned = learn_links(root, url, base)
    if learned is not None:
        return learned.selector, _found(root, url, base, learned.selector)
    return None, _found(root, url, base, DEFAULT_LINKS)


def _found(root: etree._Element, url: str, base: str, selector: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for element in CSSSelector(selector, translator="html")(root):
        for anchor in _anchors(element):
            _add(found, anchor, base, url)
    return found


def _nothing(links: str | None) -> Fault:
    if links is not None:
        return Fault(FaultKind.NO_LINKS, f"`links: {one_line(links, 80)}` finds no link on the page")
    told = "no links that look like articles stand on the page; name them with `links`, a CSS selector"
    return Fault(FaultKind.NO_LINKS, told)


def _href(elements: list[etree._Element]) -> str | None:
    """Of the link selected, or of the one inside or around what was selected."""
    anchors = [anchor for element in elements[:1] for anchor in (_anchors(element) or [element])]
    return next((anchor.get("href") for anchor in anchors if anchor.get("href")), None)


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


def _add(found: dict[str, Entry], anchor: etree._Element, base: str, url: str) -> None:
    href = anchor.get("href", "").strip()
    if not href or href.startswith("#"):
        return
    link = canonical_url(href, base)
    title = one_line(link_title(anchor), TITLE_MAX)
    if link is None or link == canonical_url(url) or len(title) < _TITLE_MIN:
        return
    known = found.get(link)
    if known is not None and len(known.title) >= len(title):
        return
    published_at, zoneless = told_moment(_time_near(anchor))
    found[link] = Entry(url=link, guid=None, title=title, published_at=published_at, zoneless=zoneless)


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
