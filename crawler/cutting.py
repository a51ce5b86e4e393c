"""Items seen before cut out of a feed's bytes, so that only what is new or changed is parsed. Pure.

An item is known by its bytes: one that changed in any way has others and is read again. Whatever makes the cut unsure
leaves the body whole, with the reason. What the marks of seen items look like in the database is here, too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from crawler.entries import ENTRIES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from storage.model import Entry

HASH_SIZE = 8
LINK_SIZE = 4
_READER = 1
"""Which way of reading feeds the marks stand for: raise it when parsing gives other entries than before, and every item
is read once more."""
_HEADER = 5  # the reader and twice two bytes of minutes
_MINUTES_MAX = 0xFFFF
_ITEM = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?(?:item|entry))(?=[\s>/])", re.IGNORECASE)
_ITEM_TAG = re.compile(rb"</?(?:[A-Za-z_][\w.-]*:)?(?:item|entry)(?=[\s>/])", re.IGNORECASE)
_NAME_ENDS = frozenset(b" \t\r\n>/")
_TAG_MIN = len(b"<item>")
_HEAD = 256


class _UnsureError(Exception):
    """Where the items begin and end cannot be told for certain; the message says why."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left of a body: `fresh` are the hashes of the items in it, in their order, `known` of those taken out.

    When `unsure` says why, nothing was taken out and nothing is said of the items.
    """

    body: bytes
    fresh: tuple[bytes, ...] = ()
    known: tuple[bytes, ...] = ()
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The items of an endpoint whose entries are stored: the hash of each with the mark of its entry's link.

    `ttl` is how long the feed said that it holds and `period` how often it changes, for answers of which nothing
    needs parsing.
    """

    links: Mapping[bytes, bytes] = field(default_factory=dict)
    ttl: timedelta | None = None
    period: timedelta | None = None


def cut(body: bytes, seen: Mapping[bytes, bytes]) -> Cut:
    """The body without the items that were seen as they are. UTF-8 only; whatever is not sure stays whole."""
    if b"\x00" in body or b"\x1b" in body:  # UTF-16 and ISO 2022 may be valid UTF-8, too
        return Cut(body, unsure="it is not plain UTF-8")
    try:
        text = body.decode("utf-8")
        if body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            return _cut_json(text, seen)
        return _cut_xml(body, seen)
    except UnicodeDecodeError:
        return Cut(body, unsure="it is not UTF-8")
    except _UnsureError as error:
        return Cut(body, unsure=str(error))


def shorten(body: bytes) -> tuple[bytes, int]:
    """A feed of far too many items without those in its midst, and how many those are: the newest stand at an end.

    Parsing 100,000 items takes a worker 20 s, as many as may be kept from either end under one.
    """
    if body.count(b"</") <= 2 * ENTRIES_MAX:
        return body, 0
    try:
        spans = _item_spans(body, None)
    except _UnsureError:
        return body, 0
    out = spans[ENTRIES_MAX:-ENTRIES_MAX]
    return (body[: out[0][0]] + body[out[-1][1] :], len(out)) if out else (body, 0)


def link_mark(entry: Entry) -> bytes:
    """Four bytes of the link by which an entry is known, or of its guid when it has none.

    Entries with one link are told apart only when all are looked at together (see storage/identity.py): a new one with
    the link of one that was cut is a reason to read the whole.
    """
    name = f"u{entry.url}" if entry.url else f"g{entry.guid or ''}"
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=LINK_SIZE).digest()


def pack(seen: Seen) -> bytes:
    """The inverse of `unpack`; spans to the minute, up to six weeks."""
    spans = (int((span or timedelta(0)) / timedelta(minutes=1)) for span in (seen.ttl, seen.period))
    head = bytes((_READER,)) + b"".join(min(minutes, _MINUTES_MAX).to_bytes(2, "big") for minutes in spans)
    return head + b"".join(mark + link for mark, link in list(seen.links.items())[:ENTRIES_MAX])


def unpack(data: bytes) -> Seen:
    """Marks as the database keeps them; nothing is seen when another way of reading wrote them."""
    if len(data) < _HEADER or data[0] != _READER:
        return Seen()
    size = HASH_SIZE + LINK_SIZE
    links = {
        data[at : at + HASH_SIZE]: data[at + HASH_SIZE : at + size] for at in range(_HEADER, len(data) - size + 1, size)
    }
    return Seen(links, *spans_in(data))


def spans_in(data: bytes) -> tuple[timedelta | None, timedelta | None]:
    """How long the feed of these marks said that it holds, and how often it changes."""
    minutes = [int.from_bytes(data[at : at + 2], "big") for at in (1, 3)]
    ttl, period = (timedelta(minutes=number) if number else None for number in minutes)
    return ttl, period


def _parted(items: Sequence[bytes], seen: Mapping[bytes, bytes]) -> tuple[list[bool], tuple[bytes, ...], list[bytes]]:
    """For each item whether it is to stay, and the hashes of those that stay and of those that go."""
    marks = [blake2b(item, digest_size=HASH_SIZE).digest() for item in items]
    stays = [mark not in seen for mark in marks]
    fresh = tuple(mark for mark, stay in zip(marks, stays, strict=True) if stay)
    return stays, fresh, [mark for mark, stay in zip(marks, stays, strict=True) if not stay]


# ---------------------------------------------------------------- XML


def _cut_xml(body: bytes, seen: Mapping[bytes, bytes]) -> Cut:
    spans = _item_spans(body)
    stays, fresh, known = _parted([body[start:end] for start, end in spans], seen)
    kept = []
    at = 0
    for (start, end), stay in zip(spans, stays, strict=True):
        if not stay:
            kept.append(body[at:start])
            at = end
    kept.append(body[at:])
    return Cut(b"".join(kept), fresh, tuple(known))


