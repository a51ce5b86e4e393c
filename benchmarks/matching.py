"""How long all watches take over one article, beside one regular expression a watch and percolation with tantivy.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install -r benchmarks/requirements.txt
    /tmp/peers/bin/python benchmarks/matching.py [--check] [--sizes 10,1000,10000,100000]

Watches and articles are made up from a fixed seed; `made_up_news.py` says how. Ours is timed with all that it does for
an article: folding, words, candidates, evaluation, spans; CPU time, so that neighbours on the machine do not count. For
every size the answers to a sample have to be those of each watch by itself and of the naive evaluator of the tests.
`--check` fails below what is promised.
"""

from __future__ import annotations

import argparse
import ast
import gc
import random
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from made_up_news import News
from matching_peers import PEERS

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from alerts.names import NameForms
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query
from config.people import load_people
from tests.naive_matching import Naive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.watches.matcher import Matcher
    from alerts.watches.nodes import Query
    from storage.model import Document

SIZES = (10, 1_000, 10_000, 100_000)
PEERS_AT = 10_000
"""Watches at which the peers are beaten; with more they would take minutes."""
MOST_MS = {10_000: 0.5, 100_000: 1.0}
MOST_GROWTH = 3.0
"""Times the time for ten times the watches, from 10,000 to 100,000."""
LEAST_RATIO = {"one re a watch": 100, "tantivy": 50}
ARTICLES = 200
ROUNDS = 5
PEER_ARTICLES = 4
CHECKED_ARTICLES = 3
CHECKED_WATCHES = 200
CHECKED_CHARACTERS = 150


class Row(NamedTuple):
    """What was measured at one number of watches; times of an article in microseconds."""

    watches: int
    compiled_s: float
    memory_mb: int
    ours: float
    p95: float
    matches: float
    peers: dict[str, float]


def cpu_us(function: Callable[[Any], object], items: Sequence[Any]) -> list[float]:
    times = []
    for item in items:
        start = time.process_time_ns()
        function(item)
        times.append((time.process_time_ns() - start) / 1e3)
    return times


def timed(matcher: Matcher, documents: Sequence[Document]) -> list[float]:
    """The least of several rounds for each article, each after all the others: what it needs is not in the caches."""
    gc.collect()
    gc.freeze()  # as a worker process does: what is compiled never goes, and need not be looked through
    rounds = [cpu_us(matcher.match, documents) for _ in range(ROUNDS + 1)][1:]
    gc.unfreeze()
    return [min(times) for times in zip(*rounds, strict=True)]


# ---------------------------------------------------------------- measuring


def measure(size: int) -> Row:
    news = News(7)
    documents = [news.article() for _ in range(ARTICLES)]
    queries = [parse_query(news.watch()) for _ in range(size)]
    forms = NameForms(load_people((), {}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    matcher = compile_watches(((str(number), query) for number, query in enumerate(queries)), forms)
    compiled = time.process_time() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    check_answers(matcher, queries, forms, documents[:CHECKED_ARTICLES])
    times = timed(matcher, documents)
    matches = statistics.mean(len(matcher.match(document)) for document in documents)
    peers: dict[str, float] = {}
    if size <= PEERS_AT:
        for name, ready in PEERS.items():
            search = ready(queries, forms)
            if search is not None:
                peers[name] = statistics.median(cpu_us(search, documents[:PEER_ARTICLES]))
    return Row(size, compiled, memory, statistics.median(times), quantile95(times), matches, peers)


def quantile95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def check_answers(matcher: Matcher, queries: Sequence[Query], forms: NameForms, documents: Sequence[Document]) -> None:
    """End the run unless the answers are right.

    Of whole articles all watches at once have to say what each says by itself, of their beginnings what the naive
    evaluator of the tests says, which takes its time.
    """
    chosen = random.Random(1)  # noqa: S311 (a benchmark wants the same numbers each time)
    for document in documents:
        found = {int(match.watch): match.spans for match in matcher.match(document)}
        for number in {*chosen.sample(range(len(queries)), min(len(queries), CHECKED_WATCHES)), *found}:
            alone = compile_watches([("alone", queries[number])], forms)
            said = [match.spans for match in alone.match(document)]
            if said != ([found[number]] if number in found else []):
                sys.exit(f"not the same answer alone: {queries[number].text}")
        start = replace(document, text=document.text[:CHECKED_CHARACTERS])
        naive = Naive(start, forms)
        met = {int(match.watch) for match in matcher.match(start)}
        for number in {*chosen.sample(range(len(queries)), min(len(queries), CHECKED_WATCHES // 4)), *met}:
            if naive.holds(queries[number].root) != (number in met):
                sys.exit(f"not the naive evaluator's answer: {queries[number].text}")


def report(row: Row) -> None:
    peers = "".join(
        f"{row.peers[name]:>16,.0f}{row.peers[name] / row.ours:>8,.0f}" if name in row.peers else f"{'-':>16}{'-':>8}"
        for name in LEAST_RATIO
    )
    print(
        f"{row.watches:>8,} {row.compiled_s:>10.2f} {row.memory_mb:>7,} {row.matches:>8.1f} {row.ours:>8.0f} "
        f"{row.p95:>8.0f}{peers}",
        flush=True,
    )


def shortcomings(rows: Sequence[Row]) -> list[str]:
    by_size = {row.watches: row for row in rows}
    found = [
        f"{size:,} watches take {by_size[size].ours / 1e3:.2f} ms an article, more than {most} ms"
        for size, most in MOST_MS.items()
        if size in by_size and by_size[size].ours > most * 1e3
    ]
    if {10_000, 100_000} <= by_size.keys():
        growth = by_size[100_000].ours / by_size[10_000].ours
        if growth > MOST_GROWTH:
            found.append(f"ten times the watches take {growth:.1f} times the time, more than {MOST_GROWTH:g}")
    for name, least in LEAST_RATIO.items():
        row = by_size.get(PEERS_AT)
        if row and name not in row.peers:
            found.append(f"{name} is not installed, so nothing is shown of it")
        elif row and row.peers[name] / row.ours < least:
            found.append(f"{row.peers[name] / row.ours:.0f} times as fast as {name}, less than {least}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail below what is promised")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of watches, with commas")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(repr(tuple(measure(options.one))))
        return 0
    print("CPU time an article in us; ours with all that it does; memory that compiling adds, MB at the peak")
    print(
        f"{'watches':>8} {'compile s':>10} {'memory':>7} {'matches':>8} {'ours':>8} {'p95':>8}"
        + "".join(f"{name:>16}{'ratio':>8}" for name in LEAST_RATIO)
    )
    rows = []
    for size in map(int, options.sizes.split(",")):
        rows.append(measured_alone(size))
        report(rows[-1])
    faults = shortcomings(rows)
    for fault in faults:
        print(f"short of it: {fault}")
    last = next((row for row in rows if row.watches == PEERS_AT), rows[-1])
    print(
        f"at {last.watches:,} watches, times as fast as: "
        + ", ".join(f"{name} {time_us / last.ours:,.0f}" for name, time_us in last.peers.items())
    )
    return int(options.check and bool(faults))


def measured_alone(size: int) -> Row:
    """In a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--one", str(size)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Row(*ast.literal_eval(printed))


if __name__ == "__main__":
    sys.exit(main())
