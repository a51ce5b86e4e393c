"""Every page of a running daemon over a million articles and 10,000 alerts: how long it takes and what it weighs.

    python benchmarks/pages.py [--database FILE] [--articles 1000000] [--alerts 10000] [--sources 2000] [--rounds 20]
                               [--only TEXT] [--datasette PROGRAM] [--check]

The daemon is a real process that polls `--sources` feeds of a loopback server meanwhile, in a clock that stands at the
archive's end. The pages are the GET routes of the app itself, with usual parameters and the heaviest filters: a route
that nobody asks for here is an error. All are asked in turn, round after round. A page's weight is its HTML with the
style sheet, scripts and icon that it names, plain and as sent. The peer is Datasette over the same file: what is
nearest to the page, without what it is put together from. `--check` exits 1 when a median is 150 ms or more, or a page
is sent with 150 KB or more.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archive_build import build
from pages_build import NOW, POLLED_EVERY_S, Sizes, fill, is_filled, use_sources
from pages_feeds import Feeds

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from config.load import load_config
from envoywatch.web.app import routes
from storage.database import open_writer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
MOST_MS: Final = 150
MOST_BYTES: Final = 150_000
_PATIENCE_S: Final = 300.0
_JSON: Final = "application/json"
_NOT_PAGES: Final = {"/events": "a stream that stays open", "/login": "a form without a database behind it"}
_PARTS: Final = re.compile(rb'(?:href|src)="(/static/[^"]+)"')

CONFIG = """\
storage: {{path: {path}}}
crawl: {{interval: {interval}, min_interval: 1s, per_host: 16, delay: 0s, private_addresses: true, obey_robots: false}}
web: {{listen: "127.0.0.1:{port}"}}
sources:
  - include: sources.csv
people:
  - name: Arda Lin
    offices: [{{title: Special envoy, country: CN, level: deputy, envoy: true}}]
    forms: {{zh: [林达], ru: [Арда Линь]}}
watches:
  - {{name: Envoy, query: '@arda-lin', send: now, channels: [desk]}}
  - {{name: Corridor, query: 'grain NEAR/5 corridor', send: now, channels: [desk]}}
  - {{name: Audience, meeting: {{guest: Arda Lin, level: leader}}, send: now, channels: [desk, phone]}}
channels:
  desk: {{url: "json://127.0.0.1:{hook}/hook"}}
  phone: {{url: "json://127.0.0.1:{hook}/hook"}}
