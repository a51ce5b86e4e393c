"""The part of a found article that shows best why it was found."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from storage.model import Field
from storage.views import Evidence, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.model import Span

_SNIPPET = 160
"""Characters of a text that are shown of a hit."""
_LEAD = 40
"""... so many of them before what was found first."""
_WORD = re.compile(r"\S*\s?")
_SPACE = re.compile(r"\s")


def marked_title(title: str, spans: Sequence[Span], language: str | None) -> Evidence:
    """The title with the spans that lie in it marked."""
    marks = tuple(Mark(span.start, span.end, "match") for span in spans if span.field is Field.TITLE)
    return Evidence(title, language, marks)


def snippet(text: str, spans: Sequence[Span], language: str | None) -> Evidence:
    """The stretch of the text with most of the spans, on one line; its beginning when none lies in it."""
    spans = [span for span in spans if span.field is Field.TEXT]
    start = _start(text, spans[_densest(spans)].start if spans else 0)
    end = _end(text, start, spans)
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    shift = len(head) - start
    marks = tuple(
        Mark(max(span.start, start) + shift, min(span.end, end) + shift, "match")
        for span in spans
        if span.start < end and span.end > start
    )
    # One character for one: the marks must stay where they are.
    return Evidence(head + _SPACE.sub(" ", text[start:end]) + tail, language, marks)


def _start(text: str, found_at: int) -> int:
    """A little before what was found; not in the middle of a word, unless the script has no spaces."""
    start = max(0, found_at - _LEAD)
    word = _WORD.match(text, start)
    if start and word is not None and word.end() <= found_at:
        return word.end()
    return start


def _end(text: str, start: int, spans: Sequence[Span]) -> int:
    end = min(len(text), start + _SNIPPET)
    cut = text.rfind(" ", start + _SNIPPET // 2, end)
    if end == len(text) or cut < 0 or any(span.start <= cut < span.end for span in spans):
        return end
    return cut


def _densest(spans: Sequence[Span]) -> int:
    """The index of the span from which a stretch of the text holds most of them; the first of equals."""
    starts = [span.start for span in spans]
    room = _SNIPPET - _LEAD
    return max(range(len(spans)), key=lambda at: (bisect_right(starts, starts[at] + room) - at, -at), default=0)
