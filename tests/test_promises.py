"""docs/promises.md and the tests it names; and the promises that no one part of the program keeps."""

import ast
import contextlib
import io
import re
import signal
import socket
import sqlite3
import threading
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from config.schema import render_schema
from envoywatch.cli import main
from envoywatch.daemon import BEAT_S, watchdog_s
from tests.daemon_world import World, configuration, log_of, rows, running, stop, wait_for
from tests.fault_servers import GOOD, body, feed, serving, status

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
PACKAGES = ("config", "storage", "crawler", "alerts", "envoywatch")
PROMISES = 43


def promised():
    """By number what the page says of each promise."""
    parts = re.split(r"^(\d+)\. ", PAGE, flags=re.MULTILINE)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def named_in(text):
    """The names of tests that a promise's lines give, with the file each stands in."""
    for line in text.splitlines():
        for file in re.findall(r"shown in `(tests/test_\w+\.py)`", line):
            for name in re.findall(r"`(test_promise_\w+)`", line):
                yield file, name


def test_the_page_has_every_promise_once_in_order():
    assert re.findall(r"^(\d+)\. ", PAGE, flags=re.MULTILINE) == [str(number) for number in range(1, PROMISES + 1)]


@pytest.mark.parametrize("number", range(1, PROMISES + 1))
def test_each_promise_is_shown_by_tests_of_its_number_and_kept_in_files_that_exist(number):
    text = promised()[number]
    named = list(named_in(text))
    assert named or "not yet" in text
    for file, name in named:
        assert name.startswith(f"test_promise_{number:02}_"), name
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), name
    for path in re.findall(r"`([\w/]+\.(?:py|service))`", text):
        assert (ROOT / path).is_file(), path


def test_every_test_that_names_a_promise_names_one_that_there_is():
    for file in (ROOT / "tests").glob("test_*.py"):
        for number in re.findall(r"def test_promise_(\d+)_", file.read_text(encoding="utf-8")):
            assert 1 <= int(number) <= PROMISES, file


# ---------------------------------------------------------------- the program's own text


def calls():
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield file, node


def test_promise_34_nothing_is_evaluated_unpickled_or_given_to_a_shell():
    unsafe = re.compile(
        r"(eval|exec|compile|__import__|input)"
        r"|(c?pickle|marshal|shelve|dill)\.\w+|os\.(system|popen|exec\w+|spawn\w+)|yaml\.(unsafe_load|full_load)"
    )
    for file, call in calls():
        assert not unsafe.fullmatch(ast.unparse(call.func)), f"{file}:{call.lineno}"
        for keyword in call.keywords:
            assert (keyword.arg, ast.unparse(keyword.value)) != ("shell", "True"), f"{file}:{call.lineno}"


def test_promise_34_the_configuration_knows_no_templates():
    assert "template" not in render_schema().casefold()


# ---------------------------------------------------------------- the program as a whole


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


def configure(folder, text):
    (folder / "envoywatch.yaml").write_text(text, encoding="utf-8")


@pytest.mark.processes
def test_promise_14_sigterm_lets_the_send_in_flight_end_and_a_restart_polls_at_once(tmp_path, world):
    sending, asked_to_stop = threading.Event(), threading.Event()

    def slow(handler):
        sending.set()
        asked_to_stop.wait(20)
        handler.whole()

    with serving({"desk": slow}) as servers:
        target = servers["desk"].url.removeprefix("http://")
        configure(tmp_path, configuration(world, ["wire"]).replace(f"127.0.0.1:{world.server_port}/desk", target))
        world.publish("wire", "Li Hui in Kyiv", "The envoy Li Hui travels on, and that at some length. " * 5)
        with running(tmp_path) as daemon:
            wait_for(sending.is_set, tmp_path)
            daemon.send_signal(signal.SIGTERM)
            wait_for(lambda: "stopping" in log_of(tmp_path), tmp_path)
            asked_to_stop.set()
            assert daemon.wait(timeout=15) == 0
        assert (
            rows(tmp_path, "SELECT state, count(*) FROM deliveries WHERE attempts = 1 GROUP BY state")[0][0] == "sent"
        )
        assert rows(tmp_path, "SELECT ended_at IS NOT NULL FROM runs") == [(1,)]
        ((polls,),) = rows(tmp_path, "SELECT count(*) FROM polls")
        with running(tmp_path) as daemon:
            wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM polls")[0][0] > polls, tmp_path)
            assert stop(daemon)[0] == 0


