"""What people said of alerts: precision over time, and labelled lines to measure the detector on."""

import json
import sqlite3
from contextlib import closing

import pytest

from alerts.meetings.reader import MeetingReader
from tests.seeding import Commands, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def review(cli, **reviews):
    for alert, said in reviews.items():
        assert cli("alerts", "review", alert.removeprefix("a"), said).code == 0


def about_meetings(cli):
    return [one["id"] for one in cli.json("alerts", "list") if one["meeting"]]


def lines(cli, *options):
    said = cli("export", "--labels", *options)
    assert said.code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def test_precision_is_told_by_watch_language_source_and_month(cli):
    review(cli, a1="right", a2="right", a3="noise")
    found = cli.json("alerts", "list", "--precision")
    whole = found[0]
    assert (whole["by"], whole["month"], whole["reviewed"], whole["reviews"]) == (
        "all",
        None,
        3,
        {"right": 2, "noise": 1},
    )
    assert whole["precision"] == pytest.approx(2 / 3)
    assert {one["by"] for one in found} == {"all", "watch", "language", "source"}
    assert {one["month"] for one in found} == {None, "2023-05"}
    for by in ("watch", "language", "source"):
        assert sum(one["reviewed"] for one in found if one["by"] == by and one["month"] is None) == 3
    assert "67% of 3" in cli("alerts", "list", "--precision").out


def test_a_review_taken_back_counts_no_more(cli):
    review(cli, a1="noise")
    review(cli, a1="none")
    assert cli.json("alerts", "list", "--precision") == []
    assert "No alert was reviewed yet" in cli("alerts", "list", "--precision").out
    assert lines(cli) == []


def test_precision_is_bounded_in_time(cli):
    review(cli, a1="right")
    assert cli.json("alerts", "list", "--precision", "--since", "2023-06-01") == []


def test_what_was_right_is_exported_as_a_labelled_line(cli):
    first = about_meetings(cli)[-1]
    review(cli, **{f"a{first}": "right"})
    (line,) = lines(cli)
    assert set(line) == {"id", "lang", "published", "title", "text", "events", "note", "source"}
    (event,) = line["events"]
    assert set(event) == {"participants", "level", "status", "date", "place", "evidence"}
    assert event["evidence"] in line["text"]
    assert (event["status"], event["participants"]) == ("held", ["Arda Lin", "Boris Vale"])
    assert (line["published"], line["note"]) == ("2023-05-17", "reviewed: right")


@pytest.mark.parametrize(("said", "unsure"), [("noise", 0), ("wrong-status", 1), ("wrong-person", 1), ("duplicate", 0)])
def test_what_was_wrong_is_no_event_and_what_it_is_a_person_must_say(cli, said, unsure):
    review(cli, **{f"a{about_meetings(cli)[-1]}": said})
    (line,) = lines(cli)
    assert len(line["events"]) == (said == "duplicate")
    assert len(line.get("unsure", ())) == unsure


def test_labelled_lines_are_read_by_what_measures_the_detector(cli):
    review(cli, **{f"a{about_meetings(cli)[-1]}": "right"})
    (line,) = lines(cli)
    from datetime import UTC, datetime

    from config.load import load_config
    from config.people import load_people

    config = load_config(cli.archive.config_file, environ={}).config
    reader = MeetingReader(load_people(config.people, config.groups))
    at = datetime.fromisoformat(line["published"]).replace(tzinfo=UTC)
    claims = reader.read(line["title"], line["text"], line["lang"], at)
    assert {(claim.participants, claim.status.value) for claim in claims} >= {
        (tuple(event["participants"]), event["status"]) for event in line["events"]
    }


def test_labels_take_no_other_format(cli):
    said = cli("export", "--labels", "--format", "csv")
    assert said.code == 2
    assert "JSON Lines" in said.err


def test_a_review_of_an_alert_that_is_gone_says_so(cli):
    with closing(sqlite3.connect(cli.archive.path)) as db, db:
        db.execute("DELETE FROM deliveries")
        db.execute("UPDATE decisions SET alert_id = NULL")
        db.execute("DELETE FROM alerts WHERE id = 2")
    said = cli("alerts", "review", "2", "right")
    assert said.code == 2
    assert "there is no alert 2" in said.err
    assert "alerts list" in said.err
