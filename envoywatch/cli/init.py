"""`envoywatch init`: a configuration to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from envoywatch.cli.context import FILE_NAME, Context, pass_context


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@pass_context
def command(context: Context, folder: Path) -> None:
    """Write a commented envoywatch.yaml that works as it is.

    DIR is the current folder unless named. A configuration that is there already is never overwritten.
    """
    from config.init import write_starter  # noqa: PLC0415 (the schema needs pydantic: 0.2 s)

    for path in write_starter(folder):
        click.echo(f"wrote {path}")
    go = "" if folder == Path() else f"`cd {shlex.quote(str(folder))}`, "
    context.say(f"next: {go}look through {FILE_NAME}, then `envoywatch check` and `envoywatch run`")
