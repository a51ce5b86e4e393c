"""datasketch's MinHash LSH for benchmarks/duplicates.py, in an environment of its own.

Answers lines of JSON on stdin: `find` (which stored texts each query finds, by threshold), `hold` (memory and times
with many articles).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from datasketch import MinHash, MinHashLSH

PERMUTATIONS = 128


def minhash(shingles: list[str]) -> MinHash:
    made = MinHash(num_perm=PERMUTATIONS)
    made.update_batch([one.encode() for one in shingles])
    return made


def shingles(words: list[str], width: int) -> list[str]:
    return list({" ".join(words[at : at + width]) for at in range(max(1, len(words) - width + 1))})


def find(stored: list[Any], queries: list[Any], thresholds: list[float]) -> dict[str, Any]:
    """Keys are positions in `stored`; each item is its words and the width of its shingles."""
    ours = [minhash(shingles(*one)) for one in stored]
    asked = [minhash(shingles(*one)) for one in queries]
    found = {}
    for threshold in thresholds:
        index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        for key, one in enumerate(ours):
            index.insert(key, one)
        found[str(threshold)] = [sorted(index.query(one)) for one in asked]
    return found


def hold(articles: int) -> dict[str, float]:
    """Random signatures: what an index of so many costs does not depend on what they are of."""
    before = resident()
    index = MinHashLSH(threshold=0.25, num_perm=PERMUTATIONS)
    rng = np.random.default_rng(5)
    base = MinHash(num_perm=PERMUTATIONS)
    inserts, queries = [], []

    def made() -> MinHash:
        one = base.copy()
        one.hashvalues = rng.integers(0, 2**32, PERMUTATIONS, dtype=np.uint64)
        return one

    for key in range(articles):
        one = made()
        start = time.perf_counter()
        index.insert(key, one)
        inserts.append(time.perf_counter() - start)
    for _ in range(1000):
        one = made()
        start = time.perf_counter()
        index.query(one)
        queries.append(time.perf_counter() - start)
    return {"bytes": (resident() - before) / articles, "insert": median(inserts), "query": median(queries)}


def resident() -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"find": find, "hold": hold}[asked.pop("do")](**asked)), flush=True)


if __name__ == "__main__":
    main()
