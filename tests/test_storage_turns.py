import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.vocabulary import EndpointKind
from storage.database import immediate, open_writer
from storage.model import Endpoint, Fault, FaultKind, NextPoll, Pace, Poll, PollOutcome, SourceSpec, from_text, to_text
from storage.sources import finish_poll, lease_due, sync_sources
from storage.turns import Turns, hasten, hold_host

NOW = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)
HOLD = timedelta(minutes=5)
INTERVAL = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def spec(name, *hosts, **fields):
    endpoints = tuple(Endpoint(EndpointKind.FEED, f"https://{host}/{name}") for host in hosts)
    return SourceSpec(name=name, endpoints=endpoints, interval=INTERVAL, **fields)


def crowd(host, count):
    return [spec(f"{host} {number:04}", host) for number in range(count)]


def lease(db, now=NOW, *, per_host=3, gap=SECOND, busy=None, most=100):
    return lease_due(db, "me", now, most, HOLD, turns=Turns(per_host, gap, busy or {}))


def held(db):
    return [row[0] for row in db.execute("SELECT held_until FROM sources WHERE held_until > '' ORDER BY held_until")]


def test_promise_15_a_crowd_of_one_host_leaves_the_others_their_turn(database):
    sync_sources(database, [*crowd("big.example", 50), spec("small", "small.example")], NOW)
    taken = lease(database, most=10)
    assert [one.host for one in taken] == ["big.example"] * 3 + ["small.example"]


def test_who_must_wait_for_the_host_is_looked_at_again_when_its_turn_comes(database):
    sync_sources(database, crowd("big.example", 6), NOW)
    taken = lease(database)
    assert held(database) == [to_text(NOW + n * SECOND) for n in (1, 2, 3)]
    for one in taken:
        finish(database, one)
    assert [one.spec.name for one in lease(database, NOW + SECOND)] == ["big.example 0003"]
    assert [one.spec.name for one in lease(database, NOW + 9 * SECOND)] == ["big.example 0004", "big.example 0005"]


def test_the_sources_in_hand_count_and_the_learned_gap_of_a_busy_host_sets_the_wait(database):
    sync_sources(database, crowd("slow.example", 2), NOW)
    database.execute("INSERT INTO hosts (host, delay_s, robots_delay_s, updated_at) VALUES ('slow.example', 7, 20, '')")
    assert lease(database, busy={"slow.example": 3}) == []
    assert held(database) == [to_text(NOW + n * SECOND) for n in (20, 40)]


def test_nobody_waits_longer_than_an_interval_and_shows_as_due_meanwhile(database):
    sync_sources(database, crowd("big.example", 700), NOW)
    lease(database)
    assert held(database)[-1] == to_text(NOW + INTERVAL)
    assert {row[0] for row in database.execute("SELECT next_poll_at FROM sources")} == {to_text(NOW)}


def test_spiders_have_no_host_and_wait_for_none(database):
    spiders = [SourceSpec(str(n), (Endpoint(EndpointKind.SPIDER, f"own{n}"),), INTERVAL) for n in range(9)]
    sync_sources(database, spiders, NOW)
    assert len(lease(database)) == 9


def test_a_paused_source_is_not_even_looked_at(database):
    sync_sources(database, [spec("a", "a.example", paused=True)], NOW)
    sql = "SELECT name FROM sources WHERE active = 1 AND max(next_poll_at, held_until) <= ?"
    assert database.execute(sql, [to_text(NOW)]).fetchall() == []
    sync_sources(database, [spec("a", "a.example")], NOW)
    assert len(lease(database)) == 1


def test_what_is_due_is_found_by_an_index_alone(database):
    plan = " ".join(
        row[3]
        for row in database.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM sources WHERE active = 1 AND max(next_poll_at, held_until) <= 'x'"
            " ORDER BY max(next_poll_at, held_until)"
        )
    )
    assert "sources_turn" in plan
    assert "TEMP B-TREE" not in plan


