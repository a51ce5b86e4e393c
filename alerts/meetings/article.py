"""One article read sentence by sentence: every mention of a meeting in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from alerts.meetings.case import STALE, TOLD_BEFORE, Setting
from alerts.meetings.cues import TRIGGERS, compiled
from alerts.meetings.merge import Event
from alerts.meetings.seating import Seating
from alerts.meetings.sides import Sentence
from alerts.meetings.status import decide_status
from alerts.meetings.times import Sense
from alerts.sentences import split_sentences
from config.lexicon import CueClass
from config.vocabulary import Status
from storage.model import Field, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from alerts.meetings.case import Ruling
    from alerts.meetings.cues import CompiledLexicon, Hit
    from alerts.meetings.participants import Side
    from alerts.meetings.times import Day
    from alerts.meetings.tokens import Token
    from alerts.names import Mention

_UNBROKEN = re.compile(r"\S+")

_TRIGGERS = 10
"""Meeting words looked at in one sentence."""

_BY_PHONE = frozenset({CueClass.CALLS, CueClass.BY_PHONE})

_TURNS = {
    Status.SCHEDULED: {CueClass.CANCELS: Status.CANCELLED, CueClass.DENIES: Status.CANCELLED},
    Status.PROPOSED: {
        CueClass.CANCELS: Status.CANCELLED,
        CueClass.REFUSES: Status.REFUSED,
    },
}
"""What a neighbouring sentence may make of a plan or a proposal."""

_LEFT_OPEN = {CueClass.UNDECIDED: Status.UNDECIDED}
"""And of a question; an invitation that nobody has answered is still a proposal."""

_OPENING = 2
"""Words before the time that a sentence begins with: "On 12 April", "Already in March"."""

_OCCASIONS = TRIGGERS | {CueClass.TRAVELS}
"""What "the talks" of the next sentence may be."""

_EVENTS = 200
"""Mentions of meetings gathered from one article."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence of the title or the text; `start` and `end` count in both together, of which the field has `base`."""

    field: Field
    start: int
    end: int
    base: int


