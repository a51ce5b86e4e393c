import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from envoywatch.cli.main import run as run_program
from storage.database import open_writer
from storage.runs import record_digest

NOW = datetime(2023, 5, 17, 12, tzinfo=UTC)


class Taker(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(404 if self.path == "/bad" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def desk(tmp_path, web):
    """A configuration with a database in which two deliveries wait; runs a command with it."""
    home = f"json://127.0.0.1:{web.server_port}"
    file = tmp_path / "envoywatch.yaml"
    file.write_text(
        f'channels:\n  desk: {{url: "{home}/good"}}\n  phone: {{url: "{home}/bad"}}\n'
        'digests:\n  - {name: Morning, at: "07:30 Europe/Paris", channels: [desk]}\n'
    )
    db = open_writer(tmp_path / "envoywatch.db")
    with db.conn:
        record_digest(db, "Morning", NOW, NOW, NOW, "{}", ["desk", "phone"])
    db.conn.close()

    def run(*arguments):
        return run_program(["--config", str(file), *arguments])

    run.file = file
    return run


def listed(desk, capsys, *arguments):
    assert desk("outbox", "list", "--json", *arguments) == 0
    return json.loads(capsys.readouterr().out)


def test_the_outbox_lists_what_is_on_its_way(desk, capsys):
    assert {one["channel"] for one in listed(desk, capsys)} == {"desk", "phone"}
    assert desk("outbox", "list") == 0
    shown = capsys.readouterr().out
    assert "Morning" in shown
    assert "waiting" in shown


def test_a_state_with_nothing_in_it_says_so(desk, capsys):
    assert desk("outbox", "list", "--state", "dead") == 0
    assert "No delivery is in this state." in capsys.readouterr().out


def test_a_dropped_delivery_can_be_sent_again(desk, capsys):
    number = str(listed(desk, capsys)[0]["id"])
    assert desk("outbox", "drop", number) == 0
    assert [str(one["id"]) for one in listed(desk, capsys, "--state", "dropped")] == [number]
    assert desk("outbox", "retry", number) == 0
    assert not listed(desk, capsys, "--state", "dropped")


def test_an_unknown_delivery_is_the_users_mistake(desk, capsys):
    assert desk("outbox", "retry", "99") == 2
    assert "there is no delivery 99" in capsys.readouterr().err
    assert desk("outbox", "drop", "x") == 2


def test_each_channel_is_tried_with_a_real_message_and_a_failure_is_told(desk, web, capsys):
    assert desk("outbox", "test") == 1
    shown = capsys.readouterr().out
    assert "sent" in shown
    assert "there is nothing at this address" in shown
    assert {one["title"] for one in web.seen} == {"Test message of Envoywatch"}
    assert len({one["id"] for one in web.seen}) == 2


def test_one_named_channel_is_tried_alone(desk, web, capsys):
    assert desk("outbox", "test", "desk", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["result"]["ok"] is True
    assert len(web.seen) == 1


def test_a_channel_that_is_not_configured_is_refused_before_anything_is_sent(desk, web, capsys):
    assert desk("outbox", "test", "desk", "pager") == 2
    assert "desk, phone" in capsys.readouterr().err
    assert not web.seen


@pytest.mark.parametrize(
    ("form", "start"),
    [("text", "Digest: "), ("markdown", "# Digest: "), ("html", "<!DOCTYPE html>"), ("json", "{")],
)
def test_the_digest_is_printed_in_each_format(desk, web, capsys, form, start):
    assert desk("digest", "--since", "24h", "--format", form) == 0
    assert capsys.readouterr().out.startswith(start)
    assert not web.seen


def test_the_digest_is_sent_to_the_channels_of_the_digests(desk, web, capsys):
    assert desk("digest", "--send") == 0
    (said,) = web.seen
    assert said["schema"] == "envoywatch/digest/1"
    assert said["digest"]["name"] == "Digest"


def test_a_digest_that_nobody_is_to_get_is_not_sent(desk, web, capsys):
    desk.file.write_text("channels: {}\n")
    assert desk("digest", "--send") == 2
    assert "no configured digest names a channel" in capsys.readouterr().err


def test_a_digest_of_the_future_is_refused(desk, capsys):
    assert desk("digest", "--since", "2999-01-01") == 2


@pytest.fixture
def secretive(desk):
    """The same, with an address in a variable that is not set."""
    desk.file.write_text(desk.file.read_text().replace("/good", "/${DESK_KEY_OF_NOBODY}"))
    return desk


@pytest.mark.parametrize(
    "reads",
    [
        ("outbox", "list"),
        ("outbox", "drop", "1"),
        ("outbox", "retry", "1"),
        ("alerts", "list"),
        ("meetings", "list"),
        ("search", "grain"),
        ("digest",),
        ("sources", "list"),
        ("status",),
        ("watches", "list"),
        ("people", "list"),
        ("prune", "--dry-run"),
    ],
)
def test_what_only_reads_does_without_the_secrets_of_the_channels(secretive, capsys, reads):
    assert secretive(*reads) == 0, capsys.readouterr().err


@pytest.mark.parametrize("sends", [("outbox", "test"), ("digest", "--send"), ("poll",), ("run",), ("check",)])
def test_what_sends_is_refused_without_the_secrets_of_the_channels(secretive, web, capsys, sends):
    assert secretive(*sends) == 2
    err = capsys.readouterr().err
    assert "DESK_KEY_OF_NOBODY is not set" in err
    assert len(err.splitlines()) == 1
    assert web.seen == []
