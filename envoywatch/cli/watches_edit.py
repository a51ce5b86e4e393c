"""`envoywatch watches add`, `remove`, `mute`, `unmute`: the watches in the configuration file, changed with a diff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.vocabulary import Send
from envoywatch.cli.changing import change_config, yes_option
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import escape
from envoywatch.cli.queries import find_watch, parse

if TYPE_CHECKING:
    from config.model import Config


@click.command("add", short_help="Add a watch to the configuration file.")
@click.argument("name")
@click.argument("query")
@click.option(
    "--send",
    type=OneOf([send.value for send in Send]),
    default=Send.DIGEST.value,
    show_default=True,
    help="When to tell.",
)
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Where to tell; may be given again.")
@yes_option
@pass_context
def add_watch(context: Context, /, name: str, query: str, *, send: str, channels: tuple[str, ...], yes: bool) -> None:
    """Add a watch to the configuration file; everything else in it, comments too, stays as it is.

    What is doubtful about the QUERY is told, and the change is shown; at a terminal you are asked before it is written.
    A QUERY that begins with a dash follows "--".
    """
    from config.edit import add_item  # noqa: PLC0415 (YAML is heavy)

    parse(query)
    item: dict[str, Any] = {"name": name, "query": query, "send": send}
    if channels:
        item["channels"] = list(channels)
    for warning in _checked(context.config, item):
        click.echo(f"warning: {escape(warning)}", err=True)
    question = f"Add {escape(name)!r}?"
    if change_config(context, lambda text: add_item(text, "watches", item), question, yes=yes):
        context.say(f"added {escape(name)!r} to {escape(context.path)}")


def _checked(config: Config, item: dict[str, Any]) -> list[str]:
    """What `check` would warn of in the configuration with this watch added; raises UsageError for what it refuses."""
    from envoywatch.editing import judge_watch  # noqa: PLC0415 (heavy)

    found = judge_watch(config, item)
    for problem in found:
        if not problem.warning:
            raise UsageError(problem.message, hint=problem.hint)
    return [problem.message + (f" ({problem.hint})" if problem.hint else "") for problem in found]


@click.command("mute", short_help="Keep a watch quiet for a time.")
@click.argument("name")
@click.option("--until", required=True, metavar="TIME", help="2026-05-27T18:00+03:00, or how long: 8h, 2d.")
@yes_option
@pass_context
def mute_watch(context: Context, /, name: str, *, until: str, yes: bool) -> None:
    """Keep a watch from telling anything until TIME; what it finds meanwhile is still listed."""
    from envoywatch.editing import parse_end, written_moment  # noqa: PLC0415 (heavy)

    end = parse_end(until, datetime.now(UTC))
    name = find_watch(context.config, name).name
    if _change_watch(context, name, {"mute": written_moment(end)}, f"Mute {escape(name)!r}?", yes=yes):
        context.say(f"{escape(name)!r} is muted until {end:%Y-%m-%d %H:%M} UTC")


@click.command("unmute")
@click.argument("name")
@yes_option
@pass_context
def unmute_watch(context: Context, /, name: str, *, yes: bool) -> None:
    """Let a muted watch alert again."""
    watch = find_watch(context.config, name)
    if watch.mute is None:
        raise UsageError(f"{watch.name!r} is not muted")
    if _change_watch(context, watch.name, {"mute": None}, f"Unmute {escape(watch.name)!r}?", yes=yes):
        context.say(f"{escape(watch.name)!r} alerts again")


def _change_watch(context: Context, name: str, keys: dict[str, Any], question: str, *, yes: bool) -> bool:
    """Set these keys of a watch, or take those away that are None."""
    from envoywatch.editing import with_keys  # noqa: PLC0415 (heavy)

    return change_config(context, lambda text: with_keys(text, "watches", name, keys), question, yes=yes)


@click.command("remove", short_help="Remove a watch from the file.")
@click.argument("name")
@yes_option
@pass_context
def remove_watch(context: Context, /, name: str, *, yes: bool) -> None:
    """Remove a watch from the configuration file; what it found stays in the archive."""
    from config.edit import remove_item  # noqa: PLC0415 (YAML is heavy)

    name = find_watch(context.config, name).name
    question = f"Remove {escape(name)!r}?"
    if change_config(context, lambda text: remove_item(text, "watches", name), question, yes=yes):
        context.say(f"removed {escape(name)!r} from {escape(context.path)}")
