"""Who sits at the table: the people on either side of a meeting word."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from alerts.meetings.cues import TRIGGERS
from alerts.meetings.participants import Side, Table, merged
from config.lexicon import CueClass
from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from alerts.meetings.cues import Hit
    from alerts.meetings.tokens import Token
    from alerts.names import Mention

_GROUPS = {
    CueClass.LEADERS: Level.LEADER,
    CueClass.UNNAMED: Level.DEPUTY,
    CueClass.AIDE: Level.DEPUTY,
    CueClass.PEOPLE: Level.OTHER,
    CueClass.PRESS: Level.OTHER,
}
"""Classes that stand for somebody without a name, with the level."""
_LEADERS = frozenset({"president", "prime-minister", "chancellor", "leader", "head-of-state", "monarch"})
_CLOSING = frozenset({CueClass.MEETS, CueClass.MEETS_BARE, CueClass.MEETING_NOUN})
"""Classes that a Chinese comma parts from what follows."""
_FOREIGN = frozenset({"envoy", "organisation-head"})
"""Offices whose holder, if nothing says otherwise, comes from elsewhere."""
_AIDES = frozenset({"aide", "envoy", "spokesman", "security-adviser", "head-of-office"})
"""Offices that serve one person."""
_NATION_WITHIN = 2
"""Words up to the country whose group it is: "US congressional delegation", "diplomats from Chile"."""
_NAMELY_GAP = 4
_RISING = frozenset({"opposition-leader", "candidate"})
_FOREIGN_WITHIN = 5
"""Words between a group and what tells where it comes from: "leaders of five African states"."""
_LIST_GAP = 9
"""Words between two members of a list: ", Prime Minister of the Republic of X, and"."""
_PARTICLE = 3
"""Letters of an article or a preposition, which is no verb."""
_CARRY = 3
"""Words between "and" and the verb that shares the subject of the one before."""
_PAUSES = frozenset({",", "–", "—", "-"})
_REACH = 22
"""Words between a meeting word and the nearest person that belongs to it."""


class Sentence:
    """A sentence with what was found in it; answers who stands where."""

    def __init__(
        self,
        tokens: Sequence[Token],
        hits: Sequence[Hit],
        *,
        spaced: bool = True,
        companions: Collection[str] = (),
        owners: Collection[str] = (),
        nations: Mapping[str, str] | None = None,
    ) -> None:
        self._nations = nations or {}
        self.tokens = tokens
        self._spaced = spaced
        self._reach = _REACH if spaced else 2 * _REACH  # most of a Chinese sentence's tokens are single characters
        self._companions = companions
        self._owners = owners
        self.hits = hits
        self._listing = self._places(CueClass.LISTING)
        self._says = self._places(CueClass.SAYS)
        self._contrast = self._places(CueClass.CONTRAST) | {
            place for place, token in enumerate(tokens) if token.word in {";", "；"}
        }
        self._subordinate = {place for place in self._places(CueClass.SUBORDINATE) if not self._closes_date(place)}
        self._pronouns = self._places(CueClass.PRONOUN)
        self._carries = self._places(CueClass.CARRIES)
        self.triggers = [hit for hit in hits if hit.kind in TRIGGERS]
        self._trigger_places = {place for hit in self.triggers for place in hit.places}
        self._noun_places = self._places(CueClass.MEETING_NOUN)
        self._idioms = self._places(CueClass.NOT_MEETING)
        self.sides = self._sides()

    def _places(self, kind: CueClass) -> set[int]:
        return {place for hit in self.hits if hit.kind is kind for place in hit.places}

    def _closes_date(self, place: int) -> bool:
        """`am Freitag, 13. Januar 2023, den Präsidenten`: the comma and the article behind it begin no clause."""
        words = [token.word for token in self.tokens[max(0, place - 2) : place + 1]]
        return any(one.isdecimal() and two == "," for one, two in pairwise(words))

    def segment(self, hit: Hit) -> tuple[int, int]:
        """First and last-but-one token of the stretch around `hit` that no hard border crosses."""
        start = max((place + 1 for place in self._contrast if place < hit.start), default=0)
        end = min((place for place in self._contrast if place >= hit.end), default=len(self.tokens))
        return start, end

    # ------------------------------------------------------------ participants

    def _sides(self) -> dict[int, Side]:
        """All possible participants by place: people who are there themselves, then unnamed groups."""
        aides = [hit for hit in self.hits if hit.kind is CueClass.AIDE]
        sides: dict[int, Side] = {}
        for place, token in enumerate(self.tokens):
            mention = token.mention
            if mention is None or mention.spokesman:
                continue
            if self._is_principal_of_aide(place, aides) or self._is_absent(place) or self._is_pair(place, mention):
                continue
            sides[place] = self._side(place, mention)
        sides |= self._groups()
        return self._without_doubles(sides)

    def _side(self, place: int, mention: Mention) -> Side:
        own = any(hit.kind is CueClass.OWN and hit.end == place for hit in self.hits)
        unnamed_stranger = mention.label is None and (mention.office in _FOREIGN or self._comes_from_elsewhere(place))
        of_no_state = mention.country is None and mention.office == "organisation-head"
        foreign = not own and (unnamed_stranger or of_no_state)
        group = mention.kind == "group"
        of_leaders = group and mention.office in _LEADERS and (foreign or mention.country is not None)
        unnamed = Level.DEPUTY if group and not of_leaders else Level.OTHER
        return Side(
            place,
            mention.label,
            Level.LEADER if of_leaders else mention.level or unnamed,
            mention.country or self._country_behind(place),
            former=mention.former,
            group=mention.office or "official",
            rising=mention.elect or mention.candidate or mention.office in _RISING,
            stranger=foreign,
        )

    def _country_behind(self, place: int) -> str | None:
        """`Ambassador Antonello De Riu of Italy`."""
        behind = [token.word for token in self.tokens[place + 1 : place + 3]]
        tied = len(behind) > 1 and behind[0] in self._owners
        return self._nations.get(behind[1]) if tied else None

    def _comes_from_elsewhere(self, place: int) -> bool:
        return any(
            hit.kind is CueClass.FOREIGN
            and (hit.end in {place, place - 1} or place < hit.start <= place + _FOREIGN_WITHIN)
            for hit in self.hits
        )

    def _is_principal_of_aide(self, place: int, aides: Iterable[Hit]) -> bool:
        """`Trump's envoy`, «посланник Трампа»: Trump is not there."""
        after = self._after_possessive(place)
        if after is not None and after < len(self.tokens) and self.tokens[after].mention is not None:
            return True
        if self._is_owner_of_envoy(place) or self._is_office_behind_envoy(place):
            return True
        if any(hit.start == place + 1 for hit in aides) or self._precedes_aide(place):
            return True
        mention = self.tokens[place].mention
        serves = mention is not None and (mention.envoy or mention.level is Level.DEPUTY)
        # «представителем Ли Хуэем»: an envoy has no envoys, the word before is his own office
        behind = {hit.end for hit in aides} if self._spaced and not serves else set()
        return place in behind or any(after is not None and after <= hit.start <= after + 1 for hit in aides)

    def _is_owner_of_envoy(self, place: int) -> bool:
        """`enviado de Trump`, « émissaire du roi Mohammed VI »."""
        envoy = self.tokens[place - 2].mention if place > 1 else None
        tied = envoy is not None and self.tokens[place - 1].word in self._owners
        return tied and envoy is not None and envoy.label is None and envoy.level is Level.DEPUTY

    def _is_office_behind_envoy(self, place: int) -> bool:
        """«спецпредставитель генсека НАТО»: an office right behind an envoy's is whose envoy it is."""
        envoy, owner = self.tokens[place - 1].mention if place else None, self.tokens[place].mention
        if not (envoy and owner and owner.kind == "office" and envoy.kind == "office"):
            return False
        return self._spaced and envoy.label is None and envoy.office in _AIDES and owner.level is Level.LEADER

    def _precedes_aide(self, place: int) -> bool:
        """`Lula aide`, 特朗普特使: a leader's name right before an office that serves one."""
        mention, following = self.tokens[place].mention, self.tokens[place + 1 : place + 2]
        aide = following[0].mention if following else None
        return bool(mention and mention.level is Level.LEADER and aide and aide.office in _AIDES)

    def _is_pair(self, place: int, mention: Mention) -> bool:
        """`both leaders`, `the presidents of the two countries`: those who were named before."""
        beside = {place - 1, place + 1}
        return mention.label is None and any(
            hit.kind is CueClass.PAIR and beside & set(hit.places) for hit in self.hits
        )

    def _is_absent(self, place: int) -> bool:
        """`not Putin but Lavrov`, `instead of Putin`."""
        kinds = {CueClass.ABSENT, CueClass.NEGATION}
        return any(hit.kind in kinds and hit.end == place for hit in self.hits) or self._is_left_out(place)

    def _is_left_out(self, place: int) -> bool:
        """„Macron traf X, Y aber nicht“: a contrast and a negation that ends the clause stand right behind Y."""
        ends = self.tokens[place + 3 : place + 4]
        if not self._spaced or (ends and ends[0].word[:1].isalnum()):
            return False
        contrast = any(hit.kind is CueClass.CONTRAST and hit.start == place + 1 for hit in self.hits)
        return contrast and any(hit.kind is CueClass.NEGATION and hit.start == place + 2 for hit in self.hits)

    def _after_possessive(self, place: int) -> int | None:
        """The place after `'s` or 的, None if neither follows."""
        following = [token.word for token in self.tokens[place + 1 : place + 3]]
        if following[:1] == ["的"] or following[:1] == ["'s"]:
            return place + 2
        return place + 3 if following == ["'", "s"] else None

    def _groups(self) -> dict[int, Side]:
        groups: dict[int, Side] = {}
        for hit in self.hits:
            level = _GROUPS.get(hit.kind)
            if level is None or self.tokens[hit.start].mention is not None or self._is_absent(hit.start):
                continue
            words = " ".join(self.tokens[place].word for place in hit.places)
            groups[hit.start] = Side(
                hit.start,
                None,
                level,
                self._nation(hit),
                group=words,
                people=hit.kind in {CueClass.PEOPLE, CueClass.PRESS},
                stranger=hit.kind is CueClass.LEADERS
                or (hit.kind is CueClass.UNNAMED and self._comes_from_elsewhere(hit.start)),
                press=hit.kind is CueClass.PRESS,
            )
        return groups

    def _nation(self, hit: Hit) -> str | None:
        """Whose an unnamed group is: `American officials`, «делегация Китая»."""
        before = self.tokens[max(0, hit.start - _NATION_WITHIN) : hit.start]
        near = [*reversed(before), *self.tokens[hit.end : hit.end + _NATION_WITHIN]]
        return next((self._nations[token.word] for token in near if token.word in self._nations), None)

    def _without_doubles(self, sides: dict[int, Side]) -> dict[int, Side]:
        """An office beside its holder's name, or a group word beside a name, is one participant."""
        kept: dict[int, Side] = {}
        for place, side in sorted(sides.items()):
            last = next(reversed(kept.values()), None)
            if last is not None and self._are_one(last, side):
                kept.pop(last.place)
                one = merged(last, side)
                kept[one.place] = one
            else:
                kept[place] = side
        return kept

    def _are_one(self, one: Side, two: Side) -> bool:
        if one.label and two.label and one.label != two.label:
            return False
        gap = range(one.place + 1, two.place)
        words = [self.tokens[place].word for place in gap]
        if not words or words in ([","], ["("], ["，"]):
            return True
        if one.label is None and any(hit.kind is CueClass.NAMELY and set(hit.places) <= set(gap) for hit in self.hits):
            return len(words) <= _NAMELY_GAP
        # "her Chinese counterpart Xi", « son homologue chinois Xi »: one word between, which joins nothing
        joining = self._listing | self._trigger_places | self._says
        plain = words[:-1] if words[-1] == "," else words
        return one.label is None and len(plain) == 1 and plain[0].isalpha() and not joining & set(gap)

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
        return (self._left(earlier[-1], start) or left) if pronoun or partner else left

    def starts_with_pronoun(self) -> bool:
        """Whether somebody is meant before anybody is named: `In Moscow he saw X`."""
        return bool(self._pronouns) and min(self._pronouns) < min(self.sides, default=len(self.tokens))

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
