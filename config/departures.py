"""The words by which each language says that somebody has left a city: data from `departures.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from config.data_yaml import parse_data
from config.fields import Strict

PATH = Path(__file__).resolve().parent / "departures.yaml"


class Leaving(Strict):
    """One language: patterns of a finite verb, what makes a city a destination, pronouns; with two sentences."""

    left: Annotated[tuple[str, ...], Field(min_length=1)]
    toward: tuple[str, ...] = ()
    he: tuple[str, ...] = ()
    example: str
    wrong: str


_FILE = TypeAdapter(dict[str, Leaving])


@cache
def load_departures() -> dict[str, Leaving]:
    """The file, by language, read once; raises ValidationError for what is not written as its head says."""
    return _FILE.validate_python(parse_data(PATH.read_text(encoding="utf-8")))
