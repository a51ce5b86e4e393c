import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import UsageError
from envoywatch.clock import Clock
from envoywatch.control import ControlServer
from envoywatch.office import REQUESTS, change, perform
from storage.errors import DatabaseBusyError, DatabaseRefusedError, NotStoredError
from storage.lock import sole_writer
from storage.model import Alert, AlertKind
from storage.record import write_alerts
from storage.store import open_store

NOW = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)
ALERT = Alert("a", AlertKind.MATCH, "T", NOW, channels=("desk",))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.db"
    with open_store(path, "seed") as store:
        store.write_now(write_alerts, [ALERT], {}, {}, None)
    return path


def one(path, query):
    with open_store(path, "look") as store:
        return store.read_now(lambda connection: tuple(connection.execute(query).fetchone()))


def test_an_alert_is_reviewed_and_the_review_taken_back(path):
    change(path, {"do": "review", "alert": 1, "review": "right"})
    assert one(path, "SELECT review, reviewed_at IS NOT NULL FROM alerts") == ("right", 1)
    change(path, {"do": "review", "alert": 1, "review": None})
    assert one(path, "SELECT review, reviewed_at FROM alerts") == (None, None)


def test_a_delivery_is_dropped_and_sent_again(path):
    change(path, {"do": "drop", "delivery": 1})
    assert one(path, "SELECT state FROM deliveries") == ("dropped",)
    change(path, {"do": "retry", "delivery": 1})
    assert one(path, "SELECT state FROM deliveries") == ("due",)


def test_pruning_says_what_it_removed(path):
    before = "2023-01-01T00:00:00.000000Z"
    assert change(path, {"do": "prune", "before": before, "most": 9}) == 0
    assert change(path, {"do": "prune-polls"}) == 0


@pytest.mark.parametrize(
    "request_",
    [
        {"do": "review", "alert": 9, "review": "right"},
        {"do": "review", "alert": 1, "review": "splendid"},
        {"do": "retry", "delivery": 9},
        {"do": "drop", "delivery": 9},
    ],
)
def test_what_is_not_there_is_refused(path, request_):
    with pytest.raises(NotStoredError):
        change(path, request_)


@pytest.mark.parametrize("request_", [{"do": "dance"}, {"do": "retry", "delivery": "1"}, {"do": "prune"}])
def test_a_request_that_makes_no_sense_is_the_askers_mistake(path, request_):
    with pytest.raises(UsageError, match="cannot be carried out"):
        change(path, request_)


def test_a_database_held_by_something_that_does_not_listen_is_busy(path):
    with sole_writer(path, "a backup"), pytest.raises(DatabaseBusyError, match="a backup"):
        change(path, {"do": "drop", "delivery": 1})


async def test_while_a_daemon_runs_it_makes_the_change(path):
    with open_store(path, "envoywatch run") as store:

        async def answer(request):
            return await asyncio.to_thread(perform, store, request, Clock())

        server = ControlServer(path, dict.fromkeys(REQUESTS, answer))
        await server.start()
        await asyncio.to_thread(change, path, {"do": "drop", "delivery": 1})
        with pytest.raises(UsageError, match="there is no delivery 9"):
            await asyncio.to_thread(change, path, {"do": "drop", "delivery": 9})
        await server.stop()
    assert one(path, "SELECT state FROM deliveries") == ("dropped",)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to, root not either")
def test_a_folder_that_takes_no_file_is_not_called_missing():
    with (
        pytest.raises(DatabaseRefusedError, match="cannot be locked"),
        sole_writer(Path("/proc/x.db"), "a test"),
    ):
        pass


def test_a_missing_folder_is_told_as_such(tmp_path):
    with (
        pytest.raises(DatabaseRefusedError, match="folder of the database is missing"),
        sole_writer(tmp_path / "none" / "x.db", "a test"),
    ):
        pass
