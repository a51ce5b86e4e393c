"""All watches about words over one article: plain queries, and scored ones, whose terms are queries of their own.

Every term goes into the one matcher under a name of its own, so that scored watches cost what plain ones do.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alerts.watches.matcher import Fault, compile_watches
from alerts.watches.nodes import InField, Or, Person, Phrase, Regex, Word
from alerts.watches.query import parse_query
from config.watch_options import DIMINISHING
from storage.model import Field, Match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alerts.watches.nodes import Node
    from alerts.watches.plan import PersonForms
    from config.model import Watch
    from storage.model import Document, Span

_MOST_SHOWN: Final = 12
_PRECISION: Final = 6


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one term of a score gave: its weight, once in full and each further time half as much."""

    term: str
    weight: float
    times: int
    points: float
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """A score and how it came about; only the terms that were found are among the `contributions`."""

    at_least: float
    contributions: tuple[Contribution, ...]

    @property
    def total(self) -> float:
        """The score."""
        return round(sum(one.points for one in self.contributions), _PRECISION)

    @property
    def is_enough(self) -> bool:
        """Whether the watch matches."""
        return self.total >= self.at_least

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where the article has what counted for or against it."""
        return outermost(span for one in self.contributions for span in one.spans)

    def __str__(self) -> str:
        """`score 42.5 of 30: war x3 = 35, talks = 10, exercise = -2.5`."""
        ordered = sorted(self.contributions, key=lambda one: (-abs(one.points), one.term))
        parts = [f"{one.term}{f' x{one.times}' if one.times > 1 else ''} = {one.points:g}" for one in ordered]
        left = len(parts) - _MOST_SHOWN
        shown = ", ".join(parts[:_MOST_SHOWN]) + (f" and {left} more" if left > 0 else "")
        return f"score {self.total:g} of {self.at_least:g}: {shown or 'no term found'}"


def points(weight: float, times: int) -> float:
    """The weight in full for the first time, and each further time `DIMINISHING` of the time before."""
    return round(weight * (1 - DIMINISHING**times) / (1 - DIMINISHING), _PRECISION)


@dataclass(frozen=True, slots=True)
class Found:
    """What the watches made of an article: those that match, and scored ones that found something, but not enough."""

    matches: tuple[Match, ...]
    short: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a watch matches an article or does not: `failed` is the first condition that did not hold."""

    matched: bool
    spans: tuple[Span, ...] = ()
    failed: str = ""
    tally: Tally | None = None


@dataclass(frozen=True, slots=True)
class _Term:
    watch: str
    query: str
    weight: float
    each_place: bool


@dataclass(frozen=True, slots=True)
class _Scored:
    """A scored watch: the names that its terms, and the query that must hold beside them, have in the matcher."""

    at_least: float
    terms: tuple[str, ...]
    condition: str | None


