"""One writing process for each database: a lock file that names its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import socket
from typing import TYPE_CHECKING

from storage.errors import DatabaseBusyError, DatabaseRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def sole_writer(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock of the database at `path`, until the block or the process ends, however it ends.

    Raises DatabaseBusyError naming the process that holds it, DatabaseRefusedError when no lock file can be made there.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
            raise DatabaseBusyError(
                f"{path} is in use by {holder}", hint="stop that one first, or give this one another storage.path"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{doing} (process {os.getpid()} on {socket.gethostname()})\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> DatabaseRefusedError:
    """Some folders that are there, such as those of /proc, answer "no such file" too."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return DatabaseRefusedError(
            f"the folder of the database is missing: {path.parent}",
            hint=f"make it (mkdir -p {shlex.quote(str(path.parent))}), or change storage.path",
        )
    return DatabaseRefusedError(
        f"the database at {path} cannot be locked: {error.strerror}", hint="change storage.path, or its folder's owner"
    )
