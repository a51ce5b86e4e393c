"""Who each noun phrase means, in the light of the whole text and of the day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alerts.inflection import nominative, title_cases, transliterate
from alerts.mention import Mention
from alerts.noun_phrases import NounPhrase, countries_of, ever_held
from alerts.offices_in_context import OFFICE, Context
from alerts.pieces import fold
from config.countries import load_countries
from config.offices import load_lexicon
from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from alerts.pieces import Piece
    from config.offices import OfficeKind, Phrases
    from config.people import People
    from config.persons import Person

PERSON, UNKNOWN, GROUP = "person", "unknown-named", "group"
_LEVELS = tuple(Level)
_EXCLUSIVE = frozenset({"president", "prime-minister", "monarch", "pope", "foreign-minister", "speaker"})
"""Offices of which all holders of note are known: said of another bearer of a name, they tell a namesake."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NAME_WORD = re.compile(r"[ \u00a0]+([^\W\d_]+(?:['’-][^\W\d_]+)*)")
_LONGEST_UNKNOWN = 4
_CYRILLIC = frozenset({"ru", "uk"})
_HEADLINE_SHARE = 0.7


class Resolver:
    """Says who each group is, in the light of the whole text."""

    def __init__(self, people: People, text: str, language: str, phrases: Phrases, at: date) -> None:
        self._people = people
        self._text = text
        self._language = language
        self._spaced = language != "zh"
        self._phrases = phrases
        self._at = at
        self._executive = load_countries().executive
        self._named: dict[str, list[tuple[int, Person]]] = {}
        self._bearers: dict[str, set[Person]] = {}

    def resolve(self, groups: Sequence[NounPhrase]) -> list[Mention]:
        """Full names and offices with a country first; they decide what bare surnames and offices mean."""
        self._starts = [group.start for group in groups]
        sure = {id(group): person for group in groups if (person := self._sure_person(group))}
        for group in groups:
            if person := sure.get(id(group)):
                self._note(person, group.start)
                for kind in group.kinds:
                    self._bearers.setdefault(kind.slug, set()).add(person)
        mentions: list[Mention] = []
        for group in groups:
            mention = self._mention(group, sure.get(id(group)))
            if mention is not None and (not mentions or mention.start >= mentions[-1].end):
                mentions.append(mention)
        context = Context(self._people, self._text, self._at)
        return [context.resolve(mention, mentions) for mention in mentions]

    def _note(self, person: Person, start: int) -> None:
        for shorts in person.shorts.values():
            for short in shorts:
                self._named.setdefault(short, []).append((start, person))
        self._named.setdefault(person.label, []).append((start, person))

    def _sure_person(self, group: NounPhrase) -> Person | None:
        """Whom the group names by itself: by the full name, or by a surname that the office beside it decides."""
        piece = group.person
        if piece is None or self._is_thing(piece):
            return None
        persons = piece.persons
        if group.offices or group.markers:
            persons = self._fitting(group, persons) or (persons if piece.full else ())
            if self._is_namesake(group, persons):
                return None
        elif not piece.full:
            return None
        return _single(self._by_note(persons))

    def _fitting(self, group: NounPhrase, persons: Sequence[Person]) -> tuple[Person, ...]:
        """Those whom the country and the office suit, best of all one who holds it now."""
        country = self._country(group)
        if country:
            persons = [person for person in persons if country in countries_of(person)]
        kinds = {meant for kind in group.kinds for meant in (kind.slug, *kind.means)}
        now = [p for p in persons if any(office.kind in kinds for office in p.offices_at(self._at))]
        ever = [p for p in persons if ever_held(p, kinds)]
        return tuple(now or ever or persons)

    def _is_namesake(self, group: NounPhrase, persons: Sequence[Person]) -> bool:
        """Whether an office that few hold at a time is said of a surname none of whose bearers ever held it."""
        if group.person is None or group.person.full:
            return False
        kinds = {meant for kind in group.kinds for meant in (kind.slug, *kind.means)}
        exclusive = any(kind.slug in _EXCLUSIVE for kind in group.kinds) and not {"former", "acting"} & set(
            group.markers
        )
        return exclusive and not any(ever_held(person, kinds) for person in persons)

    def _by_note(self, persons: Sequence[Person]) -> tuple[Person, ...]:
        """The highest-ranking today of several that bear one name."""
        if len(persons) <= 1:
            return tuple(persons)
        ranks = [_LEVELS.index(person.level_at(self._at)) for person in persons]
        return tuple(p for p, rank in zip(persons, ranks, strict=True) if rank == min(ranks))

    def _country(self, group: NounPhrase) -> str | None:
        if group.countries:
            return group.countries[0]
        if group.owner is not None and len(group.owner.persons) == 1:
            return group.owner.persons[0].country
        return next((kind.country for kind in group.kinds if kind.country), None)

    def _mention(self, group: NounPhrase, sure: Person | None) -> Mention | None:
        if group.person is None:
            unbound = not group.countries and all(kind.bound for kind in group.kinds)
            return None if unbound else self._office_mention(group)
        person = sure or (None if self._is_namesake(group, group.person.persons) else self._surname(group))
        if person is not None:
            return self._person_mention(group, person)
        if group.offices and not self._is_thing(group.person):
            return self._built(group, self._spelt(group, self._text[group.person.start : group.person.end]), UNKNOWN)
        return None

    # -- persons

    def _surname(self, group: NounPhrase) -> Person | None:
        """A bare surname: someone named in this text, else the one bearer of note, unless a first name forbids."""
        piece = group.person
        assert piece is not None  # noqa: S101 (asked only of groups with a person)
        if piece.full or self._is_thing(piece) or self._has_other_first_name(piece):
            return None
        here = [p for p in piece.persons if p.label in self._named]
        if here:
            return self._nearest(here, piece.start)
        able = [person for person in piece.persons if person.surname_alone]
        persons = self._by_note(able)
        if len(persons) == 1 and (len(able) == 1 or persons[0].level_at(self._at) is not Level.OTHER):
            return persons[0]
        return None

    def _nearest(self, persons: Sequence[Person], start: int) -> Person:
        """The last one named before, or else the first one after."""

        def distance(person: Person) -> tuple[bool, int]:
            places = [place for place, _ in self._named[person.label]]
            before = [place for place in places if place <= start]
            return (not before, start - max(before) if before else min(places) - start)

        return min(persons, key=distance)

    def _is_thing(self, piece: Piece) -> bool:
        """`Trump Tower`, `Costa Rica`: a word follows that makes a thing of the name."""
        following = _NAME_WORD.match(self._text, piece.end)
        if following:
            return following[1] in self._phrases.followers
        return any(self._text.startswith(word, piece.end) for word in self._phrases.followers) and not self._spaced

    def _has_other_first_name(self, piece: Piece) -> bool:
        before = self._text[max(0, piece.start - 40) : piece.start]
        if not self._spaced:
            return before.rstrip("·").endswith(tuple(self._phrases.given) or ("\0",))
        words = _WORD.findall(before) if before[-1:] in {" ", "\u00a0", "-"} and before.rstrip()[-1:].isalpha() else []
        return bool(words) and words[-1] in self._phrases.given

    def _person_mention(self, group: NounPhrase, person: Person) -> Mention:
        held = person.offices_at(self._at)
        former = "former" in group.markers or person.former_at(self._at)
        spoken = group.kinds[0] if group.kinds else None
        level = held[0].level if held else Level.OTHER
        if not held and spoken and self._is_sworn_by_text(group, spoken, former=former):
            level, former = self._level(group, spoken), False
        if spoken and "acting" in group.markers:
            level = min(level, spoken.level, key=_LEVELS.index)
        country = (held[0].country if held else None) or self._country(group) or person.country
        return Mention(
            group.start,
            group.end,
            person.label,
            level,
            country,
            PERSON,
            office=held[0].kind if held else (spoken.slug if spoken else None),
            former=former and not held,
            spokesman=any(office.spokesman for office in held[:1]) or bool(spoken and spoken.spokesman),
            deputy=level is Level.DEPUTY,
            envoy=any(office.envoy for office in held) or bool(spoken and spoken.envoy),
            acting="acting" in group.markers,
            elect="elect" in group.markers,
            candidate="candidate" in group.markers,
        )

    @staticmethod
    def _is_sworn_by_text(group: NounPhrase, spoken: OfficeKind, *, former: bool) -> bool:
        """Whether the text's own title counts although nothing is known of it.

        An envoy's or a minister's does: mandates change faster than data. A leader's does not where we know that it
        is over, because former presidents go on being called so.
        """
        if {"former", "elect", "candidate"} & set(group.markers):
            return False
        return not former or spoken.level is not Level.LEADER

    # -- offices

    def _office_mention(self, group: NounPhrase) -> Mention | None:
        if group.offices[0].plural and not group.shared:
            return self._built(group, None, GROUP)
        unknown = self._unknown_name(group)
        if unknown is not None:
            end, name = unknown
            return self._built(group, self._spelt(group, name), UNKNOWN, end=end)
        holder = self._holder(group)
        if holder is not None:
            kind, person = holder
            return Mention(
                group.start, group.end, person.label, kind.level, self._country(group), OFFICE, office=kind.slug,
                spokesman=kind.spokesman, envoy=kind.envoy,
                acting="acting" in group.markers,
            )  # fmt: skip
        return self._built(group, None, OFFICE)

    def _holder(self, group: NounPhrase) -> tuple[OfficeKind, Person] | None:
        if {"former", "deputy", "elect", "candidate"} & set(group.markers) or group.owner:
            return None
        country = self._bearers_country(group) or self._country(group)
        if country is None:
            return None
        for kind in self._meant(group, country):
            person = self._people.holder(kind.slug, country, self._at)
            if person is not None:
                return kind, person
        return None

    def _bearers_country(self, group: NounPhrase) -> str | None:
        """`Bundeskanzler` where the text calls Nehammer so: not the one whom the word alone would mean."""
        if group.countries:
            return None
        bearers = {person for kind in group.kinds if kind.country for person in self._bearers.get(kind.slug, ())}
        bearer = _single(list(bearers))
        return bearer.country if bearer else None

    def _meant(self, group: NounPhrase, country: str | None) -> list[OfficeKind]:
        """The kinds that the words may stand for, the one that governs that country first for a loose word."""
        kinds = load_lexicon().kinds
        slugs: list[str] = []
        for kind in group.kinds:
            governing = self._executive.get(country or "")
            if governing and "leader" in {kind.slug, *kind.means}:
                slugs.append(governing)
            slugs += (kind.slug, *kind.means)
        return [kinds[slug] for slug in dict.fromkeys(slugs)]

    def _built(self, group: NounPhrase, label: str | None, kind: str, *, end: int | None = None) -> Mention:
        """A mention without a known person: all that is known stands in the office's words."""
        spoken = group.kinds[0]
        markers = set(group.markers)
        out = bool({"former", "elect", "candidate"} & markers)
        level = Level.OTHER if out else self._level(group, spoken)
        return Mention(
            group.start,
            end or group.end,
            label,
            None if kind == GROUP else level,
            self._country(group),
            kind,
            office=spoken.slug,
            former="former" in markers,
            spokesman=spoken.spokesman,
            deputy=spoken.deputy or "deputy" in markers,
            envoy=spoken.envoy,
            acting="acting" in markers,
            elect="elect" in markers,
            candidate="candidate" in markers,
        )

    @staticmethod
    def _level(group: NounPhrase, spoken: OfficeKind) -> Level:
        """A deputy marker binds the office that follows it."""
        if "deputy" in group.markers:
            return Level.MINISTER if spoken.level is Level.LEADER else Level.DEPUTY
        return spoken.level

    def _unknown_name(self, group: NounPhrase) -> tuple[int, str] | None:
        """Capitalised words right after the office, which no piece has claimed: `President Xyz Abc`."""
        if not self._spaced or self._in_headline_case(group):
            return None
        words: list[str] = []
        at = group.end
        while len(words) < _LONGEST_UNKNOWN and at not in self._starts:
            found = _NAME_WORD.match(self._text, at)
            if found is None or found.start(1) in self._starts:
                break
            word = found[1]
            if not (word[0].isupper() or (words and word in self._phrases.particles)):
                break
            words.append(word)
            at = found.end()
        while words and not words[-1][0].isupper():
            at -= len(words.pop()) + 1
        if len(words) < 2:  # noqa: PLR2004 (a first name and a surname)
            return None
        return at, " ".join(words)

    def _spelt(self, group: NounPhrase, name: str) -> str:
        """A Cyrillic name as English writes it, out of the case in which the office beside it stands."""
        if self._language not in _CYRILLIC:
            return name
        office = group.offices[-1]
        written = fold(self._text[office.start : office.end])
        cases = {
            case
            for kind in office.offices
            for word in kind.words.get(self._language, ())
            for case, forms in enumerate(title_cases(word, self._language))
            if any(fold(form) == written for form in forms)
        }
        return transliterate(nominative(name, self._language, cases), self._language, "en")

    def _in_headline_case(self, group: NounPhrase) -> bool:
        """Where Most Words Are Capitalised, capitals tell nothing about names."""
        start = self._text.rfind("\n", 0, group.start) + 1
        end = self._text.find("\n", group.end)
        words = [word for word in _WORD.findall(self._text[start : end if end >= 0 else None][:400]) if len(word) > 3]  # noqa: PLR2004 (small words stay small in headlines)
        return bool(words) and sum(word[0].isupper() for word in words) >= _HEADLINE_SHARE * len(words)


def _single(persons: Sequence[Person]) -> Person | None:
    return persons[0] if len(persons) == 1 else None
