import csv
import io
import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.vocabulary import Level, Status
from envoywatch.cli.calendar import fold_line, render_calendar
from envoywatch.cli.meetings import CSV_COLUMNS
from storage.model import Meeting
from tests.seeding import CONFIG, Archive, Commands, claim_of, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


MEETING = Meeting(
    key="k1",
    participants=("Arda Lin", "Boris Vale"),
    level=Level.LEADER,
    status=Status.HELD,
    date=date(2023, 5, 31),
    place="Zenda",
    first_reported_at=datetime(2023, 5, 31, 10, tzinfo=UTC),
    updated_at=datetime(2023, 5, 31, 12, 30, tzinfo=UTC),
)


# ---------------------------------------------------------------- list and show


def test_the_ledger_is_listed_in_sixty_columns_without_breaking_dates(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("meetings", "list")
    assert said.code == 0
    assert all(len(line) <= 60 for line in said.out.splitlines())
    assert "2023-05-17  " in said.out
    assert "confirmed" in said.out


def test_the_ledger_as_json_has_its_keys_and_utc_times(cli):
    (meeting,) = cli.json("meetings", "list")
    assert meeting["participants"] == ["Arda Lin", "Boris Vale"]
    assert (meeting["status"], meeting["level"], meeting["confirmed"], meeting["reports"]) == (
        "held",
        "leader",
        True,
        2,
    )
    assert meeting["first_reported_at"] == "2023-05-17T16:00:00Z"
    assert meeting["date"] == "2023-05-17"


@pytest.mark.parametrize("name", ["Arda Lin", "arda lin", "林达", "Арда Линь", "@arda-lin", "everyone", "Boris Vale"])
def test_a_person_is_found_in_every_written_form_and_through_groups(cli, name):
    assert len(cli.json("meetings", "list", "--person", name)) == 1


def test_an_unknown_person_is_a_mistake_with_a_hint(cli):
    said = cli("meetings", "list", "--person", "Arda Linn")
    assert said.code == 2
    assert "did you mean Arda Lin" in said.err


def test_a_known_person_without_meetings_in_that_time_is_no_mistake(cli):
    assert cli.json("meetings", "list", "--person", "Arda Lin", "--since", "1d") == []


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--status", "held"], 1),
        (["--status", "denied"], 0),
        (["--level", "leader"], 1),
        (["--level", "minister"], 0),
        (["--since", "2023-05-17"], 1),
        (["--since", "2023-05-19"], 0),
        (["--until", "2023-05-17"], 0),
    ],
)
def test_meetings_are_narrowed(cli, arguments, found):
    assert len(cli.json("meetings", "list", *arguments)) == found


def test_finding_none_is_said(cli):
    assert "No meeting in the ledger fits." in cli("meetings", "list", "--status", "denied").out


def test_a_list_that_is_cut_says_so(cli):
    assert "--limit" in cli("meetings", "list", "--limit", "1").err


