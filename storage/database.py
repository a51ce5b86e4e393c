"""Opening the database: ours and healthy, or a clear refusal; settings, migrations and read-only connections."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from sqlite_utils import Database

from storage.errors import DatabaseRefusedError, StorageError
from storage.held import MEMORY as HOLDING
from storage.migrations import MIGRATIONS, SCHEMA_VERSION
from storage.search import MEMORY as INDEXING
from storage.settling import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APPLICATION_ID = 0x456E7677
"""`Envw`: the mark in the file's header that makes it ours."""

_BUSY_MS = 10_000
_CACHE_KIB = 32 * 1024
"""The writer's: what a few transactions of many articles change. More spares hardly any reading among a million."""
_JOURNAL_LIMIT = 64 * 2**20
_CHECKPOINT_PAGES = 16_000
"""64 MB of log, some hundred articles: pages that each of them changes are written back once."""
_RESTORE = "restore a backup, or recover what can be read with the sqlite3 shell (.recover); the file is untouched"


def open_writer(path: Path) -> Database:
    """The one writing connection; makes the file when there is none and brings an older schema up to date.

    Raises DatabaseRefusedError for a file that is not ours, newer than the program, damaged, or out of reach. An older
    file is copied aside (`.before-N`) before it is upgraded.
    """
    _check_place(path)
    _check_log(path)
    if not path.exists():
        path.touch(mode=0o600)
    elif not path.stat().st_size:
        with suppress(PermissionError):  # of another owner, who has chosen
            path.chmod(0o600)
    with _refusals(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    try:
        with _refusals(path):
            version = 0 if _is_empty(connection, path) else _check_ours(connection, path)
            _settings(connection)
            if version < SCHEMA_VERSION:
                _upgrade(connection, path, version)
            # What a statement may have to take back goes to a temporary file else: more than the articles themselves.
            connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return Database(connection, recursive_triggers=False)


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection, safe beside a running daemon; rows by name. Raises DatabaseRefusedError."""
    if not path.exists():
        raise DatabaseRefusedError(
            f"there is no database at {path} yet",
            hint="start the daemon with `envoywatch run`, or poll once: `envoywatch poll`",
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
        settle(db)
        db.conn.execute("COMMIT")  # one that fails may leave the transaction open
    except BaseException:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")
        raise


def integrity_findings(connection: sqlite3.Connection, *, most: int = 5) -> list[str]:
    """What SQLite's own quick check finds wrong; empty when all is well. Reads the whole file."""
    try:
        rows = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({int(most)})")]
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return [str(error)]
        raise
    return [] if rows == ["ok"] else rows


def damaged(path: Path, findings: list[str]) -> DatabaseRefusedError:
    """What is said of a file in which the check found something."""
    return DatabaseRefusedError(f"{path} is damaged: {'; '.join(findings)}", hint=_RESTORE)


def back_up(path: Path, target: Path, tell: Callable[[int, int], None] | None = None) -> int:
    """A consistent copy of the live database at `target`, written aside and renamed; returns its size in bytes.

    It is of the moment at which it was begun, whatever is written meanwhile. `tell` hears how many pages of how many
    are copied.
    """
    if os.path.lexists(target):
        raise DatabaseRefusedError(f"{target} exists already", hint="choose another file; nothing was written")
    _check_place(target)
    with closing(open_reader(path)) as source:
        _check_room(source, target)
        _copy(source, target, tell)
    return target.stat().st_size


def compact(path: Path) -> tuple[int, int]:
    """Write the file anew without its free pages; its size before and after. The caller is the sole writer.

    From then on it can give free pages back by itself, which those of the first versions could not.
    """
    db = open_writer(path)
    with closing(db.conn) as connection, _refusals(path):
        before = path.stat().st_size
        _check_room(connection, path)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA temp_store = FILE")  # or the whole database would be in memory
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, path.stat().st_size


def _copy(source: sqlite3.Connection, target: Path, tell: Callable[[int, int], None] | None = None) -> None:
    """Copied, checked and on the disk before it gets its name: whoever is killed leaves a `.part` at most."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)

    def progress(_: int, remaining: int, total: int) -> None:
        if tell is not None:
            tell(total - remaining, total)

    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = OFF")
            # One snapshot for the whole: else every write of another process would have the copy begin anew.
            source.execute("BEGIN")
            try:
                source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                source.backup(copy, pages=1000, progress=progress)
            finally:
                source.execute("ROLLBACK")
            copy.execute("PRAGMA journal_mode = DELETE")
            findings = integrity_findings(copy)
        if findings:
            raise StorageError(f"the copy is damaged: {findings[0]}", hint="the original may be damaged too")
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError) if path.is_dir() else nullcontext():  # some network drives cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_room(connection: sqlite3.Connection, target: Path) -> None:
    size = 1
    for name in ("page_count", "page_size"):
        size *= int(connection.execute(f"PRAGMA {name}").fetchone()[0])
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise StorageError(
            f"a copy of the database takes {size / 2**20:,.0f} MB, and the disk of {target.parent} has"
            f" {free / 2**20:,.0f} MB left",
            hint="make room first; nothing was changed",
        )


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


def _check_log(path: Path) -> None:
    """A log of changes whose database is gone or empty holds what was written last; SQLite would delete it."""
    log = path.with_name(path.name + "-wal")
    if (not path.exists() or path.stat().st_size == 0) and log.exists() and log.stat().st_size > 0:
        what = "is empty" if path.exists() else "is missing"
        raise DatabaseRefusedError(
            f"{path} {what}, but {log.name}, the log of its latest changes, is there",
            hint="put the database back beside its log; or move the log away to begin anew or with a backup",
        )


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    """Nothing was ever kept in it: whoever made the file was killed before it had its tables."""
    if path.stat().st_size == 0:
        return True
    _check_whole(connection, path)
    marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return marks == [0, 0] and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0


def _check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """An SQLite file with as many pages as its header tells, which SQLite itself looks at.

    A good file is never opened beside SQLite: to close it would give back every lock that this process has on it, and
    another program that closes the database would then take the log away from under us (sqlite.org/howtocorrupt.html).
    """
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            raise DatabaseRefusedError(
                f"{path} is not an SQLite database", hint="change storage.path; the file is untouched"
            ) from error
        if code == sqlite3.SQLITE_CORRUPT and (wanted := _announced(path)) > (size := path.stat().st_size):
            told = f"{path} is truncated: {size:,} bytes of {wanted:,} are left"
            raise DatabaseRefusedError(told, hint=_RESTORE) from error
        raise


def _announced(path: Path) -> int:
    """How many bytes the header says that the file has."""
    with path.open("rb") as file:
        head = file.read(100)
    page = int.from_bytes(head[16:18], "big")
    return int.from_bytes(head[28:32], "big") * (65536 if page == 1 else page)


def _check_ours(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of a file of ours; anything else is refused, never mended or replaced."""
    _check_whole(connection, path)
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
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # takes effect in a new file only; before all else there
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    # What only the writer needs, and nobody after it. In SQLite, so that it is taken back with a savepoint or a
    # transaction.
    connection.execute("ATTACH ':memory:' AS memory")
    for statement in (*INDEXING, *HOLDING):
        connection.execute(statement)


def _upgrade(connection: sqlite3.Connection, path: Path, version: int) -> None:
    if version:
        _check_room(connection, path)
        _copy(connection, path.with_name(f"{path.name}.before-{SCHEMA_VERSION}"))
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
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StorageError(
                f"{path} is locked by another program", hint="close that program and try again"
            ) from error
        if code == sqlite3.SQLITE_FULL:
            raise StorageError(f"{path} cannot be written: the disk is full", hint="make room first") from error
        raise DatabaseRefusedError(f"{path} cannot be used: {error}", hint=_RESTORE) from error
