from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from alerts.verdicts import Rules
from config.fields import QuietHours
from config.model import Config, Digest, Expectation, MeetingSpec, Watch
from config.people import load_people
from config.vocabulary import Level, Status
from config.watch_options import Budget
from envoywatch.absences import CLOCK, EVERY
from envoywatch.clock import Clock
from envoywatch.clocks import WAIT_FOR_READING, ring, set_digest_clocks
from envoywatch.desk import Silent
from storage.meetings import write_meetings
from storage.model import Meeting
from storage.runs import clock_state
from storage.store import open_store
from tests.seeding import NOW, seed

MORNING = Digest(name="Morning", at="07:30 UTC", channels=("desk",))
DAY = timedelta(days=1)


def expect(guest, by):
    return Expectation(name=f"{guest} received", meeting=MeetingSpec(guest=guest), by=by, channels=("desk",))


@pytest.fixture
def desk(tmp_path):
    """A desk with what the clocks need; its time stands still until it is set."""
    path = seed(tmp_path).path
    with open_store(path, "test") as store:
        clock = Clock(NOW)
        clock.hold()
        yield SimpleNamespace(
            store=store, clock=clock, config=Config(), rules=Rules(), listener=Silent(), people=load_people()
        )


def rows(desk, query):
    return desk.store.read_now(lambda connection: [tuple(row) for row in connection.execute(query)])


async def test_promise_12_a_digest_rings_at_its_time_once_and_again_the_next_day(desk):
    desk.config = Config(digests=(MORNING,), channels={"desk": {"url": "json://127.0.0.1:9"}})
    await set_digest_clocks(desk)
    assert not await ring(desk)
    desk.clock.start = datetime(2023, 5, 19, 7, 31, tzinfo=UTC)
    assert await ring(desk)
    assert not await ring(desk)
    await set_digest_clocks(desk)
    assert not await ring(desk)
    desk.clock.start += DAY
    assert await ring(desk)
    assert rows(desk, "SELECT since = lag(until) OVER (ORDER BY id) FROM digests") == [(None,), (1,)]
    assert rows(desk, "SELECT count(*) FROM deliveries WHERE digest_id IS NOT NULL") == [(2,)]


async def test_promise_42_what_was_expected_and_did_not_come_is_told_once_with_what_was_read(desk):
    desk.config = Config(expect=(expect("Nobody Yet", NOW - timedelta(hours=1)), expect("Arda Lin", NOW)))
    assert await ring(desk)
    assert not await ring(desk)
    ((title, detail),) = rows(desk, "SELECT title, detail FROM alerts WHERE kind = 'overdue'")
    assert title.startswith("Nobody Yet received: not reported by ")
    assert detail == "2 of 3 sources were read in all"
    assert rows(desk, "SELECT reason FROM decisions WHERE watch = 'Nobody Yet received'") == [("expected-not-come",)]


async def test_promise_42_with_no_source_read_the_answer_is_unknown(desk):
    desk.clock.start = NOW + 5 * DAY
    desk.config = Config(expect=(expect("Nobody Yet", desk.clock.start - timedelta(hours=1)),))
    assert await ring(desk)
    ((title,),) = rows(desk, "SELECT title FROM alerts WHERE kind = 'overdue'")
    assert "unknown whether it came by" in title


async def test_nothing_is_overdue_before_its_time(desk):
    desk.config = Config(expect=(expect("Nobody Yet", NOW + DAY),))
    assert not await ring(desk)


async def test_what_is_still_to_be_read_is_waited_for_but_not_for_ever(desk):
    desk.config = Config(expect=(expect("Nobody Yet", NOW - timedelta(seconds=1)),))
    await desk.store.write(lambda db: db.execute("UPDATE entries SET state = 'pending'"))
    assert not await ring(desk)
    desk.clock.start = NOW + WAIT_FOR_READING
    assert await ring(desk)
    assert set(await desk.store.write(clock_state)) >= {CLOCK}


async def test_a_digest_at_an_hour_that_one_night_skips_and_one_night_repeats_comes_once_each_day(desk):
    night = Digest(name="Night", at="03:30 Europe/Kyiv", channels=("desk",))
    desk.config = Config(digests=(night,), channels={"desk": {"url": "json://127.0.0.1:9"}})
    for first in (datetime(2024, 3, 30, 0, 0, tzinfo=UTC), datetime(2024, 10, 26, 0, 0, tzinfo=UTC)):
        desk.clock.start = first
        await set_digest_clocks(desk)
        await ring(desk)
        before = rows(desk, "SELECT count(*) FROM digests")[0][0]
        for half_hours in range(1, 48 * 3 + 1):
            desk.clock.start = first + timedelta(minutes=30 * half_hours)
            await set_digest_clocks(desk)  # as after a restart
            await ring(desk)
        assert rows(desk, "SELECT count(*) FROM digests")[0][0] == before + 3
    due = [row[0].rpartition("/")[2] for row in rows(desk, "SELECT key FROM digests ORDER BY id")]
    assert "2024-03-31T01:00:00.000000Z" in due  # the clock jumps from three to four
    assert "2024-10-27T00:30:00.000000Z" in due  # half past three comes twice: its first coming


PLANNED = Meeting(
    key="planned",
    participants=("Li Hui", "Vladimir Putin"),
    level=Level.LEADER,
    status=Status.SCHEDULED,
    date=date(2023, 5, 18),
    place="Moscow",
    first_reported_at=NOW - DAY,
    updated_at=NOW - DAY,
)
AUDIENCE = Watch(name="Audience", meeting=MeetingSpec(guest="Li Hui"), send="now", channels=("desk",))


