"""Three minutes of every fault at once beside fifty good feeds: is a good entry late, and what is left of the faults?

    python benchmarks/faults.py [--seconds 180] [--good 50] [--interval 10] [--check]

A real daemon, polled servers on loopback addresses of their own (`tests/fault_servers.py`) and, where they lie beside
the checkout, the fault routes of the recordings' server. First the good feeds alone, which says what the daemon holds
without faults; then all faults with them; then the good ones alone again. Each good feed publishes a numbered entry
every interval, and an entry's time is from its publication until its article is recorded. Memory is that of the daemon
and of its worker processes together (proportional set size). The peer is the same daemon without the faults, in the
same run. `--check` exits 1 when an entry took more than two intervals or was lost, the memory passed 400 MB, a
descriptor was left, or a fault has no class of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fault_servers import FAULTY, ODD, FaultServer, feed

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ENVOYWATCH_SHARED", ROOT.parent / "shared"))
RECORDED = (
    *("status/404", "status/500", "flaky/9/x", "slow/20", "drip/20", "truncated", "reset", "empty", "redirect/2"),
    *("redirect/12", "loop", "ratelimit", "wrongtype", "big/8"),
)
MEMORY_MB = 400
LATE_INTERVALS = 2
CALM_S = 25.0
SETTLE_S = 75.0
"""For so long a request that hangs may still be waited for after its source was removed."""


@dataclass
class Outlets:
    """Good feeds: each publishes on its own beat, and remembers when it published what."""

    interval: float
    began: float = field(default_factory=time.time)

    def number(self, outlet: int, at: float) -> int:
        return int((at - self.began) / self.interval + outlet % 10 / 10)

    def published_at(self, outlet: int, entry: int) -> float:
        return self.began + (entry - outlet % 10 / 10) * self.interval

    def answer(self, outlet: int) -> Any:
        def answer(handler: Any) -> None:
            newest = self.number(outlet, time.time())
            handler.whole(body=feed(*(_entry(outlet, entry) for entry in range(newest, max(0, newest - 20), -1))))

        return answer


def _entry(outlet: int, entry: int) -> str:
    link = f"https://good.example/{outlet}/{entry}"
    said = f"Outlet {outlet} says {entry} and {entry * 7919 % 1000} to {outlet * 31 + entry}."
    return f"<item><title>Good {outlet}, {entry}</title><link>{link}</link><description>{said}</description></item>"


@dataclass
class Watcher:
    """Samples the daemon's processes until told to stop."""

    daemon: int
    samples: list[tuple[float, float, float, int]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopping.wait(1):
            with contextlib.suppress(OSError):
                own, *others = [_pss_mb(pid) for pid in (self.daemon, *_below(self.daemon))]
                held = sum(1 for _ in Path(f"/proc/{self.daemon}/fd").iterdir())
                self.samples.append((time.time(), own, own + sum(others), held))

    def during(self, since: float, until: float) -> list[tuple[float, float, float, int]]:
        return [sample for sample in self.samples if since <= sample[0] <= until]


def _below(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    children = [int(child) for child in path.read_text(encoding="ascii").split()]
    return [one for child in children for one in (child, *_below(child))]


def _pss_mb(pid: int) -> float:
    with contextlib.suppress(OSError):  # it has ended
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


# ---------------------------------------------------------------- the run


def recorded_faults(stack: ExitStack, folder: Path) -> dict[str, str]:
    """The fault routes of the recordings' server, each on a server of its own."""
    script = SHARED / "data" / "serve.py"
    if not script.is_file():
        print(f"without the recordings' server: there is none at {script}")
        return {}
    urls = {}
    for number, path in enumerate(RECORDED):
        ready = folder / f"port-{number}"
        command = [sys.executable, str(script), "--port", "0", "--quiet", "--ready-file", str(ready)]
        process = subprocess.Popen(command)
        stack.callback(process.wait)
        stack.callback(process.kill)
        while not (ready.exists() and ready.read_text(encoding="ascii")):
            time.sleep(0.05)
        urls[f"recorded {path}"] = f"http://127.0.0.1:{ready.read_text(encoding='ascii')}/fault/{path}"
    return urls


def configure(folder: Path, urls: dict[str, str], interval: float) -> None:
    rows = "".join(
        f"  - {{name: {json.dumps(name)}, language: en, endpoints: [{{feed: '{url}'}}]}}\n"
        for name, url in urls.items()
    )
    text = (
        f"crawl: {{interval: {interval:g}s, max_interval: {interval:g}s, min_interval: 1s, delay: 0s, per_host: 64,"
        " articles: false, private_addresses: true}\n"
        f"web: {{listen: 'off'}}\nsources:\n{rows}"
    )
    aside = folder / "envoywatch.yaml.new"
    aside.write_text(text, encoding="utf-8")
    aside.rename(folder / "envoywatch.yaml")


@dataclass
class Run:
    """What came of it: the moments between its three parts, samples, and what the database says."""

    outlets: Outlets
    moments: tuple[float, float, float, float]
    watcher: Watcher
    stored: dict[tuple[int, int], tuple[float, int]]
    faults: dict[str, str | None]
    exit_code: int = 0


def run(options: argparse.Namespace, folder: Path, stack: ExitStack) -> Run:
    outlets = Outlets(options.interval)
    answers = {f"good {number}": outlets.answer(number) for number in range(options.good)}
    faulty = {name: answer for name, (answer, _) in (FAULTY | ODD).items()}
    servers = {name: FaultServer(answer) for name, answer in {**answers, **faulty}.items()}
    for server in servers.values():
        stack.callback(server.close)
    good = {name: servers[name].url for name in answers}
    bad = {name: servers[name].url for name in faulty} | recorded_faults(stack, folder)
    configure(folder, good, options.interval)
    log = stack.enter_context((folder / "log").open("wb"))
    command = [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), "run"]
    daemon = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)})
    stack.callback(daemon.wait)
    stack.callback(daemon.kill)
    watcher = Watcher(daemon.pid)
    threading.Thread(target=watcher.run, daemon=True).start()
    time.sleep(2 * CALM_S)
    moments = [time.time()]
    configure(folder, good | bad, options.interval)
    time.sleep(options.seconds)
    moments.append(time.time())
    faults = _faults(folder, bad)
    configure(folder, good, options.interval)
    time.sleep(SETTLE_S)
    moments.append(time.time())
    time.sleep(CALM_S)
    moments.append(time.time())
    watcher.stopping.set()
    daemon.send_signal(signal.SIGTERM)
    code = daemon.wait(timeout=20)
    return Run(outlets, (moments[0], moments[1], moments[2], moments[3]), watcher, _stored(folder), faults, code)


