"""An article's claims about meetings, each with its sentence and the words that decided."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Protocol

from ahocorasick_rs import AhoCorasick

from alerts.departures import departure_finder
from alerts.meetings.article import Article
from alerts.meetings.confidence import confidence_of
from alerts.meetings.cues import compiled
from alerts.meetings.merge import Event, merge_events
from alerts.meetings.participants import level_of
from alerts.meetings.tokens import visible
from alerts.names import NameFinder
from config.lexicon import languages
from config.unnamed import unnamed_pattern
from storage.model import UNNAMED, Claim, Cue, Field, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from alerts.names import Mention
    from config.people import People
    from storage.model import Departure

LONGEST = 40_000
"""Characters of an article's text that are read; news that comes after them is not news."""

_SAME = str.maketrans("ё’ʼ‘", "е'''")


class Finder(Protocol):
    """Finds people and offices in a text, in order, as `alerts.names.NameFinder` does."""

    def find(self, text: str, language: str, at: date) -> Sequence[Mention]:
        """Mentions with their places, and who held what on that day."""


class MeetingReader:
    """Reads claims in every language that has a lexicon. Build one per process; lexicons load at first use."""

    def __init__(self, people: People, finder: Finder | None = None) -> None:
        self._finder: Finder = finder or NameFinder(people)

    def notes(self, text: str, language: str | None) -> tuple[str, ...]:
        """What `read` leaves out of such an article, in words for a person."""
        if _base(language) not in languages():
            return ("language not read",)
        if len(text) > LONGEST:
            return (f"meetings read in the first {LONGEST} of {len(text)} characters",)
        return ()

    def read(self, title: str, text: str, language: str | None, published_at: datetime) -> tuple[Claim, ...]:
        """The claims, in order of first mention; none in a language without lexicon (`notes` says so)."""
        code = _base(language)
        if code not in languages():
            return ()
        lexicon = compiled(code)
        written = {Field.TITLE: title, Field.TEXT: text}
        title, text = lexicon.plain(visible(title)), lexicon.plain(visible(text[:LONGEST]))
        # Names are sought in title and text together: a full name in one explains a surname in the other.
        joined = f"{title}\n{text}"
        places = _trigger_places(code, joined)
        mentions = self._finder.find(joined, code, published_at.date()) if places else ()
        if not mentions:
            return ()
        article = Article(lexicon, published_at, joined, len(title) + 1, mentions, places)
        return tuple(_claim(event, written[event.span.field], code) for event in merge_events(article.events()))

    def departures(self, title: str, text: str, language: str | None, published_at: datetime) -> tuple[Departure, ...]:
        """Who has left which city, by the sentences of an article."""
        code = _base(language)
        if code not in languages():
            return ()
        finder, day = departure_finder(code), published_at.date()
        found: list[Departure] = []
        for field, written in ((Field.TITLE, title), (Field.TEXT, text[:LONGEST])):
            shown = compiled(code).plain(visible(written))
            mentions = self._finder.find(shown, code, day) if finder.may_tell(shown) else ()
            if mentions:
                told = finder.find(shown, mentions, field, day)
                found += (replace(one, evidence=visible(written[one.span.start : one.span.end])) for one in told)
        return tuple(found)


def _claim(event: Event, written: str, language: str) -> Claim:
    sides = sorted(event.sides, key=lambda side: side.label is None)
    return Claim(
        participants=tuple(side.name for side in sides),
        level=level_of(event.sides),
        status=event.ruling.status,
        date=event.ruling.day,
        place=event.place,
        evidence=visible(written[event.span.start : event.span.end]),
        span=event.span,
        cues=(*(Cue(span, hit.kind.value) for hit, span in event.cues), *_unnamed(event.span, written, language)),
        rule=event.ruling.rule,
        confidence=confidence_of(event.ruling.rule),
    )


def _unnamed(sentence: Span, written: str, language: str) -> Iterator[Cue]:
    """By which words the sentence says that its source has no name."""
    pattern = unnamed_pattern(language)
    found = pattern and pattern.search(written, sentence.start, sentence.end)
    if found:
        yield Cue(Span(sentence.field, *found.span()), UNNAMED)


def _base(language: str | None) -> str:
    return (language or "").replace("_", "-").partition("-")[0].lower()


@cache
def _prefilter(language: str) -> tuple[AhoCorasick, int]:
    """Whole words first, then beginnings of words, and how many are whole."""
    whole, beginnings = sorted(compiled(language).trigger_words), sorted(compiled(language).trigger_beginnings)
    return AhoCorasick([*whole, *beginnings]), len(whole)


def _trigger_places(language: str, text: str) -> list[int]:
    """Where words begin that may name a meeting."""
    automaton, whole = _prefilter(language)
    comparable = _comparable(text)
    if not compiled(language).lexicon.spaced:
        return [start for _, start, _ in automaton.find_matches_as_indexes(comparable)]
    found = automaton.find_matches_as_indexes(comparable, overlapping=True)
    starts = {at for word, at, end in found if _is_bordered(comparable, at, end if word < whole else None)}
    return sorted(starts)


def _is_bordered(text: str, start: int, end: int | None) -> bool:
    """Whether a word begins at `start` and, if `end` is told, ends there."""
    return not text[start - 1 : start].isalnum() and (end is None or not text[end : end + 1].isalnum())


def _comparable(text: str) -> str:
    """The text in lower case, character for character."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    return lowered if lowered.isascii() else lowered.translate(_SAME)
