from datetime import UTC, datetime, timedelta

import pytest

from config.vocabulary import EndpointKind
from envoywatch.clock import Clock
from envoywatch.hosts import HostKeeper
from storage.model import Endpoint, SourceSpec, from_text
from storage.store import open_store

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "hosts.db", "the tests") as opened:
        yield opened


def spec(name, *hosts):
    return SourceSpec(name, tuple(Endpoint(EndpointKind.FEED, f"https://{host}/{name}") for host in hosts), HOUR)


async def held_until(store):
    rows = await store.read(lambda connection: connection.execute("SELECT name, held_until FROM sources").fetchall())
    return {row["name"]: row["held_until"] for row in rows}


async def test_a_refusal_holds_the_sources_of_the_host_and_the_next_run_knows(store):
    clock = Clock()
    await store.sync_sources([spec("a", "t.me"), spec("b", "t.me", "b.org"), spec("c", "c.org")], clock.now())
    keeper = HostKeeper(store, clock)
    keeper.book.note("t.me", 429, SECOND, HOUR)
    await keeper.jobs.drain(5)
    held = await held_until(store)
    assert timedelta(0) < from_text(held.pop("a")) - datetime.now(UTC) <= HOUR
    assert held == {"b": "", "c": ""}
    again = HostKeeper(store, clock)
    await again.book.open("t.me")
    assert timedelta(minutes=59) < again.book.held_for("t.me") <= HOUR


async def test_in_a_replay_the_sources_wait_by_its_clock_and_the_host_by_the_real_one(store):
    clock = Clock(datetime(2023, 5, 17, tzinfo=UTC), speed=100)
    await store.sync_sources([spec("a", "t.me")], clock.now())
    keeper = HostKeeper(store, clock)
    keeper.book.note("t.me", 429, SECOND, HOUR)
    await keeper.jobs.drain(5)
    until = from_text((await held_until(store))["a"])
    assert timedelta(hours=98) < until - clock.now() <= timedelta(hours=100)
    assert keeper.book.held_for("t.me") <= HOUR


async def test_what_was_learned_is_written_now_and_then_and_forgotten_after_a_month(store):
    keeper = HostKeeper(store, Clock())
    keeper.book.slow_down("strict.org", 5 * SECOND)
    await keeper.flush()
    await keeper.flush()
    await keeper.prune()
    assert (await HostKeeper(store, Clock()).book.open("strict.org")).robots_delay == 5 * SECOND
    await store.write(lambda db: db.execute("UPDATE hosts SET updated_at = '2020'") and None)
    await keeper.prune()
    assert (await HostKeeper(store, Clock()).book.open("strict.org")).robots_delay == timedelta(0)
