"""Made-up articles for archive.py: invented words of six alphabets, as unequally frequent as those of a language.

Each article follows from its number alone, so that any process can make any of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Final

SOURCES: Final = 2_000
DAYS: Final = 400
BEGIN: Final = datetime(2023, 1, 1, tzinfo=UTC)
LANGUAGES: Final = {"en": 45, "ru": 20, "zh": 12, "de": 6, "fr": 5, "es": 5, "uk": 4, "pl": 3}
"""Of a hundred sources so many."""
COUNTRIES: Final = {"en": "GB", "ru": "RU", "zh": "CN", "de": "DE", "fr": "FR", "es": "ES", "uk": "UA", "pl": "PL"}
ROLES: Final = ("media", "media", "media", "state-media", "official", "think-tank", "aggregator")

_WORDS: Final = 30_000
_CHARACTERS: Final = 3_500
_SKEW: Final = 0.95
_SYLLABLES: Final = {
    "latin": [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"],
    "cyrillic": [first + vowel for first in "бвгджзклмнпрст" for vowel in "аеиоу"],
}
_REAL: Final = {
    "en": {20: "minister", 60: "talks", 150: "president", 400: "grain", 900: "corridor", 2_000: "ceasefire"},
    "ru": {20: "министр", 60: "переговоры", 150: "президент", 400: "зерно", 900: "коридор", 2_000: "перемирие"},
    "de": {20: "Minister", 60: "Gespräche", 900: "Korridor", 2_000: "Waffenruhe"},
    "fr": {60: "pourparlers", 900: "corridor"},
}
"""Words that are searched for, by their rank in each language."""
_NAMES: Final = {
    "en": ("Arda Lin", "Boris Vale"),
    "de": ("Arda Lin", "Boris Vale"),
    "fr": ("Arda Lin", "Boris Vale"),
    "es": ("Arda Lin", "Boris Vale"),
    "pl": ("Arda Lin", "Boris Vale"),
    "ru": ("Ардой Линь", "Борисом Вейлом"),
    "uk": ("Арда Лінь", "Борис Вейл"),
    "zh": ("林达", "鲍里斯"),
}
_NAMED: Final = (0.004, 0.02)
"""The share of articles that name each of the two."""


@dataclass(frozen=True)
class Made:
    """An article as its source published it."""

    number: int
    title: str
    text: str
    language: str
    source_id: int
    source: str
    country: str
    role: str
    seen_at: datetime

    @property
    def url(self) -> str:
        return f"https://s{self.source_id}.example/{self.number}"


def languages_of_sources() -> list[str]:
    """The language of each source, by its place; fixed."""
    kinds = [language for language, share in LANGUAGES.items() for _ in range(share)]
    return [kinds[(number * 37) % len(kinds)] for number in range(SOURCES)]


@cache
def _languages() -> list[str]:
    return languages_of_sources()


@cache
def _vocabulary(language: str) -> tuple[list[str], list[float]]:
    chance = random.Random(f"words {language}")  # noqa: S311 (made-up words)
    if language == "zh":
        words = [chr(0x4E00 + chance.randrange(20_000)) for _ in range(_CHARACTERS)]
    else:
        syllables = _SYLLABLES["cyrillic" if language in {"ru", "uk"} else "latin"]
        words = ["".join(chance.choices(syllables, k=1 + min(4, rank // 60 + 1))) for rank in range(_WORDS)]
    for rank, word in _REAL.get(language, {}).items():
        words[rank] = word
    return words, list(accumulate((rank + 3) ** -_SKEW for rank in range(len(words))))


@cache
def _source_weights() -> list[float]:
    return list(accumulate((rank + 5) ** -0.8 for rank in range(SOURCES)))


def make(number: int, total: int) -> Made:
    """Article `number` (from 1) of an archive of `total`, which are seen one after the other."""
    chance = random.Random(number)  # noqa: S311 (made-up articles)
    source_id = 1 + chance.choices(range(SOURCES), cum_weights=_source_weights())[0]
    language = _languages()[source_id - 1]
    words, weights = _vocabulary(language)
    is_chinese = language == "zh"
    length = chance.randint(500, 1_000) if is_chinese else chance.randint(200, 420)
    drawn = chance.choices(words, cum_weights=weights, k=length + 12)
    for name, share in zip(_NAMES[language], _NAMED, strict=True):
        if chance.random() < share:
            at = chance.randrange(length)
            drawn[at] = name
            if chance.random() < 0.3 and not is_chinese:
                drawn[at + 3] = _REAL["ru" if language in {"ru", "uk"} else "en"][60]
    seen_at = BEGIN + timedelta(days=DAYS) * ((number + chance.random()) / total)
    return Made(
        number=number,
        title=_sentence(drawn[:12], is_chinese=is_chinese)[:-1],
        text=_text(drawn[12:], is_chinese=is_chinese),
        language=language,
        source_id=source_id,
        source=f"Source {source_id}",
        country=COUNTRIES[language],
        role=ROLES[source_id % len(ROLES)],
        seen_at=seen_at.replace(microsecond=0),
    )


def _sentence(words: list[str], *, is_chinese: bool) -> str:
    if is_chinese:
        return "".join(words) + "。"
    joined = " ".join(words)
    return joined[:1].upper() + joined[1:] + "."


def _text(words: list[str], *, is_chinese: bool) -> str:
    step = 24 if is_chinese else 15
    sentences = [_sentence(words[at : at + step], is_chinese=is_chinese) for at in range(0, len(words), step)]
    paragraphs = [
        "".join(sentences[at : at + 4]) if is_chinese else " ".join(sentences[at : at + 4])
        for at in range(0, len(sentences), 4)
    ]
    return "\n".join(paragraphs)
