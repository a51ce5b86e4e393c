"""The daemon's own keeping of the archive, and that others may look at it meanwhile."""

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlite_utils.cli import cli as sqlite_utils

from config.model import Config
from envoywatch.office import changing
from envoywatch.retention import NOTE, Retention
from storage.store import open_store
from tests.daemon_world import log_of, running, start, wait_for
from tests.seeding import CONFIG, NOW, Archive


class Clock:
    def now(self):
        return NOW


def keep(archive, *, stop_after=None, **storage):
    """One round of a daemon with these settings, stopped after so many questions; what it noted."""
    asked = []

    def stopping():
        asked.append(1)
        return stop_after is not None and len(asked) > stop_after

    with open_store(archive.path, "a test") as store:
        config = Config.model_validate({"storage": storage})
        desk = SimpleNamespace(store=store, clock=Clock(), config=config)
        asyncio.run(Retention(desk, stopping).keep())
    with closing(sqlite3.connect(archive.path)) as connection:
        note = connection.execute("SELECT value FROM notes WHERE name = ?", [NOTE]).fetchone()
        ids = [row[0] for row in connection.execute("SELECT id FROM articles ORDER BY id")]
    return ids, note and json.loads(note[0])


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    archive = Archive(tmp_path_factory.mktemp("filled"))
    with closing(archive):
        for number in range(60):
            words = " ".join(f"word{number}x{n}" for n in range(100))
            at = NOW - timedelta(days=60 - number)
            archive.article("Ministry", f"https://ministry.example/{number}", f"Title {number}", words, at=at)
    return archive.path


@pytest.fixture
def archive(filled, tmp_path):
    return SimpleNamespace(path=Path(shutil.copy(filled, tmp_path)))


def segments(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(DISTINCT segid) FROM articles_fts_idx").fetchone()[0]


def merge(archive, idle):
    """What the daemon does now and then, while `idle` gives true."""
    with open_store(archive.path, "a test") as store:
        asyncio.run(Retention(SimpleNamespace(store=store), lambda: False).merge(lambda: next(idle)))


def test_the_index_is_merged_while_no_article_waits(archive):
    assert segments(archive.path) > 30  # one for each transaction
    merge(archive, iter([False]))
    assert segments(archive.path) > 30
    merge(archive, repeat(True))
    assert segments(archive.path) < 16
    with closing(sqlite3.connect(archive.path)) as connection:
        connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")
        found = connection.execute("SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'word7x5'").fetchall()
    assert found == [(8,)]


def test_everything_is_kept_unless_something_else_is_said(archive):
    assert keep(archive) == (list(range(1, 61)), None)


def test_what_is_too_old_goes_by_itself(archive):
    ids, note = keep(archive, keep="30d")
    assert ids == list(range(31, 61))
    assert note == {"deleted": 30, "over": 0}
    assert keep(archive, keep="30d")[1] == {"deleted": 0, "over": 0}
    assert keep(archive)[1] is None


def test_promise_39_what_is_too_much_goes_but_for_the_last_week_and_that_is_told(archive):
    with closing(sqlite3.connect(archive.path)) as connection:
        connection.execute("CREATE TABLE ballast AS SELECT zeroblob(3000000) AS x")
        connection.commit()
    while (found := keep(archive, max_size="1MB"))[1]["deleted"]:
        assert found[1]["over"] > 1_000_000
    assert found[0] == list(range(54, 61))


def test_a_daemon_that_is_to_stop_does_not_finish_it_first(archive):
    ids, note = keep(archive, keep="10d", stop_after=1)
    assert note["deleted"] == 25
    assert len(ids) == 35


def run_to_its_end(folder, large):
    """A start after the kill: its exit code; with `large` as if the database were too large to be checked first."""
    if not large:
        return start(folder).wait(timeout=60)
    code = (
        "import sys, envoywatch.daemon; envoywatch.daemon.CHECKED_FIRST = 0;"
        "from envoywatch.cli.main import main; main()"
    )
    with (folder / "daemon.log").open("ab") as log:
        command = [sys.executable, "-c", code, "--config", str(folder / "envoywatch.yaml"), "run"]
        return subprocess.run(command, stdout=log, stderr=log, timeout=60, check=False).returncode


def damage(path):
    """Spoil a page of the table of notes, which nothing needs at a start."""
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'runs'").fetchone()[0]
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'digests'").fetchone()[0] or page
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\x0d" + b"\xfe" * 4095
    path.write_bytes(content)


@pytest.mark.processes
def test_promise_11_others_look_at_it_live_and_after_a_kill_damage_is_found_and_refused(tmp_path):
    quiet = CONFIG[: CONFIG.index("sources:")] + "web: {listen: off}\n"
    (tmp_path / "envoywatch.yaml").write_text(quiet, encoding="utf-8")
    database = tmp_path / "archive.db"
    with running(tmp_path) as daemon:
        wait_for(lambda: "watching" in log_of(tmp_path), tmp_path)
        for arguments, told in (
            (["tables", "--counts"], '"table": "runs", "count": 1'),
            (["views"], "who_met_whom"),
            (["query", "SELECT ended_at IS NULL AS runs FROM runs"], '"runs": 1'),
            (["search", "articles", "president"], "[]"),
        ):
            done = CliRunner().invoke(sqlite_utils, [arguments[0], str(database), *arguments[1:]])
            assert (done.exit_code, done.stderr) == (0, "")
            assert told in done.stdout
        with changing(database, "prune") as ask:  # through the daemon, which holds it
            before = {"do": "prune", "before": "2023-01-01T00:00:00Z", "most": 9}
            asked = [{"do": "prune-polls"}, before, {"do": "tidy", "begin": True}]
            assert [ask(request) for request in asked] == [0, 0, False]
            ask({"do": "give-back"})  # what the migrations of an empty file left free
            assert ask({"do": "give-back"}) == 0
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    damage(database)
    for large in (True, False):  # first found meanwhile, then known
        assert run_to_its_end(tmp_path, large=large) == 2
        assert f"{database} is damaged" in log_of(tmp_path).splitlines()[-2]
        assert "restore a backup" in log_of(tmp_path).splitlines()[-1]
    with closing(sqlite3.connect(database)) as connection:
        ended = connection.execute("SELECT ended_at, note LIKE 'damaged: %' FROM runs ORDER BY id").fetchall()
    assert ended == [(None, 0), (None, 1), (None, 1)]