"""


@dataclass(slots=True)
class Page:
    """One address: of which route, what of it is asked, and what was measured."""

    route: str
    name: str
    address: str
    accept: str = "text/html"
    peer: str = ""
    ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    plain: int = 0
    sent: int = 0

    @property
    def late(self) -> float:
        """The 95th of a hundred."""
        return quantiles(self.ms, n=20)[-1] if len(self.ms) > 1 else self.ms[0]

    @property
    def is_over(self) -> bool:
        """Whether it is too slow or too heavy."""
        return median(self.ms) >= MOST_MS or self.sent >= MOST_BYTES


# ---------------------------------------------------------------- what is asked


def pages(path: Path) -> list[Page]:
    """Usual and heavy addresses of every route; exits when one is missing."""
    with closing(sqlite3.connect(path)) as db:
        known = _ids(db)
    asked = [*_about_news(known), *_about_itself(known), *_for_machines()]
    routed = {route.path for route in routes() if "GET" in (getattr(route, "methods", None) or ())}
    if missing := routed - {page.route for page in asked} - set(_NOT_PAGES):
        sys.exit(f"nobody asks for {', '.join(sorted(missing))}: add them to benchmarks/pages.py")
    return asked


def _ids(db: sqlite3.Connection) -> dict[str, int]:
    queries = {
        "alert": "SELECT max(id) FROM alerts WHERE article_id IS NOT NULL",
        "heavy": "SELECT meeting_id FROM claims GROUP BY meeting_id ORDER BY count(*) DESC LIMIT 1",
        "meeting": "SELECT meeting_id FROM claims GROUP BY meeting_id ORDER BY count(*) LIMIT 1 OFFSET 100",
        "article": "SELECT max(article_id) FROM alerts WHERE article_id IS NOT NULL",
        "copied": "SELECT copy_of FROM articles WHERE copy_of IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        "story": "SELECT id FROM stories ORDER BY articles LIMIT 1 OFFSET 100",
        "long": "SELECT id FROM stories ORDER BY articles DESC LIMIT 1",
        "middle": "SELECT id FROM alerts ORDER BY created_at LIMIT 1 OFFSET (SELECT count(*) / 2 FROM alerts)",
        "source": "SELECT id FROM sources WHERE active = 1 AND fault IS NOT NULL LIMIT 1",
    }
    found = {name: int(db.execute(sql).fetchone()[0]) for name, sql in queries.items()}
    sql = "SELECT max(id) FROM alerts WHERE meeting_id = ?"
    found["heavy_alert"] = db.execute(sql, [found["heavy"]]).fetchone()[0] or found["alert"]
    return found


def _about_news(known: dict[str, int]) -> list[Page]:
    def search(name: str, peer: str = "", /, **asked: str) -> Page:
        like = "/archive/articles.json?" + urlencode({"_search": peer, "_size": 30}) if peer else ""
        return Page("/search", name, "/search?" + urlencode(asked), peer=like.replace(".json", ""))

    alert, meeting, article, story = "/alerts/{id:int}", "/meetings/{id:int}", "/articles/{id:int}", "/stories/{id:int}"
    day = (NOW.replace(hour=0)).date().isoformat()
    newest = "/archive/alerts?_sort_desc=id&_size=50"
    return [
        Page("/", "a day", "/", peer=newest),
        Page("/", "3 days", "/?days=3"),
        Page("/", "30 days", "/?days=30"),
        Page("/", "30 days as JSON", "/?days=30", _JSON),
        Page("/alerts", "newest", "/alerts", peer=newest),
        Page("/alerts", "to review", "/alerts?review=open"),
        Page("/alerts", "half way down", f"/alerts?before={known['middle']}"),
        Page("/alerts", "as JSON", "/alerts", _JSON),
        Page(alert, "of an article", f"/alerts/{known['alert']}", peer=f"/archive/alerts/{known['alert']}"),
        Page(alert, "of a large meeting", f"/alerts/{known['heavy_alert']}"),
        Page("/meetings", "all", "/meetings", peer="/archive/meetings?_sort_desc=updated_at&_size=100"),
        Page("/meetings", "of a person", "/meetings?" + urlencode({"person": "Envoy 1"})),
        Page("/meetings", "of two", "/meetings?" + urlencode({"person": "Envoy 1", "with": "Leader 2"})),
        Page("/meetings", "held", "/meetings?status=held"),
        Page("/meetings", "as JSON", "/meetings", _JSON),
        Page(meeting, "small", f"/meetings/{known['meeting']}", peer=f"/archive/meetings/{known['meeting']}"),
        Page(meeting, "of 300 claims", f"/meetings/{known['heavy']}"),
        Page("/trips", "all", "/trips"),
        Page("/trips", "of a person", "/trips?" + urlencode({"person": "Envoy 1"})),
        Page("/trips", "as JSON", "/trips", _JSON),
        Page("/stories", "newest", "/stories", peer="/archive/stories?_sort_desc=last_at&_size=50"),
        Page("/stories", "deep, of 5 sources", "/stories?sources=5&skip=1000"),
        Page(story, "small", f"/stories/{known['story']}"),
        Page(story, "of 600 articles", f"/stories/{known['long']}"),
        Page(article, "alerted", f"/articles/{known['article']}", peer=f"/archive/articles/{known['article']}"),
        Page(article, "with 200 copies", f"/articles/{known['copied']}"),
        Page("/search", "empty", "/search"),
        search("a word", "ceasefire", q="ceasefire"),
        search("a frequent word", "minister", q="minister"),
        search("a name", '"arda lin"', q="@arda-lin"),
        search("NEAR, best first", q="talks NEAR/5 grain", sort="best"),
        search("source and day", q="talks", source="Source 7", since=day),
        search("language and role", q="президент", language="ru", role="official"),
        search("of a meeting", q="minister OR talks", meeting=str(known["heavy"])),
        search("of a person", q="minister OR talks", person="Envoy 0"),
        search("of a story", q="minister OR talks", story=str(known["long"])),
        search("far down", q="minister", sort="best", skip="150"),
    ]


def _about_itself(known: dict[str, int]) -> list[Page]:
    return [
        Page("/sources", "the worst first", "/sources", peer="/archive/sources?_size=50"),
        Page("/sources", "another page", "/sources?page=3"),
        Page("/sources", "as JSON", "/sources", _JSON),
        Page("/sources/{id:int}", "failing", f"/sources/{known['source']}", peer=f"/archive/sources/{known['source']}"),
        Page("/outbox", "all", "/outbox", peer="/archive/deliveries?_sort_desc=id&_size=100"),
        Page("/outbox", "parked", "/outbox?state=parked"),
        Page("/outbox", "as JSON", "/outbox", _JSON),
        Page("/watches", "all", "/watches"),
        Page("/watches", "a new one", "/watches?add=query"),
        Page("/try", "a word", "/try?q=ceasefire"),
        Page("/try", "a pattern", "/try?" + urlencode({"q": "/cease.?fire/", "fragment": "1"})),
        Page("/watches/{name:path}", "often met", "/watches/Corridor"),
        Page("/watches/{name:path}", "for meetings", "/watches/Audience"),
        Page("/people", "all", "/people"),
        Page("/people", "found", "/people?q=li"),
        Page("/people", "as JSON", "/people?q=li", _JSON),
        Page("/settings", "", "/settings"),
    ]


def _for_machines() -> list[Page]:
    return [
        Page("/feed.atom", "all", "/feed.atom", "application/atom+xml"),
        Page("/feed.atom", "of a watch", f"/feed.atom?watch={quote('Corridor')}", "application/atom+xml"),
        Page("/openapi.json", "", "/openapi.json", _JSON),
        Page("/healthz", "", "/healthz", "*/*"),
        Page("/readyz", "", "/readyz", "*/*"),
        Page("/metrics", "", "/metrics", "text/plain"),
    ]


# ---------------------------------------------------------------- asking


class Browser:
    """One connection that is kept, as a browser's is, and what it was sent of the parts of pages."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._parts: dict[str, tuple[int, int]] = {}

    def get(self, address: str, accept: str) -> tuple[int, bytes, bytes]:
        """Status, the body as sent, and plain."""
        headers = {"accept": accept, "accept-encoding": "gzip"}
        self._connection.request("GET", address, headers=headers)
        answer = self._connection.getresponse()
        sent = answer.read()
        is_packed = answer.headers.get("content-encoding") == "gzip"
        return answer.status, sent, gzip.decompress(sent) if is_packed else sent

    def look(self, page: Page, pid: int) -> None:
        """Ask once, with the clock running, and that of the server's threads."""
        begin, used = time.perf_counter(), cpu_ms(pid)
        status, sent, plain = self.get(page.address, page.accept)
        page.ms.append(1e3 * (time.perf_counter() - begin))
        page.cpu_ms.append(cpu_ms(pid) - used)
        if status != http.HTTPStatus.OK:
            sys.exit(f"{page.address} is answered with {status}: {plain[:300].decode(errors='replace')}")
        parts = [self._weigh(part.decode()) for part in dict.fromkeys(_PARTS.findall(plain))]
        page.plain = len(plain) + sum(one for one, _ in parts)
        page.sent = len(sent) + sum(other for _, other in parts)

    def _weigh(self, part: str) -> tuple[int, int]:
        if part not in self._parts:
            _, sent, plain = self.get(part, "*/*")
            self._parts[part] = len(plain), len(sent)
        return self._parts[part]


