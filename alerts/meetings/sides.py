"""Who sits at the table: the people on either side of a meeting word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.meetings.cast import Cast
from alerts.meetings.participants import Side, Table
from config.lexicon import CueClass
from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.meetings.cues import Hit

_LEADERS = frozenset({"president", "prime-minister", "chancellor", "leader", "head-of-state", "monarch"})
_CLOSING = frozenset({CueClass.MEETS, CueClass.MEETS_BARE, CueClass.MEETING_NOUN})
"""Classes that a Chinese comma parts from what follows."""
_FINITE = frozenset({CueClass.MEETS, CueClass.SPEAKS})
_LIST_GAP = 9
"""Words between two members of a list: ", Prime Minister of the Republic of X, and"."""
_PARTICLE = 3
"""Letters of an article or a preposition, which is no verb."""
_CARRY = 3
"""Words between "and" and the verb that shares the subject of the one before."""
_PAUSES = frozenset({",", "–", "—", "-"})


class Sentence(Cast):
    """A sentence of which one may ask who stands where around a meeting word."""

    def table(self, trigger: Hit) -> Table:
        """The participants grammar puts at a meeting word; either side may be empty."""
        start, end = self.segment(trigger)
        right = self._right(trigger, end)
        left = self._carried(trigger, start) or self._left(trigger, start)
        left = self._subject_of_pronoun(trigger, start, left)
        if trigger.kind is CueClass.MEETING_NOUN and not right and self._lies_ahead(trigger):
            left = []  # "X met Y ahead of the summit": the summit is another matter
        if (
            trigger.kind in {CueClass.MEETING_NOUN, CueClass.AFTER_MEETING}
            and len(right) > 1
            and not self._accompanied(trigger, right)
            and len({side.name for side in right}) > 1
        ):
            left = []  # "talks between A and B": the right side is complete without a subject
        return Table(tuple(left), tuple(right), awaits=not left and self._accompanied(trigger, right))

    def _lies_ahead(self, trigger: Hit) -> bool:
        return any(
            hit.kind is CueClass.AHEAD and trigger.start - _LIST_GAP <= hit.end <= trigger.start for hit in self.hits
        )

    def _accompanied(self, trigger: Hit, right: Sequence[Side]) -> bool:
        """`talks with A and B`, unlike `between A and B`."""
        first = right[0].place if right else trigger.end
        return any(token.word in self._companions for token in self.tokens[trigger.start : first])

    def followers(self, side: Side, trigger: Hit) -> list[Side]:
        """Who stands next behind `side`, no border between: «traf Xi am Montag seinen Gastgeber Macron»."""
        limit = self._stop_right(max(side.place + 1, trigger.end), self.segment(trigger)[1])
        row = self._row(side.place + 1, limit, speaking=trigger.start == 0)  # « Reçu par X, Y a déclaré »
        return [other for other in row if other.name != side.name]

    def _right(self, trigger: Hit, end: int) -> list[Side]:
        inner = [self.sides[place] for place in range(trigger.start, trigger.end) if place in self.sides]
        limit = self._stop_right(trigger.end, end)
        if not self._spaced and trigger.kind in _CLOSING:  # an object stands right behind its verb
            limit = next((at for at in range(trigger.end, limit) if self.tokens[at].word == "，"), limit)
        row = self._row(trigger.end, limit)
        if row and trigger.kind is CueClass.DISCUSSES and not self._is_addressed(row[0], trigger):
            row = []  # "discussed President X's visit": he is what they talked about
        return inner + row

    def _is_addressed(self, side: Side, trigger: Hit) -> bool:
        """`discussed trade with X`, `briefed X`."""
        at_once = side.place == trigger.end and self._after_possessive(side.place) is None
        return at_once or self.is_companion(side) or self._accompanied(trigger, [side])

    def _row(self, start: int, limit: int, *, speaking: bool = False) -> list[Side]:
        """The first person from a token on, and whoever is listed with it."""
        first = next((place for place in range(start, min(limit, start + self._reach)) if place in self.sides), None)
        if first is None or (self._speaks(first) and not speaking):
            return []
        found = [self.sides[first]]
        for place in range(first + 1, limit):
            if place not in self.sides:
                continue
            if not self._is_listed(found[-1].place, place) or self._speaks(place):
                break
            found.append(self.sides[place])
        return found

    def _carried(self, trigger: Hit, start: int) -> list[Side]:
        """The subject of the verb before, where this one goes on: `received X and then called Y`."""
        earlier = [hit for hit in self.triggers if start <= hit.start and hit.end <= trigger.start]
        near = self._carries & set(range(max(start, trigger.start - _CARRY), trigger.start))
        if not earlier or not near or any(place in self.sides for place in range(max(near), trigger.start)):
            return []
        before = self._left(earlier[-1], start) or self._carried(earlier[-1], start)
        if not self._spaced and before and self.is_companion(before[0]):
            return []  # 与甲会谈，并会见了乙: the subject is not told here
        return before[:1] if any(self.is_companion(side) for side in before[1:]) else before

    def _subject_of_pronoun(self, trigger: Hit, start: int, left: list[Side]) -> list[Side]:
        """`X talked with Y, his way to Z is barred`: X goes on, though Y stands nearer."""
        earlier = [hit for hit in self.triggers if start <= hit.start and hit.end <= trigger.start]
        if not left or not earlier or left[0].place < earlier[-1].end:
            return left
        pronoun = any(left[-1].place < place < trigger.end for place in self._pronouns)
        partner = any(token.word in self._companions for token in self.tokens[left[0].place - 2 : left[0].place])
        told = trigger.kind is CueClass.AFTER_MEETING and earlier[-1].kind in _FINITE  # "X met Y after talks with Z"
        return (self._left(earlier[-1], start) or left) if pronoun or partner or told else left

    def starts_with_pronoun(self) -> bool:
        """Whether somebody is meant before anybody is named: `In Moscow he saw X`."""
        return bool(self._pronouns) and min(self._pronouns) < min(self.sides, default=len(self.tokens))

    def goes_on(self) -> bool:
        """Whether it is about whom the sentence before was about: `He met Y there`, `The two discussed Z`."""
        both = any(hit.kind is CueClass.PAIR and hit.start <= 1 for hit in self.hits)
        return both or self.starts_with_pronoun()

    def _left(self, trigger: Hit, start: int) -> list[Side]:
        if self._resumes(trigger.start):
            return self._row(start, trigger.start - 1)
        limit = self._stop_left(trigger.start, start)
        places = [place for place in range(limit, trigger.start) if place in self.sides]
        if not places and trigger.kind in {CueClass.MEETS, CueClass.SPEAKS}:
            # "ist von X zu einem Gespräch empfangen worden": a noun on the way parts no verb from its people
            limit = self._stop_left(trigger.start, start, nouns=True)
            places = [place for place in range(limit, trigger.start) if place in self.sides]
        places = [place for place in places if not self.sides[place].press] or places
        if not places or trigger.start - places[-1] > self._reach:
            return []
        found = [self.sides[places[-1]]]
        for place in reversed(places[:-1]):
            if not self._is_listed(place, found[-1].place):
                break
            found.append(self.sides[place])
        return found[::-1]

    def _resumes(self, at: int) -> bool:
        """`X, who won, and Y, where it rained, met`: behind a comma and "and" the main clause goes on."""
        return any(self.tokens[place - 1].word in {",", "，"} for place in self._carries & {at - 1, at - 2} if place)

    def _stop_right(self, at: int, end: int) -> int:
        stops = self._says | (self._trigger_places - self._noun_places)
        for place in range(at, end):
            if place in stops or (place in self._subordinate):
                return place
        return end

    def _stop_left(self, at: int, start: int, *, nouns: bool = False) -> int:
        """Just after the last border; a relative pronoun lets its noun through."""
        stops = self._says | (self._trigger_places - self._noun_places if nouns else self._trigger_places)
        for place in range(at - 1, start - 1, -1):
            if place in stops:
                return place + 1
            if place in self._subordinate:
                before = [noun for noun in (place - 1, place - 2) if noun >= start and noun in self.sides]
                return self._row_start(before[0], start) if before else place + 1
        return start

    def _row_start(self, place: int, start: int) -> int:
        """The first member of the list that ends at a person."""
        for earlier in range(place - 1, start - 1, -1):
            if earlier in self.sides:
                if not self._is_listed(earlier, place):
                    break
                place = earlier
        return place

    def _is_listed(self, one: int, two: int) -> bool:
        """Whether two people are members of one list: joined by a listing word and little else."""
        between = range(one + 1, two)
        joined = not self._spaced and self._listing & set(between)  # 周一在巴黎同来华出席……的某某
        gap = self._reach if joined else _LIST_GAP
        elsewhere = self._says | self._trigger_places | self._idioms
        if len(between) > gap or elsewhere & set(between):
            return False
        if self._listing & set(between):
            return self.sides[one].label is not None or self._joins_closely(between)
        return len(between) == 1 and self.tokens[one + 1].word in {",", "、", "-", "–", "—", "/"}

    def _joins_closely(self, between: range) -> bool:
        """`miners and with Modi`, unlike `miners and criticised Modi`: behind a group may stand another verb."""
        return all(place in self._listing or len(self.tokens[place].word) <= _PARTICLE for place in between)

    def _speaks(self, place: int) -> bool:
        """`..., said X` and `X said`: not at the table. In `received X, said Y` and `after X Y said` Y speaks."""
        if self._heads_quote(place):
            return True
        if self._is_accompanied_by(place):
            return False
        near = {place - 1, place - 2, place + 1, place + 2}
        before, after = self.tokens[max(place - 1, 0)], self.tokens[place + 1 : place + 2]
        if after and (after[0].mention is not None or (after[0].word in _PAUSES and before.word not in _PAUSES)):
            near -= {place + 2}
        if place + 1 in self._carries:
            near -= {place + 2}  # "dined with X and admitted": who dined goes on
        return bool((self._says - self._trigger_places) & near)

    def _is_accompanied_by(self, place: int) -> bool:
        """„Nach dem Gespräch mit Putin und Xi sagte Macron“: whoever stands behind "with" is not who speaks."""
        first = place
        while first - 2 in self.sides and first - 1 in self._listing:
            first -= 2
        return any(token.word in self._companions for token in self.tokens[max(0, first - 2) : first])

    def _heads_quote(self, place: int) -> bool:
        """«Ушаков: беседа с премьером под вопросом»: an aide or minister before a colon speaks for others."""
        after = self.tokens[place + 1 : place + 2]
        below = self.sides[place].level is not Level.LEADER
        return self._spaced and place == 0 and below and bool(after) and after[0].word == ":"

    def addressed_after(self, place: int) -> tuple[Side, ...]:
        """`During the meeting X assured Y`, „im Gespräch versicherte X Y“: the two around a word of speech."""
        limit = min((at for at in self._subordinate if at > place), default=len(self.tokens))
        found = [side for at, side in sorted(self.sides.items()) if place < at < limit and side.label]
        if len(found) != 2 or not self._says & set(range(place, found[1].place)):  # noqa: PLR2004 (who, whom)
            return ()
        return tuple(found)

    def has_subject(self, start: int, end: int) -> bool:
        """Whether somebody without a word for "with", or `both`, stands there."""
        subjects = {place for place, side in self.sides.items() if not self.is_companion(side)}
        return any(start <= place < end for place in subjects | self._places(CueClass.PAIR))

    def ends_clause(self, place: int) -> bool:
        """Whether nothing but punctuation stands there."""
        return place >= len(self.tokens) or self.tokens[place].word in {"，", "。", "；", "、", "！"}

    def named_before(self, place: int) -> tuple[Side, ...]:
        """Different named people before a token, in order."""
        found = {side.name: side for at, side in sorted(self.sides.items()) if at < place and side.label}
        return tuple(found.values())

    def companion_before(self, side: Side) -> list[Side]:
        """«З Туском Макрон зустрівся»: the nearest partner in front of the subject."""
        earlier = [other for place, other in sorted(self.sides.items()) if place < side.place]
        return [other for other in earlier if self.is_companion(other)][-1:]

    def is_leaders_alone(self, sides: Sequence[Side]) -> bool:
        """Whether nobody but "the presidents", of no country, is at the table."""
        if len(sides) != 1 or sides[0].label or sides[0].country or sides[0].stranger:
            return False
        mention = self.tokens[sides[0].place].mention
        return mention is not None and mention.kind == "group" and mention.office in _LEADERS

    def is_companion(self, side: Side) -> bool:
        """Whether a listing word ties it to somebody else: `with X`, 同X, «с X»."""
        return side.place - 1 in self._listing or side.place - 2 in self._listing

    def subject(self) -> Side | None:
        """Whom the sentence is about: its first person."""
        return next((side for _, side in sorted(self.sides.items()) if side.label is not None), None)
