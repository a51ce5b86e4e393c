"""Replays the recorded ten days of May 2023 through the real daemon and counts what was kept, doubled, alerted.

    python benchmarks/stream.py [--days 10] [--speed 1440] [--kills 10] [--keep FOLDER] [--check]

The recordings (see docs/measuring.md) are served by their own loopback server along a clock; the daemon runs with the
same clock. With `--kills` it is killed with SIGKILL at random moments and started again. A loopback webhook notes every
delivery. `--check` exits 1 unless 99 % of the items are kept, none twice, the envoy's nine are matched, and every alert
was delivered under one key.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from stream_config import stream_config

SHARED = Path(os.environ.get("ENVOYWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))
START = datetime(2023, 5, 10, tzinfo=UTC)
RECORDING = "data/articles/stream_lihui_2023-05-10_05-20.jsonl.gz"


class Desk(ThreadingHTTPServer):
    """The webhook: every delivery with its key, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.keys: list[tuple[str, str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Receiver(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.append((self.headers["Idempotency-Key"], str(body.get("id"))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


def recorded_items() -> list[dict]:
    with gzip.open(SHARED / RECORDING, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def serve_recordings(folder: Path, speed: float) -> tuple[subprocess.Popen, str]:
    ready = folder / "port"
    ready.unlink(missing_ok=True)
    server = subprocess.Popen(
        [sys.executable, str(SHARED / "data/serve.py"), "--port", "0", "--quiet", "--ready-file", str(ready),
         "--clock", START.isoformat(), "--speed", str(speed)],
    )  # fmt: skip
    while not ready.exists() or not ready.read_text():
        time.sleep(0.05)
    return server, f"http://127.0.0.1:{ready.read_text()}"


def start_daemon(folder: Path, now: datetime, speed: float) -> subprocess.Popen:
    command = [sys.executable, "-m", "envoywatch", "--config", str(folder / "envoywatch.yaml"), "run", "--no-web"]
    with (folder / "daemon.log").open("ab") as log:
        return subprocess.Popen([*command, "--clock", now.isoformat(), "--speed", str(speed)], stderr=log, stdout=log)


def replay(folder: Path, days: float, speed: float, kills: int, rng: random.Random) -> Desk:
    desk = Desk()
    server, base_url = serve_recordings(folder, speed)
    began = time.monotonic()

    def now() -> datetime:
        return START + timedelta(seconds=(time.monotonic() - began) * speed)

    (folder / "envoywatch.yaml").write_text(
        stream_config(base_url, f"http://127.0.0.1:{desk.server_port}/desk"), encoding="utf-8"
    )
    length = days * 86_400 / speed
    moments = sorted(rng.uniform(0.05, 0.95) * length for _ in range(kills))
    daemon = start_daemon(folder, now(), speed)
    for moment in moments:
        time.sleep(max(0.0, moment - (time.monotonic() - began)))
        daemon.kill()
        daemon.wait()
        print(f"killed at {now():%d %b %H:%M} (replay time)", flush=True)
        daemon = start_daemon(folder, now(), speed)
    while (left := length - (time.monotonic() - began)) > 0:
        time.sleep(min(30.0, left))
        print(f"{now():%d %b %H:%M}", flush=True)
    time.sleep(15)  # what was polled last is read and delivered
    daemon.send_signal(signal.SIGTERM)
    stopped = time.monotonic()
    code = daemon.wait(timeout=30)
    print(f"SIGTERM: exit {code} after {time.monotonic() - stopped:.1f} s")
    server.terminate()
    desk.shutdown()
    return desk


def report(folder: Path, desk: Desk, days: float) -> bool:
    until = START + timedelta(days=days)
    items = [item for item in recorded_items() if _when(item) is not None and _when(item) <= until]
    ids = {item["id"] for item in items}
    with closing(sqlite3.connect(f"file:{folder}/envoywatch.db?mode=ro", uri=True)) as db:
        stored = collections.Counter(
            url.rpartition("/item/")[2].removesuffix(".html") for (url,) in db.execute("SELECT url FROM articles")
        )
        linked = {
            url.rpartition("/item/")[2].removesuffix(".html")
            for (url,) in db.execute("SELECT url FROM entries WHERE article_id IS NOT NULL")
        }
        articles, copies = db.execute("SELECT count(*), count(copy_of) FROM articles").fetchone()
        waiting = dict(db.execute("SELECT state, count(*) FROM entries GROUP BY state"))
        envoy = {
            url.rpartition("/item/")[2].removesuffix(".html")
            for (url,) in db.execute(
                "SELECT url FROM articles JOIN matches ON article_id = articles.id WHERE watch = 'Envoy'"
            )
        }
        alerts = dict(db.execute("SELECT kind, count(*) FROM alerts GROUP BY kind"))
        keys = {key for (key,) in db.execute("SELECT key FROM deliveries")}
        unsent = db.execute("SELECT count(*) FROM deliveries WHERE state <> 'sent'").fetchone()[0]
        integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
    kept = len(ids & (set(stored) | linked))
    doubled = [item for item, count in stored.items() if count > 1]
    about = {item["id"] for item in items if _about_envoy(item)}
    received = collections.Counter(key for key, _ in desk.keys)
    rows = [
        ("items served", len(ids)),
        ("kept", f"{kept} ({kept / len(ids):.2%})"),
        ("articles, of them copies", f"{articles}, {copies}"),
        ("doubled", len(doubled)),
        ("entries", waiting),
        ("envoy's items matched", f"{len(about & envoy)} of {len(about)}"),
        ("other items matched", len(envoy - about)),
        ("alerts", alerts),
        ("deliveries sent, unsent", f"{len(keys) - unsent}, {unsent}"),
        (
            "delivery keys received",
            f"{len(received)}, of them more than once {sum(1 for n in received.values() if n > 1)}",
        ),
        ("keys that are not ours", len(set(received) - keys)),
        ("integrity", integrity),
    ]
    for name, value in rows:
        print(f"{name:28} {value}")
    good = kept >= 0.99 * len(ids) and not doubled and about <= envoy and set(received) == keys and integrity == "ok"
    print(f"{kept / len(ids):.4f}")
    return good


def _when(item: dict) -> datetime | None:
    try:
        when = datetime.fromisoformat(item["date"])
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _about_envoy(item: dict) -> bool:
    text = f"{item['title']} {item.get('text') or ''}"
    return any(name in text for name in ("Li Hui", "李辉", "Ли Хуэ"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=10.5)
    parser.add_argument("--speed", type=float, default=1440)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not (SHARED / RECORDING).is_file():
        print(f"the recordings are not at {SHARED} (set ENVOYWATCH_SHARED)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rng = random.Random(options.seed)  # noqa: S311 (chooses moments to kill at)
        desk = replay(folder, options.days, options.speed, options.kills, rng)
        good = report(folder, desk, options.days)
    return 0 if good or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