def listening(process):
    """The local addresses of TCP sockets that a process listens on, as the kernel tells them."""
    listens = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listens[fields[9]] = fields[1]
    found = []
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inode = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
            found += [listens[inode[1]]] if inode and inode[1] in listens else []
    return found


@pytest.mark.processes
def test_promise_41_it_opens_no_port_and_asks_nobody_whom_the_configuration_does_not_name(tmp_path, world):
    with serving({"other": body(GOOD)}) as servers:
        other = servers["other"].url
        feed = (
            f'<?xml-stylesheet href="{other}"?><!DOCTYPE rss SYSTEM "{other}"><rss version="2.0" xml:base="{other}"'
            f' xmlns:xi="http://www.w3.org/2001/XInclude"><channel><title>t</title><xi:include href="{other}"/>'
            f"<image><url>{other}</url></image><item><title>Only item</title><link>{world.url}/wire/1.html</link>"
            f'<enclosure url="{other}" type="audio/mpeg" length="9"/><description>&lt;img src="{other}"&gt;'
            f'&lt;iframe src="{other}"&gt;&lt;meta http-equiv=refresh content="0;url={other}"&gt;</description>'
            "</item></channel></rss>"
        )
        world.feed = lambda outlet: feed
        world.publish("wire", "Only item", "Text.")
        world.page = lambda outlet, number: (
            f'<html><head><link rel=stylesheet href="{other}"><meta http-equiv=refresh content="0;url={other}">'
            f'<base href="{other}"></head><body><article><h1>Only item</h1><p>{"Some text. " * 40}</p>'
            f'<img src="{other}"><script src="{other}"></script></article></body></html>'
        )
        configure(tmp_path, configuration(world, ["wire"]).replace('"127.0.0.1:0"', '"off"'))
        with running(tmp_path) as daemon:
            wait_for(lambda: rows(tmp_path, "SELECT 1 FROM articles"), tmp_path)
            assert listening(daemon) == []
            assert stop(daemon)[0] == 0
        assert servers["other"].asked == 0


def unit_settings():
    unit = (ROOT / "packaging" / "envoywatch.service").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))


def test_promise_38_the_service_has_no_rights_that_it_does_not_need_and_is_watched():
    said = unit_settings()
    assert (said["Type"], said["DynamicUser"], said["NoNewPrivileges"]) == ("notify", "yes", "yes")
    assert (said["ProtectSystem"], said["CapabilityBoundingSet"], said["UMask"]) == ("strict", "", "0077")
    assert int(said["WatchdogSec"]) > 3 * BEAT_S


def test_promise_14_the_service_begins_what_crashes_again_and_again_ever_more_slowly():
    assert {"Restart", "RestartSec", "RestartSteps", "RestartMaxDelaySec"} <= unit_settings().keys()


