"""What other programs find in the database: views, how they know the full-text index, Datasette's file."""

from contextlib import closing

import pytest

from config.data_yaml import parse_data
from config.init import DATASETTE
from storage.database import open_reader, open_writer
from tests.seeding import seed


@pytest.fixture
def reader(tmp_path):
    with closing(open_reader(seed(tmp_path).path)) as connection:
        yield connection


def rows(reader, sql, *values):
    return [dict(row) for row in reader.execute(sql, values)]


def test_alerts_stand_beside_their_evidence(reader):
    found = rows(reader, "SELECT * FROM alerts_with_evidence ORDER BY id")
    assert len(found) == reader.execute("SELECT count(*) FROM alerts").fetchone()[0]
    met = next(one for one in found if one["kind"] == "meeting")
    assert (met["status"], met["source"], met["country"]) == ("held", "Ruritania Today", "RU")
    assert met["evidence"] == "Arda Lin met President Boris Vale in Zenda on Wednesday."
    assert (
        met["evidence"] in reader.execute("SELECT text FROM articles WHERE id = ?", [met["article_id"]]).fetchone()[0]
    )
    assert met["article_url"] == "https://today.example/a1"
    assert (met["sent_to"], met["sent_at"]) == (None, None)


def test_an_alert_says_through_what_it_went_out(tmp_path):
    db = open_writer(seed(tmp_path).path)
    with closing(db.conn):
        db.execute("UPDATE deliveries SET state = 'sent', sent_at = '2023-05-18T12:00:00.000000Z'")
        sent = db.execute(
            "SELECT DISTINCT sent_to, sent_at FROM alerts_with_evidence WHERE kind = 'meeting'"
        ).fetchall()
    assert sent == [("desk", "2023-05-18T12:00:00.000000Z")]


def test_who_met_whom_is_found_from_either_side(reader):
    found = rows(reader, "SELECT person, met, status, place FROM who_met_whom ORDER BY person")
    assert found == [
        {"person": "Arda Lin", "met": "Boris Vale", "status": "held", "place": "Zenda"},
        {"person": "Boris Vale", "met": "Arda Lin", "status": "held", "place": "Zenda"},
    ]


def test_coverage_counts_each_sources_articles_of_a_day(reader):
    found = rows(reader, "SELECT day, source, articles, copies, languages FROM coverage_per_day ORDER BY day, source")
    assert sum(one["articles"] for one in found) == 4
    assert found[-1] == {"day": "2023-05-18", "source": "Ruritania Today", "articles": 2, "copies": 0, "languages": 1}


def test_coverage_is_counted_without_reading_any_text(reader):
    plan = " ".join(row["detail"] for row in reader.execute("EXPLAIN QUERY PLAN SELECT * FROM coverage_per_day"))
    assert "USING COVERING INDEX articles_by_facet" in plan


def test_other_tools_know_the_full_text_index_by_its_table(tmp_path):
    db = open_writer(seed(tmp_path).path)
    with closing(db.conn):
        assert db["articles"].detect_fts() == "articles_fts"
        assert [row["title"] for row in db["articles"].search("corridor", columns=["title"])] == ["Harvest"]
        assert [row["title"] for row in db["articles"].search("会谈", columns=["title"])] == ["林达会见总统"]


DATABASE = parse_data(DATASETTE.read_text(encoding="utf-8"))["databases"]["envoywatch"]


@pytest.mark.parametrize("table", DATABASE["tables"])
def test_what_datasettes_file_names_is_there(reader, table):
    known = {row[0] for row in reader.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")}
    told = DATABASE["tables"][table]
    assert {table, told.get("fts_table", table)} <= known
    columns = {row[1] for row in reader.execute(f"PRAGMA table_info({table})")}
    named = {*told.get("facets", ()), *told.get("columns", ()), *(told[key] for key in KEYS if key in told)}
    assert named <= columns


KEYS = ("label_column", "sort", "sort_desc", "fts_pk")


@pytest.mark.parametrize("query", DATABASE["queries"])
def test_the_ready_made_queries_run(reader, query):
    sql = DATABASE["queries"][query]["sql"]
    reader.execute(sql, {"person": "Arda Lin"} if ":person" in sql else {}).fetchall()
