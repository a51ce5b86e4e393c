"""The common feed read without feedparser: RSS 2.0 and Atom of plain elements, several times as fast. Pure.

Only what feedparser would certainly read the same way is read here. At the first thing of which that is not certain (an
element that means something else to it, markup inside text, a base address, a second description) the whole feed is
left to it. Items come in feedparser's own shape, so that what follows need not know who read them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Item = dict[str, Any]

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_HARMLESS: Final = frozenset(
    {"category", "comments", "dc_publisher", "dc_rights", "dc_subject", "enclosure", "itunes_explicit", "itunes_image"}
    | {"itunes_keywords", "media_category", "media_content", "media_credit", "media_group", "media_keywords"}
    | {"media_license", "media_player", "media_rating", "media_restriction", "media_thumbnail", "rights"}
)
"""Elements that feedparser sees to in ways that change nothing of what is used here."""
_USED: Final = frozenset(
    {
        "authors",
        "content",
        "guidislink",
        "links",
        "published_parsed",
        "summary_detail",
        "title_detail",
        "updated_parsed",
    }
)
"""Keys of an item that no unknown element may bear."""
_SY: Final = "{http://purl.org/rss/1.0/modules/syndication/}"
_OF_FEED: Final = {
    "title": "title",
    f"{_ATOM}title": "title",
    "language": "language",
    "{http://purl.org/dc/elements/1.1/}language": "language",
    "ttl": "ttl",
    f"{_SY}updatePeriod": "sy_updateperiod",
    f"{_SY}updateFrequency": "sy_updatefrequency",
}
"""What a feed says of itself that is used, under feedparser's names."""
_TYPES: Final = {"text": "text/plain", "text/plain": "text/plain", "html": "text/html", "text/html": "text/html"}
_BASE: Final = re.compile(rb"[\s:]base\s*=")
_C1: Final = re.compile("[\x80-\x9f]")
_REFERENCE: Final = re.compile(r"&([A-Za-z0-9_]+);")


class _OddError(Exception):
    """Something that is better left to feedparser."""


@dataclass(slots=True)
class SimpleFeed:
    """What feedparser gives of a well-formed feed, as far as it is used."""

    version: str
    feed: dict[str, str] = field(default_factory=dict)
    entries: list[Item] = field(default_factory=list)
    bozo: bool = False


def read_simply(document: bytes, url: str) -> SimpleFeed | None:
    """A feed of nothing but plain elements, from a document in UTF-8; None for every other."""
    if _BASE.search(document):
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(document, parser)
        if root.tag == "rss" and [child.tag for child in root] == ["channel"]:
            return _read(SimpleFeed("rss"), root, root[0], "item", url)
        if root.tag == f"{_ATOM}feed":
            return _read(SimpleFeed("atom10"), root, root, f"{_ATOM}entry", url)
    except (etree.XMLSyntaxError, _OddError, ValueError):
        return None
    return None


def _read(found: SimpleFeed, root: etree._Element, feed: etree._Element, item: str, url: str) -> SimpleFeed:
    if language := root.get(_LANG, root.get("lang")):
        found.feed["language"] = language
    for element in feed:
        if element.tag == item:
            found.entries.append(_item(element, url))
        elif element.tag in _OF_FEED:
            found.feed[_OF_FEED[element.tag]] = _text(element)
    return found


def _item(element: etree._Element, url: str) -> Item:
    item: Item = {}
    for child in element:
        read = _reader(child.tag, child.prefix)
        if read is not None:
            read(item, child, url)
        for one in child.iterdescendants() if read is None and len(child) else ():
            if (inner := _reader(one.tag, one.prefix)) is not None:
                if inner is not _read_other_title:
                    raise _OddError
                inner(item, one, url)
    if "other_title" in item and not item.get("title"):
        raise _OddError
    return item


