import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from envoywatch.cli.poll import Tally
from storage.model import Entry, Fault, FaultKind, Lease, Poll, PollOutcome, SourceSpec
from tests.outlet import serving

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CHANNEL = '<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><link>/</link><description>x</description>'
RSS = "application/rss+xml"
FEEDS = {
    "/one.xml": (RSS, CHANNEL + "<item><title>Tide table</title><guid>1</guid></item></channel></rss>"),
    "/empty.xml": (RSS, CHANNEL + "</channel></rss>"),
}


def tally_of(*polls):
    said = []
    tally = Tally(said.append, expected=len(polls))
    for name, poll in zip("ABC", polls, strict=False):
        lease = Lease(0, SourceSpec(name, (), timedelta(minutes=5)), (), 0, 0, first_poll=True, until=NOW)
        tally.polled(lease, poll, SimpleNamespace(new_entries=len(poll.entries), known=0))
    return tally, said


def poll_of(outcome, *, entries=(), fault=None):
    return Poll(0, 0, "http://a.example/", NOW, timedelta(), outcome, entries=entries, fault=fault)


def failed(kind):
    return poll_of(PollOutcome.FAULT, fault=Fault(kind, "in detail"))


def test_each_source_has_its_line_in_right_numbers():
    one, two = Entry(None, "1", "a"), Entry(None, "2", "b")
    _, said = tally_of(
        poll_of(PollOutcome.ENTRIES, entries=(one,)),
        poll_of(PollOutcome.ENTRIES, entries=(one, two)),
        poll_of(PollOutcome.ENTRIES),
    )
    assert said == ["[1/3] A: 1 entry, 1 new", "[2/3] B: 2 entries, 2 new", "[3/3] C: no entries"]
    _, said = tally_of(poll_of(PollOutcome.UNCHANGED), failed(FaultKind.GONE))
    assert said == ["[1/2] A: nothing has changed", "[2/2] B: cannot be read: in detail"]


@pytest.mark.parametrize(
    ("kinds", "is_down"),
    [
        ((FaultKind.NAME, FaultKind.NAME), True),
        ((FaultKind.NAME, FaultKind.TIMEOUT), False),
        ((FaultKind.NAME, None), False),
        ((), False),
    ],
)
def test_the_network_is_asked_about_when_no_host_has_an_address(kinds, is_down):
    tally, _ = tally_of(*(failed(kind) if kind else poll_of(PollOutcome.UNCHANGED) for kind in kinds))
    assert tally.has_no_network is is_down


@pytest.fixture
def outlet():
    with serving(FEEDS) as address:
        yield address


def test_without_a_terminal_everything_is_said_once(tmp_path, outlet):
    config = tmp_path / "envoywatch.yaml"
    sources = "".join(
        f"  - {{name: {name}, endpoints: [feed: '{outlet}/{name}.xml']}}\n" for name in ("one", "empty", "gone")
    )
    config.write_text(f"crawl: {{private_addresses: true, delay: 0s, articles: false}}\nsources:\n{sources}")
    done = subprocess.run(
        [sys.executable, "-m", "envoywatch", "--config", str(config), "poll", "--all"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = sorted(line.partition("] ")[2] for line in done.stderr.splitlines())
    assert lines[0] == "empty: no entries"
    assert lines[1].startswith("gone: cannot be read: ")
    assert lines[2:] == ["one: 1 entry, 1 new"]
    assert done.stdout == "3 sources polled, 1 could not be read; 1 new entry, 0 alerts\n"