def _stored(folder: Path) -> dict[tuple[int, int], tuple[float, int]]:
    """By outlet and number: when the article was recorded, and how often."""
    found: dict[tuple[int, int], tuple[float, int]] = {}
    with closing(sqlite3.connect(folder / "envoywatch.db")) as db:
        rows = db.execute("SELECT url, read_at FROM articles WHERE url LIKE 'https://good.example/%' ORDER BY read_at")
        for url, at in rows:
            outlet, entry = map(int, urlsplit(url).path.strip("/").split("/"))
            first, times = found.get((outlet, entry), (datetime.fromisoformat(at).timestamp(), 0))
            found[outlet, entry] = (first, times + 1)
    return found


def _faults(folder: Path, names: dict[str, str]) -> dict[str, str | None]:
    with closing(sqlite3.connect(folder / "envoywatch.db", timeout=20)) as db:
        told: dict[str, str | None] = dict(db.execute("SELECT name, fault FROM sources WHERE active = 1").fetchall())
    return {name: told.get(name, "not taken") for name in names}


# ---------------------------------------------------------------- the figures


def figures(done: Run, options: argparse.Namespace) -> bool:
    faults_at, over_at, settled_at, end = done.moments
    calm, ill = _late(done, faults_at - CALM_S, faults_at), _late(done, faults_at, over_at - 2 * options.interval)
    before = [held for _, _, _, held in done.watcher.during(faults_at - CALM_S, faults_at)]
    after = [held for _, _, _, held in done.watcher.during(settled_at, end)]
    during = done.watcher.during(faults_at, end)
    own, most = max(sample[1] for sample in during), max(sample[2] for sample in during)
    without = max(sample[2] for sample in done.watcher.during(0, faults_at))
    expected = {name for name, (_, kind) in FAULTY.items() if kind is not None}
    strange = [
        f"{name}: {fault}"
        for name, fault in done.faults.items()
        if fault in {"internal-error", "not taken"} or (name in expected and fault != FAULTY[name][1])
    ]
    twice = sum(times - 1 for _, times in done.stored.values())
    rows = [
        ("sources, of them faulty or odd", f"{options.good + len(done.faults)}, {len(done.faults)}", ""),
        ("good entries published and recorded", f"{ill.found} of {ill.wanted}", f"{calm.found} of {calm.wanted}"),
        ("  recorded twice", f"{twice}", ""),
        ("seconds until recorded: median", f"{ill.median:.1f}", f"{calm.median:.1f}"),
        ("  the latest", f"{ill.latest:.1f}", f"{calm.latest:.1f}"),
        ("memory of daemon and workers, MB", f"{most:.0f}", f"{without:.0f}"),
        ("  of the daemon alone", f"{own:.0f}", ""),
        ("descriptors, least of 25 s, before and after", f"{min(after)}", f"{min(before)}"),
        ("  most during the faults", f"{max(sample[3] for sample in during)}", ""),
        ("faults without their class", f"{len(strange)}", ""),
        ("exit code", f"{done.exit_code}", ""),
    ]
    print(f"{'':<46}{'with faults':>14}{'without':>14}")
    for row in rows:
        print("{:<46}{:>14}{:>14}".format(*row))
    print(*strange, sep="\n")
    took, usual = ill.latest / options.interval, calm.latest / options.interval
    print(f"ratio: the latest good entry took {took:.2f} intervals, without faults {usual:.2f}")
    return (
        ill.latest <= LATE_INTERVALS * options.interval
        and ill.found == ill.wanted
        and not twice
        and most <= MEMORY_MB
        and min(after) <= min(before)
        and not strange
        and done.exit_code == 0
    )


@dataclass
class _Late:
    wanted: int
    found: int
    median: float
    latest: float


def _late(done: Run, since: float, until: float) -> _Late:
    """Of the entries published in that time."""
    wanted = [
        (outlet, entry)
        for outlet in {outlet for outlet, _ in done.stored}
        for entry in range(1, done.outlets.number(outlet, until) + 1)
        if since <= done.outlets.published_at(outlet, entry) <= until
    ]
    took = sorted(done.stored[one][0] - done.outlets.published_at(*one) for one in wanted if one in done.stored)
    return _Late(len(wanted), len(took), took[len(took) // 2] if took else 0.0, took[-1] if took else float("inf"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--good", type=int, default=50)
    parser.add_argument("--interval", type=float, default=10)
    parser.add_argument("--check", action="store_true", help="fail when it falls short of what is promised")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="envoywatch-faults-") as name, ExitStack() as stack:
        good = figures(run(options, Path(name), stack), options)
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
