"""Finding a lexicon's patterns in a sentence: what each says, and which words said it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from alerts.inflection import decline_title
from alerts.meetings.gazetteer import Gazetteer, english_label
from alerts.meetings.times import Calendar
from alerts.meetings.tokens import MENTION, Tokenizer
from config.countries import load_countries
from config.lexicon import CueClass, load_lexicon, normalise, parse_pattern
from config.variants import load_variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from alerts.meetings.gazetteer import Found
    from alerts.meetings.tokens import Token
    from config.lexicon import Element, Lexicon

_PRIORITY = {
    kind: number
    for number, kind in enumerate(
        (
            CueClass.CALLS,
            CueClass.UNDER_WAY,
            CueClass.MEETS,
            CueClass.SPEAKS,
            CueClass.WILL_MEET,
            CueClass.AFTER_MEETING,
            CueClass.DISCUSSES,
            CueClass.INVITES,
            CueClass.MEETS_NOW,
            CueClass.MEETS_BARE,
            CueClass.TO_MEET,
            CueClass.MEETING_NOUN,
        )
    )
}
TRIGGERS = frozenset(_PRIORITY)
"""Classes that name a meeting; all others say something about one."""


_NAMING = TRIGGERS | {CueClass.NOT_MEETING, CueClass.BODY}
"""Classes that compete for the words of a meeting; what is said about it competes only among itself."""

_DATELINE = ([":"], ["."], [","])
"""What follows a city at the head of a report: "DOHA.", "Sochi: four hours of talks"."""

_BEFORE_PLACE = 4
"""Words before a city among which its preposition may stand: "in the historic city of Samarkand"."""

_HITS = 200
"""Patterns looked at in one sentence; a real one has a dozen, a word repeated a thousand times says nothing more."""

Payload = TypeVar("Payload")


class Hit(NamedTuple):
    """A pattern found: the places of the words that it names (gaps left out) in the sentence's tokens."""

    kind: CueClass
    places: tuple[int, ...]

    @property
    def start(self) -> int:
        """The first token."""
        return self.places[0]

    @property
    def end(self) -> int:
        """One past the last token."""
        return self.places[-1] + 1


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern(Generic[Payload]):
    """A pattern with what it stands for; a sentence must hold one word of the `anchor` and of each of the `needs`."""

    payload: Payload
    elements: tuple[Element, ...]
    anchor: frozenset[str]
    needs: tuple[frozenset[str], ...]

    def may_stand_among(self, words: AbstractSet[str]) -> bool:
        """Whether a sentence of these words, one of which is the anchor, can hold it."""
        for needed in self.needs:  # noqa: SIM110 (twice as fast as any(), and asked of every pattern)
            if words.isdisjoint(needed):
                return False
        return True


class PatternIndex(Generic[Payload]):
    """Many patterns, each with what it stands for, tried only in sentences that hold the rarest of its words."""

    def __init__(self) -> None:
        self._alone: dict[str, list[_Pattern[Payload]]] = defaultdict(list)
        self._prefixed: dict[str, list[_Pattern[Payload]]] = defaultdict(list)
        self._anchored: dict[str, list[_Pattern[Payload]]] = defaultdict(list)
        self.vocabulary: set[str] = set()
        self._starting = lru_cache(maxsize=20_000)(self._find_starting)

    def add(self, text: str, payload: Payload) -> tuple[Element, ...]:
        """Take in one pattern in the lexicon's notation."""
        elements = parse_pattern(text)
        for element in elements:
            self.vocabulary |= element.words | set(element.prefixes)
        needs = sorted(_needed(elements), key=_rarity, reverse=True)
        anchor = needs[0] if len(elements) > 1 and needs else frozenset[str]()
        pattern = _Pattern(payload, elements, anchor, tuple(needs[1:]))
        if anchor:
            for word in anchor:
                self._anchored[word].append(pattern)
            return elements
        for word in elements[0].words:
            self._alone[word].append(pattern)
        for prefix in elements[0].prefixes:
            self._prefixed[prefix].append(pattern)
        if elements[0].mention:
            self._alone[MENTION].append(pattern)
        return elements

    def _find_starting(self, word: str) -> tuple[_Pattern[Payload], ...]:
        """Patterns without an anchor that begin with this word."""
        found = list(self._alone.get(word, ()))
        for length in range(1, len(word) + 1) if self._prefixed else ():
            found += self._prefixed.get(word[:length], ())
        return tuple(found)

    def find(self, tokens: Sequence[Token]) -> Iterator[tuple[Payload, tuple[int, ...]]]:
        """Every pattern found, with the places of its words; of one pattern at one place only the tightest match."""
        at_word: dict[str, list[int]] = {}
        for at, token in enumerate(tokens):
            at_word.setdefault(token.word, []).append(at)
        present = at_word.keys()
        possible = {pattern for word in present for pattern in self._anchored.get(word, ())}
        for pattern in possible:
            if pattern.may_stand_among(present):
                for at in _starts(pattern.elements[0], tokens, at_word):
                    places = _match(pattern.elements, tokens, at)
                    if places is not None:
                        yield pattern.payload, places
        for word, places_of_word in at_word.items():
            for pattern in self._starting(word):
                for at in places_of_word:
                    places = _match(pattern.elements, tokens, at)
                    if places is not None:
                        yield pattern.payload, places


