"""Every written form that any watch asks for, looked up in an article all at once.

Words are keys of a table for each language, which meets the set of the article's words; names of several words,
Chinese ones and beginnings of words are found by an automaton. What stands in an article costs time, what is only
asked for does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ahocorasick_rs import AhoCorasick

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from alerts.watches.page import Page

ANY = ""
"""In place of a language: the form counts in texts of all of them."""
ALWAYS = 0
"""The number of what every article has."""


class Form(NamedTuple):
    """One way to write a word: its tokens; which of them must touch the one before; capitals, where they matter.

    `capitals` says for the first letters of each token whether they must be capitals; empty leaves them free.
    With `open_end` the last token may go on.
    """

    tokens: tuple[str, ...]
    touching: tuple[bool, ...]
    capitals: tuple[tuple[bool, ...], ...] = ()
    open_end: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the form stands wherever its only token does."""
        return len(self.tokens) == 1 and not self.capitals and not self.open_end


Sign: TypeAlias = "str | Form"
"""What shows that a word is there: its token, or a form of which only the automaton's part is known to stand there."""

Signs: TypeAlias = "str | list[Sign]"
"""Of one word; mostly it is a single token, for which there is no list to be made."""

_Entry: TypeAlias = "int | tuple[int | tuple[int, Form], ...]"
"""Whose form a token is: a word's number and the languages in which it counts, as bits, in one integer (in a table of
a million tokens every object counts), or several, with the form where more than the token is to be seen."""

_LANGUAGE_BITS = 16
_ANY_BIT = 1
_ALL_BITS = (1 << _LANGUAGE_BITS) - 1


class Lexicon:
    """Grows while watches are compiled; then `freeze` it."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {ANY: _ANY_BIT}
        self._words: dict[str, _Entry] = {}
        self._patterns: dict[str, list[tuple[int, Form]]] = {}
        self._owners: list[list[tuple[int, Form]]] = []
        self._automaton: AhoCorasick | None = None

    def __getstate__(self) -> tuple[object, ...]:
        return self._bits, self._words, self._patterns

    def __setstate__(self, state: tuple[dict[str, int], dict[str, _Entry], dict[str, list[tuple[int, Form]]]]) -> None:
        self._bits, self._words, self._patterns = state
        self.freeze()

    def freeze(self) -> None:
        """Build what is asked of what was added."""
        self._owners = list(self._patterns.values())
        self._automaton = AhoCorasick(list(self._patterns), store_patterns=False) if self._patterns else None

    def add(self, number: int, forms: Iterable[tuple[str, Form]]) -> None:
        """Say in which forms a word is written, each with its language or `ANY`."""
        languages: dict[Form, int] = {}
        for language, form in forms:
            bit = self._bits.setdefault(language, 1 << len(self._bits))
            languages[form] = languages.get(form, 0) | bit
        keys = {bits: number << _LANGUAGE_BITS | bits for bits in languages.values()}
        for form, bits in languages.items():
            if len(form.tokens) == 1 and not form.open_end:
                self._add_word(form.tokens[0], keys[bits], form if form.capitals else None)
            elif form.tokens:
                line = " " + " ".join(form.tokens) + ("" if form.open_end else " ")
                self._patterns.setdefault(line, []).append((keys[bits], form))

    def _add_word(self, word: str, key: int, form: Form | None) -> None:
        entry = key if form is None else (key, form)
        before = self._words.get(word)
        if before is None:
            self._words[word] = entry if isinstance(entry, int) else (entry,)
        else:
            self._words[word] = (before, entry) if isinstance(before, int) else (*before, entry)

    def find(self, page: Page) -> dict[int, Signs]:
        """The numbers of the words that have a form in the article, and what shows it."""
        languages = _ALL_BITS if page.language is None else _ANY_BIT | self._bits.get(page.language, 0)
        signs: dict[int, Signs] = {}
        words = page.words
        for word, entry in zip(words, map(self._words.get, words), strict=True):
            if entry is None:
                continue
            if not isinstance(entry, int):
                for one in entry:
                    key, sign = (one, word) if isinstance(one, int) else one
                    if key & languages:
                        _note(signs, key >> _LANGUAGE_BITS, sign)
            elif entry & languages:
                number = entry >> _LANGUAGE_BITS
                if number in signs:
                    _note(signs, number, word)
                else:
                    signs[number] = word
        for key, sign in self._in_line(page):
            if key & languages:
                _note(signs, key >> _LANGUAGE_BITS, sign)
        return signs

    def _in_line(self, page: Page) -> Iterator[tuple[int, Sign]]:
        """What the automaton finds; of the beginnings of words the words."""
        if self._automaton is None:
            return
        line = page.line
        found: set[tuple[int, str]] = set()
        for pattern, start, end in self._automaton.find_matches_as_indexes(line, overlapping=True):
            found.add((pattern, "" if line[end - 1] == " " else line[start + 1 : line.index(" ", end - 1)]))
        for pattern, rest in found:
            for key, form in self._owners[pattern]:
                yield key, rest if form.open_end and len(form.tokens) == 1 else form


def _note(signs: dict[int, Signs], number: int, sign: Sign) -> None:
    before = signs.get(number)
    if before is None:
        signs[number] = sign if isinstance(sign, str) else [sign]
    elif isinstance(before, str):
        signs[number] = [before, sign]
    else:
        before.append(sign)


def commonness(form: Form, shares: Mapping[str, float]) -> float:
    """About the share of articles in which the form stands: of its rarest token's, by length when that is unknown."""
    return min(shares.get(token, 0.0) or _by_length(token) for token in form.tokens)


def _by_length(token: str) -> float:
    """Every two letters more make a word half as frequent; a Chinese character says as much as three letters."""
    return 0.5 ** (len(token.encode()) / 2) if token.isalpha() else 0.1
