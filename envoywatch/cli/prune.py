"""`envoywatch prune`: delete old articles that nothing cites, after saying what would go."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from envoywatch.cli.archive import reading
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, json_option
from envoywatch.cli.times import Span, short

if TYPE_CHECKING:
    from storage.views_prune import Prunable

_DAY = timedelta(days=1)


@click.command("prune")
@click.option(
    "--older-than", type=Span(), default="365d", show_default=True, metavar="DURATION", help="First seen so long ago."
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def command(context: Context, /, *, older_than: timedelta, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete old articles that no alert, claim or newer copy cites, and the log of polls older than 30 days.

    What was ever seen stays known, so that nothing deleted comes back as news.
    """
    from envoywatch.office import POLL_LOG_KEPT, change  # noqa: PLC0415 (so that --help is quick)
    from storage.views_prune import prunable  # noqa: PLC0415 (likewise)

    if older_than < _DAY:
        raise UsageError("articles of less than a day are not pruned", hint="write --older-than as 365d")
    now = datetime.now(UTC)
    with reading(context) as connection:
        found = prunable(connection, now - older_than, now - POLL_LOG_KEPT)
    if not as_json:
        _print(found, now - older_than)
    done = None
    if not dry_run and (found.articles or found.polls) and (yes or _agreed(as_json=as_json)):
        done = change(context.database, {"do": "prune", "days": older_than / _DAY})
        from alerts.words import count  # noqa: PLC0415 (as above)

        context.say(f"deleted {count(done['articles'], 'article')} and {count(done['polls'], 'poll log')}")
    if as_json:
        emit_json({"before": now - older_than, "would_delete": found, "deleted": done})


def _print(found: Prunable, before: datetime) -> None:
    from alerts import words  # noqa: PLC0415 (as above)

    click.echo(f"First seen before {short(before)} UTC:")
    oldest = f", the oldest of {found.oldest_at:%Y-%m-%d}" if found.oldest_at else ""
    click.echo(f"  to delete  {words.count(found.articles, 'article')} ({found.characters:,} characters{oldest})")
    click.echo(f"  kept       {words.count(found.kept, 'article')} that an alert, a claim or a newer copy cites")
    click.echo(f"Poll logs older than 30 days: {found.polls:,} to delete")


def _agreed(*, as_json: bool) -> bool:
    """Ask a person; a script says --yes."""
    if as_json or not sys.stdin.isatty():
        raise UsageError("nothing was deleted", hint="say --yes to delete, or --dry-run to only look")
    return click.confirm("Delete them?", err=True)