class CompiledLexicon:
    """One language's lexicon made ready for matching."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._cues: PatternIndex[CueClass] = PatternIndex()
        self._places: PatternIndex[str] = PatternIndex()
        self.trigger_words: set[str] = set()
        self.trigger_beginnings: set[str] = set()
        for group in lexicon.groups:
            for text in group.patterns:
                elements = self._cues.add(text, group.kind)
                if group.kind in TRIGGERS:
                    rarest = _rarest(elements)
                    self.trigger_words |= rarest.words
                    self.trigger_beginnings |= set(rarest.prefixes)
        for city, forms in lexicon.places.items():
            for form in forms:
                self._places.add(form, city)
        self.calendar = Calendar(lexicon.times, spaced=lexicon.spaced)
        self.nations = _nations(lexicon.language)
        vocabulary = {*lexicon.words, *self._cues.vocabulary, *self._places.vocabulary, *self.calendar.vocabulary}
        vocabulary |= set(self.nations)  # so that 及 is no "and" in 埃及
        self._gazetteer = Gazetteer(lexicon.language, spaced=lexicon.spaced)
        vocabulary |= self._gazetteer.vocabulary
        self.tokenizer = Tokenizer(
            spaced=lexicon.spaced, vocabulary=vocabulary, articles=lexicon.articles, relatives=lexicon.relatives
        )
        self._before_place = frozenset(normalise(word) for word in lexicon.before_place)
        self.companions = frozenset(normalise(word) for word in lexicon.companions)
        self.owners = frozenset(normalise(word) for word in lexicon.owners)
        self._variants = load_variants(lexicon.variants) if lexicon.variants else {}

    def plain(self, text: str) -> str:
        """The text, character for character, in the characters in which the lexicon and the names are written."""
        return text.translate(self._variants) if self._variants else text

    def hits(self, tokens: Sequence[Token]) -> list[Hit]:
        """What the sentence says, in order; a pattern inside a longer one of its layer does not count."""
        found = sorted(
            (Hit(kind, places) for kind, places in islice(self._cues.find(tokens), _HITS)), key=lambda hit: hit.places
        )
        named = [hit for hit in found if hit.kind in _NAMING]
        said = [hit for hit in found if hit.kind not in _NAMING]
        naming = _uncontested([_without_mentions(hit, tokens) for hit in _maximal(named)])
        kept = (*naming, *(_without_mentions(hit, tokens) for hit in _maximal(said)))
        return sorted(kept, key=lambda hit: (hit.start, hit.end))

    def named_places(self, tokens: Sequence[Token]) -> Iterator[Found]:
        """Names of cities and of what only holds one, wherever they stand, in the order of the sentence."""
        return self._gazetteer.find(tokens)

    def places(self, tokens: Sequence[Token]) -> list[tuple[int, str]]:
        """Cities, by token, that the sentence names as a place where something is, not as a power that speaks.

        The lexicon's own come first; what only holds a city's name ("in the New York Times") is none.
        """
        named = list(self._gazetteer.find(tokens))
        other = {at for found in named if found.label is None for at in range(found.start, found.end)}
        own = [
            (places[0], english_label(city))
            for city, places in self._places.find(tokens)
            if places[0] not in other and self._is_placed(tokens, places[0], places[-1] + 1, within=_BEFORE_PLACE)
        ]
        taken = {at for at, _ in own}
        return own + [
            (found.start, found.label)
            for found in named
            if found.label
            and found.start not in taken
            and self._is_placed(tokens, found.start, found.end, within=1 if found.close else _BEFORE_PLACE)
        ]

    def _is_placed(self, tokens: Sequence[Token], start: int, end: int, *, within: int) -> bool:
        """Whether a preposition of place stands so near before, or a report begins with the name as its dateline."""
        before = tokens[max(0, start - within) : start]
        dateline = start == 0 and [token.word for token in tokens[end : end + 1]] in _DATELINE
        return dateline or any(token.word in self._before_place for token in before)


def _nations(language: str) -> dict[str, str]:
    """The country that a single word, a name or an adjective, means."""
    return {
        normalise(form): code
        for code, languages in load_countries().words.items()
        if language in languages
        for word in (*languages[language].adjectives, *languages[language].names)
        for form in decline_title(word, language)
        if form.isalpha()
    }


@cache
def compiled(language: str) -> CompiledLexicon:
    """The built-in lexicon of a language, compiled once."""
    return CompiledLexicon(load_lexicon(language))


def _starts(first: Element, tokens: Sequence[Token], at_word: Mapping[str, list[int]]) -> list[int]:
    """Where a pattern that begins so may begin."""
    if first.prefixes:
        return [at for at, token in enumerate(tokens) if _fits(first, token)]
    starts = [at for word in first.words if word in at_word for at in at_word[word]]
    return starts + at_word.get(MENTION, []) if first.mention else starts


def _match(elements: tuple[Element, ...], tokens: Sequence[Token], at: int) -> tuple[int, ...] | None:
    """Places of the words of the first (tightest) match that begins at `at`."""
    if len(elements) == 1:
        return (at,)
    return next(_matches(elements, 0, tokens, at), None)


def _matches(elements: tuple[Element, ...], index: int, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, ...]]:
    if index == len(elements):
        yield ()
        return
    element = elements[index]
    if element.gap:
        for skipped in range(element.gap + 1):
            yield from _matches(elements, index + 1, tokens, at + skipped)
            if at + skipped >= len(tokens) or tokens[at + skipped].word in {";", "；", ":", "：", "，"}:
                return
        return
    if at < len(tokens) and _fits(element, tokens[at]):
        for rest in _matches(elements, index + 1, tokens, at + 1):
            yield (at, *rest)
    if element.optional:
        yield from _matches(elements, index + 1, tokens, at)


def _needed(elements: Sequence[Element]) -> Iterator[frozenset[str]]:
    """The words of every place that must be filled and takes words as they stand."""
    for element in elements:
        if not (element.gap or element.optional or element.prefixes or element.number):
            yield element.words | {MENTION} if element.mention else element.words


def _rarity(words: frozenset[str]) -> int:
    """The length of the shortest word: short words are common; a mention or a mark tells least."""
    return min(len(word) for word in words)


def _fits(element: Element, token: Token) -> bool:
    if token.mention is not None:
        return element.mention
    return element.accepts(token.word) or (element.number and token.word.isdigit())


def _rarest(elements: tuple[Element, ...]) -> Element:
    """The place of a pattern whose shortest word is longest: what is worth looking for in a whole text."""
    places = [element for element in elements if not element.optional and (element.words or element.prefixes)]
    return max(places, key=lambda element: min(map(len, (*element.words, *element.prefixes))))


def _uncontested(hits: list[Hit]) -> Iterator[Hit]:
    """A word belongs to one pattern: first to what only looks like a meeting, then to the most telling class."""
    taken = {place for hit in hits if hit.kind not in TRIGGERS for place in hit.places}
    yield from (hit for hit in hits if hit.kind not in TRIGGERS)
    for hit in sorted(hits, key=lambda hit: (_PRIORITY.get(hit.kind, 0), -len(hit.places), hit.start)):
        if hit.kind in TRIGGERS and not taken & set(hit.places):
            taken |= set(hit.places)
            yield hit


def _without_mentions(hit: Hit, tokens: Sequence[Token]) -> Hit:
    """The people whom a pattern asks for stand beside it; its own words are the others."""
    own = tuple(place for place in hit.places if tokens[place].mention is None)
    return Hit(hit.kind, own or hit.places)


def _maximal(hits: list[Hit]) -> Iterator[Hit]:
    by_place: dict[int, list[Hit]] = defaultdict(list)
    for hit in hits:
        for place in hit.places:
            by_place[place].append(hit)
    seen: set[tuple[CueClass, tuple[int, ...]]] = set()
    for hit in hits:
        places = set(hit.places)
        if (hit.kind, hit.places) in seen or any(places < set(other.places) for other in by_place[hit.start]):
            continue
        seen.add((hit.kind, hit.places))
        yield hit
