"""How rare each term of an article is in the archive, by how often it was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from storage.term_counts import MASK, counts_of
from storage.traits import rarity

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.model import Traits

_NO_SHARES: Final[dict[int, float]] = {}


_FEW: Final = 256
"""Times that a term was seen for which its rarity is ready."""
_STALE: Final = 256
"""They are made anew when of the counted articles one in so many is new."""


class _BySeen:
    """The rarity of a term, none of the common ones, by how often it was seen in so many articles."""

    def __init__(self, counted: int) -> None:
        self.counted = counted
        self.few = [rarity(0.0, seen, counted) for seen in range(_FEW)]

    def is_stale(self, counted: int) -> bool:
        """Whether many more were counted since, or fewer are."""
        return abs(counted - self.counted) > self.counted // _STALE


_by_seen: WeakKeyDictionary[Database, _BySeen] = WeakKeyDictionary()


def rarities_of(db: Database, traits: Traits) -> dict[int, float]:
    """The rarity of each of an article's terms; by what was committed before, as words are counted at the end."""
    counts = counts_of(db)
    by_seen = _by_seen.get(db)
    if by_seen is None or by_seen.is_stale(counts.articles):
        by_seen = _by_seen[db] = _BySeen(counts.articles)
    places, few, counted = counts.places, by_seen.few, by_seen.counted
    rarities = {
        term: few[seen] if (seen := places[term & MASK]) < _FEW else rarity(0.0, seen, counted) for term in traits.terms
    }
    for term, share in (traits.common or _NO_SHARES).items():
        rarities[term] = rarity(share, places[term & MASK], counted)
    return rarities
