"""A feed read beside what was seen of it before, for workers: imports no engine, so that a worker starts quickly."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crawler.cutting import Cut, Seen, cut, link_mark, pack, shorten, unpack
from crawler.decoding import decode
from crawler.entries import ParsedFeed
from crawler.feeds import parse_feed
from storage.model import Fault


@dataclass(frozen=True, slots=True)
class FeedReading:
    """What a feed gave beyond the items that were seen before: those are only counted (`cut`).

    `seen` are the marks to keep once the entries are stored. `changed` is whether any item is new or other than
    before, None when that cannot be told.
    """

    parsed: ParsedFeed
    seen: bytes
    cut: int = 0
    changed: bool | None = None


def look_through(body: bytes, seen: bytes) -> Cut | FeedReading | None:
    """What of a feed is left to be read, or its reading when all was seen as it is. Quick.

    None when everything is to be read, because nothing was seen or it is not sure what was.
    """
    known = unpack(seen)
    part = cut(body, known.links) if known.links else None
    if part is None or not part.known:
        return None
    return part if part.fresh else _nothing_new(part, known)


def read_rest(part: Cut, content_type: str | None, url: str, seen: bytes) -> FeedReading | None:
    """The entries of what was left after the cut; None when the whole has to be read to be sure. Never raises."""
    known = unpack(seen)
    parsed = parse_feed(part.body, content_type, url)
    if isinstance(parsed, Fault) or parsed.items != len(part.fresh):
        return None
    links = {mark: known.links[mark] for mark in part.known}
    if not {link_mark(entry) for entry in parsed.entries}.isdisjoint(links.values()):
        return None
    return _reading(parsed, part, links, changed=True)


def read_feed(body: bytes, content_type: str | None, url: str, seen: bytes) -> FeedReading | Fault:
    """The entries of a feed's new and changed items; of all of them when the cut is not sure. Never raises."""
    whole, left_out = shorten(_as_utf8(body, content_type))
    part = look_through(whole, seen)
    if isinstance(part, FeedReading):
        return part
    if part is not None and (reading := read_rest(part, content_type, url, seen)) is not None:
        return reading
    parsed = parse_feed(whole, content_type, url)
    if isinstance(parsed, Fault):
        return parsed
    if left_out:
        parsed = replace(parsed, notes=(*parsed.notes, f"{left_out} items in the midst of the feed were left unread"))
    part = cut(whole, {})
    comparable = bool(part.unsure or unpack(seen).links)
    return _reading(parsed, part, {}, changed=True if comparable else None)


def _reading(parsed: ParsedFeed, part: Cut, links: dict[bytes, bytes], *, changed: bool | None) -> FeedReading:
    """With the marks of the items that gave entries, when it is sure which did."""
    if parsed.items == len(part.fresh):
        stored = zip(parsed.places, parsed.entries, strict=True)
        links = links | {part.fresh[place]: link_mark(entry) for place, entry in stored}
    return FeedReading(parsed, pack(Seen(links, parsed.ttl, parsed.period)), len(part.known), changed)


def _nothing_new(part: Cut, known: Seen) -> FeedReading:
    links = {mark: known.links[mark] for mark in part.known}
    told = ParsedFeed(ttl=known.ttl, period=known.period)
    return FeedReading(told, pack(replace(known, links=links)), len(part.known), changed=False)


def _as_utf8(body: bytes, content_type: str | None) -> bytes:
    """The same document in UTF-8, so that a cut one cannot be taken for another encoding than the whole."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        wide = True
    else:
        wide = b"\x00" in body or b"\x1b" in body  # UTF-16 and ISO 2022 may be valid UTF-8, too
    if not wide:
        return body
    text = decode(body, content_type).replace("\x00", "").replace("\x1b", "")
    return text.encode("utf-8", "ignore")
