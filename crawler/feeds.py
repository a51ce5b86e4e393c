"""RSS, Atom, RDF and JSON Feed: bytes to entries. Pure; runs in a worker, for no parser withstands every input."""

from __future__ import annotations

import calendar
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from xml.sax import SAXParseException

from crawler.broken_feeds import parse_apart, without_open_item
from crawler.dates import is_usual, told_date
from crawler.decoding import decode
from crawler.entries import (
    CONTENT_MAX,
    SUMMARY_MAX,
    TITLE_MAX,
    ParsedFeed,
    bounded_guid,
    feed_language,
    is_full_text,
    newest,
)
from crawler.plain import clean, one_line, plain_text
from crawler.simple_feeds import read_simply, simple_of_json
from crawler.times import YEARS, has_zone, told_moment
from crawler.urls import canonical_url
from storage.model import Entry, Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from time import struct_time

_AUTHOR_MAX = 200
_TTL_MAX = timedelta(hours=24)
_NO_CHARACTER = re.compile(
    r"&#(?:[xX]0*(?:[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF])|0*(?:5529[6-9]|55[3-9]\d\d|5[67]\d{3}));"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CONTROL_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bceBCE]|1[0-9a-fA-F]));")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY[^>]*>", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z][\w.:-]*)")


def parse_feed(body: bytes, content_type: str | None, url: str) -> ParsedFeed | Fault:
    """Entries of a feed in its order, newest 2,000 at most; a broken feed gives its complete entries. Never raises."""
    try:
        return _parse(body, content_type, url)
    except Exception as error:  # noqa: BLE001 (parsers raise anything for hostile input: RecursionError, MemoryError ...)
        return Fault(FaultKind.MALFORMED, f"the feed cannot be parsed ({type(error).__name__})")


def _parse(body: bytes, content_type: str | None, url: str) -> ParsedFeed | Fault:
    if not body.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        return Fault(FaultKind.EMPTY, "the answer is empty")
    text = decode(body, content_type)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in {"{", "["}:
        return _parse_json(text, url)
    root = _root_of(text)
    if root in _FEED_ROOTS:
        return _parse_xml(text, url)
    inner = _IN_PAGE.search(text) if root == "html" else None
    found = _parse_xml(inner[0], url) if inner is not None else None
    return found if isinstance(found, ParsedFeed) and found.entries else _not_a_feed(text, root, content_type)


_KEPT = "the feed is not well-formed; what is complete was kept"
_FEED_ROOTS = {"rss", "feed", "rdf", "channel"}
_ROOT_END = re.compile(r"</(?:rss|feed|(?:\w+:)?RDF)\s*>", re.IGNORECASE)
_IN_PAGE = re.compile(  # a whole feed that somebody put into a web page
    r"""<(feed|rss)\s[^>]*(?:http://www\.w3\.org/2005/Atom|version\s*=\s*["']2\.0)[^>]*>.*</\1\s*>""", re.DOTALL
)
_FEED_MARK = re.compile(r"<(?:rss|feed|(?:\w+:)?RDF|channel)[\s>]", re.IGNORECASE)


def _root_of(text: str) -> str:
    """The local name of the first element; junk before a feed's own start is passed over."""
    head = _DOCTYPE.sub("", text[:20_000])
    found = _ROOT.search(re.sub(r"<!--.*?(?:-->|$)|<\?.*?\?>", "", head, flags=re.DOTALL))
    root = found[1].rpartition(":")[2].lower() if found else ""
    if root not in _FEED_ROOTS and root != "html" and _FEED_MARK.search(head):
        return "channel"
    return root


def _not_a_feed(text: str, root: str, content_type: str | None) -> Fault:
    if root == "html" or re.search(r"<html|<!doctype html|<body|<head", text[:5_000], re.IGNORECASE):
        return Fault(FaultKind.NOT_A_FEED, "the answer is a web page, not a feed")
    if root in {"urlset", "sitemapindex"}:
        return Fault(FaultKind.NOT_A_FEED, "the answer is a sitemap, not a feed")
    kind = one_line((content_type or "").partition(";")[0], 60)
    told = f" ({kind})" if kind else ""
    return Fault(FaultKind.NOT_A_FEED, f"the answer is not a feed{told}")


# ---------------------------------------------------------------- XML


