"""Expected troubles of the database, each with what to do about it."""

from __future__ import annotations

from config.errors import EnvoywatchError, UsageError


class StorageError(EnvoywatchError):
    """The database cannot do what was asked now (full disk, long lock)."""


class DatabaseRefusedError(UsageError):
    """The file is not a database that this program may use: foreign, newer, damaged or out of reach."""


class DatabaseBusyError(UsageError):
    """Another process works on the database; it is named in the message."""


class NotStoredError(UsageError):
    """What was asked for by id, key or URL is not in the database."""
