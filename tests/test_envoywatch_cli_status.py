import json
import os
import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from envoywatch import standing as module
from envoywatch.standing import DaemonState, daemon_state, process_lives, standing
from storage.database import open_reader, open_writer
from storage.hosts import save_hosts
from storage.model import DeliveryFault, DeliveryState, Fault, FaultKind, HostState, Receipt, to_text
from storage.outbox import finish_delivery, lease_deliveries
from storage.runs import beat, end_run, set_note, start_run
from storage.views import Health, Run
from tests.seeding import CONFIG, NOW, SPECS, Archive, Commands, open_again, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def run_of(**changes):
    fields = {
        "started_at": NOW - timedelta(hours=1),
        "ended_at": None,
        "heartbeat_at": NOW - timedelta(seconds=5),
        "pid": 1,
        "host": "here",
        "version": "1",
        "note": "",
    }
    return Run(**{**fields, **changes})


def stand(archive, now=NOW, *, alive=True):
    with closing(open_reader(archive.path)) as connection:
        return standing(connection, archive.loaded, now, lambda _: alive)


# ---------------------------------------------------------------- what is gathered


@pytest.mark.parametrize(
    ("run", "alive", "state"),
    [
        (None, True, DaemonState.NEVER),
        (run_of(), True, DaemonState.RUNNING),
        (run_of(heartbeat_at=NOW - timedelta(minutes=5)), True, DaemonState.HANGING),
        (run_of(), False, DaemonState.DIED),
        (run_of(ended_at=NOW), True, DaemonState.STOPPED),
    ],
)
def test_a_daemon_is_what_its_process_and_its_heartbeat_say(run, alive, state):
    assert daemon_state(run, NOW, lambda _: alive) is state


def test_a_process_of_this_machine_is_asked_and_one_elsewhere_judged_by_its_heartbeat(monkeypatch):
    monkeypatch.setattr(module.socket, "gethostname", lambda: "here")
    assert process_lives(run_of(pid=os.getpid()))
    assert not process_lives(run_of(pid=2**22 + 7))
    elsewhere = run_of(host="there", heartbeat_at=datetime.now(UTC))
    assert process_lives(elsewhere)
    assert not process_lives(run_of(host="there"))

    def not_ours(pid, signal):
        raise PermissionError

    monkeypatch.setattr(module.os, "kill", not_ours)
    assert process_lives(run_of())


def test_promise_a_failing_source_stands_with_class_time_and_remedy(tmp_path):
    found = stand(seed(tmp_path))
    broken = next(one for one in found.unseen if one.name == "Broken Times")
    assert broken.health is Health.FAILING
    assert broken.why == "it refuses us (403 Forbidden); it has never been read"
    assert broken.since == NOW
    assert "user_agent" in broken.remedy


def test_late_and_silent_sources_cannot_be_seen_either(tmp_path):
    archive = Archive(tmp_path)
    with closing(archive):
        for days in range(13, 5, -1):
            archive.article(
                "Ministry", f"https://m.example/{days}", f"t{days}", f"x{days}", at=NOW - timedelta(days=days)
            )
        archive.poll("Ministry", at=NOW)
        archive.poll("Ruritania Today", at=NOW - timedelta(hours=2))
    unseen = {one.name: one.health for one in stand(archive).unseen}
    assert unseen["Ministry"] is Health.SILENT
    assert unseen["Ruritania Today"] is Health.LATE


def test_what_could_not_be_sent_is_told_once_a_channel(tmp_path):
    archive = seed(tmp_path)
    db = open_writer(archive.path)
    with closing(db.conn):
        for delivery in lease_deliveries(db, "desk", NOW, 2, timedelta(minutes=1)):
            receipt = Receipt(
                delivery.id, NOW, ok=False, state=DeliveryState.PARKED, fault=DeliveryFault.REFUSED, detail="401"
            )
            finish_delivery(db, receipt)
    (stuck,) = stand(archive).stuck
    assert (stuck.name, stuck.state) == ("desk", DeliveryState.PARKED)
    assert stuck.why == "the service refused the message (401)"
    assert "outbox retry" in stuck.remedy


