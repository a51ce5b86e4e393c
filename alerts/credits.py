"""Whom an article credits: the agency whose report it prints or retells, by the rows of `config/agencies.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from config.agencies import ANY, load_agencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAD: Final = 900
"""A credit counts in so many characters at the beginning: later ones are about other things that are told besides."""
TAIL: Final = 160
"""Or in so many at the end, where texts are signed."""
_NEAR: Final = 160
"""How far before and behind a name its credit may reach."""
_LETTER = "[^\\W\\d_]"
_UNSPACED = "[\u4e00-\u9fff]"
_GAP = re.compile(r"\.\.(\d+)")
_SIGNS = frozenset("()（）/:：—-.,;^$©")
_BETWEEN = r"[\s\"“”„«»'’`]*"
_DASH = "[—–-]"


def credited(title: str, text: str, language: str | None) -> str | None:
    """The agency credited first in the title, the lead or the signature; None when there is none.

    A line of place and day, or a signature, outranks the rest: it says whose text this is.
    """
    rows = _rows((language or "").partition("-")[0])
    lead = f"{title}\n{text[:LEAD]}"
    tail = text[max(LEAD, len(text) - TAIL) :]
    found = [*_credits(lead, rows), *_credits(tail, rows, is_end=True)]
    if not tail:
        found += _credits(lead, rows, is_end=True)
    return min(found, default=(0, 0, None), key=lambda one: one[:2])[2]


def finds(row: str, language: str, text: str) -> bool:
    """Whether a single row, as it stands in the file, finds a credit in a text."""
    agencies = load_agencies()
    never = tuple(_row(one, key, 0) for key in (ANY, language) for one in agencies.never.get(key, ()))
    return any(True for _ in _credits(text, _Rows(_names(), (_row(row, language, 0),), never), is_end=True))


@dataclass(frozen=True, slots=True)
class _Row:
    """What must stand right before and right behind the name."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    needs_end: bool
    rank: int

    def fits(self, before: str, after: str, *, is_end: bool) -> bool:
        if self.needs_end and not is_end:
            return False
        return self.after.match(after) is not None and self.before.search(before) is not None


@dataclass(frozen=True, slots=True)
class _Rows:
    names: re.Pattern[str]
    credits: tuple[_Row, ...]
    never: tuple[_Row, ...]


def _credits(text: str, rows: _Rows, *, is_end: bool = False) -> Iterator[tuple[int, int, str]]:
    """Rank, place and agency of each credit."""
    agencies = load_agencies()
    for found in rows.names.finditer(text):
        start, end = found.span()
        before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
        if any(row.fits(before, after, is_end=is_end) for row in rows.never):
            continue
        ranks = [row.rank for row in rows.credits if row.fits(before, after, is_end=is_end)]
        if ranks:
            yield min(ranks), start, agencies.names[found[0]]


@cache
def _rows(language: str) -> _Rows:
    agencies = load_agencies()
    credits_ = [_row(one.row, ANY, 0) for one in agencies.credits[ANY]]
    credits_ += [_row(one.row, language, 1) for one in agencies.credits.get(language, ())]
    never = [_row(row, key, 0) for key in (ANY, language) for row in agencies.never.get(key, ())]
    return _Rows(_names(), tuple(credits_), tuple(never))


@cache
def _names() -> re.Pattern[str]:
    """Every name, longest first, where no letter of its script goes on."""
    alternatives = "|".join(map(re.escape, sorted(load_agencies().names, key=len, reverse=True)))
    return re.compile(f"(?:(?<!{_LETTER})|(?<={_UNSPACED}))(?:{alternatives})(?:(?!{_LETTER})|(?={_UNSPACED}))")


def _row(row: str, language: str, rank: int) -> _Row:
    before, after = row.split("{}")
    is_spaced = language != "zh"
    return _Row(
        before=re.compile(
            _joined(_pieces(before, is_spaced=is_spaced), is_spaced=is_spaced) + _BETWEEN + r"\Z", re.IGNORECASE
        ),
        after=re.compile(
            _BETWEEN + _joined(_pieces(after, is_spaced=is_spaced), is_spaced=is_spaced), re.IGNORECASE | re.DOTALL
        ),
        needs_end=row.rstrip().endswith("$"),
        rank=rank,
    )


def _joined(pieces: Iterable[str], *, is_spaced: bool) -> str:
    return (_BETWEEN if is_spaced else r"\s*").join(pieces)


def _pieces(words: str, *, is_spaced: bool) -> Iterator[str]:
    if not is_spaced:
        words = re.sub(r"([()（）：])", r" \1 ", words)
    for token in words.split():
        gap = _GAP.fullmatch(token)
        if gap:
            yield rf"(?:[^\s。]{{1,40}}{_BETWEEN}){{0,{gap[1]}}}?" if is_spaced else rf"[^。\n]{{0,{gap[1]}}}?"
        elif token.startswith("[") and token.endswith("]"):
            inside = token[1:-1]
            inner = "".join(_pieces(inside, is_spaced=is_spaced))
            yield f"(?:{inner})?"
        else:
            yield "(?:" + "|".join(_piece(one, is_spaced=is_spaced) for one in token.split("|")) + ")"


def _piece(word: str, *, is_spaced: bool) -> str:
    if word in _SIGNS:
        special = {"^": r"(?:\A|(?<=\n))", "$": r"\W*\Z", "—": _DASH, "-": _DASH, "(": "[(（]", ")": "[)）]"}
        return special.get(word) or re.escape(word)
    stem = re.escape(word.removesuffix("*")).replace("'", "['’]")
    if not is_spaced:
        return stem
    tail = r"\w*" if word.endswith("*") else "" if word.endswith("'") else r"(?!\w)"
    return rf"(?<!\w){stem}{tail}"
