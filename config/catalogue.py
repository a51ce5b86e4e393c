"""The built-in sources, chosen by country, language or role."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import UsageError
from config.messages import did_you_mean
from config.sources_files import read_sources
from config.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.model import Source

CATALOGUE = Path(__file__).with_name("sources.csv")


@cache
def all_sources() -> tuple[Source, ...]:
    """Every built-in source, in the order of the file."""
    return tuple(read_sources(CATALOGUE))


def select(choices: Sequence[str]) -> list[Source]:
    """The built-in sources that one choice or another names: `ru`, `lang:ru`, `role:official`, `name:TASS (en)`, `all`.

    `ru+role:official` are those to which both apply. Each once, in the order of the catalogue; raises UsageError for a
    choice that names none.
    """
    wanted: set[str] = set()
    for choice in choices:
        wanted |= _named_by(choice)
    return [source for source in all_sources() if source.name in wanted]


def _named_by(choice: str) -> set[str]:
    if choice.strip().casefold().startswith("name:"):  # a name may hold a plus
        parts = [choice.strip().casefold()]
    else:
        parts = [part.strip().casefold() for part in choice.split("+")]
    for part in parts:
        if not any(part in _labels(source) for source in all_sources()):
            raise _unknown(part if len(parts) > 1 else choice)
    names = {source.name for source in all_sources() if _labels(source).issuperset(parts)}
    if not names:
        raise UsageError(f"the catalogue has no source to which all of {choice!r} applies")
    return names


def _labels(source: Source) -> set[str]:
    """All choices that this source answers to."""
    country, language = (source.country or "").casefold(), (source.language or "").casefold()
    return {
        "all",
        country,
        f"country:{country}",
        f"lang:{language}",
        f"role:{source.role}",
        f"name:{source.name.casefold()}",
    }


def _unknown(choice: str) -> UsageError:
    known = {label for source in all_sources() for label in _labels(source)} - {"", "country:", "lang:"}
    countries = sorted(label for label in known if ":" not in label and label != "all")
    near = did_you_mean(f"role:{choice}" if choice in set(Role) else choice, known)
    hint = f"{near} " if near else ""
    hint += f"choose by country ({', '.join(countries)}), lang:LANGUAGE, role:ROLE, name:NAME, several with +, or all"
    return UsageError(f"the catalogue has nothing under {choice!r}", hint=hint)
