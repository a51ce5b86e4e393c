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

_STALE: Final = 64
"""They are made anew when of the counted articles one in so many is new."""


class _BySeen:
    """The weight of a term, none of the common ones, by how often it was seen in so many articles."""

    def __init__(self, counted: int) -> None:
        self.counted = counted
        self.weights = weight_of(rarity(0.0, np.arange(MOST + 1), counted))

    def is_stale(self, counted: int) -> bool:
        """Whether many more were counted since, or fewer are."""
        return abs(counted - self.counted) > self.counted // _STALE


@dataclass(frozen=True, slots=True)
class Rarities:
    """Of the terms of an article of which some are `common`, by the share of the news that has them."""

    counts: TermCounts
    by_seen: _BySeen
    common: Mapping[int, float] = field(default_factory=dict)

    def of(self, terms: Sequence[int]) -> NDArray[np.float64]:
        """How much each of these tells."""
        shares = [self.common.get(term, 0.0) for term in terms]
        return rarity(shares, self._seen(terms), self.by_seen.counted)

    def weigh(self, traits: Traits) -> NDArray[np.float64]:
        """What each term weighs."""
        seen = self._seen(traits.terms)
        weights: NDArray[np.float64] = self.by_seen.weights[seen]
        if traits.common:
            places = np.fromiter(traits.common, np.intp)
            shares = np.fromiter(traits.common.values(), np.float64)
            weights[places] = weight_of(rarity(shares, seen[places], self.by_seen.counted))
        weights *= np.asarray(traits.places, np.float64)
        return weights

    def _seen(self, terms: Sequence[int]) -> NDArray[np.uint16]:
        """By numpy, which fetches many counts at once: they lie all over eight megabytes."""
        seen: NDArray[np.uint16] = np.frombuffer(self.counts.places, np.uint16)[
            np.asarray(terms, np.uint32) & np.uint32(MASK)
        ]
        return seen


_by_seen: WeakKeyDictionary[Database, _BySeen] = WeakKeyDictionary()


def rarities_of(db: Database, traits: Traits) -> Rarities:
    """By what was committed before, as words are counted at the end."""
    counts = counts_of(db)
    by_seen = _by_seen.get(db)
    if by_seen is None or by_seen.is_stale(counts.articles):
        by_seen = _by_seen[db] = _BySeen(counts.articles)
    return Rarities(counts, by_seen, _shares(traits))


def rarities_without(counts: TermCounts, traits: Traits) -> Rarities:
    """By counts that no database keeps."""
    return Rarities(counts, _BySeen(counts.articles), _shares(traits))


def _shares(traits: Traits) -> dict[int, float]:
    return {traits.terms[place]: share for place, share in (traits.common or {}).items()}
