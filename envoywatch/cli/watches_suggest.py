"""`envoywatch watches suggest`: words of the archive that go with a watch and are not in it, and people beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from envoywatch.cli import show
from envoywatch.cli.archive import reading
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, json_option, print_table
from envoywatch.cli.progress import Progress
from envoywatch.cli.queries import find_watch

if TYPE_CHECKING:
    from envoywatch.suggesting import Suggestions

_SHOWN = 12


@click.command("suggest", short_help="Show words that go with a watch.")
@click.argument("name")
@click.option("--limit", type=click.IntRange(min=1), default=_SHOWN, show_default=True, help="Of each, so many.")
@json_option
@pass_context
def command(context: Context, /, name: str, *, limit: int, as_json: bool) -> None:
    """Show words that go with the matches of a watch and are not in it, and people named beside what it finds.

    A word is shown when it stands in matching articles so much oftener than in others of the same language that
    chance would do that once in a thousand words; STRENGTH is its log-likelihood.
    """
    from alerts.words import count  # noqa: PLC0415 (so that --help is quick)
    from envoywatch.suggesting import suggest  # noqa: PLC0415 (likewise)

    watch = find_watch(context.config, name)
    if watch.query is None:
        raise UsageError(f"{watch.name!r} has no query whose words could be added to", hint="name a watch with a query")
    with reading(context) as connection, Progress(context) as progress:

        def tell(looked_at: int) -> None:
            progress.tell(lambda: f"looked at {count(looked_at, 'article')}")

        found = suggest(connection, context.config, watch.query, limit, tell)
    if as_json:
        emit_json(found)
    else:
        _print(found)


def _print(found: Suggestions) -> None:
    from alerts.words import count  # noqa: PLC0415 (as above)

    total = sum(found.matching.values())
    if not total:
        click.echo("Nothing in the archive matches this watch, so nothing goes with it.")
        return
    by_language = ", ".join(f"{language} {articles}" for language, articles in found.matching.items())
    click.echo(
        f"{count(total, 'article')} matched ({by_language}), compared with {count(found.others, 'other article')}"
    )
    show.heading("Words that go with it")
    print_table(
        ["WORD", "IN", Column("MATCHED", right=True), Column("OTHERS", right=True), Column("STRENGTH", right=True)],
        [(one.word, one.language, one.matching, one.others, f"{one.keyness:.0f}") for one in found.words],
        empty="None that is surely more than chance.",
    )
    show.heading("People in the same sentences")
    print_table(
        ["NAME", Column("ARTICLES", right=True)],
        [(one.person, one.articles) for one in found.people],
        empty="Nobody in two articles or more.",
    )