def plan(desk, **changes):
    return desk.store.write(lambda db: write_meetings(db, [replace(PLANNED, **changes)]))


async def test_promise_42_a_plan_that_nobody_reports_is_overdue_once_with_what_was_read(desk):
    desk.config = Config(watches=(AUDIENCE,))
    desk.rules = Rules((AUDIENCE,))
    await plan(desk)
    assert not await ring(desk)
    desk.clock.start = datetime(2023, 5, 20, tzinfo=UTC)
    assert await ring(desk)
    desk.clock.start += 2 * EVERY
    assert not await ring(desk)
    assert rows(desk, "SELECT key, kind, title, meeting_id IS NULL FROM alerts WHERE change = 'overdue'") == [
        (
            "meeting/planned/overdue-2023-05-18/Audience",
            "overdue",
            "Li Hui and Vladimir Putin: scheduled for 18 May 2023; unknown whether they met",
            0,
        )
    ]
    ((detail,),) = rows(desk, "SELECT detail FROM alerts WHERE change = 'overdue'")
    assert "the official sources of CN could not be read" in detail
    assert "read: Ruritania Today (media, en)\nnot readable: Ministry (official, zh)" in detail
    changes = rows(desk, "SELECT change, before, after, claim_id FROM status_changes ORDER BY id DESC LIMIT 1")
    assert changes == [("overdue", "scheduled", "scheduled", None)]
    assert rows(desk, "SELECT reason FROM decisions WHERE watch = 'Audience' AND meeting_id IS NOT NULL")[-1:] == [
        ("expected-not-come",)
    ]


async def test_nothing_is_called_overdue_while_articles_seen_wait_to_be_read(desk):
    desk.config = Config(watches=(AUDIENCE,))
    desk.rules = Rules((AUDIENCE,))
    await plan(desk)
    await desk.store.write(lambda db: db.execute("UPDATE entries SET state = 'pending'"))
    desk.clock.start = datetime(2023, 5, 20, tzinfo=UTC)
    assert not await ring(desk)
    desk.clock.start += WAIT_FOR_READING + timedelta(minutes=1)
    assert await ring(desk)


async def test_an_expectation_that_a_late_report_fulfils_is_corrected_once(desk):
    desk.config = Config(expect=(expect("Li Hui", NOW - timedelta(hours=1)),))
    assert await ring(desk)
    await plan(desk, status=Status.HELD, told_at=NOW)
    desk.clock.start += timedelta(hours=1)
    assert await ring(desk)
    assert not await ring(desk)
    titles = [title for (title,) in rows(desk, "SELECT title FROM alerts WHERE kind = 'overdue' ORDER BY id")]
    assert titles[1:] == ["Corrected: Li Hui received: Li Hui and Vladimir Putin met after all"]


async def test_what_people_and_places_know_of_the_world_tells_who_left_unreceived(desk):
    desk.config = Config(
        watches=(AUDIENCE.model_copy(update={"meeting": MeetingSpec(guest="Li Hui", level="leader")}),)
    )
    desk.rules = Rules(desk.config.watches)
    seen = {"status": Status.HELD, "level": Level.MINISTER, "told_at": NOW - DAY}
    await plan(desk, participants=("Li Hui", "Sergei Lavrov"), **seen)
    await plan(desk, key="next", participants=("Li Hui", "Qin Gang"), place="Beijing", date=date(2023, 5, 19), **seen)
    desk.clock.start = datetime(2023, 5, 19, 12, tzinfo=UTC)
    assert await ring(desk)
    assert rows(desk, "SELECT title FROM alerts WHERE change = 'not-received'") == [
        ("Li Hui left Moscow; unknown whether Vladimir Putin received the guest",)
    ]
    awaited = rows(
        desk, "SELECT participants, status, reports FROM meetings WHERE level = 'leader' ORDER BY id DESC LIMIT 1"
    )
    assert awaited == [('["Li Hui","Vladimir Putin"]', "undecided", 0)]


async def test_what_did_not_come_keeps_quiet_hours_and_budgets_like_any_alert(desk):
    busy = AUDIENCE.model_copy(update={"name": "Busy", "at_most": Budget.model_validate("1/d")})
    asleep = AUDIENCE.model_copy(update={"name": "Asleep", "quiet": QuietHours.model_validate("22:00-06:00")})
    desk.config = Config(watches=(busy, asleep))
    desk.rules = Rules(desk.config.watches)
    await plan(desk)
    await plan(desk, key="other", participants=("Li Hui", "Sergei Lavrov"), level=Level.MINISTER)
    desk.clock.start = datetime(2023, 5, 20, tzinfo=UTC)
    assert await ring(desk)
    told = "SELECT watch, due_at FROM alerts WHERE change = 'overdue' ORDER BY watch, due_at"
    assert [(watch, due_at[:16]) for watch, due_at in rows(desk, told)] == [
        ("Asleep", "2023-05-20T06:00"),
        ("Asleep", "2023-05-20T06:00"),
        ("Busy", "2023-05-20T00:00"),
        ("Busy", "2023-05-21T00:00"),
    ]
    reasons = rows(desk, "SELECT watch, reason FROM decisions WHERE watch IN ('Busy', 'Asleep') ORDER BY watch, reason")
    assert reasons == [
        ("Asleep", "quiet-hours"),
        ("Asleep", "quiet-hours"),
        ("Busy", "expected-not-come"),
        ("Busy", "over-budget"),
    ]
