"""A feed read beside what was seen of it before, for workers: imports no engine, so that a worker starts quickly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.cutting import Seen, cut, link_mark, pack, shorten, unpack
from crawler.decoding import decode
from crawler.feeds import ParsedFeed, parse_feed
from storage.model import Fault

if TYPE_CHECKING:
    from crawler.cutting import Cut


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


def find_nothing_new(body: bytes, seen: bytes) -> FeedReading | None:
    """The reading of a feed all of whose items were seen as they are; None when that is not sure. Quick."""
    known = unpack(seen)
    part = cut(body, known.links)
    return _nothing_new(part, known) if part.known and not part.fresh else None


def read_feed(body: bytes, content_type: str | None, url: str, seen: bytes) -> FeedReading | Fault:
    """The entries of a feed's new and changed items; of all of them when the cut is not sure. Never raises."""
    known = unpack(seen)
    whole, left_out = shorten(_as_utf8(body, content_type))
    part = cut(whole, known.links)
    if part.known and not part.fresh:
        return _nothing_new(part, known)
    parsed = parse_feed(part.body, content_type, url)
    if part.known and not _stands_alone(parsed, part, known):
        part = cut(whole, {})
        parsed = parse_feed(whole, content_type, url)
    if isinstance(parsed, Fault):
        return parsed
    if left_out:
        parsed = replace(parsed, notes=(*parsed.notes, f"{left_out} items in the midst of the feed were left unread"))
    links = {mark: known.links[mark] for mark in part.known}
    if parsed.items == len(part.fresh):
        links |= {
            part.fresh[place]: link_mark(entry) for place, entry in zip(parsed.places, parsed.entries, strict=True)
        }
    changed = None if not part.unsure and not known.links else True
    return FeedReading(parsed, pack(Seen(links, parsed.ttl)), len(part.known), changed)


def _nothing_new(part: Cut, known: Seen) -> FeedReading:
    links = {mark: known.links[mark] for mark in part.known}
    return FeedReading(ParsedFeed(ttl=known.ttl), pack(Seen(links, known.ttl)), len(part.known), changed=False)


def _stands_alone(parsed: ParsedFeed | Fault, part: Cut, known: Seen) -> bool:
    """Whether what is left of a feed reads as it would beside the rest."""
    if isinstance(parsed, Fault) or parsed.items != len(part.fresh):
        return False
    links = {known.links[mark] for mark in part.known}
    return not any(link_mark(entry) in links for entry in parsed.entries)


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
