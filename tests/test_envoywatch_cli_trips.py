import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest

from envoywatch.evidence import pack_hash
from tests.seeding import Commands, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def test_a_persons_trip_is_shown_stop_by_stop(cli):
    said = cli("meetings", "list", "--person", "林达", "--trips")
    assert said.code == 0
    assert "Arda Lin: 2023-05-17" in said.out
    assert "Zenda" in said.out
    assert "leader level: Zenda" in said.out
    assert "no read-out of another side" in said.out


def test_a_trip_as_json_has_its_stops_and_what_compares_them(cli):
    (trip,) = cli.json("meetings", "list", "--person", "Arda Lin", "--trips")
    assert trip["person"] == "Arda Lin"
    assert (trip["stops"][0]["place"], trip["stops"][0]["days"]) == ("Zenda", 1)
    assert trip["stops"][0]["encounters"][0]["hosts"] == ["Boris Vale"]
    assert trip["capitals"] == ["leader level: Zenda"]


def test_trips_need_a_person(cli):
    said = cli("meetings", "list", "--trips")
    assert said.code == 2
    assert "--person NAME" in said.err


def test_a_trip_is_exported_for_a_spreadsheet_and_a_calendar(cli):
    rows = list(csv.DictReader(io.StringIO(cli("meetings", "export", "--trips", "--person", "Arda Lin").out)))
    assert (rows[0]["place"], rows[0]["received_by"], rows[0]["highest_level"]) == ("Zenda", "Boris Vale", "leader")
    calendar = cli("meetings", "export", "--trips", "--person", "Arda Lin", "--format", "ics").out
    assert "SUMMARY:Arda Lin in Zenda" in calendar
    assert "DTSTART;VALUE=DATE:20230517\nDTEND;VALUE=DATE:20230518" in calendar.replace("\r", "")
    assert json.loads(cli("meetings", "export", "--trips", "--person", "Arda Lin", "--format", "json").out)


def test_the_evidence_of_a_meeting_is_one_file_whose_hashes_hold(cli, tmp_path):
    import hashlib

    target = tmp_path / "pack.json"
    said = cli("meetings", "export", "--pack", "1", str(target))
    assert said.code == 0
    pack = json.loads(target.read_text(encoding="utf-8"))
    assert pack["schema"] == "envoywatch/evidence/1"
    assert pack["sha256"] == pack_hash(pack)
    assert pack["history"]
    assert pack["claims"][0]["evidence"] in pack["articles"][0]["text"] + pack["articles"][0]["title"]
    for article in pack["articles"]:
        assert article["text_sha256"] == hashlib.sha256(article["text"].encode()).hexdigest()
        assert article["seen_at"].endswith("Z")
    assert pack["alerts"][0]["decisions"]
    assert pack_hash({**pack, "meeting": {}}) != pack["sha256"]


def test_the_evidence_as_a_page_escapes_what_it_quotes_and_asks_nothing(cli, tmp_path):
    with closing(sqlite3.connect(cli.archive.path)) as db, db:
        db.execute(
            "UPDATE articles SET text = text || ?, url = 'javascript:alert(1)' WHERE id = 1",
            ["<script>alert(1)</script>\u202e\x1b[31m"],
        )
    target = tmp_path / "pack.html"
    assert cli("meetings", "export", "--pack", "1", str(target)).code == 0
    page = target.read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert "\u202e" not in page


def test_the_evidence_of_an_unknown_meeting_is_a_mistake_with_a_hint(cli):
    said = cli("meetings", "export", "--pack", "999")
    assert said.code == 2
    assert "meetings list" in said.err
