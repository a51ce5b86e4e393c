"""HTML bytes to a tree, without network, without recursion, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree
from lxml.html import HTMLParser

from crawler.decoding import decode
from crawler.plain import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_MAX = 5 * 1024 * 1024


def parse_html(body: bytes, content_type: str | None) -> etree._Element | None:
    """The root element of a page, its first 5 MB; None when there is nothing to parse."""
    text = decode(body[:PAGE_MAX], content_type).replace("\x00", "")
    if not text.strip():
        return None
    parser = HTMLParser(no_network=True, remove_comments=True, remove_pis=True, recover=True, encoding="utf-8")
    try:
        return etree.fromstring(text.encode("utf-8", "ignore"), parser)
    except (etree.LxmlError, ValueError):
        return None


def element_text(element: etree._Element) -> str:
    """The cleaned text below an element, line breaks kept, scripts left out."""
    return clean("".join(_pieces(element)))


def _pieces(element: etree._Element) -> Iterator[str]:
    silent = 0
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node.tag in {"script", "style"}:
            silent += 1 if event == "start" else -1
        if event == "start":
            if node.tag in {"br", "p", "div", "li"}:
                yield "\n"
            if node.text and not silent:
                yield node.text
        elif node is not element and node.tail and not silent:
            yield node.tail


def document_language(root: etree._Element) -> str | None:
    """What the page says in `<html lang>`, as written."""
    found = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang")
    return str(found) if found else None
