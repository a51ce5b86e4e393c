import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from storage.backlog import Backlog, Reread, backlog, waiting, work_off
from storage.copies import catch_up
from storage.database import APPLICATION_ID, immediate, open_reader, open_writer
from storage.identity import text_hash
from storage.model import to_text
from storage.stories import KEPT
from storage.traits import traits_of
from tests.released import old_file
from tests.test_storage_stories import BRIDGE, GRAIN, NOW, OPERA, arrive, reading

TOLD = (*BRIDGE[:2], *GRAIN, *OPERA)
LONG = "The ministry of Strelsau said on Monday that the talks about fishing went on until the early morning hours."


def released(path, texts):
    """A file of version 1 with these articles, one an hour."""
    old_file(path, 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in (
            "alerts",
            "claims",
            "status_changes",
            "decisions",
            "deliveries",
            "matches",
            "entries",
            "articles",
        ):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 (our own names)
        for hour, (title, text) in enumerate(texts):
            at = to_text(NOW + timedelta(hours=hour))
            connection.execute(
                "INSERT INTO articles (url, title, text, language, source, source_id, role, published_at, seen_at,"
                " read_at, origin, text_hash) VALUES (?, ?, ?, 'en', 'Wire', 1, 'media', ?, ?, ?, 'page', ?)",
                [f"https://wire.example/{hour}", title, text, at, at, at, text_hash(title, text)],
            )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    return path


def reread(one):
    return Reread(one.id, "TASS" if "TASS" in one.text else None, traits_of(one.title, one.text))


def step(path, most):
    """As much as a daemon does that is killed soon; whether there was anything to do."""
    db = open_writer(path)
    with closing(db.conn):
        with immediate(db):
            if catch_up(db, most):
                return True
        with closing(open_reader(path)) as reader:
            found = waiting(reader, most)
        with immediate(db):
            work_off(db, [reread(one) for one in found])
        return bool(found)


def grouped(path):
    groups = {}
    with closing(sqlite3.connect(path)) as connection:
        for title, story in connection.execute("SELECT title, coalesce(story_id, -id) FROM articles"):
            groups.setdefault(story, set()).add(title)
    return sorted(map(sorted, groups.values()))


def how_far(path):
    with closing(open_reader(path)) as reader:
        return backlog(reader)


@pytest.mark.parametrize("most", [2, 50])
def test_articles_of_a_released_file_get_the_stories_that_they_would_have_got_when_they_came(tmp_path, most):
    path = released(tmp_path / "archive.db", TOLD)
    open_writer(path).conn.close()
    assert how_far(path) == Backlog(copies=7, stories=7)
    while step(path, most):
        assert how_far(path).stories in range(8)
    assert how_far(path) == Backlog(0, 0)
    new = open_writer(tmp_path / "new.db")
    new.execute(
        "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
        " VALUES (1, 'Wire', '{}', 'media', 1, '', '')"
    )
    with closing(new.conn):
        arrive(new, *(reading(n, *one, at=NOW + timedelta(hours=n)) for n, one in enumerate(TOLD)))
    assert grouped(path) == grouped(tmp_path / "new.db")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT sum(articles) FROM stories").fetchone() == (7,)
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (0,)


def test_whoever_is_credited_is_the_originator_of_all_copies(tmp_path):
    path = released(tmp_path / "archive.db", [("Talks", LONG), ("Talks go on", f"{LONG} (TASS)"), OPERA[0]])
    while step(path, 1):
        pass
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT credit, originator, copy_of, story_id FROM articles ORDER BY id").fetchall()
    assert rows == [(None, "TASS", None, 1), ("TASS", "TASS", 1, 1), (None, "Wire", None, None)]


def test_who_reports_the_same_meeting_tells_the_same_story(tmp_path):
    path = released(tmp_path / "archive.db", [OPERA[0], GRAIN[0], BRIDGE[0]])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO claims (article_id, meeting_id, participants, level, status, evidence, field, start, end,"
            " cues, rule, confidence, at) VALUES (?, 1, '[]', 'leader', ?, 'x', 'text', 0, 1, '[]', 'met', 0.9, '')",
            [(1, "held"), (2, "held"), (3, "background")],
        )
    while step(path, 1):
        pass
    assert grouped(path) == sorted([sorted([OPERA[0][0], GRAIN[0][0]]), [BRIDGE[0][0]]])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT originators FROM meetings").fetchone() == ('["Wire"]',)


def test_what_comes_meanwhile_forgets_nothing_that_the_backlog_needs_and_the_backlog_forgets_by_itself(tmp_path):
    path = released(tmp_path / "archive.db", [*BRIDGE, OPERA[0]])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE articles SET seen_at = ?, published_at = ? WHERE id = 5", [to_text(NOW + 9 * KEPT)] * 2
        )
    later = NOW + timedelta(days=90)
    steps = 0
    while step(path, 1):
        steps += 1
        with closing(open_writer(path).conn) as connection:
            kept = [
                row[0] for row in connection.execute("SELECT article_id FROM traits WHERE article_id < 6 ORDER BY 1")
            ]
        assert kept in ([], [5], [4], [3, 4], [2, 3, 4], [1, 2, 3, 4])
        db = open_writer(path)
        with closing(db.conn):
            arrive(db, reading(100 + steps, f"Weather {steps}", f"Rain number {steps}.", at=later))
    assert sorted(title for title, _ in BRIDGE) in grouped(path)
    assert how_far(path) == Backlog(0, 0)


def test_one_that_cannot_be_read_or_is_gone_holds_up_no_other(tmp_path):
    path = released(tmp_path / "archive.db", [*GRAIN, OPERA[0]])
    db = open_writer(path)
    with closing(db.conn):
        catch_up(db, 9)
        db.execute("DELETE FROM articles WHERE id = 4")
        work_off(
            db,
            [
                Reread(4, None, traits_of("", "")),
                Reread(3, None, None),
                *(Reread(n, None, traits_of(*GRAIN[n - 1])) for n in (2, 1)),
            ],
        )
        assert db.execute("SELECT id, story_id FROM articles").fetchall() == [(1, 1), (2, 1), (3, None)]
        work_off(db, ())
        assert db["backlog"].count == 0


def test_a_new_database_has_no_backlog(tmp_path):
    open_writer(tmp_path / "new.db").conn.close()
    assert how_far(tmp_path / "new.db") == Backlog(0, 0)