class WatchSet:
    """The watches about words, made ready. A watch that names nobody known becomes one of `faults`; the others work."""

    def __init__(self, watches: Iterable[Watch], forms: PersonForms, shares: Mapping[str, float] | None = None) -> None:
        self._order: dict[str, int] = {}
        self._scored: dict[str, _Scored] = {}
        self._terms: dict[str, _Term] = {}
        self._conditions: dict[str, str] = {}
        queries = []
        for watch in watches:
            if not watch.is_about_words:
                continue
            self._order[watch.name] = len(self._order)
            if watch.score is not None:
                queries += [(name, parse_query(text)) for name, text in self._take_apart(watch)]
            elif watch.query is not None:
                queries.append((watch.name, parse_query(watch.query)))
        self.matcher = compile_watches(queries, forms, shares)
        self.faults = tuple(Fault(self._owner(fault.watch), fault.error) for fault in self.matcher.faults)
        for fault in self.faults:
            self._scored.pop(fault.watch, None)

    def _take_apart(self, watch: Watch) -> list[tuple[str, str]]:
        """The queries of a scored watch, each with a name that no watch can have."""
        score = watch.score
        if score is None:
            return []
        inner: list[tuple[str, str]] = []
        for number, (text, weight) in enumerate(score.terms.items()):
            name = f"{watch.name}\x1f{number}"
            self._terms[name] = _Term(watch.name, text, weight, _counts_each_place(parse_query(text).root))
            inner.append((name, text))
        condition = f"{watch.name}\x1f" if watch.query is not None else None
        self._scored[watch.name] = _Scored(score.at_least, tuple(name for name, _ in inner), condition)
        if condition is not None and watch.query is not None:
            self._conditions[condition] = watch.name
            inner.append((condition, watch.query))
        return inner

    def _owner(self, name: str) -> str:
        term = self._terms.get(name)
        return term.watch if term is not None else self._conditions.get(name, name)

    def read(self, document: Document) -> Found:
        """What every watch makes of the article, in their order."""
        met = self.matcher.match(document)
        if not self._terms:
            return Found(met)
        plain = [match for match in met if match.watch not in self._terms and match.watch not in self._conditions]
        parts: defaultdict[str, dict[str, Match]] = defaultdict(dict)
        for match in met:
            if match.watch in self._terms or match.watch in self._conditions:
                parts[self._owner(match.watch)][match.watch] = match
        short: list[Match] = []
        for name, found in parts.items():
            scored = self._scored.get(name)
            if scored is None or (scored.condition is not None and scored.condition not in found):
                continue
            tally = self._tally(scored, found)
            if tally.total > 0:
                condition = found[scored.condition].spans if scored.condition is not None else ()
                spans = outermost((*condition, *tally.spans))
                (plain if tally.is_enough else short).append(Match(name, spans, tally.total, str(tally)))
        return Found(self._sorted(plain), self._sorted(short))

    def match(self, document: Document) -> tuple[Match, ...]:
        """The watches that the article meets, in their order."""
        return self.read(document).matches

    def explain(self, document: Document, name: str) -> Answer:
        """Why the watch of this name does or does not match; raises KeyError when there is none."""
        scored = self._scored.get(name)
        if scored is None:
            plain = self.matcher.explain(document, name)
            return Answer(plain.matched, plain.spans, plain.failed)
        found: dict[str, Match] = {}
        condition: tuple[Span, ...] = ()
        for inner in scored.terms:
            said = self.matcher.explain(document, inner)
            if said.matched:
                found[inner] = Match(inner, said.spans)
        tally = self._tally(scored, found)
        if scored.condition is not None:
            said = self.matcher.explain(document, scored.condition)
            if not said.matched:
                return Answer(matched=False, failed=said.failed, tally=tally)
            condition = said.spans
        spans = outermost((*condition, *tally.spans))
        return Answer(tally.is_enough, spans, "" if tally.is_enough else str(tally), tally)

    def _tally(self, scored: _Scored, found: Mapping[str, Match]) -> Tally:
        contributions = []
        for name in scored.terms:
            match, term = found.get(name), self._terms[name]
            if match is not None:
                times = max(len(match.spans), 1) if term.each_place else 1
                gives = points(term.weight, times)
                contributions.append(Contribution(term.query, term.weight, times, gives, match.spans))
        return Tally(scored.at_least, tuple(contributions))

    def _sorted(self, matches: Sequence[Match]) -> tuple[Match, ...]:
        return tuple(sorted(matches, key=lambda match: self._order[match.watch]))


def outermost(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order, title first, none inside another."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.field is not Field.TITLE, span.start, -span.end)):
        if not kept or span.field is not kept[-1].field or span.end > kept[-1].end:
            kept.append(span)
    return tuple(kept)


def _counts_each_place(node: Node) -> bool:
    """Whether every place of it is a find of its own; what has several parts is found once or not."""
    match node:
        case Word() | Phrase(slop=0) | Person() | Regex():
            return True
        case Or(parts):
            return all(_counts_each_place(part) for part in parts)
        case InField(part=part):
            return _counts_each_place(part)
        case _:
            return False
