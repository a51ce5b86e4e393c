import csv
import io
import json
from contextlib import closing

import pytest

from envoywatch.cli import export
from envoywatch.cli.export import CSV_COLUMNS
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
        "overlap", "added", "originator", "credit", "author", "claimed_at", "read_at", "text", "matches", "claims",
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
