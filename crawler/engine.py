"""The one always-on Scrapy engine, used as a polite HTTP client: every request of Envoywatch goes through `fetch`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import resource
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit, urlunsplit

from config.errors import EnvoywatchError
from storage.model import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_log = logging.getLogger(__name__)

MAX_REDIRECTS = 10
_ROBOTS_REDIRECTS = 5  # RFC 9309, section 2.3.1.2
_ROBOTS_TIMEOUT_S = 10.0
_LOOKUP_THREADS = 64  # Twisted's default of 10 holds 2,000 feeds up behind slow names
_DESCRIPTORS = 8192
_STOP_S = 3.0
_PERMANENT = {301, 308}
_MOVED = {301, 302, 303, 307, 308}
_OK = range(200, 300)
_NOT_MODIFIED = 304
_SCHEMES = {"http", "https"}


class Kind(StrEnum):
    """What a fetch hopes for; it decides the Accept header and which content types are not worth their bytes."""

    FEED = "feed"
    PAGE = "page"
    ANY = "any"


_ACCEPT = {
    Kind.FEED: "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, text/html;q=0.5, */*;q=0.3",
    Kind.PAGE: "text/html, application/xhtml+xml, application/xml;q=0.8, */*;q=0.3",
    Kind.ANY: "*/*",
}
_HTML_TYPES = ("text/", "application/xhtml", "application/xml")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine behaves towards servers; `max_size` is in bytes, after decompression."""

    user_agent: str = "Envoywatch (+https://example.org/contact)"
    per_host: int = 2
    delay: timedelta = timedelta(seconds=1)
    timeout: timedelta = timedelta(seconds=30)
    max_size: int = 8 * 1024 * 1024
    obey_robots: bool = True
    private_addresses: bool = False
    max_in_flight: int = 256


@dataclass(frozen=True, slots=True)
class Fetch:
    """One thing to get. `private_addresses` adds to the engine's own permission; `max_size` may lower its limit."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    private_addresses: bool = False
    max_size: int | None = None
    kind: Kind = Kind.ANY


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: 2xx with its decompressed body, or 304. `url` is the last one of the redirects.

    `permanent_redirect` is where permanent redirects alone led to, None when there were none. `truncated` says that
    the server broke off before its announced end.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    content_type: str | None = None
    permanent_redirect: str | None = None
    truncated: bool = False


class EngineStoppedError(EnvoywatchError):
    """The engine is not running (any more)."""


@dataclass(slots=True)
class _Hop:
    """Where a fetch stands between redirects."""

    url: str
    authorization: str | None
    seen: int = 0
    permanent: bool = True
    permanent_url: str | None = None

    def follow(self, status: int, url: str) -> None:
        """Move on; credentials stay behind when the origin changes."""
        self.seen += 1
        self.permanent = self.permanent and status in _PERMANENT
        if _origin(url) != _origin(self.url):
            self.authorization = None
        self.url = url
        if self.permanent:
            self.permanent_url = url


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Run `main` under Scrapy's asyncio reactor and return its exit code; signals are `main`'s to handle."""
    from scrapy.utils.reactor import install_reactor  # noqa: PLC0415 (0.3 s that only a crawl needs)

    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor  # noqa: PLC0415 (importing it earlier would install the default one)

    loop = asyncio.get_event_loop()
    outcome: list[asyncio.Task[int]] = []

    def begin() -> None:
        task = loop.create_task(cast("Any", main()))
        outcome.append(task)
        task.add_done_callback(lambda _: cast("Any", reactor).stop())

    cast("Any", reactor).callWhenRunning(begin)
    cast("Any", reactor).run(installSignalHandlers=False)
    return outcome[0].result()