def test_the_faults_of_a_newer_configuration_come_from_the_daemons_note(tmp_path):
    archive = seed(tmp_path)
    db = open_writer(archive.path)
    with closing(db.conn):
        start_run(db, "1", NOW)
        set_note(db, "config_faults", ["envoywatch.yaml:3:1: wrong"], NOW)
    found = stand(archive)
    assert found.daemon.state is DaemonState.RUNNING
    assert found.daemon.faults == ("envoywatch.yaml:3:1: wrong",)


def test_copies_and_totals_are_counted(tmp_path):
    archive = seed(tmp_path)
    with closing(open_again(archive)) as again:
        again.article("Broken Times", "https://broken.example/c", "Weather", "It rained in Zenda.")
    found = stand(archive)
    assert (found.totals.articles, found.copies, found.totals.meetings, found.totals.alerts) == (5, 1, 1, 4)
    assert found.digests == {"Morning": None}


# ---------------------------------------------------------------- the screen


def test_the_screen_fits_sixty_columns_and_says_what_cannot_be_seen(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("status")
    assert said.code == 0
    assert all(len(line) <= 60 for line in said.out.splitlines() if str(cli.archive.folder) not in line)
    assert "not running; it never ran on this database" in said.out
    assert "no daemon runs" in said.out
    assert "Broken Times: it refuses us (403 Forbidden); it has" in said.out
    assert "4 waiting" in said.out
    assert "1 meeting from 2 claims" in said.out


def test_what_polling_was_spared_is_summed_up(tmp_path):
    archive = seed(tmp_path)
    with closing(open_again(archive)) as again:
        again.poll("Ministry", status=304, at=NOW)
        again.poll("Broken Times", status=200, cut=1_200, at=NOW)
    skips = stand(archive).skips
    assert (skips.not_modified, skips.items_cut) == (1, 1_200)
    assert skips.told()[0] == ("sources not due", skips.not_due)
    assert skips.not_due > 0


def test_the_screen_says_what_an_upgrade_left_to_be_done(cli):
    assert "upgrade" not in cli("status").out
    with closing(open_writer(cli.archive.path).conn) as connection:
        connection.execute("UPDATE articles SET shingles = NULL WHERE id = 1")
        connection.execute("INSERT INTO backlog (newest, below) VALUES (3, 3)")
    assert cli.json("status")["standing"]["backlog"] == {"copies": 1, "stories": 2}
    assert "articles wait to be looked through for copies; 2 of" in cli("status").out


def test_the_screen_says_what_was_skipped(cli):
    with closing(open_again(cli.archive)) as archive:
        archive.poll("Ministry", status=304)
        archive.poll("Ministry", cut=1_200)
    assert "1 answer not modified, 1,200 items seen before" in " ".join(cli("status").out.split())
    assert cli.json("status")["standing"]["skips"]["items_cut"] == 1_200


def test_the_screen_as_json(cli):
    document = cli.json("status")
    assert set(document) == {"config", "database_path", "standing", "troubles"}
    assert document["config"]["ok"] is True
    assert set(document["standing"]) == {
        "at", "daemon", "sources", "paused", "unseen", "totals", "copies", "outbox", "stuck", "digests", "database",
        "sqlite_safe", "outage", "expected", "held_hosts", "skips", "pruned",
            "backlog",
    }  # fmt: skip
    assert document["standing"]["outbox"]["due"] == 4
    assert document["standing"]["at"].endswith("Z")


def daemon_now(archive, at, *, ended=False):
    db = open_writer(archive.path)
    with closing(db.conn):
        run_id = start_run(db, "1", at).run_id
        beat(db, run_id, at)
        if ended:
            end_run(db, run_id, at)


@pytest.mark.parametrize(
    ("back", "ended", "told"),
    [
        (timedelta(0), False, "running since"),
        (timedelta(hours=2), False, "it hangs, or replays"),
        (timedelta(hours=2), True, "not running; ended 2 h ago"),
    ],
)
def test_the_daemon_is_told_in_words(cli, back, ended, told):
    daemon_now(cli.archive, datetime.now(UTC) - back, ended=ended)
    assert told in cli("status").out


def test_an_archive_that_was_never_polled_says_so(tmp_path, capsys):
    config = CONFIG.replace('digests:\n  - {name: Morning, at: "07:30 UTC", channels: [desk]}\n', "digests: []\n")
    Archive(tmp_path, config.replace("  - name: Broken Times\n", "  - name: Broken Times\n    paused: true\n")).close()
    archive = type("Closed", (), {"config_file": tmp_path / "envoywatch.yaml"})
    out = Commands(archive, capsys)("status").out
    assert "last poll    none yet" in out
    assert "none is configured" in out
    assert "1 paused" in out


def test_a_daemon_that_died_is_told(cli, monkeypatch):
    daemon_now(cli.archive, datetime.now(UTC))
    monkeypatch.setattr(module, "process_lives", lambda _: False)
    assert "the last one ended without a word" in cli("status").out


def test_promise_41_with_a_daemon_and_nothing_wrong_the_screen_is_calm(tmp_path, capsys):
    archive = Archive(tmp_path)
    now = datetime.now(UTC)
    with closing(archive):
        for name in ("Ministry", "Ruritania Today", "Broken Times"):
            archive.poll(name, at=now)
    daemon_now(archive, now)
    out = Commands(archive, capsys)("status").out
    assert "Nothing that is known of." in out
    assert "What could not be sent" not in out
    assert "3 well" in out


def test_faults_of_the_daemons_configuration_and_of_channels_have_their_own_paragraphs(cli):
    db = open_writer(cli.archive.path)
    with closing(db.conn):
        set_note(db, "config_faults", ["envoywatch.yaml:3:1: wrong \x1b[31m"], NOW)
        delivery = lease_deliveries(db, "desk", NOW, 1, timedelta(minutes=1))[0]
        finish_delivery(
            db, Receipt(delivery.id, NOW, ok=False, state=DeliveryState.DEAD, fault=DeliveryFault.UNREACHABLE)
        )
    out = cli("status").out
    assert "envoywatch.yaml:3:1: wrong \\e[31m" in out
    assert "desk: the service could not be reached, given up since" in out


def test_what_is_expected_and_which_hosts_are_let_alone_is_told(cli):
    db = open_writer(cli.archive.path)
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    with closing(db.conn):
        near = [{"what": "The audience", "until": to_text(later), "sources": ["Kremlin", "MFA"]}]
        near += [{"what": "A visit", "until": to_text(later), "sources": []}]
        near += [{"what": "Long over", "until": to_text(now - timedelta(hours=1)), "sources": []}]
        set_note(db, "expected", near, now)
        save_hosts(db, [HostState("t.me", back_off_until=later, refusals=1)], now)
    out = " ".join(cli("status").out.split())
    assert "The audience, until" in out
    assert "asked every minute or two: Kremlin, MFA" in out
    assert "no official source of the countries concerned is configured" in out
    assert "Long over" not in out
    assert "t.me: nothing is asked of it until" in out


@pytest.fixture
def offline(tmp_path, capsys):
    """Twenty sources without an answer of any name server, and one that refuses us."""
    specs = tuple(replace(SPECS[2], name=f"Source {number:02}") for number in range(21))
    archive = Archive(tmp_path, specs=specs)
    with closing(archive):
        for minute, spec in enumerate(specs[:20]):
            fault = Fault(FaultKind.NAME, f"no such host: {minute}.example")
            archive.poll(spec.name, fault=fault, at=NOW + timedelta(minutes=minute))
        archive.poll("Source 20", fault=Fault(FaultKind.BLOCKED, "403 Forbidden"), at=NOW)
    return Commands(archive, capsys)


def test_sources_with_the_same_fault_are_told_together_with_its_remedy_once(offline, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    lines = offline("status").out.splitlines()
    together = (
        "  20 sources (Source 00, Source 01, Source 02 and 17 more): its host name has no address, the first since "
    )
    at = lines.index(f"{together}{NOW:%Y-%m-%d %H:%M}")
    assert lines[at + 1].startswith("    Check the spelling of the host")
    alone = next(number for number, line in enumerate(lines) if "Source 20" in line)
    assert "Source 20: it refuses us (403 Forbidden); it has never been read, since" in lines[alone]
    assert "user_agent" in lines[alone + 1]
    assert "Each of them: `envoywatch sources list --faulty`" in lines[alone + 2] + lines[at + 2]
    assert sum("Check the spelling" in line for line in lines) == 1


def test_each_source_has_its_line_when_more_is_asked_for_and_in_json(offline, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    said = offline("-v", "status").out
    for number in range(20):
        assert f"Source {number:02}: its host name has no address (no such host: {number}.example)" in said
    assert said.count("Check the spelling") == 1
    assert "sources list --faulty" not in said
    unseen = offline.json("status")["standing"]["unseen"]
    assert len(unseen) == 21
    assert set(unseen[0]) == {"name", "health", "why", "since", "remedy"}


def test_sources_told_together_fit_sixty_columns(offline, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = offline("status").out
    assert all(len(line) <= 60 for line in said.splitlines() if str(offline.archive.folder) not in line)
    assert "and 17 more): its host name has no address" in " ".join(said.split())


def test_late_sources_have_no_fault_but_are_told_together_too(tmp_path, capsys):
    specs = tuple(replace(SPECS[2], name=f"Source {number}") for number in range(2))
    archive = Archive(tmp_path, specs=specs)
    with closing(archive):
        for spec in specs:
            archive.poll(spec.name, at=NOW - timedelta(days=1))
            archive.poll(spec.name, at=NOW)
    daemon_now(archive, datetime.now(UTC))
    said = " ".join(Commands(archive, capsys)("status").out.split())
    assert "2 sources (Source 0, Source 1): overdue for a poll, the first since" in said


def test_without_a_database_it_says_what_to_do(cli):
    cli.archive.path.unlink()
    said = cli("status")
    assert said.code == 0
    assert "none yet at" in said.out
    assert "envoywatch run" in said.out
    assert cli.json("status")["standing"] is None


def test_a_configuration_at_fault_hides_neither_its_faults_nor_the_archive(cli):
    file = cli.archive.config_file
    file.write_text(file.read_text(encoding="utf-8") + "nonsense: 1\n", encoding="utf-8")
    said = cli("status")
    assert said.code == 0
    assert "unknown key `nonsense`" in said.out
    assert "4 articles" in said.out
    document = cli.json("status")
    assert document["config"]["ok"] is False
    assert document["standing"]["totals"]["articles"] == 4


@pytest.mark.parametrize("text", ["storage: [\n", "storage: 3\n", "- a\n", "storage: {path: {a: b}}\n"])
def test_a_file_that_cannot_be_read_at_all_is_told(cli, text):
    cli.archive.config_file.write_text(text, encoding="utf-8")
    said = cli("status")
    assert said.code == 0
    assert "cannot be used" in said.out
    assert json.loads(cli("status", "--json").out)["config"]["ok"] is False


def test_no_configuration_at_all_is_the_users_mistake(cli, monkeypatch, tmp_path, capsys):
    from envoywatch.cli.main import run

    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.delenv("ENVOYWATCH_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(empty))
    assert run(["status"]) == 2
    assert "envoywatch init" in capsys.readouterr().err


def test_promise_39_what_is_kept_and_what_an_article_takes_is_told(cli):
    said = cli("status").out
    assert "everything" in said
    assert re.search(r"database +.* an article", said)
    file = cli.archive.config_file
    text = file.read_text(encoding="utf-8").replace("archive.db", "archive.db, keep: 400d, max_size: 20GB")
    file.write_text(text, encoding="utf-8")
    db = open_writer(cli.archive.path)
    with closing(db.conn):
        set_note(db, "retention", {"deleted": 1234, "over": 2**20}, datetime.now(UTC) - timedelta(hours=3))
    kept = "the articles of 400 days, as many articles as 20GB hold, and what alerts and meetings cite"
    assert f"{kept}; 1,234 articles deleted 3 h ago; what must stay is 1.0 MB more" in " ".join(
        cli("status").out.split()
    )
