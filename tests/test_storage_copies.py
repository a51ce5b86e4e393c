from array import array
from collections import Counter
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.copies import catch_up, find_kin, join, part
from storage.database import open_writer
from storage.duplicates import Body
from storage.identity import text_hash
from storage.model import to_text

NOON = datetime(2023, 5, 16, 12, tzinfo=UTC)
SYLLABLES = ("ha", "lo", "mi", "ru", "te", "va", "ni", "so")


def passage(number, length=24):
    """Words that no other passage has."""
    words = (f"{SYLLABLES[index % 8]}{SYLLABLES[index // 8]}{chr(97 + number % 26)}{number}" for index in range(length))
    return " ".join(words) + "."


def article(*numbers):
    return " ".join(map(passage, numbers))


class Archive:
    """Articles by name in a database; what a name stands for is given when it arrives."""

    def __init__(self, db):
        self.db = db
        self.ids = {}
        self._urls = count()
        db.execute(
            "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
            " VALUES (1, 'Wire', '{}', 'media', 300, ?, ?)",
            [to_text(NOON), to_text(NOON)],
        )

    def carried(self):
        """How many articles carry each stored shingle; none has been there for a round of the sweep."""
        rows = self.db.execute("SELECT hashes FROM fresh_shingles")
        return Counter(one for (hashes,) in rows for one in array("Q", hashes))

    def store(self, name, text, *, minutes=0):
        """Without looking for copies, as older versions did."""
        at = to_text(NOON + timedelta(minutes=minutes))
        self.ids[name] = self.db.execute(
            "INSERT INTO articles (url, title, text, source, source_id, role, published_at, seen_at, read_at, origin,"
            " text_hash) VALUES (?, 'T', ?, 'Wire', 1, 'media', ?, ?, ?, 'page', ?) RETURNING id",
            [f"https://a.example/{next(self._urls)}", text, at, at, at, text_hash("T", text)],
        ).fetchone()[0]
        return self.ids[name]

    def arrive(self, name, text, *, minutes=0):
        at = NOON + timedelta(minutes=minutes)
        body = Body(text)
        kin = find_kin(self.db, text_hash("T", text), body, body.sketch, at)
        return join(self.db, self.store(name, text, minutes=minutes), body.sketch, kin)

    def groups(self):
        names = {number: name for name, number in self.ids.items()}
        groups = {}
        for number, first in self.db.execute("SELECT id, coalesce(copy_of, id) FROM articles"):
            groups.setdefault(names[first], set()).add(names[number])
        return groups

    def rows(self):
        stored = self.carried()
        return stored.total(), len(stored)

    def forget(self, *names):
        ids = [self.ids[name] for name in names]
        part(self.db, ids)
        self.db.conn.executemany("DELETE FROM articles WHERE id = ?", [(one,) for one in ids])


@pytest.fixture
def archive(tmp_path):
    db = open_writer(tmp_path / "envoywatch.db")
    with closing(db.conn):
        yield Archive(db)


def test_an_edited_copy_points_at_the_first_with_its_overlap(archive):
    assert archive.arrive("first", article(1, 2, 3)) is None
    assert archive.arrive("copy", article(1, 2, 3, 4), minutes=5) == archive.ids["first"]
    assert archive.arrive("other", article(5, 6, 7), minutes=6) is None
    assert archive.db.execute("SELECT overlap FROM articles ORDER BY id").fetchall() == [(None,), (1.0,), (None,)]


def test_only_what_a_group_had_not_is_stored_of_a_copy(archive):
    archive.arrive("first", article(1, 2, 3))
    before = archive.rows()[0]
    archive.arrive("exact", article(1, 2, 3), minutes=1)
    assert archive.rows()[0] == before
    archive.arrive("longer", article(1, 2, 3, 4), minutes=2)
    rows, distinct = archive.rows()
    assert before < rows == distinct


def test_a_copy_of_what_only_a_copy_has_is_of_the_group(archive):
    archive.arrive("first", article(1, 2, 3))
    archive.arrive("longer", article(1, 2, 3, 4, 5, 6), minutes=1)
    assert archive.arrive("excerpt", article(4, 5, 6), minutes=2) == archive.ids["first"]


