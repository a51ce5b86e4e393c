"""The whole program among servers that misbehave: each is named with its class, and none keeps another waiting."""

import json
import subprocess
import sys
import threading
from contextlib import ExitStack, redirect_stdout
from io import StringIO

import pytest

from envoywatch.cli import main
from tests.daemon_world import rows, running, stop, wait_for
from tests.fault_servers import FAULTY, GOOD, ODD, body, drip, feed, hang, item, serving

pytestmark = pytest.mark.processes


def configure(folder, urls, *, crawl="", private=True, interval="10m", timeout="3s"):
    sources = "".join(f"  - {{name: {json.dumps(name)}, endpoints: [{{feed: {url}}}]}}\n" for name, url in urls.items())
    (folder / "envoywatch.yaml").write_text(
        f"crawl: {{interval: {interval}, min_interval: 1s, delay: 0s, timeout: {timeout}, max_size_mb: 1,"
        f" articles: false, obey_robots: false, private_addresses: {str(private).lower()}{crawl}}}\n"
        'web: {listen: "off"}\n'
        f"sources:\n{sources}",
        encoding="utf-8",
    )


def command(folder, *arguments):
    """One that fetches: in a process of its own, which may have one reactor."""
    done = subprocess.run(
        [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(folder, *arguments):
    """What a command says that only reads the database."""
    with redirect_stdout(StringIO()) as out:
        assert main.run(["--config", str(folder / "envoywatch.yaml"), *arguments, "--json"]) == 0
    return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def polled(tmp_path_factory):
    """All faulty and odd sources and twenty good ones polled by the program; then the odd ones once more."""
    folder = tmp_path_factory.mktemp("faults")
    good = {f"good {number}": body(GOOD) for number in range(20)}
    answers = {name: answer for name, (answer, _) in (FAULTY | ODD).items()}
    with serving(answers | good) as servers:
        configure(folder, {name: server.url for name, server in servers.items()})
        first = command(folder, "poll", "--all")
        second = command(folder, "poll", *ODD)
        health = {one["name"]: one for one in told(folder, "sources", "list")}
        unseen = {one["name"]: one for one in told(folder, "status")["standing"]["unseen"]}
    return folder, first["sources"], second["sources"], health, unseen


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, (_, kind) in FAULTY.items()])
def test_promise_25_each_faulty_source_is_named_in_its_health_with_its_class_and_what_to_do(polled, name, kind):
    _, _, _, health, unseen = polled
    found = health[name]
    assert found["fault"] == kind or (kind is None and found["fault"])
    assert found["fault"] != "internal-error"
    assert found["failures"] == 1
    assert found["since"]
    assert found["remedy"]
    assert unseen[name]["why"] == found["why"]


@pytest.mark.parametrize(("name", "entries"), [(name, entries) for name, (_, entries) in ODD.items()])
def test_each_odd_source_gives_what_can_be_read_of_it_once(polled, name, entries):
    _, first, second, health, _ = polled
    new = [one["new"] for polls in (first, second) for one in polls if one["source"] == name]
    if entries is None:
        assert health[name]["fault"] != "internal-error"
        assert new[1] == 0
    else:
        assert health[name]["fault"] is None, health[name]["fault_detail"]
        assert new == [entries, 0]


def test_none_stops_another(polled):
    _, first, _, health, _ = polled
    assert len(first) == len(health)
    assert all(health[f"good {number}"]["health"] == "well" for number in range(20))


def test_promise_15_none_makes_another_wait(tmp_path):
    """Two answer only when all others have answered: were one of those kept waiting, the two would be too slow."""
    names = [f"good {number}" for number in range(20)]
    answered, all_answered = set(), threading.Event()

    def good(handler):
        handler.whole(body=GOOD)
        answered.add(handler.server)
        if len(answered) == len(names):
            all_answered.set()

    def hangs(handler):
        if all_answered.wait(60):
            handler.whole(body=GOOD)

    def drips(handler):
        handler.head(200, len(GOOD))
        sent = 0
        while not all_answered.wait(0.1) and sent < len(GOOD):
            handler.wfile.write(GOOD[sent : sent + 1])
            sent += 1
        handler.wfile.write(GOOD[sent:])

    with serving({"hangs": hangs, "drips": drips, **dict.fromkeys(names, good)}) as servers:
        configure(tmp_path, {name: server.url for name, server in servers.items()}, timeout="20s")
        polls = command(tmp_path, "poll", "--all")["sources"]
        assert servers["hangs"].asked == servers["drips"].asked == 1
    assert {one["source"]: one["fault"] for one in polls} == dict.fromkeys(["hangs", "drips", *names])


