import csv
import io
import json
from contextlib import closing

import pytest

from envoywatch.cli import export
from envoywatch.cli.export import CSV_COLUMNS
from storage.database import open_reader, open_writer
from storage.views_tables import TABLES, columns_of
from tests.seeding import Commands, open_again, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_every_article_is_one_line_with_its_matches_and_claims(cli):
    articles = lines_of(cli("export").out)
    assert [one["id"] for one in articles] == [4, 3, 2, 1]
    assert set(articles[3]) == {
        "id", "url", "title", "language", "source", "country", "role", "published_at", "seen_at", "origin", "copy_of",
        "overlap", "added", "originator", "credit", "story_id", "author", "claimed_at", "read_at", "text", "matches",
        "claims",
    }  # fmt: skip
    assert articles[3]["seen_at"] == "2023-05-17T16:00:00Z"
    (claim,) = articles[3]["claims"]
    assert (claim["status"], claim["participants"]) == ("held", ["Arda Lin", "Boris Vale"])
    span = claim["span"]
    assert articles[3][span["field"]][span["start"] : span["end"]] == claim["evidence"]
    (match,) = articles[1]["matches"]
    (span,) = match["spans"]
    assert articles[1][span["field"]][span["start"] : span["end"]] == "grain corridor"


def test_an_export_is_bounded_in_time(cli):
    assert [one["id"] for one in lines_of(cli("export", "--since", "2023-05-18T07:30").out)] == [4]
    assert [one["id"] for one in lines_of(cli("export", "--until", "2023-05-17T17:00").out)] == [1]


def test_an_export_goes_page_by_page(cli, monkeypatch):
    monkeypatch.setattr(export, "_BATCH", 1)
    said = cli("export")
    assert len(lines_of(said.out)) == 4
    assert "4 articles written" in said.err


def test_an_article_pruned_meanwhile_is_left_out(cli, monkeypatch):
    from storage import views

    real = views.get_article

    def get_article(connection, article_id):
        return real(connection, 99 if article_id == 3 else article_id)

    monkeypatch.setattr(views, "get_article", get_article)
    assert [one["id"] for one in lines_of(cli("export").out)] == [4, 2, 1]


def test_promise_31_csv_cells_are_no_formulas_and_have_no_controls(cli):
    with closing(open_again(cli.archive)) as archive:
        archive.article("Ruritania Today", "https://today.example/f", "=1+1", '@SUM(A1)\x1b[2J\u202e "quoted"')
        archive.article("Ruritania Today", "https://today.example/g", "-12.5", "+1")
    rows = list(csv.DictReader(io.StringIO(cli("export", "--format", "csv").out)))
    assert tuple(rows[0]) == CSV_COLUMNS
    by_url = {row["url"]: row for row in rows}
    assert by_url["https://today.example/f"]["title"] == "'=1+1"
    assert by_url["https://today.example/f"]["text"] == '\'@SUM(A1) "quoted"'
    assert by_url["https://today.example/g"]["title"] == "-12.5"
    assert by_url["https://today.example/a2"]["watches"] == "Grain"
    assert by_url["https://today.example/a1"]["meetings"] == "Arda Lin – Boris Vale: held"


def test_hostile_text_keeps_to_its_line_of_json(cli):
    with closing(open_again(cli.archive)) as archive:
        archive.article("Ruritania Today", "https://today.example/h", "a\u2028b", "c\x85d\u202e\x9b31m")
    out = cli("export").out
    assert len(out.split("\n")) == 6
    assert not set("\u2028\x85\u202e\x9b") & set(out)
    assert lines_of(out)[0]["title"] == "a\u2028b"


def test_an_export_to_a_file_is_whole_or_not_there(cli, tmp_path, monkeypatch):
    file = tmp_path / "all.jsonl"
    assert cli("export", str(file)).code == 0
    assert len(lines_of(file.read_text())) == 4
    before = file.read_text()

    def broken(view):
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "record_of", broken)
    assert cli("export", "--force", str(file)).code == 130
    assert file.read_text() == before
    assert not list(tmp_path.glob("*.part"))
    assert cli("export", str(file)).code == 2


# ---------------------------------------------------------------- other tables


@pytest.mark.parametrize("table", TABLES)
def test_every_table_that_is_offered_is_exported_whole(cli, table):
    with closing(open_reader(cli.archive.path)) as connection:
        known = len(list(connection.execute(f"SELECT 1 FROM {table}")))  # noqa: S608 (from TABLES)
        assert TABLES[table] in columns_of(connection, table)
    rows = lines_of(cli("export", "--table", table).out)
    assert len(rows) == known
    shown = list(csv.DictReader(io.StringIO(cli("export", "--table", table, "--format", "csv").out)))
    assert len(shown) == known
    assert all(list(row) == list(other) for row, other in zip(rows, shown, strict=True))
    assert lines_of(cli("export", "--table", table, "--since", "2030-01-01").out) == []


def test_what_is_json_is_read_and_numbers_stay_numbers(cli):
    (meeting,) = lines_of(cli("export", "--table", "meetings", "--since", "2023-05-17").out)
    assert (meeting["participants"], meeting["reports"]) == (["Arda Lin", "Boris Vale"], 2)
    (shown,) = csv.DictReader(io.StringIO(cli("export", "--table", "meetings", "--format", "csv").out))
    assert json.loads(shown["participants"]) == meeting["participants"]
    assert shown["reports"] == "2"


def test_a_day_is_compared_as_a_day(cli):
    rows = lines_of(cli("export", "--table", "coverage_per_day", "--since", "2023-05-18T09:00").out)
    assert {row["day"] for row in rows} == {"2023-05-18"}


def test_promise_31_formulas_do_not_get_into_a_spreadsheet_by_a_table_either(cli):
    db = open_writer(cli.archive.path)
    with closing(db.conn):
        db.execute("UPDATE alerts SET title = '=cmd()', detail = '-5'")
    for row in csv.DictReader(io.StringIO(cli("export", "--table", "alerts", "--format", "csv").out)):
        assert (row["title"], row["detail"]) == ("'=cmd()", "-5")


def test_promise_36_secrets_of_addresses_stay_out_of_exports(cli):
    db = open_writer(cli.archive.path)
    with closing(db.conn):
        db.execute("UPDATE sources SET spec = json_set(spec, '$.endpoints[0][1]', 'https://me:hunter2@a.example/f')")
        db.execute("UPDATE polls SET url = 'https://a.example/f?token=hunter2'")
    for table in ("sources", "polls"):
        said = cli("export", "--table", table).out
        assert "hunter2" not in said
        assert "***" in said


def test_an_unknown_table_is_named_with_those_that_are_known(cli):
    said = cli("export", "--table", "recipes")
    assert said.code == 2
    assert "alerts_with_evidence" in said.err
    assert cli("export", "--table", "articles").out == cli("export").out
