"""Who in a sentence may take part in a meeting: people who are there themselves, and unnamed groups."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from alerts.meetings.cues import TRIGGERS
from alerts.meetings.participants import Side, merged
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
_REACH = 22
"""Words between a meeting word and the nearest person that belongs to it."""


class Cast:
    """A sentence with what was found in it, and the people in it who may take part in a meeting, by token."""

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
        self._subordinate |= self._asked_clauses()
        self._noun_places = self._places(CueClass.MEETING_NOUN)
        self._idioms = self._places(CueClass.NOT_MEETING)
        self.sides = self._sides()

    def _places(self, kind: CueClass) -> set[int]:
        return {place for hit in self.hits if hit.kind is kind for place in hit.places}

    def _closes_date(self, place: int) -> bool:
        """`am Freitag, 13. Januar 2023, den Präsidenten`: the comma and the article behind it begin no clause."""
        words = [token.word for token in self.tokens[max(0, place - 2) : place + 1]]
        return any(one.isdecimal() and two == "," for one, two in pairwise(words))

    def _asked_clauses(self) -> set[int]:
        """«Лавров не сказал, примет ли Путин Ван И»: the comma before a verb with a question's particle behind it."""
        verbs = {hit.start - 1 for hit in self.hits if hit.kind is CueClass.QUESTION} & self._trigger_places
        return {place - 1 for place in verbs if place and self.tokens[place - 1].word == ","}

    def segment(self, hit: Hit) -> tuple[int, int]:
        """First and last-but-one token of the stretch around `hit` that no hard border crosses."""
        start = max((place + 1 for place in self._contrast if place < hit.start), default=0)
        end = min((place for place in self._contrast if place >= hit.end), default=len(self.tokens))
        return start, end

    def next_clause(self, start: int) -> int:
        """The first soft border from a token on, else the end."""
        return min((place for place in self._subordinate if place >= start), default=len(self.tokens))

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
        """`Lula aide`, 特朗普特使: a leader's name right before an office that serves one, and of the same state."""
        mention, following = self.tokens[place].mention, self.tokens[place + 1 : place + 2]
        aide = following[0].mention if following else None
        if mention is None or mention.level is not Level.LEADER or aide is None or aide.office not in _AIDES:
            return False
        return aide.label is None or aide.country in {None, mention.country}  # «примет ли Путин Ли Хуэя»: two sides

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
