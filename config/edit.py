"""Changes of the configuration by program: one item is added, replaced or removed, and every other line stays."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from config.durations import render_duration
from config.errors import UsageError
from config.files import write_atomic
from config.messages import did_you_mean
from config.splice import Entry, Page, Unspliceable, is_flow, render_block, render_inline
from config.yaml_tree import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["add_item", "find_item", "remove_item", "replace_item", "write_atomic"]

_LISTS = ("sources", "people", "watches", "expect", "digests")
_GROUPS = ("channels",)
"""Sections whose items are keyed by their name; here they are mappings with `name` like all others."""


def find_item(text: str, section: str, name: str) -> dict[str, Any]:
    """The item as written, references to the environment unresolved; raises UsageError when there is none."""
    for item in _items(text, section):
        if item.get("name") == name:
            return item
    raise _absent(text, section, name)


def add_item(text: str, section: str, mapping: Mapping[str, Any]) -> str:
    """The text with the item as the last of its section, which is made if need be.

    Raises UsageError when an item of that name is there already. Items of `sources` may be without name: an include or
    a choice of the catalogue.
    """
    item = _plain(dict(mapping))
    before = _items(text, section)
    if "name" in item and any(other.get("name") == item["name"] for other in before):
        raise UsageError(f"`{section}` has {item['name']!r} already", hint="choose another name, or change that one")
    return _verified(text, section, [*before, item], lambda page: _added(page, section, item))


def remove_item(text: str, section: str, name: str) -> str:
    """The text without the item and its lines; raises UsageError when there is none of that name."""
    find_item(text, section, name)
    rest = [item for item in _items(text, section) if item.get("name") != name]
    return _verified(text, section, rest, lambda page: _removed(page, section, name))


def replace_item(text: str, section: str, name: str, mapping: Mapping[str, Any]) -> str:
    """The text with the item's keys and values exchanged where they differ; comments inside it stay."""
    find_item(text, section, name)
    item = _plain(dict(mapping))
    after = [item if other.get("name") == name else other for other in _items(text, section)]
    return _verified(text, section, after, lambda page: _exchanged(page, section, name, item))


# ---------------------------------------------------------------- what must come of it


def _verified(text: str, section: str, items: list[dict[str, Any]], change: Callable[[Page], str]) -> str:
    """The changed text, read again: it must hold exactly the wanted items, and everything else as before."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    try:
        out = change(Page.read(text))
        rest = {key: value for key, value in (parse_yaml(text).data or {}).items() if key != section}
        now = {key: value for key, value in (parse_yaml(out).data or {}).items() if key != section}
        good = now == rest and _items(out, section) == items
    except Unspliceable:
        good, out = False, text
    if not good:
        line = parse_yaml(text).place((section,))[0]
        hint = f"edit the file by hand, from line {line} on"
        raise UsageError(f"`{section}` is laid out in a way that cannot be changed by program", hint=hint)
    return mark + out


def _items(text: str, section: str) -> list[dict[str, Any]]:
    """The items of a section as plain mappings."""
    if section not in (*_LISTS, *_GROUPS):
        raise UsageError(f"`{section}` cannot be changed by program", hint="edit the file by hand")
    data = parse_yaml(text.removeprefix("\ufeff")).data or {}
    held = data.get(section) if isinstance(data, dict) else None
    if isinstance(held, dict):
        return [{"name": name, **(value if isinstance(value, dict) else {})} for name, value in held.items()]
    return [item if isinstance(item, dict) else {"": item} for item in held] if isinstance(held, list) else []


def _absent(text: str, section: str, name: str) -> UsageError:
    names = [str(item["name"]) for item in _items(text, section) if "name" in item]
    hint = did_you_mean(name, names)
    if not hint and section == "sources":
        hint = "sources of an included file or of the catalogue are not in this file"
    return UsageError(f"`{section}` has no {name!r} in this file", hint=hint)


def _plain(value: Any) -> Any:
    """In the types that YAML knows by itself."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, timedelta):
        return render_duration(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


# ---------------------------------------------------------------- how it is done


def _added(page: Page, section: str, item: dict[str, Any]) -> str:
    found = page.section(section)
    if found is None:
        return _appended(page, f"{section}:\n{_lines(section, item, 2)}")
    key, value = found
    entries = page.entries(value)
    if entries and isinstance(value, CollectionNode):
        end = page.content_end(value)
        if not is_flow(value):
            column = entries[0].column
            return page.inserted(page.item_end(end, column), _lines(section, item, column))
        last = page.content_end(entries[-1].value)
        return page.replaced(last, last, ", " + _words(section, item))
    start, end = page.content_end(key) + 1, value.end_mark.index
    if not isinstance(value, ScalarNode) or value.start_mark.index != end:  # [], {}, null or ~
        page = Page.read(page.replaced(start, end, ""))
    return page.inserted(page.line_end(key.start_mark.index), _lines(section, item, key.start_mark.column + 2))


def _appended(page: Page, lines: str) -> str:
    text = page.text
    gap = "" if not text.strip() or text.endswith("\n\n") else "\n"
    return page.inserted(len(text), gap + lines)


def _lines(section: str, item: dict[str, Any], column: int) -> str:
    if section in _GROUPS:
        return render_block(_keyed(item), column)
    return render_block([item], column)


def _words(section: str, item: dict[str, Any]) -> str:
    return render_inline(_keyed(item))[1:-1] if section in _GROUPS else render_inline(item)


def _keyed(item: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: {key: value for key, value in item.items() if key != "name"}}


def _removed(page: Page, section: str, name: str) -> str:
    entry, entries, flow = _located(page, section, name)
    return page.without(entry, entries, flow=flow)


def _located(page: Page, section: str, name: str) -> tuple[Entry, list[Entry], bool]:
    found = page.section(section)
    if found is None or not isinstance(found[1], CollectionNode):
        raise Unspliceable
    entries = page.entries(found[1])
    for entry in entries:
        if _name_of(entry) == name:
            return entry, entries, is_flow(found[1])
    raise Unspliceable


def _name_of(entry: Entry) -> str | None:
    if entry.key is not None:
        return str(entry.key.value)
    pairs = entry.value.value if isinstance(entry.value, MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "name"), None)


