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


class _BySeen(dict[int, float]):
    """The rarity of a term by how often it was seen in so many articles, none of the common ones."""

    def __init__(self, counted: int) -> None:
        self.counted = counted

    def __missing__(self, seen: int) -> float:
        found = self[seen] = rarity(0.0, seen, self.counted)
        return found


_by_seen: WeakKeyDictionary[Database, _BySeen] = WeakKeyDictionary()


def rarities_of(db: Database, traits: Traits) -> dict[int, float]:
    """The rarity of each of an article's terms; by what was committed before, as words are counted at the end."""
    counts = counts_of(db)
    by_seen = _by_seen.get(db)
    if by_seen is None or by_seen.counted != counts.articles:
        by_seen = _by_seen[db] = _BySeen(counts.articles)
    places = counts.places
    rarities = {term: by_seen[places[term & MASK]] for term in traits.terms}
    for term, share in (traits.common or _NO_SHARES).items():
        rarities[term] = rarity(share, places[term & MASK], counts.articles)
    return rarities
