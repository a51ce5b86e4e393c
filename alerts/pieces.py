"""The pieces of which mentions are made - names, office words, countries, markers - found in one pass over a text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import ahocorasick_rs

from alerts.inflection import decline_title
from alerts.name_forms import full_forms, short_forms
from config.countries import load_countries
from config.offices import load_lexicon
from config.places import load_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config.offices import OfficeKind
    from config.people import People
    from config.persons import Person

_UNSPACED = frozenset({"zh"})
_ACRONYM_MAX = 4
_WORD_LIKE = 4
_LONGEST_HEAD = 30
_LAST_FOLDED = 0x3100
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_PICTURES = (*range(0xFE00, 0xFE10), *range(0x1F000, 0x1FB00))
"""Emoji and what shapes them: a headline may begin with one, right before a name."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of text that means something; one of the later fields is set.

    Only an office that frames a country's adjective («глава польского МИД») or that names its organisation
    ("IMF chief") has a `country` too.
    """

    start: int
    end: int
    persons: tuple[Person, ...] = ()
    full: bool = False
    offices: tuple[OfficeKind, ...] = ()
    plural: bool = False
    country: str | None = None
    adjective: bool = False
    marker: str | None = None

    @property
    def role(self) -> str:
        """Which of them: person, office, country or marker."""
        if self.persons:
            return "person"
        if self.offices:
            return "office"
        return "country" if self.country else "marker"


@dataclass(slots=True)
class _Pattern:
    """What one folded form may mean, and the forms as written, which say how capitals must stand."""

    written: str
    full: dict[str, Person]
    short: dict[str, Person]
    offices: dict[str, OfficeKind]
    plural: bool = False
    country: str | None = None
    adjective: bool = False
    marker: str | None = None
    thing: bool = False
    organisation: str | None = None

    def share_nothings(self) -> None:
        """Let what is empty be one object for all; a pattern is one thing and has three empty tables."""
        self.full, self.short, self.offices = self.full or _NOBODY, self.short or _NOBODY, self.offices or _NOTHING


_NOBODY: dict[str, Person] = {}
_NOTHING: dict[str, OfficeKind] = {}


class Scanner:
    """Finds the pieces of one language. Building takes a tenth of a second; `scan` some 20 microseconds a page."""

    def __init__(self, people: People, language: str) -> None:
        self._spaced = language not in _UNSPACED
        self._patterns: dict[str, _Pattern] = {}
        self._frames: dict[str, dict[str, OfficeKind]] = {}
        self._organisations = _organisations(language)
        self._add_people(people, language)
        self._add_offices(language)
        self._add_heads(language)
        self._add_countries(language)
        for word in load_lexicon().phrases[language].things:
            self._pattern(word).thing = True
        self._add_places(language)
        lead = " " if self._spaced else ""
        self._entries = list(self._patterns.values())
        self._automaton = ahocorasick_rs.AhoCorasick([lead + form for form in self._patterns])
        self._patterns = {}  # needed no more: all eight languages together stay 20 MB smaller
        for entry in self._entries:
            entry.share_nothings()

    def _add_places(self, language: str) -> None:
        """Where no blank ends a word, a city may begin like a name: 贝鲁特 is neither 贝鲁 nor 鲁特."""
        if self._spaced:
            return
        for place in load_places().cities:
            for form in place.forms.get(language, ()):
                if form not in self._patterns:
                    self._pattern(form).thing = True

    def scan(self, text: str) -> list[Piece]:
        """The pieces in the order of the text; of overlapping ones the leftmost and then the longest stands."""
        folded = fold(text)
        lead = 1 if self._spaced else 0
        # A name may begin a line, but not run over its end.
        found = self._automaton.find_matches_as_indexes(" " * lead + folded.replace("\n", " "), overlapping=True)
        # The pattern's leading blank stands for the border before it, hence the shift by one is undone by `lead`.
        spans = sorted(((start, -(end - lead), index) for index, start, end in found))
        pieces: list[Piece] = []
        last = 0
        for start, negative_end, index in spans:
            end = -negative_end
            if start < last or (self._spaced and end < len(folded) and folded[end].isalnum()):
                continue
            if "\n" in folded[start:end]:
                continue
            if self._entries[index].thing:
                last = end
                continue
            piece = _as_piece(self._entries[index], start, end, text)
            if piece is not None:
                piece = self._framed(piece, folded) or piece
                while pieces and pieces[-1].end > piece.start:
                    pieces.pop()
                pieces.append(piece)
                last = piece.end
        return pieces

    def _framed(self, piece: Piece, folded: str) -> Piece | None:
        """The office around a country's adjective, if there is one: `szef` `polskiego` `rządu`."""
        if not piece.adjective:
            return None
        words = folded[max(piece.start - _LONGEST_HEAD, 0) : piece.start].split()
        head = words[-1] if words else ""
        start = piece.start - 1 - len(head)
        for tail, kind in self._frames.get(head, {}).items():
            end = piece.end + 1 + len(tail)
            if folded.startswith(" " + tail, piece.end) and not folded[end : end + 1].isalnum():
                return Piece(start, end, offices=(kind,), country=piece.country)
        return None

    def _add_people(self, people: People, language: str) -> None:
        for person in people:
            for form in full_forms(person, language):
                self._pattern(form).full[person.label] = person
            for form in short_forms(person, language):
                # "King Abdullah II" tells as much as a full name, though his name has no surname.
                if self._spaced and not person.surname_alone and " " in form:
                    self._pattern(form).full[person.label] = person
                # A surname that never stands alone and looks like a word ("He", «Но») is sought in the full name only.
                elif person.surname_alone or not self._spaced or len(form) > _WORD_LIKE:
                    self._pattern(form).short[person.label] = person

    def _add_offices(self, language: str) -> None:
        for kind in load_lexicon().kinds.values():
            for word in kind.words.get(language, ()):
                head, framing, tail = word.partition(" @ ")
                organisation = self._organisation_in(word) if kind.slug == "organisation-head" else None
                for form in decline_title(head, language):
                    if framing:
                        self._frames.setdefault(fold(form), {})[fold(tail)] = kind
                    else:
                        self._pattern(form).offices.setdefault(kind.slug, kind)
                        self._pattern(form).organisation = organisation
            for word in kind.plural.get(language, ()):
                pattern = self._pattern(word)
                if not pattern.offices:
                    pattern.plural = True
                pattern.offices.setdefault(kind.slug, kind)
        for marker, words in load_lexicon().markers.items():
            for word in words.get(language, ()):
                for form in decline_title(word, language):
                    self._pattern(form).marker = marker

    def _add_heads(self, language: str) -> None:
        """`head of the EBRD`: words that are an office only with an organisation's name."""
        kind = load_lexicon().kinds["organisation-head"]
        countries = load_countries()
        for code in sorted(countries.organisations):
            names = countries.words[code].get(language)
            for title, name in product(countries.heads.get(language, ()), names.names if names else ()):
                for form in decline_title(title.format(name), language):
                    self._pattern(form).offices.setdefault(kind.slug, kind)
                    self._pattern(form).organisation = code

    def _organisation_in(self, word: str) -> str | None:
        """Whose office a word names by itself: `IMF chief`, 世卫组织总干事."""
        text = fold(word)
        sought = f" {text} " if self._spaced else text
        named = [name for name in self._organisations if (f" {name} " if self._spaced else name) in sought]
        return self._organisations[max(named, key=len)] if named else None

    def _add_countries(self, language: str) -> None:
        for code, languages in load_countries().words.items():
            words = languages.get(language)
            if words is None:
                continue
            for adjective, forms in ((True, words.adjectives), (False, words.names)):
                for form in _declined(forms, language):
                    pattern = self._pattern(form)
                    pattern.country, pattern.adjective = pattern.country or code, adjective

    def _pattern(self, form: str) -> _Pattern:
        key = fold(form).strip()
        pattern = self._patterns.get(key)
        if pattern is None:
            pattern = self._patterns[key] = _Pattern(form, {}, {}, {})
        return pattern


