"""How rare each term of an article is in the archive, by how often it was counted, and what it weighs for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np

from storage.term_counts import MASK, MOST, counts_of
from storage.traits import rarity, weight_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sqlite_utils import Database

    from storage.model import Traits
    from storage.term_counts import TermCounts

_FEW: Final = 1024
_STEP_BITS: Final = 6
"""What a term weighs that was seen fewer times is ready for each number, what another does in steps of 64."""
_STALE: Final = 64
"""They are made anew when of the counted articles one in so many is new."""


class _BySeen:
    """The weight of a term, none of the common ones, by how often it was seen in so many articles."""

    def __init__(self, counted: int) -> None:
        self.counted = counted
        few = [weight_of(rarity(0.0, seen, counted)) for seen in range(_FEW)]
        half = 1 << _STEP_BITS >> 1
        many = [weight_of(rarity(0.0, seen + half, counted)) for seen in range(_FEW, MOST + 1, 1 << _STEP_BITS)]
        self.weights: NDArray[np.float64] = np.concatenate((few, np.repeat(many, 1 << _STEP_BITS)))

    def is_stale(self, counted: int) -> bool:
        """Whether many more were counted since, or fewer are."""
        return abs(counted - self.counted) > self.counted // _STALE


@dataclass(frozen=True, slots=True)
class Rarities:
    """Of the terms of an article of which some are `common`, as many articles in the news have them."""

    counts: TermCounts
    by_seen: _BySeen
    common: Mapping[int, float] = field(default_factory=dict)

    def of(self, term: int) -> float:
        """How much a term tells."""
        return rarity(self.common.get(term, 0.0), self.counts.places[term & MASK], self.by_seen.counted)

    def weigh(self, terms: Sequence[int], places: Sequence[float]) -> dict[int, float]:
        """The terms that weigh something; `places` is what the place of each counts."""
        # By numpy, which fetches many counts at once: they lie all over eight megabytes.
        seen = np.frombuffer(self.counts.places, np.uint16)[np.asarray(terms, np.uint32) & np.uint32(MASK)]
        weighed = self.by_seen.weights[seen] * np.asarray(places, np.float64)
        weights = dict(zip(terms, weighed.tolist(), strict=True))
        common = self.common.keys() & weights
        if common:
            place_of = dict(zip(terms, places, strict=True))
            weights |= {term: place_of[term] * weight_of(self.of(term)) for term in common}
        if 0.0 in weights.values():
            return {term: weight for term, weight in weights.items() if weight}
        return weights


_by_seen: WeakKeyDictionary[Database, _BySeen] = WeakKeyDictionary()


def rarities_of(db: Database, traits: Traits) -> Rarities:
    """By what was committed before, as words are counted at the end."""
    counts = counts_of(db)
    by_seen = _by_seen.get(db)
    if by_seen is None or by_seen.is_stale(counts.articles):
        by_seen = _by_seen[db] = _BySeen(counts.articles)
    return Rarities(counts, by_seen, traits.common or {})


def rarities_without(counts: TermCounts, traits: Traits) -> Rarities:
    """By counts that no database keeps."""
    return Rarities(counts, _BySeen(counts.articles), traits.common or {})
