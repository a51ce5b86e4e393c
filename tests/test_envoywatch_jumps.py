"""The clock on the wall is set back by hours, or forward, while the steady one goes on."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from config.vocabulary import EndpointKind
from crawler.hosts import HostBook
from envoywatch.clock import Clock
from envoywatch.daemon import Daemon
from envoywatch.hosts import HostKeeper
from envoywatch.jumps import JumpWatch
from storage.hosts import save_hosts
from storage.jumps import pull_back
from storage.model import Endpoint, SourceSpec, from_text, to_text
from storage.sources import lease_due, sync_sources
from storage.store import open_store

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BACK = timedelta(hours=3)


def spec(name, **more):
    return SourceSpec(name, (Endpoint(EndpointKind.FEED, f"https://{name}.example/"),), 5 * MINUTE, **more)


def test_promise_12_a_clock_set_back_is_noticed_and_one_set_forward_or_trimmed_needs_nothing():
    wall, steady = [1000.0], [50.0]
    watch = JumpWatch(lambda: wall[0], lambda: steady[0])

    def later(seconds, set_by=0.0):
        steady[0] += seconds
        wall[0] += seconds + set_by
        return watch.look()

    assert later(1) is None
    assert later(1, -10_800) == BACK
    assert later(1) is None
    assert later(1, 7200) is None
    assert later(1, -7200) == timedelta(hours=2)
    assert [later(1, -0.5) for _ in range(4)] == [None, None, None, timedelta(seconds=2)]


def test_promise_12_after_the_clock_was_set_back_every_source_is_due_in_its_interval(database):
    sync_sources(database, [spec("soon"), spec("busy"), spec("paused", paused=True)], NOW)
    database.execute("UPDATE sources SET next_poll_at = ? WHERE name <> 'paused'", [to_text(NOW + 5 * MINUTE)])
    database.execute("UPDATE sources SET leased_until = ? WHERE name = 'busy'", [to_text(NOW + 60 * MINUTE)])
    now = NOW - BACK
    pull_back(database, now, BACK)
    rows = database.execute("SELECT name, next_poll_at, leased_until, held_until FROM sources").fetchall()
    times = {row[0]: row[1:] for row in rows}
    assert times["soon"][0] == to_text(now + 5 * MINUTE)
    assert from_text(times["busy"][1]) == now + 60 * MINUTE
    assert times["paused"][2] == "9999"
    leased = lease_due(database, "t", now + 6 * MINUTE, 9, MINUTE)
    assert [lease.spec.name for lease in leased] == ["soon"]


def test_promise_12_a_host_that_refused_is_let_alone_no_longer_because_the_clock_was_set_back(database):
    now = [NOW]
    book = HostBook(now=lambda: now[0])
    book.note("busy.example", 429, timedelta(0), 10 * MINUTE)
    save_hosts(database, book.take_changed(), NOW)
    now[0] = NOW - BACK
    book.pull_back(BACK)
    pull_back(database, now[0], BACK)
    assert book.held_for("busy.example") == 10 * MINUTE
    until = database.execute("SELECT back_off_until FROM hosts").fetchone()[0]
    assert from_text(until) == now[0] + 10 * MINUTE


async def test_promise_12_the_daemons_own_jobs_go_on_at_once(tmp_path):
    ran, scheduler = asyncio.Event(), AsyncIOScheduler(timezone=UTC)

    async def tick():
        ran.set()

    # Where a job stands when its next time was told by a clock that was three hours ahead.
    scheduler.add_job(tick, "interval", seconds=1, next_run_time=datetime.now(UTC) + BACK)
    scheduler.start()
    with open_store(tmp_path / "envoywatch.db", "a test") as store:
        await store.sync_sources([spec("soon")], datetime.now(UTC) + BACK)
        daemon = SimpleNamespace(clock=Clock(), desk=SimpleNamespace(store=store, hosts=HostKeeper(store, Clock())))
        await Daemon.set_back(daemon, scheduler, BACK)
        await asyncio.wait_for(ran.wait(), 10)
        assert len(await store.lease_due("t", datetime.now(UTC) + MINUTE, 9, MINUTE)) == 1
    scheduler.shutdown(wait=False)
