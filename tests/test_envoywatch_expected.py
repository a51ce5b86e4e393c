import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from config.model import Config
from config.people import load_people
from envoywatch.clock import Clock
from envoywatch.desk import rules_of, spec_of
from envoywatch.expected import ExpectedMeetings
from storage.model import Poll, PollOutcome, from_text
from storage.store import open_store

MORNING = datetime(2023, 5, 27, 9, 0, tzinfo=UTC)
BY = "2023-05-27T18:00:00+03:00"
HOUR = timedelta(hours=1)


def source(name, country, role="official"):
    return {"name": name, "country": country, "role": role, "endpoints": [{"feed": f"https://{name}.example/f"}]}


SOURCES = [source("kremlin", "RU"), source("mfa", "CN"), source("elysee", "FR"), source("tass", "RU", "state-media")]
EXPECT = {"name": "The audience", "meeting": {"between": ["Vladimir Putin", "Li Hui"]}, "by": BY}


@pytest.fixture
def desk(tmp_path):
    """What the stages share, at a clock that stands, with sources that were polled just now."""
    config = Config.model_validate({"sources": SOURCES, "expect": [EXPECT], "crawl": {"interval": "1h"}})
    people = load_people()
    with open_store(tmp_path / "expected.db", "the tests") as store:
        clock = Clock(MORNING)
        clock.hold()
        made = SimpleNamespace(config=config, people=people, rules=rules_of(config, people), clock=clock, store=store)
        specs = [spec_of(one, config) for one in config.sources]
        store.write_now(lambda db: _polled(db, specs))
        yield made


def _polled(db, specs):
    from storage.sources import finish_poll, lease_due, sync_sources

    sync_sources(db, specs, MORNING)
    for lease in lease_due(db, "me", MORNING, 10, HOUR):
        poll = Poll(lease.source_id, 0, "https://x.example", MORNING, HOUR, PollOutcome.UNCHANGED)
        finish_poll(db, poll, MORNING + HOUR, MORNING)


async def due(desk):
    sql = "SELECT name, next_poll_at FROM sources"
    rows = await desk.store.read(lambda connection: connection.execute(sql).fetchall())
    return {row["name"]: from_text(row["next_poll_at"]) - desk.clock.now() for row in rows}


async def note(desk):
    sql = "SELECT value FROM notes WHERE name = 'expected'"
    row = await desk.store.read(lambda connection: connection.execute(sql).fetchone())
    return row and json.loads(row["value"])


def at(desk, moment):
    desk.clock.start = moment
    desk.clock.hold()


async def test_when_its_time_comes_near_the_officials_are_brought_forward_and_told_of(desk):
    expected = ExpectedMeetings(desk)
    at(desk, MORNING - HOUR)
    await expected.look()
    assert not expected.concerns("kremlin")
    assert await note(desk) is None
    at(desk, MORNING)
    await expected.look()
    assert {name for name in ("kremlin", "mfa", "elysee", "tass") if expected.concerns(name)} == {"kremlin", "mfa"}
    waits = await due(desk)
    assert max(waits["kremlin"], waits["mfa"]) < timedelta(seconds=90)
    assert waits["elysee"] == waits["tass"] == HOUR
    assert await note(desk) == [
        {"what": "The audience", "until": "2023-05-27T17:00:00.000000Z", "sources": ["kremlin", "mfa"]}
    ]


async def test_when_its_time_is_over_nobody_is_concerned_any_more(desk):
    expected = ExpectedMeetings(desk)
    await expected.look()
    at(desk, MORNING + 9 * HOUR)
    await expected.look()
    assert not expected.concerns("kremlin")
    assert await note(desk) is None


async def ledger(desk, status):
    def write(db):
        db.execute(
            "INSERT INTO meetings (key, participants, level, status, date, first_reported_at, updated_at)"
            " VALUES (?, ?, 'leader', ?, '2023-05-27', ?, ?)",
            [status, '["Emmanuel Macron","Li Hui"]', status, "2023-05-26T08:00:00Z", "2023-05-26T08:00:00Z"],
        )
        db.execute("UPDATE meetings SET participants = '[\"Vladimir Putin\",\"Li Hui\"]' WHERE status = 'held'")

    await desk.store.write(write)


async def test_what_the_ledger_schedules_for_today_concerns_its_officials_from_the_next_look_on(desk):
    expected = ExpectedMeetings(desk)
    at(desk, MORNING - 7 * HOUR)
    await ledger(desk, "scheduled")
    await expected.look()
    assert {name for name in ("kremlin", "mfa", "elysee", "tass") if expected.concerns(name)} == {"mfa", "elysee"}


async def test_a_meeting_that_was_held_ends_the_waiting(desk):
    expected = ExpectedMeetings(desk)
    await expected.look()
    await ledger(desk, "held")
    await expected.look()
    assert not expected.concerns("kremlin")
