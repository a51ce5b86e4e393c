from contextlib import closing

import pytest

from storage.database import immediate, open_writer
from storage.duplicates import HASHES
from storage.shingles import ROUND, add_shingles, carriers_of, merge_shingles, remove_shingles

EDGES = (0, 1, HASHES // ROUND, HASHES // 2, HASHES - 1)
"""The sweep begins at 0, and goes one step with each article."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "envoywatch.db"


@pytest.fixture
def db(path):
    db = open_writer(path)
    with closing(db.conn):
        yield db


def on_disk(db):
    return [row[0] for row in db.execute("SELECT hash FROM shingles ORDER BY hash")]


def sweep_to(db, swept):
    db.execute("UPDATE shingle_sweep SET swept = ?", [swept])


def test_what_the_sweep_came_by_is_on_disk_and_all_is_found(db):
    with immediate(db):
        add_shingles(db, 7, EDGES)
    assert on_disk(db) == [0, 1]
    assert carriers_of(db, EDGES) == {one: [7] for one in EDGES}


def test_after_a_start_what_was_not_merged_is_loaded(path):
    for article_id in (7, 8):
        db = open_writer(path)
        with closing(db.conn):
            with immediate(db):
                add_shingles(db, article_id, EDGES)
            assert carriers_of(db, EDGES) == {one: list(range(7, article_id + 1)) for one in EDGES}


def test_a_round_of_the_sweep_leaves_everything_on_disk_and_nothing_twice(path):
    db = open_writer(path)
    with closing(db.conn):
        sweep_to(db, 3 * HASHES - HASHES // ROUND)  # the next step ends a round
        with immediate(db):
            add_shingles(db, 7, EDGES)
        assert on_disk(db) == [HASHES - 1]
        for article_id in (8, 9):  # half a round each
            db.execute(
                "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                " INSERT INTO fresh_shingles SELECT ? * 100000 + i, swept, x'' FROM n, shingle_sweep",
                [ROUND // 2, article_id],
            )
            merge_shingles(db)
        assert on_disk(db) == sorted(EDGES)
        assert db.execute("SELECT count(*) FROM memory.shingles_to_merge").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM fresh_shingles WHERE article_id = 7").fetchone() == (0,)
        assert carriers_of(db, EDGES) == {one: [7] for one in EDGES}


def test_what_is_taken_back_is_found_no_more(db):
    with immediate(db):
        add_shingles(db, 7, EDGES)
    db.conn.execute("BEGIN")
    add_shingles(db, 8, EDGES)
    remove_shingles(db, 7, EDGES)
    db.conn.execute("ROLLBACK")
    assert carriers_of(db, EDGES) == {one: [7] for one in EDGES}
    remove_shingles(db, 7, EDGES)
    assert carriers_of(db, EDGES) == {}


def test_what_is_added_to_an_article_later_is_found_after_a_start_too(path):
    db = open_writer(path)
    with closing(db.conn):
        for some in (EDGES[:2], EDGES[2:]):
            with immediate(db):
                add_shingles(db, 7, some)
    db = open_writer(path)
    with closing(db.conn):
        assert carriers_of(db, EDGES) == {one: [7] for one in EDGES}