class Engine:
    """Fetches politely: robots.txt, a gap and a limit per host, the address guard at every hop, one deadline."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._crawler: Crawler | None = None
        self._crawl: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._jobs: set[asyncio.Task[Page | Fault]] = set()
        self._slow: dict[str, float] = {}

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Start Scrapy's engine on the running reactor; returns when it takes requests."""
        from scrapy import signals  # noqa: PLC0415 (heavy, only for a crawl)
        from scrapy.crawler import AsyncCrawlerRunner  # noqa: PLC0415 (likewise)
        from twisted.internet import reactor  # noqa: PLC0415 (must follow the installation of the reactor)

        from crawler.guard import CachingResolver  # noqa: PLC0415 (likewise)
        from crawler.politeness import HostGates  # noqa: PLC0415 (likewise)

        _raise_descriptor_limit()
        logging.getLogger("scrapy").setLevel(logging.ERROR)
        cast("Any", reactor).getThreadPool().adjustPoolsize(maxthreads=_LOOKUP_THREADS)
        self.resolver = CachingResolver(cast("Any", reactor).nameResolver)
        self._gates = HostGates(lambda: self.settings.per_host)
        self._room = asyncio.Semaphore(self.settings.max_in_flight)
        runner = AsyncCrawlerRunner(scrapy_settings(self.settings))
        crawler = runner.create_crawler(_service(self._stop))
        crawler.envoywatch = self  # type: ignore[attr-defined]  # settings are copied deeply, so not through them
        opened = asyncio.Event()

        def ready(spider: Any) -> None:  # noqa: ARG001 (Scrapy passes by name)
            opened.set()

        crawler.signals.connect(ready, signal=signals.spider_opened)
        crawler.signals.connect(self._on_headers, signal=signals.headers_received)
        self._crawl = runner.crawl(crawler)
        waiter = asyncio.ensure_future(opened.wait())
        await asyncio.wait({self._crawl, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if not opened.is_set():
            waiter.cancel()
            await self._crawl
            raise EngineStoppedError("the crawler did not start")
        self._crawler = crawler

    async def stop(self, drain: timedelta = timedelta(seconds=3)) -> None:
        """Let fetches in flight end within `drain`, cancel the rest, stop Scrapy's engine."""
        if self._crawler is None or self._crawl is None:
            return
        crawler, self._crawler = self._crawler, None
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=drain.total_seconds())
        for job in self._jobs:
            job.cancel()
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=1)
        self._stop.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await crawler.stop_async()
                await self._crawl

    def update(self, settings: EngineSettings) -> None:
        """Take new settings while running; every one but `max_in_flight` holds from the next request on."""
        self.settings = settings
        if self._crawler is None:
            return
        from crawler.middlewares import RobotsMiddleware  # noqa: PLC0415 (heavy, only for a crawl)

        robots = self._crawler.get_downloader_middleware(RobotsMiddleware)
        if robots is not None:
            robots._robotstxt_useragent = product_token(settings.user_agent)  # noqa: SLF001 (Scrapy reads it once)
        downloader = self._crawler.engine.downloader
        downloader._delay = settings.delay.total_seconds()  # noqa: SLF001 (as AutoThrottle sets it)
        downloader.domain_concurrency = settings.per_host
        for key, slot in downloader.slots.items():
            slot.concurrency = settings.per_host
            slot.delay = max(downloader._delay, self._slow.get(key, 0.0))  # noqa: SLF001 (likewise)

    def slow_down(self, host: str, seconds: float) -> None:
        """Keep at least this gap between requests to a host, as its robots.txt asks."""
        if self._crawler is None:
            return
        self._slow[host] = seconds
        downloader = self._crawler.engine.downloader
        gap = max(seconds, self.settings.delay.total_seconds())
        downloader.per_slot_settings[host] = {"delay": gap, "concurrency": self.settings.per_host}
        if host in downloader.slots:
            downloader.slots[host].delay = gap

    # ------------------------------------------------------------ fetching

    async def fetch(self, request: Fetch) -> Page | Fault:
        """Get one URL, redirects followed. Troubles of the network are faults, never exceptions."""
        if self._crawler is None:
            raise EngineStoppedError("the crawler is not running")
        job = asyncio.ensure_future(self._guarded(request))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        try:
            return await job
        except asyncio.CancelledError:
            job.cancel()
            raise

    async def _guarded(self, request: Fetch) -> Page | Fault:
        from crawler.faults import fault_of_exception  # noqa: PLC0415 (heavy, only for a crawl)

        host = _told_host(request.url)
        try:
            return await self._follow(request)
        except Exception as error:  # a library may raise anything for hostile input; unknown ones are logged as ours
            fault = fault_of_exception(error, host)
            if fault is None:
                _log.exception("fetching from %s failed in a way we do not know", host)
                fault = Fault(FaultKind.INTERNAL, f"{type(error).__name__} while fetching; the log has the details")
            return fault

    async def _follow(self, request: Fetch) -> Page | Fault:
        """Redirects are followed here, not by Scrapy, so that each hop waits for its own host's turn."""
        from crawler.politeness import host_key  # noqa: PLC0415 (heavy, only for a crawl)
        from crawler.transport import Budget  # noqa: PLC0415 (likewise)

        url, authorization = _without_credentials(request.url)
        hop = _Hop(url, authorization)
        budget = Budget(self.settings.timeout.total_seconds())
        while True:
            if urlsplit(hop.url).scheme not in _SCHEMES:
                return Fault(FaultKind.REDIRECTS, "only http and https addresses are read")
            async with self._gates.enter(host_key(hop.url)), self._room:
                response = await self._hop(request, hop, budget)
            location = _location(response, hop.url)
            if location is None:
                return _page(response, hop)
            if hop.seen >= MAX_REDIRECTS:
                return Fault(FaultKind.REDIRECTS, f"more than {MAX_REDIRECTS} redirects", status=response.status)
            hop.follow(response.status, location)

    async def _hop(self, request: Fetch, hop: _Hop, budget: Any) -> Response:
        from crawler import transport  # noqa: PLC0415 (heavy, only for a crawl)

        headers = {"Accept": _ACCEPT[request.kind], **request.headers, "User-Agent": self.settings.user_agent}
        if hop.authorization:
            headers["Authorization"] = hop.authorization
        meta = {
            transport.BUDGET: budget,
            transport.PRIVATE: request.private_addresses or self.settings.private_addresses,
            "download_maxsize": min(request.max_size or self.settings.max_size, self.settings.max_size),
            "envoywatch_kind": request.kind,
        }
        if not self.settings.obey_robots:
            meta["dont_obey_robotstxt"] = True
        # The budget bounds the network; this bounds the turns in Scrapy's slot and robots.txt besides.
        gap = max(self.settings.delay.total_seconds(), max(self._slow.values(), default=0.0))
        patience = self.settings.timeout.total_seconds() + _ROBOTS_TIMEOUT_S + gap * (self.settings.per_host + 1)
        async with asyncio.timeout(patience):
            return await self._download(hop.url, headers, meta)

    async def _download(self, url: str, headers: Mapping[str, str], meta: dict[str, Any]) -> Response:
        from scrapy import Request  # noqa: PLC0415 (heavy, only for a crawl)
        from scrapy.http.request import NO_CALLBACK  # noqa: PLC0415 (likewise)

        if self._crawler is None:
            raise EngineStoppedError("the crawler is not running")
        request = Request(url, headers=dict(headers), meta=meta, callback=NO_CALLBACK, dont_filter=True)
        return await self._crawler.engine.download_async(request)

    async def fetch_robots(self, url: str, *, private: bool, max_size: int) -> Response | None:
        """A robots.txt for Scrapy's middleware, within the turn of the request that needs it; None: not reachable."""
        from crawler import transport  # noqa: PLC0415 (heavy, only for a crawl)

        headers = {"Accept": "text/plain, */*;q=0.3", "User-Agent": self.settings.user_agent}
        budget = transport.Budget(min(_ROBOTS_TIMEOUT_S, self.settings.timeout.total_seconds()))
        for _ in range(_ROBOTS_REDIRECTS + 1):
            meta = {
                transport.BUDGET: budget,
                transport.PRIVATE: private,
                "download_maxsize": max_size,
                "dont_obey_robotstxt": True,
            }
            try:
                response = await self._download(url, headers, meta)
            except Exception as error:  # noqa: BLE001 (whatever it was, the file cannot be had, and allows)
                _log.debug("robots.txt of %s: %s", _told_host(url), error)
                return None
            location = _location(response, url)
            if location is None:
                return response
            if urlsplit(location).scheme not in _SCHEMES:
                return None
            url = location
        return None

    def _on_headers(self, headers: Any, body_length: int, request: Request, spider: Spider) -> None:  # noqa: ARG002
        """Scrapy's signal: leave the bodies of redirects, errors and pictures unread."""
        # The status is not told here; a Location header stands for a redirect.
        from scrapy.exceptions import StopDownload  # noqa: PLC0415 (heavy, only for a crawl)

        if b"Location" in headers:
            raise StopDownload(fail=False)
        content_type = (headers.get(b"Content-Type") or b"").decode("latin-1").strip().lower()
        if request.meta.get("envoywatch_kind") is Kind.PAGE and content_type:
            if not content_type.startswith(_HTML_TYPES):
                raise StopDownload(fail=False)


