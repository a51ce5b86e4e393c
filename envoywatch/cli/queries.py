"""What the commands about queries share: reading one with its mistakes shown in place, and the names it may mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from envoywatch.cli.output import escape

if TYPE_CHECKING:
    from alerts.names import NameForms
    from alerts.watches.nodes import Query
    from config.model import Config, Watch
    from envoywatch.cli.context import Context


def parse(text: str) -> Query:
    """The query; a mistake is first shown in its place on stderr."""
    from alerts.watches.query import QueryError, parse_query  # noqa: PLC0415 (builds the parser)

    try:
        return parse_query(text)
    except QueryError as error:
        click.echo(escape(error.caret(), keep_lines=True), err=True)
        raise


def normal(query: Query) -> str:
    """The query in its normal form."""
    from alerts.watches.query import render_query  # noqa: PLC0415 (as above)

    return render_query(query)


def warn(query: Query) -> None:
    """Its warnings on stderr."""
    for warning in query.warnings:
        click.echo(f"warning: {escape(warning)}", err=True)


def config_if_any(context: Context) -> Config | None:
    """The built-in people are enough to try a query before there is a configuration."""
    try:
        path = context.path
    except UsageError:
        return None
    return context.config if context.config_file is not None or path.exists() else None


def names_of(config: Config | None) -> NameForms:
    """The written forms of everyone who is known."""
    from alerts.names import NameForms  # noqa: PLC0415 (reads every name there is)
    from config.people import load_people  # noqa: PLC0415 (likewise)

    return NameForms(load_people(config.people, config.groups) if config is not None else load_people())


def find_watch(config: Config, name: str) -> Watch:
    """The watch of that name, in any case; raises UsageError with the nearest one."""
    from config.messages import did_you_mean  # noqa: PLC0415 (only for this mistake)

    for watch in config.watches:
        if watch.name.casefold() == name.casefold():
            return watch
    names = [watch.name for watch in config.watches]
    hint = did_you_mean(name, names) or "`envoywatch watches list` shows them"
    raise UsageError(f"there is no watch {name!r}", hint=hint)
