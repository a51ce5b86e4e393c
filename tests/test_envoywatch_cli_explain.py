import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from storage.database import open_reader
from storage.entries import finish_entry
from storage.model import Entry, Needs, Reason, Text, TextOrigin, Verdict
from storage.views import get_article
from tests.outlet import serving
from tests.seeding import CONFIG, NOW, Commands, claim_of, open_again, seed, with_watch

pytest_plugins = ("tests.crawler_fixtures",)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def answers(document):
    return {one["watch"]: one for one in document["watches"]}


# ---------------------------------------------------------------- stored


@pytest.mark.parametrize("reference", ["1", "https://today.example/a1", "https://TODAY.example/a1?utm_source=feed#top"])
def test_an_article_is_found_by_id_and_by_its_url_in_any_disguise(cli, reference):
    document = cli.json("explain", reference)
    assert set(document) == {"stored", "explanation", "watches"}
    assert document["stored"] is True
    assert document["explanation"]["article"]["line"]["id"] == 1


def test_promise_43_every_configured_watch_answers_with_its_first_condition_that_failed(cli):
    found = answers(cli.json("explain", "4"))
    assert list(found) == ["Envoy", "Grain", "Audience"]
    assert found["Envoy"]["failed"] == "this does not hold: @arda-lin"
    assert found["Grain"]["failed"] == "this does not hold: grain NEAR/5 corridor"
    assert found["Audience"]["failed"] == "no sentence reports a meeting"
    assert not any(one["matches"] for one in found.values())


def test_promise_43_what_matched_is_told_with_where_and_what_was_decided(cli, monkeypatch):
    found = answers(cli.json("explain", "1"))
    assert found["Envoy"]["matches"]
    assert found["Envoy"]["recorded"][0]["verdict"] == "alert"
    assert found["Audience"]["matches"]
    assert found["Audience"]["would"][0]["reason"] == "first-report"
    monkeypatch.setenv("COLUMNS", "100")
    out = cli("explain", "1").out
    for part in ("first poll", "alerted", "Arda Lin, talks", "Arda Lin >>met<< President", "desk", "What it alerted"):
        assert part in out


