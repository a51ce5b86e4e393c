"""Bytes to text when encodings are declared wrongly, twice or not at all."""

from __future__ import annotations

import codecs
import re

from w3lib.encoding import http_content_type_encoding, resolve_encoding

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_HEAD = 4_096
_SAMPLE = 20_000
# Python counts these among text encodings, but no server means them, and some are slow.
_NOT_FOR_DOCUMENTS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"}
_WHOLE = re.compile("[^\x00-\x7f\ufffd]")
_SURE_SHARE = 500  # at most one broken sequence in this many bytes still counts as UTF-8


def decode(body: bytes, content_type: str | None) -> str:
    """The text of a document. UTF-8 that reads as such is believed over every declaration; never raises."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace")
    utf8 = _as_utf8(body)
    if utf8 is not None:
        return utf8
    for name in _declared(body, content_type):
        text = _try(body, name)
        if text is not None:
            return text
    return _guessed(body)


def _as_utf8(body: bytes) -> str | None:
    """Text in other encodings is hardly ever valid UTF-8 by chance; a few broken sequences are accidents."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if _is_wide(body[:_HEAD]) or b"\x1b$" in body[:_HEAD]:  # UTF-16 without a mark, ISO 2022
        return None
    if not broken:
        return text
    if broken > 1 + len(body) // _SURE_SHARE:
        return None
    # Of the whole text: a style sheet may be broken more often than the first 20,000 characters have letters to tell.
    return text if len(_WHOLE.findall(text)) > broken else None


def _is_wide(head: bytes) -> bool:
    """Whether every other byte or so is zero, as in UTF-16; a few zeros are dirt."""
    return head.count(0) * 4 > len(head) > 0


def _declared(body: bytes, content_type: str | None) -> list[str]:
    head = body[:_HEAD]
    names: list[str | None] = [http_content_type_encoding(content_type)]
    for pattern in (_DECLARED, _META):
        found = pattern.search(head)
        names.append(resolve_encoding(found[1].decode("ascii")) if found else None)
    if _is_wide(head):
        names.append("utf-16-be" if head[:1] == b"\x00" else "utf-16-le")
    return [name for name in names if name]


def _try(body: bytes, name: str) -> str | None:
    try:
        info = codecs.lookup(name)
        if not info._is_text_encoding or info.name.replace("_", "-") in _NOT_FOR_DOCUMENTS:  # noqa: SLF001 (no public way)
            return None
        if info.name == "utf-8":  # tried before
            return None
        return body.decode(info.name, "replace")
    except (LookupError, ValueError):
        return None


def _guessed(body: bytes) -> str:
    """Nothing is declared: guess from the bytes, else Latin letters."""
    from trafilatura.utils import detect_encoding  # noqa: PLC0415 (slow to import, seldom needed)

    for name in detect_encoding(body[:_SAMPLE]):
        text = _try(body, name)
        if text is not None:
            return text
    return body.decode("windows-1252", "replace")
