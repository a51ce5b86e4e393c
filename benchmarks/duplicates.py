"""Copies found among recorded texts and a million articles, beside datasketch's MinHash LSH in the same run.

    python benchmarks/duplicates.py [--shared DIR] [--originals 600] [--articles 1000000] [--peer-articles 100000]
                                    [--peer-python PYTHON | --alone] [--wrong] [--check]

The recorded texts of `--shared` are stored but for those that are quoted from; twelve kinds of edited copies of some
are looked up. Found is what points at its original; wrong is every other text that is reported, unless
duplicates_reruns.txt, made by reading, says that outlets printed one text (`--wrong` lists the others). The peer is
given shingles of three words, its best. Forms (prices, weather, scores) come daily and are no copies of each other.
Then an archive of many articles with the lengths of the recorded ones is filled through the program's own code.
`--check` exits 1 below F1 0.96, 1.4 times the recall of the peer at 0.5, a higher F1 than the peer at 0.5 and 0.25;
above 5 % of form pairs, 0.3 ms a look-up, 1 ms an insert (medians), 150 MB of memory, 1,100 bytes an article on disk.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from duplicates_size import NOW, arrive, measured_apart, new_archive
from duplicates_texts import KINDS, Copy, Recorded, edited_copies, filled_forms, recorded_texts, set_aside
from peers import ask_peer

from storage.copies import Kin, find_kin
from storage.duplicates import Body
from storage.identity import text_hash

if TYPE_CHECKING:
    from collections.abc import Iterable


HERE = Path(__file__).resolve().parent
RERUNS = HERE / "duplicates_reruns.txt"
THRESHOLDS = (0.5, 0.25)
LEAST_F1 = 0.96
LEAST_RECALL_RATIO = 1.4
MOST_FORM_PAIRS = 0.05
MOST_LOOKUP_MS = 0.3
MOST_INSERT_MS = 1.0
MOST_MEGABYTES = 150
MOST_BYTES = 1100


# ---------------------------------------------------------------- ours


def ours(texts: list[Recorded], copies: list[Copy]) -> list[list[int]]:
    """The positions of the texts that are in a group of which each copy is found to be."""
    with tempfile.TemporaryDirectory() as folder:
        db = new_archive(Path(folder) / "envoywatch.db")
        db.conn.execute("BEGIN")
        for number, one in enumerate(texts):
            arrive(db, one.text, one.published_at, f"u{number}")
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for article_id, first in db.execute("SELECT id, coalesce(copy_of, id) FROM articles"):
            groups[first].append(article_id - 1)
        found = []
        for copy in copies:
            body = Body(copy.text)
            published_at = texts[copy.index].published_at + timedelta(hours=3)
            kin: Kin = find_kin(db, text_hash("", copy.text), body, body.sketch, published_at)
            found.append([one for first in kin.firsts for one in groups[first]])
        db.conn.execute("ROLLBACK")
        db.conn.close()
    return found


def our_form_pairs(forms: list[list[str]]) -> float:
    """The share of the pairs of one form that end in one group, when they arrive day after day."""
    together = pairs = 0
    for filled in forms:
        with tempfile.TemporaryDirectory() as folder:
            db = new_archive(Path(folder) / "envoywatch.db")
            for day, text in enumerate(filled):
                arrive(db, text, NOW + timedelta(days=day), f"u{day}")
            for (size,) in db.execute("SELECT count(*) FROM articles GROUP BY coalesce(copy_of, id)"):
                together += size * (size - 1) // 2
            db.conn.close()
        pairs += len(filled) * (len(filled) - 1) // 2
    return together / pairs


# ---------------------------------------------------------------- the peer


def peer_item(text: str) -> tuple[list[str], int]:
    body = Body(text)
    return body.words, 3 if body.width == 4 else 5


@dataclass
class Peer:
    """datasketch in a process of its own."""

    python: str

    def ask(self, **what: Any) -> Any:
        return ask_peer(self.python, "duplicates_peer.py", what)

    def find(self, texts: Iterable[str], queries: Iterable[str]) -> dict[str, list[list[int]]]:
        stored, asked = [peer_item(one) for one in texts], [peer_item(one) for one in queries]
        return self.ask(do="find", stored=stored, queries=asked, thresholds=THRESHOLDS)  # type: ignore[no-any-return]


def peer_form_pairs(peer: Peer, forms: list[list[str]]) -> dict[str, float]:
    texts = [one for filled in forms for one in filled]
    times = len(forms[0])
    found = peer.find(texts, texts)
    every = len(forms) * times * (times - 1)
    return {
        name: sum(sum(other // times == key // times for other in one) - 1 for key, one in enumerate(answers)) / every
        for name, answers in found.items()
    }


# ---------------------------------------------------------------- how good


@dataclass
class Score:
    """Copies found, and texts reported that are another's; `unknown` are pairs that nobody has read."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed)

    @property
    def precision(self) -> float:
        return self.found / max(1, self.found + self.wrong)

    @property
    def f1(self) -> float:
        return 2 * self.recall * self.precision / (self.recall + self.precision)


def score(texts: list[Recorded], copies: list[Copy], answers: list[list[int]], same: dict[str, str]) -> Score:
    """`same` gives each text of a re-run the name of its first printing."""
    result = Score()
    for copy, found in zip(copies, answers, strict=True):
        original = texts[copy.index].key
        if copy.index in found:
            result.found += 1
            result.by_kind[copy.kind] += 1
        else:
            result.missed += 1
        for other in {texts[one].key for one in found} - {original}:
            if same.get(other, other) != same.get(original, original):
                result.wrong += 1
                result.unknown[tuple(sorted((original, other)))] += 1  # type: ignore[index]  # they are two
    return result


