"""`envoywatch backup`: a consistent copy of the database, also while the daemon runs."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.errors import EnvoywatchError, UsageError
from envoywatch.cli.archive import reading
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import escape
from envoywatch.cli.progress import Progress
from envoywatch.cli.sizes import file_size

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_S = 0.2


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@pass_context
def command(context: Context, /, file: Path) -> None:
    """Write a consistent, checked copy of the database to FILE, which must not exist yet.

    A daemon may run meanwhile. To restore, stop the daemon and put the copy where the database was.
    """
    from storage.database import back_up  # noqa: PLC0415 (so that --help is quick)
    from storage.views import database_facts  # noqa: PLC0415 (likewise)

    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", hint="make it first, or choose another file")
    with reading(context) as connection:
        expected = database_facts(connection).size
    try:
        with Progress(context) as progress, _watching(file, expected, progress):
            size = back_up(context.database, file)
    except OSError as error:
        raise EnvoywatchError(f"{file} cannot be written: {error.strerror or error}") from error
    context.say(f"wrote {escape(file)} ({file_size(size)}, checked)")


@contextmanager
def _watching(file: Path, expected: int, progress: Progress) -> Iterator[None]:
    """Tell how far the copy has grown while it is made; SQLite copies in one call that says nothing itself."""
    done = threading.Event()
    part = file.with_name(file.name + ".part")

    def watch() -> None:
        while not done.wait(_LOOK_S):
            if part.exists():
                progress.tell(lambda: f"copied {file_size(part.stat().st_size)} of {file_size(expected)}")

    watcher = threading.Thread(target=watch, name="backup progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