def test_promise_26_nothing_unreadable_reaches_the_database(polled):
    folder = polled[0]
    texts = "".join(title + text for title, text in rows(folder, "SELECT title, text FROM articles"))
    assert "Переговоры в Москве" in texts
    assert "root:" not in texts
    assert not set(map(chr, [*range(9), *range(14, 32), 127])) & set(texts)
    assert rows(folder, "PRAGMA integrity_check") == [("ok",)]


def test_promise_27_no_time_of_the_future_is_believed(polled):
    assert rows(polled[0], "SELECT count(*) FROM articles WHERE published_at > seen_at") == [(0,)]


def test_a_good_answer_without_an_entry_is_silence_and_no_fault(polled):
    _, _, _, health, _ = polled
    found = health["has nothing to say"]
    assert found["fault"] is None
    assert found["health"] in {"well", "silent"}  # silent an interval after the first of them


def test_promise_22_loopback_is_refused_where_it_was_not_allowed(tmp_path):
    with serving({"inside": body(GOOD)}) as servers:
        configure(tmp_path, {"inside": servers["inside"].url}, private=False)
        command(tmp_path, "poll", "--all")
        assert told(tmp_path, "sources", "list")[0]["fault"] == "address-refused"
        assert servers["inside"].asked == 0


def test_promise_17_a_hundred_thousand_entries_leave_the_newest_two_thousand_and_say_so(tmp_path):
    huge = feed(*(item(number, "N") for number in range(100_000)))
    with serving({"huge": body(huge), "good": body(GOOD)}) as servers:
        configure(tmp_path, {name: server.url for name, server in servers.items()})
        text = (tmp_path / "envoywatch.yaml").read_text().replace("max_size_mb: 1,", "max_size_mb: 32,")
        (tmp_path / "envoywatch.yaml").write_text(text.replace("timeout: 3s", "timeout: 30s"))
        polls = command(tmp_path, "poll", "--all")["sources"]
    assert [one["source"] for one in polls] == ["good", "huge"]
    assert (polls[1]["new"], polls[1]["fault"]) == (2000, None)
    assert "newest 2000" in rows(tmp_path, "SELECT notes FROM polls WHERE entries > 1000")[0][0]


def test_promise_15_while_two_hang_the_daemon_polls_the_others_again_and_again(tmp_path):
    answers = {"hangs": hang, "drips": drip, "a": body(GOOD), "b": body(GOOD)}
    with serving(answers) as servers:
        urls = {name: server.url for name, server in servers.items()}
        configure(tmp_path, urls, interval="1s", timeout="20s")
        with running(tmp_path) as daemon:
            wait_for(lambda: min(servers["a"].asked, servers["b"].asked) >= 3, tmp_path)
            assert servers["hangs"].asked == servers["drips"].asked == 1
            assert rows(tmp_path, "SELECT count(*) FROM polls WHERE outcome = 'fault'") == [(0,)]
            assert stop(daemon)[0] == 0


# ---------------------------------------------------------------- the recordings' own server

RECORDED = {
    "status/404": "gone",
    "status/500": "server-error",
    "flaky/9/x": "rate-limited",
    "slow/20": "too-slow",
    "drip/20": "too-slow",
    "truncated": None,
    "reset": "no-connection",
    "empty": "empty",
    "redirect/2": None,
    "redirect/12": "redirects",
    "loop": "redirects",
    "ratelimit": "rate-limited",
    "wrongtype": "not-a-feed",
    "big/8": "too-large",
}


def test_the_fault_routes_beside_the_recordings_are_named_too(tmp_path, shared):
    ports = {}
    with ExitStack() as stack:
        for number, path in enumerate([*RECORDED, "good"]):
            ready = tmp_path / f"port-{number}"
            process = subprocess.Popen(
                [
                    sys.executable,
                    str(shared / "data" / "serve.py"),
                    "--port",
                    "0",
                    "--quiet",
                    "--ready-file",
                    str(ready),
                ]
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            ports[path] = ready
        names = {path: f"/fault/{path}" if path in RECORDED else "/fault/slow/0" for path in ports}
        urls = {
            path: f"http://127.0.0.1:{wait_for(lambda ready=ready: ready.exists() and ready.read_text())}{names[path]}"
            for path, ready in ports.items()
        }
        configure(tmp_path, urls, crawl=", per_host: 64")
        command(tmp_path, "poll", "--all")
        health = {one["name"]: one for one in told(tmp_path, "sources", "list")}
    assert {path: health[path]["fault"] for path in RECORDED} == RECORDED
    assert health["good"]["health"] == "well"
