"""In how many articles each term was counted: one array in memory, kept as a whole now and then.

A term's number gives its place in the array; terms that share a place are counted together, which among millions of
rare ones makes some a little less rare. To keep each count by itself was to change ten pages of the database an
article. What was counted since the array was kept lies beside it, by transaction, so that a start finds what the last
commit left.
"""

from __future__ import annotations

import zlib
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.held import Held

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlite_utils import Database

PLACES: Final = 2**22
MASK: Final = PLACES - 1
"""A term is counted at its number's last bits."""
MOST: Final = 0xFFFF
"""As often as a place can count."""
HALVED: Final = 2**17
"""When so many articles were counted all counts are halved: what was rare for long is forgotten, and none overflows."""
KEPT_EVERY: Final = 1024
"""Counted articles after which the array is kept: 20 ms."""


@dataclass(slots=True)
class TermCounts:
    """`articles` is how many were counted; `fresh` of them since the array was kept."""

    places: array[int] = field(default_factory=lambda: array("H", bytes(2 * PLACES)))
    articles: int = 0
    fresh: int = 0

    def add(self, terms: Iterable[int]) -> None:
        """Count the terms of some articles, each as often as it stands there."""
        places = self.places
        for term in terms:
            place = term & MASK
            if places[place] < MOST:
                places[place] += 1

    def halve(self) -> None:
        """Until they are few enough."""
        while self.articles >= HALVED:
            self.places = array("H", [one >> 1 for one in self.places])
            self.articles >>= 1


def counts_of(db: Database) -> TermCounts:
    """What was counted up to now, for the one connection that writes."""
    return _counts.of(db)


def count_terms(db: Database, articles: Collection[Collection[int]]) -> None:
    """Count the terms of some articles."""
    held = _counts.change(db)
    terms = array("I", [term for one in articles for term in one])
    held.add(terms)
    held.articles += len(articles)
    held.fresh += len(articles)
    if held.fresh >= KEPT_EVERY:
        held.halve()
        _keep(db, held)
    else:
        db.execute("INSERT INTO fresh_terms (articles, terms) VALUES (?, ?)", [len(articles), terms.tobytes()])


def fill_counts(db: Database, counts: Mapping[int, int], articles: int) -> None:
    """Begin with these, of so many articles."""
    held = TermCounts(articles=articles)
    for term, times in counts.items():
        held.places[term & MASK] = min(MOST, held.places[term & MASK] + times)
    held.halve()
    _keep(db, held)
    _counts.forget(db)


def _load(db: Database) -> TermCounts:
    held = TermCounts()
    row = db.execute("SELECT articles, places FROM term_counts").fetchone()
    if row is not None:
        held.articles = row[0]
        held.places = array("H", zlib.decompress(row[1]))
    for articles, kept in db.execute("SELECT articles, terms FROM fresh_terms").fetchall():
        held.add(array("I", kept))
        held.articles += articles
        held.fresh += articles
    return held


def _keep(db: Database, held: TermCounts) -> None:
    held.fresh = 0
    db.execute("DELETE FROM fresh_terms")
    db.execute("DELETE FROM term_counts")
    db.execute(
        "INSERT INTO term_counts (articles, places) VALUES (?, ?)",
        [held.articles, zlib.compress(held.places.tobytes(), 1)],
    )


_counts = Held("term_counts", _load)
