"""Sitemaps: news and ordinary ones, an index followed one level; the newest addresses become entries."""

from __future__ import annotations

import re
import zlib
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from lxml import etree

from crawler.entries import TITLE_MAX, ParsedFeed, feed_language, newest
from crawler.exchange import Fetch, Kind, Page
from crawler.feeds import parse_feed
from crawler.plain import one_line
from crawler.times import iso_moment, told_moment
from crawler.urls import canonical_url
from storage.model import Entry, Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.engine import Engine
    from crawler.workers import Workers
    from storage.model import Access

ENTRIES_KEPT = 500
CHILDREN_READ = 4  # of an index: the newest, or the last when it names no times
FETCHES_MAX = 8
DEPTH_MAX = 2
UNPACKED_MAX = 50 * 1024 * 1024  # the protocol's own limit for one file
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 16
_PLAIN_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*https?://[^\s<>]+\s*(?:$|[\r\n])")


@dataclass(frozen=True, slots=True)
class SitemapIndex:
    """The sitemaps an index names, those worth reading first."""

    children: tuple[str, ...]


def parse_sitemap(body: bytes, url: str) -> ParsedFeed | SitemapIndex | Fault:
    """Entries, newest 500, or the children of an index; gzip is undone. Never raises."""
    try:
        return _parse(_unpacked(body), url)
    except etree.XMLSyntaxError:
        return Fault(FaultKind.NOT_A_FEED, "the answer is not a sitemap")
    except OverflowError as error:
        return Fault(FaultKind.TOO_LARGE, str(error))
    except Exception as error:  # noqa: BLE001 (whatever the parser raises ends at this sitemap)
        return Fault(FaultKind.MALFORMED, f"the sitemap cannot be parsed ({type(error).__name__})")


async def read_sitemap(engine: Engine, workers: Workers, page: Page, *, access: Access) -> ParsedFeed | Fault:
    """A fetched sitemap's entries; for an index those of its newest children, also where these are indexes again."""
    parsed = await workers.run(parse_sitemap, page.body, page.url)
    if not isinstance(parsed, SitemapIndex):
        return parsed
    entries: list[Entry] = []
    notes: list[str] = []
    fault: Fault | None = None
    queue = deque((child, 1) for child in parsed.children[:CHILDREN_READ])
    asked = {page.url}
    while queue and len(asked) <= FETCHES_MAX:
        child, depth = queue.popleft()
        if child in asked:
            continue
        asked.add(child)
        got = await engine.fetch(Fetch(child, access=access, kind=Kind.FEED))
        part = await workers.run(parse_sitemap, got.body, got.url) if isinstance(got, Page) else got
        if isinstance(part, ParsedFeed):
            entries += part.entries
        elif isinstance(part, SitemapIndex) and depth < DEPTH_MAX:
            queue.extendleft((grandchild, depth + 1) for grandchild in reversed(part.children[:CHILDREN_READ]))
        else:
            fault = part if isinstance(part, Fault) else Fault(FaultKind.NOT_A_FEED, "indexes without end")
            notes.append(f"one sitemap of the index could not be read: {fault.detail}")
    if not entries and fault is not None:
        return fault
    kept, cut = newest(entries, ENTRIES_KEPT)
    return ParsedFeed(entries=kept, notes=(*notes, *cut), cacheable=False)


def _unpacked(body: bytes) -> bytes:
    """A file that is gzip by itself, not by its transfer; within the protocol's limit."""
    if not body.startswith(_GZIP):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    out = BytesIO()
    rest = body
    while rest and not unpacker.eof:
        out.write(unpacker.decompress(rest, _CHUNK))
        rest = unpacker.unconsumed_tail
        if out.tell() > UNPACKED_MAX:
            raise OverflowError(f"the sitemap unpacks to more than {UNPACKED_MAX // 2**20} MB")
    return out.getvalue()