def _item_spans(body: bytes, most: int | None = ENTRIES_MAX) -> list[tuple[int, int]]:
    """Where each item begins and ends, told by tags outside CDATA and comments. Linear in the body's size."""
    if b"<!ENTITY" in body:
        raise _UnsureError("it defines entities")
    name = _item_name(body)
    spans: list[tuple[int, int]] = []
    if name is None:
        return spans
    opening, closing = b"<" + name, b"</" + name
    at = 0
    while (start := _find_tag(body, opening, at, closing)) >= 0:
        at = _end_of_item(body, start, opening, closing)
        spans.append((start, at))
        if most is not None and len(spans) > most:
            raise _UnsureError(f"it has more than {most} items")
    _check_rest(body, spans)
    return spans


def _item_name(body: bytes) -> bytes | None:
    """The items' tag as it is written, prefix included; None when there is none."""
    for start, end in _plain_spans(body, 0, len(body)):
        if (found := _ITEM.search(body, start, end)) is not None:
            return found[1]
    return None


def _plain_spans(body: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """What lies outside CDATA, comments and declarations."""
    while (section := body.find(b"<!", at, end)) >= 0:
        yield at, section
        at = _after_section(body, section)
    yield at, end


def _after_section(body: bytes, at: int) -> int:
    """The place after the CDATA, comment or declaration that begins here."""
    if body.startswith(b"<![CDATA[", at):
        end, size = body.find(b"]]>", at + 9), 3
    elif body.startswith(b"<!--", at):
        end, size = body.find(b"-->", at + 4), 3
    else:
        end, size = body.find(b">", at), 1
    if end < 0:
        raise _UnsureError("a CDATA section or a comment has no end")
    return end + size


def _find_tag(body: bytes, tag: bytes, at: int, other: bytes) -> int:
    """The next `tag` outside CDATA and comments, -1 when there is none; `other` must not come before it."""
    found = _next_tag(body, tag, at, len(body))
    while True:
        limit = found if found >= 0 else len(body)
        section = body.find(b"<!", at, limit)
        if _next_tag(body, other, at, section if section >= 0 else limit) >= 0:
            raise _UnsureError("its items are not balanced")
        if section < 0:
            return found
        at = _after_section(body, section)
        if 0 <= found < at:  # it was inside
            found = _next_tag(body, tag, at, len(body))


def _next_tag(body: bytes, tag: bytes, at: int, end: int) -> int:
    """The next tag of exactly that name."""
    while (at := body.find(tag, at, end)) >= 0:
        after = at + len(tag)
        if after < len(body) and body[after] in _NAME_ENDS:
            return at
        at = after
    return -1


def _end_of_item(body: bytes, start: int, opening: bytes, closing: bytes) -> int:
    """The place after an item's end tag, or after its own when it is an empty one."""
    bracket = body.find(b">", start)
    if bracket > 0 and body[bracket - 1 : bracket] == b"/":
        return bracket + 1
    end = _find_tag(body, closing, bracket + 1, opening) if bracket > 0 else -1
    bracket = body.find(b">", end) if end > 0 else -1
    if bracket < 0:
        raise _UnsureError("its items are not balanced")
    return bracket + 1


def _check_rest(body: bytes, spans: list[tuple[int, int]]) -> None:
    """Nothing that a lenient parser could take for an item lies outside those found."""
    at = 0
    for start, end in [*spans, (len(body), len(body))]:
        if start - at > len(b"<item") and any(
            _ITEM_TAG.search(body, *plain) for plain in _plain_spans(body, at, start)
        ):
            raise _UnsureError("its items have several names")
        at = end


# ---------------------------------------------------------------- JSON


_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


def _cut_json(text: str, seen: Mapping[bytes, bytes]) -> Cut:
    try:
        spans = _json_items(text)
    except (ValueError, IndexError, RecursionError):
        raise _UnsureError("its JSON is broken") from None
    items = [text[start:end].encode() for start, end in spans]
    stays, fresh, known = _parted(items, seen)
    if not known:
        return Cut(text.encode(), fresh)
    kept = b",".join(item for item, stay in zip(items, stays, strict=True) if stay)
    body = text[: spans[0][0]].encode() + kept + text[spans[-1][1] :].encode()
    return Cut(body, fresh, tuple(known))


def _json_items(text: str) -> list[tuple[int, int]]:
    """Where each element of the document's own `items` begins and ends. Raises what broken JSON raises."""
    spans: list[tuple[int, int]] = []
    at = _after_blank(text, text.index("{") + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after_blank(text, _after_blank(text, at) + 1)  # past the colon; the parser proper checks it
        if key == "items" and text[at] == "[":
            spans, at = _json_elements(text, _after_blank(text, at + 1))
        else:
            _, at = _DECODER.raw_decode(text, at)
        at = _after_blank(text, at)
        if text[at] == ",":
            at = _after_blank(text, at + 1)
    return spans


def _json_elements(text: str, at: int) -> tuple[list[tuple[int, int]], int]:
    """The elements of an array whose bracket lies behind, and the place after its end."""
    spans: list[tuple[int, int]] = []
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        spans.append((at, end))
        at = _after_blank(text, end)
        if text[at] == ",":
            at = _after_blank(text, at + 1)
        if len(spans) > ENTRIES_MAX:
            raise _UnsureError(f"it has more than {ENTRIES_MAX} items")
    return spans, at + 1


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
