"""A loopback server with one feed on each of many addresses, for `polling.py`; a process of its own, not counted.

Of every 100 feeds 99 answer at once and one after a pause. A line `round N` on standard input makes the feeds those of
round N: 8 % of them have one new entry more than in the round before; a conditional request for the others gets 304.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import random
import resource
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

ITEMS = 30
CHANGED_SHARE = 0.08
ALL_CHANGE = 2
SLOW_EVERY = 100
SLOW_S = 1.0
_START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_ROBOTS = b"User-agent: *\nDisallow: /admin/\nDisallow: /search\n\nUser-agent: BadBot\nDisallow: /\n"
_SYLLABLES = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]


def address(feed: int) -> str:
    """The feed's own loopback address, so that politeness to one host holds none of the others up."""
    return f"127.{10 + feed // 60_000}.{feed // 240 % 250}.{feed % 240 + 1}"


def is_slow(feed: int) -> bool:
    return feed % SLOW_EVERY == SLOW_EVERY - 1


def changed_in(number: int, feeds: int) -> list[int]:
    """The feeds that have a new entry in this round; all in one of the first, so that ETags prove that they change."""
    if number == ALL_CHANGE:
        return list(range(feeds))
    quick = [feed for feed in range(feeds) if not is_slow(feed)]
    return random.Random(number).sample(quick, round(feeds * CHANGED_SHARE))  # noqa: S311 (test data)


class Prose:
    """Paragraphs of invented words, the same in every run."""

    def __init__(self) -> None:
        rng = random.Random(11)  # noqa: S311 (test data)
        self._words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(3_000)]
        self._paragraphs = [self._text(rng, 55) for _ in range(500)]
        self._titles = [self._text(rng, 9) for _ in range(2_000)]

    def _text(self, rng: random.Random, words: int) -> str:
        return " ".join(rng.choices(self._words, k=words)).capitalize() + "."

    def title(self, feed: int, item: int) -> str:
        return f"{self._titles[(feed * 31 + item * 7) % len(self._titles)]} ({feed}-{item})"

    def paragraphs(self, feed: int, item: int, count: int) -> list[str]:
        start = feed * 17 + item * 5
        return [self._paragraphs[(start + step) % len(self._paragraphs)] for step in range(count)]


@dataclass(slots=True)
class Feed:
    """What one address serves now."""

    items: int
    updated_at: datetime
    body: bytes = b""
    packed: bytes = b""
    etag: str = ""

    @property
    def last_modified(self) -> str:
        return format_datetime(self.updated_at, usegmt=True)


class Site:
    """All feeds at their present round."""

    def __init__(self, feeds: int) -> None:
        self.prose = Prose()
        self.feeds = [Feed(ITEMS, _START) for _ in range(feeds)]
        self.number = 0
        for feed in range(feeds):
            self._publish(feed)

    def advance(self, number: int) -> None:
        """Go on to a later round."""
        while self.number < number:
            self.number += 1
            for feed in changed_in(self.number, len(self.feeds)):
                self.feeds[feed].items += 1
                self.feeds[feed].updated_at = _START + timedelta(hours=self.number)
                self._publish(feed)

    def _publish(self, feed: int) -> None:
        state = self.feeds[feed]
        newest = range(state.items - 1, state.items - 1 - ITEMS, -1)
        items = "".join(self._item(feed, item) for item in newest)
        state.body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
            f"<title>Gazette {feed}</title>\n<link>http://{address(feed)}/</link>\n"
            f"<description>News of place {feed}</description>\n<language>en</language>\n"
            f"<lastBuildDate>{format_datetime(state.updated_at)}</lastBuildDate>\n{items}</channel>\n</rss>\n"
        ).encode()
        state.packed = gzip.compress(state.body, 6)
        state.etag = f'"{hashlib.sha256(state.body).hexdigest()[:20]}"'

    def _item(self, feed: int, item: int) -> str:
        link = f"http://{address(feed)}/2026/03/story-{item}.html"
        first, *rest = self.prose.paragraphs(feed, item, 3)
        more = "".join(f"<p>{paragraph}</p>" for paragraph in (first, *rest))
        at = _START + timedelta(minutes=11 * (item - ITEMS))
        return (
            f"<item>\n<title>{self.prose.title(feed, item)}</title>\n<link>{link}</link>\n"
            f'<guid isPermaLink="false">gazette-{feed}-{item}</guid>\n<dc:creator>Writer {item % 9}</dc:creator>\n'
            f"<pubDate>{format_datetime(at)}</pubDate>\n<category>politics</category>\n"
            f"<description>&lt;p&gt;{first}&lt;/p&gt;</description>\n"
            f"<content:encoded><![CDATA[{more}]]></content:encoded>\n</item>\n"
        )


class Answers(asyncio.Protocol):
    """HTTP/1.1, just enough: GET, conditions, gzip, keep-alive."""

    def __init__(self, site: Site, numbers: dict[str, int]) -> None:
        self._site = site
        self._numbers = numbers
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._feed = self._numbers[transport.get_extra_info("sockname")[0]]

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            answer = self._answer(first.split()[1], headers)
            close = headers.get("connection", "").lower() == "close"
            if is_slow(self._feed) and not first.split()[1].startswith("/robots"):
                asyncio.get_running_loop().call_later(SLOW_S, self._send, answer, close)
            else:
                self._send(answer, close)

    def _send(self, answer: bytes, close: bool) -> None:  # noqa: FBT001 (called by the loop, by position)
        if not self._transport.is_closing():
            self._transport.write(answer)
            if close:
                self._transport.close()

    def _answer(self, path: str, headers: dict[str, str]) -> bytes:
        if path == "/robots.txt":
            return _http("200 OK", {"Content-Type": "text/plain"}, _ROBOTS)
        if path != "/feed.xml":
            return _http("404 Not Found", {"Content-Type": "text/plain"}, b"no such page")
        feed = self._site.feeds[self._feed]
        told = {
            "ETag": feed.etag,
            "Last-Modified": feed.last_modified,
            "Cache-Control": "max-age=60",
            "Vary": "Accept-Encoding",
        }
        since = headers.get("if-none-match", "")
        if since == feed.etag or (not since and headers.get("if-modified-since") == feed.last_modified):
            return _http("304 Not Modified", told, None)
        told["Content-Type"] = "application/rss+xml; charset=utf-8"
        if "gzip" in headers.get("accept-encoding", ""):
            return _http("200 OK", {**told, "Content-Encoding": "gzip"}, feed.packed)
        return _http("200 OK", told, feed.body)


def _http(status: str, headers: dict[str, str], body: bytes | None) -> bytes:
    told = {"Server": "loopback", "Date": format_datetime(datetime.now(UTC), usegmt=True), **headers}
    if body is not None:
        told["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + (body or b"")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def serve(feeds: int) -> None:
    """Listen on every feed's address, say the port, and follow the rounds until standard input ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    site = Site(feeds)
    numbers = {address(feed): feed for feed in range(feeds)}
    port = _free_port()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(site, numbers), list(numbers), port, backlog=16)
    print(json.dumps({"port": port, "bytes": len(site.feeds[0].body)}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        site.advance(int(line.split()[1]))
        print(json.dumps({"round": site.number}), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
