"""The cities of `config/places.yaml` as one language writes them, found among the tokens of a sentence."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from alerts.inflection import decline_title
from alerts.meetings.tokens import Tokenizer
from config.lexicon import normalise
from config.persons import fold_name
from config.places import load_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.meetings.tokens import Token
    from config.places import Place

_WORD_LIKE = 4
"""Letters; a name so short is another word without its accents ("Malé", "Saná")."""


class Found(NamedTuple):
    """A name at tokens `[start, end)`; `label` is None for what only holds a city's name."""

    start: int
    end: int
    label: str | None
    close: bool


class _Name(NamedTuple):
    words: tuple[str, ...]
    label: str | None
    close: bool


class Gazetteer:
    """One language's names of places. `vocabulary` are the words that a tokenizer must not cut."""

    def __init__(self, language: str, *, spaced: bool) -> None:
        self._tokenizer = Tokenizer(spaced=True) if spaced else None
        self._names: dict[str, list[_Name]] = defaultdict(list)
        places = load_places()
        close = {normalise(form) for form in places.close.get(language, ())}
        for place in places.cities:
            for form in _written(place, language, spaced=spaced):
                self._add(form, place.label, close=normalise(form) in close)
        for name in places.others.get(language, ()):
            self._add(name, None, close=False)
        for names in self._names.values():
            names.sort(key=lambda name: -len(name.words))
        self.vocabulary = frozenset() if spaced else frozenset(self._names)

    def _add(self, form: str, label: str | None, *, close: bool) -> None:
        cut = self._tokenizer.words(form, 0, len(form)) if self._tokenizer else ()
        words = tuple(token.word for token in cut) or (normalise(form),)
        if not any(name.words == words for name in self._names.get(words[0], ())):
            self._names[words[0]].append(_Name(words, label, close))

    def find(self, tokens: Sequence[Token]) -> Iterator[Found]:
        """The names in the order of the sentence, disjoint; of those that begin at one token the longest."""
        free = 0
        for at, token in enumerate(tokens):
            if at < free:
                continue
            for words, label, close in self._names.get(token.word, ()):
                end = at + len(words)
                if len(words) == 1 or tuple(token.word for token in tokens[at:end]) == words:
                    yield Found(at, end, label, close)
                    free = end
                    break


def _written(place: Place, language: str, *, spaced: bool) -> Iterator[str]:
    """Every form in every case, and without accents where no other word comes of it."""
    for base in place.forms.get(language, ()):
        for form in decline_title(base, language):
            yield form
            if spaced and form.isascii() is False and len(form) > _WORD_LIKE and form[0] < "Ѐ":
                yield fold_name(form)


@cache
def english_label(city: str) -> str:
    """How the gazetteer writes a city that a lexicon may write without accents."""
    return _labels().get(fold_name(city), city)


@cache
def _labels() -> dict[str, str]:
    return {fold_name(place.label): place.label for place in load_places().cities}
