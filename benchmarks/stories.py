"""Stories told by recorded articles, and how fast they are found, beside scikit-learn's clustering in the same run.

    python benchmarks/stories.py [--shared DIR] [--articles 5000] [--peer-python PYTHON | --alone] [--check]

The pairs of articles that people judged to be about the same event, or about different ones, are recorded through the
program's own code in one archive; a pair is one story when both articles have one story id. What counts, and how much,
was chosen on these very pairs; the halves show how far they differ. The peer is given the same articles: TF-IDF of
words, and agglomerative clustering (average linkage, cosine) with the threshold that does best on them. Then recorded
days are told in other orders, each article up to six hours later: B-cubed says how far the stories agree. Times are CPU
of the writer, and of a reading worker.
`--check` exits 1 below 0.80 of the same and 0.90 of the different, B-cubed 0.95, or above 2 ms an article.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from peers import ask_peer

from storage.copies import join, kin_of
from storage.database import open_writer
from storage.duplicates import Body
from storage.identity import text_hash
from storage.model import Reading, Text, TextOrigin, to_text
from storage.stories import end_with, enter, find_kindred
from storage.traits import traits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).resolve().parent
PAIRS = "articles/dedup_gold_tgcontest_pairs.jsonl.gz"
STREAM = "articles/stream_lihui_2023-05-10_05-20.jsonl.gz"
LEAST_SAME, LEAST_DIFFERENT, LEAST_AGREEMENT, MOST_MS = 0.80, 0.90, 0.95, 2.0
_DAY = datetime(2023, 5, 16, 12, tzinfo=UTC)


def rows_of(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def reading_of(number: int, title: str, text: str, language: str, at: datetime) -> Reading:
    return Reading(
        entry_id=0,
        source_id=1,
        source=f"source {number % 40}",
        country=None,
        role="media",  # type: ignore[arg-type]  # its text is stored as it is
        url=f"https://example.org/{number}",
        text=Text(title, text, language, TextOrigin.PAGE),
        text_hash=text_hash(title, text),
        seen_at=at,
        first_poll=False,
        sketch=Body(text).sketch,
        traits=traits_of(title, text),
    )


def told(readings: Iterable[Reading]) -> tuple[dict[str, int], list[float]]:
    """The story of each address (a number of its own when it has none), and the milliseconds each article took."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        db = open_writer(Path(folder) / "envoywatch.db")
        at = to_text(_DAY)
        db.execute(
            "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
            " VALUES (1, 'wire', '{}', 'media', 300, ?, ?)",
            [at, at],
        )
        db.conn.execute("BEGIN")
        for one in readings:
            kin = kin_of(db, one)
            start = time.process_time()
            found = find_kindred(db, one, kin)
            looked = time.process_time() - start
            article_id = _store(db, one)
            join(db, article_id, one.sketch or Body(one.text.text).sketch, kin)
            start = time.process_time()
            enter(db, article_id, one, found, ())
            end_with(db, [article_id])
            took.append(1e3 * (looked + time.process_time() - start))
        stories = db.execute("SELECT url, coalesce(story_id, -id) FROM articles").fetchall()
        db.conn.execute("ROLLBACK")
        db.conn.close()
    return dict(stories), took


def _store(db: Any, one: Reading) -> int:
    at = to_text(one.published_at)
    row = db.execute(
        "INSERT INTO articles (url, title, text, language, source, source_id, role, published_at, seen_at, read_at,"
        " origin, text_hash) VALUES (?, ?, ?, ?, ?, 1, 'media', ?, ?, ?, 'page', ?) RETURNING id",
        [one.url, one.text.title, one.text.text, one.text.language, one.source, at, at, at, one.text_hash],
    ).fetchone()
    return int(row[0])


def shares(same: Sequence[bool], rows: Sequence[dict[str, Any]], half: int | None) -> tuple[float, float]:
    """Of the pairs about one event those in one story, and of the different ones those that are not."""
    chosen = [
        (one, row["label"] == "OK")
        for n, (one, row) in enumerate(zip(same, rows, strict=True))
        if half in (None, n % 2)
    ]
    return (
        mean(one for one, is_same in chosen if is_same),
        mean(not one for one, is_same in chosen if not is_same),
    )


