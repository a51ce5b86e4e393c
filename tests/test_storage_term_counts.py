import shutil
import sqlite3
from contextlib import closing
from itertools import compress

import pytest
from sqlite_utils import Database

from storage.database import APPLICATION_ID, immediate, open_writer
from storage.migrations import MIGRATIONS
from storage.model import Traits
from storage.rarities import rarities_of
from storage.term_counts import KEPT_EVERY, PLACES, count_terms, counts_of, fill_counts
from storage.traits import rarity, weight_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "envoywatch.db"


@pytest.fixture
def db(path):
    db = open_writer(path)
    with closing(db.conn):
        yield db


def counted(db):
    """The terms that were counted, and how many articles."""
    counts = counts_of(db)
    return {place: counts.places[place] for place in compress(range(PLACES), counts.places)}, counts.articles


def rows(db):
    return db["fresh_terms"].count, db["term_counts"].count


def test_what_was_counted_is_there_after_a_start_kept_or_not(path):
    for start in range(3):
        db = open_writer(path)
        with closing(db.conn):
            for times in (1, KEPT_EVERY, 1):
                with immediate(db):
                    count_terms(db, [[3, 5 + PLACES]] * times)
            assert rows(db) == (1, 1)
            articles = (start + 1) * (KEPT_EVERY + 2)
            assert counted(db) == ({3: articles, 5: articles}, articles)


def test_what_is_taken_back_is_not_counted(db):
    with immediate(db):
        count_terms(db, [[1]])
    for end in ("ROLLBACK", "ROLLBACK TO job"):
        db.conn.execute("BEGIN")
        db.conn.execute("SAVEPOINT job")
        count_terms(db, [[1, 2]] * KEPT_EVERY)
        db.conn.execute(end)
        if db.conn.in_transaction:
            db.conn.execute("COMMIT")
        assert counted(db) == ({1: 1}, 1)


def test_promise_02_killed_before_any_statement_the_counts_are_those_of_the_last_commit(path, tmp_path):
    killed = []

    def snapshot(_):
        folder = tmp_path / str(len(killed))
        folder.mkdir()
        for file in (path, path.with_name(path.name + "-wal")):
            shutil.copy(file, folder)
        killed.append((folder / path.name, articles))

    articles = 0
    db = open_writer(path)
    with closing(db.conn):
        db.conn.set_trace_callback(snapshot)
        for times in (1, KEPT_EVERY, 2):
            with immediate(db):
                count_terms(db, [[7]] * times)
            articles += times
        db.conn.set_trace_callback(None)
    assert len({known for _, known in killed}) == 3
    for copy, known in killed[::2]:
        with closing((db := open_writer(copy)).conn):
            assert counted(db) == ({7: known} if known else {}, known)


def test_counts_are_halved_before_they_overflow_and_what_was_seen_once_is_new_again(db, monkeypatch):
    monkeypatch.setattr("storage.term_counts.HALVED", 2 * KEPT_EVERY)
    with immediate(db):
        count_terms(db, [[1, 2], *([[1]] * (KEPT_EVERY - 1))])
    assert counted(db) == ({1: KEPT_EVERY, 2: 1}, KEPT_EVERY)
    with immediate(db):
        count_terms(db, [[1]] * KEPT_EVERY)
    assert counted(db) == ({1: KEPT_EVERY}, KEPT_EVERY)


def test_a_term_in_more_articles_than_a_place_can_count_is_as_common_as_it_can_be(db):
    with immediate(db):
        fill_counts(db, {1: 100_000, 2: 50_000}, 100_000)
        count_terms(db, [[1, 2]])
    assert counted(db) == ({1: 65_535, 2: 50_001}, 100_001)


def test_a_term_is_the_rarer_the_fewer_articles_have_it_and_common_words_are_known_from_the_first(db):
    traits = Traits(terms=(1, 2, 3, 4), places=(0.5, 0.5, 0.5, 2.0), common={2: 0.5})
    before = rarities_of(db, traits).of((1, 2, 3))
    assert before[0] == before[1] > before[2]
    with immediate(db):
        count_terms(db, [[1, 2]] + [[1]] * 50)
    after = rarities_of(db, traits)
    rare = after.of((4, 2, 1, 3))
    assert list(rare) == sorted(rare, reverse=True)
    assert list(after.weigh(traits)) == pytest.approx(list(weight_of(after.of(traits.terms)) * traits.places))


def test_what_every_article_has_weighs_nothing_and_what_many_have_what_their_number_says(db):
    with immediate(db):
        fill_counts(db, {1: 60_000, 2: 1_000, 3: 3, 5: 5_000}, 60_000)
    rarities = rarities_of(db, Traits(terms=(4,), common={0: 1.0}))
    assert list(rarities.of((1, 4))) == [0, pytest.approx(rarity(1.0, 0, 60_000))]
    weights = rarities.weigh(Traits(terms=(1, 2, 3, 5), places=(1.0, 1.0, 1.0, 1.0)))
    assert list(weights) == list(weight_of(rarities.of((1, 2, 3, 5))))


def test_counts_of_a_row_each_that_an_older_version_kept_go_on(tmp_path):
    path = tmp_path / "envoywatch.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0025_counts")
        connection.execute("INSERT INTO term_counts (term, articles) VALUES (-1, 30), (7, 20), (4194311, 3), (9, 1)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 24")
    with closing((db := open_writer(path)).conn):
        assert counted(db) == ({7: 23, 9: 1}, 30)
