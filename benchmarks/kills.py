"""Kill the writing process again and again, at random instants, and count what was lost and what came twice.

    python benchmarks/kills.py [--kills 200] [--seed 1] [--check]

All is real: processes that are ended by SIGKILL, one SQLite file, and a webhook and an SMTP server on loopback that
take their time now and then. Each life of the process polls, reads, decides, records, leases, sends and writes receipts
with the daemon's own stages, prunes what no alert cites and backs the database up meanwhile; one in twenty finds a
database of an older version and upgrades it. Only the network's side of polling is left out, and a process that has
imported everything is forked (`kills_life.py`), so that 200 lives take two minutes. Half of the kills come after a
random time, the other half where a step begins or ends, that is in its transaction too. After the last kill one life
works everything off. `--check` exits 1 unless published = stored = alerted, every copy is whole, and nothing came twice
otherwise than in flight and with the same key.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import mmap
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

STEPS = ("poll", "decide", "record", "lease", "send", "receipt", "migrate", "prune", "backup")
SOURCES = 4
CHAFF = 8  # one entry of so many is about nothing that is watched for, and may be pruned
UPGRADE = 20  # so many lives a version lasts
A_LIFE = 4  # entries published before each life
LONGEST_S = 0.3
PATIENCE = 8  # a life that waits takes so much longer
_TICKS = os.sysconf("SC_CLK_TCK")
_CONFIG = """\
crawl: {{articles: false, interval: 1s, min_interval: 1s, private_addresses: true}}
web: {{listen: off}}
sources:
{sources}
watches:
  - {{name: Envoy, query: '"Li Hui"', send: now, channels: [hook, mail]}}
  - {{name: Audience, meeting: {{guest: Li Hui}}, send: now, channels: [hook, mail]}}
channels:
  hook: {{url: "json://127.0.0.1:{hook}/desk"}}
  mail: {{url: "mailto://127.0.0.1:{mail}/?from=watch@example.org&to=desk@example.org&mode=insecure"}}
"""


# ---------------------------------------------------------------- who receives


@dataclass
class Arrivals:
    """What came to the two servers: by channel and key when, and what it said."""

    times: defaultdict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    rng: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 (how long an answer takes)

    def take(self, channel: str, key: str, title: str) -> None:
        with self.lock:
            self.times[channel, key].append(time.monotonic())
            self.titles[channel, key] = title
        time.sleep(self.rng.choice((0, 0, 0.005, 0.02)))


def serve_hook(arrivals: Arrivals) -> ThreadingHTTPServer:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if body["id"] != self.headers["Idempotency-Key"]:
                arrivals.take("hook", "", "")
            arrivals.take("hook", body["id"], body["title"])
            with contextlib.suppress(OSError):  # the sender was killed
                self.send_response(204)
                self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def serve_mail(arrivals: Arrivals) -> Any:
    class Mailbox:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 (aiosmtpd)
            mail = message_from_bytes(envelope.content)
            await asyncio.to_thread(arrivals.take, "mail", str(mail["Idempotency-Key"]), str(mail["Message-ID"]))
            return "250 taken"

    with closing(socket.socket()) as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    controller = Controller(Mailbox(), hostname="127.0.0.1", port=port)
    controller.start()
    return controller


# ---------------------------------------------------------------- the kills


@dataclass
class Tally:
    """What the kills did: the times they came, the steps that were at work, and the keys that were in flight."""

    times: list[float] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    in_flight: list[frozenset[tuple[str, str]]] = field(default_factory=list)
    published: int = 0
    versions: int = 0
    copies: Counter[str] = field(default_factory=Counter)


def in_flight(database: Path) -> frozenset[tuple[str, str]]:
    """Deliveries that were leased and had no receipt yet."""
    with contextlib.suppress(sqlite3.OperationalError), closing(sqlite3.connect(database, timeout=10)) as db:
        sql = "SELECT channel, key FROM deliveries WHERE leased_until IS NOT NULL AND state = 'due'"
        return frozenset(db.execute(sql).fetchall())
    return frozenset()


def look_at_copy(copy: Path) -> list[str]:
    """Whether the backup that a life left under its name is whole; it makes room for the next."""
    if not copy.exists():
        return []
    with closing(sqlite3.connect(copy)) as db:
        whole = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    copy.unlink()
    return ["whole" if whole else "DAMAGED"]


def kill_often(folder: Path, kills: int, rng: random.Random) -> Tally:
    tally = Tally()
    (folder / "steps").write_bytes(bytes(len(STEPS)))
    with (folder / "steps").open("r+b") as file:
        steps = mmap.mmap(file.fileno(), 0)
    command = [sys.executable, str(Path(__file__).with_name("kills_life.py")), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        tell, told = nursery.stdin, nursery.stdout
        if tell is None or told is None or told.readline() != "ready\n":
            sys.exit("the process that is to be killed did not start")
        tally.published = SOURCES
        print("life", tally.published, 0, file=tell, flush=True)  # what stands in a feed at its first poll is old news
        told.readline()
        told.readline()
        for number in range(kills):
            tally.published += A_LIFE
            steps[:] = bytes(len(STEPS))
            at = _edge(rng) if number % 2 else "- - 0"
            tally.versions += at.startswith("migrate") or number % UPGRADE == 0
            print("life", tally.published, tally.versions, at, file=tell, flush=True)
            child = int(told.readline())
            _kill(child, rng.uniform(0.02, LONGEST_S) if at == "- - 0" else 2.5 * LONGEST_S)
            told.readline()
            tally.times.append(time.monotonic())
            tally.steps.update(step for place, step in enumerate(STEPS) if steps[place])
            tally.steps["none of them"] += not any(steps)
            tally.in_flight.append(in_flight(folder / "envoywatch.db"))
            tally.copies.update(look_at_copy(folder / "copy.db"))
        print("life", tally.published, tally.versions, file=tell, flush=True)
        told.readline()
        if code := int(told.readline()):
            print(f"the last life ended with {code}; its log: {(folder / 'log').read_text()[-2000:]}")
        tally.copies.update(look_at_copy(folder / "copy.db"))
    return tally


def _edge(rng: random.Random) -> str:
    """A step, whether it begins or ends, and how often it has by then; a life upgrades once."""
    step = rng.choice(STEPS)
    return f"{step} {rng.choice(('begins', 'ends'))} {1 if step == 'migrate' else rng.randint(1, 4)}"


def _kill(child: int, seconds: float) -> None:
    """After so much of its CPU time, which other work does not stretch, unless it ended itself before."""
    until = time.monotonic() + PATIENCE * seconds
    while time.monotonic() < until and (spent := _cpu_s(child)) is not None and spent < seconds:
        time.sleep(0.001)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _cpu_s(child: int) -> float | None:
    """None when it has ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return None if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / _TICKS
    return None