def _parse(body: bytes, url: str) -> ParsedFeed | SitemapIndex | Fault:
    if not body.strip():
        return Fault(FaultKind.EMPTY, "the answer is empty")
    if _PLAIN_TEXT.match(body):
        return _text(body)
    root = _root_name(body)
    if root == "sitemapindex":
        return _index(body, url)
    if root in {"rss", "feed", "rdf"}:  # the protocol takes feeds for sitemaps
        return parse_feed(body, None, url)
    if root != "urlset":
        told = "a web page" if root == "html" else "not a sitemap"
        return Fault(FaultKind.NOT_A_FEED, f"the answer is {told}")
    entries = [entry for element in _elements(body, "url") if (entry := _entry(element, url)) is not None]
    kept, notes = newest(entries, ENTRIES_KEPT)
    return ParsedFeed(entries=kept, notes=notes)


def _text(body: bytes) -> ParsedFeed | Fault:
    """A list of addresses, one a line; new ones are mostly added at the end."""
    lines = body.decode("utf-8-sig", "replace").splitlines()
    links = dict.fromkeys(link for line in lines if (link := canonical_url(line.strip())) is not None)
    if not links:
        return Fault(FaultKind.NO_LINKS, "the sitemap names no page")
    kept = list(links)[-ENTRIES_KEPT:]
    cut = (f"only the last {ENTRIES_KEPT} of {len(links)} addresses were kept",) if len(kept) < len(links) else ()
    return ParsedFeed(entries=tuple(Entry(url=link, guid=None, title="") for link in reversed(kept)), notes=cut)


def _walk(body: bytes, events: tuple[str, ...]) -> etree.iterparse:
    """No entity is resolved, no DTD loaded, nothing fetched; a cut document gives what is complete."""
    return etree.iterparse(
        BytesIO(body.lstrip()),
        events=events,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        huge_tree=False,
    )


def _root_name(body: bytes) -> str:
    for _, element in _walk(body, ("start",)):
        return _local(element)
    return ""


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


def _elements(body: bytes, name: str) -> Iterator[etree._Element]:
    """Complete elements one after the other, each forgotten when used."""
    for _, element in _walk(body, ("end",)):
        if _local(element) == name:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _fields(element: etree._Element) -> dict[str, str]:
    """The texts below an element by `parent:name`, the first of each."""
    texts: dict[str, str] = {}
    for node in element.iterdescendants():
        if isinstance(node.tag, str) and node.text and node.text.strip():
            parent = _local(node.getparent())
            texts.setdefault(f"{parent}:{_local(node)}", node.text.strip())
    return texts


def _entry(element: etree._Element, url: str) -> Entry | None:
    texts = _fields(element)
    link = canonical_url(texts.get("url:loc"), url)
    if link is None:
        return None
    published_at, zoneless = told_moment(texts.get("news:publication_date"), texts.get("url:lastmod"))
    return Entry(
        url=link,
        guid=None,
        title=one_line(texts.get("news:title", ""), TITLE_MAX),
        language=feed_language(texts.get("publication:language")),
        published_at=published_at,
        zoneless=zoneless,
    )


def _index(body: bytes, url: str) -> SitemapIndex | Fault:
    """Newest first by `lastmod`; without times the last ones, for indexes grow at their end."""
    children: list[tuple[datetime | None, int, str]] = []
    for position, element in enumerate(_elements(body, "sitemap")):
        texts = _fields(element)
        link = canonical_url(texts.get("sitemap:loc") or (element.text or "").strip(), url)
        if link is not None:
            children.append((iso_moment(texts.get("sitemap:lastmod")), position, link))
    if not children:
        return Fault(FaultKind.NO_LINKS, "the sitemap index names no sitemap")
    undated = datetime.min.replace(tzinfo=UTC)
    newest_first = sorted(children, key=lambda child: (child[0] or undated, child[1]), reverse=True)
    return SitemapIndex(tuple(link for _, _, link in newest_first))


__all__ = ["SitemapIndex", "parse_sitemap", "read_sitemap"]
