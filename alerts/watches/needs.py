"""Which watches an article has to be put before: by sets of numbers alone, those of which it has all that they need."""

from __future__ import annotations

from array import array
from itertools import accumulate, chain, repeat
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from alerts.watches.lexicon import ALWAYS
from alerts.watches.plan import All, Any, Chain, No, Pattern, Requirement, Row, Slot, Within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from alerts.watches.plan import Plan


_MOST_ENTRIES = 5
"""A watch that waits for one of several has an entry for each; of more, it is looked at when all else is there."""


def undecided(plan: Plan) -> Plan:
    """What is left to be seen of a plan, once all its needs are known to be there: no condition on the article."""
    if not isinstance(plan, All):
        return plan
    parts = zip(plan.parts, plan.nodes, strict=True)
    left = [(part, node) for part, node in parts if not isinstance(part, Requirement)]
    if len(left) == 1 and not isinstance(left[0][0], No):
        return left[0][0]
    return All(*map(tuple, zip(*left, strict=True))) if left else plan


class _Admission(NamedTuple):
    """Of a watch its entrance, what it waits for there (one of these), and of each of which it has to have one."""

    entrance: frozenset[int]
    second: tuple[int, ...]
    further: tuple[tuple[int, ...], ...] = ()


class Needs:
    """Of each watch, known by its index, what an article must have of it.

    The watch waits at its entrance, what the fewest articles have of what it needs, for the next rarest of its needs.
    Both are integers in arrays: with 100,000 watches it is the number of objects to look at that costs time.
    `commonness` is about the share of articles that have what a number stands for; a watch without another need waits
    for number 0, which every article has. `unseen` are the numbers that are known to be in an article only when they
    are some watch's entrance: patterns, since searching for them is dear.
    """

    def __init__(self, plans: Sequence[Plan], commonness: Sequence[float], unseen: Iterable[int]) -> None:
        self._commonness = commonness
        self._unseen = frozenset(unseen)
        admitted = [self._admit(self._clauses(plan)) for plan in plans]
        order = sorted(range(len(plans)), key=lambda index: min(admitted[index].entrance))
        self.order = array("I", order)
        """The watches in the order of their entrances, `ranks`: what an article meets together then lies together in
        memory, and what it waits for decides how long matching takes with 100,000 watches."""
        self._further = {rank: admitted[index].further for rank, index in enumerate(order) if admitted[index].further}
        """Of watches with more than two needs, the others: of each one number has to be there."""
        seconds: list[list[int]] = [[] for _ in commonness]
        ranks: list[list[int]] = [[] for _ in commonness]
        for rank, index in enumerate(order):
            for number in admitted[index].entrance:
                seconds[number] += admitted[index].second
                ranks[number] += repeat(rank, len(admitted[index].second))
        self._first = array("I", accumulate(map(len, ranks), initial=0))
        """Where in `_seconds` and `_ranks` the watches of each number begin."""
        self._end = self._first[1:]
        self._seconds = array("I", chain.from_iterable(seconds))
        self._ranks = array("I", chain.from_iterable(ranks))

    @property
    def entrances(self) -> set[int]:
        """The numbers that have to be looked for in every article."""
        return {number for number, (first, end) in enumerate(zip(self._first, self._end, strict=False)) if first < end}

    def met_by(self, present: AbstractSet[int]) -> list[int]:
        """The ranks, in the order of the watches, of those that an article with all that is `present` may match."""
        seconds, ranks, further, misses = self._seconds, self._ranks, self._further, present.isdisjoint
        firsts, ends = map(self._first.__getitem__, present), map(self._end.__getitem__, present)
        found = {
            ranks[at]
            for first, end in zip(firsts, ends, strict=True)
            if first < end
            for at, second in enumerate(seconds[first:end], first)
            if second in present
        }
        met = [rank for rank in found if rank not in further or not any(map(misses, further[rank]))]
        return sorted(met, key=self.order.__getitem__)

    def _admit(self, clauses: Sequence[frozenset[int]]) -> _Admission:
        if not clauses:
            return _Admission(frozenset((ALWAYS,)), (ALWAYS,))
        entrance, *rest = sorted(clauses, key=self._commonness_of)
        others = [numbers for numbers in rest if numbers.isdisjoint(self._unseen)]
        second = next((numbers for numbers in others if len(numbers) <= _MOST_ENTRIES), None)
        further = tuple(tuple(sorted(numbers)) for numbers in others if numbers is not second)
        return _Admission(entrance, tuple(second or (ALWAYS,)), further)

    def _commonness_of(self, numbers: frozenset[int]) -> float:
        """The share of articles that have one of them, if they had nothing to do with each other."""
        return 1 - prod(1 - self._commonness[number] for number in numbers)

    def _clauses(self, plan: Plan) -> Sequence[frozenset[int]]:
        """Sets of numbers of each of which at least one is in every article that the plan matches."""
        match plan:
            case Slot(number=number) | Pattern(number=number) | Requirement(number=number):
                return [frozenset((number,))]
            case Row(slots=parts) | Chain(operands=parts) | All(parts=parts):
                return list(dict.fromkeys(clause for part in parts for clause in self._clauses(part)))
            case Within(part=part):
                return self._clauses(part)
            case Any(parts):
                return self._either([self._clauses(part) for part in parts])
            case _:
                return []

    def _either(self, choices: Sequence[Sequence[frozenset[int]]]) -> Sequence[frozenset[int]]:
        """What all the parts need, and the rarest need of each of them together."""
        if not all(choices):
            return []
        shared = [clause for clause in choices[0] if all(clause in others for others in choices[1:])]
        rarest = [min(clauses, key=self._commonness_of) for clauses in choices]
        return list(dict.fromkeys([*shared, frozenset[int]().union(*rarest)]))
