"""Which watches an article has to be put before: by sets of numbers alone, those of which it has all that they need."""

from __future__ import annotations

from array import array
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alerts.watches.lexicon import ALWAYS
from alerts.watches.plan import All, Any, Chain, No, Pattern, Requirement, Row, Slot, Within
from alerts.watches.tokens import changes, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.watches.nodes import Node
    from alerts.watches.plan import Plan
    from alerts.watches.tokens import Flags, Integers


_MOST_ENTRIES = 5
"""A watch that waits for one of several has an entry for each; of more, it is looked at when all else is there."""


def undecided(plan: Plan) -> tuple[int, Plan | None]:
    """What is left to be seen of a plan, once all its needs are known to be there: no condition on the article.

    Where that is to show a word, if anything but words that must be absent, the number of the word comes first.
    """
    if isinstance(plan, Slot):
        return plan.number, None
    if not isinstance(plan, All):
        return ALWAYS, plan
    left = [pair for pair in zip(plan.parts, plan.nodes, strict=True) if not isinstance(pair[0], Requirement)]
    asked = [part for part, _ in left if not isinstance(part, No)]
    word = asked[0] if len(asked) == 1 else None
    if isinstance(word, Slot):
        left = [pair for pair in left if pair[0] is not word]
        return word.number, _all_of(left) if left else None
    return ALWAYS, left[0][0] if len(left) == len(asked) == 1 else _all_of(left)


def _all_of(pairs: Sequence[tuple[Plan, Node]]) -> All:
    return All(tuple(part for part, _ in pairs), tuple(node for _, node in pairs))


class _Admission(NamedTuple):
    """Of a watch its entrance, what it waits for there (one of these), another number, and of each of which one."""

    entrance: frozenset[int]
    second: tuple[int, ...]
    third: int = ALWAYS
    further: tuple[tuple[int, ...], ...] = ()


class Needs:
    """Of each watch, known by its index, what an article must have of it.

    The watch waits at its entrance, what the fewest articles have of what it needs, for the next rarest of its needs.
    All watches of all entrances that an article has are looked at in a few steps over arrays.
    `commonness` is about the share of articles that have what a number stands for; a watch without another need waits
    for number 0, which every article has. `unseen` are the numbers that are known to be in an article only when they
    are some watch's entrance: patterns, since searching for them is dear.
    """

    def __init__(self, plans: Sequence[Plan], commonness: Sequence[float], unseen: Iterable[int]) -> None:
        self._commonness = commonness
        self._unseen = frozenset(unseen)
        admitted = [self._admit(self._clauses(plan)) for plan in plans]
        self._further = {watch: one.further for watch, one in enumerate(admitted) if one.further}
        """Of watches with more needs, those of which one of several numbers has to be there."""
        self._has_further = np.zeros(len(plans), bool)
        self._has_further[list(self._further)] = True
        entries = array("i")
        for watch, one in enumerate(admitted):
            for number, second in product(one.entrance, one.second):
                entries.extend((number, second, one.third, watch))
        rows = np.frombuffer(entries, np.int32).reshape(-1, 4)
        rows = rows[rows[:, 0].argsort(kind="stable")]
        self._first = rows[:, 0].searchsorted(np.arange(len(commonness) + 1))
        """Where in the entries the watches of each number begin."""
        self._entries = rows[:, 1:].copy()
        """In the order of the numbers at which they wait: two more numbers that have to be there, and the watch."""

    @property
    def entrances(self) -> set[int]:
        """The numbers that have to be looked for in every article."""
        return set(np.flatnonzero(np.diff(self._first)).tolist())

    def met_by(self, numbers: Integers, present: Flags) -> Integers:
        """The watches, in order, that an article may match which has these numbers: `present` says the same of each."""
        first = self._first[numbers]
        entries = self._entries.take(spread(first, self._first[numbers + 1] - first), axis=0)
        met = entries[present[entries[:, 0]] & present[entries[:, 1]], 2]
        met.sort()
        met = met[changes(met)]
        more = met[self._has_further[met]].tolist()
        missed = [watch for watch in more if self._misses(watch, present)]
        return np.delete(met, met.searchsorted(missed)) if missed else met

    def _misses(self, watch: int, present: Flags) -> bool:
        return not all(any(present[number] for number in numbers) for numbers in self._further[watch])

    def _admit(self, clauses: Sequence[frozenset[int]]) -> _Admission:
        if not clauses:
            return _Admission(frozenset((ALWAYS,)), (ALWAYS,))
        entrance, *rest = sorted(clauses, key=self._commonness_of)
        others = [numbers for numbers in rest if numbers.isdisjoint(self._unseen)]
        second = next((numbers for numbers in others if len(numbers) <= _MOST_ENTRIES), None)
        others = [numbers for numbers in others if numbers is not second]
        third = next((numbers for numbers in others if len(numbers) == 1), frozenset((ALWAYS,)))
        further = tuple(tuple(sorted(numbers)) for numbers in others if numbers is not third)
        return _Admission(entrance, tuple(second or (ALWAYS,)), min(third), further)

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
