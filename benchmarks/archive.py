"""Search, back-test and inserting at a million articles, beside what sqlite-utils gives a table, in the same run.

    python benchmarks/archive.py [--articles 1000000] [--database FILE] [--peer-articles 1000000] [--rounds 20]
                                 [--inserted 5000] [--cold] [--scan] [--check]

The articles are made up (invented words of six alphabets, as unequally frequent as those of a language, 1.5 to 4 KB)
and stored as the program stores them, copies, full-text index and all; a database that exists is used again. Searches
are pages of twenty with counts, as the page shows them; each is asked `--rounds` times. The peer is a table of title
and text with `enable_fts` of sqlite-utils and its `search`, over the newest `--peer-articles` of the same articles.
Before articles are stored the file is read once, as it is in memory where a daemon has run for long; `--cold` leaves
that out. Back-tests are the program's own command in a process of its own. `--scan` adds one that reads every text.
`--check` exits 1 at 90 s or more for a selective watch, 100 ms for the median or the 95th of a hundred searches, or
below 1,000 articles stored a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archive_build import build, enter, reading_of, record
from archive_texts import BEGIN, DAYS, make
from sqlite_utils import Database

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from config.load import load_config
from envoywatch.memory import settle
from envoywatch.searching import ArchiveSearch
from storage.database import open_reader, open_writer
from storage.keeping import merge_index
from storage.store import SqliteStore, open_store
from storage.views import ArticleFilters

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from archive_texts import Made

    from config.model import Config
    from storage.model import Reading

ROOT = Path(__file__).resolve().parents[1]
MOST_BACKTEST_S = 90
MOST_SEARCH_MS = 100
LEAST_INSERTS = 1_000
HITS = 20
_TOGETHER = 200
_WARMING = 1_000
"""Articles that are stored before those that count: after a start the shingles of the last ones are loaded."""

CONFIG = """\
storage: {path: %s}
people:
  - name: Arda Lin
    offices: [{title: Special envoy, country: CN, level: deputy, envoy: true}]
    forms: {zh: [林达], ru: [Арда Линь]}
watches:
  - {name: Envoy, query: '@arda-lin', send: now, channels: [desk]}
  - {name: Corridor, query: 'grain NEAR/5 corridor', send: now, channels: [desk]}
  - {name: Audience, meeting: {guest: Arda Lin, level: leader}, send: now, channels: [desk]}
  - {name: Pattern, query: '/cease.?fire/', send: digest}
channels:
  desk: {url: "json://127.0.0.1:9/hook"}