def _parse_xml(text: str, url: str) -> ParsedFeed | Fault:
    document = _for_parser(text)
    found = read_simply(document, url)
    if found is not None:
        return _parsed(found, url)
    import feedparser  # noqa: PLC0415 (0.07 s that the command line's lists need not pay)

    document = without_open_item(document)

    def parse(part: bytes) -> Any:
        return feedparser.parse(
            io.BytesIO(part),  # never the bytes themselves: feedparser opens a file of that name
            response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
            sanitize_html=False,
            resolve_relative_uris=False,
        )

    try:
        found = parse(document)
    except Exception:  # whatever it dies of: raised again when nothing can be read apart, either
        apart = parse_apart(document, parse)
        if apart is None or not apart.entries:
            raise
        return replace(_parsed(apart, url, (_KEPT,)), items=-1, places=())
    broken = bool(found.bozo) and not isinstance(found.get("bozo_exception"), feedparser.CharacterEncodingOverride)
    if broken and not found.entries and not found.feed.get("title"):
        return Fault(FaultKind.MALFORMED, f"the feed is broken ({_where(found.get('bozo_exception'))})")
    return _parsed(found, url, (_KEPT,) if broken else ())


def _where(error: object) -> str:
    """What is wrong with the XML, and at which line and column as far as the parser tells."""
    if isinstance(error, SAXParseException):
        line = (error.getLineNumber() or 2) - 1  # feedparser begins with a declaration of its own
        return one_line(f"line {line}, column {error.getColumnNumber()}: {error.getMessage()}", 120)
    return one_line(str(error), 120)


def _parsed(found: Any, url: str, notes: tuple[str, ...] = ()) -> ParsedFeed:
    """What a feed in feedparser's shape holds."""
    language = feed_language(found.feed.get("language"))
    atom = str(found.version).startswith("atom")
    entries, failed = _entries(found.entries, lambda item: _entry(item, url, language, atom=atom))
    kept, cut = newest(list(entries.values()))
    return ParsedFeed(
        title=one_line(plain_text(str(found.feed.get("title") or "")), TITLE_MAX),
        entries=kept,
        language=language,
        ttl=_ttl(found.feed.get("ttl")),
        period=_period(found.feed.get("sy_updateperiod"), found.feed.get("sy_updatefrequency")),
        notes=_failures(failed) + notes + cut,
        items=len(found.entries),
        places=_places(kept, entries),
    )


def _failures(failed: int) -> tuple[str, ...]:
    return (f"{failed} entries could not be read",) if failed else ()


def _for_parser(text: str) -> bytes:
    """The document from its first tag to the end of its root, without declarations of encoding and entities.

    Without what is no character, too: one reference to such makes feedparser raise.
    """
    text = text[max(text.find("<"), 0) :]
    end = max((found.end() for found in _ROOT_END.finditer(text)), default=len(text))
    text = _DECLARATION.sub("", text[:end], count=1)
    text = _CONTROL_REFERENCE.sub("", _NO_CHARACTER.sub("", _CONTROL.sub("", text)))
    head, rest = text[:20_000], text[20_000:]
    return (_ENTITY.sub("", _DOCTYPE.sub("", head)) + rest).encode("utf-8", "ignore")


def _entries(raw: Iterable[Any], read: Callable[[Any], Entry | None]) -> tuple[dict[int, Entry], int]:
    """Each entry by itself, so that a bad one ends alone; by the place of its item."""
    entries: dict[int, Entry] = {}
    failed = 0
    for place, item in enumerate(raw):
        try:
            entry = read(item)
        except Exception:  # noqa: BLE001 (of one entry at that entry; counted in the notes)
            failed += 1
            continue
        if entry is not None:
            entries[place] = entry
    return entries, failed


def _places(kept: tuple[Entry, ...], entries: dict[int, Entry]) -> tuple[int, ...]:
    if len(kept) == len(entries):
        return tuple(entries)
    kept_ones = {id(entry) for entry in kept}
    return tuple(place for place, entry in entries.items() if id(entry) in kept_ones)


def _told_time(item: Any) -> tuple[datetime | None, bool]:
    """The time of publication, else of the last change, and whether it was told without its zone."""
    for name in ("published", "updated"):
        at, zoned = _time(str(dict.get(item, name) or "").strip(), dict.get(item, f"{name}_parsed"))
        if at is not None:
            return at, not zoned
    return None, False


def _time(told: str, parsed: struct_time | None) -> tuple[datetime | None, bool]:
    """A time and whether it named its zone: as feedparser read it, if it is known to read that form rightly."""
    odd = None if is_usual(told) else told_date(told)
    if odd is None:
        return _moment(parsed), has_zone(told)
    at, zoned = odd
    return (at if at is not None and at.year in YEARS else None), zoned


