"""Edits of YAML text at the places that its nodes mark: what is not touched stays as it is, byte for byte."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from config.yaml_tree import compose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INLINE = 100  # a list or group of this many characters stands on one line


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a section: where it starts (its key, or what follows the dash), its value, its key if it has one."""

    start: int
    column: int
    value: Node
    key: Node | None = None


class Unspliceable(Exception):  # noqa: N818 (a sign between two modules of ours, never seen by a user)
    """The text is laid out in a way that cannot be edited in place."""


@dataclass(frozen=True, slots=True)
class Page:
    """A YAML text with its root mapping."""

    text: str
    root: MappingNode | None

    @classmethod
    def read(cls, text: str) -> Page:
        """Compose the text; raises NotYamlError, and Unspliceable when its top is not a block of `key: value` lines."""
        root = compose(text)
        if root is not None and not (isinstance(root, MappingNode) and not is_flow(root)):
            raise Unspliceable
        return cls(text, root)

    def section(self, name: str) -> tuple[Node, Node] | None:
        """The key and the value of a section."""
        pairs = self.root.value if self.root is not None else []
        return next(((key, value) for key, value in pairs if key.value == name), None)

    def entries(self, value: Node) -> list[Entry]:
        """The items of a section, list or group."""
        return [_entry(key, item, value) for key, item in _children(value)]

    # ------------------------------------------------------------ places

    def line_start(self, index: int) -> int:
        """Where the line starts in which this character stands."""
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """Just behind the line in which this character stands, its line break included."""
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def item_end(self, content_end: int, column: int) -> int:
        """Just behind the lines of an item that ends there, with the deeper comments below it."""
        end = self.line_end(content_end - 1)
        for line in self.text[end:].splitlines(keepends=True):
            words = line.lstrip(" ")
            if not words.startswith("#") or len(line) - len(words) <= column:
                break
            end += len(line)
        return end

    def content_end(self, node: Node) -> int:
        """Just behind the last character of a node; marks of blocks lie behind the comments that follow them."""
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, ScalarNode):
            block = node.style in {"|", ">"}
            return int(start + len(self.text[start:end].rstrip()) if block else end)
        if is_flow(node) or not node.value:
            return int(end)
        key, last = _children(node)[-1]
        if last.start_mark.index < (key or node).start_mark.index:
            raise Unspliceable  # an alias: its node stands elsewhere
        return self.value_end(key, last)

    def value_end(self, key: Node | None, value: Node) -> int:
        """Just behind the value of a key, or behind the colon when there is none."""
        return self.content_end(key) + 1 if key is not None and _is_nothing(value) else self.content_end(value)

    # ------------------------------------------------------------ edits

    def replaced(self, start: int, end: int, text: str) -> str:
        """The text with a stretch exchanged; line breaks follow the file's own kind."""
        if "\r\n" in self.text:
            text = text.replace("\n", "\r\n")
        return self.text[:start] + text + self.text[end:]

    def inserted(self, at: int, lines: str) -> str:
        """The text with whole lines put where a line starts."""
        lead = "" if self.text[:at].endswith("\n") or not at else "\n"
        return self.replaced(at, at, lead + lines)

    def without(self, entry: Entry, entries: Sequence[Entry], *, flow: bool) -> str:
        """The text without one entry: its lines, or in a list on one line its words and a comma."""
        end = self._end(entry)
        if not flow:
            return self.replaced(self.line_start(entry.start), self.item_end(end, entry.column), "")
        position = entries.index(entry)
        if position + 1 < len(entries):
            return self.replaced(entry.start, entries[position + 1].start, "")
        start = self._end(entries[position - 1]) if position else entry.start
        return self.replaced(start, end, "")

    def _end(self, entry: Entry) -> int:
        if entry.value.start_mark.index < entry.start:
            raise Unspliceable  # an alias
        return self.value_end(entry.key, entry.value)


def is_flow(node: Node) -> bool:
    """Whether a list or group stands in brackets or braces."""
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def _children(node: Node) -> list[tuple[Node | None, Node]]:
    if isinstance(node, MappingNode):
        return list(node.value)
    return [(None, item) for item in node.value] if isinstance(node, SequenceNode) else []


def _entry(key: Node | None, item: Node, parent: Node) -> Entry:
    first = key if key is not None else item
    if first.start_mark.index < parent.start_mark.index:
        raise Unspliceable  # an alias
    column = first.start_mark.column
    if key is None and isinstance(parent, CollectionNode) and not is_flow(parent):
        column = parent.start_mark.column  # of the dash
    return Entry(first.start_mark.index, column, item, key)


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.start_mark.index == node.end_mark.index


# ---------------------------------------------------------------- rendering


def render_block(value: Mapping[str, Any] | Sequence[Any], column: int) -> str:
    """The lines of a list or group, starting at a column; short lists and groups inside stay on one line."""
    dumped = _dump({"x": _styled(value, top=True)}).split("\n", 1)[1]
    return "".join(" " * column + line[2:] for line in dumped.splitlines(keepends=True))


def render_inline(value: Any) -> str:
    """A value on one line, as it may stand inside a list or group in brackets."""
    if isinstance(value, dict | list):
        return _dump({"x": _flow(value)}).strip().removeprefix("x: ")
    return _dump(_flow([value])).strip()[1:-1]


def _dump(value: Any) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # one line stays one line
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()


def _styled(value: Any, *, top: bool = False) -> Any:
    """Block style on the outside, lists and groups that are short on one line."""
    if isinstance(value, dict):
        if not top and len(str(value)) <= _INLINE:
            return _flow(value)
        return CommentedMap((key, _styled(item)) for key, item in value.items())
    if isinstance(value, list):
        if not any(isinstance(item, dict | list) for item in value) and len(str(value)) <= _INLINE:
            return _flow(value)
        return CommentedSeq(_styled(item, top=True) for item in value)
    return value


def _flow(value: Any) -> Any:
    if isinstance(value, dict):
        group = CommentedMap((key, _flow(item)) for key, item in value.items())
        group.fa.set_flow_style()
        return group
    if isinstance(value, list):
        sequence = CommentedSeq(_flow(item) for item in value)
        sequence.fa.set_flow_style()
        return sequence
    return value
