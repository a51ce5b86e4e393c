"""Whether a query can mean what its author wants: never met by any article, or met by nearly every one.

What is found is certain, not everything is found: words are compared as written, not in all their forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from alerts.text import fold
from alerts.watches.nodes import About, And, Condition, InField, Near, Not, Or, Person, Phrase, Regex, Word
from alerts.watches.regex import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.watches.nodes import Node
    from storage.model import Field

_MOST_WAYS = 500
"""Ways of meeting a query that are looked at; one with more is not judged."""

_COMMON = ("e", "a", "о", "а", "的", "。", ".", " ", "ا", "1")
"""A pattern that is content with three of these alone finds something in nearly every article."""
_MANY = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing asked of an article, in one field or in any; `absent` when it must not be there."""

    node: Word | Phrase | Regex | Person | About | Near
    field: Field | None
    absent: bool


def find_doubts(root: Node) -> tuple[str, ...]:
    """Sentences for the author of a query that is surely not meant so."""
    ways = _ways(root, None, absent=False)
    doubts = list(_wide_patterns(root))
    if ways is not None:
        clashes = [_clash(way) for way in ways]
        if all(clashes):
            doubts.append(f"no article can match this: {clashes[0]}")
        elif any(all(ask.absent for ask in way) for way, clash in zip(ways, clashes, strict=True) if not clash):
            doubts.append(_EVERYTHING)
    elif not _asks(root, negated=False):
        doubts.append(_EVERYTHING)
    return tuple(doubts)


_EVERYTHING = (
    "this matches every article that lacks something: say also what an article must have, on each side of an OR"
)


# ---------------------------------------------------------------- ways to meet a query

_Ways = list[tuple[Ask, ...]]


def _ways(node: Node, field: Field | None, *, absent: bool) -> _Ways | None:
    """Every way in which an article may meet the query, each a set of things asked at once; None for too many."""
    match node:
        case Not(part):
            return _ways(part, field, absent=not absent)
        case InField(inner, part):
            return _ways(part, inner, absent=absent)
        case And(parts) | Or(parts):
            every = [_ways(part, field, absent=absent) for part in parts]
            known = [ways for ways in every if ways is not None]
            if len(known) < len(every):
                return None
            return _all_of(known) if isinstance(node, And) != absent else _any_of(known)
        case _:
            return [(Ask(node, field, absent),)]


def _all_of(parts: Sequence[_Ways]) -> _Ways | None:
    size = 1
    for ways in parts:
        size *= len(ways)
        if size > _MOST_WAYS:
            return None
    return [tuple(ask for way in ways for ask in way) for ways in product(*parts)]


def _any_of(parts: Sequence[_Ways]) -> _Ways | None:
    return [way for ways in parts for way in ways] if sum(map(len, parts)) <= _MOST_WAYS else None


def _asks(node: Node, *, negated: bool) -> bool:
    """Whether an article must have something to match, for queries of very many ways."""
    match node:
        case Not(part):
            return _asks(part, negated=not negated)
        case InField(part=part):
            return _asks(part, negated=negated)
        case And(parts) | Or(parts):
            needs_all = isinstance(node, Or) != negated
            answers = (_asks(part, negated=negated) for part in parts)
            return all(answers) if needs_all else any(answers)
        case _:
            return not negated


# ---------------------------------------------------------------- what excludes each other


def _clash(way: Sequence[Ask]) -> str:
    """Two things that no article has at once, in words; empty when there are none."""
    chosen: dict[Condition, str] = {}
    present = [ask for ask in way if not ask.absent]
    for ask in present:
        if isinstance(ask.node, About):
            value = fold(ask.node.value).text
            if chosen.setdefault(ask.node.condition, value) != value:
                return f"an article has one {_NOUN[ask.node.condition]}, and two are asked for; did you mean OR?"
    for wanted in present:
        for part in _implied(wanted.node):
            for banned in (ask for ask in way if ask.absent):
                if banned.field in {None, wanted.field} and _covers(banned.node, part):
                    return f"{_shown(part)} is asked for and excluded"
    return ""


_NOUN = {
    Condition.LANGUAGE: "language",
    Condition.SOURCE: "source",
    Condition.COUNTRY: "country",
    Condition.ROLE: "role",
}


def _implied(node: Node) -> Iterator[Node]:
    """What stands in every text in which this does."""
    yield node
    match node:
        case Phrase(words):
            yield from words
        case Near(operands):
            for operand in operands:
                if not isinstance(operand, Or):
                    yield from _implied(operand)
        case _:
            return


def _covers(banned: Node, part: Node) -> bool:
    """Whether the first is found wherever the second is."""
    match banned, part:
        case About(), About():
            return banned.condition is part.condition and fold(banned.value).text == fold(part.value).text
        case Word(), Word():
            one, other = fold(banned.text).text, fold(part.text).text
            if banned.prefix:
                return other.startswith(one)
            return one == other and not part.prefix and (part.exact or not banned.exact)
        case Person(), Person():
            return banned.name.casefold() == part.name.casefold()
        case _:
            return banned == part


def _shown(node: Node) -> str:
    from alerts.watches.query import render_node  # noqa: PLC0415 (that module asks this one)

    return render_node(node)


# ---------------------------------------------------------------- patterns


def _wide_patterns(node: Node) -> Iterator[str]:
    match node:
        case Regex(pattern):
            compiled = compile_pattern(pattern)
            if sum(compiled.fullmatch(text) is not None for text in _COMMON) >= _MANY:
                yield f"/{pattern}/ is found in nearly every article"
        case And(parts) | Or(parts) | Near(operands=parts):
            for part in parts:
                yield from _wide_patterns(part)
        case Not(part) | InField(part=part):
            yield from _wide_patterns(part)
        case _:
            return
