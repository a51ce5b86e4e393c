"""The schedule alone as the daemon has it, for `schedule.py`: beside `schedule_peer.py`, on the same sources.

    python benchmarks/schedule_ours.py SOURCES SECONDS

A due query each tick in a database file; what is due is leased, and its result and next time are stored, as after a
poll that found nothing new. Prints one line of JSON: seconds of CPU to take up a database of an earlier run, MB it
takes, and the share of a core with none due and with all due once an hour.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from schedule_day import World
from schedule_peer import HOUR_S, resident_mb

from config.collector import collector_paused, settle
from crawler.schedule import Limits, next_poll
from envoywatch.daemon import TICK_S
from envoywatch.pipeline import PER_HOST
from storage.model import Poll, PollOutcome, to_text
from storage.store import open_store
from storage.turns import Turns

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.model import Lease
    from storage.store import SqliteStore

HOLD = timedelta(hours=1)


def spread(db: Database, first: datetime) -> None:
    """All due once an hour from then on."""
    ids = [row[0] for row in db.execute("SELECT id FROM sources")]
    step = timedelta(seconds=HOUR_S / len(ids))
    db.conn.executemany(
        "UPDATE sources SET next_poll_at = ? WHERE id = ?",
        [(to_text(first + step * place), id_) for place, id_ in enumerate(ids)],
    )


async def finish(store: SqliteStore, lease: Lease, now: datetime) -> None:
    """As after a 304."""
    url, took = lease.spec.endpoints[0].url, timedelta(seconds=0.2)
    poll = Poll(lease.source_id, 0, url, now, took, PollOutcome.UNCHANGED, 304, 0)
    await store.finish_poll(poll, lambda new: next_poll(lease, poll, new, now, Limits(), 0.5), now)


async def watch(store: SqliteStore, seconds: float) -> tuple[float, int]:
    """The share of a core, and how many came due."""
    began, wall, due = time.process_time(), time.monotonic(), 0
    while (passed := time.monotonic() - wall) < seconds:
        now = datetime.now(UTC)
        leases = await store.lease_due("ours", now, 1000, HOLD, turns=Turns(PER_HOST))
        await asyncio.gather(*(finish(store, lease, now) for lease in leases))
        due += len(leases)
        await asyncio.sleep(max(0.0, min(TICK_S, seconds - passed)))
    return (time.process_time() - began) / (time.monotonic() - wall), due


async def run(folder: Path, sources: int, seconds: float) -> dict[str, float]:
    world = World(sources)
    with open_store(folder / "envoywatch.db", "benchmark") as store:
        await store.sync_sources(map(world.spec, range(sources)), datetime.now(UTC))
    specs = list(map(world.spec, range(sources)))
    settle()
    memory, began = resident_mb(), time.process_time()
    with open_store(folder / "envoywatch.db", "benchmark") as store:
        with collector_paused():
            await store.sync_sources(specs, datetime.now(UTC))
        set_up, memory = time.process_time() - began, resident_mb() - memory
        await store.write(spread, datetime.now(UTC) + timedelta(days=1))
        await watch(store, TICK_S)
        idle, _ = await watch(store, seconds)
        await store.write(spread, datetime.now(UTC))
        share, ran = await watch(store, seconds)
    return {"set_up_s": set_up, "memory_mb": memory, "idle": idle, "share": share, "ran": ran}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="envoywatch-schedule-") as name:
        print(json.dumps(asyncio.run(run(Path(name), int(sys.argv[1]), float(sys.argv[2])))))
