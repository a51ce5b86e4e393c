"""Countries and organisations: their names and adjectives by language, and whom "the leader" of each means."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = Path(__file__).resolve().parent / "countries.yaml"
ORGANISATIONS = PATH.with_name("organisations.yaml")


@dataclass(frozen=True, slots=True)
class CountryWords:
    """One country in one language; `~` after a word says that it is declined."""

    names: tuple[str, ...]
    adjectives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Countries:
    """`words[code][language]`, and the kind of office that governs where it is not the president's.

    `organisations` are those of the codes that are bodies of states: whoever leads one is no head of state. `heads` by
    language are titles of their heads, with {} for the organisation's name.
    """

    words: Mapping[str, Mapping[str, CountryWords]]
    executive: Mapping[str, str]
    organisations: frozenset[str] = frozenset()
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def load_countries() -> Countries:
    """The files, read once."""
    data = parse_data(PATH.read_text(encoding="utf-8"))
    words = {
        code: {
            language: CountryWords(tuple(row["names"]), tuple(row.get("adjectives", ())))
            for language, row in languages.items()
        }
        for code, languages in data["countries"].items()
    }
    executive = {code: kind for kind, codes in data["executive"].items() for code in codes}
    bodies = parse_data(ORGANISATIONS.read_text(encoding="utf-8"))
    for code, languages in bodies["organisations"].items():
        words[code] = {language: CountryWords(tuple(names)) for language, names in languages.items()}
    heads = {language: tuple(titles) for language, titles in bodies["heads"].items()}
    return Countries(words, executive, frozenset(bodies["organisations"]), heads)