def _organisations(language: str) -> dict[str, str]:
    """The code of each organisation by its folded name."""
    countries = load_countries()
    return {
        fold(name): code
        for code in (*sorted(countries.organisations), "EU", "UN", "NA")
        if language in countries.words[code]
        for name in countries.words[code][language].names
    }


def _declined(words: Iterable[str], language: str) -> Iterator[str]:
    for word in words:
        yield from decline_title(word, language)


def _as_piece(pattern: _Pattern, start: int, end: int, text: str) -> Piece | None:
    """None where the capitals say that another word was meant ("us", "turkey", "5 pm", «duda»)."""
    written = text[start:end]
    model = pattern.written
    persons = pattern.full or pattern.short
    if model[0].isupper() and not written[0].isupper():
        return None
    if model.isupper() and len(model) <= _ACRONYM_MAX and not written.isupper():
        return None
    if persons:
        return Piece(start, end, persons=tuple(persons.values()), full=bool(pattern.full))
    if pattern.offices:
        offices = tuple(pattern.offices.values())
        return Piece(start, end, offices=offices, plural=pattern.plural, country=pattern.organisation)
    if pattern.country:
        return Piece(start, end, country=pattern.country, adjective=pattern.adjective)
    return Piece(start, end, marker=pattern.marker)


# ---------------------------------------------------------------- folding


def fold(text: str) -> str:
    """Lower case, no diacritics, punctuation and every kind of blank as a space; of exactly the same length.

    Line ends stay, so that no name runs over them.
    """
    lower = text.lower()
    if len(lower) != len(text):  # a few capitals, as the dotted I, grow when made small
        lower = "".join(char.lower()[0] for char in text)
    return lower.translate(_FOLDING)


def _folding() -> dict[int, str]:
    table: dict[int, str] = dict.fromkeys((*map(ord, "\t\r\v\f"), *_PICTURES), " ")
    for code in [*range(0x21, _LAST_FOLDED), *_FULL_WIDTH]:
        char = chr(code)
        folded = _folded_char(char)
        if folded != char:
            table[code] = folded
    return table


def _folded_char(char: str) -> str:
    if char in _LETTERS:
        return _LETTERS[char]
    category = unicodedata.category(char)
    if category[0] in "PSZ" or category == "Cf":
        return " "
    if "Ѐ" <= char <= "ӿ":  # й and ї are letters of their own, not и with a mark
        return char
    base = unicodedata.normalize("NFKD", char)[0].lower()
    return base if category[0] in "LN" and base.isalnum() else char


_LETTERS = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "a", "œ": "o", "ё": "е", "ґ": "г", "ʼ": " "}
_FOLDING = _folding()
