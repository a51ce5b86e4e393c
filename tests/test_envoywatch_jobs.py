import asyncio
from datetime import UTC, datetime, timedelta

from envoywatch.clock import Clock
from envoywatch.jobs import Jobs

START = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)


async def test_a_job_that_fails_is_counted_and_mended_and_ends_nothing():
    jobs, mended = Jobs(), []

    async def fail():
        raise ZeroDivisionError

    async def mend(error):
        mended.append(type(error))
        raise ValueError("the mending fails too")

    async def work():
        mended.append("worked")

    jobs.start("bad", fail(), mend)
    jobs.start("good", work())
    assert len(jobs) == 2
    await jobs.drain(5)
    assert (jobs.failed, len(jobs)) == (2, 0)
    assert set(mended) == {ZeroDivisionError, "worked"}


async def test_waiting_ends_with_the_first_job_and_at_once_without_any():
    jobs = Jobs()
    await jobs.wait()
    gate = asyncio.Event()
    jobs.start("quick", asyncio.sleep(0))
    jobs.start("slow", gate.wait())
    await jobs.wait()
    assert len(jobs) == 1
    gate.set()
    await jobs.drain(5)


async def test_draining_cancels_what_does_not_end():
    jobs = Jobs()
    jobs.start("endless", asyncio.Event().wait())
    await jobs.drain(0.01)
    await asyncio.sleep(0)
    assert (len(jobs), jobs.failed) == (0, 0)
    await jobs.drain(0)


def test_the_real_clock_is_aware_and_no_replay():
    clock = Clock(speed=60)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert not clock.is_replay
    assert clock.span(timedelta(seconds=5)) == timedelta(seconds=5)
    clock.hold_at_now()
    assert not clock.is_replay


def test_a_replay_starts_elsewhere_runs_faster_and_can_be_held():
    clock = Clock(START, 3600)
    assert clock.is_replay
    assert clock.span(timedelta(seconds=5)) == timedelta(hours=5)
    clock.hold()
    assert clock.now() == clock.now() == START
    clock.release()
    assert clock.now() >= START
    clock.hold_at_now()
    assert clock.now() == clock.now() == clock.start
