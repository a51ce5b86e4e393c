"""Which watches an article has to be put before: by sets of numbers alone, those of which it has all that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.watches.plan import All, Any, Chain, Pattern, Requirement, Row, Slot, Within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from alerts.watches.plan import Plan


class _Entrance(NamedTuple):
    """The watches to look at when something is in an article: at once, or if others are there as well."""

    alone: list[int]
    pairs: list[tuple[int, int]]
    several: list[tuple[frozenset[int], int]]


class Needs:
    """Of each watch, known by its index, what an article must have of it.

    `commonness` is about the share of articles that have what a number stands for. `unseen` are the numbers that are
    known to be in an article only when they are some watch's entrance: patterns, since searching for them is dear.
    """

    def __init__(self, plans: Sequence[Plan], commonness: Sequence[float], unseen: Iterable[int]) -> None:
        self._commonness = commonness
        self._unseen = frozenset(unseen)
        self._entrances: dict[int, _Entrance] = {}
        self._always: list[int] = []
        for index, plan in enumerate(plans):
            self._admit(index, self._clauses(plan))

    @property
    def entrances(self) -> Collection[int]:
        """The numbers that have to be looked for in every article."""
        return self._entrances.keys()

    def met_by(self, present: set[int]) -> list[int]:
        """The watches, in order, that an article with all that is `present` may match."""
        found = set(self._always)
        for number in self._entrances.keys() & present:
            alone, pairs, several = self._entrances[number]
            found.update(alone)
            if pairs:
                found.update([index for other, index in pairs if other in present])
            if several:
                found.update([index for others, index in several if others <= present])
        return sorted(found)

    def _admit(self, index: int, clauses: Sequence[frozenset[int]]) -> None:
        """Of the clauses the rarest is the entrance; the words that are surely needed besides are asked for there."""
        if not clauses:
            self._always.append(index)
            return
        entrance = min(clauses, key=self._commonness_of)
        single = [words for words in clauses if len(words) == 1 and words != entrance]
        others = frozenset[int]().union(*single) - self._unseen
        for number in entrance:
            alone, pairs, several = self._entrances.setdefault(number, _Entrance([], [], []))
            if not others:
                alone.append(index)
            elif len(others) == 1:
                pairs.append((next(iter(others)), index))
            else:
                several.append((others, index))

    def _commonness_of(self, numbers: frozenset[int]) -> float:
        return sum(self._commonness[number] for number in numbers)

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