def test_the_screen_fits_sixty_columns(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("explain", "2")
    assert said.code == 0
    assert all(len(line) <= 60 for line in said.out.splitlines())


def test_a_watch_added_since_is_asked_too(tmp_path, capsys):
    archive = seed(tmp_path)
    config = with_watch(CONFIG, "{name: Rain, query: rained, send: now}")
    config = with_watch(config, "{name: Ministers, meeting: {guest: Arda Lin, level: minister}, send: now}")
    archive.config_file.write_text(config, encoding="utf-8")
    cli = Commands(archive, capsys)
    found = answers(cli.json("explain", "4"))
    assert found["Rain"]["matches"]
    assert found["Rain"]["recorded"] == []
    assert answers(cli.json("explain", "1"))["Ministers"]["failed"] == "the watch asks for a higher level"


def test_a_spent_budget_counts_as_it_stood_when_the_article_was_read(tmp_path, capsys):
    archive = seed(tmp_path)
    archive.config_file.write_text(CONFIG.replace("name: Envoy,", "name: Envoy, at_most: 1/d,"), encoding="utf-8")
    cli = Commands(archive, capsys)
    assert answers(cli.json("explain", "1"))["Envoy"]["would"][0]["reason"] == "watch-matched"
    assert answers(cli.json("explain", "2"))["Envoy"]["would"][0]["reason"] == "over-budget"
    assert "told at" in cli("explain", "2").out


def test_a_watch_changed_since_says_that_it_did_match(tmp_path, capsys):
    archive = seed(tmp_path)
    changed = CONFIG.replace("@arda-lin AND (talks OR 会谈)", "nothing")
    archive.config_file.write_text(changed, encoding="utf-8")
    assert "when it was read it did match" in Commands(archive, capsys)("explain", "1").out


def test_each_alert_names_the_revision_of_its_watch_and_the_text_that_fired_it(tmp_path, capsys):
    archive = seed(tmp_path)
    command = Commands(archive, capsys)
    said = "@arda-lin AND (talks OR 会谈) (revision 1, since 2023-05-16 12:00 UTC; "
    assert said + "as now)" in command("explain", "1").out
    alert = next(one for one in command.json("explain", "1")["explanation"]["alerts"] if one["watch"] == "Envoy")
    assert (alert["watch_revision"]["watch"], alert["watch_revision"]["number"]) == ("Envoy", 1)
    archive.config_file.write_text(CONFIG.replace("会谈", "会晤"), encoding="utf-8")
    out = command("explain", "1").out
    assert said + "changed since)" in out
    assert "as first read" in out
    assert said + "changed since)" in command("alerts", "show", str(alert["id"])).out
    archive.config_file.write_text(CONFIG.replace("name: Envoy,", "name: Another,"), encoding="utf-8")
    assert said + "it is gone now)" in command("explain", "1").out


def test_a_copy_names_the_article_that_had_the_text_first(cli):
    with closing(open_again(cli.archive)) as archive:
        copy = archive.article("Broken Times", "https://broken.example/c", "Weather", "It rained in Zenda.")
    assert "Ruritania Today had it first" in cli("explain", str(copy)).out
    assert "Broken Times" in cli("explain", "4").out


def test_claims_that_change_nothing_are_told_so(cli):
    text = "Arda Lin had met Boris Vale before."
    with closing(open_again(cli.archive)) as archive:
        from config.vocabulary import Status

        article = archive.article(
            "Broken Times", "https://b.example/x", "t", text, claims=[claim_of(text, text, Status.BACKGROUND)]
        )
    assert "change nothing" in cli("explain", str(article)).out


def test_promise_43_an_entry_that_never_became_an_article_says_why(cli):
    with closing(open_again(cli.archive)) as archive:
        archive.poll("Ministry", [Entry("https://ministry.example/gone", "g", "Gone", published_at=NOW)])
        entry = archive.db.execute("SELECT max(id) FROM entries").fetchone()[0]
        finish_entry(archive.db, entry, None, "failed", "404 Not Found")
    said = cli("explain", "https://ministry.example/gone")
    assert said.code == 0
    assert "404 Not Found" in said.out
    document = cli.json("explain", "https://ministry.example/gone")
    assert document["stored"] is False
    assert document["explanation"]["entries"][0]["state"] == "failed"


@pytest.mark.parametrize("reference", ["99", "no-such-thing", "ftp://x.example/y"])
def test_what_is_neither_stored_nor_a_web_address_is_a_mistake(cli, reference):
    said = cli("explain", reference)
    assert said.code == 2
    assert "hint: " in said.err


# ---------------------------------------------------------------- not stored

PAGE = """<html lang="en"><head><title>Envoy again</title></head><body><article><h1>Envoy again</h1>
<p>Arda Lin held talks in Zenda on Thursday about the harbour, the tariffs on salt and the long road between.</p>
<p>The talks ended late. Nobody said when the next would be, and the delegation left for the station by carriage.</p>
</article></body></html>"""


@pytest.fixture
def outlet():
    with serving({"/new": ("text/html; charset=utf-8", PAGE)}) as address:
        yield address


def allow_loopback(archive):
    archive.config_file.write_text("crawl: {private_addresses: true, delay: 0s}\n" + CONFIG, encoding="utf-8")


def explain(archive, *arguments):
    """In a process of its own, as its user runs it."""
    allow_loopback(archive)
    return subprocess.run(
        [sys.executable, "-m", "envoywatch", "--config", str(archive.config_file), "explain", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )


def test_an_unknown_url_is_fetched_and_decided_about_but_not_recorded(tmp_path, outlet):
    archive = seed(tmp_path)
    said = explain(archive, f"{outlet}/new", "--json")
    assert said.returncode == 0, said.stderr
    assert "nothing will be recorded" in said.stderr
    document = json.loads(said.stdout)
    assert set(document) == {"stored", "reading", "outcome", "watches"}
    assert document["reading"]["text"]["title"] == "Envoy again"
    assert answers(document)["Envoy"]["matches"]
    assert document["outcome"]["alerts"][0]["watch"] == "Envoy"
    with closing(open_reader(archive.path)) as connection:
        assert connection.execute("SELECT count(*) FROM articles").fetchone()[0] == 4
        assert connection.execute("SELECT count(*) FROM entries WHERE state = 'pending'").fetchone()[0] == 0


def test_a_url_that_cannot_be_read_is_told_in_words_with_a_remedy(cli, outlet, world, monkeypatch):
    monkeypatch.setattr("envoywatch.reading_now.run", lambda work: world.run(work()))  # a process has one reactor
    allow_loopback(cli.archive)
    said = cli("explain", f"{outlet}/gone")
    assert said.code == 1
    assert "could not be read: the page is not there any more" in said.err
    assert "hint: The article was taken down or moved" in said.err


@pytest.mark.parametrize("has_database", [True, False])
def test_what_is_known_of_the_ledger_is_taken_into_account(cli, monkeypatch, has_database):
    from envoywatch import reading_now, why

    monkeypatch.setattr(why, "LEDGER_WINDOW", timedelta(days=36_500))  # the small archive is of 2023
    _, reading = reading_of(cli.archive, 1, url="https://b.example/9", source="Broken Times")
    monkeypatch.setattr(reading_now, "read_page_now", lambda config, url: reading)
    if not has_database:
        cli.archive.path.unlink()
    said = cli("explain", "https://b.example/9")
    assert said.code == 0
    assert "Not stored: Envoy received" in said.out
    assert ("this was told before" in said.out) is has_database
    assert cli.json("explain", "https://b.example/9")["stored"] is False


# ---------------------------------------------------------------- the parts, without a network


def reading_of(archive, article_id, **changes):
    from dataclasses import replace

    from envoywatch.why import Judge

    judge = Judge(archive.loaded)
    with closing(open_reader(archive.path)) as connection:
        reading = judge.reading_of(get_article(connection, article_id))
    return judge, replace(reading, **changes)


def test_what_was_told_before_is_known_when_a_new_report_is_judged(tmp_path):
    from envoywatch.why import known_of

    archive = seed(tmp_path)
    judge, reading = reading_of(archive, 1, source="Broken Times", url="https://b.example/9")
    with closing(open_reader(archive.path)) as connection:
        known = known_of(connection, reading, Needs(), NOW)
    told = {(report.meeting_key, report.source) for report in known.reports}
    assert told == {(known.meetings[0].key, name) for name in ("Ruritania Today", "Ministry")}
    outcome = judge.outcome(reading, known, NOW)
    audience = next(one for one in outcome.decisions if one.watch == "Audience" or one.meeting_key)
    assert (audience.verdict, audience.reason) == (Verdict.QUIET, Reason.ALREADY_TOLD)


def test_of_people_nobody_reported_nothing_is_known(tmp_path):
    from envoywatch.why import known_of

    archive = seed(tmp_path)
    _, reading = reading_of(archive, 4)
    with closing(open_reader(archive.path)) as connection:
        assert known_of(connection, reading, Needs(), NOW).meetings == ()


def test_an_unstored_reading_is_printed_like_a_stored_one(tmp_path, capsys):
    from envoywatch.cli.explain import _print_reading
    from storage.model import Known

    archive = seed(tmp_path)
    judge, reading = reading_of(archive, 1)
    outcome = judge.outcome(reading, Known(), NOW)
    _print_reading(reading, outcome, judge.answers(reading, outcome))
    out = capsys.readouterr().out
    assert "Not stored: Envoy received" in out
    assert "Arda Lin >>met<< President" in out
    assert "the first report of a watched meeting" in out


def test_a_url_of_a_configured_host_is_read_as_that_source(tmp_path):
    from envoywatch.reading_now import pending_entry

    archive = seed(tmp_path)
    pending = pending_entry(archive.loaded, "https://www.ministry.example/new#x", NOW)
    assert (pending.spec.name, pending.spec.language) == ("Ministry", "zh")
    assert pending.article_url == "https://www.ministry.example/new"
    other = pending_entry(archive.loaded, "https://elsewhere.example/", NOW)
    assert other.spec.name == "elsewhere.example"


def test_the_source_gives_the_language_of_an_article_that_does_not_tell_its_own(tmp_path):
    from envoywatch.why import Judge

    archive = seed(tmp_path)
    with closing(open_again(archive)) as again:
        article = again.article("Ministry", "https://ministry.example/q", "林达", "林达。", language=None)
    with closing(open_reader(archive.path)) as connection:
        reading = Judge(archive.loaded).reading_of(get_article(connection, article))
    assert reading.text.language == "zh"
    assert reading.text == Text(
        "林达", "林达。", "zh", TextOrigin.PAGE, "https://ministry.example/q", None, reading.published_at
    )
    assert reading.seen_at - NOW == timedelta(0)
