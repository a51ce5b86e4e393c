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

from config.common_words import load_common_words, load_months
from storage.folding import fold
from storage.model import Traits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    common = {code(term): shares[term] for term in (*title_terms, *text_terms) if term in shares}
    in_title, in_text = list(map(code, title_terms)), list(map(code, text_terms))
    everywhere = sorted({code(f"@{name}") for name in names})
    places: dict[int, float] = dict.fromkeys(in_text[_LEAD:], _REST_WEIGHT)
    places |= dict.fromkeys(in_text[:_LEAD], _LEAD_WEIGHT)
    for term in in_title:
        places[term] = places.get(term, 0.0) / 2 + _TITLE_WEIGHT
    places |= dict.fromkeys(everywhere, _LEAD_WEIGHT)
    return Traits(
        terms=array("I", places.keys()),
        places=array("d", places.values()),
        head=array("I", dict.fromkeys((*in_title, *in_text[:_HEAD]))),
        proper=tuple(sorted(map(code, proper))),
        names=tuple(everywhere),
        days=days_in(f"{title}\n{text[:_DAYS_IN]}"),
        common=common,
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


def rarity(share: float, seen: int, counted: int) -> float:
    """How much a term tells: of `counted` articles `seen` have it, and `share` of all news."""
    return max(0.0, log((_PRIOR + counted + 1) / (_PRIOR * share + seen + 0.5)) - _FLOOR)


@dataclass(frozen=True)
class Profile:
    """An article ready for comparing: the weight of each of its terms, and which of them say what it is about.

    `proper` has the rarity of the names in its title, `names` are the terms that hold in every language.
    """

    weights: Mapping[int, float]
    head: frozenset[int] = frozenset()
    proper: Mapping[int, float] = field(default_factory=dict)
    names: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    @cached_property
    def norm(self) -> float:
        """The length of the vector of weights."""
        return sqrt(sum(weight * weight for weight in self.weights.values())) or 1.0

    @cached_property
    def head_weight(self) -> float:
        """What the terms that say what it is about weigh together."""
        return sum(self.weights[term] for term in self.head) or 1.0

    @cached_property
    def named(self) -> dict[int, float]:
        """The weights of what holds in every language."""
        return {term: self.weights[term] for term in self.names if term in self.weights}

    @cached_property
    def probes(self) -> tuple[int, ...]:
        """The terms, the heaviest, by which its like are looked for."""
        least = sorted(self.weights.values(), reverse=True)[:PROBES][-1:]  # numbers alone are sorted in no time
        heavy = [(-weight, term) for term, weight in self.weights.items() if weight >= least[0]]
        return tuple(term for _, term in sorted(heavy)[:PROBES])


def weight_of(rarity: float) -> float:
    """What a term of such a rarity weighs."""
    weight: float = rarity**_POWER
    return weight


class Weighing(Protocol):
    """How rare terms are, as `storage.rarities` knows it of an archive."""

    def of(self, term: int) -> float:
        """The rarity of a term."""
        ...

    def weigh(self, terms: Sequence[int], places: Sequence[float]) -> dict[int, float]:
        """The terms that weigh something; `places` is what the place of each counts."""
        ...


def profile_of(traits: Traits, rarities: Weighing) -> Profile:
    """Weigh the terms by where they stand and how rare each is."""
    weights = rarities.weigh(traits.terms, traits.places)
    return Profile(
        weights,
        frozenset(weights.keys() & traits.head),
        {term: rarities.of(term) for term in traits.proper if term in weights},
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
    probes = profile.probes
    terms = {**dict.fromkeys(probes, 0.0), **profile.weights}
    proper = profile.proper
    kinds = (terms, profile.head, proper, profile.names & terms.keys(), profile.days)
    numbers = array("I", (len(probes), *map(len, kinds), *chain.from_iterable(kinds)))
    return numbers.tobytes() + array("f", chain(terms.values(), proper.values())).tobytes()


def unpack(data: bytes) -> Profile:
    """The inverse of `pack`, but for rounding."""
    numbers = array("I", data)
    _, *sizes = numbers[:_SIZES]
    ends = list(accumulate(sizes, initial=_SIZES))
    terms, head, proper, names, days = (numbers[start:end] for start, end in pairwise(ends))
    weights = array("f", data[ends[-1] * numbers.itemsize :])
    return Profile(
        dict(zip(terms, weights, strict=False)),
        frozenset(head),
        dict(zip(proper, weights[len(terms) :], strict=True)),
        frozenset(names),
        frozenset(days),
    )


def packed_probes(data: bytes) -> list[int]:
    """The terms by which the like of a packed profile are looked for."""
    numbers = array("I", data)
    return list(numbers[_SIZES : _SIZES + numbers[0]])


_SIZES: Final = 6
