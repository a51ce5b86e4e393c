import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from storage.database import APPLICATION_ID, back_up, damaged, immediate, integrity_findings, open_reader, open_writer
from storage.errors import DatabaseRefusedError, StorageError
from storage.migrations import SCHEMA_VERSION


def test_promise_38_a_new_database_is_ours_private_and_in_wal_mode(tmp_path):
    path = tmp_path / "new.db"
    db = open_writer(path)
    assert db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    db.conn.close()


def test_promise_38_an_empty_file_that_others_could_read_becomes_private(tmp_path):
    path = tmp_path / "empty.db"
    path.touch(mode=0o644)
    open_writer(path).conn.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opening_twice_changes_nothing(tmp_path):
    path = tmp_path / "twice.db"
    open_writer(path).conn.close()
    db = open_writer(path)
    assert {"sources", "articles", "alerts", "deliveries"} <= set(db.table_names())
    assert not list(tmp_path.glob("*.before-*"))
    db.conn.close()


def test_every_table_of_the_contract_is_strict(database):
    contract = "sources polls articles matches claims meetings status_changes decisions alerts deliveries digests runs"
    for table in contract.split():
        assert database[table].strict, table


def make_text_file(path):
    path.write_text("certainly not a database, but long enough to have a header of its own\n" * 20)


def make_foreign(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
        other.commit()


def make_newer(path):
    open_writer(path).conn.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def make_damaged(path):
    open_writer(path).conn.close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * (4096 - 100)
    path.write_bytes(content)


def make_truncated(path):
    open_writer(path).conn.close()
    path.write_bytes(path.read_bytes()[: 5 * 4096 + 100])


def make_folder(path):
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_text_file, "not an SQLite database|not a database"),
        (make_foreign, "not one of Envoywatch's"),
        (make_newer, "newer Envoywatch"),
        (make_damaged, "cannot be used"),
        (make_truncated, "is truncated: 20,580 bytes of"),
        (make_folder, "is a folder"),
    ],
)
def test_promise_11_a_file_that_is_not_ours_is_refused_and_left_alone(tmp_path, make, said):
    path = tmp_path / "other.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseRefusedError, match=said) as refused:
        open_writer(path)
    assert refused.value.hint
    assert refused.value.exit_code == 2
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(DatabaseRefusedError, match="does not exist"):
        open_writer(tmp_path / "nowhere" / "x.db")


def test_a_reader_finds_no_database_where_there_is_none(tmp_path):
    with pytest.raises(DatabaseRefusedError, match="no database at"):
        open_reader(tmp_path / "x.db")


def test_promise_41_a_reader_cannot_write(tmp_path):
    path = tmp_path / "r.db"
    open_writer(path).conn.close()
    with closing(open_reader(path)) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM sources")


def test_a_reader_refuses_an_older_schema(tmp_path):
    path = tmp_path / "old.db"
    open_writer(path).conn.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 0")
    with pytest.raises(DatabaseRefusedError, match="older schema"):
        open_reader(path)


def test_immediate_rolls_back_what_failed(database):
    def fail():
        with immediate(database):
            database.execute("INSERT INTO notes (name, value, at) VALUES ('a', '1', 'x')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database["notes"].count == 0


def test_a_commit_that_fails_is_rolled_back_and_the_next_goes_through(database):
    def match_nothing():
        with immediate(database):
            database.execute("PRAGMA defer_foreign_keys = ON")
            database.execute("INSERT INTO matches (article_id, watch, spans, at) VALUES (9, 'w', '[]', 't')")

    with pytest.raises(sqlite3.IntegrityError):
        match_nothing()
    with immediate(database):
        database.execute("INSERT INTO notes (name, value, at) VALUES ('n', 'v', 't')")
    assert (database["matches"].count, database["notes"].count) == (0, 1)


def test_a_backup_is_whole_and_never_overwrites(tmp_path, database):
    database.execute("INSERT INTO notes (name, value, at) VALUES ('a', '1', 'x')")
    target = tmp_path / "copy.db"
    assert back_up(tmp_path / "envoywatch.db", target) > 0
    with closing(open_reader(target)) as copy:
        assert copy.execute("SELECT value FROM notes").fetchone()[0] == "1"
        assert integrity_findings(copy) == []
    with pytest.raises(DatabaseRefusedError, match="exists already"):
        back_up(tmp_path / "envoywatch.db", target)
    assert not list(tmp_path.glob("*.part"))


def test_a_database_locked_by_another_program_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.database._BUSY_MS", 10)
    path = tmp_path / "locked.db"
    open_writer(path).conn.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="locked by another program"):
            open_writer(path)


