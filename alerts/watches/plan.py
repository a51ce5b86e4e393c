"""A query made ready for matching: every word with all its written forms, people with their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeAlias, assert_never

from alerts.text import fold
from alerts.watches.errors import QueryError
from alerts.watches.inflection import inflect
from alerts.watches.nodes import About, And, Condition, InField, Near, Node, Not, Or, Person, Phrase, Query, Regex, Word
from alerts.watches.page import main_language
from config.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storage.model import Document, Field

_ONE_TOKEN = re.compile("[a-z]+|[а-яєіїў]+")
_EXACT_CASE = 3
"""A name of so few letters alone must stand as it is written: Xi is a man, XI a century."""


class PersonForms(Protocol):
    """Who is meant by `@reference`, and how that is written."""

    def forms_of(self, reference: str) -> Mapping[str, Sequence[str]]:
        """Written forms, inflected where needed, by language; raises KeyError or UsageError when unknown."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a word: its tokens; which of them must touch the one before; capitals, where they matter.

    `capitals` says for the first letters of each token whether they must be capitals; empty leaves them free.
    """

    tokens: tuple[str, ...]
    touching: tuple[bool, ...]
    capitals: tuple[tuple[bool, ...], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A word or a person: forms for every language, and further ones by language. Compared by identity."""

    anywhere: tuple[Form, ...]
    by_language: Mapping[str, tuple[Form, ...]]
    every: tuple[Form, ...]
    prefix: bool = False

    def forms(self, language: str | None) -> tuple[Form, ...]:
        """The forms that count in a text of this language; in a text of unknown language all of them do."""
        return self.every if language is None else self.by_language.get(language, self.anywhere)


@dataclass(frozen=True, slots=True)
class Row:
    """Slots one after the other; with `slop`, close together."""

    slots: tuple[Slot, ...]
    slop: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of the linear-time engine."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """A condition on the article as a whole, its value folded."""

    condition: Condition
    value: str

    def holds(self, document: Document) -> bool:
        """Whether the article fulfils it."""
        match self.condition:
            case Condition.LANGUAGE:
                return main_language(document.language) == self.value
            case Condition.SOURCE:
                return fold(document.source).text == self.value
            case Condition.COUNTRY:
                return fold(document.country or "").text == self.value
            case Condition.ROLE:
                return document.role.value == self.value
            case _:
                assert_never(self.condition)


@dataclass(frozen=True, slots=True)
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
    """Makes plans; words and people that several queries share are worked out once."""

    def __init__(self, people: PersonForms) -> None:
        self._people = people
        self._slots: dict[Word | Person, Slot] = {}

    def plan(self, query: Query) -> Plan:
        """The plan of a query; raises QueryError where it names an unknown person."""
        return self._plan(query.root, query)

    def slot(self, node: Word | Person, query: Query) -> Slot:
        """All written forms; raises QueryError for an unknown person."""
        slot = self._slots.get(node)
        if slot is None:
            slot = _word_slot(node) if isinstance(node, Word) else self._person_slot(node, query)
            self._slots[node] = slot
        return slot

    def _plan(self, node: Node, query: Query) -> Plan:  # noqa: PLR0911 (one return a kind of node)
        match node:
            case Word() | Person():
                return self.slot(node, query)
            case Phrase(words, slop):
                return Row(tuple(self.slot(word, query) for word in words), slop)
            case Regex(pattern):
                return Pattern(pattern)
            case About(condition, value):
                return Requirement(condition, fold(value).text)
            case Near(operands, distances):
                return Chain(self._plans(operands, query), distances)
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

    def _plans(self, nodes: Iterable[Node], query: Query) -> tuple[Plan, ...]:
        return tuple(self._plan(node, query) for node in nodes)

    def _person_slot(self, person: Person, query: Query) -> Slot:
        try:
            by_language = self._people.forms_of(person.name)
        except (KeyError, UsageError) as error:
            hint = getattr(error, "hint", "")
            message = f"nobody is known as @{person.name}"
            raise QueryError(message, text=query.text, column=person.column, hint=hint) from error
        names = dict.fromkeys(name for names in by_language.values() for name in names)
        forms = tuple(form for form in map(_name_form, names) if form.tokens)
        return Slot(forms, {}, forms)


def _cost(node: Node) -> int:
    match node:
        case About() | Not(About()):
            return 0
        case Regex() | Not(Regex()):
            return 2
        case _:
            return 1


def _word_slot(word: Word) -> Slot:
    own = _form(word.text)
    if word.exact or word.prefix:
        return Slot((own,), {}, (own,), prefix=word.prefix)
    by_language = {language: tuple(map(_form, sorted(forms))) for language, forms in inflect(word.text).items()}
    every = dict.fromkeys([own, *(form for forms in by_language.values() for form in forms)])
    return Slot((own,), by_language, tuple(every))


@lru_cache(maxsize=65_536)
def _form(text: str) -> Form:
    """Characters of scripts without spaces must touch each other where they do so in the form itself."""
    if _ONE_TOKEN.fullmatch(text):  # most inflected forms: eight times as fast
        return Form((text,), (False,))
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
