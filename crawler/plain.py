"""Text without mark-up and without characters that could act on a terminal, a page or a database."""

from __future__ import annotations

import html
import re
import unicodedata

from lxml import etree

_ACTING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 but for tab, line ends
    "\xad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"  # invisible, and those that turn the direction
    "\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"  # no characters at all
)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[\s]*")
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_TAGS = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_MARKUP_MAX = 2_000_000

_SILENT = {"script", "style", "noscript", "template", "head", "iframe", "object", "svg", "math", "select", "textarea"}
_BLOCK = {
    *("address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "fieldset", "figcaption"),
    *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p"),
    *("pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}


def clean(text: str) -> str:
    """Drop characters that act or are none; blanks become one space, runs of line ends one; letters composed (NFC).

    A letter and its accent as two characters are one word to a reader, and another to every list of names.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\u2028", "\n")
    text = _BLANKS.sub(" ", _ACTING.sub("", text).replace("\u2029", "\n"))
    return _LINES.sub("\n", unicodedata.normalize("NFC", text)).strip()


def one_line(text: str, limit: int) -> str:
    """Cleaned, on one line, at most `limit` characters with an ellipsis where it was cut."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def plain_text(markup: str) -> str:
    """The readable text of HTML, or of text that may hold entities; blocks end in line ends."""
    if not _MARKUP.search(markup):
        return clean(markup)
    if not _TAGS.search(markup):
        return clean(html.unescape(markup))
    return clean(_text_of(_ACTING.sub("", markup[:_MARKUP_MAX])))


def _text_of(markup: str) -> str:
    """Walked by events, for a recursive walk would end at hostile nesting."""
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, recover=True, encoding="utf-8")
    try:
        root = etree.fromstring(b"<div>" + markup.encode("utf-8", "ignore") + b"</div>", parser)
    except (etree.LxmlError, ValueError):
        root = None
    if root is None:
        return html.unescape(_TAGS.sub(" ", markup))
    pieces: list[str] = []
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _SILENT:
            silent += 1 if event == "start" else -1
        if tag in _BLOCK:
            pieces.append("\n")
        text = element.text if event == "start" else element.tail
        if text and not silent:
            pieces.append(text.replace("\n", " ") if tag != "pre" else text)
    return "".join(pieces)
