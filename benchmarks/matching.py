"""How long all watches take over one article, beside one regular expression a watch and percolation with tantivy.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install -r benchmarks/requirements.txt
    /tmp/peers/bin/python benchmarks/matching.py [--check] [--sizes 10,1000,10000,100000]

Watches and articles are made up from a fixed seed; `made_up_news.py` says how. Ours is timed with all that it does for
an article: folding, words, candidates, evaluation, spans; CPU time, so that neighbours on the machine do not count. For
every size a sample of articles is put before each watch by itself as well, and the answers have to be the same.
`--check` fails below what is promised.
"""

from __future__ import annotations

import argparse
import gc
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from alerts.names import NameForms
from alerts.watches.matcher import compile_watches
from alerts.watches.nodes import About, And, InField, Near, Not, Or, Person, Phrase, Regex, Word
from alerts.watches.query import parse_query
from config.people import load_people
from made_up_news import News

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.watches.matcher import Matcher
    from alerts.watches.nodes import Node, Query
    from storage.model import Document

SIZES = (10, 1_000, 10_000, 100_000)
PEERS_AT = 10_000
"""Watches at which the peers are beaten; with more they would take minutes."""
MOST_MS = {10_000: 0.5, 100_000: 1.0}
MOST_GROWTH = 3.0
"""Times the time for ten times the watches, from 10,000 to 100,000."""
LEAST_RATIO = {"one re a watch": 100, "tantivy": 50}
ARTICLES = 300
PEER_ARTICLES = 4
CHECKED_ARTICLES = 3
CHECKED_WATCHES = 400


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
    """The least of three rounds for each article, after one that warms up."""
    gc.collect()
    gc.freeze()  # as a worker process does: what is compiled never goes, and need not be looked through
    rounds = [cpu_us(matcher.match, documents) for _ in range(4)][1:]
    gc.unfreeze()
    return [min(times) for times in zip(*rounds, strict=True)]


# ---------------------------------------------------------------- the peers


def words_of(node: Node, forms: NameForms) -> list[str]:
    """What a query would have of this one: its words and names, any of them."""
    match node:
        case Word(text, prefix=prefix):
            return [text + (r"\w*" if prefix else "")]
        case Phrase(words):
            return [" ".join(word.text for word in words)]
        case Person(name):
            return list(dict.fromkeys(form for known in forms.forms_of(name).values() for form in known))
        case Near(parts) | And(parts) | Or(parts):
            return [word for part in parts for word in words_of(part, forms)]
        case InField(_, part):
            return words_of(part, forms)
        case Regex(pattern):
            return [pattern]
        case Not() | About():
            return []


def one_pattern_each(queries: Sequence[Query], forms: NameForms) -> Callable[[Document], object]:
    """What one would write first: any of a watch's words as one regular expression; no logic, no inflection."""
    patterns = [re.compile(rf"\b(?:{'|'.join(words_of(q.root, forms))})\b", re.IGNORECASE) for q in queries]
    return lambda document: [pattern.search(document.text) for pattern in patterns]


def percolation(queries: Sequence[Query], forms: NameForms) -> Callable[[Document], object] | None:
    """An article is indexed in memory and every watch's query run on it; no inflection, no distances between names."""
    try:
        import tantivy  # noqa: PLC0415 (a peer: the rest runs without it)
    except ImportError:
        return None
    builder = tantivy.SchemaBuilder()
    for field in ("title", "text", "lang", "role", "source", "country"):
        builder.add_text_field(field, stored=False)
    schema = builder.build()
    asked = [parsed for query in queries if (parsed := tantivy_query(query.root, forms, tantivy, schema))]

    def percolate(document: Document) -> list[bool]:
        index = tantivy.Index(schema)
        writer = index.writer(heap_size=15_000_000, num_threads=1)
        writer.add_document(
            tantivy.Document(
                title=document.title,
                text=document.text,
                lang=document.language,
                role=document.role.value,
                source=document.source,
                country=document.country,
            )
        )
        writer.commit()
        index.reload()
        searcher = index.searcher()
        return [bool(searcher.search(query, 1, count=False).hits) for query in asked]

    return percolate


def tantivy_query(node: Node, forms: NameForms, tantivy: Any, schema: Any) -> Any:  # noqa: PLR0911 (one return a kind)
    def boolean(parts: Sequence[Node], how: Any) -> Any:
        known = [(how, asked) for part in parts if (asked := tantivy_query(part, forms, tantivy, schema))]
        return tantivy.Query.boolean_query(known) if known else None

    def row(text: str, slop: int = 0) -> Any:
        words = re.findall(r"\w+", text.lower())
        if len(words) == 1:
            return tantivy.Query.term_query(schema, "text", words[0])
        return tantivy.Query.phrase_query(schema, "text", words, slop)

    match node:
        case Word(text, prefix=True):
            return tantivy.Query.regex_query(schema, "text", text.lower() + ".*")
        case Word(text):
            return row(text)
        case Phrase(words, slop):
            return row(" ".join(word.text for word in words), slop)
        case Person():
            names = [row(name) for name in words_of(node, forms) if re.search(r"\w", name)]
            return tantivy.Query.boolean_query([(tantivy.Occur.Should, name) for name in names])
        case Near((Word(first), Word(second)), (distance,)) if distance:
            return row(f"{first} {second}", distance)
        case Near(parts) | And(parts):
            return boolean(parts, tantivy.Occur.Must)
        case Or(parts):
            return boolean(parts, tantivy.Occur.Should)
        case InField(_, part):
            return tantivy_query(part, forms, tantivy, schema)
        case About(condition, value):
            return tantivy.Query.term_query(schema, str(condition), value)
        case Regex(pattern):
            return tantivy.Query.regex_query(schema, "text", pattern.lower())
        case Not(part):
            asked = tantivy_query(part, forms, tantivy, schema)
            return asked and tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, tantivy.Query.all_query()), (tantivy.Occur.MustNot, asked)]
            )


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
    assert not matcher.faults, matcher.faults[0]
    check_answers(matcher, queries, forms, documents[:CHECKED_ARTICLES])
    times = timed(matcher, documents)
    matches = statistics.mean(len(matcher.match(document)) for document in documents)
    peers: dict[str, float] = {}
    if size <= PEERS_AT:
        few = documents[:PEER_ARTICLES]
        peers["one re a watch"] = statistics.median(cpu_us(one_pattern_each(queries, forms), few))
        percolate = percolation(queries, forms)
        if percolate is not None:
            peers["tantivy"] = statistics.median(cpu_us(percolate, few))
    return Row(size, compiled, memory, statistics.median(times), quantile95(times), matches, peers)


def quantile95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def check_answers(matcher: Matcher, queries: Sequence[Query], forms: NameForms, documents: Sequence[Document]) -> None:
    """All watches at once say what each says by itself (and `tests/` that this is what a naive reading says)."""
    chosen = random.Random(1).sample(range(len(queries)), min(len(queries), CHECKED_WATCHES))  # noqa: S311 (no secret)
    found = {int(match.watch): match.spans for document in documents[:1] for match in matcher.match(document)}
    for number in {*chosen, *list(found)[:CHECKED_WATCHES]}:
        alone = compile_watches([("alone", queries[number])], forms)
        said = {match.spans for match in alone.match(documents[0])}
        assert said == ({found[number]} if number in found else set()), queries[number].text


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
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 (ourselves)
    import ast  # noqa: PLC0415

    return Row(*ast.literal_eval(printed))


if __name__ == "__main__":
    sys.exit(main())
