"""The usual way, for `schedule.py`: one APScheduler job per source, in memory; a process of its own.

    python benchmarks/schedule_peer.py SOURCES SECONDS

All sources are due once an hour, spread evenly; the jobs do nothing. Prints one line of JSON: seconds of CPU to set the
jobs up (which every start needs anew), MB they take, and the share of a core and the lateness while they run.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

HOUR_S = 3600.0


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / 1e6


async def run(sources: int, seconds: float) -> dict[str, float]:
    late: list[float] = []

    async def poll(due_at: datetime) -> None:
        late.append((datetime.now(UTC) - due_at).total_seconds())

    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    memory, began = resident_mb(), time.process_time()
    first = datetime.now(UTC) + timedelta(seconds=seconds)
    for number in range(sources):
        due_at = first + timedelta(seconds=HOUR_S * number / sources)
        scheduler.add_job(poll, "interval", seconds=HOUR_S, args=(due_at,), next_run_time=due_at, id=str(number))
    scheduler.start()
    set_up, memory = time.process_time() - began, resident_mb() - memory
    await asyncio.sleep(max(0.0, (first - datetime.now(UTC)).total_seconds()))
    began, wall = time.process_time(), time.monotonic()
    late.clear()
    await asyncio.sleep(seconds)
    share = (time.process_time() - began) / (time.monotonic() - wall)
    scheduler.shutdown(wait=False)
    return {"set_up_s": set_up, "memory_mb": memory, "share": share, "ran": len(late), "latest_s": max(late)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(int(sys.argv[1]), float(sys.argv[2])))))
