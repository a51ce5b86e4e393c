"""Case forms of names and titles by the tables of `declension.yaml`; spellings by those of `transliteration.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import config
from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TABLES = Path(config.__file__).resolve().parent
_SLOT = re.compile(r"([^\s~]+)~")
_CASES = 5
_SHORTEST_STEM = 2
_NUMERAL = re.compile(r"[IVX]+")


@dataclass(frozen=True, slots=True)
class _Rule:
    """What follows an ending in each case; `letters` is the class of the letter before it, empty for any."""

    letters: str
    ending: str
    cases: tuple[tuple[str, ...], ...]

    def fits(self, word: str) -> bool:
        stem = word.removesuffix(self.ending)
        if not word.endswith(self.ending) or (len(stem) < _SHORTEST_STEM and word != self.ending):
            return False
        return not self.letters or stem[-1:] in self.letters

    def decline(self, word: str) -> list[list[str]]:
        stem = word[: len(word) - len(self.ending)]
        return [[word if end == "." else stem + end for end in case] for case in self.cases]


@cache
def _tables() -> Mapping[str, Mapping[str, tuple[_Rule, ...]]]:
    data = parse_data((TABLES / "declension.yaml").read_text(encoding="utf-8"))
    return {
        language: {kind: tuple(_rule(row) for row in rows) for kind, rows in kinds.items()}
        for language, kinds in data.items()
    }


def _rule(row: Sequence[str]) -> _Rule:
    ending, letters = row[0], ""
    found = re.fullmatch(r"<(.+)>(.*)", ending)
    if found:
        letters, ending = found[1], found[2]
    return _Rule(letters, ending, tuple(tuple(case.split("|")) for case in row[1:]))


@lru_cache(maxsize=20_000)
def cases_of(word: str, language: str, kind: str) -> tuple[tuple[str, ...], ...]:
    """The variants of a word in each oblique case, in the order of the table; the word itself where none is known."""
    table = _tables().get(language, {}).get(kind, ())
    lower = word.lower()
    rule = next((rule for rule in table if rule.fits(lower)), None)
    if rule is None:
        return ((word,),) * _CASES
    return tuple(tuple(_as_cased(form, word) for form in case) for case in rule.decline(lower))


def _as_cased(form: str, model: str) -> str:
    """The form with the capitals of the word that it was made from."""
    if model.isupper() and len(model) > 1:
        return form
    shared = 0
    while shared < min(len(form), len(model)) and form[shared] == model[shared].lower():
        shared += 1
    return model[:shared] + form[shared:]


def decline_name(name: str, language: str, *, female: bool = False) -> tuple[str, ...]:
    """A personal name in every case, its words in the same case; a hyphenated word declines in its last part."""
    kind = "f" if female else "m"
    words = name.split()
    if kind not in _tables().get(language, {}):
        return (name,)
    columns = [_name_word(word, language, kind) for word in words]
    forms = [name]
    for case in range(_CASES):
        forms += (" ".join(parts) for parts in product(*(column[case] for column in columns)))
    return tuple(dict.fromkeys(forms))


def _name_word(word: str, language: str, kind: str) -> tuple[tuple[str, ...], ...]:
    if word.islower() or len(word) < 3 or word.endswith(".") or _NUMERAL.fullmatch(word):  # noqa: PLR2004 (Си, Ли)
        return ((word,),) * _CASES
    head, hyphen, last = word.rpartition("-")
    return tuple(tuple(head + hyphen + form for form in case) for case in cases_of(last, language, kind))


def decline_title(title: str, language: str) -> tuple[str, ...]:
    """The forms of a title whose declined words carry `~`: «специальный~ представитель~ президента»."""
    return tuple(dict.fromkeys(form for forms in title_cases(title, language) for form in forms))


def title_cases(title: str, language: str) -> list[tuple[str, ...]]:
    """The forms of a title by case, the nominative first; one alone where no word is declined."""
    slots = _SLOT.findall(title)
    if not slots:
        return [(title,)]
    template = _SLOT.sub("\0", title)
    columns = [_title_word(slot, language) for slot in slots]
    cases: list[tuple[str, ...]] = [(title.replace("~", ""),)]
    for case in range(max(len(column) for column in columns)):
        forms = []
        for parts in product(*(column[min(case, len(column) - 1)] for column in columns)):
            filled = iter(parts)
            forms.append(re.sub("\0", lambda _: next(filled), template))  # noqa: B023 (used at once)
        cases.append(tuple(forms))
    return cases


def nominative(name: str, language: str, cases: Iterable[int]) -> str:
    """A personal name as it is entered in a register, from one in one of these cases (0 is the nominative).

    All its words must be what one sex gives in one case; a name of which that cannot be said stays as it is.
    """
    wanted = sorted(set(cases))
    for case in () if 0 in wanted else wanted:
        for kind in ("m", "f"):
            words = [_nominative_word(word, language, kind, case - 1) for word in name.split()]
            if all(words):
                return " ".join(filter(None, words))
    return name


def _nominative_word(word: str, language: str, kind: str, case: int) -> str | None:
    """The word whose form in that case this is; of several the last that explains most of the ending; else None."""
    head, hyphen, last = word.rpartition("-")
    if last.islower():
        return word
    best, explained = None, -1
    for rule in _tables().get(language, {}).get(kind, ()):
        for ending in rule.cases[case]:
            tail = rule.ending if ending == "." else ending
            stem = last[: len(last) - len(tail)]
            base = stem + rule.ending
            if len(tail) < explained or not last.endswith(tail) or not _joins(stem, rule.ending):
                continue
            if last in cases_of(base, language, kind)[case]:
                best, explained = head + hyphen + base, len(tail)
    return best


def _joins(stem: str, ending: str) -> bool:
    """Whether a name is likely to have that stem and ending.

    No soft sign stands behind a vowel and no й behind a consonant. Fleeting vowels (Марок of Марком) and a bare -я
    (Наледя of Наледи) are far rarer in names than what they would be mistaken for.
    """
    if not stem or ending in _RARE_ENDINGS:
        return False
    behind_vowel = stem[-1].lower() in _VOWELS
    if ending == "я":
        return stem[-1] in "ьи"
    return not (behind_vowel and ending[:1] in _NEVER_BEHIND_VOWELS) and (behind_vowel or ending != "й")


_VOWELS = frozenset("аеёиоуыэюяіїє")
_NEVER_BEHIND_VOWELS = frozenset("ьъ")
_RARE_ENDINGS = frozenset({"ок", "ец", "ець", "ло", "ро"})


def _title_word(word: str, language: str) -> tuple[tuple[str, ...], ...]:
    return cases_of(word, language, _kind_of_title_word(word, language))


def _kind_of_title_word(word: str, language: str) -> str:
    """Adjective, feminine or masculine by the ending: titles are few and regular."""
    lower = word.lower()
    if lower.endswith(_ADJECTIVES.get(language, ("\0",))):
        return "adjective"
    return "f" if lower.endswith(_FEMININE.get(language, ("\0",))) else "m"


_ADJECTIVES = {
    "ru": ("ый", "ий"),
    "uk": ("ий",),
    "pl": ("ki", "ny", "ły", "ty"),
    "de": ("isch", "deutsch"),
    "fr": ("",),  # every word takes the plural in one way
}
_FEMININE = {"ru": ("а", "я"), "uk": ("а", "я"), "pl": ("a", "ść")}


# ---------------------------------------------------------------- transliteration


@cache
def _transliteration() -> Mapping[str, Any]:
    data: Mapping[str, Any] = parse_data((TABLES / "transliteration.yaml").read_text(encoding="utf-8"))
    return data


@cache
def _letters(pair: str) -> tuple[tuple[str, bool, bool, str], ...]:
    """(letters, at the start, at the end, replacement), the most particular first."""
    rules = [
        (key.strip("^$"), key.startswith("^"), key.endswith("$"), value)
        for key, value in _transliteration()[pair]["letters"].items()
    ]
    return tuple(sorted(rules, key=lambda rule: (-len(rule[0]), -(rule[1] + rule[2]))))


@lru_cache(maxsize=20_000)
def transliterate(name: str, source: str, target: str) -> str:
    """A Cyrillic name as the target language spells it by rule."""
    if target == "uk":
        given: Mapping[str, str] = _transliteration()["given-uk"]
        return " ".join(given.get(word) or _spell(word, f"{source}-{target}") for word in name.split())
    return " ".join(_spell(word, f"{source}-{target}") for word in name.split())


def _spell(word: str, pair: str) -> str:
    return "-".join("".join(_spelt(part, pair)) for part in word.split("-"))


def _spelt(word: str, pair: str) -> Iterator[str]:
    lower, at = word.lower(), 0
    while at < len(word):
        for letters, first, last, value in _letters(pair):
            end = at + len(letters)
            if lower.startswith(letters, at) and (not first or at == 0) and (not last or end == len(word)):
                yield value.capitalize() if word[at].isupper() else value
                at = end
                break
        else:
            yield word[at]
            at += 1


def ukrainian_variants(name: str) -> tuple[str, ...]:
    """The name in the other usual Ukrainian spellings: «Хічілема», «Гічілема»."""
    out = [name]
    for one, other in _transliteration()["spellings-uk"]:
        begins = re.compile((r"(?<!\w)" if one.startswith("^") else "") + re.escape(one.strip("^")))
        out += [begins.sub(other.strip("^"), known) for known in out]
    return tuple(dict.fromkeys(out))


def latin_variants(name: str) -> tuple[str, ...]:
    """The name with its words in the other usual Latin spellings."""
    data = _transliteration()
    columns = [_variants(word, data["given-latin"], data["surname-latin"]) for word in name.split()]
    return tuple(dict.fromkeys(" ".join(words) for words in product(*columns)))


def _variants(word: str, given: Iterable[Sequence[str]], endings: Iterable[Sequence[str]]) -> list[str]:
    out = [word]
    for names in given:
        if word in names:
            out += names
    for group in endings:
        ending = next((end for end in sorted(group, key=len, reverse=True) if word.endswith(end)), None)
        if ending == group[0]:
            out += [word.removesuffix(ending) + end for end in group]
            break
    return list(dict.fromkeys(out))
