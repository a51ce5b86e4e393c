"""How long work shows that it goes on: one line on stderr, rewritten on a terminal, said now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from envoywatch.cli.context import Context

_PATIENCE_S = 1.0
"""Work shorter than this says nothing."""
_REWRITE_S = 0.2
_REPEAT_S = 10.0
_BAR = 20


def bar(done: int, total: int, width: int = _BAR) -> str:
    """`[#######.............]`."""
    filled = width * done // total if total else width
    return f"[{'#' * filled}{'.' * (width - filled)}]"


class Progress:
    """Used as a context; `tell` may be called as often as one likes."""

    def __init__(self, context: Context, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = context.quiet
        self._clock = clock
        self._rewrites = sys.stderr.isatty()
        self._next = clock() + (_PATIENCE_S if self._rewrites else _REPEAT_S)
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def tell(self, line: Callable[[], str]) -> None:
        """Show the line if it is time to; only then is it made."""
        now = self._clock()
        if self._quiet or now < self._next:
            return
        text = line()
        if self._rewrites:
            self._next = now + _REWRITE_S
            click.echo("\r" + text.ljust(self._width), err=True, nl=False)
            self._width = len(text)
        else:
            self._next = now + _REPEAT_S
            click.echo(text, err=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
