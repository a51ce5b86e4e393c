"""The kinds of office and the words for them in each language, as data from `offices.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ruamel.yaml import YAML

from config.data_yaml import parse_data
from config.errors import ConfigError, Finding
from config.vocabulary import LANGUAGES, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = Path(__file__).resolve().parent / "offices.yaml"
_KIND_KEYS = {
    "bound",
    "plural",
    "title",
    "level",
    "envoy",
    "spokesman",
    "deputy",
    "holders",
    "country",
    "means",
    "words",
}


@dataclass(frozen=True, slots=True)
class OfficeKind:
    """A kind of office with its words by language; `~` after a word of a form says that it is declined.

    `means` are the kinds that a looser word stands for, tried in order ("leader", "head of state"); `country` is set
    where the word alone says whose office it is (Bundeskanzler, pope). `plural` words name several persons. `holders`
    is how many hold the office at a time; of many (ministers, ambassadors) the office alone names nobody. A
    `bound` word is an office only beside a country ("French counterpart", «глава Франции»).
    """

    slug: str
    title: str
    level: Level
    envoy: bool = False
    spokesman: bool = False
    deputy: bool = False
    holders: Literal["one", "few", "many"] = "one"
    country: str | None = None
    means: tuple[str, ...] = ()
    bound: bool = False
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Phrases:
    """What may stand around an office word in one language. The patterns are regular expressions over a whole gap.

    `links` by the kinds of the two neighbours (`office-country`, `country-office`, ...; `name-office`, where given, for
    a country that is no adjective); `particles` may stand inside a personal name; `given` are first names that make a
    surname another's, `followers` words that make it a thing; `things` are whole words that hold a name by chance.
    """

    links: Mapping[str, str]
    particles: frozenset[str]
    given: frozenset[str]
    followers: frozenset[str]
    things: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything in the file."""

    kinds: Mapping[str, OfficeKind]
    markers: Mapping[str, Mapping[str, tuple[str, ...]]]
    phrases: Mapping[str, Phrases]


def load_office_kinds() -> Mapping[str, OfficeKind]:
    """The kinds by slug."""
    return load_lexicon().kinds


@cache
def load_lexicon() -> Lexicon:
    """The file, checked; raises ConfigError with every fault at once."""
    findings: list[Finding] = []
    lexicon = parse_lexicon(PATH.read_text(encoding="utf-8"), PATH, findings)
    if findings:
        raise ConfigError(findings)
    return lexicon


def parse_lexicon(text: str, path: Path, findings: list[Finding]) -> Lexicon:
    """Read the file's text; faults are appended to `findings` with their lines."""
    data = parse_data(text)
    kinds = {}
    faults: list[tuple[str, str]] = []
    for slug, row in data["kinds"].items():
        try:
            kinds[slug] = _kind(slug, row)
        except ValueError as error:
            faults.append((slug, str(error)))
    faults += [
        (slug, f"office {slug!r} means {meant!r}, which is not a kind")
        for slug, kind in kinds.items()
        for meant in kind.means
        if meant not in kinds
    ]
    if faults:
        lines = YAML(typ="rt").load(text)["kinds"].lc  # slow, and only a fault needs its place
        findings += [Finding(path, lines.key(slug)[0] + 1, 1, told) for slug, told in faults]
    markers = {name: _words(name, row) for name, row in data["markers"].items()}
    return Lexicon(kinds, markers, {language: _phrases(row) for language, row in data["phrases"].items()})


def _kind(slug: str, row: Mapping[str, Any]) -> OfficeKind:
    unknown = sorted(set(row) - _KIND_KEYS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} of office {slug!r}")
    if row.get("holders", "one") not in {"one", "few", "many"}:
        raise ValueError(f"`holders` of office {slug!r} is one, few or many")
    return OfficeKind(
        slug=slug,
        title=row.get("title", slug.replace("-", " ")),
        level=Level(row["level"]),
        envoy=bool(row.get("envoy", False)),
        spokesman=bool(row.get("spokesman", False)),
        deputy=bool(row.get("deputy", False)),
        holders=row.get("holders", "one"),
        country=row.get("country"),
        means=tuple(row.get("means") or ()),
        bound=bool(row.get("bound", False)),
        words=_words(slug, row.get("words") or {}),
        plural=_words(slug, row.get("plural") or {}),
    )


def _words(name: str, row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    unknown = sorted(set(row) - set(LANGUAGES))
    if unknown:
        raise ValueError(f"{name!r} has words for {unknown[0]!r}, which is not a language read here")
    return {language: tuple(str(word) for word in words) for language, words in row.items()}


def _phrases(row: Mapping[str, Any]) -> Phrases:
    return Phrases(
        links={str(key): str(pattern) for key, pattern in (row.get("links") or {}).items()},
        particles=frozenset(row.get("particles") or ()),
        given=frozenset(row.get("given") or ()),
        followers=frozenset(row.get("followers") or ()),
        things=frozenset(row.get("things") or ()),
    )
