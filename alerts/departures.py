"""Who has left which city by an article's own words: what ends a stop of a trip."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from ahocorasick_rs import AhoCorasick

from alerts.meetings.cues import PatternIndex, compiled
from alerts.meetings.times import Sense
from alerts.sentences import split_sentences
from config.departures import load_departures
from config.lexicon import CueClass, normalise
from config.places import load_places
from storage.model import Departure, Field, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from alerts.meetings.cues import CompiledLexicon
    from alerts.meetings.tokens import Token
    from alerts.names import Mention

RECENT: Final = timedelta(days=10)
"""A day named that lies farther back is of an earlier journey."""
_UNDONE: Final = frozenset(
    {
        CueClass.NEGATION, CueClass.CONDITIONAL, CueClass.PLANS, CueClass.PROPOSES, CueClass.UNDECIDED,
        CueClass.REFUSES, CueClass.DENIES, CueClass.QUESTION,
    }
)  # fmt: skip
"""What a verb says when one of these stands right before it, or within it, has not happened."""
_BESIDE: Final = 3
"""Words between such a cue and the verb, and between the verb and its city; characters count half."""


class DepartureFinder:
    """One language's departures."""

    def __init__(self, language: str) -> None:
        words = load_departures()[language]
        self._lexicon: CompiledLexicon = compiled(language)
        self._patterns: PatternIndex[None] = PatternIndex()
        needed: set[str] = set()
        for pattern in words.left:
            places = [element.words for element in self._patterns.add(pattern, None) if element.words]
            needed |= max(places, key=lambda one: min(map(len, one)))
        self._needed = AhoCorasick(sorted(needed))
        self._toward = frozenset(map(normalise, words.toward))
        self._he = frozenset(map(normalise, words.he))
        self._beside = _BESIDE if self._lexicon.lexicon.spaced else 2 * _BESIDE

    def may_tell(self, text: str) -> bool:
        """Whether a word of leaving is in a text at all; of few texts it is."""
        return next(iter(self._needed.find_matches_as_indexes(normalise(text))), None) is not None

    def find(self, text: str, mentions: Sequence[Mention], field: Field, published: date) -> Iterator[Departure]:
        """The departures that the sentences of a text tell of; `mentions` are those in it, in order."""
        before: list[Mention] = []
        for start, end in split_sentences(text, self._lexicon.lexicon.language):
            inside = [one for one in mentions if start <= one.start and one.end <= end]
            tokens = self._lexicon.tokenizer.tokens(text, (start, end), inside)
            left = self._left(tokens, before, published)
            if left is not None:
                yield Departure(*left, text[start:end], Span(field, start, end))
            before = inside

    def _left(
        self, tokens: Sequence[Token], before: Sequence[Mention], published: date
    ) -> tuple[str, str, date] | None:
        """Who left which city on which day."""
        for _, places in self._patterns.find(tokens):
            verb = places[0], places[-1] + 1
            city = self._city(tokens, *verb)
            if city is None or self._is_undone(tokens, *verb):
                continue
            person, day = self._person(tokens, verb[0], city, before), self._day(tokens, verb[0], published)
            if person is not None and day is not None:
                return person, city, day
        return None

    def _city(self, tokens: Sequence[Token], start: int, end: int) -> str | None:
        """The first city within the verb's words or right behind them, unless they went there."""
        for found in self._lexicon.named_places(tokens):
            if start <= found.start <= end + self._beside and found.label:
                is_ahead = tokens[found.start - 1].word in self._toward
                return None if is_ahead else found.label
        return None

    def _is_undone(self, tokens: Sequence[Token], start: int, end: int) -> bool:
        hits = self._lexicon.hits(tokens)
        if any(hit.kind is CueClass.BACKGROUND for hit in hits) or tokens[-1].word in {"?", "？"}:
            return True
        return any(hit.kind in _UNDONE and start - self._beside <= hit.start < end for hit in hits)

    def _person(self, tokens: Sequence[Token], verb: int, city: str, before: Sequence[Mention]) -> str | None:
        """Who is named nearest to the verb, before it rather than behind, and is not at home there.

        Of a sentence that names nobody it is the one guest of the sentence before, if a pronoun stands for somebody.
        """
        home = _country_of(city)
        named = [
            (at, token.mention)
            for at, token in enumerate(tokens)
            if token.mention and not _is_owner(tokens, at) and token.mention.country != home
        ]
        if not any(token.mention for token in tokens):
            is_he = any(token.word in self._he for token in tokens[:verb])
            guests = {one.label for one in before if one.label and one.country != home}
            return guests.pop() if is_he and len(guests) == 1 else None
        subject = min(named, key=lambda one: (one[0] > verb, abs(one[0] - verb)), default=None)
        return subject[1].label if subject else None

    def _day(self, tokens: Sequence[Token], verb: int, published: date) -> date | None:
        """The day named behind the verb, or before it, else that of publication; None when it was another journey's."""
        days = sorted(self._lexicon.calendar.days(tokens), key=lambda one: (one.place < verb, abs(one.place - verb)))
        told = (one.resolve(published, Sense.PAST) for one in days)
        day = next(filter(None, told), published)
        return day if published - RECENT <= day <= published else None


def _is_owner(tokens: Sequence[Token], at: int) -> bool:
    """Whether it is somebody's plane that left."""
    return any(token.word.startswith("'") for token in tokens[at + 1 : at + 2])


@cache
def _country_of(city: str) -> str | None:
    return next((place.country for place in load_places().cities if place.label == city), None)


@cache
def departure_finder(language: str) -> DepartureFinder:
    """Of a language of `departures.yaml`, made once; KeyError for others."""
    return DepartureFinder(language)
