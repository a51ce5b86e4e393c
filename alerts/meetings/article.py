"""One article read sentence by sentence: the meetings it names, with the people whom grammar leaves out supplied."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from alerts.meetings.cues import TRIGGERS, compiled
from alerts.meetings.merge import Event
from alerts.meetings.participants import Side
from alerts.meetings.sides import Sentence
from alerts.meetings.status import Setting, decide_status
from alerts.sentences import split_sentences
from config.lexicon import CueClass
from config.vocabulary import Level, Status
from storage.model import Field, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from alerts.meetings.cues import CompiledLexicon, Hit
    from alerts.meetings.status import Ruling
    from alerts.meetings.tokens import Token
    from alerts.names import Mention

_UNBROKEN = re.compile(r"\S+")

_BARE_START = 8
"""Words before a verb without subject: a day, a place."""

_PRONOUN_WITHIN = 4
"""Words between a pronoun and the verb whose object it is; a Chinese character counts as one."""

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

_OFFERS = frozenset({CueClass.PROPOSES, CueClass.REFUSES})
"""Words that stand between who asks and who is asked."""

_UNREAL = frozenset({CueClass.PLANS, CueClass.PROPOSES, CueClass.AHEAD, CueClass.QUESTION, CueClass.CONDITIONAL})
"""Words beside which a possessive alone presupposes nothing."""

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
        self._topic: Side | None = None
        self._pair: tuple[Side, ...] = ()
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
            nobody = not mentions and self._topic is None and not self._pair
            if nobody or not _any_between(self._places, piece.start, piece.end):
                self._remember(mentions)
                continue
            found += self._sentence_events(piece, mentions)
            if len(found) >= _EVENTS:
                break
        return found

    def _remember(self, mentions: Sequence[Mention]) -> None:
        """Keep whom a sentence without meeting words was about: the first, and the pair that "both" may mean."""
        sides = _distinct(
            Side(-1, mention.label, mention.level, mention.country, former=mention.former)
            for mention in mentions
            if mention.label and not mention.spokesman and mention.level
        )
        self._topic = sides[0] if sides else self._topic
        self._pair = sides if len(sides) > 1 else self._pair

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
        if self._topic is None or not sentence.starts_with_pronoun():  # "Now he sits with X": it is still about him
            self._topic = _at_start(sentence.subject()) or self._topic
        named = _distinct(side for _, side in sorted(sentence.sides.items()) if side.label)
        self._pair = named if len(named) > 1 else self._pair

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
            for sides in self._tables(sentence, trigger):
                told = (
                    self._told_as_call(piece, ruling, sides)
                    if ruling.spoken
                    else self._told_otherwise(piece, ruling, sides)
                )
                yield self._event(piece, sentence, trigger, told, sides, cities)

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
            about = {found.label for found in _between(self._mentions, other.start, other.end)} - {None}
            if other is piece or not about <= names:
                continue
            tokens = self._lexicon.tokenizer.words(self._source, other.start, other.end)
            kinds = {hit.kind for hit in self._lexicon.hits(tokens)}
            status = next((status for kind, status in turns.items() if kind in kinds), None)
            if status and (status is Status.CANCELLED or other.field is Field.TEXT):
                return replace(ruling, status=status, rule="planned, and taken back beside it")
        return ruling

    def _told_as_call(self, piece: _Piece, ruling: Ruling, sides: Sequence[Side]) -> Ruling:
        """Talking was a call if the headline or the next sentence, which names nobody else, says so."""
        if ruling.status is not Status.HELD:
            return ruling
        at = self._pieces.index(piece)
        beside = [other for other in self._pieces if other.field is Field.TITLE] + self._pieces[at + 1 : at + 2]
        names = {side.label for side in sides}
        for other in beside:
            tokens = self._lexicon.tokenizer.words(self._source, other.start, other.end)
            about = {found.label for found in _between(self._mentions, other.start, other.end)} - {None}
            if about <= names and any(hit.kind in _BY_PHONE for hit in self._lexicon.hits(tokens)):
                return replace(ruling, status=Status.REMOTE, rule="talked, and it was by telephone or video")
        return ruling

    def _tables(self, sentence: Sentence, trigger: Hit) -> Iterator[tuple[Side, ...]]:
        """The participants of each meeting that one meeting word reports."""
        table = sentence.table(trigger)
        left, right = list(table.left), list(table.right)
        if sentence.is_leaders_alone([*left, *right]):
            left, right = self._leaders_before(sentence, trigger) or left, []
        if trigger.kind is CueClass.UNDER_WAY and len(left) < 2 and not right:  # noqa: PLR2004 (two sides)
            named = sentence.named_before(trigger.start)
            left = list(named) if len(named) == 2 else left  # noqa: PLR2004 ("X greets Y, the talks have begun")
        elif len(right) > 1 and (table.awaits or (not left and _has_pronoun_before(sentence, trigger))):
            left = self._subject(sentence, trigger, right)
        elif not (left and right) and len(left) + len(right) < 2:  # noqa: PLR2004 (two sides)
            left, right = self._completed(sentence, trigger, left, right)
        elif not right and len({side.country for side in left}) == 1:  # 总统和总理先后同他会谈: his hosts, and he
            right = self._object(sentence, trigger, left[-1]) or self._omitted(sentence, trigger, left[-1])
        for group in _split(sentence, _distinct(left), _distinct(right)):
            sides = _distinct(side for side in group if not side.press)
            if len(sides) > 1 and any(side.label for side in sides):
                yield sides

    def _completed(
        self, sentence: Sentence, trigger: Hit, left: list[Side], right: list[Side]
    ) -> tuple[list[Side], list[Side]]:
        """Supply the side that grammar left out: the sentence's subject, or the person a pronoun stands for."""
        present = {side.label for side in (*left, *right)}
        if len(present - {None}) > 1:
            return left, right
        both = self._and_host(sentence, trigger, left, right) if right else self._both(sentence, trigger, left)
        if both is not None:
            return both, []
        if left and not right and trigger.kind is CueClass.DISCUSSES:
            return left, right  # "X signed her name": his words tell of her, not of two at a table
        if left and not right and not sentence.is_companion(left[0]):
            earlier = sentence.named_before(left[0].place) if self._may_precede(sentence, trigger, left[0]) else ()
            partner = sentence.companion_before(left[0]) if self._lexicon.lexicon.free_order else []
            return left, self._object(sentence, trigger, left[0]) or _stranger_first(earlier, left[0]) or partner
        if right and not left and not self._is_subject_pronoun(sentence, trigger):
            follow = sentence.followers(right[0], trigger) if self._lexicon.lexicon.free_order else []
            others = self._object(sentence, trigger, right[0]) or follow
            if others:
                return right, others
        return self._subject(sentence, trigger, [*left, *right]), [*left, *right]

    def _is_subject_pronoun(self, sentence: Sentence, trigger: Hit) -> bool:
        """`where he was welcomed by X`: he is whom the sentence began with, not who was named last."""
        rigid = self._lexicon.lexicon.spaced and not self._lexicon.lexicon.free_order
        before = {trigger.start - 1, trigger.start - 2}
        return rigid and any(hit.kind is CueClass.PRONOUN and hit.start in before for hit in sentence.hits)

    def _may_precede(self, sentence: Sentence, trigger: Hit, nearest: Side) -> bool:
        """Whether both sides may stand before: "will Scholz treffen"; of a noun, «запропонував Сі зустріч»."""
        lexicon = self._lexicon.lexicon
        if not lexicon.spaced and sentence.ends_clause(trigger.end):
            return True  # the object may be left out: 某某到访，总统设宴款待
        rigid = lexicon.spaced and not lexicon.free_order
        if lexicon.verb_last or rigid or trigger.kind is not CueClass.MEETING_NOUN:
            return lexicon.verb_last
        return any(hit.kind in _OFFERS and hit.start < nearest.place for hit in sentence.hits)

    def _both(self, sentence: Sentence, trigger: Hit, left: list[Side]) -> list[Side] | None:
        """Both sides where they stand before, None where only one of them can."""
        named = sentence.named_before(trigger.start)
        if trigger.kind in {CueClass.AFTER_MEETING, CueClass.CALLS} and len(named) == 2:  # noqa: PLR2004 (two sides)
            return list(named)  # "X thanked Y after the meeting", "during a telephone call"
        if trigger.kind in {CueClass.AFTER_MEETING, CueClass.CALLS} and not left:
            addressed = list(sentence.addressed_after(trigger.end))
            if addressed:
                return addressed
        return self._the_two(sentence, trigger) if not left or _has_pair_before(sentence, trigger) else None

    def _and_host(
        self, sentence: Sentence, trigger: Hit, left: Sequence[Side], right: Sequence[Side]
    ) -> list[Side] | None:
        """`the talks were hosted by X`: the pair named before, and X."""
        if left or len(sentence.named_before(trigger.start)) == 1:
            return None
        two = self._the_two(sentence, trigger)
        hosts = {side.label for side in right}
        return [*two, *right] if len(two) > 1 and not hosts & {side.label for side in two} else None

    def _subject(self, sentence: Sentence, trigger: Hit, known: Sequence[Side]) -> list[Side]:
        """Who met those that are known: named before, or after a report of what followed, or the article's topic."""
        present = {side.label for side in known}
        places = [side.place for side in known]
        before = [side for place, side in sorted(sentence.sides.items()) if place < min(*places, trigger.start)]
        if not self._lexicon.lexicon.spaced:  # 他与甲会谈，并会见了乙: he, and not his first partner
            before = [side for side in before if not sentence.is_companion(side)]
        subject = next((side for side in before if side.label and side.label not in present), None)
        if subject is None and trigger.kind is CueClass.AFTER_MEETING:
            later = [side for place, side in sorted(sentence.sides.items()) if place > max(places)]
            subject = next((side for side in later if side.label and side.label not in present), None)
        if subject is None and not before and _leaves_subject_out(sentence, trigger):
            subject = self._known(known)
        return [subject] if subject else []

    def _known(self, beside: Sequence[Side]) -> Side | None:
        """Whom the article was last about, but sooner a stranger to those at the table than a countryman."""
        if self._topic is None or not any(side.label or side.country or side.stranger for side in beside):
            return None  # "a meeting with the president was not planned": of no country, so nobody's partner
        present = {side.label for side in beside}
        strangers = [side for side in (self._topic, *self._pair) if side.country not in {one.country for one in beside}]
        return next((side for side in (*strangers, self._topic) if side.label not in present), None)

    def _guest(self, host: Side, countrymen: Sequence[Side]) -> Side | None:
        """某总统将访华。主席将会见，总理将同其会谈: sooner the stranger of the sentence before than a countryman."""
        known = self._known([host]) if countrymen and not self._lexicon.lexicon.spaced else None
        return known if known and known.country != host.country else None

    def _the_two(self, sentence: Sentence, trigger: Hit) -> list[Side]:
        """`the two`, 双方: the pair named before in this sentence, else in the last one that named a pair."""
        if not _has_pair_before(sentence, trigger):
            return []
        here = sentence.named_before(trigger.start)
        if len(here) > 1:
            return list(here[:2])
        if here and self._topic and here[0].label not in {self._topic.label, *(side.label for side in self._pair)}:
            return [self._topic, here[0]]
        return list(self._pair[:2])

    def _leaders_before(self, sentence: Sentence, trigger: Hit) -> list[Side]:
        """`the presidents' talks`: the two leaders of different states who were named last."""
        here = sentence.named_before(trigger.start)
        pair = here if len(here) > 1 else self._pair
        leaders = [side for side in pair if side.level is Level.LEADER]
        return leaders if len(leaders) == 2 and leaders[0].country != leaders[1].country else []  # noqa: PLR2004 (both)

    def _omitted(self, sentence: Sentence, trigger: Hit, host: Side) -> list[Side]:
        """某总统将访华，总理、委员长将分别会见: hosts whose verb ends a clause without an object meet the guest."""
        if self._lexicon.lexicon.spaced or not sentence.ends_clause(trigger.end):
            return []
        before = (*(side for side in (*self._pair, self._topic) if side), *sentence.named_before(trigger.start))
        return [side for side in before if side.country != host.country][-1:]

    def _object(self, sentence: Sentence, trigger: Hit, subject: Side) -> list[Side]:
        """Whom `met him` means: somebody named before in the sentence, else whom the article was last about."""
        near = _PRONOUN_WITHIN if self._lexicon.lexicon.spaced else 2 * _PRONOUN_WITHIN
        earliest = (
            trigger.start - near + 1 if subject.place >= trigger.end else max(subject.place, trigger.start - near)
        )
        if self._lexicon.lexicon.verb_last and subject.place < trigger.start:  # "wird ihn am Dienstag Xi empfangen"
            earliest = sentence.segment(trigger)[0] - 1
        pronoun = any(
            hit.kind is CueClass.PRONOUN and earliest < hit.start <= trigger.end + 2 and hit.start != subject.place
            for hit in sentence.hits
        )
        if not pronoun:
            return []
        named = () if sentence.starts_with_pronoun() else sentence.named_before(trigger.start)
        others = [side for side in reversed(named) if side.label != subject.label]
        # "met Lavrov, but whether Putin will see him is open": not his own minister
        foreign = (side for side in others if side.country != subject.country)
        other = next(foreign, None) or self._guest(subject, others) or next(iter(others), None)
        other = other or self._known([subject])
        return [other] if other else []

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


