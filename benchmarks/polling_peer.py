"""lemon24/reader as a candidate of `polling.py`: told the feeds, then `round` by `round`, on standard input.

Needs `reader` and `sgmllib3k` (see requirements.txt); it may run in an environment of its own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from reader import make_reader

WORKERS = 20
"""More threads made it no faster: it is bound by its CPU."""


def main() -> None:
    urls = json.loads(sys.stdin.readline())
    library = make_reader(str(Path(sys.argv[1]) / "reader.sqlite"))
    for url in urls:
        library.add_feed(url)
    print(json.dumps({"ready": True}), flush=True)
    while sys.stdin.readline():
        began = time.perf_counter()
        new = failed = 0
        for result in library.update_feeds_iter(scheduled=False, workers=WORKERS):
            if isinstance(result.value, Exception):
                failed += 1
            elif result.value is not None:
                new += result.value.new
        print(json.dumps({"seconds": time.perf_counter() - began, "new": new, "failed": failed}), flush=True)


if __name__ == "__main__":
    main()
