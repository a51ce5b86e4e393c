"""News agencies: their names in every script, their own sources, and how outlets credit them; from `agencies.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from config.data_yaml import parse_data
from config.vocabulary import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH: Final = Path(__file__).resolve().parent / "agencies.yaml"
ANY: Final = "any"
"""The key of what holds in every language."""
_EDITION = re.compile(r"\s*\([a-z]{2}\).*$", re.DOTALL)
"""What follows an outlet's name in the name of a source: `TASS (ru)`, `Kremlin (en) transcripts`."""


@dataclass(frozen=True, slots=True)
class Credit:
    """A row of words with `{}` for the name, a sentence in which it is a credit and one in which there is none."""

    row: str
    example: str
    wrong: str


@dataclass(frozen=True)
class Agencies:
    """Names (as written) and hosts by agency, and by language the rows that credit one and those that never do.

    Rows of `firsthand` credit one even where a row of `never` fits: its people report what they saw. Those of `authors`
    are for the author's name.
    """

    names: Mapping[str, str]
    hosts: Mapping[str, str]
    credits: Mapping[str, tuple[Credit, ...]]
    never: Mapping[str, tuple[str, ...]]
    firsthand: Mapping[str, tuple[Credit, ...]]
    authors: tuple[str, ...]

    @cached_property
    def folded(self) -> Mapping[str, str]:
        """The agency of each name whatever its case."""
        return {name.casefold(): agency for name, agency in self.names.items()}


@cache
def load_agencies() -> Agencies:
    """The file, read once; raises ValueError when it is not written as its head says."""
    return parse_agencies(PATH.read_text(encoding="utf-8"))


def parse_agencies(text: str) -> Agencies:
    """Read the file's text."""
    data = parse_data(text)
    names: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for label, row in data["agencies"].items():
        for name in map(str, row["names"]):
            if names.setdefault(name, str(label)) != label:
                raise ValueError(f"{name!r} is named by {names[name]} and by {label}")
        hosts.update(dict.fromkeys(map(str, row.get("hosts", ())), str(label)))
    firsthand = data.get("firsthand", {})
    unknown = {*data["credits"], *data["never"], *firsthand} - {ANY, *LANGUAGES}
    if unknown:
        raise ValueError(f"unknown language {min(unknown)!r}")
    return Agencies(
        names,
        hosts,
        {language: tuple(map(_credit, rows)) for language, rows in data["credits"].items()},
        {language: tuple(map(_checked, rows)) for language, rows in data["never"].items()},
        {language: tuple(map(_credit, rows)) for language, rows in firsthand.items()},
        tuple(map(_checked, data.get("authors", ()))),
    )


def _credit(row: Mapping[str, Any]) -> Credit:
    if set(row) != {"credit", "example", "wrong"}:
        raise ValueError(f"{row.get('credit')!r} needs an example and a wrong one")
    return Credit(_checked(row["credit"]), str(row["example"]), str(row["wrong"]))


def _checked(row: Any) -> str:
    if str(row).count("{}") != 1:
        raise ValueError(f"{row!r} must have one {{}}")
    return str(row)


@lru_cache(maxsize=4096)
def outlet_of(source: str) -> str:
    """The house a source belongs to: the agency whose name it has, else its name without language and section."""
    house = _EDITION.sub("", source) or source
    return load_agencies().folded.get(house.casefold(), house)


def agency_of(source: str, url: str) -> str | None:
    """The agency whose own source this is, by its name or by the host of the article."""
    agencies = load_agencies()
    house = outlet_of(source)
    if house in agencies.names.values():
        return house
    host = (urlsplit(url).hostname or "") if url.startswith("http") else ""
    while host:
        if host in agencies.hosts:
            return agencies.hosts[host]
        host = host.partition(".")[2]
    return None
