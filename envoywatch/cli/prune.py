"""`envoywatch prune`: delete old articles that nothing cites, after saying what would go."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from envoywatch.cli.archive import reading
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape, json_option
from envoywatch.cli.progress import Progress
from envoywatch.cli.sizes import FileSize, file_size
from envoywatch.cli.times import Span, short

if TYPE_CHECKING:
    from pathlib import Path

    from config.model import Storage
    from storage.keeping import Bounds
    from storage.views_prune import Prunable

_DAY = timedelta(days=1)
_USUAL = timedelta(days=365)
_LISTED = 10


@click.command("prune")
@click.option("--older-than", type=Span(), metavar="DURATION", help="First seen so long ago, as 400d.")
@click.option("--max-size", type=FileSize(), metavar="SIZE", help="The oldest, until the database holds no more.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--compact", is_flag=True, help="Write the file anew, as small as it can be. Not while a daemon runs.")
@json_option
@pass_context
def command(
    context: Context,
    /,
    *,
    older_than: timedelta | None,
    max_size: int | None,
    dry_run: bool,
    yes: bool,
    compact: bool,
    as_json: bool,
) -> None:
    """Delete old articles that no alert, meeting or newer copy cites, and the log of polls older than 30 days.

    Unless you say otherwise what `storage.keep` and `storage.max_size` say, or what is older than a year. What was ever
    seen stays known, so that nothing deleted comes back as news; alerts, digests and meetings stay for ever.
    """
    if older_than is not None and older_than < _DAY:
        raise UsageError("articles of less than a day are not pruned", hint="write --older-than as 365d")
    work = _Work(context, *_limits(context.load_to_read().config.storage, older_than, max_size))
    if not as_json:
        _print(work)
    done = None
    something = work.found.articles or work.found.polls or compact
    if not dry_run and something and (yes or _agreed(as_json=as_json)):
        done = {**work.carry_out(), **({"compacted": _compact(context.database)} if compact else {})}
        _tell(context, done)
    if as_json:
        before = work.bounds.before if work.bounds else None
        emit_json({"before": before, "would_delete": work.found, "deleted": done})


def _limits(
    storage: Storage, older_than: timedelta | None, max_size: int | None
) -> tuple[timedelta | None, int | None]:
    """What was said on the command line, else in the configuration, else a year."""
    if older_than is None and max_size is None:
        older_than, max_size = storage.keep, storage.max_size
    return (_USUAL, None) if older_than is None and max_size is None else (older_than, max_size)


@dataclass
class _Work:
    context: Context
    keep: timedelta | None
    max_size: int | None

    def __post_init__(self) -> None:
        from envoywatch.office import POLL_LOG_KEPT  # noqa: PLC0415 (so that --help is quick)
        from storage.keeping import bounds, space  # noqa: PLC0415 (likewise)
        from storage.views_prune import prunable  # noqa: PLC0415 (likewise)

        now = datetime.now(UTC)
        with reading(self.context) as connection:
            self.bounds: Bounds | None = bounds(connection, self.keep, self.max_size, now)
            self.found: Prunable = prunable(connection, self.bounds, now - POLL_LOG_KEPT)
            self.space = space(connection)

    def carry_out(self) -> dict[str, Any]:
        """A little at a time, through the daemon where one runs: it works on meanwhile, and Ctrl-C ends it cleanly."""
        from envoywatch.office import changing  # noqa: PLC0415 (as above)
        from storage.keeping import CHUNK, is_many  # noqa: PLC0415 (likewise)
        from storage.model import to_text  # noqa: PLC0415 (likewise)

        articles = pages = 0
        with Progress(self.context) as progress, changing(self.context.database, "prune") as ask:
            polls = ask({"do": "prune-polls"})
            while self.bounds and (most := self._left(articles, CHUNK)):
                gone = ask({"do": "prune", "before": to_text(self.bounds.before), "most": most})
                if not gone:
                    break
                articles += gone
                progress.tell(partial("{:,} of {:,} articles deleted".format, articles, self.found.articles))
            if is_many(articles, self.space.articles - articles):
                begin = True
                while ask({"do": "tidy", "begin": begin}):
                    begin = False
                    progress.tell(lambda: "merging the full-text index")
            while back := ask({"do": "give-back"}):
                pages += back
                progress.tell(partial("{:,} free pages returned".format, pages))
        return {"articles": articles, "polls": polls, "pages_returned": pages, "bytes_freed": self._freed()}

    def _left(self, done: int, chunk: int) -> int:
        most = self.bounds.most if self.bounds else 0
        return chunk if most is None else min(chunk, max(0, most - done))

    def _freed(self) -> int:
        from storage.keeping import space  # noqa: PLC0415 (as above)

        with reading(self.context) as connection:
            return self.space.used - space(connection).used


def _print(work: _Work) -> None:
    from alerts import words  # noqa: PLC0415 (as above)

    found = work.found
    if work.bounds is None:
        click.echo(f"The database holds {file_size(work.space.used)}: no article has to go.")
    elif work.bounds.most is None:
        click.echo(f"First seen before {short(work.bounds.before)} UTC:")
    else:
        click.echo(f"The database holds {file_size(work.space.used)}; the oldest are to go:")
    if work.bounds is not None:
        oldest = f", the oldest of {found.oldest_at:%Y-%m-%d}" if found.oldest_at else ""
        click.echo(f"  to delete  {words.count(found.articles, 'article')} ({file_size(found.bytes)} of text{oldest})")
        for one in found.sources[:_LISTED]:
            click.echo(f"             {escape(one.source)}: {one.articles:,} ({file_size(one.bytes)})")
        if len(found.sources) > _LISTED:
            click.echo(f"             and {len(found.sources) - _LISTED:,} more sources")
        click.echo(f"  kept       {words.count(found.kept, 'article')} that an alert, a meeting or a newer copy cites")
        click.echo(f"  whole from {found.whole_from:%Y-%m-%d} on" if found.whole_from else "  nothing else is left")
    click.echo(f"Poll logs older than 30 days: {found.polls:,} to delete")


def _tell(context: Context, done: dict[str, Any]) -> None:
    from alerts import words  # noqa: PLC0415 (as above)

    context.say(
        f"deleted {words.count(done['articles'], 'article')} and {words.count(done['polls'], 'poll log')}:"
        f" {file_size(max(0, done['bytes_freed']))} freed"
    )
    if "compacted" in done:
        before, after = done["compacted"]
        context.say(f"the file took {file_size(before)} and takes {file_size(after)}")
    elif done["articles"] and not done["pages_returned"]:
        context.say("the file keeps its size, and its free pages are written again; --compact makes it smaller")


def _compact(database: Path) -> tuple[int, int]:
    from storage.database import compact  # noqa: PLC0415 (as above)
    from storage.lock import sole_writer  # noqa: PLC0415 (likewise)

    with sole_writer(database, "envoywatch prune --compact"):
        return compact(database)


def _agreed(*, as_json: bool) -> bool:
    """Ask a person; a script says --yes."""
    if as_json or not sys.stdin.isatty():
        raise UsageError("nothing was deleted", hint="say --yes to delete, or --dry-run to only look")
    return click.confirm("Delete them?", err=True)
