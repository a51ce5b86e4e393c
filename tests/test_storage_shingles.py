import shutil
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.database import back_up, compact, immediate, open_writer
from storage.duplicates import HASHES
from storage.shingle_filter import RANGES
from storage.shingles import ROUND, add_shingles, carriers_of, merge_shingles, remove_shingles

STEP = HASHES // RANGES
EDGES = (0, 1, STEP, HASHES // 2, HASHES - 1)
"""The sweep begins at 0."""
APIECE = ROUND // RANGES
"""Articles with which it goes a step."""


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
    assert on_disk(db) == []
    with immediate(db):
        add_shingles(db, 8, [5])
        fill(db, APIECE - 2)
    assert on_disk(db) == [0, 1, 5]
    assert carriers_of(db, (*EDGES, 5)) == {5: [8]} | {one: [7] for one in EDGES}


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
        sweep_to(db, 3 * HASHES - STEP)  # the next step ends a round
        with immediate(db):
            add_shingles(db, 7, EDGES)
            add_shingles(db, 6, [HASHES - 2])
            fill(db, APIECE - 2)
        assert on_disk(db) == [HASHES - 2, HASHES - 1]
        for article_id in (8, 9):  # half a round each
            db.execute(
                "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                " INSERT INTO fresh_shingles SELECT ? * 100000 + i, swept, x'' FROM n, shingle_sweep",
                [ROUND // 2, article_id],
            )
            merge_shingles(db)
        assert on_disk(db) == sorted((*EDGES, HASHES - 2))
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


def fill(db, steps):
    """Let so many articles come that carry nothing, so that the sweep goes on."""
    last = db.execute("SELECT coalesce(max(article_id), 0) FROM fresh_shingles WHERE article_id >= 1000").fetchone()[0]
    db.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO fresh_shingles SELECT ? + i, swept, x'' FROM n, shingle_sweep",
        [steps, max(last, 1000)],
    )


def found(db):
    """What is found, by article."""
    carried = {}
    for one, ids in carriers_of(db, SPREAD).items():
        for article_id in ids:
            carried.setdefault(article_id, set()).add(one)
    return carried


SPREAD = tuple(HASHES // 16 * place + 3 for place in range(16))
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "remove", "sweep")),
        st.integers(1, 4),
        st.sets(st.sampled_from(SPREAD), min_size=1),
    ),
    max_size=4,
)
LIFE = st.lists(st.tuples(st.sampled_from(("commit", "roll back", "take back", "start")), CHANGES), max_size=10)


def change(db, carried, changes):
    for what, article_id, hashes in changes:
        if what == "add":
            add_shingles(db, article_id, hashes)
            carried.setdefault(article_id, set()).update(hashes)
        elif what == "remove":
            remove_shingles(db, article_id, carried.pop(article_id, ()))
        else:
            fill(db, 5 * article_id)


@pytest.fixture(scope="module")
def quick_sweep():
    """Thirty-two articles a round."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.shingles.ROUND", 32)
        yield


@pytest.mark.usefixtures("quick_sweep")
@settings(max_examples=40, deadline=None)
@given(LIFE)
def test_whatever_is_added_removed_swept_taken_back_or_loaded_what_was_committed_is_found(tmp_path_factory, life):
    path = tmp_path_factory.mktemp("shingles") / "envoywatch.db"
    db = open_writer(path)
    carried = {}
    for end, changes in life:
        if end == "start":
            db.conn.close()
            db = open_writer(path)
        meanwhile = {article_id: set(hashes) for article_id, hashes in carried.items()}
        with immediate(db):
            db.conn.execute("SAVEPOINT job")
            change(db, meanwhile, changes)
            if end == "take back":
                db.conn.execute("ROLLBACK TO job")
            db.conn.execute("RELEASE job")
            if end == "roll back":
                db.conn.execute("ROLLBACK")
                db.conn.execute("BEGIN")
        carried = carried if end in {"roll back", "take back"} else meanwhile
        assert found(db) == carried
    db.conn.close()


def test_promise_02_killed_before_any_statement_what_was_committed_is_found(path, tmp_path):
    killed = []

    def snapshot(_):
        folder = tmp_path / str(len(killed))
        folder.mkdir()
        for file in (path, path.with_name(path.name + "-wal")):
            shutil.copy(file, folder)
        killed.append((folder / path.name, dict(carried)))

    db = open_writer(path)
    with closing(db.conn):
        sweep_to(db, HASHES - HASHES // 8)  # so that a round ends meanwhile
        carried = {}
        db.conn.set_trace_callback(snapshot)
        for article_id in (1, 2):
            with immediate(db):
                fill(db, ROUND // 5)
                add_shingles(db, article_id, SPREAD[::article_id])
            carried[article_id] = set(SPREAD[::article_id])
        with immediate(db):
            remove_shingles(db, 1, SPREAD)
            add_shingles(db, 3, SPREAD[:3])
        db.conn.set_trace_callback(None)
    assert len({str(one) for _, one in killed}) == 3
    for copy, known in killed[::4]:
        with closing(open_writer(copy).conn) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with closing((db := open_writer(copy)).conn):
            assert found(db) == known


def test_a_disk_that_is_full_amid_a_sweep_leaves_what_was_committed(path):
    db = open_writer(path)
    with closing(db.conn):
        with immediate(db):
            add_shingles(db, 1, SPREAD)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")

        def sweep():
            with immediate(db):
                add_shingles(db, 2, range(0, HASHES, HASHES // 20_000))
                fill(db, ROUND)

        with pytest.raises(sqlite3.OperationalError, match="full"):
            sweep()
        assert found(db) == {1: set(SPREAD)}
        db.execute(f"PRAGMA max_page_count = {pages * 1000}")
        with immediate(db):
            add_shingles(db, 2, SPREAD[:2])
        assert found(db) == {1: set(SPREAD), 2: set(SPREAD[:2])}


def test_a_copy_and_a_compacted_file_have_what_was_still_to_be_merged_and_nothing_of_the_writers_memory(path, tmp_path):
    db = open_writer(path)
    with immediate(db):
        add_shingles(db, 1, SPREAD)
    back_up(path, tmp_path / "copy.db")
    db.conn.close()
    compact(path)
    for file in (path, tmp_path / "copy.db"):
        with closing(sqlite3.connect(file)) as other:
            assert other.execute("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%memory.%'").fetchone() == (0,)
            assert other.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'changes'").fetchone() == (0,)
        with closing((db := open_writer(file)).conn):
            assert found(db) == {1: set(SPREAD)}
