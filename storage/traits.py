"""What an article is about, as far as it can be compared: its words and the names in it, and how like two are. Pure.

Words are folded and cut to five letters, which joins the cases of a declined word in most languages; of Chinese pairs
of characters are taken. Names (of people and places, by their English label) are the same in every script.
"""

from __future__ import annotations

import re
import zlib
from array import array
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, pairwise
from math import log, sqrt
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from config.common_words import load_common_words, load_months
from storage.folding import fold
from storage.model import Traits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

STEM: Final = 5
"""Letters of a word that count."""
_TEXT: Final = 4000
_WORDS: Final = 300
"""Characters and words at the beginning of a text that are looked at."""
_LEAD: Final = 100
_DAY_MONTH: Final = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|\.|er)?[ \u00a0]+(?:de |of )?([^\W\d_]{3,})")
_MONTH_DAY: Final = re.compile(r"([^\W\d_]{3,})\.?[ \u00a0]+(\d{1,2})\b(?![.:]\d)")
_NUMBERS: Final = re.compile(
    r"(\d{1,2})月(\d{1,2})[日号]|\b(\d{1,2})\.(\d{1,2})\.(?:20)?\d\d\b|\b20\d\d-(\d\d)-(\d\d)\b"
)
_TITLE_WEIGHT, _LEAD_WEIGHT, _REST_WEIGHT = 3.0, 1.0, 0.6
_POWER: Final = 1.4
"""How much more a rare word counts than a common one."""
_FLOOR: Final = 0.5
PROBES: Final = 20
"""Terms, the heaviest of an article, by which others are looked for."""
_PRIOR: Final = 2000
"""As many articles the prior shares of common words are worth."""
_HEAD: Final = 35
"""Words of the text that, with the title, say what it is about."""
_DAYS_IN: Final = 700
"""Characters of the text in which days are looked for."""


