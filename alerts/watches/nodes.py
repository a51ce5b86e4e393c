"""A query as a tree of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from storage.model import Field

SENTENCE = 0
"""As a distance of NEAR: in the same sentence."""


class Condition(StrEnum):
    """What is asked of the article as a whole."""

    LANGUAGE = "lang"
    SOURCE = "source"
    COUNTRY = "country"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any of its forms; as written only, when `exact`; with any ending, when `prefix`."""

    text: str
    exact: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; with `slop`, close together in any order with at most so many others among them."""

    words: tuple[Word, ...]
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern of the linear-time engine, on the text as written, ignoring case."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person or a group, in every written form; `column` is where the query names it."""

    name: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class About:
    """A condition on the article: its language, source, country or role of source."""

    condition: Condition
    value: str


@dataclass(frozen=True, slots=True)
class Near:
    """Neighbours in a chain, in either order: `distances[i]`, in words or SENTENCE, between operands i and i + 1."""

    operands: tuple[Node, ...]
    distances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InField:
    """The same, asked of the title or of the text alone."""

    field: Field
    part: Node


@dataclass(frozen=True, slots=True)
class Not:
    """Matches when its part does not."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """Matches when all parts do."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Matches when at least one part does."""

    parts: tuple[Node, ...]


Node: TypeAlias = Word | Phrase | Regex | Person | About | Near | InField | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A query as read. `warnings` are sentences for its author; `people` are the references in order, each once."""

    text: str
    root: Node
    warnings: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
