"""Servers that misbehave, each on a loopback address of its own, so that politeness to one host delays no other."""

import contextlib
import gzip
import itertools
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli
import zstandard

RSS = "application/rss+xml"
_addresses = itertools.count(11)


def feed(*items, head='<?xml version="1.0" encoding="UTF-8"?>', title="Faults"):
    return f'{head}<rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'.encode()


def item(number, title="News", **fields):
    """An item; a field that is None is left out."""
    told = {"title": f"{title} {number}", "link": f"https://outlet.example/{number}", **fields}
    return f"<item>{''.join(f'<{name}>{text}</{name}>' for name, text in told.items() if text is not None)}</item>"


GOOD = feed(item(1), item(2), item(3))


class FaultServer(ThreadingHTTPServer):
    """Answers every request with `answer(handler)`; counts them."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer):
        super().__init__((f"127.0.0.{next(_addresses) % 240 + 11}", 0), _Handler)
        self.answer = answer
        self.asked = 0
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://{self.server_address[0]}:{self.server_port}/feed.xml"

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A client that gave up is what most of these servers are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "faults", ""

    def do_GET(self):
        self.close_connection = True
        if self.path == "/robots.txt":
            self.whole(404)
            return
        self.server.asked += 1
        with contextlib.suppress(OSError):
            self.server.answer(self)

    def do_POST(self):
        self.close_connection = True
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        with contextlib.suppress(OSError):
            self.server.answer(self)

    def whole(self, status=200, body=b"", kind=RSS, **headers):
        self.head(status, len(body), kind, **headers)
        if status != 304:
            self.wfile.write(body)

    def head(self, status=200, length=None, kind=RSS, **headers):
        self.send_response(status)
        named = {"Content-Type": kind, "Connection": "close", **headers}
        if length is not None and status not in {204, 304}:
            named.setdefault("Content-Length", str(length))
        for name, value in named.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *args):
        pass


# ---------------------------------------------------------------- what they do


def body(content, **how):
    return lambda handler: handler.whole(body=content, **how)


def status(code, **headers):
    return lambda handler: handler.whole(code, b"as asked", "text/plain", **headers)


def hang(handler):
    handler.server.closing.wait(30)


def drip(handler):
    """A byte now and then, so that no wait between two bytes is long."""
    handler.head(200, len(GOOD))
    for at in range(len(GOOD)):
        if handler.server.closing.wait(0.1):
            return
        handler.wfile.write(GOOD[at : at + 1])
        handler.wfile.flush()


def truncated(handler):
    handler.head(200, 2 * len(GOOD))
    handler.wfile.write(GOOD)


def reset(handler):
    handler.connection.close()


def loop(handler):
    handler.whole(302, Location="/feed.xml?" + "again" * 3)


def endless(handler):
    """Spaces without end or announced length."""
    handler.head(200)
    while not handler.server.closing.is_set():
        handler.wfile.write(b" " * 65536)


def endless_headers(handler):
    """One header after another, quickly."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.closing.is_set():
        handler.wfile.write(b"X-More: %s\r\n" % (b"x" * 4000))