def cpu_ms(pid: int) -> float:
    """What all threads of a process have used so far; 0 where the system is no Linux."""
    clock = (~pid << 3) | 2  # as clock_getcpuclockid(3) makes it
    return 1e3 * time.clock_gettime(clock) if sys.platform == "linux" else 0.0


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[int]:
    """A server of its own process, which is given, from when it answers until the end."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=file, stderr=file
        )
    try:
        until = time.monotonic() + _PATIENCE_S
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{command[0]} does not answer:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(0.2)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# ---------------------------------------------------------------- all


def main() -> int:
    """Ask, print, judge."""
    parser = argparse.ArgumentParser(description="Every page over a large archive.")
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--sources", type=int, default=2_000)
    parser.add_argument("--database", type=Path, help="keep it there, and use (and change) one that is there already")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose address has this in it")
    parser.add_argument(
        "--datasette", default=shutil.which("datasette"), help="the peer; none of it when not installed"
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="envoywatch-pages-") as name:
        return run(options, Path(name))


def run(options: argparse.Namespace, folder: Path) -> int:
    path = (options.database or folder / "archive.db").resolve()
    sizes = Sizes(options.alerts, options.alerts * 2 // 5, options.alerts * 2)
    prepare(path, options.articles, sizes)
    feeds, port = Feeds(), free_port()
    config = write_configuration(folder, path, options.sources, port, feeds.port)
    use_sources(path, config)
    wanted = [page for page in pages(path) if options.only in page.address]
    with closing(sqlite3.connect(path)) as db:
        sql = "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM alerts), (SELECT count(*) FROM polls)"
        articles, alerts, polls = db.execute(sql).fetchone()
    print(f"{articles:,} articles, {alerts:,} alerts, {polls:,} polls of {options.sources:,} sources\n")
    command = [sys.executable, "-m", "envoywatch", "-q", "--config", str(config), "run", "--clock", NOW.isoformat()]
    with feeds, running(command, port, folder / "daemon.log") as pid:
        browser = Browser(port)
        time.sleep(5)
        for _ in range(options.rounds + 1):
            for page in wanted:
                browser.look(page, pid)
        asked = feeds.asked
    for page in wanted:
        page.ms.pop(0)
        page.cpu_ms.pop(0)
    report(wanted)
    print(f"\nthe daemon asked its feeds {asked:,} times meanwhile")
    ratio = beside(options, folder, path, wanted)
    slowest, heaviest = max(median(page.ms) for page in wanted), max(page.sent for page in wanted)
    print(f"slowest median {slowest:.0f} ms, heaviest page {heaviest / 1000:.0f} KB as sent{ratio}")
    return int(options.check and any(page.is_over for page in wanted))


def prepare(path: Path, articles: int, sizes: Sizes) -> None:
    """Build what is not there."""
    if not path.exists():
        build(path, articles, lambda line: print(line, file=sys.stderr, flush=True))
    writer = open_writer(path)
    filled = is_filled(writer.conn, sizes)
    writer.conn.close()
    if not filled:
        fill(path, sizes)


def write_configuration(folder: Path, path: Path, sources: int, port: int, hook: int) -> Path:
    """The daemon's, with as many feeds of the loopback server."""
    rows = [f"Source {n},feed,http://127.0.0.1:{hook}/feed/{n},en,GB,media" for n in range(1, sources + 1)]
    header = "name,kind,url,language,country,role"
    (folder / "sources.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    file = folder / "envoywatch.yaml"
    text = CONFIG.format(path=json.dumps(str(path)), interval=f"{POLLED_EVERY_S}s", port=port, hook=hook)
    file.write_text(text, encoding="utf-8")
    load_config(file, environ={})
    return file


def report(wanted: list[Page]) -> None:
    """The table, and what is over. CPU is the least of all rounds: what the daemon does beside is in the others."""
    print(f"{'page':20} {'':22} {'median ms':>9} {'p95':>7} {'CPU ms':>7} {'plain KB':>9} {'sent KB':>8}")
    for page in wanted:
        print(
            f"{page.route:20} {page.name:22} {median(page.ms):9.1f} {page.late:7.1f} {min(page.cpu_ms):7.1f}"
            f" {page.plain / 1000:9.1f} {page.sent / 1000:8.1f}{'  over' if page.is_over else ''}"
        )


def beside(options: argparse.Namespace, folder: Path, path: Path, wanted: list[Page]) -> str:
    """Datasette's answers to the like, printed; the ratio in words."""
    both = [page for page in wanted if page.peer]
    if options.datasette is None or not both:
        return "; no Datasette to compare with"
    port = free_port()
    served = folder / "archive.db"
    if served != path:
        served.symlink_to(path)
    command = [options.datasette, "serve", str(served), "-p", str(port), "--setting", "sql_time_limit_ms", "20000"]
    ours, theirs = [], []
    print(f"\n{'page':43} {'ours ms':>9} {'Datasette':>10}")
    with running([*command, "--setting", "facet_time_limit_ms", "200"], port, folder / "datasette.log") as pid:
        browser = Browser(port)
        for page in both:
            like = Page(page.route, page.name, page.peer)
            for _ in range(max(3, options.rounds // 4)):
                browser.look(like, pid)
            ours.append(median(page.ms))
            theirs.append(median(like.ms))
            print(f"{page.route:20} {page.name:22} {ours[-1]:9.1f} {theirs[-1]:10.1f}")
    ratio = sum(theirs) / sum(ours)
    return f"; mean of {len(both)} pages {sum(ours) / len(ours):.0f} ms, Datasette {ratio:.1f} times as long"


if __name__ == "__main__":
    sys.exit(main())
