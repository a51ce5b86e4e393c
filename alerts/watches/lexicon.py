"""Every written form that any watch asks for, looked up in an article all at once.

Words are keys of a table for each language, which meets the set of the article's words; names of several words,
Chinese ones and beginnings of words are found by an automaton. What stands in an article costs time, what is only
asked for does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ahocorasick_rs import AhoCorasick

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from alerts.watches.page import Page

ANY = ""
"""In place of a language: the form counts in texts of all of them."""


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

_Entry: TypeAlias = "int | tuple[tuple[int, Form | None], ...]"
"""Whose form a token is: the number of one word, or several, with the form where more than the token is to be seen."""


class Lexicon:
    """Grows while watches are compiled; then `freeze` it."""

    def __init__(self) -> None:
        self._words: dict[str, dict[str, _Entry]] = {ANY: {}}
        self._patterns: dict[str, list[tuple[str, int, Form]]] = {}
        self._owners: list[list[tuple[str, int, Form]]] = []
        self._automaton: AhoCorasick | None = None

    def __getstate__(self) -> tuple[object, ...]:
        return self._words, self._patterns

    def __setstate__(self, state: tuple[dict[str, dict[str, _Entry]], dict[str, list[tuple[str, int, Form]]]]) -> None:
        self._words, self._patterns = state
        self.freeze()

    def freeze(self) -> None:
        """Build the automaton of what was added."""
        self._owners = list(self._patterns.values())
        self._automaton = AhoCorasick(list(self._patterns), store_patterns=False) if self._patterns else None

    def add(self, number: int, form: Form, language: str = ANY) -> None:
        """Say that a word has a form, in all languages or in one."""
        if len(form.tokens) == 1 and not form.open_end:
            self._add_word(number, form.tokens[0], form if form.capitals else None, language)
        elif form.tokens:
            line = " " + " ".join(form.tokens) + ("" if form.open_end else " ")
            self._patterns.setdefault(line, []).append((language, number, form))

    def add_words(self, number: int, words: Iterable[str], language: str) -> None:
        """Say that a word has forms that are single tokens."""
        for word in words:
            self._add_word(number, word, None, language)

    def _add_word(self, number: int, word: str, form: Form | None, language: str) -> None:
        table = self._words.setdefault(language, {})
        before = table.get(word)
        if before is None:
            table[word] = number if form is None else ((number, form),)
        else:
            table[word] = (*(((before, None),) if isinstance(before, int) else before), (number, form))

    def find(self, page: Page) -> dict[int, list[Sign]]:
        """The numbers of the words that have a form in the article, and what shows it."""
        signs: dict[int, list[Sign]] = {}
        words = set().union(*(stream.tokens for stream in page.streams))
        for table in self._tables(page.language):
            for word in table.keys() & words:
                entry = table[word]
                if isinstance(entry, int):
                    if entry in signs:
                        signs[entry].append(word)
                    else:
                        signs[entry] = [word]
                else:
                    for number, form in entry:
                        signs.setdefault(number, []).append(form or word)
        for number, sign in self._in_line(page):
            signs.setdefault(number, []).append(sign)
        return signs

    def _tables(self, language: str | None) -> Collection[Mapping[str, _Entry]]:
        if language is None:
            return self._words.values()
        own = self._words.get(language)
        return (self._words[ANY],) if own is None else (self._words[ANY], own)

    def _in_line(self, page: Page) -> Iterator[tuple[int, Sign]]:
        """What the automaton finds; of the beginnings of words the words."""
        if self._automaton is None:
            return
        line = page.line
        found: set[tuple[int, str]] = set()
        for pattern, start, end in self._automaton.find_matches_as_indexes(line, overlapping=True):
            found.add((pattern, "" if line[end - 1] == " " else line[start + 1 : line.index(" ", end - 1)]))
        language = page.language
        for pattern, rest in found:
            for known, number, form in self._owners[pattern]:
                if known in (ANY, language) or language is None:
                    yield number, rest if form.open_end and len(form.tokens) == 1 else form


def commonness(form: Form, shares: Mapping[str, float]) -> float:
    """About the share of articles in which the form stands: of its rarest token's, by length when that is unknown."""
    return min(shares.get(token, 0.0) or _by_length(token) for token in form.tokens)


def _by_length(token: str) -> float:
    """Every two letters more make a word half as frequent; a Chinese character says as much as three letters."""
    return 0.5 ** (len(token.encode()) / 2) if token.isalpha() else 0.1
