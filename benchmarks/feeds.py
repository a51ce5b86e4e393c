"""CPU of reading feeds through time, seen items cut out, beside feedparser reading every version whole.

    python benchmarks/feeds.py [--rounds 3] [--check] [--own]

Over the recorded timelines where they lie beside the checkout (see docs/measuring.md), else, or with `--own`, over a
feed that it writes itself. Both get every version's bytes; ours ends with the entries that storage is to compare,
theirs with feedparser's result. Reading alone counts: no network, no database, one process. The last line is the ratio.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import feedparser

import envoywatch  # noqa: F401 (makes the packages importable)
from crawler.parsing import FeedReading, look_through, read_feed, read_rest
from storage.model import Fault

SHARED = Path(os.environ.get("ENVOYWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))
WANTED = 10.0
TYPE = "application/xml"
URL = "https://news.example/feed"
WORDS = ["envoy", "minister", "palace", "talks", "corridor", "grain", "border", "visit", "statement", "office", "truce"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often both read everything, in turn")
    parser.add_argument("--check", action="store_true", help=f"exit 1 below {WANTED:g} times")
    parser.add_argument("--own", action="store_true", help="over feeds of our own making, recordings or not")
    options = parser.parse_args()
    feeds = {} if options.own else recorded()
    feeds = feeds or {"of our own making": written()}
    read_through(next(iter(feeds.values()))[:3])  # both have their modules
    peer_through(next(iter(feeds.values()))[:3])
    total_ours = total_peer = 0.0
    print(f"{'feed':<22}{'versions':>9}{'KiB':>6}{'read':>7}{'cut':>8}{'feedparser ms':>15}{'ours ms':>9}{'ratio':>7}")
    for name, versions in feeds.items():
        ours, peer = [], []
        for _ in range(options.rounds):
            took, entries, cut = read_through(versions)
            ours.append(took)
            peer.append(peer_through(versions))
        one, other = min(ours), min(peer)
        total_ours, total_peer = total_ours + one, total_peer + other
        size = sum(map(len, versions)) / len(versions) / 1024
        each = 1000 / len(versions)
        print(
            f"{name:<22}{len(versions):>9}{size:>6.0f}{entries:>7}{cut:>8}{other * each:>15.2f}{one * each:>9.2f}"
            f"{other / one:>7.1f}"
        )
    ratio = total_peer / total_ours
    print(f"{ratio:.1f} times less CPU than feedparser alone")
    return 1 if options.check and ratio < WANTED else 0


def read_through(versions: list[bytes]) -> tuple[float, int, int]:
    """CPU seconds, entries read and items cut, the way of a poll: the loop's part and the worker's."""
    seen, entries, cut = b"", 0, 0
    began = time.process_time()
    for body in versions:
        found = look_through(body, seen)
        if found is not None and not isinstance(found, FeedReading):
            found = read_rest(found, TYPE, URL, seen)
        if found is None:
            found = read_feed(body, TYPE, URL, seen)
        if isinstance(found, Fault):
            raise SystemExit(f"a version cannot be read: {found.detail}")
        seen = found.seen
        entries += len(found.parsed.entries)
        cut += found.cut
    return time.process_time() - began, entries, cut


def peer_through(versions: list[bytes]) -> float:
    began = time.process_time()
    for body in versions:
        feedparser.parse(io.BytesIO(body), response_headers={"content-type": TYPE})
    return time.process_time() - began


def recorded() -> dict[str, list[bytes]]:
    folder = SHARED / "data/feeds/timeline"
    found = {}
    for feed in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        found[feed.name] = [gzip.decompress(path.read_bytes()) for path in sorted(feed.glob("*.gz"))]
    return found


def written(versions: int = 120, items: int = 30) -> list[bytes]:
    """A feed that gets an item with every third version; its build date moves with each."""
    start = datetime(2023, 5, 10, 8, 0, tzinfo=UTC)
    return [version(start + timedelta(minutes=15 * n), n // 3, items) for n in range(versions)]


def version(at: datetime, newest: int, items: int) -> bytes:
    inside = "".join(item(number, at) for number in range(newest + items, newest, -1))
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>'
        f"<lastBuildDate>{format_datetime(at)}</lastBuildDate>{inside}</channel></rss>"
    ).encode()


def item(number: int, at: datetime) -> str:
    words = [WORDS[(number * 7 + n * n) % len(WORDS)] for n in range(200)]
    link = f"https://news.example/2023/05/{number}-{words[0]}-{words[1]}"
    published = format_datetime(datetime(2023, 5, 1, tzinfo=at.tzinfo) + timedelta(minutes=45 * number))
    return (
        f"<item><title>{' '.join(words[:9]).capitalize()}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>{published}</pubDate><description>{' '.join(words[:40])}</description>"
        f"<content:encoded><![CDATA[<p>{' '.join(words)}</p>]]></content:encoded></item>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
