"""All watches over one article in one pass: an automaton finds the candidates, then each is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick

from alerts.watches.errors import QueryError
from alerts.watches.evaluate import evaluate
from alerts.watches.page import Page
from alerts.watches.plan import All, Any, Chain, PersonForms, Plan, Planner, Row, Slot, Within
from alerts.watches.query import render_node
from storage.model import Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.watches.nodes import Query
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


def compile_watches(watches: Sequence[tuple[str, Query]], forms: PersonForms) -> Matcher:
    """Make ready pairs of a name and a query. A query that names an unknown person becomes one of `Matcher.faults`."""
    planner = Planner(forms)
    plans: list[tuple[str, Query, Plan]] = []
    faults: list[Fault] = []
    for name, query in watches:
        try:
            plans.append((name, query, planner.plan(query)))
        except QueryError as error:
            faults.append(Fault(name, error))
    return Matcher(tuple(plans), tuple(faults))


class Matcher:
    """Compiled watches. Can be pickled: the automaton is built again on the other side."""

    def __init__(self, plans: tuple[tuple[str, Query, Plan], ...], faults: tuple[Fault, ...] = ()) -> None:
        self._plans = plans
        self.faults = faults
        watches_of: dict[str, list[int]] = {}
        self._always: list[int] = []
        for index, (_, _, plan) in enumerate(plans):
            anchors = _anchors(plan)
            if anchors is None:
                self._always.append(index)
            for anchor in anchors or ():
                watches_of.setdefault(anchor, []).append(index)
        self._watches_of = list(watches_of.values())
        self._automaton = AhoCorasick(list(watches_of), store_patterns=False) if watches_of else None

    def __reduce__(self) -> tuple[object, ...]:
        return Matcher, (self._plans, self.faults)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the watches that work, in order."""
        return tuple(name for name, _, _ in self._plans)

    def match(self, document: Document) -> tuple[Match, ...]:
        """The watches that the article meets, in their order, with the spans that made each of them match."""
        page = Page(document)
        matches = []
        for index in self._candidates(page):
            name, _, plan = self._plans[index]
            spans = evaluate(plan, page)
            if spans is not None:
                matches.append(Match(name, spans))
        return tuple(matches)

    def _candidates(self, page: Page) -> list[int]:
        """Watches one of whose anchors stands in the article, and those without anchors."""
        found = set(self._always)
        if self._automaton is not None:
            hits = self._automaton.find_matches_as_indexes(page.line, overlapping=True)
            for pattern in {hit[0] for hit in hits}:
                found.update(self._watches_of[pattern])
        return sorted(found)

    def explain(self, document: Document, name: str) -> Explanation:
        """Why the watch of this name does or does not match; raises KeyError when there is none."""
        query, plan = {known: (query, plan) for known, query, plan in self._plans}[name]
        page = Page(document)
        spans = evaluate(plan, page)
        if spans is not None:
            return Explanation(matched=True, spans=spans)
        failed = query.root
        if isinstance(plan, All):
            failed = next(
                node for part, node in zip(plan.parts, plan.nodes, strict=True) if evaluate(part, page) is None
            )
        return Explanation(matched=False, failed=render_node(failed))


def _anchors(plan: Plan) -> frozenset[str] | None:  # noqa: PLR0911 (one return a kind of plan)
    """Strings of which at least one stands in the token line of every page that the plan matches; None: there are none.

    Of several possible sets the one whose shortest string is longest is the rarest.
    """
    match plan:
        case Slot():
            return frozenset(" " + " ".join(form.tokens) + ("" if plan.prefix else " ") for form in plan.every)
        case Row(slots):
            return _rarest([_anchors(slot) for slot in slots])
        case Chain(operands):
            return _rarest([_anchors(operand) for operand in operands])
        case Within(part=part):
            return _anchors(part)
        case All(parts):
            return _rarest([_anchors(part) for part in parts])
        case Any(parts):
            sets = [_anchors(part) for part in parts]
            return None if None in sets else frozenset().union(*(found for found in sets if found is not None))
        case _:
            return None


def _rarest(candidates: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    usable = [anchors for anchors in candidates if anchors]
    return max(usable, key=lambda anchors: (min(map(len, anchors)), -len(anchors)), default=None)