def _entry(item: Any, url: str, language: str | None, *, atom: bool) -> Entry | None:
    base = urljoin(url, (item.get("title_detail") or {}).get("base") or "") or url
    summary = _text(item.get("summary_detail"), item.get("summary"), atom=atom)
    content = max(
        (_text(part, part.get("value"), atom=atom) for part in item.get("content") or ()), key=len, default=""
    )
    if not summary or summary == content:
        summary = content if not is_full_text(content) else summary
    published_at, zoneless = _told_time(item)
    entry = Entry(
        url=_link(item, base),
        guid=bounded_guid(item.get("id")),
        title=one_line(_text(item.get("title_detail"), item.get("title"), atom=atom), TITLE_MAX),
        summary=summary[:SUMMARY_MAX],
        content=content[:CONTENT_MAX] if is_full_text(content) else "",
        author=one_line(plain_text(str(item.get("author") or "")), _AUTHOR_MAX) or None,
        language=language,
        published_at=published_at,
        zoneless=zoneless,
    )
    return entry if entry.url or entry.guid or entry.title or entry.summary or entry.content else None


def _text(detail: Any, value: Any, *, atom: bool) -> str:
    """Atom says which texts are mark-up; the others only look so."""
    text = str(value or "")
    if atom and detail and detail.get("type") == "text/plain":
        return clean(text)
    return plain_text(text)


def _link(item: Any, base: str) -> str | None:
    candidates = [item.get("feedburner_origlink"), item.get("link")]
    candidates += [link.get("href") for link in item.get("links") or () if link.get("rel", "alternate") == "alternate"]
    guid = item.get("id")
    if guid and re.match(r"https?://", str(guid), re.IGNORECASE) and item.get("guidislink", True):
        candidates.append(guid)
    for candidate in candidates:
        link = canonical_url(str(candidate), base) if candidate and str(candidate).strip() else None
        if link is not None:
            return link
    return None


def _moment(parsed: struct_time | None) -> datetime | None:
    """Feedparser's UTC tuple; None for absent and absurd ones."""
    if not parsed or parsed[0] not in YEARS:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _ttl(value: Any) -> timedelta | None:
    """Minutes, at most a day."""
    text = str(value or "").strip()
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        return None
    return _TTL_MAX if len(text) > 4 else min(timedelta(minutes=int(text)), _TTL_MAX)  # noqa: PLR2004 (digits of a day)


_PERIODS = {"hourly": 1, "daily": 24, "weekly": 24 * 7, "monthly": 24 * 30, "yearly": 24 * 365}


def _period(unit: Any, times: Any) -> timedelta | None:
    """`sy:updatePeriod` over `sy:updateFrequency`, at most a day."""
    hours = _PERIODS.get(str(unit or "").strip().lower())
    often = str(times or "1").strip()
    if hours is None or not often.isascii() or not often.isdigit() or len(often) > 4:  # noqa: PLR2004 (of a minute)
        return None
    return min(timedelta(hours=hours) / max(int(often), 1), _TTL_MAX)


# ---------------------------------------------------------------- JSON Feed


def _parse_json(text: str, url: str) -> ParsedFeed | Fault:
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except ValueError:
        return Fault(FaultKind.NOT_A_FEED, "the answer is not a feed")
    rss = simple_of_json(data.get("rss")) if isinstance(data, dict) else None
    if rss is not None:
        return _parsed(rss, url)
    if not isinstance(data, dict) or "jsonfeed.org" not in str(data.get("version")):
        return Fault(FaultKind.NOT_A_FEED, "the answer is JSON but not a JSON Feed")
    language = feed_language(data.get("language"))
    items = data.get("items")
    raw = items if isinstance(items, list) else []
    entries, failed = _entries(raw, lambda item: _json_entry(item, url, language) if isinstance(item, dict) else None)
    kept, cut = newest(list(entries.values()))
    return ParsedFeed(
        title=one_line(str(data.get("title") or ""), TITLE_MAX),
        entries=kept,
        language=language,
        notes=_failures(failed) + cut,
        items=len(raw),
        places=_places(kept, entries),
    )


def _json_entry(item: dict[str, Any], url: str, language: str | None) -> Entry:
    content = plain_text(str(item.get("content_html") or "")) or clean(str(item.get("content_text") or ""))
    summary = clean(str(item.get("summary") or "")) or ("" if is_full_text(content) else content)
    authors = item.get("authors") or [item.get("author")]
    names = [str(author["name"]) for author in authors if isinstance(author, dict) and author.get("name")]
    link = item.get("url") or item.get("external_url")
    published_at, zoneless = told_moment(item.get("date_published"), item.get("date_modified"))
    return Entry(
        url=canonical_url(str(link), url) if link else None,
        guid=bounded_guid(item.get("id")),
        title=one_line(str(item.get("title") or ""), TITLE_MAX),
        summary=summary[:SUMMARY_MAX],
        content=content[:CONTENT_MAX] if is_full_text(content) else "",
        author=one_line(", ".join(names), _AUTHOR_MAX) or None,
        language=feed_language(item.get("language")) or language,
        published_at=published_at,
        zoneless=zoneless,
    )