@pytest.mark.parametrize("content", [None, b""])
def test_promise_11_a_log_without_its_database_is_not_thrown_away(tmp_path, content):
    path, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    log.write_bytes(b"the latest changes")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatabaseRefusedError, match="the log of its latest changes"):
        open_writer(path)
    assert log.read_bytes() == b"the latest changes"


def test_a_file_whose_maker_was_killed_at_once_is_taken_for_new(tmp_path):
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    db = open_writer(path)
    assert db["articles"].exists()
    db.conn.close()


def test_a_backup_is_of_the_moment_at_which_it_was_begun_whatever_is_written_meanwhile(tmp_path, database):
    database.execute("CREATE TABLE ballast AS SELECT zeroblob(9000000) AS x")
    told = []

    def write(done, total):
        told.append((done, total))
        with immediate(database):
            name = f"n{len(told)}"
            database.execute("INSERT INTO notes (name, value, at) VALUES (?, '1', 'x')", [name])

    target = tmp_path / "copy.db"
    back_up(tmp_path / "envoywatch.db", target, write)
    with closing(open_reader(target)) as copy:
        assert copy.execute("SELECT count(*) FROM notes").fetchone()[0] == 0
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == told[-1][1]
    assert database["notes"].count == len(told) > 2


def test_no_copy_is_begun_that_the_disk_cannot_hold(tmp_path, database, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match=r"the disk of .* has 0 MB left"):
        back_up(tmp_path / "envoywatch.db", tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_what_the_check_finds_is_told(tmp_path):
    path = tmp_path / "x.db"
    db = open_writer(path)
    for number in range(2000):
        db.execute("INSERT INTO notes (name, value, at) VALUES (?, ?, 'x')", [f"n{number}", "y" * 50])
    pages = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'notes'").fetchone()[0]
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.conn.close()
    content = bytearray(path.read_bytes())
    content[(pages - 1) * 4096 : pages * 4096] = b"\x05" + b"\xfe" * 4095
    path.write_bytes(content)
    with closing(open_reader(path)) as connection:
        findings = integrity_findings(connection)
    assert findings
    refusal = damaged(path, findings)
    assert str(path) in str(refusal)
    assert findings[0] in str(refusal)
    assert "backup" in refusal.hint


def test_promise_41_another_program_that_closes_the_database_leaves_the_log_where_it_is(tmp_path):
    """It would delete it, had it become the last by our giving our locks back; what we then write nobody would see."""
    path = tmp_path / "envoywatch.db"
    db = open_writer(path)
    with closing(db.conn):
        db.execute("INSERT INTO notes (name, value, at) VALUES ('a', '1', '')")
        with closing(open_reader(path)):
            pass
        another = (
            "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM notes'); db.close()"
        )
        log = path.with_name("envoywatch.db-wal")
        before = log.stat().st_ino
        subprocess.run([sys.executable, "-c", another, str(path)], check=True)
        assert log.stat().st_ino == before
        db.execute("INSERT INTO notes (name, value, at) VALUES ('b', '1', '')")
        with closing(open_reader(path)) as reader:
            assert reader.execute("SELECT count(*) FROM notes").fetchone()[0] == 2
