"""Going back to a backup as docs/archive.md says, with the commands and the daemon as processes of their own."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.daemon_world import World, configuration, log_of, rows, running, stop, wait_for

pytestmark = pytest.mark.processes

WATCH = """\
  - {name: Envoy, query: '"Li Hui"', send: now, channels: [desk]}
"""
SAID = (
    ("Li Hui speaks of harvests", "Farmers of the southern plains sold more wheat abroad, the envoy Li Hui told them."),
    (
        "Bridges, says Li Hui",
        "Two crossings over the great river will be mended before winter, wrote Li Hui in a letter.",
    ),
    ("A museum thanks Li Hui", "The museum of porcelain opened its new wing, for which Li Hui had found three vases."),
    ("Chess and Li Hui", "Schools teach chess from autumn on, a thing that Li Hui had wished for since his youth."),
)


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def command(folder, *arguments):
    program = [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml")]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(world):
    """The keys under which each article's alert arrived."""
    arrived = [(json.dumps(delivery), delivery["key"]) for delivery in world.deliveries]
    return [[key for text, key in arrived if title in text] for title, _ in SAID]


def test_promise_06_a_backup_put_in_place_goes_on_and_what_is_told_again_has_its_old_key(tmp_path, world):
    (tmp_path / "envoywatch.yaml").write_text(configuration(world, ["wire"], watches=WATCH), encoding="utf-8")
    copy, database = tmp_path / "saved.db", tmp_path / "envoywatch.db"
    with running(tmp_path) as daemon:
        wait_for(lambda: "watching" in log_of(tmp_path), tmp_path)
        for number in (0, 1):
            world.publish("wire", *SAID[number])
        wait_for(lambda: len(rows(tmp_path, "SELECT 1 FROM deliveries WHERE state = 'sent'")) == 2, tmp_path)
        command(tmp_path, "backup", str(copy))
        world.publish("wire", *SAID[2])
        wait_for(lambda: len(rows(tmp_path, "SELECT 1 FROM deliveries WHERE state = 'sent'")) == 3, tmp_path)
        assert stop(daemon)[0] == 0
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    away = tmp_path / "away"
    away.mkdir()
    for name in ("envoywatch.db", "envoywatch.db-wal", "envoywatch.db-shm"):
        if (tmp_path / name).exists():
            (tmp_path / name).rename(away / name)
    shutil.copy(copy, database)
    assert json.loads(command(tmp_path, "status", "--json"))["standing"]["totals"]["articles"] == 2
    world.publish("wire", *SAID[3])
    with running(tmp_path) as daemon:
        wait_for(lambda: len(rows(tmp_path, "SELECT 1 FROM deliveries WHERE state = 'sent'")) == 4, tmp_path)
        assert stop(daemon)[0] == 0
    first, second, third, fourth = told(world)
    assert [len(first), len(second), len(third), len(fourth)] == [1, 1, 2, 1]
    assert len(set(third)) == 1
    assert rows(tmp_path, "SELECT count(*), count(DISTINCT url) FROM articles") == [(4, 4)]