def code(term: str) -> int:
    """The number by which a term is known."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))


def terms_of(text: str) -> list[str]:
    """Its words cut short, and of scripts without spaces pairs of neighbouring characters."""
    folded = fold(text)
    if not folded.unspaced:
        return [word[:STEM] for word in folded.words if len(word) > 1]
    tokens = folded.tokens
    terms = [token.text[:STEM] for token in tokens if not token.unspaced and len(token.text) > 1]
    terms += [a.text + b.text for a, b in pairwise(tokens) if a.unspaced and b.unspaced and b.joined]
    return terms


def traits_of(title: str, text: str, names: Iterable[str] = ()) -> Traits:
    """The traits of an article; `names` are labels of the people and places in its title and lead."""
    title_terms = dict.fromkeys(terms_of(title))
    text_terms = dict.fromkeys(terms_of(text[:_TEXT])[:_WORDS])
    proper = {
        term for word in title.split()[1:] if word[:1].isupper() or word[1:2].isupper() for term in terms_of(word)
    }
    shares = load_common_words()
    in_title, in_text = list(map(code, title_terms)), list(map(code, text_terms))
    everywhere = sorted({code(f"@{name}") for name in names})
    places: dict[int, float] = dict.fromkeys(in_text[_LEAD:], _REST_WEIGHT)
    places |= dict.fromkeys(in_text[:_LEAD], _LEAD_WEIGHT)
    for term in in_title:
        places[term] = places.get(term, 0.0) / 2 + _TITLE_WEIGHT
    places |= dict.fromkeys(everywhere, _LEAD_WEIGHT)
    common = {code(term): shares[term] for term in title_terms | text_terms if term in shares}
    return Traits(
        terms=array("I", places.keys()),
        places=array("d", places.values()),
        head=array("I", dict.fromkeys((*in_title, *in_text[:_HEAD]))),
        proper=tuple(sorted(map(code, proper))),
        names=tuple(everywhere),
        days=days_in(f"{title}\n{text[:_DAYS_IN]}"),
        common={place: common[term] for place, term in enumerate(places) if term in common},
    )


def days_in(text: str) -> tuple[int, ...]:
    """The days of the year that a text names: 5 мая, May 5, 5月5日, 05.05.2023, 2023-05-05."""
    months = load_months()
    found = {(months.get(word.casefold(), 0), int(day)) for day, word in _DAY_MONTH.findall(text)}
    found |= {(months.get(word.casefold(), 0), int(day)) for word, day in _MONTH_DAY.findall(text)}
    for row in _NUMBERS.findall(text):
        month, day = (row[0], row[1]) if row[0] else (row[3], row[2]) if row[2] else (row[4], row[5])
        found.add((int(month), int(day)))
    return tuple(sorted(month * 32 + day for month, day in found if 1 <= month <= 12 and 1 <= day <= 31))  # noqa: PLR2004


# ---------------------------------------------------------------- weighing


def rarity(share: ArrayLike, seen: ArrayLike, counted: int) -> NDArray[np.float64]:
    """How much terms tell: of `counted` articles `seen` have one, and `share` of all news; of one or of many."""
    expected = _PRIOR * np.asarray(share, np.float64) + np.asarray(seen, np.float64) + 0.5
    told: NDArray[np.float64] = np.maximum(0.0, np.log((_PRIOR + counted + 1) / expected) - _FLOOR)
    return told


@dataclass(frozen=True, eq=False)
class Profile:
    """An article ready for comparing: its different terms, what each of them weighs, and which say what it is about.

    `proper` has the rarity of the names in its title, `names` are the terms that hold in every language. Most articles
    are compared with none, so that what only comparing asks is made at its first use.
    """

    terms: NDArray[np.uint32]
    values: NDArray[np.float64]
    beginning: Collection[int] = ()
    proper: Mapping[int, float] = field(default_factory=dict)
    names: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    @classmethod
    def of(cls, weights: Mapping[int, float]) -> Profile:
        """With nothing but weights."""
        return cls(np.fromiter(weights.keys(), np.uint32), np.fromiter(weights.values(), np.float64))

    @cached_property
    def weights(self) -> dict[int, float]:
        """What each term weighs."""
        return dict(zip(self.terms.tolist(), self.values.tolist(), strict=True))

    @cached_property
    def head(self) -> frozenset[int]:
        """The terms that say what it is about."""
        return frozenset(self.weights.keys() & self.beginning)

    @cached_property
    def norm(self) -> float:
        """The length of the vector of weights."""
        return sqrt(self.values @ self.values) or 1.0

    @cached_property
    def head_weight(self) -> float:
        """What the terms that say what it is about weigh together."""
        return sum(self.weights[term] for term in self.head) or 1.0

    @cached_property
    def named(self) -> dict[int, float]:
        """The weights of what holds in every language."""
        return {term: self.weights[term] for term in self.names if term in self.weights}

    @cached_property
    def heaviest(self) -> NDArray[np.intp]:
        """The places of the terms by which its like are looked for."""
        values = self.values
        least = np.partition(values, -PROBES)[-PROBES] if len(values) > PROBES else 0.0
        heavy = np.flatnonzero(values >= least)
        chosen: NDArray[np.intp] = heavy[np.lexsort((self.terms[heavy], -values[heavy]))[:PROBES]]
        return chosen

    @cached_property
    def probes(self) -> tuple[int, ...]:
        """Those terms, the heaviest first."""
        return tuple(self.terms[self.heaviest].tolist())


def weight_of(rarity: ArrayLike) -> NDArray[np.float64]:
    """What terms of such a rarity weigh."""
    weight: NDArray[np.float64] = np.asarray(rarity) ** _POWER
    return weight


class Weighing(Protocol):
    """How rare terms are, as `storage.rarities` knows it of an archive."""

    def of(self, terms: Sequence[int]) -> NDArray[np.float64]:
        """The rarity of each of these."""
        ...

    def weigh(self, traits: Traits) -> NDArray[np.float64]:
        """What each term of an article weighs, by where it stands and how rare it is."""
        ...


def profile_of(traits: Traits, rarities: Weighing) -> Profile:
    """Weigh the terms by where they stand and how rare each is."""
    terms, values = np.asarray(traits.terms, np.uint32), rarities.weigh(traits)
    weighty = values > 0
    if not weighty.all():
        terms, values = terms[weighty], values[weighty]
    proper = zip(traits.proper, rarities.of(traits.proper).tolist(), strict=True) if traits.proper else ()
    return Profile(
        terms,
        values,
        traits.head,
        {term: rare for term, rare in proper if rare > 0},
        frozenset(traits.names),
        frozenset(traits.days),
    )


def likeness(one: Profile, other: Profile, *, same_language: bool) -> float:
    """How like two articles are; about 1 for two tellings of one thing, negative for what has little in common.

    Beside the words they share it counts how much of what one says at its beginning the other says at all, the names in
    a title that the other has nowhere, and days: who name days, and no common one, tell of different things.
    """
    if not same_language:
        return _likeness_by_name(one, other)
    cosine, covered, unnamed, both, other_days, length = features(one, other)
    return (
        _COSINE * cosine
        + _COVERED * covered
        - _UNNAMED * unnamed
        - _BOTH_UNNAMED * both
        - _OTHER_DAYS * other_days
        + _LENGTH * length
    )


_COSINE: Final = 1.0
_COVERED: Final = 1.0
_UNNAMED: Final = 0.027
_BOTH_UNNAMED: Final = 0.23
_OTHER_DAYS: Final = 0.6
_LENGTH: Final = 0.2
"""A short report and a long one of the same share less than two of one length."""


def features(one: Profile, other: Profile) -> tuple[float, float, float, bool, bool, float]:
    """What `likeness` is the sum of."""
    shared = one.weights.keys() & other.weights.keys()
    product = sum(one.weights[term] * other.weights[term] for term in shared)
    covered = min(
        sum(one.weights[term] for term in one.head & shared) / one.head_weight,
        sum(other.weights[term] for term in other.head & shared) / other.head_weight,
    )
    ours = sum(rare for term, rare in one.proper.items() if term not in shared)
    theirs = sum(rare for term, rare in other.proper.items() if term not in shared)
    other_days = bool(one.days and other.days) and one.days.isdisjoint(other.days)
    length = abs(log((len(one.weights) + 20) / (len(other.weights) + 20)))
    return product / (one.norm * other.norm), covered, ours + theirs, min(ours, theirs) > 0, other_days, length


def _likeness_by_name(one: Profile, other: Profile) -> float:
    ours, theirs = one.named, other.named
    shared = ours.keys() & theirs.keys()
    if len(shared) < _LEAST_NAMES:
        return 0.0
    product = sum(ours[term] * theirs[term] for term in shared)
    lengths = sqrt(sum(w * w for w in ours.values()) * sum(w * w for w in theirs.values()))
    other_days = bool(one.days and other.days) and one.days.isdisjoint(other.days)
    return product / (lengths or 1.0) - _OTHER_DAYS * other_days


_LEAST_NAMES: Final = 3


# ---------------------------------------------------------------- keeping


def pack(profile: Profile) -> bytes:
    """A profile in few bytes: how many there are of what follows, then terms, those it is looked for by first."""
    is_other = np.ones(len(profile.terms), bool)
    is_other[profile.heaviest] = False
    order = np.concatenate((profile.heaviest, np.flatnonzero(is_other)))
    kinds = (profile.beginning, profile.proper, profile.names, profile.days)
    sizes = (len(profile.heaviest), len(order), *map(len, kinds))
    weights = np.concatenate((profile.values[order], np.fromiter(profile.proper.values(), np.float64)))
    return b"".join(
        (
            np.array(sizes, _NUMBER).tobytes(),
            profile.terms[order].astype(_NUMBER).tobytes(),
            np.fromiter(chain.from_iterable(kinds), _NUMBER).tobytes(),
            weights.astype(_WEIGHT).tobytes(),
        )
    )


def unpack(data: bytes) -> Profile:
    """The inverse of `pack`, but for rounding."""
    sizes = np.frombuffer(data, _NUMBER, _SIZES).tolist()[1:]
    ends = list(accumulate(sizes, initial=_SIZES))
    numbers = np.frombuffer(data, _NUMBER, ends[-1])
    weights = np.frombuffer(data, _WEIGHT, offset=numbers.nbytes).astype(np.float64)
    terms, *kinds = (numbers[start:end] for start, end in pairwise(ends))
    head, proper, names, days = (kind.tolist() for kind in kinds)
    return Profile(
        terms,
        weights[: len(terms)],
        head,
        dict(zip(proper, weights[len(terms) :].tolist(), strict=True)),
        frozenset(names),
        frozenset(days),
    )


def packed_probes(data: bytes) -> list[int]:
    """The terms by which the like of a packed profile are looked for."""
    count = int(np.frombuffer(data, _NUMBER, 1)[0])
    probes: list[int] = np.frombuffer(data, _NUMBER, count, offset=_SIZES * _NUMBER.itemsize).tolist()
    return probes


_SIZES: Final = 6
_NUMBER: Final = np.dtype("<u4")
_WEIGHT: Final = np.dtype("<f2")
