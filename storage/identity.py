"""What makes two entries the same: keys that survive new guids, moved dates, counters and edited headlines.

Pure. A link is the best identity, unless the source gives it to several different entries or it is a front page; then
the guid, then the words. Known troubles of real feeds that this answers: a guid made anew at every fetch, one guid for
ten entries, one link for all entries, neither at all.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.model import Entry

SHORT_TEXT = 200
"""Folded characters below which a text says too little to be an identity without its title."""


_AMP = re.compile("amp", re.IGNORECASE)
"""What no address without it can have of the following."""
_AMP_PATH = re.compile(r"(?<=[^/])(?:/amp|\.amp(?=\.html?$)|\.amp)/?(?=$|\.html?$)|^/amp(?=/.)", re.IGNORECASE)
_AMP_QUERY = re.compile(
    r"amp(?:=(?:1|true|yes)?)?|(?:outputtype|output|view|format|_format)=amp(?:html)?", re.IGNORECASE
)
_TWIN_HOST = re.compile(r"(?:www|m|mobile|amp|touch)\.(?=[^.]+\.)")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an entry is within its source. `own_page` is false when its link belongs to other entries as well."""

    entry: Entry
    key: str
    content_hash: str
    article_url: str
    own_page: bool


def fold(text: str) -> str:
    """Compatibility form, case and white space ignored: what a reader would call the same words."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def digest(*parts: str) -> str:
    """A stable 128-bit hex digest of text, unpaired surrogates included."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def text_hash(title: str, text: str) -> str:
    """The same for word-for-word copies; a short text counts only together with its title."""
    folded = fold(text)
    return digest(folded) if len(folded) >= SHORT_TEXT else digest(fold(title), folded)


def content_hash(entry: Entry) -> str:
    """The entry's headline, or its words when it has none."""
    return digest(fold(entry.title) or fold(entry.summary or entry.content))


def plain_address(url: str) -> str:
    """A canonical URL without the marks of an AMP page: the address of the article itself, in all likelihood."""
    parts = urlsplit(url)
    query = "&".join(part for part in parts.query.split("&") if not _AMP_QUERY.fullmatch(part))
    return urlunsplit(parts._replace(path=_AMP_PATH.sub("", parts.path) or "/", query=query))


def page_key(url: str) -> str:
    """What the twins of a page share: http and https, with and without `www`, mobile and AMP address.

    A key to compare, not an address to ask.
    """
    parts = urlsplit(plain_address(url) if _AMP.search(url) else url)
    host = _TWIN_HOST.sub("", parts.netloc)
    tail = urlunsplit(("", "", parts.path.rstrip("/"), parts.query, parts.fragment))
    return f"{host}{tail}"


def identify(entries: Iterable[Entry]) -> list[Identity]:
    """One identity for each different entry of one answer, in order; exact repetitions within it are dropped."""
    listed = list(entries)
    distinct = {(entry.url or None, entry.guid or None, content_hash(entry)): entry for entry in listed}
    # Counted by the keys, where no link and an empty one are the same; which repetition is kept must not matter.
    per_url = Counter(url for url, _, _ in distinct if url)
    per_guid = Counter((url, guid) for url, guid, _ in distinct if guid)
    found: dict[str, Identity] = {}
    for (url, guid, words), entry in distinct.items():
        identity = _identity(
            entry,
            words,
            url_is_own=url is not None and per_url[url] == 1 and not _is_front_page(url),
            guid_is_own=guid is not None and per_guid[url, guid] == 1,
        )
        found.setdefault(identity.key, identity)
    return list(found.values())


def key_of_link(url: str) -> str:
    """The key of an entry that has its link for itself."""
    return f"u:{url}"


def _identity(entry: Entry, words: str, *, url_is_own: bool, guid_is_own: bool) -> Identity:
    if entry.url and url_is_own:
        return Identity(entry, key_of_link(entry.url), words, entry.url, own_page=True)
    key = f"g:{digest(entry.url or '', entry.guid or '')}" if guid_is_own else f"c:{digest(entry.url or '', words)}"
    shown = f"{entry.url}#entry-{key[2:14]}" if entry.url else f"envoywatch:entry/{key[2:]}"
    return Identity(entry, key, words, shown, own_page=False)


def _is_front_page(url: str) -> bool:
    """A link to a whole site, which feeds without links of their own give to every entry."""
    parts = urlsplit(url)
    return re.fullmatch(r"/?(index\.\w{2,5})?", parts.path) is not None and not parts.query and not parts.fragment
