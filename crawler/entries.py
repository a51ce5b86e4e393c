"""What every reader of sources gives, feeds, sitemaps and listings alike, and the bounds of its entries. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.plain import clean

if TYPE_CHECKING:
    from datetime import timedelta

    from storage.model import Entry

ENTRIES_MAX = 2_000
TITLE_MAX = 1_000
SUMMARY_MAX = 20_000
CONTENT_MAX = 200_000
GUID_MAX = 1_000
_FULL_TEXT = 500  # characters from which content counts as the article and not as a teaser
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*")
_TEASER_END = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&hellip;\])\s*$")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed, a sitemap or a listing gave; `notes` tell of what was cut.

    `ttl` is how long it says it holds, `period` how often it claims to change.
    """

    title: str = ""
    entries: tuple[Entry, ...] = ()
    language: str | None = None
    ttl: timedelta | None = None
    period: timedelta | None = None
    notes: tuple[str, ...] = ()
    cacheable: bool = True
    """Whether an unchanged answer means unchanged entries; not so for an index of sitemaps."""
    items: int = 0
    """How many items a feed's document has, those included that gave no entry; -1 when that is not certain."""
    places: tuple[int, ...] = ()
    """For each entry of a feed the place of its item among them."""


def is_full_text(text: str) -> bool:
    """Whether a text is the article itself and not a teaser."""
    return len(text) >= _FULL_TEXT and not _TEASER_END.search(text[-20:])


def feed_language(value: Any) -> str | None:
    """The primary subtag of a sane language tag."""
    found = _LANGUAGE.fullmatch(str(value or "").strip())
    return found[1].lower() if found else None


def bounded_guid(value: Any) -> str | None:
    """A guid of any sane length as it is; a monster by its start and a digest of the whole."""
    guid = clean(str(value or ""))
    if len(guid) <= GUID_MAX:
        return guid or None
    from hashlib import sha256  # noqa: PLC0415 (almost never)

    return f"{guid[:200]}…{sha256(guid.encode()).hexdigest()}"


def newest(entries: list[Entry], limit: int = ENTRIES_MAX) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """At most `limit` entries in their order, the newest when dates tell, and a note when some were left."""
    if len(entries) <= limit:
        return tuple(entries), ()
    oldest = datetime.min.replace(tzinfo=UTC)
    ranked = sorted(
        range(len(entries)), key=lambda index: (entries[index].published_at or oldest, -index), reverse=True
    )
    kept = sorted(ranked[:limit])
    return tuple(entries[index] for index in kept), (f"only the newest {limit} of {len(entries)} entries were kept",)