@pytest.mark.processes
def test_promise_38_readiness_is_told_only_when_polls_run(tmp_path, world, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(40)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        configure(tmp_path, configuration(world, ["wire"]))
        with running(tmp_path) as daemon:
            assert manager.recv(99) == b"READY=1"
            wait_for(lambda: rows(tmp_path, "SELECT 1 FROM polls"), tmp_path)
            assert oct((tmp_path / "envoywatch.db").stat().st_mode)[-3:] == "600"
            assert stop(daemon)[0] == 0
        assert manager.recv(99) in {b"STOPPING=1", b"WATCHDOG=1"}


@pytest.mark.processes
def test_promise_38_the_watchdog_is_fed_as_often_as_it_asks_though_the_database_cannot_be_written(
    tmp_path, world, monkeypatch
):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(40)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        configure(tmp_path, configuration(world, ["wire"]))
        with running(tmp_path) as daemon, closing(sqlite3.connect(tmp_path / "other", isolation_level=None)) as other:
            assert manager.recv(99) == b"READY=1"
            other.execute("ATTACH ? AS held", [str(tmp_path / "envoywatch.db")])
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE held.notes SET value = value")
            told = [manager.recv(99) for _ in range(5)]
            other.execute("ROLLBACK")
            assert stop(daemon)[0] == 0
    assert set(told) == {b"WATCHDOG=1"}


@pytest.mark.parametrize(("asked", "seconds"), [("", 10), ("90000000", 10), ("6000000", 2), ("0", 10), ("soon", 10)])
def test_promise_38_the_watchdog_is_told_three_times_as_often_as_it_asks(asked, seconds):
    assert watchdog_s({"WATCHDOG_USEC": asked}) == seconds


def said(folder, line):
    """What a command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main.run(["--config", str(folder / "envoywatch.yaml"), *line.split()]) == 0
    return out.getvalue()


@pytest.mark.processes
def test_promise_36_secrets_stand_neither_in_the_database_nor_in_the_log_nor_in_the_list_of_processes(
    tmp_path, world, monkeypatch
):
    secrets = {"DESK_PASSWORD": "Pa55-of-the-desk", "DESK_SECRET": "s1gns-it-all", "PING": "0f3c-beat-77aa1b2c3d4e5f60"}
    secrets |= {"FEED_PASSWORD": "0pen-5esame", "FEED_TOKEN": "t0ken-0f-ours", "FEED_PATH": "a-path-n0body-knows"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    login = "Basic " + b64encode(b"me:" + secrets["FEED_PASSWORD"].encode()).decode()

    def guarded(handler):
        handler.whole(body=feed()) if handler.headers["Authorization"] == login else handler.whole(401)

    def moves(handler):
        """Repeats what it was asked with in all that it answers."""
        if "again" in handler.path:
            handler.whole(body=feed(title=handler.path))
        else:
            handler.whole(301, Location=handler.path + "&again=1")

    with serving({"desk": status(500), "guarded": guarded, "moves": moves, "fails": status(500)}) as servers:
        target = servers["desk"].url.removeprefix("http://").removesuffix("/feed.xml")
        text = configuration(world, ["wire"])
        channel = f'"json://desk:${{DESK_PASSWORD}}@{target}/in", secret: "${{DESK_SECRET}}"'
        address = servers["guarded"].url.replace("//", "//me:${FEED_PASSWORD}@")
        query = "?token=${FEED_TOKEN}&literal_key=written-here"
        sources = {
            "Guarded": address,
            "Moves": f"{servers['moves'].url}{query}",
            "Fails": servers["fails"].url.replace("feed.xml", f"${{FEED_PATH}}/feed.xml{query}"),
        }
        listed = "".join(f"  - {{name: {name}, endpoints: [{{feed: '{url}'}}]}}\n" for name, url in sources.items())
        text = text.replace("sources:\n", f"sources:\n{listed}")
        text = text.replace(f'"json://127.0.0.1:{world.server_port}/desk"', channel)
        configure(tmp_path, text + 'health: {heartbeat: "http://127.0.0.1:9/${PING}"}\n')
        world.publish("wire", "Li Hui in Kyiv", "The envoy Li Hui travels on, and that at some length. " * 5)
        with running(tmp_path) as daemon:
            wait_for(lambda: rows(tmp_path, "SELECT 1 FROM deliveries WHERE attempts > 0"), tmp_path)
            wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM sources WHERE last_ok_at > ''") == [(3,)], tmp_path)
            wait_for(lambda: rows(tmp_path, "SELECT 1 FROM sources WHERE fault > ''"), tmp_path)
            assert rows(tmp_path, "SELECT notes FROM polls WHERE notes LIKE '%moved for good%token=***&%'")
            told = "".join(said(tmp_path, line) for line in ("status", "sources list", "sources show Moves", "export"))
            told += said(tmp_path, "sources export") + said(tmp_path, "digest")
            line = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
            files = b"".join(file.read_bytes() for file in tmp_path.glob("envoywatch.db*") if file.is_file())
            assert stop(daemon)[0] == 0
    assert "delivery failed" in log_of(tmp_path)
    for value in (*secrets.values(), "written-here"):
        assert value.encode() not in files + line
        assert value not in log_of(tmp_path) + told
