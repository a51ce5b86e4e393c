from contextlib import closing

import pytest

from storage.database import immediate, open_writer
from storage.story_terms import add_terms, articles_of, drop_terms
from storage.traits import Profile, pack

AT = "2023-05-16T12:00:00Z"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "envoywatch.db"


def enter(db, article_id, *terms):
    profile = pack(Profile.of(dict.fromkeys(terms, 1.0)))
    db.execute("INSERT OR REPLACE INTO traits (article_id, at, profile) VALUES (?, ?, ?)", [article_id, AT, profile])
    add_terms(db, article_id, terms)
    return profile


def test_of_a_term_that_many_have_the_newest_are_found_or_the_first(path):
    with closing((db := open_writer(path)).conn):
        for article_id in (3, 1, 2, 4):
            enter(db, article_id, 7, 7 + 2**16)
        assert articles_of(db, [7, 8], 2) == {7: [3, 4]}
        assert articles_of(db, [7], 2, first=True) == {7: [1, 2]}
        assert sorted(articles_of(db, [7 + 2**16], 9)[7 + 2**16]) == [1, 2, 3, 4]


def test_after_a_start_and_a_rollback_what_was_committed_is_found(path):
    with closing((db := open_writer(path)).conn), immediate(db):
        profile = enter(db, 1, 5, 6)
    with closing((db := open_writer(path)).conn):
        for end in ("ROLLBACK", "ROLLBACK TO job"):
            db.conn.execute("BEGIN")
            db.conn.execute("SAVEPOINT job")
            enter(db, 2, 5)
            drop_terms(db, [(1, profile)])
            assert articles_of(db, [5, 6], 9) == {5: [2]}
            db.conn.execute(end)
            if db.conn.in_transaction:
                db.conn.execute("COMMIT")
            assert articles_of(db, [5, 6], 9) == {5: [1], 6: [1]}


def test_an_article_that_is_entered_anew_is_found_once(path):
    with closing((db := open_writer(path)).conn):
        enter(db, 1, 5)
        enter(db, 1, 5)
        assert articles_of(db, [5], 9) == {5: [1]}
