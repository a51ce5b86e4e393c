import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.workers import WorkerCrashed, Workers, WorkerTimeout
from tests import crawler_jobs as jobs


@contextlib.asynccontextmanager
async def workers(count=1, **options):
    made = Workers(count, **({"timeout": timedelta(seconds=10)} | options))
    try:
        yield made
    finally:
        await made.stop()


async def test_jobs_run_in_other_processes_that_leave_signals_to_us():
    async with workers(initializer=jobs.begin, initargs=("hello",)) as made:
        await made.start()
        assert await made.run(jobs.add, 2, 3) == 5
        assert await made.run(jobs.process) != os.getpid()
        assert await made.run(jobs.told) == "hello"
        assert await made.run(jobs.signals) == [True, True]
        with pytest.raises(ValueError, match="the job's own"):
            await made.run(jobs.fail)


async def test_promise_19_a_stuck_or_dying_or_greedy_job_ends_alone_and_its_worker_is_replaced():
    async with workers(
        initializer=jobs.begin, initargs=("again",), timeout=timedelta(seconds=0.5), memory_mb=2048
    ) as made:
        with pytest.raises(WorkerTimeout, match="spin"):
            await made.run(jobs.spin)
        assert await made.run(jobs.told) == "again"
        with pytest.raises(WorkerCrashed, match="die"):
            await made.run(jobs.die)
        assert await made.run(jobs.told) == "again"
        with pytest.raises(WorkerCrashed, match="memory"):
            await made.run(jobs.devour)
        assert await made.run(jobs.told) == "again"


async def test_a_worker_killed_while_idle_is_replaced_for_the_next_job():
    async with workers() as made:
        os.kill(await made.run(jobs.process), signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert await made.run(jobs.add, 1, 1) == 2


async def test_new_processes_take_over_when_they_are_ready_and_the_old_ones_work_until_then():
    async with workers(initializer=jobs.begin, initargs=("old",)) as made:
        await made.start()
        before = asyncio.ensure_future(made.run(jobs.nap, 0.2))
        coming = asyncio.ensure_future(made.replace(("new",), jobs.slow_start))
        await asyncio.sleep(0.05)
        assert await before == "old"
        assert await made.run(jobs.told) == "old"
        await coming
        assert await made.run(jobs.told) == "new"


async def test_processes_that_cannot_be_prepared_are_taken_for_what_they_can_do():
    async with workers(initializer=jobs.begin, initargs=("old",)) as made:
        await made.replace(("new",), jobs.refuse)
        assert await made.run(jobs.told) == "new"


async def test_a_replacement_that_is_given_up_leaves_the_old_ones():
    async with workers(initializer=jobs.begin, initargs=("old",)) as made:
        coming = asyncio.ensure_future(made.replace(("new",), jobs.slow_start))
        await asyncio.sleep(0.05)
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        assert await made.run(jobs.told) == "old"


@pytest.mark.parametrize("initializer", [jobs.die, jobs.refuse])
async def test_workers_that_cannot_start_are_told(initializer):
    async with workers(initializer=initializer) as made:
        with pytest.raises(WorkerCrashed):
            await made.run(jobs.told)


async def test_workers_never_used_stop_at_once():
    async with workers() as made:
        assert made is not None


def test_workers_die_with_their_parent(tmp_path):
    program = f"""
        import asyncio, os, sys
        sys.path.insert(0, {str(Path.cwd())!r})
        import envoywatch
        from datetime import timedelta
        from crawler.workers import Workers
        from tests import crawler_jobs
        async def main():
            workers = Workers(1, timeout=timedelta(seconds=9))
            print(await workers.run(crawler_jobs.process), flush=True)
            os.kill(os.getpid(), 9)
        if __name__ == "__main__":
            asyncio.run(main())
    """
    file = tmp_path / "parent.py"
    file.write_text(textwrap.dedent(program))
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout, done.stderr
    worker = int(done.stdout)
    for _ in range(50):
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, 0)
            time.sleep(0.05)
            continue
        break
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
