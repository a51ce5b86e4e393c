"""One person: dated offices, the forms of a name, and what stands for the whole of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_LEVELS = tuple(Level)
_PARTICLES = frozenset(
    {"von", "van", "der", "den", "de", "da", "do", "dos", "del", "della", "al", "bin", "bint", "ibn", "la", "le", "el"}
    | {"фон", "ван", "дер", "де", "да", "ди", "дель", "ла", "ле", "бин", "ибн", "аль"}
)
_NUMBER = re.compile(r"[IVX]+\.?")
_FAMILY_NAME_FIRST = frozenset({"CN", "KP", "KR", "TW"})
_NEVER_SHORT = frozenset({"VN"})  # half of Vietnam bears three surnames; the press writes names in full


@dataclass(frozen=True, slots=True)
class HeldOffice:
    """An office that a person held from `start` to `end`, both included; None is open.

    One held `jointly` has other holders at the same time (the presidency of Bosnia and Herzegovina).
    """

    kind: str
    title: str
    country: str | None
    level: Level
    start: date | None = None
    end: date | None = None
    envoy: bool = False
    spokesman: bool = False
    jointly: bool = False

    def held_at(self, day: date) -> bool:
        """Whether the term includes that day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `forms` are base forms in full, `shorts` those that stand for the person alone, both by language.

    `surname_alone` is False where a surname is too common, or too much of a word, to mean its bearer unaided.
    """

    label: str
    slug: str
    country: str | None = None
    offices: tuple[HeldOffice, ...] = ()
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    shorts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    female: bool = False
    surname_alone: bool = True

    def offices_at(self, day: date) -> tuple[HeldOffice, ...]:
        """The offices held on that day, the highest first."""
        held = (office for office in self.offices if office.held_at(day))
        return tuple(sorted(held, key=lambda office: _LEVELS.index(office.level)))

    def level_at(self, day: date) -> Level:
        """The highest level held on that day; OTHER out of office."""
        held = self.offices_at(day)
        return held[0].level if held else Level.OTHER

    def former_at(self, day: date) -> bool:
        """Whether every office lies behind this person on that day."""
        return bool(self.offices) and not self.offices_at(day) and any(o.end and o.end < day for o in self.offices)


@lru_cache(maxsize=1 << 15)  # the built-in people have 14,000 names, folded whenever a configuration is read
def fold_name(name: str) -> str:
    """A name for comparing: lower case, without diacritics, hyphens and punctuation as spaces."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_STROKES))
    letters = (char if char.isalnum() else " " for char in folded if not unicodedata.combining(char))
    return " ".join("".join(letters).split())


_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "й": "й", "ё": "е", "ї": "ї"})


def slug_of(label: str) -> str:
    """`Viktor Orbán` becomes `viktor-orban`."""
    return fold_name(label).replace(" ", "-")


def short_of(name: str, country: str | None) -> str | None:
    """The surname as it is written alone, or None where a name is not shortened (two Chinese characters)."""
    if "·" in name:
        last = name.rpartition("·")[2]
        return last if len(last) > 1 else None
    words = name.split()
    if country in _NEVER_SHORT or len(words) < 2 or _NUMBER.fullmatch(words[-1]):  # noqa: PLR2004 (one word; Felipe VI, Frederik X.)
        return None
    if country in _FAMILY_NAME_FIRST:
        return words[0]
    first = len(words) - 1
    while first > 1 and words[first - 1].lower() in _PARTICLES:
        first -= 1
    return " ".join(words[first:])


# ---------------------------------------------------------------- reading the files
