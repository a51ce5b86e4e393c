"""100,000 sources in one process: a simulated day, a real daemon's start, memory and idle cost; the usual way beside.

    python benchmarks/schedule.py [--sources 100000] [--hours 24] [--part day|daemon|peer] [--check]

The day (`schedule_day.py`): how late any source was asked, counted in intervals from its last poll, and how many
requests one host had in flight. The daemon (`schedule_daemon.py`): `envoywatch run` on a CSV. The peer
(`schedule_peer.py`): one APScheduler job per source, beside our schedule alone (`schedule_ours.py`), which stores
everything and takes up where it was. `--check` exits 1 when a source was later than 1.1 intervals, a host had more than
two requests in flight, or the daemon took over 5 s of CPU to start again, 1 % of a core while none was due, or 400 MB.
Takes some ten minutes. Linux only (reads /proc).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import schedule_daemon

HERE = Path(__file__).resolve().parent
LATEST = 1.1
IN_FLIGHT = 2
START_S = 5.0
IDLE = 0.01
MEMORY_MB = 400.0


def candidate(script: str, *arguments: object) -> dict[str, Any]:
    """The figures that a process of its own prints."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def day(sources: int, hours: float) -> bool:
    told = candidate("schedule_day.py", sources, hours)
    late = ", ".join(f"{count:,} over {bound}" for bound, count in told["late"].items())
    rows = [
        ("polls, of them failed", f"{told['polls']:,}, {told['faults']:,}"),
        ("new entries", f"{told['new']:,}"),
        ("as many polls as sources after", f"{told['first_round_s'] / 60:.0f} min"),
        ("latest", f"{told['latest']:.3f} intervals after its last poll ({late})"),
        ("most in flight at a host", told["most"]),
        ("CPU a poll, of it the store's", f"{_per_poll(told, 'cpu_s')} ms, {_per_poll(told, 'store_s')} ms"),
    ]
    table(f"{sources:,} sources, {hours:g} simulated hours", rows)
    return told["latest"] <= LATEST and told["most"] <= IN_FLIGHT


def _per_poll(told: dict[str, Any], name: str) -> str:
    return f"{told[name] / told['polls'] * 1000:.2f}"


def daemon(sources: int, idle_s: float, rounds: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="envoywatch-schedule-") as name:
        folder = Path(name)
        schedule_daemon.write_configuration(folder, sources)
        first = schedule_daemon.measure(folder, idle_s=0)
        again = [schedule_daemon.measure(folder, idle_s=idle_s) for _ in range(rounds)]
    with tempfile.TemporaryDirectory(prefix="envoywatch-schedule-") as name:
        schedule_daemon.write_configuration(Path(name), 1)
        schedule_daemon.measure(Path(name), idle_s=0)
        single = schedule_daemon.measure(Path(name), idle_s=idle_s)
    start = min(one.start_cpu_s for one in again)
    idle = statistics.median(one.idle for one in again)
    memory = max(one.memory_mb + one.children_mb for one in again)
    rows = [
        ("first start, empty database", f"{first.start_cpu_s:.1f} s of CPU, {first.start_s:.1f} s passed"),
        ("later starts", f"{start:.1f} s of CPU, {min(one.start_s for one in again):.1f} s passed"),
        ("with one source", f"{single.start_cpu_s:.1f} s of CPU, {single.start_s:.1f} s passed"),
        ("none due, share of a core", f"{idle:.2%} (with one source {single.idle:.2%})"),
        ("memory, at most while starting", f"{memory:.0f} MB, {max(one.peak_mb for one in (first, *again)):.0f} MB"),
        ("with one source", f"{single.memory_mb + single.children_mb:.0f} MB"),
    ]
    table(f"envoywatch run, {sources:,} rows of a CSV", rows)
    return start <= START_S and idle <= IDLE and memory <= MEMORY_MB


def peer(sources: int, seconds: float, rounds: int) -> float:
    ours, theirs = [], []
    for number in range(rounds):
        pair = [(ours, "schedule_ours.py"), (theirs, "schedule_peer.py")]
        for figures, script in pair if number % 2 else reversed(pair):
            figures.append(candidate(script, sources, seconds))

    def row(name: str, key: str, form: str) -> tuple[str, str]:
        mine, other = (statistics.median(one[key] for one in figures) for figures in (ours, theirs))
        return name, f"{mine:{form}} | {other:{form}}"

    ratio = statistics.median(other["share"] / mine["share"] for mine, other in zip(ours, theirs, strict=True))
    table(
        "the schedule alone, ours | one APScheduler job per source",
        [
            row("set-up at each start, s of CPU", "set_up_s", ".2f"),
            row("memory, MB", "memory_mb", ".0f"),
            row("all due once an hour, share of a core", "share", ".2%"),
            ("none due, ours", f"{statistics.median(one['idle'] for one in ours):.2%}"),
            ("over a restart it keeps", "everything | nothing"),
        ],
    )
    return ratio


def table(title: str, rows: list[tuple[str, object]]) -> None:
    print(f"\n{title}")
    for name, value in rows:
        print(f"  {name:<40} {value}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--seconds", type=float, default=30, help="how long what is idle is watched")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=["day", "daemon", "peer"], help="only this")
    parser.add_argument("--check", action="store_true", help="fail short of the promised figures")
    options = parser.parse_args()
    good = True
    if options.part in {None, "daemon"}:
        good &= daemon(options.sources, options.seconds, options.rounds)
    if options.part in {None, "day"}:
        good &= day(options.sources, options.hours)
    if options.part in {None, "peer"}:
        ratio = peer(options.sources, options.seconds, options.rounds)
        print(f"ratio: a job per source takes {ratio:.1f} times the CPU, and stores nothing")
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
