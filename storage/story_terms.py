"""Which articles of the last days have a term among their heaviest: in memory, made of `traits` after a start.

Each term stood in a row of its own, and to add those of an article was to change twenty pages. Here a pair of term and
article takes eight bytes in one of many small arrays.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from storage.held import Held
from storage.traits import packed_probes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlite_utils import Database

_ARRAYS: Final = 2**16
_MASK: Final = _ARRAYS - 1
_HALF: Final = 32
_LOW: Final = (1 << _HALF) - 1


class _Pairs:
    """Pairs of term and article, in the array of the term's last bits."""

    def __init__(self) -> None:
        self._arrays: list[array[int] | None] = [None] * _ARRAYS

    def add(self, article_id: int, terms: Iterable[int]) -> None:
        arrays = self._arrays
        for term in terms:
            pair = term << _HALF | article_id
            pairs = arrays[term & _MASK]
            if pairs is None:
                arrays[term & _MASK] = array("Q", (pair,))
            elif pair not in pairs:  # as it is when an article is entered anew
                pairs.append(pair)

    def drop(self, article_id: int, terms: Iterable[int]) -> None:
        for term in terms:
            pairs = self._arrays[term & _MASK]
            pair = term << _HALF | article_id
            if pairs is not None and pair in pairs:
                pairs.remove(pair)

    def articles(self, term: int) -> list[int]:
        pairs = self._arrays[term & _MASK]
        return [pair & _LOW for pair in pairs if pair >> _HALF == term] if pairs else []


def _load(db: Database) -> _Pairs:
    made = _Pairs()
    for article_id, profile in db.conn.execute("SELECT article_id, profile FROM traits ORDER BY article_id"):
        made.add(article_id, packed_probes(profile))
    return made


_pairs = Held("story_terms", _load)


def articles_of(db: Database, terms: Iterable[int], most: int, *, first: bool = False) -> dict[int, list[int]]:
    """The articles that have each of these terms, of too many the newest, or the `first` ones."""
    pairs = _pairs.of(db)
    found = {}
    for term in terms:
        articles = pairs.articles(term)
        if len(articles) > most:
            articles = sorted(articles)[:most] if first else sorted(articles)[-most:]
        if articles:
            found[term] = articles
    return found


def add_terms(db: Database, article_id: int, terms: Iterable[int]) -> None:
    """Let an article be found by its terms; its row of `traits` has them."""
    _pairs.change(db).add(article_id, terms)


def drop_terms(db: Database, profiles: Iterable[tuple[int, bytes]]) -> None:
    """Let articles be found by the terms of their packed profiles no more."""
    pairs = _pairs.change(db)
    for article_id, profile in profiles:
        pairs.drop(article_id, packed_probes(profile))
