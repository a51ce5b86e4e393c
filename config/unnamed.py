"""The words by which a sentence says that it rests on a source which it does not name; from `unnamed.yaml`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH: Final = Path(__file__).resolve().parent / "unnamed.yaml"
_UNSPACED: Final = frozenset({"zh"})


@cache
def load_unnamed() -> Mapping[str, Mapping[str, Any]]:
    """The file, read once: by language `phrases`, an `example` and a `wrong` one."""
    data: dict[str, dict[str, Any]] = parse_data(PATH.read_text(encoding="utf-8"))
    return data


@cache
def unnamed_pattern(language: str) -> re.Pattern[str] | None:
    """What finds such words in a text of that language; None where none are known."""
    row = load_unnamed().get(language)
    if row is None:
        return None
    phrases = sorted(map(str, row["phrases"]), key=len, reverse=True)
    if language in _UNSPACED:
        return re.compile("|".join(map(re.escape, phrases)))
    written = "|".join(r"\s+".join(map(_word, phrase.split())) for phrase in phrases)
    return re.compile(rf"\b(?:{written})", re.IGNORECASE)


def _word(word: str) -> str:
    return re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else r"\b")
