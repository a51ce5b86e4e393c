"""Which watches an article has to be put before: by sets of numbers alone, those of which it has all that they need."""

from __future__ import annotations

from array import array
from itertools import accumulate, chain
from math import prod
from typing import TYPE_CHECKING

from alerts.watches.lexicon import ALWAYS
from alerts.watches.plan import All, Any, Chain, No, Pattern, Requirement, Row, Slot, Within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from alerts.watches.plan import Plan


_BITS = 32
_INDEX = (1 << _BITS) - 1
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


class Needs:
    """Of each watch, known by its index, what an article must have of it.

    The watch waits at its entrance, what the fewest articles have of what it needs, for the next rarest of its needs.
    Both go into one integer of an array: with 100,000 watches it is the number of objects to look at that costs time.
    `commonness` is about the share of articles that have what a number stands for; a watch without another need waits
    for number 0, which every article has. `unseen` are the numbers that are known to be in an article only when they
    are some watch's entrance: patterns, since searching for them is dear.
    """

    def __init__(self, plans: Sequence[Plan], commonness: Sequence[float], unseen: Iterable[int]) -> None:
        self._commonness = commonness
        self._unseen = frozenset(unseen)
        self._further: dict[int, tuple[tuple[int, ...], ...]] = {}
        """Of watches with more than two needs, the others: of each one number has to be there."""
        waiting: list[list[int]] = [[] for _ in commonness]
        for index, plan in enumerate(plans):
            entrance, second = self._admit(index, self._clauses(plan))
            for number in entrance:
                waiting[number] += [need << _BITS | index for need in second]
        self._first = array("Q", accumulate(map(len, waiting), initial=0))
        """Where in `_waiting` the watches of each number begin."""
        self._end = self._first[1:]
        self._waiting = array("Q", chain.from_iterable(waiting))

    @property
    def entrances(self) -> set[int]:
        """The numbers that have to be looked for in every article."""
        return {number for number, (first, end) in enumerate(zip(self._first, self._end, strict=False)) if first < end}

    def met_by(self, present: AbstractSet[int]) -> list[int]:
        """The watches, in order, that an article with all that is `present` may match."""
        waiting, further, misses = self._waiting, self._further, present.isdisjoint
        firsts, ends = map(self._first.__getitem__, present), map(self._end.__getitem__, present)
        found = {
            one & _INDEX
            for first, end in zip(firsts, ends, strict=True)
            if first < end
            for one in waiting[first:end]
            if one >> _BITS in present
        }
        return sorted([index for index in found if index not in further or not any(map(misses, further[index]))])

    def _admit(self, index: int, clauses: Sequence[frozenset[int]]) -> tuple[frozenset[int], Iterable[int]]:
        """The entrance of a watch, and for what it waits there: one of these numbers."""
        if not clauses:
            return frozenset((ALWAYS,)), (ALWAYS,)
        entrance, *rest = sorted(clauses, key=self._commonness_of)
        others = [numbers for numbers in rest if numbers.isdisjoint(self._unseen)]
        second = next((numbers for numbers in others if len(numbers) <= _MOST_ENTRIES), None)
        further = tuple(tuple(sorted(numbers)) for numbers in others if numbers is not second)
        if further:
            self._further[index] = further
        return entrance, second or (ALWAYS,)

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
