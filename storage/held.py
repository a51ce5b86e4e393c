"""What the writer holds in memory of its database: loaded at its first use, and again after a rollback.

Each change of it is numbered, also in a table in memory, whose rows SQLite takes back with a savepoint or transaction:
where the numbers differ, what is held tells of what never was.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

T = TypeVar("T")

MEMORY: Final = ("CREATE TABLE memory.changes (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID",)


class Held(Generic[T]):
    """One kind of thing, for each connection that writes; `load` makes it of what the database says."""

    def __init__(self, name: str, load: Callable[[Database], T]) -> None:
        self._name = name
        self._load = load
        self._numbers = count(1)
        self._held: WeakKeyDictionary[Database, tuple[int, T]] = WeakKeyDictionary()

    def of(self, db: Database) -> T:
        """What is held, to be read."""
        held = self._held.get(db)
        row = db.conn.execute("SELECT number FROM memory.changes WHERE name = ?", (self._name,)).fetchone()
        if held is not None and row is not None and row[0] == held[0]:
            return held[1]
        loaded = self._load(db)
        self._note(db, loaded)
        return loaded

    def change(self, db: Database) -> T:
        """What is held, to be changed in the present transaction."""
        before = self._held.get(db)
        if before is not None:
            number = next(self._numbers)
            self._held[db] = (number, before[1])  # here first: when the database cannot, the numbers differ
            noted = db.conn.execute(
                "UPDATE memory.changes SET number = ? WHERE name = ? AND number = ?", (number, self._name, before[0])
            )
            if noted.rowcount == 1:
                return before[1]
        loaded = self._load(db)
        self._note(db, loaded)
        return loaded

    def forget(self, db: Database) -> None:
        """Load it anew at its next use."""
        self._held.pop(db, None)

    def _note(self, db: Database, held: T) -> None:
        number = next(self._numbers)
        self._held[db] = (number, held)
        db.conn.execute("INSERT OR REPLACE INTO memory.changes (name, number) VALUES (?, ?)", (self._name, number))
