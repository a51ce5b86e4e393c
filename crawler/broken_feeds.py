"""Feeds that are cut off, or that feedparser dies of: what is complete in them is kept. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.simple_feeds import SimpleFeed

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES_MAX = 500
"""So many items from the top are tried, 2 ms each; the newest stand there."""
_HEAD_MAX = 20_000
_BEGINS = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:item|entry)(?=[\s>/])", re.IGNORECASE)
_ENDS = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?(?:item|entry|rss|feed|rdf|channel)\s*>", re.IGNORECASE)


def without_open_item(document: bytes) -> bytes:
    """The document without an item in whose midst it breaks off: the next answer may hold it whole, as another."""
    end = max((found.end() for found in _ENDS.finditer(document)), default=0)
    begun = [found.start() for found in _BEGINS.finditer(document, end)]
    return document[: begun[-1]] if begun else document


def parse_apart(document: bytes, parse: Callable[[bytes], Any]) -> SimpleFeed | None:
    """What `parse` reads of the feed's head and of each item behind that head; None when it dies of the head, too."""
    starts = [found.start() for found in _BEGINS.finditer(document)][: PIECES_MAX + 1]
    if not starts or starts[0] > _HEAD_MAX:
        return None
    head = document[: starts[0]]
    try:
        told = parse(head)
    except Exception:  # noqa: BLE001 (whatever it dies of: no item could be read behind such a head)
        return None
    feed = SimpleFeed(str(told.version))
    feed.feed.update(told.feed)
    for start, end in zip(starts, [*starts[1:], len(document)], strict=False):
        try:
            feed.entries += parse(head + document[start:end]).entries
        except Exception:  # noqa: BLE001, S112 (of one item at that item; the caller's note tells of it)
            continue
    return feed