def scrapy_settings(settings: EngineSettings) -> dict[str, Any]:
    """Scrapy's settings for the one engine; each that differs from Scrapy's default says why."""
    here = "crawler"
    return {
        "USER_AGENT": settings.user_agent,
        "ROBOTSTXT_OBEY": True,  # a request says by itself when it need not
        "ROBOTSTXT_USER_AGENT": product_token(settings.user_agent),
        "CONCURRENT_REQUESTS": 0,  # no limit here: `max_in_flight` is ours
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.per_host,
        "DOWNLOAD_DELAY": settings.delay.total_seconds(),
        "DOWNLOAD_DELAY_JITTER": 0.0,  # the delay is the least gap, not a mean
        "DOWNLOAD_TIMEOUT": settings.timeout.total_seconds(),
        "DOWNLOAD_MAXSIZE": settings.max_size,  # 1 GB by default
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": False,  # a cut feed keeps its complete entries
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # off by default
        "DOWNLOAD_HANDLERS": {
            "http": f"{here}.transport.GuardedHandler",
            "https": f"{here}.transport.GuardedHandler",
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "DOWNLOADER": f"{here}.middlewares.PoliteDownloader",
        "DOWNLOADER_MIDDLEWARES_BASE": {},  # only those below
        "DOWNLOADER_MIDDLEWARES": {
            f"{here}.middlewares.RobotsMiddleware": 100,
            "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
            f"{here}.middlewares.CompressionMiddleware": 590,
        },
        "DOWNLOADER_STATS": False,
        "COOKIES_ENABLED": False,
        "REDIRECT_ENABLED": False,  # followed in Engine.fetch
        "METAREFRESH_ENABLED": False,  # no document causes a request of its own
        "RETRY_ENABLED": False,  # the next poll is the retry
        "HTTPPROXY_ENABLED": False,  # the environment must not decide where we connect to
        "REFERER_ENABLED": False,
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # a poll repeats itself
        "EXTENSIONS_BASE": {},  # among them a console, and a port that runs Python
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "SPIDER_MIDDLEWARES_BASE": {"scrapy.spidermiddlewares.start.StartSpiderMiddleware": 25},
        "LOG_ENABLED": False,  # logging is the program's own
        "LOG_FORMATTER": f"{here}.middlewares.QuietLog",
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
        "REACTOR_THREADPOOL_MAXSIZE": _LOOKUP_THREADS,  # read by Scrapy's own processes only; start() sets it
    }


def product_token(user_agent: str) -> str:
    """The name robots.txt files know us by: `Envoywatch` of `Envoywatch/1.0 (+https://…)`."""
    return user_agent.split("/")[0].split()[0]


def _service(stop: asyncio.Event) -> type[Spider]:
    """A spider that only keeps the engine open until `stop` is set."""
    from scrapy import Spider  # noqa: PLC0415 (heavy, only for a crawl)

    class Service(Spider):
        name = "envoywatch"

        async def start(self) -> AsyncIterator[Any]:
            await stop.wait()
            for nothing in ():
                yield nothing

    return Service


def _raise_descriptor_limit() -> None:
    """Keep-alive and many hosts hold a descriptor each; the usual soft limit of 1,024 is soon reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _headers(response: Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): ", ".join(value.decode("latin-1") for value in values)
        for name, values in response.headers.items()
    }


def _page(response: Response, hop: _Hop) -> Page | Fault:
    from crawler.faults import fault_of_status  # noqa: PLC0415 (heavy, only for a crawl)

    headers = _headers(response)
    if response.status not in _OK and response.status != _NOT_MODIFIED:
        return fault_of_status(response.status, headers)
    return Page(
        url=hop.url,
        status=response.status,
        headers=headers,
        body=response.body,
        content_type=headers.get("content-type"),
        permanent_redirect=hop.permanent_url,
        truncated="dataloss" in response.flags,
    )


def _location(response: Response, base: str) -> str | None:
    """The absolute target of a redirect; None when the answer is none."""
    if response.status not in _MOVED:
        return None
    raw = response.headers.get(b"Location")
    if not raw:
        return None
    from w3lib.url import safe_url_string  # noqa: PLC0415 (comes with scrapy)

    target = urljoin(base, safe_url_string(raw.decode("utf-8", "replace").strip()))
    return urlunsplit(urlsplit(target)._replace(fragment=""))


def _without_credentials(url: str) -> tuple[str, str | None]:
    """The URL without `user:password@`, and the header that says the same to its origin only."""
    parts = urlsplit(url.strip())
    parts = parts._replace(fragment="")
    if "@" not in parts.netloc:
        return urlunsplit(parts), None
    userinfo, _, host = parts.netloc.rpartition("@")
    token = base64.b64encode(userinfo.encode()).decode("ascii")
    return urlunsplit(parts._replace(netloc=host)), f"Basic {token}"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default


def _told_host(url: str) -> str:
    """The host of a URL for a message: nothing of its path or credentials."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def settings_of(crawl: Any) -> EngineSettings:
    """The engine's settings of a configuration's `crawl` section."""
    return EngineSettings(
        user_agent=crawl.user_agent,
        per_host=crawl.per_host,
        delay=crawl.delay,
        timeout=crawl.timeout,
        max_size=int(crawl.max_size_mb * 1024 * 1024),
        obey_robots=crawl.obey_robots,
        private_addresses=crawl.private_addresses,
    )


__all__ = ["Engine", "EngineSettings", "EngineStoppedError", "Fetch", "Kind", "Page", "replace", "run", "settings_of"]