def test_what_was_seen_first_leads_even_when_it_is_recorded_last(archive):
    archive.arrive("late", article(1, 2, 3), minutes=9)
    archive.arrive("later", article(1, 2, 3), minutes=10)
    assert archive.arrive("early", article(1, 2, 3, 4), minutes=2) is None
    assert archive.groups() == {"early": {"early", "late", "later"}}


def test_a_text_that_holds_two_others_makes_one_group_of_them(archive):
    archive.arrive("one", article(1, 2, 3))
    archive.arrive("other", article(4, 5, 6), minutes=1)
    assert len(archive.groups()) == 2
    archive.arrive("both", article(1, 2, 3, 4, 5, 6), minutes=2)
    assert archive.groups() == {"one": {"one", "other", "both"}}
    rows, distinct = archive.rows()
    assert rows == distinct


def test_a_phrase_that_six_unrelated_texts_have_finds_nothing(archive):
    for number in range(10, 18):
        archive.arrive(f"n{number}", article(1, number, number + 20, number + 40, number + 60), minutes=number)
    assert len(archive.groups()) == 8
    most = max(archive.carried().values())
    assert most <= 6


def test_short_texts_are_copies_only_word_for_word(archive):
    archive.arrive("brief", "The envoy has come.")
    assert archive.arrive("same", "the envoy  has come.", minutes=1) == archive.ids["brief"]
    assert archive.arrive("more", "The envoy has come. Again.", minutes=2) is None


def test_when_the_first_is_pruned_the_next_seen_leads_and_is_found_by(archive):
    archive.arrive("first", article(1, 2, 3))
    archive.arrive("second", article(1, 2, 3, 4), minutes=1)
    archive.arrive("third", article(1, 2, 3), minutes=2)
    archive.forget("first")
    assert archive.groups() == {"second": {"second", "third"}}
    assert archive.arrive("fourth", article(1, 2), minutes=3) == archive.ids["second"]
    archive.forget("second", "third", "fourth")
    assert archive.rows() == (0, 0)


def test_a_short_text_is_found_by_the_next_that_has_it_when_the_first_is_pruned(archive):
    archive.arrive("brief", "The envoy has come.")
    archive.arrive("same", "The envoy has come.", minutes=1)
    archive.forget("brief")
    assert archive.arrive("again", "The envoy has come.", minutes=2) == archive.ids["same"]
    archive.forget("same", "again")
    assert archive.arrive("anew", "The envoy has come.", minutes=3) is None


def test_what_older_versions_stored_is_worked_off_in_steps(archive):
    archive.store("other", article(7, 8, 9))
    archive.store("first", article(1, 2, 3), minutes=1)
    archive.store("copy", article(1, 2, 3, 4), minutes=2)
    assert archive.arrive("new", article(1, 2), minutes=3) is None
    assert [catch_up(archive.db, 2) for _ in range(3)] == [2, 1, 0]
    assert archive.groups() == {"other": {"other"}, "first": {"first", "copy", "new"}}


def test_exact_copies_of_older_versions_stay_with_their_first(archive):
    first = archive.store("first", article(1, 2, 3))
    archive.store("copy", article(1, 2, 3), minutes=1)
    archive.db.execute("UPDATE articles SET copy_of = ? WHERE id > ?", [first, first])
    archive.arrive("older", article(1, 2, 3, 4), minutes=-5)
    assert catch_up(archive.db, 9) == 2
    assert archive.groups() == {"older": {"older", "first", "copy"}}


@pytest.fixture(scope="module")
def shared_db(tmp_path_factory):
    db = open_writer(tmp_path_factory.mktemp("copies") / "envoywatch.db")
    with closing(db.conn):
        yield db


@contextmanager
def rolled_back(db):
    db.conn.execute("BEGIN")
    try:
        yield
    finally:
        db.conn.execute("ROLLBACK")


TEXTS = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=2, max_size=6)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_arrival_changes_no_group_and_no_count(shared_db, texts, random, again):
    articles = [(f"a{number}", article(*numbers), number) for number, numbers in enumerate(texts)]
    if again:
        articles += [(f"b{number}", text, number + 50) for name, text, number in articles[:2]]
    shuffled = random.sample(articles, len(articles))
    found = []
    for order in (articles, shuffled):
        with rolled_back(shared_db):
            archive = Archive(shared_db)
            for name, text, minutes in order:
                archive.arrive(name, text, minutes=minutes)
            found.append(archive.groups())
    assert found[0] == found[1]
