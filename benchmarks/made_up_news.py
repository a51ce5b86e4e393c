"""Articles and watches from a fixed seed, shaped like real ones.

Words are invented: 60,000 of them, the n-th about as frequent as 1 / n, inflected now and then; about 500 make an
article of 3,000 characters, 330 of them different. An article names two to six of the built-in people, those near the
head of a fixed order oftener. Watches have 1 to 5 terms and ask for names and subjects; for one of the 300 commonest
words only beside others.
"""

from __future__ import annotations

import random
import sys
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from config.people import load_people
from config.vocabulary import Role
from storage.model import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

LENGTH = 3_000
WORDS = 60_000
COMMON = 300
COMMONER = 0.15
"""Of watches with several terms, those that have a common word among them."""
_ONSETS = (*"bdfghklmnprstvz", "st", "tr", "")
_VOWELS = (*"aeiou", "ea")
_CODAS = ("", "", "", "", "n", "r", "l", "s")
_LANGUAGES = ("en", "de", "fr", "es", "pl")
_SOURCES = tuple(f"Outlet {number}" for number in range(200))
_COUNTRIES = ("RU", "UA", "CN", "US", "DE", "FR", "PL", "ES", "GB", "TR")


class News:
    """One invented language, its press and its readers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a benchmark wants the same numbers each time)
        words: dict[str, None] = {}
        while len(words) < WORDS:
            # the commonest words are short
            syllables = 1 if len(words) < 150 else 2 if len(words) < 3_000 else self.random.choice((2, 3, 3, 4))
            words["".join(self._syllable() for _ in range(syllables))] = None
        self.words = list(words)
        self._weights = list(accumulate((rank + 2) ** -1.07 for rank in range(WORDS)))
        self._people = sorted(person.label for person in load_people((), {}).persons)
        self.random.shuffle(self._people)
        self._fame = list(accumulate(1 / (rank + 10) for rank in range(len(self._people))))

    def _syllable(self) -> str:
        return self.random.choice(_ONSETS) + self.random.choice(_VOWELS) + self.random.choice(_CODAS)

    def _persons(self, count: int) -> list[str]:
        return self.random.choices(self._people, cum_weights=self._fame, k=count)

    # ------------------------------------------------------------ articles

    def article(self) -> Document:
        """Sentences of about 18 words, three paragraphs to the thousand characters."""
        persons = self._persons(self.random.randint(2, 6))
        sentences: list[str] = []
        length = 0
        while length < LENGTH:
            sentences.append(self._sentence(persons if self.random.random() < 0.4 else ()))
            length += len(sentences[-1]) + 1
        breaks = (" ", " ", "\n")
        text = "".join(sentence + breaks[at % 3] for at, sentence in enumerate(sentences))[:LENGTH]
        title = self._sentence(persons).rstrip(".")[:90]
        return Document(
            title=title,
            text=text,
            language=self.random.choice(_LANGUAGES),
            source=self.random.choice(_SOURCES),
            country=self.random.choice(_COUNTRIES),
            role=self.random.choice(tuple(Role)),
        )

    def _sentence(self, persons: Sequence[str]) -> str:
        words = self.random.choices(self.words, cum_weights=self._weights, k=self.random.randint(8, 28))
        words[0] = words[0].capitalize()
        for at in self.random.sample(range(len(words)), k=4):
            words[at] += self.random.choice(("s", "", "", ",", ","))
        if persons:
            words.insert(self.random.randrange(len(words)), self.random.choice(persons))
        if self.random.random() < 0.15:
            words[-1] = f"“{words[-1]}”"
        return " ".join(words) + "."

    # ------------------------------------------------------------ watches

    def watch(self) -> str:
        """One query; half of them name a language, a country, a role or a source as well."""
        query = self._keywords(self.random.choices((1, 2, 3, 4, 5), weights=(25, 30, 20, 15, 10))[0])
        about = self.random.random()
        if about < 0.25:
            return f"({query}) lang:{self.random.choice(_LANGUAGES)}"
        if about < 0.35:
            return f"({query}) role:{self.random.choice(tuple(Role))}"
        if about < 0.45:
            return f"({query}) country:{self.random.choice(_COUNTRIES)}"
        if about < 0.5:
            return f'({query}) source:"{self.random.choice(_SOURCES)}"'
        return query

    def _keywords(self, count: int) -> str:  # noqa: PLR0911 (one return a shape)
        shape = self.random.random()
        if shape < 0.002:
            return f"/{self._subject()}[a-z]+ {self._subject()}/"
        terms = [self._term() for _ in range(count)]
        if count > 1 and self.random.random() < COMMONER:  # nobody keeps a watch on a common word alone
            terms[-1] = self.words[self.random.randrange(50, COMMON)]
        if count == 1:
            return terms[0]
        if shape < 0.15:
            return f'"{self._subject()} {self._subject()}"' + "".join(f" {term}" for term in terms[2:])
        if shape < 0.25:
            return f"{terms[0]} NEAR/10 {terms[1]}" + "".join(f" {term}" for term in terms[2:])
        if shape < 0.35:
            return f"{terms[0]} NEAR/s {terms[1]}" + "".join(f" {term}" for term in terms[2:])
        if shape < 0.45:
            return f"{' '.join(terms[:-1])} -{terms[-1]}"
        if shape < 0.55:
            return f"title:{terms[0]} ({' OR '.join(terms[1:])})"
        if shape < 0.8:
            return f"{terms[0]} ({' OR '.join(terms[1:])})"
        return " ".join(terms)

    def _term(self) -> str:
        kind = self.random.random()
        if kind < 0.2:
            return f'@"{self._persons(1)[0]}"'
        if kind < 0.23:
            return self._subject().ljust(4, "a")[:6] + "*"
        if kind < 0.26:
            return "=" + self._subject()
        return self._subject()

    def _subject(self) -> str:
        """A word that someone would watch."""
        return self.words[self.random.randrange(COMMON, WORDS)]
