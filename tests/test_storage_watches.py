"""What watches said when."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from storage.database import open_writer
from storage.watches import sync_watches

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def db(tmp_path):
    db = open_writer(tmp_path / "envoywatch.db")
    with closing(db.conn):
        yield db


def revisions(db):
    return db.execute("SELECT watch, number, definition FROM watch_revisions ORDER BY id").fetchall()


def test_each_state_of_a_watch_is_noted_once(db):
    for day, query in enumerate(["a", "a", "b", "a"]):
        sync_watches(db, {"War": query, "Peace": "x"}, NOW + timedelta(days=day))
    assert revisions(db) == [("War", 1, "a"), ("Peace", 1, "x"), ("War", 2, "b"), ("War", 3, "a")]


def test_a_watch_that_was_gone_and_is_back_as_it_was_keeps_its_number(db):
    for definitions in ({"War": "a"}, {}, {"War": "a"}):
        sync_watches(db, definitions, NOW)
    assert revisions(db) == [("War", 1, "a")]
