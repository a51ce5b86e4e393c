"""Countries and organisations: their names and adjectives by language, and whom "the leader" of each means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = Path(__file__).resolve().parent / "countries.yaml"


@dataclass(frozen=True, slots=True)
class CountryWords:
    """One country in one language; `~` after a word says that it is declined."""

    names: tuple[str, ...]
    adjectives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Countries:
    """`words[code][language]`, and the kind of office that governs where it is not the president's."""

    words: Mapping[str, Mapping[str, CountryWords]]
    executive: Mapping[str, str]


@cache
def load_countries() -> Countries:
    """The file, read once."""
    data = parse_data(PATH.read_text(encoding="utf-8"))
    words = {
        code: {
            language: CountryWords(tuple(row["names"]), tuple(row.get("adjectives", ())))
            for language, row in languages.items()
        }
        for code, languages in data["countries"].items()
    }
    executive = {code: kind for kind, codes in data["executive"].items() for code in codes}
    return Countries(words, executive)
