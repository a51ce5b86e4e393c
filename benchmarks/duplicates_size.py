"""What copies cost among many articles, for `duplicates.py`; a process for each step, so that memory can be told.

    python benchmarks/duplicates_size.py fill|measure DATABASE ARTICLES SHARED

`fill` makes an archive with the lengths of the recorded texts of SHARED; `measure` has recorded texts come into it
through the program's own code and prints a line of JSON.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from duplicates_texts import Recorded, recorded_texts

from storage.copies import find_kin, join
from storage.database import immediate, open_writer
from storage.duplicates import HOT, Body
from storage.identity import text_hash
from storage.model import to_text
from storage.settling import settle
from storage.shingle_filter import fill_filter

if TYPE_CHECKING:
    from sqlite_utils import Database

NOW = datetime(2023, 5, 16, tzinfo=UTC)
_STOCK = 0.1
"""Of the shingles of a generated article, those that are stock phrases, which others have too."""
_STOCK_PHRASES = 300_000


@dataclass(frozen=True, slots=True)
class Size:
    """What an archive of `articles` costs."""

    articles: int
    rows: float
    bytes_each: float
    lookup_ms: list[float]
    insert_ms: list[float]
    megabytes: float


def fill(path: Path, articles: int, texts: list[Recorded]) -> None:
    """Generated articles in the order of their arrival, with sketches as long as those of recorded texts.

    Hashes are drawn rather than made from words; rows are written as `storage.copies` writes them.
    """
    rng = random.Random(11)  # noqa: S311 (repeatable)
    shapes = [(sketch.size, len(sketch.hashes)) for sketch in (Body(one.text).sketch for one in texts)]
    carried: Counter[int] = Counter()
    db = new_archive(path)
    db.conn.execute("PRAGMA cache_size = -2000000")
    db.conn.execute("PRAGMA synchronous = OFF")
    at = to_text(NOW)
    for begin in range(0, articles, 20_000):
        rows, lines = [], []
        for number in range(begin, min(begin + 20_000, articles)):
            size, kept = rng.choice(shapes)
            lines.append((f"g{number}", at, at, at, f"{number:032x}", size))
            for _ in range(kept):
                if rng.random() < _STOCK:
                    phrase = int(_STOCK_PHRASES ** rng.random())
                    carried[phrase] += 1
                    if carried[phrase] <= HOT:
                        rows.append((phrase * 977, number + 1))
                else:
                    rows.append((rng.getrandbits(47), number + 1))
        db.conn.execute("BEGIN")
        db.conn.executemany(
            "INSERT INTO articles (url, title, text, source, source_id, role, published_at, seen_at, read_at, origin,"
            " text_hash, shingles) VALUES (?, '', '', 'wire', 1, 'media', ?, ?, ?, 'page', ?, ?)",
            lines,
        )
        db.conn.executemany("INSERT OR IGNORE INTO shingles (hash, article_id) VALUES (?, ?)", rows)
        db.conn.execute("COMMIT")
    with immediate(db):
        fill_filter(db)
    db.conn.close()


def measure(path: Path, articles: int, texts: list[Recorded]) -> Size:
    """In a process that did not fill it: recorded texts come in through the program's code, 200 a transaction."""
    db = open_writer(path)
    lookups, inserts = [], []
    rng = random.Random(3)  # noqa: S311 (repeatable)
    chosen = rng.sample(texts, min(2000, len(texts)))
    for begin in range(0, len(chosen), 200):
        group = chosen[begin : begin + 200]
        start = time.process_time()
        db.conn.execute("BEGIN IMMEDIATE")
        begun = time.process_time() - start
        timed = []
        for number, one in enumerate(group):
            words = Body(one.text).words
            words[::3] = [f"{word}{begin + number}" for word in words[::3]]  # as new as news
            _, lookup, insert = arrive(db, " ".join(words), NOW, f"m{begin + number}")
            timed.append((lookup, insert))
        start = time.process_time()
        settle(db)
        db.conn.execute("COMMIT")
        commit = 1e3 * (begun + time.process_time() - start) / len(group)
        lookups += [lookup for lookup, _ in timed]
        inserts += [insert + commit for _, insert in timed]
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    resident = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    rows = db.execute("SELECT count(*) FROM shingles").fetchone()[0]
    names = ("shingles", "shingle_filter", "articles_by_shingles", "articles_without_shingles")
    used = db.execute(
        "SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND name IN (?, ?, ?, ?)", list(names)
    ).fetchone()[0]
    total = articles + len(chosen)
    db.conn.close()
    return Size(total, rows / total, used / total, lookups, inserts, resident)


def store(db: Database, text: str, published_at: datetime, url: str) -> int:
    """A bare article, as far as copies are concerned."""
    at = to_text(published_at)
    row = db.execute(
        "INSERT INTO articles (url, title, text, source, source_id, role, published_at, seen_at, read_at, origin,"
        " text_hash) VALUES (?, '', ?, 'wire', 1, 'media', ?, ?, ?, 'page', ?) RETURNING id",
        [url, text, at, at, at, text_hash("", text)],
    ).fetchone()
    return int(row[0])


def arrive(db: Database, text: str, published_at: datetime, url: str) -> tuple[int, float, float]:
    """Id of the article, and the milliseconds (CPU) of the look-up alone and of everything the writer does."""
    body = Body(text)
    sketch, hashed = body.sketch, text_hash("", text)
    start = time.process_time()
    kin = find_kin(db, hashed, body, sketch, published_at)
    looked_up = time.process_time()
    article_id = store(db, text, published_at, url)
    join(db, article_id, sketch, kin)
    return article_id, 1e3 * (looked_up - start), 1e3 * (time.process_time() - start)


def new_archive(path: Path) -> Database:
    db = open_writer(path)
    at = to_text(NOW)
    db.execute(
        "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
        " VALUES (1, 'wire', '{}', 'media', 300, ?, ?)",
        [at, at],
    )
    return db


def measured_apart(path: Path, articles: int, shared: Path) -> Size:
    """Fill and measure in processes of their own."""
    for step in ("fill", "measure"):
        command = [sys.executable, __file__, step, str(path), str(articles), str(shared)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Size(**json.loads(done.stdout))


def main() -> None:
    step, path, articles, shared = sys.argv[1:]
    texts = recorded_texts(Path(shared))
    if step == "fill":
        fill(Path(path), int(articles), texts)
    else:
        print(json.dumps(asdict(measure(Path(path), int(articles), texts))))


if __name__ == "__main__":
    main()