def _has_pronoun_before(sentence: Sentence, trigger: Hit) -> bool:
    start, _ = sentence.segment(trigger)
    return any(hit.kind is CueClass.PRONOUN and start <= hit.start <= trigger.start for hit in sentence.hits)


def _has_pair_before(sentence: Sentence, trigger: Hit) -> bool:
    return any(hit.kind is CueClass.PAIR and hit.start < trigger.end for hit in sentence.hits)


def _leaves_subject_out(sentence: Sentence, trigger: Hit) -> bool:
    """A pronoun, or next to nothing, stands before the verb; more words may hold a name that is not known.

    Of what presupposes a meeting only a possessive within counts: "in her talks with X" goes on about her.
    """
    if trigger.kind is CueClass.AFTER_MEETING:
        kinds = {hit.kind for hit in sentence.hits}
        own = any(hit.kind is CueClass.OWN and set(hit.places) <= set(trigger.places) for hit in sentence.hits)
        return own and not kinds & _UNREAL  # "in her talks with X she will"
    start, _ = sentence.segment(trigger)
    pronoun = any(hit.kind is CueClass.PRONOUN and hit.start <= trigger.end for hit in sentence.hits)
    return pronoun or trigger.start - start <= _BARE_START


def _sentences(source: str, language: str, field: Field) -> Iterator[tuple[int, int]]:
    """Sentences; the clauses of a Chinese headline, which blanks part, are sentences of their own."""
    for start, end in split_sentences(source, language):
        if field is Field.TEXT or compiled(language).lexicon.spaced:
            yield start, end
            continue
        for part in _UNBROKEN.finditer(source, start, end):
            yield part.span()


