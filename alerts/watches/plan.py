"""A query made ready for matching: every word with all its written forms, people with their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeAlias, assert_never

from alerts.text import fold
from alerts.watches.conditions import main_language
from alerts.watches.errors import QueryError
from alerts.watches.inflection import inflect
from alerts.watches.lexicon import ANY, Form, Lexicon, commonness
from alerts.watches.nodes import About, And, Condition, InField, Near, Node, Not, Or, Person, Phrase, Query, Regex, Word
from config.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storage.model import Document, Field

_ONE_TOKEN = re.compile("[a-z]+|[а-яєіїў]+")
_EXACT_CASE = 3
"""A name of so few letters alone must stand as it is written: Xi is a man, XI a century."""
_ALONE = (False,)
_CONDITION_IS_COMMON = 1.0
_PATTERN_IS_COMMON = 0.25
"""Shares of articles that are supposed where no count can be: a word is the better thing to look for, and with
conditions, of which every article meets some, thousands of watches would wait at the same few entrances."""


class PersonForms(Protocol):
    """Who is meant by `@reference`, and how that is written."""

    def forms_of(self, reference: str) -> Mapping[str, Sequence[str]]:
        """Written forms, inflected where needed, by language; raises KeyError or UsageError when unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A word or a person, known to the lexicon by its number. Compared by identity."""

    number: int
    node: Word | Person
    shortest: int
    """Tokens of its shortest form."""
    names: tuple[Form, ...] = ()
    """Of a person."""

    @property
    def prefix(self) -> bool:
        """Whether the last token of each form may go on."""
        return isinstance(self.node, Word) and self.node.prefix

    @property
    def forms(self) -> list[tuple[str, Form]]:
        """All forms, each with its language or `ANY`; of a word they are worked out anew."""
        if isinstance(self.node, Person):
            return [(ANY, form) for form in self.names]
        return _word_forms(self.node)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Slots one after the other; with `slop`, close together. Compared by identity, as all that has a place is."""

    slots: tuple[Slot, ...]
    slop: int


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A pattern of the linear-time engine."""

    number: int
    pattern: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """A condition on the article as a whole, its value folded."""

    number: int
    condition: Condition
    value: str


def conditions_of(document: Document) -> Iterable[tuple[Condition, str]]:
    """What may be asked of this article as a whole and holds."""
    yield Condition.LANGUAGE, main_language(document.language) or ""
    yield Condition.SOURCE, _folded_name(document.source)
    yield Condition.COUNTRY, (document.country or "").casefold()
    yield Condition.ROLE, document.role.value


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Neighbours, as in `nodes.Near`."""

    operands: tuple[Plan, ...]
    distances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """The same, in one field."""

    field: Field
    part: Plan


@dataclass(frozen=True, slots=True)
class No:
    """What must be absent."""

    part: Plan


