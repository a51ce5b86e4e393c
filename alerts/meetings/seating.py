"""Who sits at each table, with the people whom grammar leaves out: those an article was last about."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from alerts.meetings.participants import Side
from config.lexicon import CueClass
from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alerts.meetings.cues import Hit
    from alerts.meetings.sides import Sentence
    from alerts.names import Mention
    from config.lexicon import Lexicon

_BARE_START = 8
"""Words before a verb without subject: a day, a place."""

_PRONOUN_WITHIN = 4
"""Words between a pronoun and the verb whose object it is; a Chinese character counts as one."""

_OFFERS = frozenset({CueClass.PROPOSES, CueClass.REFUSES})
"""Words that stand between who asks and who is asked."""

_UNREAL = frozenset({CueClass.PLANS, CueClass.PROPOSES, CueClass.AHEAD, CueClass.QUESTION, CueClass.CONDITIONAL})
"""Words beside which a possessive alone presupposes nothing."""


class Seating:
    """Seats people sentence by sentence; remembers whom the article was last about, and which pair "both" may mean."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.topic: Side | None = None
        self.pair: tuple[Side, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has been named yet."""
        return self.topic is None and not self.pair

    def remember_mentions(self, mentions: Sequence[Mention]) -> None:
        """Keep whom a sentence without meeting words was about."""
        sides = _distinct(
            Side(-1, mention.label, mention.level, mention.country, former=mention.former)
            for mention in mentions
            if mention.label and not mention.spokesman and mention.level
        )
        self.topic = sides[0] if sides else self.topic
        self.pair = sides if len(sides) > 1 else self.pair

    def remember(self, sentence: Sentence) -> None:
        """Keep whom a sentence was about that has been read."""
        if self.topic is None or not sentence.starts_with_pronoun():  # "Now he sits with X": it is still about him
            self.topic = _at_start(sentence.subject()) or self.topic
        named = _distinct(side for _, side in sorted(sentence.sides.items()) if side.label)
        self.pair = named if len(named) > 1 else self.pair

    def tables(self, sentence: Sentence, trigger: Hit) -> Iterator[tuple[Side, ...]]:
        """The participants of each meeting that one meeting word reports."""
        table = sentence.table(trigger)
        left, right = list(table.left), list(table.right)
        if trigger.kind is CueClass.AFTER_MEETING and all(side.press for side in left):
            left = []  # "X told reporters after meeting Y": they were not there
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
            partner = sentence.companion_before(left[0]) if self._lexicon.free_order else []
            return left, self._object(sentence, trigger, left[0]) or _stranger_first(earlier, left[0]) or partner
        if right and not left and not self._is_subject_pronoun(sentence, trigger):
            follow = sentence.followers(right[0], trigger) if self._lexicon.free_order else []
            others = self._object(sentence, trigger, right[0]) or follow
            if others:
                return right, others
        return self._subject(sentence, trigger, [*left, *right]), [*left, *right]

    def _is_subject_pronoun(self, sentence: Sentence, trigger: Hit) -> bool:
        """`where he was welcomed by X`: he is whom the sentence began with, not who was named last."""
        rigid = self._lexicon.spaced and not self._lexicon.free_order
        before = {trigger.start - 1, trigger.start - 2}
        if any(sentence.tokens[place].word in self._lexicon.subjects for place in before if place >= 0):
            return True
        return rigid and any(hit.kind is CueClass.PRONOUN and hit.start in before for hit in sentence.hits)

    def _may_precede(self, sentence: Sentence, trigger: Hit, nearest: Side) -> bool:
        """Whether both sides may stand before: "will Scholz treffen"; of a noun, «запропонував Сі зустріч»."""
        lexicon = self._lexicon
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
        if not self._lexicon.spaced:  # 他与甲会谈，并会见了乙: he, and not his first partner
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
        if self.topic is None or not any(side.label or side.country or side.stranger for side in beside):
            return None  # "a meeting with the president was not planned": of no country, so nobody's partner
        present = {side.label for side in beside}
        strangers = [side for side in (self.topic, *self.pair) if side.country not in {one.country for one in beside}]
        return next((side for side in (*strangers, self.topic) if side.label not in present), None)

    def _guest(self, host: Side, countrymen: Sequence[Side]) -> Side | None:
        """某总统将访华。主席将会见，总理将同其会谈: sooner the stranger of the sentence before than a countryman."""
        known = self._known([host]) if countrymen and not self._lexicon.spaced else None
        return known if known and known.country != host.country else None

    def _the_two(self, sentence: Sentence, trigger: Hit) -> list[Side]:
        """`the two`, 双方: the pair named before in this sentence, else in the last one that named a pair."""
        if not _has_pair_before(sentence, trigger):
            return []
        here = sentence.named_before(trigger.start)
        if len(here) > 1:
            return list(here[:2])
        if here and self.topic and here[0].label not in {self.topic.label, *(side.label for side in self.pair)}:
            return [self.topic, here[0]]
        return list(self.pair[:2])

    def _leaders_before(self, sentence: Sentence, trigger: Hit) -> list[Side]:
        """`the presidents' talks`: the two leaders of different states who were named last."""
        here = sentence.named_before(trigger.start)
        pair = here if len(here) > 1 else self.pair
        leaders = [side for side in pair if side.level is Level.LEADER]
        return leaders if len(leaders) == 2 and leaders[0].country != leaders[1].country else []  # noqa: PLR2004 (both)

    def _omitted(self, sentence: Sentence, trigger: Hit, host: Side) -> list[Side]:
        """某总统将访华，总理、委员长将分别会见: hosts whose verb ends a clause without an object meet the guest."""
        if self._lexicon.spaced or not sentence.ends_clause(trigger.end):
            return []
        before = (*(side for side in (*self.pair, self.topic) if side), *sentence.named_before(trigger.start))
        return [side for side in before if side.country != host.country][-1:]

    def _object(self, sentence: Sentence, trigger: Hit, subject: Side) -> list[Side]:
        """Whom `met him` means: somebody named before in the sentence, else whom the article was last about."""
        near = _PRONOUN_WITHIN if self._lexicon.spaced else 2 * _PRONOUN_WITHIN
        earliest = (
            trigger.start - near + 1 if subject.place >= trigger.end else max(subject.place, trigger.start - near)
        )
        if self._lexicon.verb_last and subject.place < trigger.start:  # "wird ihn am Dienstag Xi empfangen"
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
