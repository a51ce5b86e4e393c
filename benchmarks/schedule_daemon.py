"""A real daemon on a CSV of very many sources, for `schedule.py`: its start, its memory, its cost while none is due."""

from __future__ import annotations

import csv
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_S = 120.0
_COUNTRIES = ("FR", "DE", "PL", "UA", "US", "CN")
_LANGUAGES = ("fr", "de", "pl", "uk", "en", "zh")
_CONFIGURATION = """\
crawl: {{interval: 15m, private_addresses: true, obey_robots: false}}
web: {{listen: "{listen}"}}
sources:
  - include: sources.csv
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds until ready and the CPU of them, MB resident (own process, its children), share of a core while idle."""

    start_s: float
    start_cpu_s: float
    memory_mb: float
    peak_mb: float
    children_mb: float
    idle: float


def write_configuration(folder: Path, sources: int) -> None:
    """A CSV such as a table of the world's media would be: most cells filled, a host for every five sources."""
    with (folder / "sources.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "kind", "url", "language", "country", "role", "interval", "folder"])
        for number in range(sources):
            place = number % len(_COUNTRIES)
            role, interval = ("official", "5m") if number % 50 == 0 else ("media", "1h")
            rows.writerow(
                [
                    f"The Gazette of Place {number}",
                    "feed",
                    f"http://{address(number // 5)}/news/{number}/feed.xml",
                    _LANGUAGES[place],
                    _COUNTRIES[place],
                    role,
                    interval,
                    f"World/{_COUNTRIES[place]}",
                ]
            )
    (folder / "envoywatch.yaml").write_text(_CONFIGURATION.format(listen="127.0.0.1:0"), encoding="utf-8")


def address(host: int) -> str:
    """A loopback address where nobody listens."""
    return f"127.{20 + host // 60_000}.{host // 240 % 250}.{host % 240 + 1}"


def measure(folder: Path, *, idle_s: float) -> Figures:
    """Start the daemon and stop it; with `idle_s` everything is put off for a day before, and watched so long."""
    if idle_s:
        with closing(sqlite3.connect(folder / "envoywatch.db")) as db, db:
            db.execute("UPDATE sources SET next_poll_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 day')")
    with _notifications(folder) as ready, (folder / "daemon.log").open("ab") as log:
        began = time.monotonic()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), "run"],
            env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")},
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_ready(ready, daemon)
            start_s, start_cpu_s = time.monotonic() - began, _cpu(daemon.pid)
            idle = _watch(daemon.pid, idle_s) if idle_s else 0.0
            memory, peak = _memory(daemon.pid)
            children = sum(_memory(child)[0] for child in _children(daemon.pid))
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=_PATIENCE_S)
    return Figures(start_s, start_cpu_s, memory, peak, children, idle)


@contextmanager
def _notifications(folder: Path) -> Iterator[socket.socket]:
    """Where the daemon tells a service manager that it is ready."""
    path = folder / "notify"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.settimeout(0.2)
        yield heard


def _wait_until_ready(heard: socket.socket, daemon: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if daemon.poll() is not None:
            sys.exit(f"the daemon ended before it was ready (exit {daemon.returncode}); see its log")
        try:
            if b"READY=1" in heard.recv(4096):
                return
        except TimeoutError:
            continue
    sys.exit("the daemon did not become ready")


def _watch(pid: int, seconds: float) -> float:
    time.sleep(3)  # the page's first look, the first beat
    before, began = _cpu(pid), time.monotonic()
    time.sleep(seconds)
    return (_cpu(pid) - before) / (time.monotonic() - began)


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, stat[11:15])) / _TICKS


def _memory(pid: int) -> tuple[float, float]:
    """Resident now and at most, MB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1024, int(lines["VmHWM"].split()[0]) / 1024


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text(encoding="utf-8").split()]
