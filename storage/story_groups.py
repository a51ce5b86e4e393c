"""Which of some articles tell one story, and which story of before each group is. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LINK: Final = 0.68
"""Two articles as like as this tell one story."""
HOLD: Final = 0.4
"""Groups in which two do become one while all their members are so like each other on average."""


def pair(one: int, other: int) -> tuple[int, int]:
    """A key for two articles, whichever comes first."""
    return (one, other) if one < other else (other, one)


def grouped(articles: Iterable[int], likeness: Mapping[tuple[int, int], float]) -> list[frozenset[int]]:
    """The articles in groups, by average linkage: the two most alike are joined again and again.

    It depends on the articles and their likeness alone, not on the order in which they came.
    """
    groups: dict[int, list[int]] = {article: [article] for article in sorted(set(articles))}
    sums = {key: value for key, value in likeness.items() if key[0] in groups and key[1] in groups}
    best = dict(sums)
    while True:
        able = [
            (-sums[key] / (len(groups[key[0]]) * len(groups[key[1]])), key)
            for key, most in best.items()
            if most >= LINK and sums[key] >= HOLD * len(groups[key[0]]) * len(groups[key[1]])
        ]
        if not able:
            return sorted((frozenset(members) for members in groups.values()), key=min)
        kept, gone = min(able)[1]
        groups[kept] += groups.pop(gone)
        for other in groups:
            if other != kept and (lost := sums.pop(pair(gone, other), None)) is not None:
                key = pair(kept, other)
                sums[key] = sums.get(key, 0.0) + lost
                best[key] = max(best.get(key, lost), best.pop(pair(gone, other)))
        del sums[kept, gone], best[kept, gone]


def named(groups: Sequence[frozenset[int]], before: Mapping[int, int]) -> dict[frozenset[int], int | None]:
    """For each group the story of before that it goes on with, None for a new one.

    A story goes on in the group that has most of its articles; where two stories become one, the older id stays, which
    more was written about.
    """
    overlaps = Counter((before[one], group) for group in groups for one in group if one in before)
    found: dict[frozenset[int], int | None] = dict.fromkeys(groups)
    taken: set[int] = set()
    for story, group in sorted(overlaps, key=lambda key: (-overlaps[key], key[0], min(key[1]))):
        if story not in taken and found[group] is None:
            found[group] = story
            taken.add(story)
    return found


def central(members: Iterable[int], likeness: Mapping[tuple[int, int], float]) -> int:
    """The article that is most like all others."""
    ids = sorted(members)
    return max(ids, key=lambda one: (sum(likeness.get(pair(one, two), 0.0) for two in ids if two != one), -one))
