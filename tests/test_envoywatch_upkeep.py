"""What the operator is told of the whole operation, on a real database, and the heartbeat over a real socket."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from config.model import Config
from config.vocabulary import EndpointKind
from envoywatch.clock import Clock
from envoywatch.desk import Silent
from envoywatch.upkeep import Upkeep
from storage.database import open_reader
from storage.model import Endpoint, SourceSpec, to_text
from storage.store import open_store
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = {"channels": {"desk": {"url": "json://127.0.0.1:9/"}}}


class Now(Clock):
    """A clock that stands, and is set."""

    def __init__(self):
        super().__init__()
        self.at = NOW

    def now(self):
        return self.at


class Operation:
    """A desk as far as upkeep knows it; `free` is the share of the disk that is free."""

    def __init__(self, store, engine=None, **health):
        self.clock, self.free, self.at_work = Now(), 0.5, True
        config = Config.model_validate(CONFIG | {"health": health})
        self.desk = SimpleNamespace(store=store, clock=self.clock, config=config, engine=engine, listener=Silent())
        self.upkeep = Upkeep(self.desk, lambda: self.at_work, lambda: self.free)

    async def look(self, *, after=timedelta(minutes=1)):
        self.clock.at += after
        return await self.upkeep.look()

    def told(self):
        with closing(open_reader(self.desk.store.path)) as db:
            return [row[0] for row in db.execute("SELECT title FROM alerts ORDER BY id")]

    async def write(self, sql, *values):
        await self.desk.store.write(lambda db: db.execute(sql, values).rowcount)

    async def sources(self, *names):
        specs = [SourceSpec(name, (Endpoint(EndpointKind.FEED, f"https://{name}.example/"),), HOUR) for name in names]
        await self.desk.store.sync_sources(specs, self.clock.now() + HOUR)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "envoywatch.db", "a test") as opened:
        yield opened


async def test_promise_40_a_disk_that_fills_is_told_once_again_each_day_and_when_it_has_room(store):
    operation = Operation(store)
    assert not await operation.look()
    operation.free = 0.049
    assert await operation.look()
    assert not await operation.look()
    assert operation.told() == ["The disk of the database is nearly full: 4.9% is free"]
    assert "Make room" in operation.upkeep.lines[0]
    assert await operation.look(after=24 * HOUR)
    operation.free = 0.5
    assert await operation.look()
    told = [title for title in operation.told() if "disk" in title]
    assert told == ["The disk of the database is nearly full: 4.9% is free"] * 2 + ["The disk has room again"]
    assert not any("disk" in line for line in operation.upkeep.lines)


async def test_promise_40_a_source_that_fails_for_six_hours_is_told_though_it_is_not_lost_yet(store):
    operation = Operation(store)
    await operation.sources("rare", "paused", "lost")
    failing = "UPDATE sources SET fault = 'server-error', fault_since = ? WHERE name = ?"
    for name in ("rare", "lost"):
        await operation.write(failing, to_text(NOW), name)
    await operation.write("UPDATE sources SET lost_told_at = ? WHERE name = 'lost'", to_text(NOW))
    assert not await operation.look(after=5.9 * HOUR)
    assert await operation.look(after=0.2 * HOUR)
    assert operation.told()[0].endswith("over six hours: rare")
    await operation.write("UPDATE sources SET fault = NULL, fault_since = NULL")
    await operation.look()
    assert operation.told()[-1] == "No source fails for over six hours any more"


async def test_promise_39_sources_that_go_on_failing_are_one_line_an_hour_together(store):
    operation = Operation(store)
    await operation.sources("one", "two")
    await operation.write("UPDATE sources SET fault = 'server-error', fault_since = ?", to_text(NOW))
    with capture_logs() as lines:
        for _ in range(180):
            await operation.look()
    told = [line["count"] for line in lines if line["event"] == "sources still failing"]
    assert told == [2, 2]


async def test_promise_40_an_outbox_that_does_not_drain_is_told_but_not_what_is_held(store):
    operation = Operation(store)
    await operation.write(
        "INSERT INTO alerts (key, kind, title, created_at) VALUES ('a', 'match', 'Li Hui in Kyiv', ?)", to_text(NOW)
    )
    insert = (
        "INSERT INTO deliveries (key, alert_id, channel, state, attempts, created_at, due_at)"
        " VALUES (?, 1, ?, 'due', ?, ?, ?)"
    )
    await operation.write(insert, "held", "phone", 0, to_text(NOW), to_text(NOW + 8 * HOUR))
    assert not await operation.look(after=HOUR)
    await operation.write(insert, "tried", "desk", 3, to_text(NOW), to_text(NOW + 2 * HOUR))
    assert await operation.look()
    assert "1 message in the outbox" in operation.told()[1]
    assert operation.told()[1].endswith("through desk")


async def test_promise_40_a_late_schedule_is_told_when_it_stays_late(store):
    operation = Operation(store)
    await operation.sources("one", "two")
    await operation.write("UPDATE sources SET leased_until = ? WHERE name = 'two'", to_text(NOW + 99 * HOUR))
    assert not await operation.look(after=2 * HOUR)  # as after a suspension: the sources are asked in a moment
    assert await operation.look()
    assert operation.told()[0].startswith("The schedule is late: 1 source ")


async def test_promise_40_what_was_told_is_known_after_a_restart_and_a_replay_strains_nobody(store):
    first = Operation(store)
    first.free = 0.01
    assert await first.look()
    again = Operation(store)
    again.free = 0.01
    assert not await again.look(after=timedelta(minutes=2))
    again.clock.start = NOW
    again.free = 0.5
    assert not await again.look()


def test_promise_40_the_heartbeat_goes_out_while_all_is_at_work_and_stops_when_not(world, site, store):
    site.routes["/ping/desk"] = answer_of(b"OK")

    async def beat():
        async with running_engine() as engine:
            operation = Operation(store, engine, heartbeat=site.url("/ping/desk"))
            await operation.look()
            await operation.look()
            operation.at_work = False
            await operation.look()

    world.run(beat())
    assert [asked.path for asked in site.asked] == ["/ping/desk"] * 2
