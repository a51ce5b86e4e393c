import asyncio
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from config.model import Config
from crawler.workers import WorkerTimeout
from envoywatch import reading
from envoywatch.backlog import BacklogStage
from storage.store import open_store
from tests.test_storage_backlog import BRIDGE, LONG, grouped, released

POISON = "This text keeps a worker busy for ever."


class Workers:
    """Works in this process, but has no time for one text."""

    async def run(self, work, earlier):
        if any(one.text == POISON for one in earlier):
            raise WorkerTimeout("too long")
        return work(earlier)


@pytest.fixture
def _as_worker(monkeypatch):
    monkeypatch.setattr(reading, "_readers", None)
    reading.start_worker(Config())


@pytest.mark.usefixtures("_as_worker")
def test_the_daemon_works_an_older_archive_off_though_a_text_cannot_be_read(tmp_path):
    texts = [*BRIDGE, ("Poison", POISON), ("Talks", LONG), ("Talks go on", f"LONDON (Reuters) - {LONG}")]
    path = released(tmp_path / "archive.db", texts)

    async def work():
        with open_store(path, "a test") as store:
            stage = BacklogStage(SimpleNamespace(store=store, workers=Workers()))
            for _ in range(5):
                await stage.work()
            assert stage.is_done

    asyncio.run(work())
    assert sorted(title for title, _ in BRIDGE) in grouped(path)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT title, originator FROM articles WHERE id > 4 ORDER BY id").fetchall()
    assert rows == [("Poison", "Wire"), ("Talks", "Reuters"), ("Talks go on", "Reuters")]


def test_only_a_worker_reads(monkeypatch):
    monkeypatch.setattr(reading, "_readers", None)
    with pytest.raises(RuntimeError, match="start_worker"):
        reading.read_earlier(())
