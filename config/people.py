"""Who is who: people with their dated offices and base forms of their names, from the built-in files and the operator.

Written forms in other cases and scripts are generated from these by `alerts.names`.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import ConfigError, Finding, UsageError
from config.offices import load_office_kinds
from config.people_files import PersonLine, find_conflicts, parse_people, written_forms
from config.persons import HeldOffice, Person, fold_name, slug_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from config.model import PersonEntry

DATA = Path(__file__).resolve().parent / "people"


class UnknownPersonError(UsageError):
    """Nobody is known by that name."""


class People:
    """Everybody who is known, and named groups of them. Look-ups ignore case, diacritics and hyphens."""

    def __init__(self, persons: Iterable[Person], groups: Mapping[str, Sequence[str]] | None = None) -> None:
        self.persons = tuple(persons)
        self._by_name = _names_of(self.persons)
        self._by_office: dict[tuple[str, str | None], list[tuple[HeldOffice, Person]]] = defaultdict(list)
        for person in self.persons:
            for office in person.offices:
                self._by_office[office.kind, office.country].append((office, person))
        self.groups: dict[str, tuple[Person, ...]] = {
            name: tuple(self.get(member) for member in members) for name, members in (groups or {}).items()
        }

    def __iter__(self) -> Iterator[Person]:
        return iter(self.persons)

    def __len__(self) -> int:
        return len(self.persons)

    def find(self, reference: str) -> Person | None:
        """By label, slug (`li-hui`, with or without `@`), base form, or a surname of only one; else None."""
        return self._by_name.get(fold_name(reference.removeprefix("@")))

    def find_group(self, reference: str) -> tuple[Person, ...] | None:
        """The members of a named group."""
        return self.groups.get(reference.removeprefix("@"))

    def get(self, reference: str) -> Person:
        """As `find`; raises UnknownPersonError with the nearest names."""
        person = self.find(reference)
        if person is None:
            near = self.suggest(reference)
            hint = f"did you mean {' or '.join(near)}?" if near else "add the person under `people:`"
            raise UnknownPersonError(f"nobody is known as {reference!r}", hint=hint)
        return person

    def countries_of(self, label: str, day: date) -> frozenset[str]:
        """The countries a person stood for on that day; none for who is not known."""
        person = self.find(label)
        if person is None:
            return frozenset()
        held = {office.country for office in person.offices_at(day)}
        return frozenset(country for country in (held or {person.country}) if country)

    def suggest(self, reference: str, limit: int = 3) -> tuple[str, ...]:
        """The labels nearest to an unknown name, the nearest first; of who bears it among other names, only those."""
        wanted = fold_name(reference.removeprefix("@"))
        near = difflib.get_close_matches(wanted, self._by_name, n=limit * 3, cutoff=0.6)
        surnames = [name for name in self._by_name if wanted in name.split()]
        return tuple(dict.fromkeys(self._by_name[name].label for name in surnames or near))[:limit]

    def holder(self, kind: str, country: str | None, at: date) -> Person | None:
        """Who held that kind of office of that country on that day; None when unknown or when two did.

        Of many holders none is named. On the day of a handover it is who came in.
        """
        known = load_office_kinds().get(kind)
        if known is not None and known.holders == "many":
            return None
        held = [(office, p) for office, p in self._by_office.get((kind, country), ()) if office.held_at(at)]
        staying = [(office, p) for office, p in held if office.end != at or len(held) == 1]
        holders = {p.label: p for _, p in staying}
        return next(iter(holders.values())) if len(holders) == 1 else None

    def holders(self, kind: str, country: str | None) -> tuple[tuple[HeldOffice, Person], ...]:
        """Everyone who ever held that office, with the term."""
        return tuple(self._by_office.get((kind, country), ()))


def _names_of(persons: Sequence[Person]) -> dict[str, Person]:
    """Whom each folded name means: labels before other full names, and surnames that one person bears."""
    names = {fold_name(person.label): person for person in persons}
    alone: dict[str, dict[str, Person]] = defaultdict(dict)
    for person in persons:
        for full in person.forms.values():
            for name in full:
                names.setdefault(fold_name(name), person)
        for shorts in person.shorts.values():
            for name in shorts:
                alone[fold_name(name)][person.label] = person
    for name, bearers in alone.items():
        if len(bearers) == 1:
            names.setdefault(name, *bearers.values())
    return names


@cache
def _built_in() -> tuple[Person, ...]:
    findings: list[Finding] = []
    entries: list[PersonLine] = []
    for path in sorted(DATA.glob("*.yaml")):
        entries += parse_people(path.read_text(encoding="utf-8"), path, load_office_kinds(), findings)
    findings += find_conflicts(entries, load_office_kinds())
    if findings:
        raise ConfigError(findings)
    return tuple(entry.person for entry in entries)


def load_people(extra: Sequence[PersonEntry] = (), groups: Mapping[str, Sequence[str]] | None = None) -> People:
    """The built-in people with the operator's: an entry of a known name replaces its offices and adds its forms."""
    persons = {person.slug: person for person in _built_in()}
    for entry in extra:
        slug = slug_of(entry.name)
        known = persons.get(slug) or next((p for p in persons.values() if _bears(p, entry.name)), None)
        persons[known.slug if known else slug] = _merged(known, entry)
    return People(persons.values(), groups)


def _merged(known: Person | None, entry: PersonEntry) -> Person:
    offices = tuple(_from_entry(office) for office in entry.offices)
    country = next((office.country for office in entry.offices if office.country), known.country if known else None)
    added = {language: "; ".join(names) for language, names in entry.forms.items()}
    forms, shorts = written_forms(entry.name, None, country, added)
    if known is None:
        return Person(entry.name, slug_of(entry.name), country, offices, forms, shorts)
    return replace(
        known,
        country=country,
        offices=offices or known.offices,
        forms=_joined(known.forms, forms),
        shorts=_joined(known.shorts, shorts),
    )


def _joined(first: Mapping[str, tuple[str, ...]], second: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    languages = dict.fromkeys((*first, *second))
    return {key: tuple(dict.fromkeys((*first.get(key, ()), *second.get(key, ())))) for key in languages}


def _from_entry(office: Any) -> HeldOffice:
    kinds = load_office_kinds()
    slug = slug_of(office.title)
    kind = kinds.get(slug) or next(
        (k for k in kinds.values() if fold_name(office.title) in map(fold_name, k.words.get("en", ()))), None
    )
    return HeldOffice(
        kind=kind.slug if kind else slug,
        title=office.title,
        country=office.country,
        level=office.level,
        start=office.start,
        end=office.end,
        envoy=office.envoy,
        spokesman=bool(kind and kind.spokesman),
    )


def _bears(person: Person, name: str) -> bool:
    folded = fold_name(name)
    return any(fold_name(form) == folded for names in person.forms.values() for form in names)