def agreement(one: dict[str, int], other: dict[str, int]) -> float:
    """B-cubed F1 of two ways to put the same things in groups."""
    groups: tuple[defaultdict[int, set[str]], ...] = (defaultdict(set), defaultdict(set))
    for labels, members in zip((one, other), groups, strict=True):
        for name, label in labels.items():
            members[label].add(name)
    precision, recall = [], []
    for name in one:
        ours, theirs = groups[0][one[name]], groups[1][other[name]]
        shared = len(ours & theirs)
        precision.append(shared / len(theirs))
        recall.append(shared / len(ours))
    p, r = mean(precision), mean(recall)
    return 2 * p * r / (p + r)


def peer(python: str, texts: Sequence[str], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    question = {"texts": texts, "same": [row["label"] == "OK" for row in rows]}
    return ask_peer(python, "stories_peer.py", question)  # type: ignore[no-any-return]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("ENVOYWATCH_SHARED", HERE.parents[1] / "shared"))
    parser.add_argument("--shared", type=Path, default=shared)
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    data = chosen.shared / "data"
    if not data.is_dir():
        print(f"{data} is not there: give --shared the folder of the recordings", file=sys.stderr)
        return 2
    rows = rows_of(data / PAIRS)
    articles = [row[side] for row in rows for side in ("first", "second")]
    readings = [reading_of(n, one["title"], one["text"], rows[n // 2]["lang"], _DAY) for n, one in enumerate(articles)]
    stories, _ = told(readings)
    same = [stories[readings[2 * n].url] == stories[readings[2 * n + 1].url] for n in range(len(rows))]
    ours = shares(same, rows, None)
    print(f"{'judged pairs':46}{'same event, one story':>24}{'different, not one':>22}")
    for name, half in (("  even", 0), ("  odd", 1), ("  all", None)):
        one = shares(same, rows, half)
        print(f"{name:46}{one[0]:>24.3f}{one[1]:>22.3f}")
    if not chosen.alone:
        answer = peer(chosen.peer_python, [f"{a['title']}\n{a['text']}" for a in articles], rows)
        for half, name in ((0, "even"), (1, "odd"), (None, "all")):
            one = shares(answer["joined"], rows, half)
            print(f"{'  scikit-learn, agglomerative, ' + name:46}{one[0]:>24.3f}{one[1]:>22.3f}")
    agreed, took, read = _stream(data, chosen.articles)
    print(f"B-cubed F1 between orders of arrival, {len(took):,} articles: {agreed:.3f}")
    print(
        f"ms an article: reading worker {read:.2f}, writer median {median(took):.2f}, mean {mean(took):.2f},"
        f" p99 {sorted(took)[int(len(took) * 0.99)]:.2f}"
    )
    slowest = mean(took) + read
    if not chosen.alone:
        print(
            f"same + different: ours {sum(ours):.3f}, scikit-learn {sum(shares(answer['joined'], rows, None)):.3f}"
            f" with {answer['ms']:.2f} ms an article; ratio {sum(ours) / sum(shares(answer['joined'], rows, None)):.2f}"
        )
    is_short = ours[0] < LEAST_SAME or ours[1] < LEAST_DIFFERENT or agreed < LEAST_AGREEMENT or slowest > MOST_MS
    return int(chosen.check and is_short)


def _stream(data: Path, most: int) -> tuple[float, list[float], float]:
    """Recorded days, told in the order in which they came and, within six hours, in others."""
    rows = [row for row in rows_of(data / STREAM) if row.get("text") and row.get("date")]
    rows = sorted(rows, key=lambda row: datetime.fromisoformat(row["date"]))[:most]
    start = time.process_time()
    readings = []
    for number, row in enumerate(rows):
        at = datetime.fromisoformat(row["date"])
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        readings.append(reading_of(number, row.get("title") or "", row["text"], row["lang"], at))
    read = 1e3 * (time.process_time() - start) / len(rows)
    first, took = told(readings)
    shuffled = random.Random(5)  # noqa: S311 (an order, no secret)
    others = [
        told(sorted(readings, key=lambda one: one.seen_at.timestamp() + shuffled.uniform(0, 6 * 3600)))[0]
        for _ in range(2)
    ]
    return min(agreement(first, other) for other in others), took, read


if __name__ == "__main__":
    sys.exit(main())
