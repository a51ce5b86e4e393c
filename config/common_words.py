"""How common words are in the news: what a young archive, which has counted few articles, weighs words by."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from config.lexicon import languages, load_lexicon

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def load_common_words() -> Mapping[str, float]:
    """The share of articles that each word, as `storage.traits` cuts it, occurs in; the largest of all languages."""
    shares: dict[str, float] = {}
    text = resources.files("config").joinpath("lexicon/common.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        percent, _, words = line.partition(":")
        for word in words.split():
            shares[word] = max(shares.get(word, 0.0), int(percent) / 100)
    return shares


@cache
def load_months() -> Mapping[str, int]:
    """The number of each month's names, in every language that has a lexicon."""
    return {
        name: number
        for language in languages()
        for number, names in enumerate(load_lexicon(language).times.months, 1)
        for name in names
    }
