"""The files of people: rows read, checked and told with their lines when something is wrong with them."""

from __future__ import annotations

import difflib
import re
from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from config.errors import Finding
from config.persons import HeldOffice, Person, short_of, slug_of
from config.vocabulary import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from config.offices import OfficeKind

_KEYS = {"name", "country", "sex", "short", "surname-alone", "offices"} | set(LANGUAGES)
_TERM = re.compile(
    r"(?P<kind>[a-z][a-z-]*)(?:@(?P<country>[A-Z]{2,6}))?"
    r"(?:\s+(?P<start>[\d-]*)\.\.(?P<end>[\d-]*))?(?P<jointly> jointly)?"
)
_PLAIN_ROW = re.compile(r"- \{(.+)\}\s*")
_PLAIN_PAIR = re.compile(r", (?=[a-z-]+: )")
_PLAIN_VALUE = re.compile(r"\[[^]\[{}#:\"']*\]|[^\s\[\]{}&*!|>'\"%@`#,:-](?:(?![:,#\[\]{}\"]).)*(?<!\s)")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person and where in the files they stand."""

    path: Path
    line: int
    person: Person

    def finding(self, message: str) -> Finding:
        """A fault of this line."""
        return Finding(self.path, self.line, 1, message)


def parse_people(text: str, path: Path, kinds: Mapping[str, OfficeKind], findings: list[Finding]) -> list[PersonLine]:
    """The people of one file; each fault is appended to `findings` with its line."""
    rows = _plain_rows(text)
    if rows is None:
        rows = _yaml_rows(text, path, findings)
    entries = []
    for line, row in rows:
        try:
            entries.append(PersonLine(path, line, _person(row, kinds)))
        except (ValueError, OverflowError, TypeError) as error:  # a year of twenty digits, a list for a word
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
    except (ReaderError, ValueError, IndexError, TypeError) as error:  # of odd bytes, numbers and keys
        findings.append(Finding(path, 0, 0, f"not readable as YAML: {getattr(error, 'reason', error)}"))
        return []
    except MarkedYAMLError as error:
        mark = error.problem_mark
        findings.append(Finding(path, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, str(error.problem)))
        return []
    if not rows:
        return []
    lines = getattr(rows, "lc", None)  # ruamel's round-trip list knows its lines, one with a tag of its own does not
    if not isinstance(rows, list) or lines is None or lines.data is None:
        findings.append(Finding(path, 1, 1, "a file of people is a list", "begin each line with `- `"))
        return []
    return [(lines.item(index)[0] + 1, row) for index, row in enumerate(rows)]


def _person(row: Any, kinds: Mapping[str, OfficeKind]) -> Person:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise ValueError("a person is a mapping with a `name`")  # noqa: TRY004 (one kind of fault for the caller)
    unknown = sorted(map(str, set(row) - _KEYS))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} of {row['name']}")
    if row.get("sex", "m") not in {"m", "f"}:
        raise ValueError(f"`sex` of {row['name']} is m or f")
    country = row.get("country")
    written = {language: str(row[language]) for language in LANGUAGES if language in row}
    forms, shorts = written_forms(row["name"], row.get("short"), country, written)
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


def written_forms(
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
