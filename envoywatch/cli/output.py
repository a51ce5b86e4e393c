"""How commands print: JSON documents, tables that fit narrow terminals and pipes, and hostile text made harmless."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console, JustifyMethod, RenderableType
    from rich.table import Table

# C0, DEL, C1, marks and overrides of direction, line and paragraph separators, the byte order mark, tag characters,
# and halves of surrogate pairs. The joiners U+200C and U+200D stay: Persian and Hindi are spelt with them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}
_PIPE_WIDTH = 1_000_000  # a pipe has no width: nothing is wrapped or cut
_NARROW = 80
_INDENT = 4


def escape(text: object, *, keep_lines: bool = False) -> str:
    """The text safe on a terminal: what would move the cursor, colour, or turn the direction is shown as an escape."""

    def shown(found: re.Match[str]) -> str:
        char = found[0]
        if keep_lines and char == "\n":
            return char
        code = ord(char)
        return _SHORT.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004 (one byte)

    return _UNSAFE.sub(shown, str(text))


def emit_json(value: Any) -> None:
    """Print one JSON document; records, times (UTC, `Z`), durations (seconds), enums and paths are understood."""
    click.echo(json_text(value, indent=2))


def emit_json_line(value: Any) -> None:
    """Print one JSON document on one line, for streams of them."""
    click.echo(json_text(value))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON that is safe on a terminal; without `indent` on one line, whatever counts as a line's end."""
    return _json_safe(json.dumps(to_plain(value), ensure_ascii=False, indent=indent, allow_nan=False))


def _json_safe(text: str) -> str:
    """JSON has escapes of its own for what a terminal must not get; line breaks between values stay."""

    def escaped(found: re.Match[str]) -> str:
        if found[0] == "\n":
            return "\n"
        units = found[0].encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))

    return _UNSAFE.sub(escaped, text)


def to_plain(value: Any) -> Any:  # noqa: PLR0911 (one line per kind of value)
    """The value in terms of JSON alone."""
    if type(value) in _IN_JSON:  # most are
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):  # a named tuple is a record, too
        return {name: to_plain(item) for name, item in value._asdict().items()}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((to_plain(item) for item in value), key=str)
    if isinstance(value, list | tuple | array):
        return [to_plain(item) for item in value]
    for kind, plain in _PLAIN:
        if isinstance(value, kind):
            return plain(value)
    return value


@lru_cache(maxsize=256)
def _names(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(record))


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_IN_JSON = frozenset({str, int, float, bool, type(None)})
_PLAIN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (datetime, _moment),
    (date, date.isoformat),
    (timedelta, timedelta.total_seconds),
    (Enum, lambda member: member.value),
    (Path, str),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `right` for figures; `style` is a rich style, shown on terminals only.

    A `whole` one (ids, times) is never folded: the others give way. A `long` one (titles) stands on a line of its own
    below its row where the terminal is narrower than 80 columns.
    """

    title: str
    right: bool = False
    style: str = ""
    whole: bool = False
    long: bool = False


def print_table(columns: Sequence[Column | str], rows: Iterable[Sequence[object]], *, empty: str = "") -> None:
    """Print a table: folded to the terminal's width, and in a pipe neither folded, cut nor coloured.

    Cells are escaped here. `empty` is said instead when there are no rows.
    """
    lines = [[escape("" if cell is None else cell) for cell in row] for row in rows]
    if not lines:
        click.echo(empty, nl=bool(empty))
        return
    chosen = [column if isinstance(column, Column) else Column(column) for column in columns]
    if any(column.long for column in chosen) and _console().width < _NARROW:
        _print_towers(chosen, lines)
    else:
        print_rich(_table(chosen, lines))


def _table(columns: Sequence[Column], lines: Sequence[Sequence[str]], widths: Sequence[int] | None = None) -> Table:
    """A table with its head, or with given widths and without head."""
    from rich.table import Table  # noqa: PLC0415 (0.1 s: commands that print JSON need none of it)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False, show_header=widths is None
    )
    for place, one in enumerate(columns):
        justify: JustifyMethod = "right" if one.right else "left"
        width = widths[place] if widths else None
        table.add_column(one.title, justify=justify, style=one.style, overflow="fold", no_wrap=one.whole, width=width)
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    return table


def _print_towers(columns: Sequence[Column], lines: Sequence[Sequence[str]]) -> None:
    """Each row as a line of its short cells and, set in below, a line for each long one."""
    from rich.cells import cell_len  # noqa: PLC0415 (as above)
    from rich.console import Group  # noqa: PLC0415 (likewise)
    from rich.padding import Padding  # noqa: PLC0415 (likewise)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    short = [place for place, column in enumerate(columns) if not column.long]
    long = [place for place, column in enumerate(columns) if column.long]
    head = [column.title for column in columns]
    wishes = [max(cell_len(line[place]) for line in (head, *lines)) for place in short]
    widths = _fitted(wishes, [columns[place].whole for place in short], _console().width - 2 * (len(short) - 1))
    parts: list[RenderableType] = []
    for line in (head, *lines):
        parts.append(_table([columns[place] for place in short], [[line[place] for place in short]], widths))
        parts += [Padding(Text(line[place]), (0, 0, 0, _INDENT)) for place in long if line[place]]
    print_rich(Group(*parts))


def _fitted(wishes: Sequence[int], whole: Sequence[bool], room: int) -> list[int]:
    """The widths cut until they fit, the widest first; those that are `whole` are let be."""
    widths = list(wishes)
    while sum(widths) > room:
        place = max((place for place, stays in enumerate(whole) if not stays), key=widths.__getitem__, default=None)
        if place is None or widths[place] == 1:
            break
        widths[place] -= 1
    return widths


def print_rich(renderable: RenderableType) -> None:
    """Print what rich can render: folded to the terminal's width, plain and unfolded in a pipe.

    Texts in it are the caller's to escape.
    """
    console = _console()
    with console.capture() as capture:
        console.print(renderable)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415 (0.1 s: commands that print JSON need none of it)

    return Console(width=_width(), highlight=False, soft_wrap=False, file=sys.stdout)


def _width() -> int | None:
    """The terminal's own width; without a terminal, that of $COLUMNS when somebody set it, else unlimited."""
    if sys.stdout.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isascii() and columns.isdigit() and int(columns) > 0 else _PIPE_WIDTH


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json` to a command, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(function)
