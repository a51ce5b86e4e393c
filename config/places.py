"""Cities and venues where leaders meet: their names by language, as data from `places.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.data_yaml import parse_data
from config.vocabulary import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = Path(__file__).resolve().parent / "places.yaml"
_LATIN = frozenset({"en", "de", "fr", "pl", "es"})
_KEYS = {"country"} | set(LANGUAGES)


@dataclass(frozen=True, slots=True)
class Place:
    """One city, or a venue known by its own name; `~` after a word of a form says that it is declined."""

    label: str
    country: str
    forms: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Places:
    """All places; `close` are the forms of a language that must stand right behind a preposition of place.

    `others` are names that hold a city's and are none (newspapers, treaties).
    """

    cities: tuple[Place, ...]
    close: Mapping[str, frozenset[str]]
    others: Mapping[str, tuple[str, ...]]


@cache
def load_places() -> Places:
    """The file, read once; raises ValueError for a place that is not written as the file's head says."""
    return parse_places(PATH.read_text(encoding="utf-8"))


def parse_places(text: str) -> Places:
    """Read the file's text."""
    data = parse_data(text)
    return Places(
        tuple(_place(str(label), row) for label, row in data["places"].items()),
        {language: frozenset(map(str, forms)) for language, forms in (data.get("close") or {}).items()},
        {language: tuple(map(str, names)) for language, names in (data.get("others") or {}).items()},
    )


def _place(label: str, row: Mapping[str, Any]) -> Place:
    unknown = sorted(set(row) - _KEYS)
    if unknown or "country" not in row:
        raise ValueError(f"{label}: " + (f"unknown key {unknown[0]!r}" if unknown else "the country is missing"))
    forms = {language: _forms(row[language]) for language in LANGUAGES if language in row}
    for language in _LATIN:
        forms.setdefault(language, (label,))
    return Place(label, str(row["country"]), forms)


def _forms(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
