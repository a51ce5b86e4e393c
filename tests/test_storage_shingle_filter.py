import random
from contextlib import closing

import pytest

from storage.database import immediate, open_writer
from storage.duplicates import HASHES
from storage.shingle_filter import LEAST, MOST, RANGES, fill_filter, filter_of
from storage.shingles import ROUND, add_shingles, carriers_of, remove_shingles

WIDTH = HASHES // RANGES


def drawn(count, seed=0, of=WIDTH):
    """Hashes of the first range, the last bits zero as in those of long texts."""
    chance = random.Random(seed)  # noqa: S311 (repeatable)
    return sorted({chance.randrange(of) & ~7 for _ in range(count)})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "envoywatch.db"


@pytest.fixture
def db(path):
    db = open_writer(path)
    with closing(db.conn):
        yield db


def sweep_to(db, swept):
    db.execute("UPDATE shingle_sweep SET swept = ?", [swept])


def kept(db):
    return dict(db.execute("SELECT range, bits FROM shingle_filter").fetchall())


def sweep_first_range(db, article_id, hashes, turn=1):
    """The one step that comes with a few articles merges the range."""
    sweep_to(db, turn * HASHES)
    with immediate(db):
        add_shingles(db, article_id, hashes)
        for other in range(1, ROUND // RANGES):
            add_shingles(db, 1_000 * other + article_id, [turn * WIDTH])


def test_one_absent_shingle_in_fifty_is_looked_up_in_a_range_as_full_as_of_a_million_articles(db):
    stored = drawn(1_250)
    sweep_first_range(db, 1, stored)
    assert set(filter_of(db).possible(stored)) == set(stored)
    absent = set(drawn(20_000, seed=1)) - set(stored)
    assert len(filter_of(db).possible(absent)) < len(absent) / 50
    assert not filter_of(db).possible([one + WIDTH for one in stored])


def test_a_range_has_more_bits_the_more_it_holds_but_never_too_many(db):
    sizes = []
    for article_id, count in enumerate((10, 100, 400, 3_000), start=1):
        sweep_first_range(db, article_id, drawn(count, seed=count))
        sizes.append(len(kept(db)[0]))
    assert sizes == [LEAST, 3 * LEAST, 10 * LEAST, MOST]


def test_what_is_kept_tells_of_all_that_is_on_disk_after_a_start(path):
    stored = drawn(500)
    db = open_writer(path)
    with closing(db.conn):
        sweep_first_range(db, 1, stored)
        assert db["shingles"].count == len(stored)
    db = open_writer(path)
    with closing(db.conn):
        assert carriers_of(db, stored) == {one: [1] for one in stored}


def test_what_was_removed_is_forgotten_within_sixteen_rounds(db):
    gone = drawn(3_000)
    sweep_first_range(db, 1, gone)
    remove_shingles(db, 1, gone)
    assert set(filter_of(db).possible(gone)) == set(gone)
    for turn in range(2, 18):
        sweep_first_range(db, turn, [turn * 8], turn)
    assert len(filter_of(db).possible(gone)) < len(gone) / 8
    assert carriers_of(db, [turn * 8 for turn in range(2, 18)]) == {turn * 8: [turn] for turn in range(2, 18)}


def test_what_a_rollback_leaves_is_found_and_merged_later(path):
    db = open_writer(path)
    with closing(db.conn):
        filter_of(db)
        db.conn.execute("BEGIN")
        sweep_to(db, 16 * HASHES)
        add_shingles(db, 1, drawn(700))
        db.conn.execute("ROLLBACK")
        sweep_first_range(db, 2, drawn(5, seed=2))
    db = open_writer(path)
    with closing(db.conn):
        assert carriers_of(db, drawn(5, seed=2)) == {one: [2] for one in drawn(5, seed=2)}
        assert carriers_of(db, drawn(700)) == {}


def test_made_from_the_table_it_is_as_if_kept_all_along(db):
    stored = [one + place * WIDTH for place in (0, 1, RANGES - 1) for one in drawn(300, seed=place)]
    db.conn.executemany("INSERT INTO shingles (hash, article_id) VALUES (?, 1)", [(one,) for one in stored])
    fill_filter(db)
    assert {number: len(bits) for number, bits in kept(db).items()} == dict.fromkeys((0, 1, RANGES - 1), 384)
    assert carriers_of(db, stored) == {one: [1] for one in stored}
