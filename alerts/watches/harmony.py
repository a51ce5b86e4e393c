"""Names with the case endings of languages with vowel harmony, by the templates of `harmony.yaml`."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from alerts.text import fold
from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Mapping

_BACK = frozenset("aıou")
_ROUNDED = frozenset("oöuü")
_VOWELS = frozenset("aeıioöuü")
_VOICELESS = frozenset("çfhkpsşt")
_BUFFER = re.compile(r"\((.)\)")
_SHORTEST = 4
"""Letters of a name that takes endings: of a shorter one they would make another word (Kim, «kime» is "to whom")."""


def harmonized_names(name: str) -> Mapping[str, frozenset[str]]:
    """The folded forms of a name, as it is written, by language; none where it is short or has no vowel."""
    plain = name.replace("I", "ı" if "ı" in name else "i").casefold()
    vowel = next((plain_vowel for letter in reversed(plain) if (plain_vowel := _vowel_of(letter))), "")
    if len(plain) < _SHORTEST or not vowel:
        return {}
    return {
        language: frozenset(fold(plain + _ending(template, plain[-1], vowel)).text for template in templates)
        for language, templates in _templates().items()
    }


def _vowel_of(letter: str) -> str:
    """A vowel as Turkish has it, of any letter; empty for a consonant."""
    return next((one for one in (letter, fold(letter).text) if one in _VOWELS), "")


def _ending(template: str, last: str, vowel: str) -> str:
    is_open = bool(_vowel_of(last))
    wide = "a" if vowel in _BACK else "e"
    narrow = ("u" if vowel in _BACK else "ü") if vowel in _ROUNDED else ("ı" if vowel in _BACK else "i")
    ending = _BUFFER.sub(r"\1" if is_open else "", template)
    return ending.replace("A", wide).replace("I", narrow).replace("D", "t" if last in _VOICELESS else "d")


@cache
def _templates() -> Mapping[str, tuple[str, ...]]:
    text = resources.files("alerts.watches").joinpath("harmony.yaml").read_text(encoding="utf-8")
    return {language: tuple(templates) for language, templates in parse_data(text).items()}
