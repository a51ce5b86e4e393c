"""`kill -9` at many instants of what rewrites or copies the database."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from storage.database import back_up, open_writer
from storage.keeping import prune_articles
from storage.migrations import SCHEMA_VERSION
from tests.released import ROWS, old_file, released_rows
from tests.seeding import NOW, Archive, claim_of

KILLS = 8
SENTENCE = "Arda Lin met Boris Vale."


def killed(work, folder, kills=KILLS):
    command = [sys.executable, "-m", "tests.killing", work, str(folder), str(kills)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > kills
    return [folder.with_name(f"{folder.name}-{number}") for number in range(kills)]


def is_sound(connection):
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")
    return True


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Some thirty articles of which every fifth is cited and many are copies of one another."""
    folder = tmp_path_factory.mktemp("filled") / "state"
    folder.mkdir()
    with closing(Archive(folder)) as archive:
        for number in range(30):
            words = " ".join(f"word{number % 9}x{n}" for n in range(80))
            archive.article(
                ("Ruritania Today", "Ministry")[number % 2],
                f"https://today.example/{number}",
                f"Title {number % 9}",
                f"{words}. {SENTENCE}",
                at=NOW - timedelta(days=30 - number),
                claims=[claim_of(f"{words}. {SENTENCE}", SENTENCE)] if number % 5 == 0 else [],
            )
    return folder


@pytest.fixture
def state(filled, tmp_path):
    return Path(shutil.copytree(filled, tmp_path / "state"))


def test_promise_11_a_killed_migration_leaves_the_old_database_or_the_new(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    old_file(folder / "archive.db", 1)
    versions = set()
    for after in killed("migrate", folder):
        path = after / "archive.db"
        with closing(sqlite3.connect(path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
            assert ("rereads" in names) == (version == SCHEMA_VERSION)
            versions.add(version)
        db = open_writer(path)
        with closing(db.conn):
            assert released_rows(db.conn) == ROWS
            assert is_sound(db.conn)
        with closing(sqlite3.connect(after / f"archive.db.before-{SCHEMA_VERSION}")) as copy:
            assert released_rows(copy) == ROWS
    assert 1 in versions


def test_promise_11_a_killed_beginning_can_be_begun_again(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    for after in killed("migrate", folder, 4):
        db = open_writer(after / "archive.db")
        with closing(db.conn):
            assert is_sound(db.conn)
            assert db["articles"].exists()


def test_promise_11_a_killed_pruning_leaves_whole_steps(state):
    db = open_writer(state.with_name("state") / "archive.db")
    entries, articles = db["entries"].count, db["articles"].count
    db.conn.close()
    left = set()
    for after in killed("prune", state):
        db = open_writer(after / "archive.db")
        with closing(db.conn):
            assert is_sound(db.conn)
            assert db["entries"].count == entries
            left.add(db["articles"].count)
            indexed = db.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'vale'").fetchone()[0]
            assert indexed == db["articles"].count
            while prune_articles(db, NOW + timedelta(days=1)):
                pass
            cited = {row[0] for row in db.execute("SELECT DISTINCT article_id FROM claims")}
            assert cited <= {row[0] for row in db.execute("SELECT id FROM articles")}
            end = db["articles"].count
    assert max(left) == articles > end
    assert len(left) > 2


def test_promise_11_a_killed_backup_leaves_no_half_copy(state):
    for after in killed("back_up", state):
        target = after / "copy.db"
        if not target.exists():
            back_up(after / "archive.db", target)
        for path in (after / "archive.db", target):
            db = open_writer(path)
            with closing(db.conn):
                assert is_sound(db.conn)
                assert db["articles"].count == 30
        assert not (after / "copy.db.part").exists()


def test_promise_11_a_killed_export_leaves_no_half_file(state):
    for after in killed("export", state, 6):
        out = after / "out.jsonl"
        if out.exists():
            assert len([json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]) == 30
        db = open_writer(after / "archive.db")
        with closing(db.conn):
            assert is_sound(db.conn)
