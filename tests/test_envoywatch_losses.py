"""Real daemons whose sources are taken off their servers and put back."""

import json
import subprocess
import sys
import urllib.request
from contextlib import ExitStack

import pytest

from tests.daemon_world import World, log_of, rows, running, stop, wait_for

pytestmark = pytest.mark.processes


@pytest.fixture
def worlds():
    with ExitStack() as stack:
        made = [World() for _ in range(3)]
        stack.callback(lambda: [one.close() for one in made if not one.closed])
        for number, one in enumerate(made):
            one.publish("wire", f"News {number}", "Nothing much happened, and that at length.")
        yield made


def configure(folder, worlds, extra=""):
    sources = "".join(
        f"  - {{name: Wire {number}, endpoints: [{{feed: {one.url}/wire/feed.xml}}]}}\n"
        for number, one in enumerate(worlds)
    )
    (folder / "envoywatch.yaml").write_text(
        f"""\
crawl: {{interval: 1s, min_interval: 1s, delay: 0s, private_addresses: true, articles: false}}
web: {{listen: "127.0.0.1:0"}}
sources:
{sources}
channels:
  desk: {{url: "json://127.0.0.1:{worlds[0].server_port}/desk"}}
{extra}""",
        encoding="utf-8",
    )


def told(world):
    return [one["alert"]["title"] for one in world.deliveries]


def command(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def page(folder, path):
    lines = [json.loads(line) for line in log_of(folder).splitlines() if line.startswith("{")]
    base = next(line["page"] for line in lines if "page" in line)
    with urllib.request.urlopen(base + path, timeout=20) as answer:  # noqa: S310 (our own page)
        return answer.read().decode()


def test_promise_30_a_source_that_goes_is_lost_in_status_on_the_page_and_by_one_message_and_back_when_it_returns(
    tmp_path, worlds
):
    configure(tmp_path, worlds, "health: {every: 2s}\n")
    with running(tmp_path) as daemon:
        wait_for(lambda: rows(tmp_path, "SELECT count(last_ok_at) FROM sources")[0][0] == 3, tmp_path)
        worlds[1].refuse.add("wire")
        wait_for(lambda: told(worlds[0]), tmp_path)
        ((polls,),) = rows(
            tmp_path,
            "SELECT count(*) FROM polls JOIN sources ON sources.id = source_id"
            " WHERE name = 'Wire 1' AND outcome = 'fault' AND started_at <= lost_told_at",
        )
        assert polls <= 3
        assert told(worlds[0]) == ["Source lost: Wire 1"]
        assert "server has an error" in worlds[0].deliveries[0]["alert"]["detail"]
        status = command(tmp_path, "status", "--json")["standing"]
        assert [(one["name"], one["health"]) for one in status["unseen"]] == [("Wire 1", "lost")]
        assert "Wire 1: its server has an error" in command(tmp_path, "status")
        listed = {one["name"]: one["health"] for one in command(tmp_path, "sources", "list", "--json")}
        assert listed == {"Wire 0": "well", "Wire 1": "lost", "Wire 2": "well"}
        assert "he-lost" in page(tmp_path, "/sources")
        worlds[1].refuse.clear()
        wait_for(lambda: len(told(worlds[0])) > 1, tmp_path)
        assert told(worlds[0]) == ["Source lost: Wire 1", "Source back: Wire 1"]
        assert command(tmp_path, "status", "--json")["standing"]["unseen"] == []
        assert "he-lost" not in page(tmp_path, "/sources")
        assert stop(daemon)[0] == 0
    reasons = [row[0] for row in rows(tmp_path, "SELECT reason FROM decisions WHERE alert_id IS NOT NULL ORDER BY id")]
    assert reasons == ["source-lost", "source-back"]
    assert {one["key"] for one in worlds[0].deliveries} == {
        row[0] for row in rows(tmp_path, "SELECT key FROM deliveries WHERE state = 'sent'")
    }


def test_when_nothing_answers_this_machine_is_offline_once_and_online_again_once(tmp_path, worlds):
    desk = World()
    ports = [one.server_port for one in worlds]
    configure(tmp_path, worlds, "health: {every: 1s}\n")
    file = tmp_path / "envoywatch.yaml"
    file.write_text(file.read_text().replace(f":{ports[0]}/desk", f":{desk.server_port}/desk"))
    with ExitStack() as stack:
        stack.callback(desk.close)
        daemon = stack.enter_context(running(tmp_path))
        wait_for(lambda: rows(tmp_path, "SELECT count(last_ok_at) FROM sources")[0][0] == 3, tmp_path)
        for one in worlds:
            one.close()
        wait_for(lambda: told(desk), tmp_path)
        assert "offline" in told(desk)[0]
        assert command(tmp_path, "status", "--json")["standing"]["outage"]["online_at"] is None
        again = [World(port) for port in ports]
        for one in again:
            stack.callback(one.close)
            one.publish("wire", "News", "As before.")
        wait_for(lambda: len(told(desk)) > 1, tmp_path)
        assert told(desk)[1] == "This machine is online again: 3 of 3 sources are read"
        assert command(tmp_path, "status", "--json")["standing"]["outage"] is None
        assert stop(daemon)[0] == 0
    assert len(told(desk)) == 2
