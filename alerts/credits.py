"""Whom an article credits: the agency whose report it prints or retells, by the rows of `config/agencies.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from ahocorasick_rs import AhoCorasick

from config.agencies import ANY, load_agencies
from config.variants import TRADITIONAL, load_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAD: Final = 900
"""A credit counts in so many characters at the beginning: later ones are about other things that are told besides."""
TAIL: Final = 160
"""Or in so many at the end, where texts are signed."""
_NEAR: Final = 160
"""How far before and behind a name its credit may reach."""
_UNSPACED = re.compile("[\u3040-\u30ff\u3131-\u318e\u4e00-\u9fff\uac00-\ud7a3]")
"""Where words follow each other, or their particles, without a blank."""
_GAP = re.compile(r"\.\.(\d+)")
_SIGNS = frozenset("()（）/:：—-.,;=^¶$©")
_BETWEEN = r"[\s\"“”„«»'’`]*"
_DASH = "[—–-]"
_OPEN, _CLOSE = "[(（\\[【]", "[)）\\]】]"


def credited(title: str, text: str, language: str | None, author: str | None = None) -> str | None:
    """The agency credited first in the title, the lead or the signature; None when there is none.

    The name of the author, a line of place and day, or a signature, outrank the rest: they say whose text this is.
    """
    language = (language or "").partition("-")[0].lower()
    signed = _in_name(author) if author else None
    if signed is not None:
        return signed
    rows = _rows(language)
    lead = _simplified(f"{title}\n{text[:LEAD]}", language)
    tail = _simplified(text[max(LEAD, len(text) - TAIL) :], language)
    found = [*_credits(lead, rows), *_credits(tail, rows, is_end=True)]
    if not tail:
        found += _credits(lead, rows, is_end=True)
    return min(found, default=(0, 0, None), key=lambda one: one[:2])[2]


def finds(row: str, language: str, text: str) -> bool:
    """Whether a single row, as it stands in the file, finds a credit in a text."""
    agencies = load_agencies()
    never = tuple(_row(one, key, 0) for key in (ANY, language) for one in agencies.never.get(key, ()))
    return any(True for _ in _credits(text, _Rows((_row(row, language, 0),), never, ()), is_end=True))


def _in_name(author: str) -> str | None:
    """The agency that an author's name is, or has beside a person's: `Reuters`, `J. Roe, AFP`."""
    return next((agency for _, _, agency in _credits(author, _author_rows(), is_end=True)), None)


@cache
def _author_rows() -> _Rows:
    agencies = load_agencies()
    never = tuple(_row(one, ANY, 0) for one in agencies.never[ANY])
    return _Rows(tuple(_row(one, ANY, 0) for one in agencies.authors), never, ())


def _simplified(text: str, language: str) -> str:
    """Character by character, so that places stay."""
    return text.translate(load_variants(TRADITIONAL)) if language == "zh" else text


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
    credits: tuple[_Row, ...]
    never: tuple[_Row, ...]
    firsthand: tuple[_Row, ...]


def _credits(text: str, rows: _Rows, *, is_end: bool = False) -> Iterator[tuple[int, int, str]]:
    """Rank, place and agency of each credit."""
    for agency, start, end in _named(text):
        before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
        ranks = [row.rank for row in rows.firsthand if row.fits(before, after, is_end=is_end)]
        if not ranks and not any(row.fits(before, after, is_end=is_end) for row in rows.never):
            ranks = [row.rank for row in rows.credits if row.fits(before, after, is_end=is_end)]
        if ranks:
            yield min(ranks), start, agency


@cache
def _rows(language: str) -> _Rows:
    agencies = load_agencies()
    credits_ = [_row(one.row, ANY, 0) for one in agencies.credits[ANY]]
    credits_ += [_row(one.row, language, 1) for one in agencies.credits.get(language, ())]
    never = [_row(row, key, 0) for key in (ANY, language) for row in agencies.never.get(key, ())]
    firsthand = [_row(one.row, language, 1) for one in agencies.firsthand.get(language, ())]
    return _Rows(tuple(credits_), tuple(never), tuple(firsthand))


def _named(text: str) -> Iterator[tuple[str, int, int]]:
    """The agencies named, each with its place: longest names first, where no letter of its script goes on."""
    automaton, agencies = _names()
    last = 0
    found = automaton.find_matches_as_indexes(text, overlapping=True)
    for index, start, end in sorted(found, key=lambda one: (one[1], -one[2])):
        if start >= last and not _goes_on(text[start - 1 : start]) and not _goes_on(text[end : end + 1]):
            yield agencies[index], start, end
            last = end


def _goes_on(character: str) -> bool:
    return character.isalpha() and not _UNSPACED.match(character)


@cache
def _names() -> tuple[AhoCorasick, tuple[str, ...]]:
    names = load_agencies().names
    return AhoCorasick(list(names)), tuple(names.values())


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
        special = {"^": r"(?:\A|(?<=\n))", "¶": r"(?=\n|\Z)", "$": r"\W*\Z", ":": "[:：]", "—": _DASH, "-": _DASH}
        special |= dict.fromkeys("(（", _OPEN) | dict.fromkeys(")）", _CLOSE)
        return special.get(word) or re.escape(word)
    stem = re.escape(word.removesuffix("*")).replace("'", "['’]")
    if not is_spaced:
        return stem
    tail = r"\w*" if word.endswith("*") else "" if word.endswith("'") else r"(?!\w)"
    return rf"(?<!\w){stem}{tail}"
