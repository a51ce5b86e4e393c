"""Real daemons whose disk is full, whose database another program holds, or whose target hangs when they must stop."""

import contextlib
import io
import json
import resource
import sqlite3
import threading
from contextlib import closing

import pytest

from envoywatch.cli import main
from tests.daemon_world import World, configuration, log_of, rows, running, stop, wait_for
from tests.fault_servers import serving

pytestmark = pytest.mark.processes
FIRST = "The envoy Li Hui travels on, and that at some length. " * 5
SECOND = "Nobody in Warsaw has said yet why Li Hui came so late by ship. " * 5


@pytest.fixture
def world(tmp_path):
    made = World()
    (tmp_path / "envoywatch.yaml").write_text(configuration(made, ["wire"]), encoding="utf-8")
    yield made
    made.close()


def troubles(folder):
    """What `status` says that keeps the daemon from its work."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main.run(["--config", str(folder / "envoywatch.yaml"), "status", "--json"]) == 0
    return json.dumps(json.loads(out.getvalue()))


@contextlib.contextmanager
def full_disk(process, folder):
    """No file of that process can grow."""
    hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, hard))
    yield
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextlib.contextmanager
def held_by_another(process, folder):
    """Another program has begun to write and does not end."""
    with closing(sqlite3.connect(folder / "envoywatch.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("trouble", [full_disk, held_by_another])
def test_promise_10_a_daemon_that_cannot_write_stays_says_so_and_goes_on_by_itself(tmp_path, world, trouble):
    world.publish("wire", "Li Hui in Kyiv", FIRST)
    with running(tmp_path) as daemon:
        wait_for(lambda: rows(tmp_path, "SELECT 1 FROM deliveries WHERE state = 'sent'"), tmp_path)
        before = len(world.deliveries)
        with trouble(daemon, tmp_path):
            world.publish("wire", "Li Hui in Warsaw", SECOND)
            wait_for(lambda: "cannot be written" in troubles(tmp_path), tmp_path)
            assert daemon.poll() is None
            assert rows(tmp_path, "SELECT count(*) FROM articles") == [(1,)]
        wait_for(lambda: len(rows(tmp_path, "SELECT 1 FROM articles")) == 2, tmp_path)
        wait_for(lambda: not rows(tmp_path, "SELECT 1 FROM deliveries WHERE state <> 'sent'"), tmp_path)
        assert "cannot be written" not in troubles(tmp_path)
        assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]
        assert stop(daemon)[0] == 0
    keys = [one["key"] for one in world.deliveries]
    assert len(keys) == len(set(keys)) > before


def test_promise_14_a_target_that_hangs_does_not_keep_the_daemon_from_stopping(tmp_path, world):
    sending = threading.Event()

    def hangs(handler):
        sending.set()
        handler.server.closing.wait(60)

    with serving({"desk": hangs}) as servers:
        target = servers["desk"].url.removeprefix("http://")
        file = tmp_path / "envoywatch.yaml"
        file.write_text(file.read_text().replace(f"127.0.0.1:{world.server_port}/desk", target))
        world.publish("wire", "Li Hui in Kyiv", FIRST)
        with running(tmp_path) as daemon:
            wait_for(sending.is_set, tmp_path)
            assert stop(daemon)[0] == 0
    assert '"event": "stopped"' in log_of(tmp_path)
    assert rows(tmp_path, "SELECT state, sent_at IS NULL FROM deliveries LIMIT 1") == [("due", 1)]
