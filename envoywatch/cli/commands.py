"""The command line's table of commands; each command's module is imported only when that command runs."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import click

from envoywatch import __version__
from envoywatch.cli.context import Context

_TABLE: dict[str, tuple[str, str]] = {
    "init": ("envoywatch.cli.init:command", "Write a commented configuration that works as it is."),
    "check": ("envoywatch.cli.check:command", "Read the configuration and say every fault at once."),
    "demo": ("envoywatch.cli.demo:command", "Replay a made-up mission: no network, no configuration."),
    "run": ("envoywatch.cli.run:command", "The daemon: poll, read, record, alert, and serve the page."),
    "poll": ("envoywatch.cli.poll:command", "Poll due, named or all sources once."),
    "sources": ("envoywatch.cli.sources:command", "List, add, test, remove, import and export sources."),
    "watches": ("envoywatch.cli.watches:command", "List, add, test, backtest and remove watches."),
    "people": ("envoywatch.cli.people:command", "List, add and show people and their written forms."),
    "detect": ("envoywatch.cli.detect:command", "Read texts and print who met whom."),
    "explain": ("envoywatch.cli.explain:command", "Everything that was decided about an article, and why."),
    "meetings": ("envoywatch.cli.meetings:command", "The ledger of meetings: list, show, export."),
    "alerts": ("envoywatch.cli.alerts:command", "List, show and review alerts."),
    "digest": ("envoywatch.cli.digest:command", "Print the digest as it would be sent, or send it."),
    "search": ("envoywatch.cli.search:command", "Search the archive in the watches' query language."),
    "outbox": ("envoywatch.cli.outbox:command", "Deliveries: list, retry, drop, test."),
    "backup": ("envoywatch.cli.backup:command", "Write a consistent copy of the database."),
    "export": ("envoywatch.cli.export:command", "Write the archive as JSON Lines."),
    "prune": ("envoywatch.cli.prune:command", "Delete old articles, never what was told."),
    "status": ("envoywatch.cli.status:command", "One screen: sources, queue, outbox, what cannot be seen."),
}
"""Name, where its click command lives, and the line that `--help` shows without importing it."""


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """In the order of the table, which is the order in which a person meets them."""
        return list(_TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (likewise)
        """Import the command's module."""
        if cmd_name not in _TABLE:
            return None
        module, _, attribute = _TABLE[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (likewise)
        """From the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _TABLE.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's own, with the nearest names for a wrong one."""
        if args[0] not in _TABLE and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=_TABLE, ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The configuration; else $ENVOYWATCH_CONFIG, ./envoywatch.yaml, the user's configuration folder.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("-v", "--verbose", is_flag=True, help="Say more, with the traceback of an unexpected error.")
@click.version_option(__version__, prog_name="envoywatch", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, config_file: Path | None, **flags: Any) -> None:
    """Watch the world's media for a diplomatic mission."""
    ctx.obj = Context(
        config_file=config_file,
        environ=os.environ,
        verbosity=int(flags["verbose"]) - int(flags["quiet"]),
    )
