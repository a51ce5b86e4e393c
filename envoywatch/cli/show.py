"""One stored thing on the screen: a heading, facts with their names, quoted sentences with what decided marked."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from envoywatch.cli.output import escape, print_rich

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.text import Text

    from storage.views import Evidence, Mark

OPEN, CLOSE = ">>", "<<"
"""Around what is marked where no colour shows it."""

_MARKED = "bold reverse"
_NAME_WIDTH = 11


def heading(text: str, *, first: bool = False) -> None:
    """A line above what belongs together, set off from what came before."""
    from rich.text import Text  # noqa: PLC0415 (0.1 s: commands that print JSON need none of it)

    if not first:
        click.echo()
    print_rich(Text(escape(text), style="bold"))


def facts(rows: Iterable[tuple[str, object]]) -> None:
    """Names and values in two columns; a value that is None or empty is left out with its name."""
    from rich.table import Table  # noqa: PLC0415 (as above)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=_NAME_WIDTH)
    table.add_column(overflow="fold")
    shown = [(name, value) for name, value in rows if value is not None and value != ""]
    for name, value in shown:
        table.add_row(Text(name), value if isinstance(value, Text) else Text(escape(value)))
    if shown:
        print_rich(table)


def quote(evidence: Evidence, *, indent: int = 2) -> None:
    """A sentence with its marks, set in."""
    from rich.padding import Padding  # noqa: PLC0415 (as above)

    print_rich(Padding(marked(evidence.text, evidence.marks), (0, 0, 0, indent), expand=False))


def marked(text: str, marks: Sequence[Mark]) -> Text:
    """The text, escaped, its marks in colour on a terminal and between `>>` and `<<` elsewhere."""
    from rich.text import Text  # noqa: PLC0415 (as above)

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    out = Text()
    for piece, is_marked in pieces(text, marks):
        shown = escape(piece)
        if not is_marked:
            out.append(shown)
        elif coloured:
            out.append(shown, style=_MARKED)
        else:
            out.append(f"{OPEN}{shown}{CLOSE}")
    return out


def pieces(text: str, marks: Iterable[Mark]) -> Iterator[tuple[str, bool]]:
    """The text cut at its marks, each piece with whether it is marked; overlapping marks are one."""
    at = 0
    spans = sorted((max(mark.start, 0), min(mark.end, len(text))) for mark in marks)
    while spans:
        start, end = spans.pop(0)
        while spans and spans[0][0] <= end:
            end = max(end, spans.pop(0)[1])
        if start >= end:
            continue
        if start > at:
            yield text[at:start], False
        yield text[start:end], True
        at = end
    if at < len(text):
        yield text[at:], False


def lines(text: str) -> Text | None:
    """A value of `facts` whose own line breaks stay; None when empty."""
    from rich.text import Text  # noqa: PLC0415 (as above)

    return Text(escape(text, keep_lines=True)) if text else None


def line(text: str, *, indent: int = 0) -> None:
    """A line of text, set in and folded; its own line breaks stay."""
    from rich.padding import Padding  # noqa: PLC0415 (as above)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    print_rich(Padding(Text(escape(text, keep_lines=True)), (0, 0, 0, indent), expand=False))
