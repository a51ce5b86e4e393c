"""A change of the configuration file by a command: shown as a diff first, agreed to, and written in one go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from envoywatch.cli.output import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoywatch.cli.context import Context


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a command that asks before it writes."""
    return click.option("--yes", "-y", is_flag=True, help="Write it without asking.")(function)


def change_config(context: Context, change: Callable[[str], str], question: str, *, yes: bool) -> bool:
    """Show what would change in the file, ask a person at a terminal, and write it; whether it was written.

    A script has agreed by calling.
    """
    from config.edit import write_atomic  # noqa: PLC0415 (YAML is heavy)
    from config.files import read_text  # noqa: PLC0415 (likewise)
    from envoywatch.changes import difference  # noqa: PLC0415 (likewise)

    path = context.path
    before = read_text(path)
    after = change(before)
    click.echo(escape(difference(before, after, str(path)), keep_lines=True), nl=False)
    if not yes and sys.stdin.isatty() and not click.confirm(question, default=True, err=True):
        context.say("nothing was changed")
        return False
    write_atomic(path, after)
    return True
