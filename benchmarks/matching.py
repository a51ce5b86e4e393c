"""How long all watches take over one article: our matcher beside one regular expression a watch, in the same run.

Watches and articles are made up from a fixed seed: 1 to 4 terms (words, phrases, neighbours, exclusions) over 20,000
invented words that are as unequally frequent as those of a language. `--check` fails below the promised ratio.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query
from storage.model import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SIZES = (10, 100, 1_000, 10_000)
ARTICLE_LENGTH = 3_000
LEAST_RATIO = 20
"""Times as fast as the peer at the largest number of watches."""
_SYLLABLES = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]


class Nobody:
    """Knows no people; the watches here name none."""

    def forms_of(self, reference: str) -> Mapping[str, Sequence[str]]:
        """Never asked."""
        raise KeyError(reference)


class Language:
    """Invented words, the n-th as frequent as 1/n."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a benchmark wants the same numbers each time)
        words: dict[str, None] = {}
        while len(words) < 20_000:
            words["".join(self.random.choices(_SYLLABLES, k=self.random.randint(2, 4)))] = None
        self.words = list(words)
        self.weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def article(self) -> str:
        """Sentences of 18 words."""
        words = self.random.choices(self.words, cum_weights=self.weights, k=ARTICLE_LENGTH // 5)
        lines = (" ".join(words[at : at + 18]).capitalize() + "." for at in range(0, len(words), 18))
        return " ".join(lines)[:ARTICLE_LENGTH]

    def terms(self) -> list[str]:
        """People watch names and subjects, not the commonest words."""
        return self.random.sample(self.words[200:], k=self.random.randint(1, 4))

    def watch(self) -> str:
        """One query."""
        terms = self.terms()
        shape = self.random.random()
        if len(terms) == 1:
            return terms[0]
        if shape < 0.2:
            return f'"{terms[0]} {terms[1]}"'
        if shape < 0.4:
            return f"{terms[0]} NEAR/10 {terms[1]}"
        if shape < 0.5:
            return f"{terms[0]} -{terms[1]}"
        return f"{terms[0]} ({' OR '.join(terms[1:])})"


def peer_pattern(query: str) -> re.Pattern[str]:
    """What one would write first: the watch's words, any of them, as one regular expression; no forms, no logic."""
    words = re.findall(r"\w+", re.sub(r"NEAR/\d+|OR|-\w+", " ", query))
    return re.compile(r"\b(?:" + "|".join(words) + r")\b", re.IGNORECASE)


def median_us(function: Callable[[Any], object], articles: Sequence[Any]) -> float:
    times = []
    for article in articles:
        start = time.perf_counter()
        function(article)
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def measure(size: int, articles: list[str], queries: list[str]) -> tuple[float, float, float, float]:
    """Seconds to compile; microseconds an article: normalising alone, ours in all, the peer."""
    watches = [(str(number), parse_query(query)) for number, query in enumerate(queries[:size])]
    start = time.perf_counter()
    matcher = compile_watches(watches, Nobody())
    compiled = time.perf_counter() - start
    documents = [Document("", article, "en") for article in articles]
    none = compile_watches([("none", parse_query("qqqq"))], Nobody())
    patterns = [peer_pattern(query) for query in queries[:size]]
    few = articles[: max(3, min(len(articles), 20_000 // size))]
    peer = median_us(lambda article: [pattern.search(article) for pattern in patterns], few)
    return compiled, median_us(none.match, documents), median_us(matcher.match, documents), peer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help=f"fail below {LEAST_RATIO} times the peer")
    options = parser.parse_args()
    language = Language(7)
    articles = [language.article() for _ in range(60)]
    queries = [language.watch() for _ in range(max(SIZES))]
    print(f"{'watches':>8} {'compile s':>10} {'normalise us':>13} {'match us':>9} {'a regex each us':>16} {'ratio':>7}")
    ratio = 0.0
    for size in SIZES:
        compiled, normalised, ours, peer = measure(size, articles, queries)
        ratio = peer / ours
        print(f"{size:>8} {compiled:>10.2f} {normalised:>13.0f} {ours:>9.0f} {peer:>16.0f} {ratio:>7.1f}")
    print(f"ratio: {ratio:.1f} times as fast as one regular expression a watch, at {max(SIZES):,} watches")
    return int(options.check and ratio < LEAST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
