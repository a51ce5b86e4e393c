"""Every written form that any watch asks for, looked up in an article all at once.

Words are found in a table by all words of the article together, names of several words under the rarest of them,
beginnings of words in a table of their own. What is written without spaces is found by an automaton. What stands in an
article costs time, what is only asked for does not.
"""

from __future__ import annotations

from array import array
from collections import Counter
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from ahocorasick_rs import AhoCorasick

from alerts.watches.table import Rows, Table, keys_of
from alerts.watches.tokens import Stretches, code_points, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alerts.watches.tokens import Integers, Keys, Tokens

ANY = ""
"""In place of a language: the form counts in texts of all of them."""
ALWAYS = 0
"""The number of what every article has."""


class Form(NamedTuple):
    """One way to write a word: its tokens; which of them must touch the one before; capitals, where they matter.

    `capitals` says for the first letters of each token whether they must be capitals; empty leaves them free.
    With `open_end` the last token may go on; such a form counts in all languages.
    """

    tokens: tuple[str, ...]
    touching: tuple[bool, ...]
    capitals: tuple[tuple[bool, ...], ...] = ()
    open_end: bool = False

    @property
    def whole_tokens(self) -> tuple[str, ...]:
        """Those that stand in a text as they are here."""
        return self.tokens[:-1] if self.open_end else self.tokens


_SPARSE = 16
"""Places of a filter for each thing that passes it: one in so many others passes, too."""
_EVERY_LANGUAGE = (1 << 32) - 1
_NO_LANGUAGE = 1 << 31
"""Bits of languages: this one stands for those of which no watch has forms."""


Formed: TypeAlias = "dict[int, list[tuple[int, Form]]]"
"""Tokens at which forms may begin, by the number of the word."""


class Found(NamedTuple):
    """What of the lexicon stands in an article, by the numbers of its words.

    `places` are those of forms of one token, in order: the number of the word above 32 bits for the number of the
    token. `formed` are tokens at which other forms may begin: of these it is not known whether they are there.
    """

    places: Integers
    formed: Formed


class _Longer(NamedTuple):
    """Forms of which more than one token is to be seen, in columns.

    `places` says which token each is found by, `beside` how far from it another one is that has to stand there as well,
    and `keys` its key: few forms that are not there get past that.
    """

    places: Integers
    beside: Integers
    keys: Keys


class Lexicon:
    """Grows while watches are compiled; then `freeze` it."""

    def __init__(self) -> None:
        self._rows = Rows()
        """Values are numbers of words, doubled, and numbers of longer forms, doubled, and one."""
        self._beginnings: list[str] = []
        self._forms: list[tuple[int, Form]] = []
        """The longer forms, each with the number of its word."""
        self._masks = array("I")
        """And the languages in which it counts."""
        self._lines: dict[str, list[tuple[str, int, Form]]] = {}
        """What the automaton looks for: writing without spaces, and whose forms it may be."""
        self._bits: dict[str, int] = {ANY: _EVERY_LANGUAGE}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_automaton"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        self._automaton = self._built()

    def add(self, number: int, forms: Iterable[tuple[str, Form]]) -> None:
        """Say in which forms a word is written, each with its language or `ANY`."""
        masks: dict[Form, int] = {}
        for language, form in forms:
            if any(form.touching):
                line = " " + " ".join(form.tokens) + ("" if form.open_end else " ")
                self._lines.setdefault(line, []).append((language, number, form))
            elif form.tokens:
                masks[form] = masks.get(form, 0) | self._bit(language)
        for form, mask in masks.items():
            if len(form.tokens) > 1 or form.capitals:
                self._forms.append((number, form))
                self._masks.append(mask)
            elif form.open_end:
                self._beginnings += form.tokens
                self._rows.add(form.tokens[0] + "*", number << 1, mask)
            else:
                self._rows.add(form.tokens[0], number << 1, mask)

    def _bit(self, language: str) -> int:
        if language not in self._bits:
            self._bits[language] = 1 << (len(self._bits) - 1)
        return self._bits[language]

    def freeze(self) -> None:
        """Build what is asked of what was added. Nothing can be added any more."""
        self._longer = self._add_longer()
        self._heads = _Heads(self._beginnings)
        self._table = Table(self._rows)
        del self._rows, self._beginnings
        self._automaton = self._built()

    def _add_longer(self) -> _Longer:
        """Put each longer form under its rarest word."""
        uses = Counter(token for _, form in self._forms for token in form.tokens)
        rarity = {token: count * _by_length(token) for token, count in uses.items()}
        places, beside = array("q"), array("q")
        neighbours = []
        for index, (_, form) in enumerate(self._forms):
            tokens = form.whole_tokens
            place = tokens.index(min(tokens, key=rarity.__getitem__))
            other = place + 1 if place + 1 < len(tokens) else max(place - 1, 0)
            self._rows.add(tokens[place], index << 1 | 1, self._masks[index])
            places.append(place)
            beside.append(other - place)
            neighbours.append(tokens[other])
        return _Longer(np.array(places), np.array(beside), keys_of(neighbours))

    def _built(self) -> AhoCorasick | None:
        self._owners = list(self._lines.values())
        return AhoCorasick(list(self._lines), store_patterns=False) if self._lines else None

    def find(self, tokens: Tokens, language: str | None) -> Found:
        """What stands in an article of this language; when that is not known, forms of all languages count."""
        mask = _EVERY_LANGUAGE if language is None else self._bits.get(language, _NO_LANGUAGE)
        sought, owners = self._heads.with_words(tokens)
        found, values = self._table.find(sought, mask)
        at = owners[found]
        is_longer = (values & 1).astype(bool)
        is_alone = ~is_longer
        places = (values[is_alone] >> 1 << 32) | at[is_alone]
        places.sort()
        formed: dict[int, list[tuple[int, Form]]] = {}
        self._note_longer(formed, values[is_longer] >> 1, at[is_longer], tokens.words.keys)
        if self._automaton is not None and tokens.has_unspaced:
            self._note_lines(formed, self._automaton, tokens, language)
        return Found(places, formed)

    def _note_longer(self, formed: Formed, longer: Integers, at: Integers, keys: Keys) -> None:
        known = self._longer
        stands = keys.take(at + known.beside[longer], mode="clip") == known.keys[longer]
        longer = longer[stands]
        firsts = at[stands] - known.places[longer]
        for form, first in zip(longer.tolist(), firsts.tolist(), strict=True):
            number, written = self._forms[form]
            formed.setdefault(number, []).append((first, written))

    def _note_lines(self, formed: Formed, automaton: AhoCorasick, tokens: Tokens, language: str | None) -> None:
        """What the automaton finds in an article with writing without spaces."""
        line = tokens.line
        found = automaton.find_matches_as_indexes(line, overlapping=True)
        spaces = np.flatnonzero(code_points(line) == ord(" "))
        firsts = spaces.searchsorted([start for _, start, _ in found])
        for (pattern, _, _), first in zip(found, firsts.tolist(), strict=True):
            for counts_in, number, form in self._owners[pattern]:
                if language is None or counts_in in (ANY, language):
                    formed.setdefault(number, []).append((first, form))


