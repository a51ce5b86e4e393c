"""How values look on the page in any language: marked sentences, the languages of texts, channels without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.redact import redact_url
from storage.model import Field
from storage.views import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.model import Span
    from storage.views import Evidence

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a quoted text; `kind` says what a marked piece counted as, None for the rest."""

    text: str
    kind: str | None = None


def segments(text: str, marks: Iterable[Mark]) -> tuple[Segment, ...]:
    """The text cut at its marks; where marks overlap the first wins, and nothing of the text is lost or doubled."""
    out: list[Segment] = []
    at = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        start, end = max(mark.start, at), min(mark.end, len(text))
        if start >= end:
            continue
        if start > at:
            out.append(Segment(text[at:start]))
        out.append(Segment(text[start:end], mark.kind))
        at = end
    if at < len(text):
        out.append(Segment(text[at:]))
    return tuple(out)


def quoted(evidence: Evidence) -> tuple[Segment, ...]:
    """An evidence sentence in segments."""
    return segments(evidence.text, evidence.marks)


def paragraphs(text: str, spans: Sequence[tuple[Span, str]]) -> tuple[tuple[Segment, ...], ...]:
    """An article's text by paragraphs, with the spans that lie in its text marked."""
    out = []
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        marks = [
            Mark(max(0, span.start - at), min(span.end, end) - at, kind)
            for span, kind in spans
            if span.field is Field.TEXT and span.start < end and span.end > at
        ]
        if line.strip():
            out.append(segments(line, marks))
        at = end + 1
    return tuple(out)


def language_tag(value: str | None) -> str:
    """For a `lang` attribute; empty when the language is not known, which HTML takes as unknown too."""
    return value if value and _LANGUAGE.fullmatch(value) else ""


def redact_channel(url: str) -> str:
    """A channel's URL for a person to recognise: where a host is a web address it is shown, else only the service.

    In most services the place of the host holds a token or a topic, and who knows a topic can read it.
    """
    scheme, _, _ = url.partition("://")
    return redact_url(url) if scheme.casefold() in _WEBHOOKS else f"{scheme}://***"


def sentence(text: str) -> str:
    """With a capital first, the rest as it is."""
    return text[:1].upper() + text[1:]
