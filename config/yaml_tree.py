"""YAML 1.2 text as plain data whose every value and key still knows its line and column.

The tree is composed by ruamel.yaml but not constructed: nodes carry exact marks, tags are never acted upon, duplicate
keys are all found at once, and the size of what aliases expand to is bounded before anything is built.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.environment import expand
from config.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

Loc = tuple[str | int, ...]
"""Where a value stands: keys and indices from the top, as `("watches", 2, "query")`."""

_DEEPEST = 40
_MOST_VALUES = 200_000  # 10,000 sources make some 80,000; a bomb of aliases passes this at once
_CORE = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT = (_CORE + kind for kind in ("null", "bool", "int", "float"))
_KNOWN_TAGS = frozenset(_CORE + kind for kind in ("null", "bool", "int", "float", "str", "timestamp", "merge"))
_INTEGER = re.compile(r"[-+]?[0-9]+")
_ESCAPE = re.compile(r"\\(x..|u....|U........|.)")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong at a place of the text; `line` and `column` count from 1, `loc` is where it stands.

    `is_unset` is true when nothing is wrong but that an environment variable has no value.
    """

    line: int
    column: int
    message: str
    hint: str = ""
    loc: Loc = ()
    is_unset: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """A YAML text taken apart: plain data, and the nodes that know the places.

    `revealed` are the values that came from the environment, each with the place where it was used.
    """

    text: str
    root: Node | None
    data: Any
    troubles: tuple[Trouble, ...] = ()
    revealed: tuple[tuple[Loc, str], ...] = ()

    def has(self, loc: Loc) -> bool:
        """Whether the text has a value at exactly this place."""
        node = self.root
        for step in loc:
            node = _step(node, step)[1] if node is not None else None
        return node is not None

    def value(self, loc: Loc) -> Any:
        """The plain data at this place, None where there is none."""
        at = self.data
        for step in loc:
            try:
                at = at[step]
            except (KeyError, IndexError, TypeError):
                return None
        return at

    def place(self, loc: Loc, *, offset: int | None = None, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at `loc`, or of its `key`, or of the nearest place above that exists.

        `offset` (characters into the value, or into the key) shifts the column where that stands on one
        line as written.
        """
        node, mark = self.root, self.root.start_mark if self.root is not None else None
        if node is None or mark is None:
            return 1, 1
        told: Node | None = None
        for step in loc:
            key_node, below = _step(node, step)
            if below is None:
                return mark.line + 1, mark.column + 1
            empty = isinstance(below, ScalarNode) and not below.value and below.start_mark.index == below.end_mark.index
            last_key = key and key_node is not None
            # An empty value has its mark where the next token starts, often lines below: its key is the better place.
            mark = key_node.start_mark if key_node is not None and (empty or last_key) else below.start_mark
            told = key_node if last_key else None
            node = below
        shift = _shift(self.text, told or node, offset) if offset else 0
        return mark.line + 1, mark.column + 1 + shift


class NotYamlError(UsageError):
    """The text is not YAML, or more of it than a person would write; carries one `trouble`."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


def parse_yaml(text: str, environ: Mapping[str, str] | None = None) -> Tree:
    """Read one YAML document; with `environ`, references in its strings are resolved. Raises NotYamlError."""
    root = compose(text)
    builder = _Builder(text, environ)
    data = builder.build(root, (), 0) if root is not None else None
    return Tree(text, root, data, tuple(builder.troubles), tuple(builder.revealed))


def compose(text: str) -> Node | None:
    """The node tree of one YAML document, None when there is nothing but comments; raises NotYamlError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # legal, if odd
            # Not "rt": its way with comments ends some odd texts in AssertionError and NotImplementedError.
            root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        raise NotYamlError(Trouble(0, 0, "the file is nested too deeply")) from None
    except MarkedYAMLError as error:
        raise NotYamlError(_syntax_trouble(error)) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        message = f"the character U+{ord(text[error.position]):04X} is not allowed here"
        raise NotYamlError(Trouble(line, column, message, "delete it; an editor may not show it")) from None
    except (YAMLError, ValueError) as error:
        first = str(error).strip().splitlines()[:1]
        raise NotYamlError(
            Trouble(0, 0, f"not readable as YAML: {first[0] if first else type(error).__name__}")
        ) from None
    return root


_SYNTAX_HINTS = (
    ("'\\t'", "indent with spaces, not with tabs"),
    ("mapping values are not allowed", "put quotes around a text that contains `: `, and check the indentation"),
    ("could not find expected ':'", "write `key: value`, with a space after the colon"),
    ("but found another document", "keep one document: remove the line `---`"),
    ("found undefined alias", "put quotes around a text that starts with `*`"),
    ("scanning a quoted scalar", "close the quotation mark"),
    ("found unexpected end of stream", "close the quotation mark or bracket"),
    ("cannot start any token", "put quotes around a text that starts with a special character such as @, ` or %"),
    ("flow sequence", "close the bracket `]`, with commas between the items"),
    ("flow mapping", "close the brace `}`, with commas between the keys"),
    ("block collection", "check the indentation: the items of a list start in one column"),
    ("block mapping", "check the indentation: the keys of a group start in one column"),
)


def _syntax_trouble(error: MarkedYAMLError) -> Trouble:
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context or "not readable as YAML")
    heard = f"{error.context or ''} {problem}"
    hint = next((hint for words, hint in _SYNTAX_HINTS if words in heard), "")
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    context = f" (in what starts on line {error.context_mark.line + 1})" if error.context_mark is not None else ""
    return Trouble(line, column, f"not readable as YAML: {problem.strip()}{context}", hint)


@dataclass
class _Builder:
    """Turns nodes into plain data and collects what is wrong on the way."""

    text: str
    environ: Mapping[str, str] | None
    troubles: list[Trouble] = field(default_factory=list)
    revealed: list[tuple[Loc, str]] = field(default_factory=list)
    count: int = 0

    def build(self, node: Node, loc: Loc, depth: int) -> Any:
        self.count += 1
        if depth > _DEEPEST:
            raise NotYamlError(_at(node, "nested too deeply here", "an alias may refer to itself"))
        if self.count > _MOST_VALUES:
            raise NotYamlError(
                _at(node, "more values than can be read", "aliases multiply; long source lists belong in a CSV file")
            )
        if isinstance(node, MappingNode):
            return self._mapping(node, loc, depth)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*loc, index), depth + 1) for index, item in enumerate(node.value)]
        return self._scalar(cast("ScalarNode", node), loc)

    def _mapping(self, node: MappingNode, loc: Loc, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.troubles.append(_at(key_node, "a key must be a plain word", loc=loc))
                continue
            name = str(key_node.value)
            if str(key_node.tag) == _CORE + "merge":
                hint = "merge keys are not part of YAML 1.2; write the keys out"
                self.troubles.append(_at(key_node, "`<<` does nothing here", hint, (*loc, name)))
            elif name in out:
                hint = f"it stands on line {lines[name]} already; keep one"
                self.troubles.append(_at(key_node, f"the key `{name}` is there twice", hint, (*loc, name)))
            else:
                out[name] = self.build(value_node, (*loc, name), depth + 1)
                lines[name] = key_node.start_mark.line + 1
        return out

    def _scalar(self, node: ScalarNode, loc: Loc) -> Any:
        text = str(node.value)
        tag = str(node.tag) if node.tag is not None else ""
        if tag and tag not in _KNOWN_TAGS:
            hint = f"put quotes around a text that starts with `!`; as it stands `{tag}` is a YAML tag"
            self.troubles.append(_at(node, f"`{tag}` means nothing here", hint, loc))
            return text
        if node.style is None and tag in _PLAIN:
            return _plain(tag, text)
        return self._expanded(node, text, loc)

    def _expanded(self, node: ScalarNode, text: str, loc: Loc) -> str:
        if self.environ is None or "$" not in text:
            return text
        expanded = expand(text, self.environ)
        self.revealed.extend((loc, value) for value in expanded.values)
        for trouble in expanded.troubles:
            mark, shift = node.start_mark, _written_offset(self.text, node, trouble.offset)
            place = (mark.line + 1, mark.column + 1 + shift)
            self.troubles.append(Trouble(*place, trouble.message, trouble.hint, loc, trouble.is_unset))
        return text if expanded.troubles else expanded.text


_PLAIN = frozenset({_NULL, _BOOL, _INT, _FLOAT})


def _plain(tag: str, text: str) -> Any:
    """The value of an unquoted null, truth value or number; odd notations of numbers stay text."""
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return {"true": True, "false": False}.get(text.lower(), text)  # `%YAML 1.1` has `yes` and `off` too
    if tag == _INT:
        return int(text) if _INTEGER.fullmatch(text) and len(text) < 20 else text  # noqa: PLR2004 (64 bits)
    try:
        return float(text)
    except ValueError:
        return text


def _at(node: Node, message: str, hint: str = "", loc: Loc = ()) -> Trouble:
    return Trouble(node.start_mark.line + 1, node.start_mark.column + 1, message, hint, loc)


def _step(node: Node, step: str | int) -> tuple[Node | None, Node | None]:
    """The key node, if any, and the value node one step below."""
    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            if str(key_node.value) == str(step):
                return key_node, value_node
    elif isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return None, node.value[step]
    return None, None


def _shift(text: str, node: Node, offset: int) -> int:
    """How far `offset` characters of the final value lie from the start of the value as written."""
    if not isinstance(node, ScalarNode) or "$" in text[node.start_mark.index : node.end_mark.index]:
        return 0
    return _written_offset(text, node, offset)


def _written_offset(text: str, node: ScalarNode, offset: int) -> int:
    """`offset` characters into a scalar, counted in the file: quotes and escapes are longer than what they mean."""
    if node.start_mark.line != node.end_mark.line:
        return 0
    if node.style == "'":
        return 1 + offset + str(node.value)[:offset].count("'")
    if node.style != '"':
        return offset
    inside = text[node.start_mark.index + 1 : node.end_mark.index - 1]
    at = 0
    for _ in range(offset):
        escape = _ESCAPE.match(inside, at)
        at = escape.end() if escape else at + 1
    return 1 + at
