"""The query language of watches: text to a tree, and a tree back to text. Strict: every mistake is named and placed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NoReturn, assert_never

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from alerts.watches.errors import QueryError
from alerts.watches.lexer import QUOTES, Passthrough, split
from alerts.watches.nodes import (
    SENTENCE,
    About,
    And,
    Condition,
    InField,
    Near,
    Node,
    Not,
    Or,
    Person,
    Phrase,
    Query,
    Regex,
    Word,
)
from alerts.watches.sense import find_doubts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "Query",
    "QueryError",
    "conditions_in",
    "parse_query",
    "people_in",
    "render_node",
    "render_query",
    "words_in",
]

_MOST_TERMS = 2_000
_PLAIN = re.compile(r"[^\W_][^\s:：()（）?^~\[\]{}\\]*")
"""Words that mean themselves without quotes."""
_OPERATOR_NAMES = {"_AND": "AND", "_OR": "OR", "_NOT": "NOT", "NEAR": "NEAR", "FIELD": "a field"}


@cache
def _parser() -> Lark:
    grammar = resources.files("alerts.watches").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=Passthrough)


def parse_query(text: str) -> Query:
    """Read a query; raises QueryError, placed at the first mistake. People are looked up when it is compiled."""
    tokens, warnings = split(text)
    if sum(token.type == "TERM" for token in tokens) > _MOST_TERMS:
        raise QueryError(f"a query may have {_MOST_TERMS:,} terms", text=text, column=1, hint="make several watches")
    try:
        tree: Any = _parser().parse(tokens)
    except UnexpectedToken as error:
        raise _misplaced(text, tokens, error) from error
    builder = _Builder(text)
    root = builder.build(tree.children[0])
    if builder.mixed:
        warnings.append(f"AND binds more tightly than OR; this is read as {render_node(root.node)}")
    warnings += find_doubts(root.node)
    people = tuple(dict.fromkeys(person.name for person in people_in(root)))
    return Query(text, root.node, tuple(warnings), people)


def render_query(query: Query) -> str:
    """The query in its normal form, which reads back as the same tree."""
    return render_node(query.root)


def people_in(node: Node | _Part) -> Iterator[Person]:
    """Every reference to a person or a group, in order."""
    if isinstance(node, _Part):
        node = node.node
    if isinstance(node, Person):
        yield node
    for part in _parts(node):
        yield from people_in(part)


def conditions_in(node: Node) -> Iterator[About]:
    """Every condition on the article that is asked for, not those that must not hold."""
    if isinstance(node, About):
        yield node
    if not isinstance(node, Not):
        for part in _parts(node):
            yield from conditions_in(part)


def words_in(node: Node) -> Iterator[Word]:
    """Every word, those of phrases among them, in order."""
    match node:
        case Word():
            yield node
        case Phrase(words):
            yield from words
        case _:
            for part in _parts(node):
                yield from words_in(part)


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case And(parts) | Or(parts) | Near(operands=parts):
            return parts
        case Not(part) | InField(part=part):
            return (part,)
        case _:
            return ()


# ---------------------------------------------------------------- tokens in the wrong place


def _misplaced(text: str, tokens: Sequence[Token], error: UnexpectedToken) -> QueryError:
    index = next((at for at, token in enumerate(tokens) if token is error.token), len(tokens))
    here = tokens[index] if index < len(tokens) else None
    if here is not None and (index == 0 or tokens[index - 1].type == "_OPEN"):
        name = _OPERATOR_NAMES[here.type]
        return QueryError(f"{name} needs something before it", text=text, column=_column(here), hint=_DANGLING)
    return _after_operator(text, tokens[index - 1], here)


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


_DANGLING = "put it in quotes to search for the word itself"


def _after_operator(text: str, before: Token, here: Token | None) -> QueryError:
    name = _OPERATOR_NAMES[before.type]
    column = _column(before)
    if here is None or here.type == "_CLOSE":
        return QueryError(f"{name} needs something after it", text=text, column=column, hint=_DANGLING)
    column = _column(here)
    if before.type == here.type == "_NOT":
        return QueryError("two negations in a row", text=text, column=column, hint="write it without either")
    if here.type == "_NOT":
        what = "NEAR" if before.type == "NEAR" else "a field"
        hint = "write NOT (a NEAR/5 b)" if what == "NEAR" else "write -title:word"
        return QueryError(f"NOT cannot stand after {what}", text=text, column=column, hint=hint)
    follower = _OPERATOR_NAMES[here.type]
    return QueryError(f"{follower} cannot follow {name}", text=text, column=column, hint="something is missing between")


# ---------------------------------------------------------------- the tree


@dataclass(frozen=True, slots=True)
class _Part:
    """A node, where it begins, and whether it was written with an AND that no parentheses enclose."""

    node: Node
    column: int
    bare_and: bool = False


class _Builder:
    """From lark's tree to nodes. Depth is bounded by the lexer, so recursion is safe."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.mixed = False
        self.inside_field = False

    def build(self, tree: Tree[Token]) -> _Part:
        build: Callable[[list[Any]], _Part] = getattr(self, f"_{tree.data}")
        return build(tree.children)

    def _fail(self, message: str, column: int, hint: str) -> NoReturn:
        raise QueryError(message, text=self.text, column=column, hint=hint)

    def _either(self, children: list[Any]) -> _Part:
        parts = [self.build(child) for child in children]
        if len(parts) == 1:
            return parts[0]
        self.mixed = self.mixed or any(part.bare_and for part in parts)
        return _Part(Or(_flat(Or, parts)), parts[0].column)

    def _both(self, children: list[Any]) -> _Part:
        parts = [self.build(child) for child in children]
        if len(parts) == 1:
            return parts[0]
        return _Part(And(_flat(And, parts)), parts[0].column, bare_and=True)

    def _unary(self, children: list[Any]) -> _Part:
        return self.build(children[0])

    def _negated(self, children: list[Any]) -> _Part:
        part = self.build(children[0])
        return _Part(Not(part.node), part.column)

    def _group(self, children: list[Any]) -> _Part:
        part = self.build(children[0])
        return _Part(part.node, part.column)

    def _in_field(self, children: list[Any]) -> _Part:
        column = _column(children[0])
        if self.inside_field:
            self._fail("a field within a field", column, "one is enough")
        self.inside_field = True
        part = self.build(children[1])
        self.inside_field = False
        return _Part(InField(children[0].value, part.node), column)

    def _near(self, children: list[Any]) -> _Part:
        if len(children) == 1:
            return self.build(children[0])
        operands = [self.build(child) for child in children[::2]]
        for operand in operands:
            self._only_places(operand.node, operand.column)
        distances = tuple(token.value for token in children[1::2])
        return _Part(Near(tuple(operand.node for operand in operands), distances), operands[0].column)

    def _only_places(self, node: Node, column: int) -> None:
        if isinstance(node, Or):
            for part in node.parts:
                self._only_places(part, column)
        elif not isinstance(node, Word | Phrase | Regex | Person):
            hint = "write title:(a NEAR/5 b)" if isinstance(node, InField) else "join several NEARs with AND"
            self._fail("NEAR joins words, phrases, people and (a OR b) of these", column, hint)

    def _operand(self, children: list[Any]) -> _Part:
        node = children[0].value
        if isinstance(node, About) and self.inside_field:
            hint = "take it out of title: or text:"
            self._fail(f"{node.condition}: is about the whole article", _column(children[0]), hint)
        return _Part(node, _column(children[0]))