def slow_headers(handler):
    """One header after another, slowly."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.closing.wait(0.2):
        handler.wfile.write(b"X-More: x\r\n")
        handler.wfile.flush()


def not_http(handler):
    handler.wfile.write(b"220 ready for mail\r\n")


def announced_giant(handler):
    handler.head(200, 10 * 2**30)
    handler.wfile.write(GOOD)
    handler.server.closing.wait(5)


def changing_ids():
    """The same items under another guid, with another counter, at each request."""
    return lambda handler: handler.whole(
        body=feed(*(item(n, guid=f"{n}-{time.monotonic_ns()}") for n in range(3)), f"<ttl>{time.monotonic_ns()}</ttl>")
    )


GZIP_BOMB = gzip.compress(b"<rss>" + bytes(64 * 2**20), 9)
BROTLI_BOMB = brotli.compress(b"<rss>" + bytes(64 * 2**20), quality=1)
ZSTD_BOMB = zstandard.compress(b"<rss>" + bytes(64 * 2**20))
DEFLATE_BOMB = zlib.compress(b"<rss>" + bytes(64 * 2**20), 9)
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
ENTITY_BOMB = feed(item(1, "&e11;"), head=f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "lol lol lol">{ENTITIES}]>')
FILE_ENTITY = feed(
    item(1, "&file;"), head='<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
)

CONTROLS = feed(item(1, "nu\x00ll \x1b[31m \x07 &#0; &#xD800; end", link="https://odd.example/1"))
RUSSIAN = feed(item(1, "Переговоры в Москве", link="https://russian.example/1"), head="")

FAULTY = {
    "hangs": (hang, "too-slow"),
    "drips": (drip, "too-slow"),
    "resets": (reset, "no-connection"),
    "redirects": (loop, "redirects"),
    "moved to a file": (lambda handler: handler.whole(302, Location="file:///etc/passwd"), "redirects"),
    "sends a web page": (body(b"<html><body><h1>Sign in</h1></body></html>"), "not-a-feed"),
    "sends a picture": (body(b"\x89PNG\r\n\x1a\n" + bytes(999), kind="image/png"), "not-a-feed"),
    "sends nothing": (body(b""), "empty"),
    "has no content": (status(204), "empty"),
    "packs a bomb": (body(GZIP_BOMB, Content_Encoding="gzip"), "too-large"),
    "packs a bomb in brotli": (body(BROTLI_BOMB, Content_Encoding="br"), "too-large"),
    "packs a bomb in zstd": (body(ZSTD_BOMB, Content_Encoding="zstd"), "too-large"),
    "packs a bomb in deflate": (body(DEFLATE_BOMB, Content_Encoding="deflate"), "too-large"),
    "packs in layers": (body(gzip.compress(gzip.compress(GOOD)), Content_Encoding="gzip, gzip"), None),
    "never ends": (endless, "too-large"),
    "never ends its headers": (endless_headers, "too-large"),
    "drips its headers": (slow_headers, "too-slow"),
    "is no web server": (not_http, None),
    "breaks its chunks": (body(b"ZZZ\r\nno size\r\n", Transfer_Encoding="chunked"), "malformed"),
    "announces ten gigabytes": (announced_giant, "too-large"),
    "answers 304 to no question": (status(304), "unexpected-status"),
    "wants a login": (status(401), "blocked"),
    "refuses": (status(403), "blocked"),
    "is not there": (status(404), "gone"),
    "is gone": (status(410), "gone"),
    "has enough": (status(429, Retry_After="99999999999999999999"), "rate-limited"),
    "rests": (status(503, Retry_After="600"), "rate-limited"),
    "fails": (status(500), "server-error"),
    "says 299": (status(299), None),
    "says 799": (status(799), "unexpected-status"),
}
"""By name: what it does, and the class of its fault; None: any fault will do."""

ODD = {
    "is cut off": (truncated, 3),
    "bombs with entities": (body(ENTITY_BOMB), None),
    "asks for a file": (body(FILE_ENTITY), None),
    "lies about its charset": (
        body(RUSSIAN.decode().encode("windows-1251"), kind=f"{RSS}; charset=utf-8"),
        1,
    ),
    "holds control characters": (body(CONTROLS), 1),
    "repeats its ids": (body(feed(*(item(n, guid="one and the same") for n in range(5)))), 5),
    "repeats itself": (body(feed(*(item(7) for _ in range(5)))), 1),
    "changes its ids": (changing_ids(), 3),
    "lives in 1970 and 2090": (
        body(
            feed(
                item(1, pubDate="Thu, 01 Jan 1970 00:00:00 GMT"),
                item(2, pubDate="Sun, 01 Jan 2090 00:00:00 GMT"),
                item(3, pubDate="Mon, 32 Foo 20000 99:99:99 XYZ"),
            )
        ),
        3,
    ),
    "has dates of its own": (
        body(
            feed(
                item(1, pubDate="Mon, 15 May 2023 12:00:00 MSK"),
                item(2, pubDate="2023/05/15 09:00"),
                item(3, pubDate="Пн, 15 мая 2023 12:00:00 +0300"),
            )
        ),
        3,
    ),
    "leaves out links and titles": (
        body(
            feed(
                item(1, link=None),
                item(2, title=None, description=None) + item(3, title=None, description="A text"),
                "<item><title>Title alone</title></item>",
            )
        ),
        4,
    ),
    "links to private places": (
        body(feed(item(1, link="http://10.0.0.1/"), item(2, link="http://169.254.169.254/latest"))),
        2,
    ),
    "links to no web": (body(feed(item(1, link="javascript:alert(1)"), item(2, link="file:///etc/passwd"))), 2),
    "lies about its length": (body(GOOD, Content_Length=str(len(GOOD) - 20)), None),
    "holds for ages": (body(GOOD, Cache_Control="max-age=99999999999999999999"), 3),
    "breaks its links": (body(feed(item(1, link="https://outlet.example/a\nb"), item(2))), 2),
    "is deeply nested": (body(feed("<a>" * 20_000 + "</a>" * 20_000, item(1))), None),
    "has nothing to say": (body(feed()), 0),
}
"""By name: what it does, and how many entries are new; None: whatever can be read of it, or a fault of its own."""


@contextlib.contextmanager
def serving(answers):
    """By name the servers of `answers`, closed at the end."""
    servers = {name: FaultServer(answer) for name, answer in answers.items()}
    try:
        yield servers
    finally:
        for server in servers.values():
            server.close()
