"""Every written form that any watch asks for, looked up in an article all at once.

Words are keys of a table for each language in which each word of the article is looked up once, names of several words
among them, beginnings of words by their own first letters. What is written without spaces is found by an automaton.
What stands in an article costs time, what is only asked for does not.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ahocorasick_rs import AhoCorasick

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from alerts.watches.page import Page

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


Sign: TypeAlias = "str | Form"
"""What shows that a word is there: its token, or a form of which only the tokens are known to stand somewhere."""

Signs: TypeAlias = "str | list[Sign]"
"""Of one word; mostly it is a single token, for which there is no list to be made."""

_LONGEST_HEAD = 4
"""First letters under which a beginning is looked up; what comes after them is compared."""

_Entry: TypeAlias = "int | tuple[int | tuple[int, Form], ...]"
"""Whose form a token is: the number of a word, or several, with the form where more than the token is to be seen. In a
table of a million tokens every object counts."""


class Lexicon:
    """Grows while watches are compiled; then `freeze` it."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, _Entry]] = {ANY: {}}
        """The words of each language, once frozen with those that count in all: an article is looked up in one table,
        a fraction of the whole, and finds more of it in the processor's caches."""
        self._rows: list[tuple[str, int, Form]] = []
        """Forms of several words, until they are frozen into the tables, each under its rarest word."""
        self._lines: dict[str, list[tuple[str, int, Form]]] = {}
        """What the automaton looks for: writing without spaces, and whose forms it may be."""
        self._beginnings: dict[str, list[int]] = {}
        """What words may begin with, whatever the language."""
        self._heads: dict[int, dict[str, tuple[int, ...]]] = {}
        """The lengths of those beginnings, by their own first letters, of which there are so many."""
        self._owners: list[list[tuple[str, int, Form]]] = []
        self._automaton: AhoCorasick | None = None

    def __getstate__(self) -> tuple[object, ...]:
        return self._tables, self._lines, self._beginnings, self._heads

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._tables, self._lines, self._beginnings, self._heads = state
        self._rows = []
        self._build()

    def freeze(self) -> None:
        """Build what is asked of what was added. Nothing can be added any more."""
        uses = Counter(token for _, _, form in self._rows for token in form.tokens)
        for language, number, form in self._rows:
            rarest = min(form.whole_tokens, key=lambda token: uses[token] * _by_length(token))
            self._put(language, rarest, ((number, form),))
        self._rows.clear()
        for language in self._tables.keys() - {ANY}:
            for word, entry in self._tables[ANY].items():
                self._put(language, word, entry)
        for language, table in self._tables.items():
            self._put_beginnings(language, table)
        self._build()

    def _put_beginnings(self, language: str, table: Mapping[str, _Entry]) -> None:
        """Known words say themselves what they begin with: only the others of an article are then asked for it."""
        for number, word in list(self._begun(table)):
            self._put(language, word, number)

    def _build(self) -> None:
        self._owners = list(self._lines.values())
        self._automaton = AhoCorasick(list(self._lines), store_patterns=False) if self._lines else None

    def add(self, number: int, forms: Iterable[tuple[str, Form]]) -> None:
        """Say in which forms a word is written, each with its language or `ANY`."""
        known = list(forms)
        everywhere = {form for language, form in known if language == ANY}
        for language, form in known:
            if form.tokens and (language == ANY or form not in everywhere):
                self._add(language, number, form)

    def _add(self, language: str, number: int, form: Form) -> None:
        if any(form.touching):
            line = " " + " ".join(form.tokens) + ("" if form.open_end else " ")
            self._lines.setdefault(line, []).append((language, number, form))
        elif form.open_end and len(form.tokens) == 1:
            (beginning,) = form.tokens
            self._beginnings.setdefault(beginning, []).append(number)
            heads = self._heads.setdefault(min(len(beginning), _LONGEST_HEAD), {})
            lengths = heads.get(beginning[:_LONGEST_HEAD], ())
            heads[beginning[:_LONGEST_HEAD]] = tuple(sorted({*lengths, len(beginning)}))
        elif len(form.tokens) > 1:
            self._tables.setdefault(language, {})
            self._rows.append((language, number, form))
        else:
            self._put(language, form.tokens[0], ((number, form),) if form.capitals else number)

    def _put(self, language: str, word: str, entry: _Entry) -> None:
        table = self._tables.setdefault(language, {})
        before = table.get(word)
        table[word] = entry if before is None else (*_each(before), *_each(entry))

    def find(self, page: Page) -> dict[int, Signs]:
        """The numbers of the words that have a form in the article, and what shows it."""
        signs: dict[int, Signs] = {}
        strange: list[str] = []
        words = page.words
        table = self._table(page)
        for word, entry in zip(words, map(table.get, words), strict=True):
            if entry is None:
                strange.append(word)
            elif isinstance(entry, int):
                if signs.setdefault(entry, word) is not word:
                    _note(signs, entry, word)
            else:
                for one in entry:
                    if isinstance(one, int):
                        if signs.setdefault(one, word) is not word:
                            _note(signs, one, word)
                    elif all(map(words.__contains__, one[1].whole_tokens)):
                        _note(signs, *one)
        for number, sign in chain(self._begun(strange), self._in_line(page)):
            _note(signs, number, sign)
        return signs

    def _table(self, page: Page) -> Mapping[str, _Entry]:
        """The words of the article's language; of one that is not known, those of all languages that it has."""
        if page.language is not None:
            return self._tables.get(page.language, self._tables[ANY])
        found: dict[str, _Entry] = {}
        for word in page.words:
            entries = [table[word] for table in self._tables.values() if word in table]
            if entries:
                found[word] = tuple(dict.fromkeys(one for entry in entries for one in _each(entry)))
        return found

    def _begun(self, words: Collection[str]) -> Iterator[tuple[int, str]]:
        """Those of the words that begin with what is asked for, each with the number of that."""
        beginnings = self._beginnings
        for length, heads in self._heads.items():
            for word in [word for word in words if word[:length] in heads]:
                for end in heads[word[:length]]:
                    if end > len(word):
                        break
                    for number in beginnings.get(word[:end], ()):
                        yield number, word

    def _in_line(self, page: Page) -> Iterator[tuple[int, Sign]]:
        """What the automaton finds in an article with writing without spaces."""
        if self._automaton is None or not page.has_unspaced:
            return
        found = self._automaton.find_matches_as_indexes(page.line, overlapping=True)
        for pattern in {pattern for pattern, _, _ in found}:
            for language, number, form in self._owners[pattern]:
                if page.may_be_in(language):
                    yield number, form


def _each(entry: _Entry) -> tuple[int | tuple[int, Form], ...]:
    return (entry,) if isinstance(entry, int) else entry


def _note(signs: dict[int, Signs], number: int, sign: Sign) -> None:
    before = signs.get(number)
    if before is None:
        signs[number] = sign if isinstance(sign, str) else [sign]
    elif isinstance(before, str):
        signs[number] = [before, sign]
    else:
        before.append(sign)


def commonness(form: Form, shares: Mapping[str, float]) -> float:
    """About the share of articles in which the form stands: as if its tokens had nothing to do with each other.

    Of a token that is not in `shares` it is guessed by the length.
    """
    return prod(shares.get(token, 0.0) or _by_length(token) for token in form.tokens)


def _by_length(token: str) -> float:
    """Every two letters more make a word half as frequent; a Chinese character says as much as three letters."""
    return 0.5 ** (len(token.encode()) / 2) if token.isalpha() else 0.1
