"""How rare each term of an article is in the archive: counted in the database, remembered while that hardly changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from storage.rows import dump_json
from storage.traits import rarity

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.model import Traits

ALL: Final = -1
"""The term under which articles themselves are counted."""
_OFTEN: Final = 4
"""Only terms that were counted so often are remembered: what is new in the news is rare for hours, and then is not."""
_STALE: Final = 256
"""They are asked for anew when of the counted articles one in so many is new."""
_HELD: Final = 60_000
"""Terms that are remembered, 6 MB."""


@dataclass(slots=True)
class _Remembered:
    """Rarities as of when `counted` articles had been counted."""

    counted: int
    rarities: dict[int, float] = field(default_factory=dict)

    def is_stale(self, counted: int) -> bool:
        return abs(counted - self.counted) > self.counted // _STALE or len(self.rarities) > _HELD


_remembered: WeakKeyDictionary[Database, _Remembered] = WeakKeyDictionary()


def rarities_of(db: Database, traits: Traits) -> dict[int, float]:
    """The rarity of each of an article's terms; by what was committed before, as words are counted at the end."""
    row = db.execute("SELECT articles FROM term_counts WHERE term = ?", [ALL]).fetchone()
    counted = row[0] if row else 0
    held = _remembered.get(db)
    if held is None or held.is_stale(counted):
        held = _remembered[db] = _Remembered(counted)
    terms = traits.terms
    rarities = {term: held.rarities[term] for term in terms & held.rarities.keys()}
    if len(rarities) < len(terms):
        terms.difference_update(rarities)
        rows = db.execute(
            "SELECT term, articles FROM json_each(?) CROSS JOIN term_counts ON term = value", [dump_json(list(terms))]
        )
        seen: dict[int, int] = dict(rows.fetchall())
        shares = traits.common or {}
        for term in terms:
            rarities[term] = rarity(shares.get(term, 0.0), seen.get(term, 0), held.counted)
        held.rarities.update((term, rarities[term]) for term, times in seen.items() if times >= _OFTEN)
    return rarities