def read_reruns() -> dict[str, str]:
    """Each key of a line, and the first of that line."""
    lines = RERUNS.read_text(encoding="utf-8").splitlines() if RERUNS.exists() else []
    return {key: keys[0] for line in lines if (keys := line.partition("#")[0].split()) for key in keys}


# ---------------------------------------------------------------- telling


def tell_quality(texts: list[Recorded], options: argparse.Namespace, peer: Peer | None) -> list[str]:
    """Print how many copies are found; returns what falls short."""
    rng = random.Random(7)  # noqa: S311 (repeatable)
    same = read_reruns()
    texts, aside = set_aside(texts)
    aside = [one for one in aside if one.key not in same]  # or a copy that quotes it has two originals
    copies = edited_copies(texts, aside, options.originals, rng)
    forms = filled_forms(40, rng)
    scores = {"ours": score(texts, copies, ours(texts, copies), same)}
    form_pairs = {"ours": our_form_pairs(forms)}
    if peer is not None:
        found = peer.find((one.text for one in texts), (one.text for one in copies))
        pairs = peer_form_pairs(peer, forms)
        for name, answers in found.items():
            scores[f"datasketch {name}"] = score(texts, copies, answers, same)
            form_pairs[f"datasketch {name}"] = pairs[name]
    print(f"{len(texts):,} recorded texts stored, {len(copies):,} edited copies of {options.originals} looked up\n")
    print(f"{'':24}" + "".join(f"{name:>18}" for name in scores))
    for name, value in (("recall", "recall"), ("precision", "precision"), ("F1", "f1")):
        print(f"{name:24}" + "".join(f"{getattr(one, value):>18.3f}" for one in scores.values()))
    print(f"{'form pairs taken for copies':24}" + "".join(f"{form_pairs[name]:>15.1%}   " for name in scores))
    each = len(copies) / len(KINDS)
    for kind in KINDS:
        print(f"  {kind:22}" + "".join(f"{one.by_kind[kind] / each:>18.3f}" for one in scores.values()))
    if options.wrong:
        tell_wrong(texts, scores)
    mine = scores["ours"]
    short = [] if mine.f1 >= LEAST_F1 else [f"F1 is {mine.f1:.3f}"]
    short += [] if form_pairs["ours"] <= MOST_FORM_PAIRS else [f"{form_pairs['ours']:.1%} of form pairs"]
    if peer is not None:
        half, quarter = (scores[f"datasketch {one}"] for one in THRESHOLDS)
        ratio = mine.recall / half.recall
        print(f"\n{ratio:.2f} times the recall of datasketch at 0.5; F1 {mine.f1:.3f}, {half.f1:.3f}, {quarter.f1:.3f}")
        short += [] if ratio >= LEAST_RECALL_RATIO else [f"{ratio:.2f} times the peer's recall"]
        short += [] if mine.f1 > max(half.f1, quarter.f1) else ["a peer's F1 is higher"]
    return short


def tell_wrong(texts: list[Recorded], scores: dict[str, Score]) -> None:
    by_key = {one.key: one for one in texts}
    for name, one in scores.items():
        for (first, second), times in one.unknown.most_common():
            a, b = by_key[first], by_key[second]
            print(f"{name} {times:3} {first} {second} {a.title[:45]!r} {a.published_at:%m-%d} | {b.title[:45]!r}"
                  f" {b.published_at:%m-%d}")  # fmt: skip


def tell_size(options: argparse.Namespace, peer: Peer | None) -> list[str]:
    """Print what an archive costs; returns what falls short."""
    with tempfile.TemporaryDirectory() as folder:
        size = measured_apart(Path(folder) / "envoywatch.db", options.articles, options.shared)
    looked, written = quantiles(size.lookup_ms, n=20), quantiles(size.insert_ms, n=20)
    print(f"\n{size.articles:,} articles, {size.rows:.1f} hashes each: {size.bytes_each:,.0f} bytes an article on disk")
    print(f"  look-up {median(size.lookup_ms):.3f} ms (p95 {looked[-1]:.3f}), CPU")
    print(f"  insert  {median(size.insert_ms):.3f} ms (p95 {written[-1]:.3f}), CPU; look-up and commit included")
    print(f"  memory  {size.megabytes:.0f} MB, the whole process")
    if peer is not None:
        held = peer.ask(do="hold", articles=options.peer_articles)
        print(
            f"  datasketch with {options.peer_articles:,}: {held['bytes']:,.0f} bytes an article in memory, look-up"
            f" {1e3 * held['query']:.3f} ms, insert {1e3 * held['insert']:.3f} ms, hashing left out"
        )
    limits = (
        (median(size.lookup_ms), MOST_LOOKUP_MS, "ms a look-up"),
        (median(size.insert_ms), MOST_INSERT_MS, "ms an insert"),
        (size.megabytes, MOST_MEGABYTES, "MB"),
        (size.bytes_each, MOST_BYTES, "bytes an article"),
    )
    return [f"{value:.2f} {what}" for value, most, what in limits if value > most]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=os.environ.get("ENVOYWATCH_SHARED", HERE.parents[1] / "shared"))
    parser.add_argument("--originals", type=int, default=600)
    parser.add_argument("--articles", type=int, default=1_000_000, help="0 leaves the archive out")
    parser.add_argument("--peer-articles", type=int, default=100_000)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    texts = recorded_texts(Path(options.shared))
    peer = None if options.alone else Peer(options.peer_python)
    short = tell_quality(texts, options, peer)
    if options.articles:
        short += tell_size(options, peer)
    print("short of the aim: " + "; ".join(short) if short else "all aims reached")
    return int(options.check and bool(short))


if __name__ == "__main__":
    sys.exit(main())