def report(folder: Path, arrivals: Arrivals, tally: Tally, seconds: float) -> bool:
    with closing(sqlite3.connect(folder / "envoywatch.db")) as db:
        whole = db.execute("PRAGMA integrity_check").fetchone()[0]
        entries = db.execute("SELECT count(*), count(DISTINCT url) FROM entries").fetchone()
        articles = db.execute(
            "SELECT count(*), count(DISTINCT url) FROM articles WHERE title LIKE 'Li Hui%'"
        ).fetchone()
        version = db.execute("PRAGMA user_version").fetchone()[0]
        chaff = db.execute("SELECT count(*) FROM articles WHERE title NOT LIKE 'Li Hui%'").fetchone()[0]
        alerts = db.execute("SELECT count(*), count(DISTINCT key) FROM alerts").fetchone()
        matched = db.execute("SELECT count(DISTINCT article_id) FROM alerts WHERE watch = 'Envoy'").fetchone()[0]
        untold = db.execute(
            'SELECT count(*) FROM alerts, json_each(\'["hook", "mail"]\') wanted WHERE NOT EXISTS (SELECT 1'
            " FROM deliveries WHERE alert_id = alerts.id AND channel = wanted.value AND state = 'sent')"
        ).fetchone()[0]
        keys = set(db.execute("SELECT channel, key FROM deliveries").fetchall())
    news = sum(number % CHAFF != CHAFF - 1 for number in range(tally.published))
    missing = keys - set(arrivals.times)
    strange = set(arrivals.times) - keys
    repeats = {key: times for key, times in arrivals.times.items() if len(times) > 1}
    unexcused = [key for key, times in repeats.items() if not _excused(key, times, tally)]
    rows = [
        ("kills", len(tally.times)),
        *((f"  while at: {step}", tally.steps[step]) for step in (*STEPS, "none of them")),
        ("upgrades, the version reached", f"{tally.versions}, {version}"),
        ("backups left whole, damaged", f"{tally.copies['whole']}, {tally.copies['DAMAGED']}"),
        ("entries published", tally.published),
        ("entries stored", entries[0]),
        ("articles about the envoy published", news),
        ("  stored", articles[0]),
        ("  alerted", matched),
        ("other articles not pruned yet", chaff),
        ("alerts", alerts[0]),
        ("deliveries", len(keys)),
        ("deliveries lost", len(missing) + untold),
        ("deliveries of unknown key", len(strange)),
        ("deliveries that came again", len(repeats)),
        ("  not in flight at a kill", len(unexcused)),
        ("the database", whole),
    ]
    print(f"{seconds:.0f} s; webhook and SMTP server on loopback\n")
    for name, value in rows:
        print(f"{name:<36} {value:>10}")
    good = (
        whole == "ok"
        and list(entries) == [tally.published] * 2
        and list(articles) == [news] * 2
        and matched == news
        and not tally.copies["DAMAGED"]
        and not list(folder.glob("*.part"))
        and alerts[0] == alerts[1]
        and not (missing or strange or unexcused or untold)
    )
    print(
        f"ratio: {len(missing) + untold} of {len(keys)} deliveries lost, {len(repeats)} repeated, all in flight"
        f" and with the same key: {'yes' if not (unexcused or strange) else 'NO'}"
    )
    return good


def _excused(key: tuple[str, str], times: list[float], tally: Tally) -> bool:
    """It came once more at most for each kill at which it was in flight.

    Not by the times: what a life had sent when it was killed may be taken from the socket a little later.
    """
    return len(times) - 1 <= sum(key in flying for flying in tally.in_flight)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="fail when anything was lost or repeated without excuse")
    options = parser.parse_args()
    arrivals = Arrivals()
    with tempfile.TemporaryDirectory(prefix="envoywatch-kills-") as name:
        folder = Path(name)
        hook, mail = serve_hook(arrivals), serve_mail(arrivals)
        outlets = "".join(
            f"  - {{name: outlet {number}, language: en, endpoints: [{{feed: http://127.0.0.1/{number}.xml}}]}}\n"
            for number in range(SOURCES)
        )
        text = _CONFIG.format(sources=outlets, hook=hook.server_port, mail=mail.port)
        (folder / "envoywatch.yaml").write_text(text, encoding="utf-8")
        began = time.monotonic()
        tally = kill_often(folder, options.kills, random.Random(options.seed))  # noqa: S311 (chooses moments)
        good = report(folder, arrivals, tally, time.monotonic() - began)
        mail.stop()
        hook.shutdown()
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
