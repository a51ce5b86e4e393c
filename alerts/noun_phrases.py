"""Neighbouring pieces joined to noun phrases: `former` `French` `president` `Hollande`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config.countries import load_countries
from config.offices import load_office_kinds
from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.pieces import Piece
    from config.offices import OfficeKind, Phrases
    from config.persons import Person

_BOUND_TO_A_PERSON = frozenset(
    {"envoy", "aide", "spokesman", "security-adviser", "head-of-office", "deputy-head-of-office", "ambassador"}
)


@dataclass(slots=True)
class NounPhrase:
    """Pieces that belong to one noun phrase: `bisheriger` `französischer` `Präsident` `Macron`."""

    start: int
    end: int
    markers: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    offices: list[Piece] = field(default_factory=list)
    person: Piece | None = None
    owner: Piece | None = None
    last_role: str = ""
    shared: bool = False
    """One of several countries' office told in one phrase: one holder, though the word is a plural."""

    def add(self, piece: Piece) -> None:
        """Take the next piece in."""
        self.end = piece.end
        self.last_role = piece.role
        if piece.persons:
            self.person = piece
        elif piece.offices:
            self.offices.append(piece)
            self.countries += [piece.country] if piece.country else []
        elif piece.country:
            self.countries.append(piece.country)
        elif piece.marker:
            self.markers.append(piece.marker)

    def accepts(self, piece: Piece) -> bool:
        """Whether a piece of that role may still follow in one phrase."""
        if self.person is not None:
            return False
        role = piece.role
        if role == "person":
            of_another = self.offices and not self.countries and all(kind.bound for kind in self.kinds)
            return bool(self.offices or self.markers or self.countries) and not of_another  # «гость Макрона»
        if role == "country":
            return not self.countries and not (self.offices and piece.adjective and self.last_role == "marker")
        if role == "office":
            return not self.offices or self.last_role == "office"
        return True

    @property
    def kinds(self) -> tuple[OfficeKind, ...]:
        """What its office words may mean, in their order; "president of the EBRD" is no head of state."""
        kinds = tuple(kind for piece in self.offices for kind in piece.offices)
        if not self.countries or self.countries[0] not in load_countries().organisations:
            return kinds
        head = load_office_kinds()["organisation-head"]
        return tuple({kind.slug: kind for kind in (head if k.level is Level.LEADER else k for k in kinds)}.values())


