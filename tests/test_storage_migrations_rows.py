import sqlite3
from contextlib import closing

import pytest

from storage.database import open_writer
from storage.migrations import SCHEMA_VERSION
from tests.released import ROWS, old_file, released_rows


def test_the_rows_are_of_every_table_and_column_of_the_released_schema(tmp_path):
    path = tmp_path / "envoywatch.db"
    old_file(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'")
        tables = {row[0] for row in names}
        assert tables == set(ROWS)
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            assert columns == list(ROWS[table][0])


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION // 2, SCHEMA_VERSION - 1])
def test_promise_11_an_upgrade_keeps_every_row_of_every_table(tmp_path, version):
    path = tmp_path / "envoywatch.db"
    old_file(path, version)
    db = open_writer(path)
    with closing(db.conn):
        assert released_rows(db.conn) == ROWS
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        found = db.execute(
            "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'president OR cjk : 会谈'"
        ).fetchall()
        assert sorted(found) == [(1,), (2,)]
        fresh = open_writer(tmp_path / "fresh.db")
        with closing(fresh.conn):
            assert schema(db) == schema(fresh)
    with closing(sqlite3.connect(path.with_name(f"{path.name}.before-{SCHEMA_VERSION}"))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (version,)
        assert released_rows(copy) == ROWS


def schema(db):
    return set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall())