@lru_cache(maxsize=4096)
def _reader(tag: str, prefix: str | None) -> Callable[[Item, etree._Element, str], None] | None:
    """How an element of an item is read; None for one of no interest."""
    name = _name(tag, prefix)
    if name in _READERS:
        return _READERS[name]
    if name in _USED or (name not in _HARMLESS and _is_handled(name)):
        raise _OddError
    return None


@lru_cache(maxsize=4096)
def _name(tag: str, prefix: str | None) -> str:
    """What feedparser calls an element: by its namespace when it knows that, else by the prefix as written."""
    namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    known = _namespaces().get(namespace.lower())
    if known is None:
        if not prefix or prefix.lower() in _namespaces().values():
            raise _OddError
        known = prefix.lower()
    return f"{known}_{local.lower()}" if known else local.lower()


@cache
def _namespaces() -> Mapping[str, str]:
    from feedparser.mixin import _FeedParserMixin  # noqa: PLC0415 (0.07 s that the command line need not pay)

    return {namespace.lower(): prefix for namespace, prefix in _FeedParserMixin.namespaces.items()}


def _is_handled(name: str) -> bool:
    from feedparser.mixin import _FeedParserMixin  # noqa: PLC0415 (as above)

    return hasattr(_FeedParserMixin, f"_start_{name}") or hasattr(_FeedParserMixin, f"_end_{name}")


def simple_of_json(rss: Any) -> SimpleFeed | None:
    """RSS written as JSON (`{"channel": {"item": [...]}}`), which is no JSON Feed; None when it is not that."""
    channel = rss.get("channel") if isinstance(rss, dict) else None
    items = channel.get("item") if isinstance(channel, dict) else None
    if channel is None or not isinstance(items, list | dict):
        return None
    found = SimpleFeed("rss", {name: _plain(channel.get(name)) for name in ("title", "language", "ttl")})
    for raw in items if isinstance(items, list) else [items]:
        given = {name: _plain(value) for name, value in raw.items()} if isinstance(raw, dict) else {}
        found.entries.append(_item_of_json(given))
    return found


def _plain(value: Any) -> str:
    """A text as it stands, or as an object that carries attributes besides."""
    value = value.get("#value") if isinstance(value, dict) else value
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _item_of_json(given: Mapping[str, str]) -> Item:
    item: Item = {"title": given.get("title", ""), "summary": given.get("description", "")}
    item["content"] = [{"value": given[name]} for name in ("content:encoded",) if given.get(name)]
    item["id"], item["link"] = given.get("guid"), given.get("link")
    item["author"] = given.get("dc:creator") or given.get("author")
    for name, key in (("published", "pubDate"), ("updated", "dc:date")):
        _set_time(item, name, given.get(key, ""))
    return item


# ---------------------------------------------------------------- elements, each as feedparser reads it


def _text(element: etree._Element) -> str:
    """Text alone; what feedparser would mend in it is left to it."""
    if len(element):
        raise _OddError
    text = (element.text or "").strip()
    if not text.isascii():
        if _C1.search(text):
            raise _OddError
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return text
        raise _OddError  # UTF-8 that was taken for Latin-1 and encoded again
    return text


def _typed(element: etree._Element, usual: str) -> tuple[str, str]:
    """Text and its type."""
    if any(name != "type" for name in element.attrib):
        raise _OddError
    kind = _TYPES.get(element.get("type", usual).lower())
    if kind is None:
        raise _OddError
    return _text(element), kind


def _read_title(item: Item, element: etree._Element, _url: str) -> None:
    if "title" in item:
        raise _OddError
    item["title"], kind = _typed(element, "text")
    item["title_detail"] = {"type": kind}


def _read_other_title(item: Item, _element: etree._Element, _url: str) -> None:
    """Of a picture, not of the entry, as long as that has one."""
    item["other_title"] = True


def _read_description(item: Item, element: etree._Element, _url: str, usual: str = "html") -> None:
    if "summary" in item and "content" not in item:
        raise _OddError
    item["summary"], kind = _typed(element, usual)
    item["summary_detail"] = {"type": kind}


