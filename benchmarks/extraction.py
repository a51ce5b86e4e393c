"""Text and dates of recorded article pages: our reading beside trafilatura's own modes, in the same run.

    python benchmarks/extraction.py [--rounds 3] [--check]

F1 of runs of four words (or characters, where words are not parted) against the known text; CPU the least of some
rounds for each page, the candidates taking turns. "text" is ours from bytes to text beside trafilatura's fast mode;
"whole" adds title, author, date, address and language, beside fast mode with its metadata. `--check` fails when F1 is
more than 0.005 below trafilatura's best mode, when either costs over 1.1 times fast mode's CPU, or when fewer than 0.85
of the known days are right. The recordings (see docs/measuring.md) lie beside the checkout.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import sys
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trafilatura

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from crawler.main_text import main_text
from crawler.markup import parse_html
from crawler.page_meta import page_date, told_day
from crawler.pages import PageBytes, extract
from storage.model import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(os.environ.get("ENVOYWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))
F1_SLACK = 0.005
CPU_RATIO = 1.1
DAYS_RIGHT = 0.85
_WORD = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|\\w+")
_RUN = 4
_UNKNOWN = "https://news.example/article"


@dataclass(frozen=True)
class Sample:
    """A recorded page and what is known of it."""

    path: str
    url: str
    title: str
    html: bytes
    body: str
    date: str


@dataclass
class Candidate:
    """One way to read a page; `scores` are F1 a page, `seconds` the least CPU a page."""

    name: str
    read: Callable[[Sample], str]
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """The mean over pages."""
        return mean(self.scores)

    @property
    def cpu(self) -> float:
        """Seconds for all pages."""
        return sum(self.seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not (SHARED / "data/pages/groundtruth.jsonl.gz").is_file():
        print(f"the recordings are not at {SHARED} (set ENVOYWATCH_SHARED)", file=sys.stderr)
        return 2
    samples = load()
    read = [sample for sample in samples if sample.body]
    candidates = [
        Candidate("fast", peer(fast=True)),
        Candidate("default", peer()),
        Candidate("precision", peer(favor_precision=True)),
        Candidate("recall", peer(favor_recall=True)),
        Candidate("ours, text", our_text),
        Candidate("fast, metadata", peer(fast=True, with_metadata=True)),
        Candidate("ours, whole", our_whole),
    ]
    measure(candidates, read, options.rounds)
    return report(candidates, samples, len(read), check=options.check)


def load() -> list[Sample]:
    """All pages whose text or day is known."""
    folder = SHARED / "data"
    with gzip.open(folder / "pages/groundtruth.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Sample(
            path=row["path"],
            url=row.get("url") or _UNKNOWN,
            title=row.get("title") or "",
            html=gzip.decompress((folder / row["path"]).read_bytes()),
            body=row.get("body") or "",
            date=row.get("date") or "",
        )
        for row in rows
        if row.get("body") or row.get("date")
    ]


# ---------------------------------------------------------------- candidates


def peer(**options: Any) -> Callable[[Sample], str]:
    """One of trafilatura's modes."""
    settings = {"with_metadata": False} | options

    def read(sample: Sample) -> str:
        document = trafilatura.bare_extraction(sample.html, url=sample.url, include_comments=False, **settings)
        return getattr(document, "text", None) or ""

    return read


def our_text(sample: Sample) -> str:
    root = parse_html(sample.html, None)
    return "" if root is None else main_text(root, sample.url, sample.title or root.findtext(".//title") or "")


def our_whole(sample: Sample) -> str:
    return extract(PageBytes(sample.url, sample.html), Entry(url=sample.url, guid=None, title=""), None).text


# ---------------------------------------------------------------- measuring


def measure(candidates: list[Candidate], samples: list[Sample], rounds: int) -> None:
    """Every candidate reads each page in turn, so that what disturbs the machine disturbs all alike."""
    for candidate in candidates:
        candidate.read(samples[0])
    for sample in samples:
        known = runs(sample.body)
        least = {candidate.name: float("inf") for candidate in candidates}
        for turn in range(rounds):
            for candidate in candidates:
                began = time.process_time()
                text = candidate.read(sample)
                least[candidate.name] = min(least[candidate.name], time.process_time() - began)
                if turn == 0:
                    candidate.scores.append(f1(runs(text), known))
        for candidate in candidates:
            candidate.seconds.append(least[candidate.name])


def runs(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    return Counter(tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1)))


def f1(found: Counter[tuple[str, ...]], known: Counter[tuple[str, ...]]) -> float:
    return 2 * sum((found & known).values()) / (sum(found.values()) + sum(known.values()))


def day_is_right(sample: Sample) -> bool:
    """In the zone of the known time; where that names none, the day as the page itself tells it."""
    root = parse_html(sample.html, None)
    known = datetime.fromisoformat(sample.date)
    at = None if root is None else page_date(root)[0]
    if root is None or at is None:
        return False
    day = at.astimezone(known.tzinfo).date() if known.tzinfo else told_day(root) or at.date()
    return day == known.date()


# ---------------------------------------------------------------- telling


def report(candidates: list[Candidate], samples: list[Sample], pages: int, *, check: bool) -> int:
    print(f"{'':16} {'F1':>7} {'ms a page':>10}   ({pages} pages with a known text)")
    for one in candidates:
        print(f"{one.name:16} {one.f1:7.4f} {1000 * one.cpu / pages:10.2f}")
    by_name = {one.name: one for one in candidates}
    best = max(candidates[:4], key=lambda one: one.f1)
    dated = [sample for sample in samples if sample.date]
    right = sum(day_is_right(sample) for sample in dated)
    text = by_name["ours, text"].cpu / by_name["fast"].cpu
    whole = by_name["ours, whole"].cpu / by_name["fast, metadata"].cpu
    print(f"days right: {right} of {len(dated)} ({right / len(dated):.3f})")
    ahead = by_name["ours, whole"].f1 - best.f1
    print(f"F1 {ahead:+.4f} against {best.name}; CPU {text:.3f} times fast mode's (text), {whole:.3f} times (whole)")
    good = ahead >= -F1_SLACK and max(text, whole) <= CPU_RATIO and right >= DAYS_RIGHT * len(dated)
    return int(check and not good)


if __name__ == "__main__":
    sys.exit(main())
