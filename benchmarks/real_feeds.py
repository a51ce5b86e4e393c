"""Polls every recorded real feed once through the real program and says which gave entries, and why the others did not.

    python benchmarks/real_feeds.py [--folder feeds/illformed] [--verbose]

The recordings (see docs/measuring.md) are served by their own loopback server.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

SHARED = Path(os.environ.get("ENVOYWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="feeds/real")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if not (SHARED / "data/serve.py").is_file():
        print(f"the recordings are not at {SHARED} (set ENVOYWATCH_SHARED)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        return poll_all(Path(temporary), f"/{options.folder.strip('/')}/", verbose=options.verbose)


def poll_all(folder: Path, under: str, *, verbose: bool) -> int:
    ready = folder / "port"
    server = subprocess.Popen(
        [sys.executable, str(SHARED / "data/serve.py"), "--port", "0", "--quiet", "--ready-file", str(ready)]
    )
    try:
        while not ready.exists() or not ready.read_text():
            time.sleep(0.05)
        base_url = f"http://127.0.0.1:{ready.read_text()}"
        with urlopen(f"{base_url}/index.json", timeout=60) as answer:  # noqa: S310 (the loopback server above)
            urls = [row["url"] for row in json.load(answer)["urls"] if urlsplit(row["url"]).path.startswith(under)]
        write_config(folder, urls)
        began = time.monotonic()
        program = [sys.executable, "-m", "envoywatch", "--quiet", "--config", str(folder / "envoywatch.yaml")]
        done = subprocess.run([*program, "poll", "--all", "--json"], stdout=subprocess.PIPE, check=False)
        took = time.monotonic() - began
    finally:
        server.terminate()
    if done.returncode:
        print(f"the poll left with {done.returncode}", file=sys.stderr)
        return 1
    report(json.loads(done.stdout)["sources"], len(urls), took, verbose=verbose)
    return 0


def write_config(folder: Path, urls: list[str]) -> None:
    sources = "".join(f'  - {{name: "{urlsplit(url).path}", endpoints: [{{feed: "{url}"}}]}}\n' for url in urls)
    (folder / "envoywatch.yaml").write_text(
        "crawl: {delay: 0s, per_host: 16, private_addresses: true, articles: false, obey_robots: true}\n"
        f"sources:\n{sources}",
        encoding="utf-8",
    )


def report(sources: list[dict], expected: int, took: float, *, verbose: bool) -> None:
    good = [source for source in sources if not source["fault"]]
    print(f"{len(sources)} of {expected} polled in {took:.1f} s; {sum(s['entries'] for s in good)} entries")
    print(f"{len(good)} gave entries")
    reasons = collections.defaultdict(list)
    for source in sources:
        if source["fault"]:
            reasons[source["fault"]["kind"]].append(source)
    for kind, faulty in sorted(reasons.items()):
        print(f"{len(faulty)} {kind}")
        for source in faulty:
            if verbose or len(faulty) <= 40:
                print(f"    {source['source']}: {source['fault']['detail']}")


if __name__ == "__main__":
    sys.exit(main())
