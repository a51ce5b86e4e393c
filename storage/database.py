"""Opening the database: ours and healthy, or a clear refusal; settings, migrations and read-only connections."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from sqlite_utils import Database

from storage.errors import DatabaseRefusedError, StorageError
from storage.migrations import MIGRATIONS, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x456E7677
"""`Envw`: the mark in the file's header that makes it ours."""

_HEADER = b"SQLite format 3\x00"
_BUSY_MS = 10_000
_CACHE_KIB = 32 * 1024
"""The writer's. The shingles of each article go to pages all over a large table, which would be read over and over."""
_JOURNAL_LIMIT = 64 * 2**20


def open_writer(path: Path) -> Database:
    """The one writing connection; makes the file when there is none and brings an older schema up to date.

    Raises DatabaseRefusedError for a file that is not ours, newer than the program, damaged, or out of reach. An older
    file is copied aside (`.before-N`) before it is upgraded.
    """
    _check_place(path)
    fresh = not path.exists() or path.stat().st_size == 0
    if fresh:
        path.touch(mode=0o600)
    with _refusals(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    try:
        with _refusals(path):
            version = 0 if fresh else _check_ours(connection, path)
            _settings(connection)
            if version < SCHEMA_VERSION:
                _upgrade(connection, path, version)
    except BaseException:
        connection.close()
        raise
    return Database(connection, recursive_triggers=False)


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection, safe beside a running daemon; rows by name. Raises DatabaseRefusedError."""
    if not path.exists():
        raise DatabaseRefusedError(
            f"there is no database at {path} yet", hint="start the daemon with `envoywatch run`, or poll once"
        )
    with _refusals(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        try:
            _check_present(_check_ours(connection, path), path)
            connection.execute("PRAGMA query_only = 1")
        except BaseException:
            connection.close()
            raise
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def immediate(db: Database) -> Iterator[Database]:
    """One writing transaction from its first statement on; a DEFERRED one fails when it turns to writing."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")
        raise
    db.conn.execute("COMMIT")


def integrity_findings(connection: sqlite3.Connection, *, most: int = 5) -> list[str]:
    """What SQLite's own quick check finds wrong; empty when all is well. Reads the whole file."""
    rows = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({int(most)})")]
    return [] if rows == ["ok"] else rows


def back_up(path: Path, target: Path) -> int:
    """A consistent copy of the live database at `target`, written aside and renamed; returns its size in bytes."""
    if target.exists():
        raise DatabaseRefusedError(f"{target} exists already", hint="choose another file; nothing was written")
    _check_place(target)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        part.touch(mode=0o600)
        with closing(open_reader(path)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy, pages=1000)
            copy.execute("PRAGMA journal_mode = DELETE")
            findings = integrity_findings(copy)
        if findings:
            raise StorageError(f"the copy of {path} is damaged: {findings[0]}", hint="the original may be damaged too")
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise DatabaseRefusedError(
            f"the folder {path.parent} for the database does not exist", hint="make it, or change storage.path"
        )
    if path.is_dir():
        raise DatabaseRefusedError(f"{path} is a folder, not a database file", hint="change storage.path")
    if not path.exists() and not os.access(path.parent, os.W_OK):
        raise DatabaseRefusedError(
            f"the folder {path.parent} may not be written", hint="change its owner or storage.path"
        )
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise DatabaseRefusedError(f"{path} may not be read and written", hint="change its owner or its permissions")


def _check_ours(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of a file of ours; anything else is refused, never mended or replaced."""
    with path.open("rb") as file:
        head = file.read(len(_HEADER))
    if head != _HEADER:
        raise DatabaseRefusedError(
            f"{path} is not an SQLite database", hint="change storage.path; the file is untouched"
        )
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION_ID:
        raise DatabaseRefusedError(
            f"{path} is an SQLite database, but not one of Envoywatch's",
            hint="change storage.path; the file is untouched",
        )
    if version > SCHEMA_VERSION:
        raise DatabaseRefusedError(
            f"{path} was written by a newer Envoywatch (schema {version}, this program knows {SCHEMA_VERSION})",
            hint="upgrade the program; the file is untouched",
        )
    return version


def _check_present(version: int, path: Path) -> None:
    if version < SCHEMA_VERSION:
        raise DatabaseRefusedError(
            f"{path} has the older schema {version} of {SCHEMA_VERSION}",
            hint="start the daemon once: it backs the file up and upgrades it",
        )


def _settings(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}")
    connection.execute("PRAGMA journal_mode = WAL")


def _upgrade(connection: sqlite3.Connection, path: Path, version: int) -> None:
    if version:
        with closing(sqlite3.connect(path.with_name(f"{path.name}.before-{SCHEMA_VERSION}"))) as copy:
            connection.backup(copy)
    db = Database(connection, recursive_triggers=False)
    with immediate(db):
        MIGRATIONS.apply(db)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file that cannot be used into a refusal that a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise StorageError(
                f"{path} is locked by another program", hint="close that program and try again"
            ) from error
        raise DatabaseRefusedError(
            f"{path} cannot be used: {error}", hint="restore a backup, or recover it with the sqlite3 shell (.recover)"
        ) from error