class _Heads:
    """What words begin with, by lengths: of most words the first letters already show that nothing begins them."""

    def __init__(self, beginnings: Sequence[str]) -> None:
        lengths = sorted({len(beginning) for beginning in beginnings})
        self._lengths = np.array(lengths, np.int64)
        self._fitting = self._lengths.searchsorted(np.arange(lengths[-1] + 1 if lengths else 1), side="right")
        """How many of these there are of a word of so many letters; of longer ones all."""
        heads = keys_of(list({beginning[: lengths[0]] + "*" for beginning in beginnings}))
        self._shift = np.uint64(64 - max((_SPARSE * len(heads)).bit_length(), 1))
        self._may_begin = np.zeros(1 << 64 - int(self._shift), bool)
        self._may_begin[(heads >> self._shift).astype(np.int64)] = True
        """By the first bits of the key of the first letters, as many as the shortest beginning has."""

    def with_words(self, tokens: Tokens) -> tuple[Stretches, Integers]:
        """All words of an article and what they may begin with, and of each the token to which it belongs."""
        words, letters = tokens.words, tokens.letters
        owners = np.arange(len(words.starts))
        if not len(self._lengths):
            return words, owners
        counts = self._fitting.take(words.ends - words.starts, mode="clip")
        long = counts.nonzero()[0]
        keys = letters.beginnings(words.starts[long], self._lengths[:1]).keys
        long = long[self._may_begin[(keys >> self._shift).astype(np.int64)]]
        counts = counts[long]
        of_heads = long.repeat(counts)
        lengths = self._lengths[spread(np.zeros_like(counts), counts)]
        heads = letters.beginnings(words.starts[of_heads], lengths)
        both = Stretches(words.codes, *(np.concatenate(pair) for pair in zip(words[1:], heads[1:], strict=True)))
        return both, np.concatenate([owners, of_heads])


def commonness(form: Form, shares: Mapping[str, float]) -> float:
    """About the share of articles in which the form stands: as if its tokens had nothing to do with each other.

    Of a token that is not in `shares` it is guessed by the length.
    """
    return prod(shares.get(token, 0.0) or _by_length(token) for token in form.tokens)


def _by_length(token: str) -> float:
    """Every two letters more make a word half as frequent; a Chinese character says as much as three letters."""
    return 0.5 ** (len(token.encode()) / 2) if token.isalpha() else 0.1