def _split(sentence: Sentence, left: Sequence[Side], right: Sequence[Side]) -> Iterator[Sequence[Side]]:
    """A visitor's list of partners is one meeting each, a joint session one with all."""
    kinds = {hit.kind for hit in sentence.hits}
    if not right and CueClass.SEPARATELY in kinds:
        left, right = _parted(sentence, left)
    many = len(left) == 1 < len(right) or (len(right) == 1 < len(left) and CueClass.SEPARATELY in kinds)
    if many and (CueClass.JOINTLY not in kinds or CueClass.SEPARATELY in kinds):  # "at the summit, separately"
        yield from product(left, right)
    elif left or right:
        yield (*left, *right)


def _parted(sentence: Sentence, sides: Sequence[Side]) -> tuple[Sequence[Side], Sequence[Side]]:
    """Those in front of "separately" and those behind it, where the verb stands last: 某某先后与甲、乙会谈."""
    at = min(hit.start for hit in sentence.hits if hit.kind is CueClass.SEPARATELY)
    before, behind = [side for side in sides if side.place < at], [side for side in sides if side.place > at]
    return (before, behind) if behind or len(sides) < 3 else (before[:1], before[1:])  # noqa: PLR2004 (同甲、乙分别会谈)


def _stranger_first(sides: Sequence[Side], beside: Side) -> list[Side]:
    """One of those named before: sooner the last stranger than a countryman (主席将同某总统会谈，总理将予以会见)."""
    strangers = [side for side in sides if side.country != beside.country]
    return strangers[-1:] or list(sides[:1])


def _distinct(sides: Iterable[Side]) -> tuple[Side, ...]:
    found: dict[str, Side] = {}
    for side in sides:
        found.setdefault(side.name, side)
    return tuple(found.values())


def _at_start(side: Side | None) -> Side | None:
    return replace(side, place=-1) if side else None


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