@dataclass(frozen=True, slots=True)
class All:
    """Every part; `nodes[i]` is what `parts[i]` was made of, for explaining. What is cheap to refuse comes first."""

    parts: tuple[Plan, ...]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part."""

    parts: tuple[Plan, ...]


Plan: TypeAlias = Slot | Row | Pattern | Requirement | Chain | Within | No | All | Any


class Planner:
    """Makes plans. What several queries share is worked out once, and looked for once in an article."""

    def __init__(self, people: PersonForms, shares: Mapping[str, float] | None = None) -> None:
        self._people = people
        self._shares = shares or {}
        self._slots: dict[Word | Person, Slot] = {}
        self._shared: dict[Node, Row | Pattern | Requirement | Chain] = {}
        self.lexicon = Lexicon()
        self.conditions: dict[tuple[Condition, str], int] = {}
        """The numbers of the requirements."""
        self.patterns: dict[int, str] = {}
        self.commonness: list[float] = [1.0]
        """About the share of articles that have it, for each number."""

    def plan(self, query: Query) -> Plan:
        """The plan of a query; raises QueryError where it names an unknown person."""
        return self._plan(query.root, query)

    def slot(self, node: Word | Person, query: Query) -> Slot:
        """What stands for the word or person; raises QueryError for an unknown person."""
        slot = self._slots.get(node)
        if slot is None:
            slot = self._slots[node] = self._word(node) if isinstance(node, Word) else self._person(node, query)
        return slot

    def _plan(self, node: Node, query: Query) -> Plan:
        match node:
            case Word() | Person():
                return self.slot(node, query)
            case Phrase() | Regex() | About() | Near():
                shared = self._shared.get(node)
                if shared is None:
                    shared = self._shared[node] = self._new(node, query)
                return shared
            case InField(field, part):
                return Within(field, self._plan(part, query))
            case Not(part):
                return No(self._plan(part, query))
            case And(parts):
                ordered = sorted(parts, key=_cost)
                return All(self._plans(ordered, query), tuple(ordered))
            case Or(parts):
                return Any(self._plans(parts, query))
            case _:
                assert_never(node)

    def _new(self, node: Phrase | Regex | About | Near, query: Query) -> Row | Pattern | Requirement | Chain:
        match node:
            case Phrase(words, slop):
                return Row(tuple(self.slot(word, query) for word in words), slop)
            case Regex(pattern):
                number = self._number(_PATTERN_IS_COMMON)
                self.patterns[number] = pattern
                return Pattern(number, pattern)
            case About(condition, value):
                key = condition, fold(value).text
                if key not in self.conditions:
                    self.conditions[key] = self._number(_CONDITION_IS_COMMON)
                return Requirement(self.conditions[key], *key)
            case Near(operands, distances):
                return Chain(self._plans(operands, query), distances)
            case _:
                assert_never(node)

    def _number(self, commonness: float) -> int:
        self.commonness.append(commonness)
        return len(self.commonness) - 1

    def _plans(self, nodes: Iterable[Node], query: Query) -> tuple[Plan, ...]:
        return tuple(self._plan(node, query) for node in nodes)

    def _person(self, person: Person, query: Query) -> Slot:
        try:
            by_language = self._people.forms_of(person.name)
        except (KeyError, UsageError) as error:
            hint = getattr(error, "hint", "")
            message = f"nobody is known as @{person.name}"
            raise QueryError(message, text=query.text, column=person.column, hint=hint) from error
        names = dict.fromkeys(name for names in by_language.values() for name in names)
        forms = tuple(dict.fromkeys(form for form in map(_name_form, names) if form.tokens))
        number = self._number(min(1.0, sum(commonness(form, self._shares) for form in forms)))
        self.lexicon.add(number, ((ANY, form) for form in forms))
        return Slot(number, person, min((len(form.tokens) for form in forms), default=1), forms)

    def _word(self, word: Word) -> Slot:
        forms = _word_forms(word)
        _, own = forms[0]
        number = self._number(commonness(own, self._shares))
        self.lexicon.add(number, forms)
        return Slot(number, word, min(len(form.tokens) for _, form in forms))


def _cost(node: Node) -> int:
    match node:
        case About() | Not(About()):
            return 0
        case Regex() | Not(Regex()):
            return 2
        case _:
            return 1


def _word_forms(word: Word) -> list[tuple[str, Form]]:
    """Its forms and the language in which each counts; first the word as it is written, which counts in all."""
    own = _form(word.text)
    if word.exact or word.prefix:
        return [(ANY, own._replace(open_end=word.prefix))]
    by_language = inflect(word.text)
    others = [(language, _form(text)) for language, texts in by_language.items() for text in texts]
    return [(ANY, own), *(known for known in others if known[1] != own)]


@lru_cache(maxsize=4_096)
def _folded_name(source: str) -> str:
    return fold(source).text


@lru_cache(maxsize=4_096)
def _form(text: str) -> Form:
    """Characters of scripts without spaces must touch each other where they do so in the form itself."""
    if _ONE_TOKEN.fullmatch(text):  # most inflected forms: eight times as fast
        return Form((text,), _ALONE)
    tokens = fold(text).tokens
    touching = (token.joined and token.unspaced and before.unspaced for before, token in pairwise(tokens))
    return Form(tuple(token.text for token in tokens), (False, *touching))


def _name_form(name: str) -> Form:
    """A name keeps its capitals, so that the particle «ли» is not taken for Mr Li, nor the century XI for Mr Xi."""
    form = _form(name)
    originals = [name[token.start : token.end] for token in fold(name).tokens]
    letters = 1 if len(originals) > 1 or len(name) > _EXACT_CASE else _EXACT_CASE
    patterns = tuple(tuple(letter.isupper() for letter in original[:letters]) for original in originals)
    capitals = tuple(pattern if any(pattern) else () for pattern in patterns)
    return Form(form.tokens, form.touching, capitals if any(capitals) else ())