def _flat(kind: type[And | Or], parts: Sequence[_Part]) -> tuple[Node, ...]:
    """`(a b) c` is `a b c`; a part given twice counts once."""
    inner = (part.node.parts if isinstance(part.node, kind) else (part.node,) for part in parts)
    return tuple(node for nodes in inner for node in nodes)


# ---------------------------------------------------------------- back to text


def render_node(node: Node) -> str:
    """A part of a query as text."""
    match node:
        case Word() | Phrase() | Regex() | Person() | About():
            return _term_text(node)
        case Near(operands, distances):
            texts = [_enclosed(operand, Or) for operand in operands]
            joints = [f" NEAR/{'s' if distance == SENTENCE else distance} " for distance in distances]
            return texts[0] + "".join(joint + text for joint, text in zip(joints, texts[1:], strict=True))
        case InField(field, part):
            return f"{field}:{_enclosed(part, And, Or, Not, Near)}"
        case Not(part):
            return f"NOT {_enclosed(part, And, Or, Not)}"
        case And(parts):
            return " AND ".join(_enclosed(part, Or) for part in parts)
        case Or(parts):
            return " OR ".join(_enclosed(part, And) for part in parts)
        case _:
            assert_never(node)


def _enclosed(node: Node, *kinds: type) -> str:
    return f"({render_node(node)})" if isinstance(node, kinds) else render_node(node)


def _term_text(node: Word | Phrase | Regex | Person | About) -> str:
    match node:
        case Word(text, exact, prefix):
            quoted = _is_operator(text) or not _PLAIN.fullmatch(text)
            return f"{'=' if exact else ''}{_quote(text + '*' * prefix) if quoted else text + '*' * prefix}"
        case Phrase(words, slop):
            inside = " ".join(word.text + "*" * word.prefix for word in words)
            return f"{'=' if words[0].exact else ''}{_quote(inside)}{f'~{slop}' if slop else ''}"
        case Regex(pattern):
            return "/" + pattern.replace("/", "\\/") + "/"
        case Person(name):
            return f"@{name}" if re.fullmatch(r"[\w.'’-]+", name) else f"@{_quote(name)}"
        case About(condition, value):
            return f"{condition}:{_quote(value) if condition is Condition.SOURCE else value}"
        case _:
            assert_never(node)


def _is_operator(text: str) -> bool:
    return text.upper() in {"AND", "OR", "NOT"} or text.upper().startswith("NEAR")


def _quote(text: str) -> str:
    """Between the first kind of quotes that the text itself does not close."""
    opening, closers = next(pair for pair in QUOTES.items() if not any(closer in text for closer in pair[1]))
    return f"{opening}{text}{closers[0]}"
