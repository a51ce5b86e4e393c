import json
from contextlib import closing
from datetime import timedelta

import pytest

from envoywatch.cli.sources_health import spark
from storage.database import open_writer
from storage.health import Outage
from storage.losses import record_losses
from storage.model import Fault, FaultKind
from tests.seeding import NOW, Archive, Commands


@pytest.fixture
def cli(tmp_path, capsys):
    archive = Archive(tmp_path)
    with closing(archive):
        archive.poll("Ministry", at=NOW)
        archive.poll("Ministry", status=304)
        moved = "moved for good to https://a.example/?token=s3cr3t-t0ken"
        archive.poll("Ministry", status=200, cut=30, notes=(moved,))
        secret = Fault(FaultKind.GONE, "404 from https://b.example/rss?token=s3cr3t-t0ken")
        archive.poll("Broken Times", fault=secret, at=NOW - timedelta(days=1))
    return Commands(archive, capsys)


def test_a_day_is_as_high_as_its_share_of_the_busiest():
    assert spark([0, 1, 4, 8]) == "·▁▄█"
    assert spark([1, 1000]) == "▁█"
    assert spark([0, 0]) == "··"
    assert spark([]) == ""


def test_the_list_has_those_that_need_you_first_with_bars_and_why(cli):
    lines = cli("sources", "list").out.splitlines()
    assert lines[0].split()[:4] == ["NAME", "HEALTH", "14", "DAYS"]
    assert lines[1].startswith("Broken Times")
    assert "lost" in lines[1]
    assert "·" * 14 in lines[1]
    assert "the page is not there any more" in lines[1]
    assert "s3cr3t" not in lines[1]


def test_the_faulty_alone_on_request(cli):
    assert {one["health"] for one in cli.json("sources", "list", "--faulty")} <= {"lost", "failing", "late", "silent"}


def test_machines_get_every_fact_of_a_source_with_the_same_keys_for_all(cli):
    listed = {one["name"]: one for one in cli.json("sources", "list")}
    assert len({frozenset(one) for one in listed.values()}) == 1
    broken = listed["Broken Times"]
    assert (broken["health"], broken["fault"], broken["failures"]) == ("lost", "gone", 1)
    assert broken["since"].endswith("Z")
    assert "sources add" in broken["remedy"]
    assert len(broken["per_day"]) == 14
    assert "s3cr3t" not in json.dumps(listed)


def test_one_source_is_shown_in_full(cli):
    said = cli("sources", "show", "broken times")
    assert said.code == 0
    for told in ("lost since", "what to do", "never", "Endpoints", "Last polls", "not known yet"):
        assert told in said.out
    assert "s3cr3t" not in said.out
    document = cli.json("sources", "show", "Broken Times", "--polls", "1")
    assert len(document["polls"]) == 1
    assert "s3cr3t" not in json.dumps(document)
    assert "delivers" in cli("sources", "show", "Ministry").out


def test_why_a_source_is_asked_when_it_is_stands_beside_its_next_poll(cli):
    db = open_writer(cli.archive.path)
    with closing(db.conn):
        db.execute("UPDATE sources SET pace = 'seldom', pace_s = 600, held_until = '2099-01-01T00:00:00.000000Z'")
    out = " ".join(cli("sources", "show", "Ministry").out.split())
    assert "every 10m, not every" in out
    assert "it seldom has something new" in out
    assert "its host asked for it" in out
    document = cli.json("sources", "show", "Ministry")
    assert (document["pace"], document["held_until"]) == ("seldom", "2099-01-01T00:00:00Z")


def test_what_was_skipped_is_told_for_the_source_and_for_each_poll(cli):
    said = cli("sources", "show", "Ministry").out
    assert "1 answer not modified, 1 body as before, 30 items seen before" in " ".join(said.split())
    assert "moved for good" in " ".join(said.split())
    assert "s3cr3t" not in said
    document = cli.json("sources", "show", "Ministry")
    assert (document["skips"]["items_cut"], document["skips"]["polls"]) == (30, 3)
    assert [(poll["entries"], poll["cut"], poll["known"]) for poll in document["polls"]][-1] == (30, 30, 0)
    assert "s3cr3t" not in json.dumps(document)


def test_a_source_that_is_not_there_is_a_mistake_with_a_suggestion(cli):
    said = cli("sources", "show", "Brokn Times")
    assert said.code == 2
    assert "Broken Times" in said.err


def test_status_says_that_the_machine_seems_offline(cli):
    db = open_writer(cli.archive.path)
    with closing(db.conn):
        nothing = {"alert": None, "decisions": (), "lost": (), "back": ()}
        record_losses(db, NOW, outage=Outage(NOW, NOW), **nothing)
        assert "This machine seems offline since" in cli("status").out
        record_losses(db, NOW, outage=Outage(NOW, NOW, NOW), **nothing)
        assert "something answers again" in cli("status").out
    assert cli.json("status")["standing"]["outage"]["since"].endswith("Z")
