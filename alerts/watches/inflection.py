"""The written forms of a word, by language: dictionaries for Russian and Ukrainian, endings as data for the others.

Forms are worked out once, when a query is compiled, so that matching an article only compares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import pymorphy3

from alerts.prefixes import prefixed_words
from alerts.text import fold
from alerts.watches.harmony import harmonized_names
from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CYRILLIC = re.compile("[\u0400-\u04ff][\u0400-\u04ff'-]*")
_LATIN = re.compile("[a-z]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
_DICTIONARIES = ("ru", "uk")
_NAMES = ("Surn", "Name", "Geox", "Orgn", "Patr")
_LONGEST_UNCHANGED = 2


@lru_cache(maxsize=1_024)
def inflect(word: str) -> Mapping[str, frozenset[str]]:
    """All forms of a word as a query writes it, folded, by language; the word itself is always among them.

    A capital tells a name from a word. A word given in its base form stands for that word alone («сталь» and «стать»
    are not mixed); any other form for the likeliest word that has it. No language at all: the word does not change.
    """
    folded = fold(word).text
    if _CYRILLIC.fullmatch(folded):
        plain = word.casefold().translate(_APOSTROPHES)
        return {language: forms | {folded} for language, forms in _dictionary_forms(plain, name=word[0].isupper())}
    if not _LATIN.fullmatch(_last_word(folded)[1]):
        return prefixed_words(folded)
    forms = {language: _latin_forms(word, rules) for language, rules in _rules().items()}
    german = forms["de"].union(*(_latin_forms(other, _rules()["de"]) for other in _german_spellings(word)))
    return {**forms, "de": german, **_harmonized(word, folded)}


def _harmonized(word: str, folded: str) -> Mapping[str, frozenset[str]]:
    """Turkish, of names alone: of other words the stem may change with the ending."""
    tail = word[len(word) - len(_last_word(word)[1]) :]
    if not tail[:1].isupper():
        return {}
    head = _last_word(folded)[0]
    return {
        language: frozenset({folded, *(head + form for form in forms)})
        for language, forms in harmonized_names(tail).items()
    }


def _latin_forms(word: str, rules: _Rules) -> frozenset[str]:
    """The forms of a word in one language; of a compound only the last word is inflected."""
    head, tail = _last_word(fold(word).text)
    name = word[len(word) - len(tail) :][:1].isupper()
    return frozenset(head + form for form in rules.forms(tail, name=name) | {tail})


def _german_spellings(word: str) -> Iterator[str]:
    """«Friedens-Plan» is also «Friedensplan», and «München» also «Muenchen»."""
    joined = word.replace("-", "")
    for spelling in dict.fromkeys((word, joined if joined.isalpha() else word)):
        spelt_out = spelling.translate(_UMLAUTS)
        yield from (other for other in (spelling, spelt_out) if other != word)


def _last_word(folded: str) -> tuple[str, str]:
    """`abu-` and `dhabi`: only the last word is inflected."""
    found = re.search(r"[^\W_]+\Z", folded)
    return (folded[: found.start()], found[0]) if found else (folded, "")


# ---------------------------------------------------------------- Russian, Ukrainian


@cache
def _dictionary(language: str) -> Any:
    """Loaded when first needed: 40 ms and 20 MB each."""
    return pymorphy3.MorphAnalyzer(lang=language)


def _dictionary_forms(word: str, *, name: bool) -> Iterator[tuple[str, frozenset[str]]]:
    """A word that only one of the dictionaries has is not guessed at by the other."""
    known = [language for language in _DICTIONARIES if _dictionary(language).word_is_known(word)]
    for language in _DICTIONARIES:
        parses = _chosen(word, language, name=name) if language in known or not known else []
        yield language, frozenset(fold(form.word).text for parse in parses for form in parse.lexeme)


def _chosen(word: str, language: str, *, name: bool) -> list[Any]:
    parses = _dictionary(language).parse(word)
    base = [parse for parse in parses if _plain(parse.normal_form) == _plain(word)]
    if not base:
        likeliest = _likeliest(parses, name=name)
        base = [parse for parse in parses if parse.normal_form == likeliest]
    names = [parse for parse in base if _is_name(parse)] if name and _dictionary(language).word_is_known(word) else []
    return names or base


def _plain(word: str) -> str:
    return word.replace("ё", "е")


def _is_name(parse: Any) -> bool:
    return any(mark in parse.tag.grammemes for mark in _NAMES)


def _likeliest(parses: list[Any], *, name: bool) -> str:
    scores: dict[str, float] = {}
    for parse in parses:
        certainty = parse.score + (1.0 if name and _is_name(parse) else 0.0)
        scores[parse.normal_form] = scores.get(parse.normal_form, 0.0) + certainty
    return max(scores, key=lambda normal_form: scores[normal_form])


# ---------------------------------------------------------------- languages described by endings


@dataclass(frozen=True, slots=True)
class _Rules:
    words: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    families: Mapping[str, frozenset[str]]
    unchanged: frozenset[str]
    nouns_have_capitals: bool

    def forms(self, word: str, *, name: bool) -> frozenset[str]:
        if word in self.unchanged or len(word) <= _LONGEST_UNCHANGED:
            return frozenset()
        if word in self.families:
            return self.families[word]
        tables = [self.names if name else self.words]
        if name and self.nouns_have_capitals:
            tables.append(self.words)
        return frozenset(form for table in tables for form in _with_endings(word, table))


def _with_endings(word: str, table: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for length in range(len(word) - 1, -1, -1):
        ending = word[len(word) - length :]
        if ending in table:
            stem = word[: len(word) - length]
            yield from (stem + replacement for replacement in table[ending])
            return


@cache
def _rules() -> dict[str, _Rules]:
    text = resources.files("alerts.watches").joinpath("inflection.yaml").read_text(encoding="utf-8")
    return {language: _read_rules(language, entry) for language, entry in parse_data(text).items()}


def _read_rules(language: str, entry: Mapping[str, Any]) -> _Rules:
    families: dict[str, frozenset[str]] = {}
    for family in entry["irregular"]:
        for form in family:
            families[form] = families.get(form, frozenset()) | frozenset(family)
    return _Rules(
        words={ending: tuple(replacements) for ending, replacements in entry["words"].items()},
        names={ending: tuple(replacements) for ending, replacements in entry["names"].items()},
        families=families,
        unchanged=frozenset(entry["unchanged"]),
        nouns_have_capitals=language == "de",
    )
