"""All watches over one article in one pass: what stands in it finds the candidates, then each is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alerts.watches.errors import QueryError
from alerts.watches.evaluate import evaluate
from alerts.watches.lexicon import ALWAYS
from alerts.watches.needs import Needs, undecided
from alerts.watches.page import Page
from alerts.watches.plan import All, PersonForms, Plan, Planner, conditions_of
from alerts.watches.query import render_node
from alerts.watches.regex import PatternSet
from storage.model import Match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alerts.watches.nodes import Query
    from alerts.watches.tokens import Integers
    from storage.model import Document, Span

__all__ = ["Explanation", "Fault", "Matcher", "PersonForms", "compile_watches"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A watch that could not be compiled; the others work."""

    watch: str
    error: QueryError


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a watch matches an article or does not: `failed` is the first condition that did not hold."""

    matched: bool
    spans: tuple[Span, ...] = ()
    failed: str = ""


def compile_watches(
    watches: Iterable[tuple[str, Query]], forms: PersonForms, shares: Mapping[str, float] | None = None
) -> Matcher:
    """Make ready pairs of a name and a query. A query that names an unknown person becomes one of `Matcher.faults`.

    `shares` says of folded words in what share of articles each stands; without it the length has to do.
    """
    planner = Planner(forms, shares)
    plans: list[_Watch] = []
    faults: list[Fault] = []
    for name, query in watches:
        try:
            plans.append(_Watch(name, query, planner.plan(query)))
        except QueryError as error:
            faults.append(Fault(name, error))
    return Matcher(tuple(plans), tuple(faults), planner)


class _Watch(NamedTuple):
    name: str
    query: Query
    plan: Plan


class Matcher:
    """Compiled watches. Can be pickled: the automaton is built again on the other side."""

    def __init__(self, watches: tuple[_Watch, ...], faults: tuple[Fault, ...], planner: Planner) -> None:
        self.faults = faults
        self._watches = watches
        self._lexicon = planner.lexicon
        self._lexicon.freeze()
        self._conditions = planner.conditions
        self._needs = Needs([watch.plan for watch in watches], planner.commonness, planner.patterns.keys())
        left = [undecided(watch.plan) for watch in watches]
        """What is left to be evaluated of each watch, all of whose needs are there: mostly one word is to be shown."""
        self._words = np.array([word for word, _ in left], np.int64)
        self._plans = [plan for _, plan in left]
        self._names = [watch.name for watch in watches]
        self._numbers = len(planner.commonness)
        sought = planner.patterns.keys() & self._needs.entrances
        self._patterns = PatternSet({number: planner.patterns[number] for number in sought})

    @property
    def names(self) -> tuple[str, ...]:
        """Of the watches that work, in order."""
        return tuple(watch.name for watch in self._watches)

    def match(self, document: Document) -> tuple[Match, ...]:
        """The watches that the article meets, in their order, with the spans that made each of them match."""
        page = self._page(document)
        met = self._candidates(page)
        if not len(met):
            return ()
        words = self._words[met]
        shown = page.shown(words)
        matches = []
        for watch, word in zip(met.tolist(), words.tolist(), strict=True):
            plan = self._plans[watch]
            marked = () if plan is None else evaluate(plan, page)
            spans = shown[word] if word and marked is not None else marked
            if spans is not None:
                matches.append(Match(self._names[watch], spans))
        return tuple(matches)

    def _page(self, document: Document) -> Page:
        known = self._conditions
        held = [known[one] for one in conditions_of(document) if one in known] if known else []
        return Page(document, self._lexicon, [ALWAYS, *held], self._numbers)

    def _candidates(self, page: Page) -> Integers:
        """The watches all of whose needs may stand in the article, and those without needs, in order."""
        numbers = page.numbers
        if self._patterns:
            title, text = page.document.title, page.document.text
            found = {*self._patterns.found_in(title), *self._patterns.found_in(text)}
            if found:
                page.present[list(found)] = True
                numbers = np.concatenate([numbers, list(found)])
        return self._needs.met_by(numbers, page.present)

    def explain(self, document: Document, name: str) -> Explanation:
        """Why the watch of this name does or does not match; raises KeyError when there is none."""
        watch = self._watches[self._by_name[name]]
        page = self._page(document)
        spans = evaluate(watch.plan, page)
        if spans is not None:
            return Explanation(matched=True, spans=spans)
        failed = watch.query.root
        if isinstance(watch.plan, All):
            failed = next(
                node
                for part, node in zip(watch.plan.parts, watch.plan.nodes, strict=True)
                if evaluate(part, page) is None
            )
        return Explanation(matched=False, failed=render_node(failed))

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return {watch.name: index for index, watch in enumerate(self._watches)}