class Grouper:
    """Joins neighbouring pieces by the language's links, in two passes: phrases first, appositions after."""

    def __init__(self, text: str, phrases: Phrases) -> None:
        self._text = text
        self._links = {pair: re.compile(pattern) for pair, pattern in phrases.links.items()}

    def group(self, pieces: Sequence[Piece]) -> list[NounPhrase]:
        """The phrases that hold a person or an office, in the order of the text, disjoint."""
        groups: list[NounPhrase] = []
        index = 0
        while index < len(pieces):
            group, index = self._phrase(pieces, index)
            if group is not None:
                groups.append(group)
        return self._appositions(self._shared(groups, pieces))

    def _shared(self, groups: Sequence[NounPhrase], pieces: Sequence[Piece]) -> list[NounPhrase]:
        """`the presidents of Russia and Iran` are two phrases; so are 俄罗斯和伊朗总统, without a plural."""
        out = list(groups)
        for group in groups:
            if group.person or not group.offices or len(group.countries) != 1:
                continue
            partners = self._partners(group, [piece for piece in pieces if piece.country])
            for piece in partners:
                if not any(other.start <= piece.start < other.end for other in groups):
                    out.append(
                        NounPhrase(piece.start, piece.end, [], [piece.country or ""], group.offices, shared=True)
                    )
                    group.shared = True
        return sorted(out, key=lambda group: group.start)

    def _partners(self, group: NounPhrase, countries: Sequence[Piece]) -> list[Piece]:
        """The other countries whose office it is, right behind the phrase or right before it."""
        several = group.offices[-1].plural or all(kind.bound for kind in group.kinds)  # «главы Мали и Чада»
        link = "country-country" if several else "country-country-one"
        found: list[Piece] = []
        first, last = group.start, group.end
        for piece in countries:
            if piece.start > last and several and self._fits(link, last, piece.start):
                found.append(piece)
                last = piece.end
        for piece in reversed(countries):
            if piece.end < first and self._fits(link, piece.end, first):
                found.append(piece)
                first = piece.start
        return found

    def _phrase(self, pieces: Sequence[Piece], index: int) -> tuple[NounPhrase | None, int]:
        """The phrase that begins at this piece, None where it turns out to be no more than a country or a marker."""
        first = pieces[index]
        group = NounPhrase(first.start, first.end)
        group.add(first)
        before, at = first, index + 1
        while at < len(pieces) and group.accepts(pieces[at]) and self._linked(group, before, pieces[at]):
            group.add(pieces[at])
            before, at = pieces[at], at + 1
        if group.person is None and not group.offices:
            return None, index + 1
        if group.offices and group.person is not None and self._is_owner(group):
            at = self._take_person_of_owner(group, pieces, at)
        return group, at

    def _is_owner(self, group: NounPhrase) -> bool:
        """«помощник Путина»: the name after the office is whose aide it is, not who the aide is."""
        assert group.person is not None  # noqa: S101 (asked only of groups with a person)
        kinds = {kind.slug for kind in group.kinds}
        if not kinds <= _BOUND_TO_A_PERSON:
            return False
        return not any(ever_held(person, _BOUND_TO_A_PERSON) for person in group.person.persons)

    def _take_person_of_owner(self, group: NounPhrase, pieces: Sequence[Piece], at: int) -> int:
        group.owner, group.person = group.person, None
        assert group.owner is not None  # noqa: S101 (set in the line above)
        if at < len(pieces) and pieces[at].persons and self._fits("owner-person", group.owner.end, pieces[at].start):
            group.add(pieces[at])
            return at + 1
        return at

    def _linked(self, group: NounPhrase, before: Piece, after: Piece) -> bool:
        pair = f"{before.role}-{after.role}"
        if pair == "country-person" and not (group.offices or group.markers):
            pair = "state-person"  # "Italy's Meloni", and not "in Italy Meloni"
        slavic = "name-office" in self._links  # adjectives stand before their nouns
        if slavic and pair == "country-office" and not before.adjective:
            pair = "name-office"  # «на Генассамблее ООН президент Украины»: a name in front is not the office's own
        if pair == "office-person" and not _may_hold(before, after):
            return False
        if slavic and pair == "office-country" and after.adjective and all(kind.bound for kind in before.offices):
            return False  # «глава китайской делегации»
        if self._fits(pair, before.end, after.start):
            return True
        bound = all(kind.bound for kind in before.offices)  # "the guest of Xi" is not Xi
        return pair == "office-person" and not bound and self._fits("office-owner", before.end, after.start)

    def _fits(self, pair: str, start: int, end: int) -> bool:
        link = self._links.get(pair)
        return link is not None and link.fullmatch(self._text, start, end) is not None

    def _appositions(self, groups: Sequence[NounPhrase]) -> list[NounPhrase]:
        """`Macron, the French president` becomes one; `Trump's envoy Witkoff` becomes one with its owner."""
        out: list[NounPhrase] = []
        for group in groups:
            before = out[-1] if out else None
            if before is not None and before.person and not before.offices and group.offices:
                if group.person is None and self._is_apposition(before, group):
                    group.person, group.start = before.person, before.start
                    out[-1] = group
                    continue
                bound = all(kind.bound for kind in group.kinds)  # "Xi's guest"
                if group.owner is None and not bound and self._fits("owner-office", before.end, group.start):
                    group.owner, group.start = before.person, before.start
                    out[-1] = group
                    continue
            out.append(group)
        return out

    def _is_apposition(self, before: NounPhrase, group: NounPhrase) -> bool:
        assert before.person is not None  # noqa: S101 (asked only of groups with a person)
        if not self._fits("person-office", before.end, group.start):
            return False
        kinds = {meant for kind in group.kinds for meant in (kind.slug, *kind.means)}
        return any(
            ever_held(person, kinds) and (not group.countries or group.countries[0] in countries_of(person))
            for person in before.person.persons
        )


def _may_hold(office: Piece, person: Piece) -> bool:
    """False for «похорон Папи Трамп»: the word alone says whose office it is, and none of these served there.

    `Bundeskanzler Nehammer`: what the word stands for is held elsewhere too.
    """
    countries = {kind.country for kind in office.offices}
    meant = {slug for kind in office.offices for slug in kind.means}
    return None in countries or any(countries & countries_of(one) or ever_held(one, meant) for one in person.persons)


def ever_held(person: Person, kinds: Iterable[str]) -> bool:
    """Whether the person held an office of one of these kinds at any time."""
    return any(office.kind in kinds for office in person.offices)


def countries_of(person: Person) -> set[str | None]:
    """The person's own country and those they served."""
    return {person.country, *(office.country for office in person.offices)}