def finish(db, taken, *, at=None, fault=None, now=NOW):
    outcome = PollOutcome.FAULT if fault else PollOutcome.UNCHANGED
    poll = Poll(taken.source_id, 0, "https://x.example", now, SECOND, outcome, fault=fault)
    finish_poll(db, poll, at or now + INTERVAL, now)


def test_a_host_that_refuses_holds_all_its_sources_but_those_with_an_address_elsewhere(database):
    sync_sources(database, [*crowd("t.me", 2), spec("both", "t.me", "else.example"), spec("other", "x.example")], NOW)
    assert hold_host(database, "t.me", NOW + INTERVAL) == 2
    assert {one.spec.name for one in lease(database)} == {"both", "other"}
    assert hold_host(database, "t.me", NOW + SECOND) == 0, "a shorter wish does not shorten the longer"
    assert len(lease(database, NOW + INTERVAL)) == 2 + 2


def test_expected_sources_are_brought_forward_and_spread_but_faulty_ones_wait_on(database):
    sync_sources(database, [spec(name, f"{name}.example") for name in ("a", "b", "c", "d")], NOW)
    fault = Fault(FaultKind.RATE_LIMITED, "later")
    for one in lease(database):
        finish(database, one, at=NOW + 3 * INTERVAL, fault=fault if one.spec.name == "c" else None)
    assert hasten(database, ["a", "b", "c"], NOW, timedelta(seconds=90)) == 2
    due = {row[0]: from_text(row[1]) - NOW for row in database.execute("SELECT name, next_poll_at FROM sources")}
    assert due == {"a": 0 * SECOND, "b": 45 * SECOND, "c": 3 * INTERVAL, "d": 3 * INTERVAL}
    assert hasten(database, ["a", "b", "c"], NOW, timedelta(seconds=90)) == 0


def test_the_next_poll_is_chosen_by_what_was_new_and_kept_with_its_reason(database):
    sync_sources(database, [spec("a", "a.example")], NOW)
    taken = lease(database)[0]
    asked = []

    def choose(new):
        asked.append(new)
        return NextPoll(NOW + INTERVAL, 2 * INTERVAL, Pace.SELDOM, 0.25)

    poll = Poll(taken.source_id, 0, "https://a.example/a", NOW, SECOND, PollOutcome.UNCHANGED)
    finish_poll(database, poll, choose, NOW)
    assert asked == [0]
    assert database.execute("SELECT next_poll_at, pace, pace_s, rate FROM sources").fetchone() == (
        to_text(NOW + INTERVAL), "seldom", 600.0, 0.25,
    )  # fmt: skip
    rhythm = lease(database, NOW + INTERVAL)[0].rhythm
    assert (rhythm.rate, rhythm.first_ok_at, rhythm.last_ok_at, rhythm.last_new_at) == (0.25, NOW, NOW, None)


# ---------------------------------------------------------------- two processes

_TAKER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import envoywatch
from storage.database import immediate, open_writer
from storage.sources import lease_due
from storage.turns import Turns

path, owner = Path(sys.argv[1]), sys.argv[2]
db = open_writer(path)
print("ready", flush=True)
for _ in sys.stdin:
    with immediate(db):
        taken = lease_due(db, owner, datetime.now(UTC), 7, timedelta(hours=1), turns=Turns(1000))
    print(*(lease.source_id for lease in taken), flush=True)
"""


@pytest.mark.processes
def test_two_processes_never_take_one_source_at_once(tmp_path):
    path = tmp_path / "shared.db"
    db = open_writer(path)
    with immediate(db):
        sync_sources(db, [spec(f"s{n}", f"h{n}.example") for n in range(2000)], NOW)
    db.conn.close()
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", _TAKER, str(path), owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        for owner in ("one", "two")
    ]
    for taker in takers:
        assert taker.stdout.readline() == "ready\n"
    taken = []
    for _ in range(150):
        for taker in takers:  # both at once; which comes first is theirs to fight out
            taker.stdin.write("\n")
            taker.stdin.flush()
        taken += [int(number) for taker in takers for number in taker.stdout.readline().split()]
    for taker in takers:
        taker.communicate()
    assert sorted(taken) == list(range(1, 2001))