def _exchanged(page: Page, section: str, name: str, item: dict[str, Any]) -> str:
    entry, _, _ = _located(page, section, name)
    if entry.key is not None:
        if item.get("name") != name:
            start, end = entry.key.start_mark.index, entry.key.end_mark.index
            page = Page.read(page.replaced(start, end, render_inline(item["name"])))
            entry, _, _ = _located(page, section, item["name"])
        item = {key: value for key, value in item.items() if key != "name"}
    for key in [*_values(entry.value), *item]:
        page, entry = _with_key(page, section, entry, key, item)
    return page.text


def _values(node: Node) -> dict[str, tuple[Node, Node]]:
    if not isinstance(node, MappingNode):
        raise Unspliceable
    return {str(key.value): (key, value) for key, value in node.value}


def _with_key(page: Page, section: str, entry: Entry, key: str, item: dict[str, Any]) -> tuple[Page, Entry]:
    """One key of an item brought to its new value; the page is read again, since places have moved."""
    held = _values(entry.value)
    flow = is_flow(entry.value)
    if key not in item:
        text = _without_key(page, entry, key, flow=flow)
    elif key not in held:
        text = _with_new_key(page, entry, key, item[key], flow=flow)
    elif parse_yaml(_cut(page, held[key][1])).data != item[key]:
        text = _with_value(page, held[key], item[key], flow=flow)
    else:
        return page, entry
    page = Page.read(text)
    index = [other.start for other in page.entries(_section_value(page, section))]
    at = max(position for position, start in enumerate(index) if start <= entry.start)
    return page, page.entries(_section_value(page, section))[at]


def _section_value(page: Page, section: str) -> Node:
    found = page.section(section)
    if found is None:
        raise Unspliceable
    return found[1]


def _cut(page: Page, node: Node) -> str:
    """A value's own text, led by spaces so that a block keeps its columns."""
    return " " * int(node.start_mark.column) + page.text[node.start_mark.index : page.content_end(node)]


def _without_key(page: Page, entry: Entry, key: str, *, flow: bool) -> str:
    inner = page.entries(entry.value)
    gone = next(one for one in inner if one.key is not None and str(one.key.value) == key)
    if not flow and gone is inner[0] and entry.key is None:
        if len(inner) == 1:
            raise Unspliceable
        return page.replaced(gone.start, inner[1].start, "")  # the dash stays, the next key moves up to it
    return page.without(gone, inner, flow=flow)


def _with_new_key(page: Page, entry: Entry, key: str, value: Any, *, flow: bool) -> str:
    inner = page.entries(entry.value)
    if not inner:
        raise Unspliceable
    end = page.content_end(entry.value)
    if flow:
        last = page.content_end(inner[-1].value)
        return page.replaced(last, last, ", " + render_inline({key: value})[1:-1])
    return page.inserted(page.line_end(end - 1), render_block({key: value}, inner[0].column))


def _with_value(page: Page, held: tuple[Node, Node], value: Any, *, flow: bool) -> str:
    key, old = held
    column = key.start_mark.column
    start, end = key.start_mark.index, page.value_end(key, old)
    lines = render_block({key.value: value}, column)[column:].rstrip("\n")
    is_inline = flow or "\n" not in lines
    on_one_line = isinstance(old, ScalarNode) or is_flow(old)
    if is_inline and on_one_line and old.start_mark.index < end:
        words = render_inline(value) if flow else lines.partition(": ")[2]
        return page.replaced(old.start_mark.index, end, words)
    if flow:
        return page.replaced(start, end, render_inline({key.value: value})[1:-1])
    return page.replaced(start, end, lines)
