"""Text into sentences, by punctuation, line breaks and each language's abbreviations; linear in the text's length."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from config.data_yaml import parse_data

LONGEST = 1_000
"""Characters. A longer stretch without an end of sentence (a table, a transcript) is cut where it breathes."""

_END = re.compile(r"[\n.!?؟।。！？｡…](?:(?<=\.)\.\.+)?")
"""One set of characters, so that the engine skips from one to the next: a tenth of the time of named alternatives."""
_FULL = "。！？｡"
"""Ends a sentence whatever follows; the others end one if what follows looks like a beginning."""
_CLOSERS = "\"'”’»›」』】）)]》〉"
_OPENERS = "\"'“‘„«‹「『【（([《〈-–—"
_FOLLOWERS = frozenset(_CLOSERS + "。！？.!?…")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_TOKEN_BEFORE = re.compile(r"[\w.\-]{0,24}\Z")
_BREATHERS = ("；", ";", "，", "、", ", ", " ")
_LOOK_AHEAD = 8
_WRAPPED = 50
"""A line of at least so many characters that goes on in lower case was wrapped, not ended."""


class _Habits(NamedTuple):
    abbreviations: frozenset[str] = frozenset()
    ordinal_dots: bool = False


@cache
def _all_habits() -> dict[str, _Habits]:
    text = resources.files("config").joinpath("lexicon/sentences.yaml").read_text(encoding="utf-8")
    return {
        language: _Habits(frozenset(entry["abbreviations"]), entry.get("ordinal_dots", False))
        for language, entry in parse_data(text).items()
    }


def split_sentences(text: str, language: str | None) -> list[tuple[int, int]]:
    """Spans of the sentences, in order, trimmed of white space; every other character lies in exactly one of them."""
    habits = _all_habits().get((language or "").partition("-")[0], _Habits())
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _END.finditer(text):
        if found.start() < start:
            continue  # swallowed with the end before it: "?!", a closing quote
        end = _border(text, found, start, habits)
        if end is not None:
            _add(spans, text, start, end)
            start = end
    _add(spans, text, start, len(text))
    return spans


def _border(text: str, found: re.Match[str], start: int, habits: _Habits) -> int | None:
    """Where the sentence ends if it ends here."""
    at, end = found.span()
    mark = text[at]
    if mark == "\n":
        return None if _is_wrapped(text, start, at) else end
    while text[end : end + 1] in _FOLLOWERS:
        end += 1
    if mark in _FULL:
        return end
    following = text[end : end + _LOOK_AHEAD].lstrip()
    if not following:
        return end
    if not text[end].isspace() and not _is_glued_sentence(text, at, end):
        return None
    if not following[0].isalnum():
        following = following.lstrip(_OPENERS).lstrip()
    if following[:1].islower():
        return None
    is_plain_stop = mark == "." and end == at + 1
    return None if is_plain_stop and _is_abbreviated(text, at, start, habits) else end


def _is_wrapped(text: str, start: int, at: int) -> bool:
    following = text[at + 1 : at + 1 + _LOOK_AHEAD]
    line_start = max(text.rfind("\n", start, at) + 1, start)
    return at - line_start >= _WRAPPED and bool(following) and following[0].islower()


def _is_glued_sentence(text: str, stop: int, end: int) -> bool:
    """`ended.The next`: a lower-case word, the stop, a capitalised word (extraction often loses the space)."""
    before, after = text[max(0, stop - 2) : stop], text[end : end + 2]
    return len(before) == len(after) == 2 and before.islower() and after[0].isupper() and after[1].islower()  # noqa: PLR2004 (pairs)


def _is_abbreviated(text: str, stop: int, start: int, habits: _Habits) -> bool:
    token = _token_before(text[max(start, stop - 24) : stop])
    if not token:
        return False
    if "." in token:
        if all(len(part) == 1 and part.isupper() for part in token.split(".")):  # "J.D. Vance"
            return True
        if token.isupper() and _INITIALS.fullmatch(token):
            return True
    elif len(token) == 1 and token.isupper():  # "J. Smith"
        return True
    if habits.ordinal_dots and token.isdigit() and len(token) <= 2:  # noqa: PLR2004 (days and centuries have two digits)
        return True
    return token.casefold() in habits.abbreviations


def _token_before(piece: str) -> str:
    """What `_TOKEN_BEFORE` finds; for most words, of letters alone, a third of its price."""
    if piece[-1:].isspace():
        return ""
    last = piece.rsplit(None, 1)[-1] if piece else ""
    if last.isalnum():
        return last
    found = _TOKEN_BEFORE.search(piece)
    return found[0] if found else ""


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while end - start > LONGEST:
        cut = _breath(text, start)
        _add_trimmed(spans, text, start, cut)
        start = cut
    _add_trimmed(spans, text, start, end)


def _breath(text: str, start: int) -> int:
    """The last good place to cut in the second half of the longest allowed stretch."""
    for mark in _BREATHERS:
        at = text.rfind(mark, start + LONGEST // 2, start + LONGEST)
        if at >= 0:
            return at + len(mark)
    return start + LONGEST


def _add_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    if piece := piece.strip():
        spans.append((start, start + len(piece)))
