"""Every written form of a person's name by language: cases, spellings, scripts, orders and the surname alone."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from alerts.inflection import decline_name, latin_variants, transliterate, ukrainian_variants
from alerts.prefixes import prefixed_names
from config.persons import fold_name
from config.vocabulary import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from config.people import People
    from config.persons import Person

_LATIN = frozenset({"en", "de", "fr", "pl", "es"})
_CYRILLIC_AT_HOME = {"RU": "ru", "BY": "ru", "UA": "uk"}
_MIDDLE = 3  # a name of three words may lose its middle one


class NameForms:
    """Written forms of the people, generated on demand and kept."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._bearers = Counter(
            name
            for person in people
            if person.surname_alone
            for name in {fold_name(short) for shorts in person.shorts.values() for short in shorts}
        )

    def forms_of(self, reference: str) -> Mapping[str, tuple[str, ...]]:
        """By language, every form that means this person, or any member of this group, without further context.

        The surname alone is among them only where nobody else bears it. Raises UnknownPersonError.
        """
        members = self._people.find_group(reference)
        if members is None:
            members = (self._people.get(reference),)
        languages = dict.fromkeys((*LANGUAGES, *(language for person in members for language in person.forms)))
        return {
            language: tuple(dict.fromkeys(form for person in members for form in self._certain(person, language)))
            for language in languages
        }

    def _certain(self, person: Person, language: str) -> tuple[str, ...]:
        full = full_forms(person, language)
        return (*full, *short_forms(person, language)) if self.stands_alone(person) else full

    def stands_alone(self, person: Person) -> bool:
        """Whether the surname, without a first name or an office, means this person."""
        shorts = {fold_name(short) for names in person.shorts.values() for short in names}
        return person.surname_alone and all(self._bearers[short] == 1 for short in shorts)


@cache
def full_forms(person: Person, language: str) -> tuple[str, ...]:
    """The full name in every spelling and case of one language."""
    return _inflected(_bases(person, person.forms, language), person, language)


@cache
def short_forms(person: Person, language: str) -> tuple[str, ...]:
    """What stands for the person alone, usually the surname, in every spelling and case of one language."""
    return _inflected(_bases(person, person.shorts, language), person, language)


def _bases(person: Person, names: Mapping[str, tuple[str, ...]], language: str) -> list[str]:
    given = list(names.get(language, ()))
    home = _CYRILLIC_AT_HOME.get(person.country or "", "")
    if language in _LATIN:
        native = names.get(home, ())
        english = names.get("en", ())
        given += [*english, *(transliterate(name, home, language) for name in native)]
        given += [name for base in english for name in latin_variants(base)]
        given += [short for name in english if names is person.forms for short in _without_middle(person, name)]
    elif language == "uk" and "uk" not in names:
        given += [transliterate(name, "ru", "uk") for name in names.get("ru", ())]
    if language == "uk" and person.country not in _CYRILLIC_AT_HOME:
        given = [variant for name in given for variant in ukrainian_variants(name)]
    return list(dict.fromkeys(given))


def _without_middle(person: Person, name: str) -> list[str]:
    """`Recep Tayyip Erdoğan` is also `Tayyip Erdoğan` and `Recep Erdoğan`."""
    short = next((s for s in person.shorts.get("en", ()) if name.endswith(f" {s}")), None)
    words = name.removesuffix(f" {short}").split() if short else []
    if short is None or len(words) < _MIDDLE - 1:
        return []
    return [f"{word} {short}" for word in words if not word.islower()]


def _inflected(bases: Iterable[str], person: Person, language: str) -> tuple[str, ...]:
    out: list[str] = []
    for base in bases:
        out += decline_name(base, language, female=person.female)
        out += prefixed_names(base, language)
        if language == "de" and not base.endswith(("s", "x", "z", "ß")):
            out.append(f"{base}s")
    return tuple(dict.fromkeys(out))
