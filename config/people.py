"""Who is who: people with their dated offices and base forms of their names, from the built-in files and the operator.

Written forms in other cases and scripts are generated from these by `alerts.names`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from config.errors import ConfigError, Finding, UsageError
from config.offices import OfficeKind, load_office_kinds
from config.vocabulary import LANGUAGES, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from config.model import PersonEntry

DATA = Path(__file__).resolve().parent / "people"
_KEYS = {"name", "country", "sex", "short", "surname-alone", "offices"} | set(LANGUAGES)
_LEVELS = tuple(Level)
_TERM = re.compile(
    r"(?P<kind>[a-z][a-z-]*)(?:@(?P<country>[A-Z]{2,6}))?"
    r"(?:\s+(?P<start>[\d-]*)\.\.(?P<end>[\d-]*))?(?P<jointly> jointly)?"
)
_PLAIN_ROW = re.compile(r"- \{(.+)\}\s*")
_PLAIN_PAIR = re.compile(r", (?=[a-z-]+: )")
_PLAIN_VALUE = re.compile(r"\[[^]\[{}#:\"']*\]|[^\s\[\]{}&*!|>'\"%@`#,:-](?:(?![:,#\[\]{}\"]).)*(?<!\s)")
_PARTICLES = frozenset(
    {"von", "van", "der", "den", "de", "da", "do", "dos", "del", "della", "al", "bin", "bint", "ibn", "la", "le", "el"}
    | {"фон", "ван", "дер", "де", "да", "ди", "дель", "ла", "ле", "бин", "ибн", "аль"}
)
_NUMBER = re.compile(r"[IVX]+\.?")
_FAMILY_NAME_FIRST = frozenset({"CN", "KP", "KR", "TW"})
_NEVER_SHORT = frozenset({"VN"})  # half of Vietnam bears three surnames; the press writes names in full


class UnknownPersonError(UsageError):
    """Nobody is known by that name."""


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

    def suggest(self, reference: str, limit: int = 3) -> tuple[str, ...]:
        """The labels nearest to an unknown name, the nearest first."""
        wanted = fold_name(reference.removeprefix("@"))
        near = difflib.get_close_matches(wanted, self._by_name, n=limit * 3, cutoff=0.6)
        surnames = [name for name in self._by_name if wanted in name.split()]
        return tuple(dict.fromkeys(self._by_name[name].label for name in surnames + near))[:limit]

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


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person and where in the files they stand."""

    path: Path
    line: int
    person: Person

    def finding(self, message: str) -> Finding:
        """A fault of this line."""
        return Finding(self.path, self.line, 1, message)


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


def parse_people(text: str, path: Path, kinds: Mapping[str, OfficeKind], findings: list[Finding]) -> list[PersonLine]:
    """The people of one file; each fault is appended to `findings` with its line."""
    rows = _plain_rows(text)
    if rows is None:
        rows = _yaml_rows(text, path, findings)
    entries = []
    for line, row in rows:
        try:
            entries.append(PersonLine(path, line, _person(row, kinds)))
        except ValueError as error:
            findings.append(Finding(path, line, 1, str(error)))
    return entries


