import sqlite3
from array import array
from contextlib import closing

import pytest
from sqlite_utils import Database

from storage.copies import catch_up, find_kin
from storage.database import APPLICATION_ID, open_reader, open_writer
from storage.duplicates import Body
from storage.entries import find_article
from storage.identity import text_hash
from storage.migrations import MIGRATIONS, SCHEMA_VERSION
from storage.model import from_text
from storage.shingles import carriers_of
from storage.story_terms import articles_of
from storage.traits import unpack
from storage.views import explain_article

AT = "2023-05-16T08:00:00.000000Z"


@pytest.fixture
def released(tmp_path):
    """A file as the first version left it, with a source that was polled."""
    path = tmp_path / "envoywatch.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0002_skips")
        connection.execute(
            "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
            " VALUES (1, 'Wire', '{}', 'media', 300, ?, ?)",
            [AT, AT],
        )
        connection.execute(
            "INSERT INTO endpoints (source_id, position, kind, url, etag) VALUES (1, 0, 'feed', 'https://a.org', 'e')"
        )
        connection.execute(
            "INSERT INTO polls (source_id, started_at, took_ms, url, outcome) VALUES (1, ?, 2, 'u', 'unchanged')",
            [AT],
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    return path


def test_promise_11_a_released_file_is_copied_aside_and_brought_up_to_date(released):
    db = open_writer(released)
    with closing(db.conn):
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db["sources"].count == db["polls"].count == 1
    assert released.with_name(f"envoywatch.db.before-{SCHEMA_VERSION}").exists()


def test_what_was_polled_before_skips_were_counted_has_skipped_nothing_and_proved_nothing(released):
    db = open_writer(released)
    with closing(db.conn):
        assert db.execute("SELECT etag, proof, seen FROM endpoints").fetchone() == ("e", "{}", None)
        assert db.execute("SELECT cut, known FROM polls").fetchone() == (0, 0)
        assert db.execute("SELECT polled, not_modified, items_cut, known_texts FROM sources").fetchone() == (0,) * 4


def test_an_endpoint_that_delivered_before_its_failures_were_counted_has_delivered(released):
    with closing(sqlite3.connect(released)) as connection:
        connection.execute("UPDATE sources SET first_ok_at = ?", [AT])
        connection.execute(
            "INSERT INTO endpoints (source_id, position, kind, url) VALUES (1, 1, 'listing', 'https://b')"
        )
        connection.commit()
    db = open_writer(released)
    with closing(db.conn):
        rows = db.execute("SELECT failures, retry_at, first_ok_at, memory FROM endpoints ORDER BY position").fetchall()
        assert rows == [(0, None, AT, None), (0, None, None, None)]


def test_articles_of_a_released_file_are_known_by_their_twins(released):
    with closing(sqlite3.connect(released)) as connection:
        for url in ("https://www.news.example/a", "envoywatch:entry/1"):
            connection.execute(
                "INSERT INTO articles (url, title, text, source, source_id, role, published_at, seen_at, read_at,"
                " origin, text_hash) VALUES (?, 'T', 'x', 'Wire', 1, 'media', ?, ?, ?, 'page', 'h')",
                [url, AT, AT, AT],
            )
        connection.commit()
    db = open_writer(released)
    with closing(db.conn):
        assert find_article(db, "http://m.news.example/a") == 1
        assert db.execute("SELECT page_key, page_title FROM articles").fetchall() == [
            ("news.example/a", ""),
            (None, ""),
        ]


def test_an_article_of_a_released_file_is_known_by_its_words_and_an_entry_by_its_link(released):
    words = "The envoy is in the capital."
    with closing(sqlite3.connect(released)) as connection:
        connection.execute(
            "INSERT INTO articles (id, url, title, text, source, source_id, role, published_at, seen_at, read_at,"
            " origin, text_hash) VALUES (7, 'https://a.org/7', 'T', ?, 'Wire', 1, 'media', ?, ?, ?, 'page', ?)",
            [words, AT, AT, AT, text_hash("T", words)],
        )
        connection.execute(
            "INSERT INTO entries (source_id, key, url, content_hash, article_url, own_page, seen_at, first_poll, state,"
            " due_at) VALUES (1, 'u:https://a.org/8', 'https://a.org/8', 'c', 'https://a.org/8', 1, ?, 0, 'failed', ?)",
            [AT, AT],
        )
        connection.commit()
    db = open_writer(released)
    with closing(db.conn):
        body = Body(words)
        assert not body.sketch.hashes
        assert find_kin(db, text_hash("T", words), body, body.sketch, from_text(AT)).firsts == (7,)
    with closing(open_reader(released)) as reader:
        assert [one.state for one in explain_article(reader, "https://a.org/8").entries] == ["failed"]


def test_articles_that_were_indexed_as_written_are_found_as_folded_since(released):
    with closing(sqlite3.connect(released)) as connection:
        for number, text in ((1, "澤連斯基談烏克蘭"), (2, "plain words"), (3, "عام ٢٠٢٣ في مدينة")):
            connection.execute(
                "INSERT INTO articles (id, url, title, text, source, source_id, role, published_at, seen_at, read_at,"
                " origin, text_hash) VALUES (?, ?, 'T', ?, 'Wire', 1, 'media', ?, ?, ?, 'page', 'x')",
                [number, f"https://a.org/{number}", text, AT, AT, AT],
            )
        rows = [(1, "t", "", "澤連 連斯 斯基 基談 談烏 烏克 克蘭"), (2, "t", "plain words", "")]
        rows.append((3, "t", "عام ٢٠٢٣ في مدينة", ""))
        connection.executemany("INSERT INTO articles_fts (rowid, title, text, cjk) VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    db = open_writer(released)
    with closing(db.conn):
        for wanted, number in (('cjk : "乌克 克兰"', 1), ('text : "plain words"', 2), ('text : "2023 في مدينه"', 3)):
            found = db.execute("SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?", [wanted]).fetchall()
            assert found == [(number,)]
        db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")


def test_alerts_of_a_released_file_were_told_when_they_were_decided_and_nothing_joins_their_messages(released):
    with closing(sqlite3.connect(released)) as connection:
        connection.execute(
            "INSERT INTO alerts (id, key, kind, title, created_at, watch) VALUES (1, 'k', 'match', 'T', ?, 'W')", [AT]
        )
        connection.execute(
            "INSERT INTO deliveries (key, alert_id, channel, state, created_at, due_at)"
            " VALUES ('d', 1, 'c', 'due', ?, ?)",
            [AT, AT],
        )
        connection.commit()
    db = open_writer(released)
    with closing(db.conn):
        assert db.execute("SELECT due_at, told_with FROM alerts").fetchall() == [(AT, None)]
        assert db.execute("SELECT sealed_at FROM deliveries").fetchall() == [(AT,)]


def test_articles_stored_before_copies_were_recognised_wait_to_be_looked_through(released):
    text = " ".join(f"word{number}" for number in range(60))
    with closing(sqlite3.connect(released)) as connection:
        for number, (words, first) in enumerate([(text, None), (text, 1), (f"{text} and more", None)], 1):
            connection.execute(
                "INSERT INTO articles (id, url, title, text, source, source_id, role, published_at, seen_at, read_at,"
                " origin, text_hash, copy_of) VALUES (?, ?, 't', ?, 'Wire', 1, 'media', ?, ?, ?, 'page', ?, ?)",
                [number, f"https://a.org/{number}", words, AT, AT, AT, words, first],
            )
        connection.commit()
    db = open_writer(released)
    with closing(db.conn):
        query = "SELECT copy_of, overlap, shingles FROM articles ORDER BY id"
        assert db.execute(query).fetchall() == [(None, None, None), (1, 1.0, None), (None, None, None)]
        assert catch_up(db, 10) == 3
        assert db.execute(query).fetchall() == [(None, None, 57), (1, 1.0, 57), (1, 1.0, 59)]


def test_profiles_of_stories_that_an_older_version_packed_are_read_since(tmp_path):
    path = tmp_path / "envoywatch.db"
    rows = array("Q", (7 << 32 | 1024 << 16 | 32 << 8 | 2, 9 << 32 | 512 << 16 | 1, 5 * 32 + 16))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0021_fresh")
        connection.execute("INSERT INTO traits (article_id, at, profile) VALUES (3, ?, ?)", [AT, rows.tobytes()])
        connection.execute("INSERT INTO story_terms (term, article_id) VALUES (7, 3)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 20")
    db = open_writer(path)
    with closing(db.conn):
        profile = unpack(db.execute("SELECT profile FROM traits").fetchone()[0])
        assert (profile.weights, profile.head, profile.proper) == ({7: 2.0, 9: 1.0}, {7}, {7: 2.0})
        assert (profile.names, profile.days) == ({9}, {176})
        assert articles_of(db, (7, 9), 1) == {7: [3], 9: [3]}


def test_profiles_with_weights_of_four_bytes_are_read_since_and_take_two(tmp_path):
    path = tmp_path / "envoywatch.db"
    old = array("I", (1, 2, 1, 1, 1, 1, 9, 7, 7, 7, 9, 176)).tobytes() + array("f", (4.0, 1.5, 3.0)).tobytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0028_marks")
        connection.execute("INSERT INTO traits (article_id, at, profile) VALUES (3, ?, ?)", [AT, old])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 27")
    db = open_writer(path)
    with closing(db.conn):
        kept = db.execute("SELECT profile FROM traits").fetchone()[0]
        profile = unpack(kept)
        assert len(kept) == len(old) - 3 * 2
        assert (profile.weights, profile.head, profile.proper) == ({9: 4.0, 7: 1.5}, {7}, {7: 3.0})
        assert (profile.names, profile.days, profile.probes) == ({9}, {176}, (9, 7))


def test_shingles_that_an_older_version_stored_are_found_since(tmp_path):
    path = tmp_path / "envoywatch.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0024_filter")
        connection.execute("INSERT INTO shingles (hash, article_id) VALUES (8, 3), (16, 3), (16, 4)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 23")
    db = open_writer(path)
    with closing(db.conn):
        assert carriers_of(db, [8, 16, 24]) == {8: [3], 16: [3, 4]}
