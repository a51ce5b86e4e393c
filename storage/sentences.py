"""Roughly where sentences begin and end, for showing what a text has that another has not. Pure."""

from __future__ import annotations

import re

_PIECE = re.compile(r"[^\n.!?…。！？]*[.!?…。！？]*[\"'»”’)\]]*\s*|\n")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence without the spaces around it, in order."""
    spans = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        start = found.start() + len(piece) - len(piece.lstrip())
        end = found.start() + len(piece.rstrip())
        if start < end:
            spans.append((start, end))
    return spans
