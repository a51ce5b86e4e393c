"""Words that go with what a query matches, by their log-likelihood against other articles of the same language."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING

from alerts.text import fold
from alerts.watches.conditions import main_language
from alerts.watches.inflection import inflect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from storage.model import Document, Span

LEAST_KEYNESS = 10.83
"""Dunning's G2: less comes about by chance once in a thousand words (chi-squared, one degree of freedom)."""
_LEAST_ARTICLES = 2
_SHORTEST = 3
_LONGEST_RUN = 4
"""Characters of a Chinese or Japanese term at most."""
_MOST_CANDIDATES = 400
_AS_OFTEN = 0.8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word as it was written, in how many of the matching and of the other articles of its language it stands."""

    word: str
    language: str
    matching: int
    others: int
    keyness: float


@dataclass
class _Side:
    """Articles of one kind in one language."""

    articles: int = 0
    terms: Counter[str] = field(default_factory=Counter)


class Keywords:
    """Counts articles one by one; the matching ones without the places that matched."""

    def __init__(self) -> None:
        self._matching: defaultdict[str, _Side] = defaultdict(_Side)
        self._others: defaultdict[str, _Side] = defaultdict(_Side)
        self._written: dict[str, Counter[str]] = defaultdict(Counter)

    @property
    def languages(self) -> Mapping[str, int]:
        """How many matching articles there are by language, the most first."""
        counts = Counter({language: side.articles for language, side in self._matching.items()})
        return dict(counts.most_common())

    def add_matching(self, document: Document, spans: Sequence[Span]) -> None:
        """An article that the query matches, and where."""
        side = self._matching[_language(document)]
        side.articles += 1
        terms = dict(_terms(_without(document, spans)))
        side.terms.update(terms.keys())
        for term, written in terms.items():
            self._written[term][written] += 1

    def add_other(self, document: Document) -> None:
        """An article that it does not match."""
        side = self._others[_language(document)]
        side.articles += 1
        side.terms.update(dict(_terms(f"{document.title}\n{document.text}")).keys())

    def suggest(self, most: int) -> list[Suggestion]:
        """The words that go with the matches most surely, so many of each language, by language."""
        return [one for language in self.languages for one in self._of_language(language, most)]

    def _of_language(self, language: str, most: int) -> list[Suggestion]:
        matching, others = self._matching[language], self._others[language]
        found = []
        for term, count in matching.terms.items():
            elsewhere = others.terms[term]
            strength = keyness(count, matching.articles, elsewhere, others.articles)
            if count >= _LEAST_ARTICLES and strength >= LEAST_KEYNESS:
                found.append((strength, len(term), term, count, elsewhere))
        found.sort(reverse=True)
        kept = _apart([(term, count) for _, _, term, count, _ in found[:_MOST_CANDIDATES]], language)
        return [
            Suggestion(self._written[term].most_common(1)[0][0], language, count, elsewhere, round(strength, 1))
            for strength, _, term, count, elsewhere in found
            if term in kept
        ][:most]


def keyness(matching: int, of_matching: int, others: int, of_others: int) -> float:
    """Dunning's G2 of a word in so many of so many articles of each side; 0 where it is not more frequent in ours."""
    total, articles = matching + others, of_matching + of_others
    if not of_others or matching * of_others <= others * of_matching:
        return 0.0
    cells = (
        (matching, of_matching, total),
        (others, of_others, total),
        (of_matching - matching, of_matching, articles - total),
        (of_others - others, of_others, articles - total),
    )
    return 2 * sum(seen * log(seen * articles / (side * row)) for seen, side, row in cells if seen)


def _language(document: Document) -> str:
    return main_language(document.language) or "?"


def _without(document: Document, spans: Iterable[Span]) -> str:
    """The text with a break for each place that matched, so that the query's own words are not suggested."""
    fields = {"title": document.title, "text": document.text}
    for span in sorted(spans, key=lambda span: -span.start):
        text = fields[span.field.value]
        fields[span.field.value] = f"{text[: span.start]}\n{text[span.end :]}"
    return "\n".join(fields.values())


_WORD = re.compile(r"[^\W\d_]+")


def _terms(text: str) -> Iterator[tuple[str, str]]:
    """Each word as compared and as written; of scripts without spaces every short run of characters."""
    run: list[tuple[str, int, int]] = []
    for token in fold(text).tokens:
        if run and not (token.unspaced and token.joined):
            yield from _runs(run, text)
            run = []
        if token.unspaced:
            run.append((token.text, token.start, token.end))
        elif len(token.text) >= _SHORTEST and _WORD.fullmatch(token.text):
            yield token.text, text[token.start : token.end]
    yield from _runs(run, text)


def _runs(run: Sequence[tuple[str, int, int]], text: str) -> Iterator[tuple[str, str]]:
    for first in range(len(run)):
        for last in range(first + 2, min(first + _LONGEST_RUN, len(run)) + 1):
            yield "".join(part[0] for part in run[first:last]), text[run[first][1] : run[last - 1][2]]


def _apart(ranked: Sequence[tuple[str, int]], language: str) -> set[str]:
    """Of forms of one word the strongest; of runs within each other the longest that is about as frequent."""
    kept: dict[str, int] = {}
    seen: set[str] = set()
    for term, count in ranked:
        if term in seen:
            continue
        seen |= inflect(term).get(language, frozenset({term}))
        if not fold(term).tokens[0].unspaced:
            kept[term] = count
            continue
        inside = [other for other in kept if other in term and count >= _AS_OFTEN * kept[other]]
        if inside or not any(_share(term, other) for other in kept):
            for other in inside:
                del kept[other]
            kept[term] = count
    return set(kept)


def _share(term: str, other: str) -> bool:
    """Whether two runs of characters hold each other or overlap by more than one character."""
    if term in other or other in term:
        return True
    shortest = min(len(term), len(other))
    return any(term.endswith(other[:size]) or other.endswith(term[:size]) for size in range(2, shortest))
