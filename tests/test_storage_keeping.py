import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from storage.database import open_writer
from storage.keeping import (
    YOUNGEST,
    Bounds,
    Space,
    bounds,
    give_back,
    is_many,
    prune_articles,
    prune_polls,
    space,
    tidy_index,
)
from storage.model import to_text
from tests.seeding import NOW, Archive, claim_of, seed

LATER = NOW + timedelta(hours=1)
TEXT = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def archive(tmp_path):
    archive = Archive(tmp_path)
    yield archive
    archive.close()


def stored(db):
    return [row[0] for row in db.execute("SELECT id FROM articles ORDER BY id")]


def prune_all(db, before, most=25):
    while prune_articles(db, before, most):
        pass


def test_promise_13_pruning_keeps_identities_and_whatever_was_told(tmp_path):
    db = open_writer(seed(tmp_path).path)
    told = ("entries", "alerts", "deliveries", "decisions", "meetings", "claims", "status_changes", "digests")
    with closing(db.conn):
        linked = "SELECT count(*) FROM decisions WHERE article_id NOT IN (1, 2)"
        loose = db.execute(linked).fetchone()[0]
        before = {table: db[table].count for table in told}
        assert prune_articles(db, LATER) == 2
        assert prune_articles(db, LATER) == 0
        after = {table: db[table].count for table in told}
        assert {**before, "decisions": before["decisions"] - loose} == after
        keys = db.execute("SELECT key, state, article_id FROM entries ORDER BY id").fetchall()
        assert [row[2] for row in keys].count(None) == 2
        assert {row[1] for row in keys} == {"read"}
        assert db.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'rained'").fetchone() == (0,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert prune_polls(db, LATER + timedelta(days=1)) == 5


def test_promise_13_what_was_deleted_does_not_come_back(archive):
    url = "https://today.example/gone"
    archive.article("Ruritania Today", url, "Title", "plain words", at=NOW - timedelta(days=30))
    prune_all(archive.db, NOW)
    assert stored(archive.db) == []
    with pytest.raises(IndexError):  # the entry is known: nothing waits to be read
        archive.article("Ruritania Today", url, "Title", "plain words", at=NOW)


def test_the_first_of_a_group_stays_as_long_as_a_copy_of_it(archive):
    old, new = NOW - timedelta(days=30), NOW
    first = archive.article("Ruritania Today", "https://today.example/1", "One", TEXT, at=old)
    copy = archive.article("Ministry", "https://ministry.example/1", "One", TEXT + " more", at=new)
    assert archive.db.execute("SELECT copy_of FROM articles WHERE id = ?", [copy]).fetchone() == (first,)
    prune_all(archive.db, NOW - timedelta(days=1))
    assert stored(archive.db) == [first, copy]
    prune_all(archive.db, LATER, most=1)
    assert stored(archive.db) == []
    assert archive.db["shingles"].count == 0


def test_the_first_of_a_group_stays_when_a_copy_of_it_is_cited(archive):
    sentence = "Arda Lin met President Boris Vale in Zenda on Wednesday."
    archive.article("Ruritania Today", "https://today.example/1", "One", TEXT, at=NOW - timedelta(days=30))
    copy = archive.article(
        "Ministry",
        "https://ministry.example/1",
        "One",
        f"{TEXT} {sentence}",
        at=NOW - timedelta(days=29),
        claims=[claim_of(sentence, sentence)],
    )
    prune_all(archive.db, LATER)
    assert stored(archive.db) == [1, copy]


def test_an_article_that_an_alert_was_decided_by_stays(archive):
    one = archive.article("Ministry", "https://ministry.example/1", "One", "plain words", at=NOW - timedelta(days=30))
    archive.db.execute(
        "INSERT INTO alerts (key, kind, title, created_at) VALUES ('k', 'match', 'T', ?)", [to_text(NOW)]
    )
    archive.db.execute(
        "INSERT INTO decisions (article_id, verdict, reason, alert_id, at) VALUES (?, 'alert', 'r', 1, ?)",
        [one, to_text(NOW)],
    )
    prune_all(archive.db, LATER)
    assert stored(archive.db) == [one]


def test_nothing_has_to_go_unless_something_is_said(archive):
    assert bounds(archive.db.conn, None, None, NOW) is None
    assert bounds(archive.db.conn, None, 2**40, NOW) is None
    assert bounds(archive.db.conn, timedelta(days=9), 2**40, NOW) == Bounds(NOW - timedelta(days=9))


def test_age_and_size_together_let_go_what_either_asks_for(archive):
    for days in (40, 30, 20, 10):
        at = NOW - timedelta(days=days)
        archive.article("Ministry", f"https://ministry.example/{days}", f"T {days}", f"words {days}", at=at)
    held = space(archive.db.conn)
    assert held.articles == 4
    half = held.used // 2
    assert bounds(archive.db.conn, timedelta(days=35), half, NOW) == Bounds(NOW - YOUNGEST, 2)
    assert bounds(archive.db.conn, timedelta(days=15), half, NOW) == Bounds(NOW - timedelta(days=15))


@pytest.mark.parametrize(
    ("size", "free", "articles", "most", "wanted"),
    [(1000, 0, 10, 1000, 0), (1000, 0, 10, 999, 1), (1000, 500, 10, 100, 8), (1000, 0, 0, 1, 0), (1000, 0, 10, 0, 10)],
)
def test_as_many_articles_go_as_take_what_is_too_much(size, free, articles, most, wanted):
    assert Space(size, free, articles).too_many(most) == wanted


def test_the_index_gives_up_what_was_deleted(archive):
    empty = space(archive.db.conn).used  # of which the tables without a row are most
    for number in range(40):
        words = " ".join(f"word{number}x{n}" for n in range(400))
        archive.article("Ministry", f"https://ministry.example/{number}", f"T {number}", words, at=NOW)
    prune_all(archive.db, LATER)
    held = space(archive.db.conn).used
    assert tidy_index(archive.db, begin=True)
    steps = 1
    while tidy_index(archive.db):
        steps += 1
    assert steps < 50
    assert space(archive.db.conn).used - empty < 0.5 * (held - empty)
    archive.db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")


def test_a_twentieth_of_the_articles_is_many():
    assert is_many(6, 94)
    assert not is_many(5, 95)
    assert not is_many(0, 0)


def test_a_file_gives_its_free_pages_back(tmp_path):
    path = tmp_path / "envoywatch.db"
    db = open_writer(path)
    with closing(db.conn):
        db.execute("CREATE TABLE ballast AS SELECT zeroblob(900000) AS x")
        db.execute("DROP TABLE ballast")
        assert space(db.conn).free > 800_000
        returned = 0
        while back := give_back(db, 100):
            returned += back
        assert returned > 200
        assert space(db.conn).free == 0
    assert path.stat().st_size < 800_000


def test_a_file_of_the_first_version_keeps_its_free_pages(tmp_path):
    path = tmp_path / "envoywatch.db"
    open_writer(path).conn.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    db = open_writer(path)
    with closing(db.conn):
        db.execute("CREATE TABLE ballast AS SELECT zeroblob(90000) AS x")
        db.execute("DROP TABLE ballast")
        assert give_back(db) == 0