"""
_DAY = BEGIN + timedelta(days=DAYS // 2)
SEARCHES: dict[str, tuple[str, ArticleFilters, str | None]] = {
    "one word": ("ceasefire", ArticleFilters(), "ceasefire"),
    "one frequent word": ("minister", ArticleFilters(), "minister"),
    "a word in Russian": ("перемирие", ArticleFilters(), "перемирие"),
    "a phrase": ('"grain corridor"', ArticleFilters(), '"grain corridor"'),
    "a Chinese name of two": ("林达", ArticleFilters(), "林达"),
    "a person in every form": ("@arda-lin", ArticleFilters(), '"arda lin" OR "ардой линь" OR "арда линь"'),
    "NEAR": ("talks NEAR/5 grain", ArticleFilters(), 'NEAR("talks" "grain", 5)'),
    "AND NOT": ("ceasefire corridor -grain", ArticleFilters(), "ceasefire corridor NOT grain"),
    "a word of one source": ("talks", ArticleFilters(source="Source 7"), None),
    "a word of one day": ("talks", ArticleFilters(since=_DAY, until=_DAY + timedelta(days=1)), None),
    "a word of source and day": (
        "talks", ArticleFilters(source="Source 1", since=_DAY, until=_DAY + timedelta(days=1)), None,
    ),
    "language and role alone": ("lang:zh role:official", ArticleFilters(), None),
}  # fmt: skip
"""The query, filters, and the same asked of the peer, where it has the like."""


@dataclass
class Timed:
    """Milliseconds of each round: on the clock, and of this process."""

    wall: list[float]
    cpu: list[float]
    found: int

    @property
    def late(self) -> float:
        """The 95th of a hundred."""
        return quantiles(self.wall, n=20)[-1] if len(self.wall) > 1 else self.wall[0]


def timed(rounds: int, work: Callable[[], int]) -> Timed:
    wall, cpu, found = [], [], 0
    for _ in range(rounds):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        found = work()
        wall.append(1e3 * (time.perf_counter() - begin))
        cpu.append(1e3 * (time.process_time() - begin_cpu))
    return Timed(wall, cpu, found)


# ---------------------------------------------------------------- searching


def searches(path: Path, config: Config, rounds: int, peer: Database) -> tuple[list[Timed], list[Timed]]:
    """Ours and the peer's, printed side by side."""
    ours, theirs = [], []
    print(f"{'search':26} {'median':>8} {'p95':>8} {'CPU':>8}  {'found':>8}   {'peer median':>11} {'found':>8}")
    with closing(open_reader(path)) as reader:
        for name, (query, filters, like) in SEARCHES.items():
            found: list[str] = []

            def ask(query: str = query, filters: ArticleFilters = filters, told: list[str] = found) -> int:
                page = ArchiveSearch(query, config).page(reader, filters, limit=HITS)
                told[:] = [f"{page.total:,}" if page.is_total else f">{page.total - 1:,}"]
                return len(page.found)

            one = timed(rounds, ask)
            ours.append(one)
            line = f"{name:26} {median(one.wall):8.1f} {one.late:8.1f} {median(one.cpu):8.1f}  {found[0]:>8}"
            if like is not None:
                other = timed(max(3, rounds // 4), lambda like=like: peer_search(peer, like))  # type: ignore[misc]
                theirs.append(other)
                line += f"   {median(other.wall):11.1f} {peer_count(peer, like):8,}"
            print(line)
    return ours, theirs


def new_peer(reader: sqlite3.Connection, folder: Path, articles: int) -> Database:
    """A table as sqlite-utils would make it searchable."""
    peer = Database(folder / "peer.db")
    rows = reader.execute("SELECT id, title, text, source, seen_at FROM articles ORDER BY id DESC LIMIT ?", [articles])
    peer["articles"].insert_all((dict(row) for row in rows), pk="id")
    peer["articles"].enable_fts(["title", "text"], tokenize="unicode61")
    return peer


def peer_search(peer: Database, query: str) -> int:
    return len(list(peer["articles"].search(query, limit=HITS)))


def peer_count(peer: Database, query: str) -> int:
    return int(peer.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?", [query]).fetchone()[0])


# ---------------------------------------------------------------- inserting


def read_through(path: Path) -> None:
    """Have the file in the system's memory, in single pages, as reading here and there leaves it."""
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        while file.read(2**20):
            pass


def inserts(path: Path, count: int, total: int) -> tuple[float, float, float]:
    """Articles a second, on the clock and by CPU, through the daemon's store and its writer.

    As many at a time as the writer commits together. Their entries are stored before, as the polls do, and what the
    reading workers do is done: neither is timed. The third is the CPU in ms, an article, of merging their part of the
    full-text index, which the daemon does when nothing waits.
    """
    wall = cpu = 0.0
    with open_store(path, "benchmarks/archive.py") as store:
        first = store.read_now(lambda reader: reader.execute("SELECT max(id) FROM articles").fetchone()[0]) + 1
        for begin in range(first, first + count, _TOGETHER):
            articles = [make(number, total) for number in range(begin, min(begin + _TOGETHER, first + count))]
            entries = store.write_now(lambda db, made=articles: [enter(db, one) for one in made])  # type: ignore[misc]
            readings = [reading_of(one, entry) for one, entry in zip(articles, entries, strict=True)]
            begin_wall, begin_cpu = time.perf_counter(), time.process_time()
            asyncio.run(_store(store, articles, readings))
            if begin >= first + _WARMING:
                wall += time.perf_counter() - begin_wall
                cpu += time.process_time() - begin_cpu
            elif begin + _TOGETHER >= first + _WARMING:
                settle()  # as the daemon does when all that it holds is loaded
        begin_cpu = time.process_time()
        while store.write_now(merge_index):
            pass
        merging = 1000 * (time.process_time() - begin_cpu) / count
    return (count - _WARMING) / wall, (count - _WARMING) / cpu, merging


async def _store(store: SqliteStore, articles: Sequence[Made], readings: Sequence[Reading]) -> None:
    await asyncio.gather(*(store.write(record, *both) for both in zip(articles, readings, strict=True)))


# ---------------------------------------------------------------- back-testing


def backtest(config: Path, watch: str, *more: str) -> tuple[float, int, dict[str, Any]]:
    """Seconds, peak memory of its largest process in MB, and what it said."""
    script = (
        "import json, resource, subprocess, sys, time\n"
        "begin = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)\n"
        "said = json.loads(done.stdout)\n"
        "for one in said['watches']:\n"
        "    for side in ('matches', 'alerts'): one[side] = one[side]['counts']\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024\n"
        "print(json.dumps([time.perf_counter() - begin, peak, said]))\n"
    )
    command = [sys.executable, "-m", "envoywatch", "-q", "--config", str(config), "watches", "backtest", watch]
    done = subprocess.run(
        [sys.executable, "-c", script, *command, "--json", *more],
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    seconds, peak, said = json.loads(done.stdout)
    return seconds, peak, said


def backtests(config: Path, *, scan: bool) -> float:
    """The seconds of the slowest selective watch."""
    print(f"\n{'back-test':30} {'seconds':>8} {'peak MB':>8} {'looked at':>10} {'of':>10}   matches, alerts")
    selective = 0.0
    quarter = ("--until", (BEGIN + timedelta(days=DAYS // 4)).isoformat())
    other = ("--query", "@arda-lin NEAR/s (talks OR переговоры)")
    plans: list[tuple[str, str, tuple[str, ...]]] = [
        ("a person, as it is", "Envoy", ()),
        ("... a quarter of the archive", "Envoy", quarter),
        ("... another query", "Envoy", other),
        ("NEAR", "Corridor", ()),
        ("meetings", "Audience", ()),
        ("... a quarter of the archive", "Audience", quarter),
    ]
    if scan:
        plans.append(("a pattern: every text", "Pattern", ()))
    for name, watch, more in plans:
        seconds, peak, said = backtest(config, watch, *more)
        one = said["watches"][0]
        print(
            f"{name:30} {seconds:8.1f} {peak:8} {said['looked_at']:10,} {said['articles']:10,}  "
            f" {one['matches']}, {one['alerts']}".replace('"', ""),
            flush=True,
        )
        selective = max(selective, seconds) if watch != "Pattern" else selective
    return selective


# ---------------------------------------------------------------- all


def main() -> int:
    parser = argparse.ArgumentParser(description="Search and back-test over a large archive.")
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--database", type=Path, help="keep it there, and use one that is there already")
    parser.add_argument("--peer-articles", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--inserted", type=int, default=5_000)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--scan", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return run(options, Path(name))


def run(options: argparse.Namespace, folder: Path) -> int:
    path = (options.database or folder / "archive.db").resolve()
    if not path.exists():
        seconds = build(path, options.articles, lambda line: print(line, file=sys.stderr, flush=True))
        print(f"built at {options.articles / seconds:,.0f} articles a second")
    open_writer(path).conn.close()
    config_file = folder / "envoywatch.yaml"
    config_file.write_text(CONFIG % json.dumps(str(path)), encoding="utf-8")
    config = load_config(config_file, environ={}).config
    with closing(open_reader(path)) as reader:
        stored, length = reader.execute(
            "SELECT count(*), (SELECT avg(length(CAST(text AS BLOB))) FROM (SELECT text FROM articles LIMIT 2000))"
            " FROM articles"
        ).fetchone()
        print(f"{stored:,} articles, {path.stat().st_size / stored:,.0f} bytes an article (texts {length:,.0f})\n")
        peer = new_peer(reader, folder, min(options.peer_articles, stored))
    ours, theirs = searches(path, config, options.rounds, peer)
    every = [one for each in ours for one in each.wall]
    middle, late = median(every), quantiles(every, n=20)[-1]
    print(f"{'all':26} {middle:8.1f} {late:8.1f}")
    like = [one for one, (_, _, asked) in zip(ours, SEARCHES.values(), strict=True) if asked is not None]
    mean, peer_mean = (sum(median(one.wall) for one in each) / len(each) for each in (like, theirs))
    peer_articles = peer["articles"].count
    if not options.cold:
        read_through(path)
    rate, cpu_rate, merging = inserts(path, options.inserted, options.articles)
    print(f"\nstoring: {rate:,.0f} articles a second, {cpu_rate:,.0f} by CPU; merging later {merging:.2f} ms")
    slowest = backtests(config_file, scan=options.scan)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\nthis process at its largest: {memory} MB")
    print(
        f"search among {stored:,}: median {middle:.1f} ms, p95 {late:.1f} ms; selective back-test {slowest:.1f} s;"
        f" mean of the searches that both can {mean:.1f} ms, sqlite-utils among {peer_articles:,} {peer_mean:.1f} ms:"
        f" {peer_mean / mean:.2f} times as fast"
    )
    short = slowest >= MOST_BACKTEST_S or middle >= MOST_SEARCH_MS or late >= MOST_SEARCH_MS or rate < LEAST_INSERTS
    return int(options.check and short)


if __name__ == "__main__":
    sys.exit(main())