def _plain_rows(text: str) -> list[tuple[int, Any]] | None:
    """The rows with their lines when all are written as `- {key: value, ...}` on one line; else None.

    Every process reads all the people at its start: a YAML parser would take three seconds for what takes 10 ms here.
    """
    rows: list[tuple[int, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _PLAIN_ROW.fullmatch(line)
        if not found:
            return None
        row: dict[str, Any] = {}
        for pair in _PLAIN_PAIR.split(found[1]):
            key, _, value = pair.partition(": ")
            if key in row or not _PLAIN_VALUE.fullmatch(value):
                return None
            row[key] = _plain_value(value)
        rows.append((number, row))
    return rows


def _plain_value(text: str) -> Any:
    if text.startswith("["):
        return [item.strip() for item in text[1:-1].split(",") if item.strip()]
    return {"true": True, "false": False}.get(text, text)


def _yaml_rows(text: str, path: Path, findings: list[Finding]) -> list[tuple[int, Any]]:
    try:
        rows = YAML(typ="rt").load(text) or []
    except MarkedYAMLError as error:
        mark = error.problem_mark
        findings.append(Finding(path, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, str(error.problem)))
        return []
    if not isinstance(rows, list):
        findings.append(Finding(path, 1, 1, "a file of people is a list", "begin each line with `- `"))
        return []
    lines = rows.lc  # type: ignore[attr-defined]  # ruamel's round-trip list knows its lines
    return [(lines.item(index)[0] + 1, row) for index, row in enumerate(rows)]


def _person(row: Any, kinds: Mapping[str, OfficeKind]) -> Person:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise ValueError("a person is a mapping with a `name`")  # noqa: TRY004 (one kind of fault for the caller)
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} of {row['name']}")
    if row.get("sex", "m") not in {"m", "f"}:
        raise ValueError(f"`sex` of {row['name']} is m or f")
    country = row.get("country")
    written = {language: str(row[language]) for language in LANGUAGES if language in row}
    forms, shorts = _written(row["name"], row.get("short"), country, written)
    return Person(
        label=row["name"],
        slug=slug_of(row["name"]),
        country=country,
        offices=tuple(_held(str(term), country, kinds) for term in row.get("offices") or ()),
        forms=forms,
        shorts=shorts,
        female=row.get("sex") == "f",
        surname_alone=bool(row.get("surname-alone", True)),
    )


def _written(
    label: str, short: str | None, country: str | None, written: Mapping[str, str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Full and short base forms by language; in a file they stand as `Full name / Short / Short`, `;` between fulls."""
    forms: dict[str, tuple[str, ...]] = {}
    shorts: dict[str, tuple[str, ...]] = {}
    own = label if short is None else f"{label} / {short}"
    english = written.get("en")
    for language, text in {**written, "en": f"{own}; {english}" if english else own}.items():
        full: list[str] = []
        alone: list[str] = []
        derived = "/" not in text  # who gives one short form gives all of that language
        for variant in text.split(";"):
            name, *given = (part.strip() for part in variant.split("/"))
            full.append(name)
            alone += filter(None, [short_of(name, country)]) if derived else given
        forms[language], shorts[language] = tuple(dict.fromkeys(full)), tuple(dict.fromkeys(alone))
    return forms, shorts


def _held(term: str, country: str | None, kinds: Mapping[str, OfficeKind]) -> HeldOffice:
    found = _TERM.fullmatch(term.strip())
    if not found:
        raise ValueError(f"{term!r} is not an office; write it as `president 2019-05-20..` or `minister@UA ..2024`")
    kind = kinds.get(found["kind"])
    if kind is None:
        near = difflib.get_close_matches(found["kind"], kinds, n=1)
        raise ValueError(f"unknown office {found['kind']!r}" + (f"; did you mean {near[0]}?" if near else ""))
    start, end = _day(found["start"], last=False), _day(found["end"], last=True)
    if start and end and end < start:
        raise ValueError(f"{term!r} ends before it begins")
    return HeldOffice(
        kind=kind.slug,
        title=kind.title,
        country=found["country"] or country,
        level=kind.level,
        start=start,
        end=end,
        envoy=kind.envoy,
        spokesman=kind.spokesman,
        jointly=bool(found["jointly"]),
    )


def _day(text: str | None, *, last: bool) -> date | None:
    """A day, or the first or last day of a month or year that is all that is known."""
    if not text:
        return None
    parts = [int(part) for part in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else (12 if last else 1)
    day = parts[2] if len(parts) > 2 else (monthrange(year, month)[1] if last else 1)  # noqa: PLR2004 (year-month-day)
    return date(year, month, day)


def find_conflicts(entries: Sequence[PersonLine], kinds: Mapping[str, OfficeKind]) -> list[Finding]:
    """People who stand twice, terms out of order, and two holders at once of an office that has one holder."""
    findings: list[Finding] = []
    seen: dict[str, PersonLine] = {}
    terms: dict[tuple[str, str], list[tuple[date, date, PersonLine]]] = defaultdict(list)
    for entry in entries:
        person = entry.person
        first = seen.setdefault(person.slug, entry)
        if first is not entry:
            findings.append(entry.finding(f"{person.label} stands already in {first.path.name}:{first.line}"))
        for office in person.offices:
            if office.country and not office.jointly and kinds[office.kind].holders == "one":
                term = (office.start or date.min, office.end or date.max, entry)
                terms[office.kind, office.country].append(term)
    for (kind, country), held in terms.items():
        held.sort(key=lambda term: term[:2])
        for (_, end, before), (start, _, after) in pairwise(held):
            if start < end:
                told = f"{after.person.label} is {kind} of {country} from {start}, {before.person.label} until {end}"
                findings.append(after.finding(told))
    return findings


# ---------------------------------------------------------------- the operator's people


def _bears(person: Person, name: str) -> bool:
    folded = fold_name(name)
    return any(fold_name(form) == folded for names in person.forms.values() for form in names)


def _merged(known: Person | None, entry: PersonEntry) -> Person:
    offices = tuple(_from_entry(office) for office in entry.offices)
    country = next((office.country for office in entry.offices if office.country), known.country if known else None)
    added = {language: "; ".join(names) for language, names in entry.forms.items()}
    forms, shorts = _written(entry.name, None, country, added)
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