def test_a_meeting_is_shown_with_history_reports_and_marked_evidence(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    said = cli("meetings", "show", "1")
    assert said.code == 0
    assert "Meeting 1: Arda Lin and Boris Vale met" in said.out
    assert "Arda Lin >>met<< President Boris Vale in Zenda on Wednesday." in said.out
    assert "林达同总统>>举行会谈<<。" in said.out
    assert "confirmed by an official source" in said.out
    assert "Ruritania Today, article 1" in said.out


def test_a_meeting_is_found_by_its_key_too(cli):
    (meeting,) = cli.json("meetings", "list")
    assert cli.json("meetings", "show", meeting["key"]) == cli.json("meetings", "show", "1")
    view = cli.json("meetings", "show", "1")
    assert set(view) == {"meeting", "history", "claims", "reports", "alert_ids"}
    assert view["claims"][0]["evidence"]["marks"] == [{"start": 9, "end": 12, "kind": "meets"}]


@pytest.mark.parametrize("reference", ["77", "nokey", "9" * 30])
def test_an_unknown_meeting_is_a_mistake_with_a_hint(cli, reference):
    said = cli("meetings", "show", reference)
    assert said.code == 2
    assert "hint: " in said.err
    assert "Traceback" not in said.err


def test_hostile_text_is_escaped_on_the_terminal(tmp_path, capsys):
    archive = Archive(tmp_path)
    sentence = "Arda Lin \x1b[31mmet\u202e Boris Vale."
    with closing(archive):
        archive.article(
            "Ruritania Today",
            "https://today.example/evil",
            "Title \x1b]0;owned\x07",
            sentence,
            claims=[claim_of(sentence, sentence, cue="met", place="Zen\x9bda")],
        )
    said = Commands(archive, capsys)("meetings", "show", "1")
    assert said.code == 0
    assert not set("\x1b\x9b\x07\u202e") & set(said.out)
    assert "\\e[31m" in said.out


# ---------------------------------------------------------------- export


def test_the_csv_has_one_row_a_meeting_and_a_known_head(cli):
    rows = list(csv.DictReader(io.StringIO(cli("meetings", "export").out)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert rows[0]["participants"] == "Arda Lin; Boris Vale"
    assert (rows[0]["confirmed"], rows[0]["disputed"], rows[0]["id"]) == ("true", "false", "1")


def test_promise_31_a_formula_does_not_reach_a_spreadsheet(tmp_path, capsys):
    archive = Archive(tmp_path)
    text = "Arda Lin met Boris Vale."
    with closing(archive):
        archive.article(
            "Ruritania Today",
            "https://today.example/f",
            "t",
            text,
            claims=[claim_of(text, text, place='=HYPERLINK("http://evil","x")')],
        )
    rows = list(csv.DictReader(io.StringIO(Commands(archive, capsys)("meetings", "export").out)))
    assert rows[0]["place"] == """'=HYPERLINK("http://evil","x")"""


def test_an_export_goes_to_a_file_once_and_again_only_by_force(cli, tmp_path):
    file = tmp_path / "meetings.json"
    said = cli("meetings", "export", "--format", "json", str(file))
    assert (said.code, said.out) == (0, "")
    assert "1 meeting written" in said.err
    assert json.loads(file.read_text())[0]["id"] == 1
    again = cli("meetings", "export", str(file))
    assert again.code == 2
    assert "--force" in again.err
    assert cli("meetings", "export", "--force", str(file)).code == 0
    assert file.read_text().startswith("id,key")
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_cannot_be_written_is_told_in_a_line(cli, tmp_path):
    said = cli("meetings", "export", "--force", str(tmp_path))
    assert said.code != 0
    said = cli("meetings", "export", str(tmp_path / "none" / "x.csv"))
    assert said.code == 2
    assert "there is no folder" in said.err
    assert "hint: make it first" in said.err


def unfolded(text):
    """Content lines, read by hand as RFC 5545 says: unfold, then split name, parameters and value."""
    assert text.endswith("\r\n")
    lines = text.replace("\r\n ", "").split("\r\n")[:-1]
    return [tuple(line.split(":", 1)) for line in lines]


def unescaped(value):
    out, at = "", 0
    while at < len(value):
        if value[at] == "\\":
            out += {"n": "\n", "N": "\n"}.get(value[at + 1], value[at + 1])
            at += 2
        else:
            out += value[at]
            at += 1
    return out


def test_the_calendar_has_an_all_day_event_that_reads_back(cli):
    out = cli("meetings", "export", "--format", "ics").out
    lines = unfolded(out)
    assert lines[0] == ("BEGIN", "VCALENDAR")
    assert lines[-1] == ("END", "VCALENDAR")
    fields = dict(lines)
    assert fields["VERSION"] == "2.0"
    assert fields["DTSTART;VALUE=DATE"] == "20230517"
    assert fields["DTEND;VALUE=DATE"] == "20230518"
    assert fields["DTSTAMP"] == "20230517T180000Z"
    assert fields["SUMMARY"] == "Arda Lin and Boris Vale met"
    assert unescaped(fields["DESCRIPTION"]).splitlines() == [
        "Status: held",
        "Reported by 2 sources",
        "Confirmed by official sources of CN",
    ]
    assert fields["STATUS"] == "CONFIRMED"


def test_a_meeting_without_a_day_is_left_out_of_the_calendar_and_counted(tmp_path, capsys):
    archive = Archive(tmp_path)
    text = "Arda Lin may meet Boris Vale."
    with closing(archive):
        archive.article(
            "Ruritania Today",
            "https://today.example/p",
            "t",
            text,
            claims=[claim_of(text, text, Status.PROPOSED, day=None)],
        )
    said = Commands(archive, capsys)("meetings", "export", "--format", "ics")
    assert "VEVENT" not in said.out
    assert "1 of unknown date left out" in said.err


def test_promise_31_no_text_breaks_out_of_its_line_of_the_calendar():
    hostile = 'Zenda\r\nATTACH:http://evil/;x="y",z\\n\u2028END:VCALENDAR'
    lines = unfolded("".join(render_calendar([replace(MEETING, place=hostile)], "1")))
    assert [name for name, _ in lines].count("END") == 2
    assert "ATTACH" not in dict(lines)
    place = unescaped(dict(lines)["LOCATION"])
    assert place == 'Zenda ATTACH:http://evil/;x="y",z\\n END:VCALENDAR'


@pytest.mark.parametrize(
    ("status", "word"),
    [(Status.HELD, "CONFIRMED"), (Status.CANCELLED, "CANCELLED"), (Status.PROPOSED, "TENTATIVE")],
)
def test_a_status_becomes_one_of_the_calendars_three_words(status, word):
    meeting = replace(MEETING, status=status, disputed=True, place=None)
    fields = dict(unfolded("".join(render_calendar([meeting], "1"))))
    assert fields["STATUS"] == word
    assert "LOCATION" not in fields
    assert "disputed" in fields["DESCRIPTION"].replace("\\", "")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_folding_keeps_the_text_and_no_line_is_longer_than_75_octets(text):
    folded = fold_line(text)
    assert folded.replace("\r\n ", "") == text
    assert all(len(line.encode()) <= 75 for line in folded.split("\r\n"))


@given(st.text(max_size=200))
def test_every_place_reads_back_cleaned_on_its_one_line(place):
    from alerts.harmless import one_line

    fields = dict(unfolded("".join(render_calendar([replace(MEETING, place=place)], "1"))))
    assert unescaped(fields.get("LOCATION", "")) == one_line(place)


def test_an_empty_ledger_says_so(tmp_path, capsys):
    Archive(tmp_path, CONFIG).close()
    archive = type("A", (), {"config_file": tmp_path / "envoywatch.yaml"})
    assert "The ledger is empty." in Commands(archive, capsys)("meetings", "list").out


def test_without_a_database_the_refusal_says_what_to_do(tmp_path, capsys):
    archive = seed(tmp_path)
    archive.path.unlink()
    said = Commands(archive, capsys)("meetings", "list")
    assert said.code == 2
    assert "envoywatch run" in said.err
