"""Words with what Arabic and Hebrew write together with them: «وبوتين» is "and Putin"."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from alerts.text import fold
from config.data_yaml import parse_data

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCRIPTS = {"ar": re.compile("[\u0620-\u064a]+"), "he": re.compile("[א-ת]+")}
_SHORTEST = 3
"""Letters that a word has left when its article is taken off: «الله» is none with one."""


def prefixed_words(folded: str) -> Mapping[str, frozenset[str]]:
    """A folded word with each prefix, and with and without the article, by language; nothing in other scripts."""
    return {
        language: frozenset(_with_prefixes(folded, _prefixes()[language]))
        for language, script in _SCRIPTS.items()
        if len(folded) >= _SHORTEST and script.fullmatch(folded)
    }


def _with_prefixes(word: str, prefixes: Mapping[str, Any]) -> list[str]:
    base = word.removeprefix(prefixes["article"])
    base = base if len(base) >= _SHORTEST else word
    return [word, base, *(prefix + base for prefix in prefixes["words"])]


def prefixed_names(name: str, language: str) -> tuple[str, ...]:
    """A name alone and with each prefix before its first word; alone in other languages and scripts."""
    script = _SCRIPTS.get(language)
    if script is None or not script.match(fold(name).text):
        return (name,)
    return (name, *(prefix + name for prefix in _prefixes()[language]["names"]))


@cache
def _prefixes() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files("alerts").joinpath("prefixes.yaml").read_text(encoding="utf-8")
    data: Mapping[str, Mapping[str, Any]] = parse_data(text)
    return data
