"""Polling 2,000 feeds from one process, beside lemon24/reader on the same feeds in the same run.

    python benchmarks/polling.py [--feeds 2000] [--rounds 5] [--peer-python PYTHON | --alone] [--check]

Each feed has a loopback address of its own. In every round 8 % have a new entry, 1 % answer after a second, the others
have not changed. The candidates, each a process of its own, take turns at going first; both store everything, neither
fetches articles. A few rounds before the measured ones fill both databases and let the servers' validators prove
themselves, once by a new entry of every feed. CPU is that of a candidate's whole process tree. `--check` exits 1 below
4 times the peer's feeds a second or above a quarter of its CPU. Linux only (reads /proc).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polling_server import ITEMS, address, changed_in

HERE = Path(__file__).resolve().parent
LEAST_SPEED = 4.0
MOST_CPU = 0.25
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Child:
    """A process that answers each line with one line of JSON."""

    process: subprocess.Popen[str]
    name: str = ""
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def start(cls, python: str, script: str, *arguments: object, name: str = "") -> Child:
        command = [python, str(HERE / script), *map(str, arguments)]
        return cls(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True), name)

    def ask(self, line: str | None) -> Any:
        if line is not None:
            print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
        if not answer:
            sys.exit(f"{self.name or 'the server'} ended before its time (exit {self.process.wait()})")
        return json.loads(answer)

    def poll_all(self, number: int) -> dict[str, Any]:
        before = tree(self.process.pid)[0]
        told = self.ask(f"round {number}")
        after, own, workers = tree(self.process.pid)
        self.memory.append((own, workers))
        return {**told, "cpu": after - before}

    def end(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        self.process.wait(timeout=60)


def tree(root: int) -> tuple[float, float, float]:
    """CPU seconds of a process and all its descendants; MB of memory of itself, and of its descendants."""
    stats: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has ended
        stats[int(path.parent.name)] = text.rpartition(")")[2].split()
    family = {root}
    while more := {pid for pid, stat in stats.items() if int(stat[1]) in family} - family:
        family |= more
    cpu = sum(sum(map(int, stats[pid][11:15])) for pid in family if pid in stats) / _TICKS
    memory = {pid: int(stats[pid][21]) * _PAGE / 1e6 for pid in family if pid in stats}
    return cpu, memory[root], sum(memory.values()) - memory[root]


def measure(server: Child, candidates: list[Child], feeds: int, warm_up: int, rounds: int) -> None:
    for number in range(warm_up + rounds):
        server.ask(f"round {number}")
        for candidate in candidates if number % 2 else reversed(candidates):
            told = candidate.poll_all(number)
            expected = len(changed_in(number, feeds)) if number else feeds * ITEMS
            print(
                f"round {number:>2} {candidate.name:<16} {told['seconds']:6.2f} s, CPU {told['cpu']:6.2f} s,"
                f" {told['new']:>6} new of {expected}, {told['failed']} failed, memory"
                f" {candidate.memory[-1][0]:4.0f} MB and {candidate.memory[-1][1]:4.0f} MB in workers",
                flush=True,
            )
            if told["failed"] or told["new"] != expected:
                sys.exit(f"{candidate.name} did not read every feed")
            if number >= warm_up:
                candidate.seconds.append(told["seconds"])
                candidate.cpu.append(told["cpu"])


def report(candidates: list[Child], feeds: int) -> bool:
    print(f"\n{'':<16} {'feeds/s':>8} {'CPU s per 1,000 feeds':>22} {'MB, first to last round':>26}")
    for one in candidates:
        first, last = one.memory[0][0], one.memory[-1][0]
        print(
            f"{one.name:<16} {feeds / statistics.median(one.seconds):>8.0f}"
            f" {statistics.median(one.cpu) / feeds * 1000:>22.2f} {f'{first:.0f} to {last:.0f}':>26}"
        )
    if len(candidates) == 1:
        return True
    ours, peer = candidates
    speed = statistics.median(theirs / mine for mine, theirs in zip(ours.seconds, peer.seconds, strict=True))
    cpu = statistics.median(mine / theirs for mine, theirs in zip(ours.cpu, peer.cpu, strict=True))
    print(f"ratio: {speed:.1f} times the feeds a second, {cpu:.2f} of the CPU (median of {len(ours.cpu)} rounds)")
    return speed >= LEAST_SPEED and cpu <= MOST_CPU


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds")
    parser.add_argument("--warm-up", type=int, default=4, help="rounds before them")
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter with benchmarks/requirements.txt")
    parser.add_argument("--alone", action="store_true", help="without the peer, to look at memory or a profile")
    parser.add_argument("--check", action="store_true", help="fail short of the promised ratios")
    options = parser.parse_args()
    server = Child.start(sys.executable, "polling_server.py", options.feeds)
    with tempfile.TemporaryDirectory(prefix="envoywatch-polling-") as folder:
        candidates = [Child.start(sys.executable, "polling_ours.py", folder, name="Envoywatch")]
        if not options.alone:
            candidates.append(Child.start(options.peer_python, "polling_peer.py", folder, name="lemon24/reader"))
        told = server.ask(None)
        urls = [f"http://{address(feed)}:{told['port']}/feed.xml" for feed in range(options.feeds)]
        print(f"{options.feeds:,} feeds of {told['bytes'] / 1024:.0f} KiB")
        for candidate in candidates:
            candidate.ask(json.dumps(urls))
        measure(server, candidates, options.feeds, options.warm_up, options.rounds)
        good = report(candidates, options.feeds)
        for child in (*candidates, server):
            child.end()
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