class Article:
    """One article while it is read: its sentences in turn, and whom it was last about."""

    def __init__(
        self,
        lexicon: CompiledLexicon,
        published_at: datetime,
        source: str,
        border: int,
        mentions: Sequence[Mention],
        places: Sequence[int],
    ) -> None:
        """`source` is the title, a line break and, from `border` on, the text."""
        self._lexicon = lexicon
        self._published = published_at.date()
        self._source = source
        self._mentions = mentions
        self._places = places
        self._seating = Seating(lexicon.lexicon)
        self._back: set[int] = set()
        self._pieces = [
            _Piece(field, base + start, base + end, base)
            for field, base, part in ((Field.TITLE, 0, source[: border - 1]), (Field.TEXT, border, source[border:]))
            for start, end in _sentences(part, lexicon.lexicon.language, field)
        ]

    def events(self) -> list[Event]:
        """Every mention of a meeting, before they are gathered."""
        found: list[Event] = []
        for piece in self._pieces:
            mentions = _between(self._mentions, piece.start, piece.end)
            nobody = not mentions and self._seating.is_empty
            if nobody or not _any_between(self._places, piece.start, piece.end):
                self._seating.remember_mentions(mentions)
                continue
            found += self._sentence_events(piece, mentions)
            if len(found) >= _EVENTS:
                break
        return found

    def _sentence_events(self, piece: _Piece, mentions: Sequence[Mention]) -> Iterator[Event]:
        tokens = self._lexicon.tokenizer.tokens(self._source, (piece.start, piece.end), mentions)
        sentence = Sentence(
            tokens,
            self._lexicon.hits(tokens),
            spaced=self._lexicon.lexicon.spaced,
            companions=self._lexicon.companions,
            owners=self._lexicon.owners,
            nations=self._lexicon.nations,
        )
        if sentence.triggers:
            yield from self._trigger_events(piece, sentence, tokens)
        self._seating.remember(sentence)

    def _trigger_events(self, piece: _Piece, sentence: Sentence, tokens: Sequence[Token]) -> Iterator[Event]:
        days = self._lexicon.calendar.days(tokens)
        cities = self._lexicon.places(tokens)
        discussed = any(trigger.kind is CueClass.DISCUSSES for trigger in sentence.triggers)
        setting = Setting(
            self._published,
            title=piece.field is Field.TITLE,
            question=bool(tokens) and tokens[-1].word in {"?", "？"},
            place=bool(cities),
            agenda=self._is_agenda,
            journey=discussed and not cities and self._tells_of_journey(piece),
            clock=self._lexicon.calendar.names_clock_time(tokens),
            present_ahead=self._lexicon.lexicon.present_ahead and piece.field is Field.TEXT,
            past_year=self._lexicon.calendar.names_earlier_year(tokens, self._published),
        )
        for trigger in sentence.triggers[:_TRIGGERS]:
            ruling = decide_status(sentence, trigger, days, setting)
            if ruling is None:
                continue
            if self._goes_on_about_long_ago(piece, sentence, ruling, days):
                self._back.add(self._pieces.index(piece))
                ruling = replace(ruling, status=Status.BACKGROUND, rule=TOLD_BEFORE)
            for sides in self._seating.tables(sentence, trigger):
                told = (
                    self._told_as_call(piece, ruling, sides)
                    if ruling.spoken
                    else self._told_otherwise(piece, ruling, sides)
                )
                yield self._event(piece, sentence, trigger, told, sides, cities)

    def _goes_on_about_long_ago(self, piece: _Piece, sentence: Sentence, ruling: Ruling, days: Sequence[Day]) -> bool:
        """`In March X flew to Beijing. He met Y there`: no day of its own, and about whom the sentence before was.

        A sentence that names nobody (`The talks lasted two hours`) is about the journey or meeting told just before it.
        """
        anew = bool(sentence.sides) and not sentence.goes_on()
        if ruling.status is not Status.HELD or days or piece.field is Field.TITLE or anew:
            return False
        at = self._pieces.index(piece)
        before = self._pieces[at - 1] if at else piece
        if before is piece or before.field is Field.TITLE or any(hit.kind is CueClass.RECENT for hit in sentence.hits):
            return False
        return at - 1 in self._back or self._tells_of_long_ago(before, occasion=not sentence.sides)

    def _tells_of_long_ago(self, piece: _Piece, *, occasion: bool) -> bool:
        """Whether a sentence begins with a time more than a week back, and tells of no other.

        Where the `occasion` is meant, a journey or meeting of such a day will do, wherever the day stands.
        """
        tokens = self._lexicon.tokenizer.words(self._source, piece.start, piece.end)
        days = self._lexicon.calendar.days(tokens)
        told = [(day.place, day.resolve(self._published, Sense.PAST)) for day in days]
        if any(when is None or self._published - when <= STALE for _, when in told):
            return False
        hits = self._lexicon.hits(tokens)
        if occasion and told and any(hit.kind in _OCCASIONS for hit in hits):
            return True
        places = [place for place, _ in told] + [hit.start for hit in hits if hit.kind is CueClass.BACKGROUND]
        return min(places, default=len(tokens)) <= _OPENING

    @cached_property
    def _is_agenda(self) -> bool:
        """Whether the headline announces a timetable: it plans, and names no meeting."""
        first = self._pieces[0]
        if first.field is not Field.TITLE:
            return False
        tokens = self._lexicon.tokenizer.words(self._source, first.start, first.end)
        kinds = {hit.kind for hit in self._lexicon.hits(tokens)}
        return CueClass.PLANS in kinds and not kinds & TRIGGERS

    def _tells_of_journey(self, piece: _Piece) -> bool:
        """Whether the headline or a sentence beside this one says where, or that somebody came; none of a call."""
        at = self._pieces.index(piece)
        near = {0, at - 1, at + 1} & set(range(len(self._pieces)))
        found = False
        for other in (self._pieces[place] for place in sorted(near)):
            tokens = self._lexicon.tokenizer.words(self._source, other.start, other.end)
            kinds = {hit.kind for hit in self._lexicon.hits(tokens)}
            if kinds & _BY_PHONE:
                return False
            found = found or CueClass.TRAVELS in kinds or bool(self._lexicon.places(tokens))
        return found

    def _told_otherwise(self, piece: _Piece, ruling: Ruling, sides: Sequence[Side]) -> Ruling:
        """A plan is called off, a proposal declined: the headline or the next sentences say so and name nobody else."""
        asked = any(hit.kind is CueClass.QUESTION for hit in ruling.hits)
        turns = _TURNS.get(ruling.status, {}) | (_LEFT_OPEN if asked else {})
        at = self._pieces.index(piece)
        names = {side.label for side in sides}
        for other in (*self._pieces[:1], *self._pieces[at + 1 : at + 3]) if turns else ():
            about = self._named_in(other)
            if other is piece or not about <= names:
                continue
            tokens = self._lexicon.tokenizer.words(self._source, other.start, other.end)
            kinds = {hit.kind for hit in self._lexicon.hits(tokens)}
            status = next((status for kind, status in turns.items() if kind in kinds), None)
            if status and (status is Status.CANCELLED or other.field is Field.TEXT):
                return replace(ruling, status=status, rule="planned, and taken back beside it")
        return ruling

    def _named_in(self, piece: _Piece) -> set[str]:
        """Whom a sentence names, but for those who speak for others."""
        named = _between(self._mentions, piece.start, piece.end)
        return {mention.label for mention in named if mention.label and not mention.spokesman}

    def _told_as_call(self, piece: _Piece, ruling: Ruling, sides: Sequence[Side]) -> Ruling:
        """Talking was a call if the headline or the next sentence, which names nobody else, says so."""
        if ruling.status is not Status.HELD:
            return ruling
        at = self._pieces.index(piece)
        beside = [other for other in self._pieces if other.field is Field.TITLE] + self._pieces[at + 1 : at + 2]
        names = {side.label for side in sides}
        for other in beside:
            tokens = self._lexicon.tokenizer.words(self._source, other.start, other.end)
            about = self._named_in(other)
            if about <= names and any(hit.kind in _BY_PHONE for hit in self._lexicon.hits(tokens)):
                return replace(ruling, status=Status.REMOTE, rule="talked, and it was by telephone or video")
        return ruling

    def _event(
        self,
        piece: _Piece,
        sentence: Sentence,
        trigger: Hit,
        ruling: Ruling,
        sides: tuple[Side, ...],
        cities: Sequence[tuple[int, str]],
    ) -> Event:
        city = min(cities, key=lambda found: abs(found[0] - trigger.start), default=(0, None))[1]
        cues = tuple((hit, _span(piece, sentence, hit)) for hit in ruling.hits)
        span = Span(piece.field, piece.start - piece.base, piece.end - piece.base)
        return Event(sides, ruling, city, span, cues, piece.field is Field.TITLE)


def _sentences(source: str, language: str, field: Field) -> Iterator[tuple[int, int]]:
    """Sentences; the clauses of a Chinese headline, which blanks part, are sentences of their own."""
    for start, end in split_sentences(source, language):
        if field is Field.TEXT or compiled(language).lexicon.spaced:
            yield start, end
            continue
        for part in _UNBROKEN.finditer(source, start, end):
            yield part.span()


def _span(piece: _Piece, sentence: Sentence, hit: Hit) -> Span:
    start, end = sentence.tokens[hit.start].start, sentence.tokens[hit.end - 1].end
    return Span(piece.field, start - piece.base, end - piece.base)


def _between(mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    at = bisect_left(mentions, start, key=lambda mention: mention.start)
    found = []
    while at < len(mentions) and mentions[at].start < end:
        if mentions[at].end <= end:
            found.append(mentions[at])
        at += 1
    return found


def _any_between(places: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end