def _read_summary(item: Item, element: etree._Element, url: str) -> None:
    _read_description(item, element, url, "text")


def _read_content(item: Item, element: etree._Element, _url: str, usual: str = "text") -> None:
    value, kind = _typed(element, usual)
    item.setdefault("content", []).append({"value": value, "type": kind})
    item.setdefault("summary", value)


def _read_encoded(item: Item, element: etree._Element, url: str) -> None:
    _read_content(item, element, url, "html")


def _read_link(item: Item, element: etree._Element, url: str) -> None:
    attributes = dict(element.attrib)
    links = item.setdefault("links", [])
    if not attributes:
        link = _REFERENCE.sub(r"&\1", _text(element).replace("&amp;", "&"))
        item["link"] = _joined(url, link) if link else link
        links.append({"rel": "alternate", "href": item["link"]})
        return
    if "href" not in attributes or "url" in attributes or "uri" in attributes or len(element):
        raise _OddError
    rel, kind = attributes.get("rel", "alternate").lower(), attributes.get("type", "text/html").lower()
    href = _joined(url, attributes["href"])
    links.append({"rel": rel, "href": href})
    if rel == "alternate" and kind in {"text/html", "html", "application/xhtml+xml", "xhtml"}:
        item["link"] = href


def _read_guid(item: Item, element: etree._Element, url: str) -> None:
    if any(name != "isPermaLink" for name in element.attrib):
        raise _OddError
    guid = _text(element)
    is_link = element.get("isPermaLink", "true") == "true"
    item["id"] = _joined(url, guid) if is_link and guid else guid
    item.setdefault("guidislink", is_link and "link" not in item)
    if is_link:
        item.setdefault("link", item["id"])


def _joined(url: str, link: str) -> str:
    if ":///" in link:
        raise _OddError
    return urljoin(url, link)


def _read_author(item: Item, element: etree._Element, _url: str) -> None:
    if "author_parts" in item or (len(element) and "author" in item):
        raise _OddError  # what one tells feedparser adds to what the other told
    if not len(element):
        item["author"] = _text(element)
        return
    item["author_parts"] = True
    parts = {child.tag.removeprefix(_ATOM): _text(child) for child in element}
    if len(parts) != len(element) or not parts.keys() <= {"name", "email", "uri"}:
        raise _OddError
    name, email = parts.get("name"), parts.get("email")
    item["author"] = f"{name} ({email})" if name and email else name or email or ""


def _read_origin(item: Item, element: etree._Element, _url: str) -> None:
    if not element.attrib:
        item["feedburner_origlink"] = _text(element)


def _read_published(item: Item, element: etree._Element, _url: str) -> None:
    _set_time(item, "published", _text(element))


def _read_updated(item: Item, element: etree._Element, _url: str) -> None:
    _set_time(item, "updated", _text(element))


def _set_time(item: Item, name: str, value: str) -> None:
    from feedparser.datetimes import _parse_date  # noqa: PLC0415 (as above)

    item[name] = value
    item[f"{name}_parsed"] = _parse_date(value)


def _read_source(_item: Item, element: etree._Element, _url: str) -> None:
    """RSS names where an entry comes from; Atom repeats that feed's own elements."""
    if len(element):
        raise _OddError


_READERS: Final[Mapping[str, Callable[[Item, etree._Element, str], None]]] = {
    "title": _read_title,
    "media_title": _read_other_title,
    "link": _read_link,
    "feedburner_origlink": _read_origin,
    "guid": _read_guid,
    "id": _read_guid,
    "description": _read_description,
    "summary": _read_summary,
    "content": _read_content,
    "content_encoded": _read_encoded,
    "author": _read_author,
    "dc_creator": _read_author,
    "pubdate": _read_published,
    "published": _read_published,
    "dcterms_issued": _read_published,
    "updated": _read_updated,
    "dc_date": _read_updated,
    "dcterms_modified": _read_updated,
    "source": _read_source,
}
