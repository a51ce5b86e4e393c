"""`envoywatch backup`: a consistent copy of the database, also while the daemon runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from config.errors import EnvoywatchError, UsageError
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import escape
from envoywatch.cli.progress import Progress
from envoywatch.cli.sizes import file_size


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@pass_context
def command(context: Context, /, file: Path) -> None:
    """Write a consistent, checked copy of the database to FILE, which must not exist yet.

    A daemon may run meanwhile; the copy is of the moment at which it was begun. To restore one, stop the daemon, move
    the database away with the -wal and -shm files beside it, and put the copy in its place.
    """
    from storage.database import back_up  # noqa: PLC0415 (so that --help is quick)

    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", hint="make it first, or choose another file")
    try:
        with Progress(context) as progress:
            size = back_up(context.database, file, partial(_tell, progress))
    except OSError as error:
        raise EnvoywatchError(f"{file} cannot be written: {error.strerror or error}") from error
    context.say(f"wrote {escape(file)} ({file_size(size)}, checked)")


def _tell(progress: Progress, done: int, total: int) -> None:
    progress.tell(lambda: f"{100 * done // max(1, total)} % of {total:,} pages copied" if done < total else "checking")
