"""The one always-on Scrapy engine, used as a polite HTTP client: every request of Envoywatch goes through `fetch`.

Importing it costs Scrapy's 0.3 s and 58 MB: do so only in commands that fetch.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.reactor import install_reactor
from twisted.logger import STDLibLogObserver, globalLogBeginner

from config.errors import EnvoywatchError
from crawler.exchange import Fetch, Kind, Page
from crawler.faults import blame_proxy, fault_of_exception, fault_of_robots, fault_of_status, http_date, retry_after
from crawler.held import HeldBytes
from crawler.hops import MAX_REDIRECTS, Hop, has_scheme, redirect_target, told_host, without_credentials
from crawler.hosts import HostBook, gap_of
from crawler.middlewares import RobotsMiddleware
from crawler.politeness import HostGates, host_key
from crawler.proxies import find_proxy
from crawler.settings import EngineSettings, product_token, scrapy_settings, settings_of
from crawler.transport import ACCESS, BUDGET, KIND, PROXY, Budget, PlainRequest, scrapy_headers
from storage.model import DIRECT, Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.middlewares import PoliteDownloader
    from storage.model import Access

_log = logging.getLogger(__name__)

_ACCEPT = {
    Kind.FEED: "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, text/html;q=0.5, */*;q=0.3",
    Kind.PAGE: "text/html, application/xhtml+xml, application/xml;q=0.8, */*;q=0.3",
    Kind.ANY: "*/*",
}
_ROBOTS_REDIRECTS = 5  # RFC 9309, section 2.3.1.2
_ROBOTS_TIMEOUT_S = 10.0
_DESCRIPTORS = 8192
_STOP_S = 3.0
_WAITED_FOR = timedelta(seconds=10)
_OK = range(200, 300)
_NOT_MODIFIED = 304
_TOO_MANY = 429
_ANY_HOST = ""


class EngineStoppedError(EnvoywatchError):
    """The engine is not running (any more)."""


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Run `main` under Scrapy's asyncio reactor and return its exit code; signals are `main`'s to handle."""
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor as installed  # noqa: PLC0415 (importing it earlier would install another one)

    reactor = cast("Any", installed)
    # Without an observer Twisted keeps its last 65,536 events, failures and all, in memory.
    observer = cast("Any", STDLibLogObserver)("twisted")
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
    logging.getLogger("twisted").setLevel(logging.ERROR)
    loop = asyncio.get_event_loop()
    outcome: list[asyncio.Task[int]] = []

    async def body() -> int:
        return await main()

    def begin() -> None:
        task = loop.create_task(body())
        outcome.append(task)
        task.add_done_callback(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    return outcome[0].result()


class Engine:
    """Fetches politely: robots.txt, a gap and a limit per host, the address guard at every hop, one deadline."""

    def __init__(self, settings: EngineSettings, hosts: HostBook | None = None) -> None:
        self.settings = settings
        self.hosts = HostBook() if hosts is None else hosts
        self._crawler: Crawler | None = None
        self._crawl: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._under_way: dict[asyncio.Future[None], asyncio.Task[Any] | None] = {}
        self._gates = HostGates(lambda: self.settings.per_host)
        self.held = HeldBytes()
        self._room = HostGates(lambda: self.settings.max_in_flight)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Start Scrapy's engine on the running reactor; returns when it takes requests."""
        _raise_descriptor_limit()
        logging.getLogger("scrapy").setLevel(logging.ERROR)  # what came of a fetch is told by its caller
        runner = AsyncCrawlerRunner(scrapy_settings(self.settings))
        crawler = runner.create_crawler(_service(self._stopping))
        crawler.envoywatch = self  # type: ignore[attr-defined]  # settings are copied deeply, so not through them
        opened = asyncio.Event()

        def ready(spider: Any) -> None:  # noqa: ARG001 (Scrapy passes by name)
            opened.set()

        crawler.signals.connect(ready, signal=signals.spider_opened)
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
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=drain.total_seconds())
        crawler, self._crawler = self._crawler, None
        left = dict(self._under_way)
        for task in left.values():
            if task is not None:
                task.cancel()
        robots = crawler.get_downloader_middleware(RobotsMiddleware)
        loading = robots.cancel() if robots is not None else set()
        if left or loading:
            ending: set[asyncio.Future[Any]] = {*left, *loading}
            await asyncio.wait(ending, timeout=1)
        self._stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await crawler.stop_async()
                await self._crawl

    def update(self, settings: EngineSettings) -> None:
        """Take new settings while running; each holds from the next request on."""
        self.settings = settings
        if self._crawler is None:
            return
        robots = self._crawler.get_downloader_middleware(RobotsMiddleware)
        if robots is not None:
            robots.rename(product_token(settings.user_agent))

    def gap_at(self, host: str) -> float:
        """The seconds to keep between two requests to a host: the configured ones, or what it asks for."""
        return gap_of(self.hosts.get(host), self.settings.delay).total_seconds()

    # ------------------------------------------------------------ fetching

    async def fetch(self, request: Fetch) -> Page | Fault:
        """Get one URL, redirects followed. Troubles of the network are faults, never exceptions.

        Stopping the engine cancels the task that waits here.

        Raises:
            EngineStoppedError: the engine was not started, or is stopped.
        """
        if self._crawler is None:
            raise EngineStoppedError("the crawler is not running")
        ended = asyncio.get_running_loop().create_future()
        self._under_way[ended] = asyncio.current_task()
        try:
            return await self._guarded(request)
        finally:
            del self._under_way[ended]
            ended.set_result(None)

    async def _guarded(self, request: Fetch) -> Page | Fault:
        try:
            return await self._follow(request)
        except EngineStoppedError:
            raise
        except Exception as error:  # noqa: BLE001 (libraries raise anything for hostile input; what is not the network's is logged)
            host = told_host(request.url)
            fault = fault_of_exception(error, host)
            if fault is not None and self._proxy_variable(request.access) is not None:
                return blame_proxy(fault)
            if fault is None:
                _log.exception("fetching from %s failed in a way we do not know", host)
                fault = Fault(FaultKind.INTERNAL, f"{type(error).__name__} while fetching; the log has the details")
            return fault

    async def _follow(self, request: Fetch) -> Page | Fault:
        """Redirects are followed here, not by Scrapy, so that each hop waits for its own host's turn."""
        url, authorization = without_credentials(request.url)
        hop = Hop(url, authorization)
        budget = Budget(self.settings.timeout.total_seconds())
        while True:
            if not has_scheme(hop.url):
                return Fault(FaultKind.REDIRECTS, "only http and https addresses are read")
            host = host_key(hop.url)
            async with self._gates.enter(host):
                if (held := await self._let_alone(host)) is not None:
                    return held
                async with self._room.enter(_ANY_HOST):
                    response = await self._hop(request, hop, budget)
            target = redirect_target(response, hop.url)
            if target is None:
                page = _page(response, hop)
                if isinstance(page, Page):
                    self.held.keep(page, len(page.body))
                return page
            if hop.seen >= MAX_REDIRECTS:
                return Fault(FaultKind.REDIRECTS, f"more than {MAX_REDIRECTS} redirects", status=response.status)
            hop.follow(response.status, target)

    async def _let_alone(self, host: str) -> Fault | None:
        """A host that refused us is not asked before its time; a short wait is waited for, a longer one is a fault."""
        await self.hosts.open(host)
        held = self.hosts.held_for(host)
        if timedelta(0) < held <= _WAITED_FOR:
            await asyncio.sleep(held.total_seconds())
            held = self.hosts.held_for(host)  # another of its answers may have refused us meanwhile
        if held:
            until = (datetime.now(UTC) + held).strftime("%d %b %H:%M UTC")
            told = f"{host} said that we ask too often: nothing is asked of it until {until}"
            return Fault(FaultKind.RATE_LIMITED, told, retry_after=held)
        return None

    async def _hop(self, request: Fetch, hop: Hop, budget: Budget) -> Response:
        access = self._granted(request.access)
        headers = {"Accept": _ACCEPT[request.kind], **request.headers, **self._identity(access)}
        if hop.authorization:
            headers["Authorization"] = hop.authorization
        meta: dict[str, Any] = {
            BUDGET: budget,
            **self._route(access, headers),
            KIND: request.kind,
            "download_maxsize": min(request.max_size or self.settings.max_size, self.settings.max_size),
        }
        if not (self.settings.obey_robots if access.obey_robots is None else access.obey_robots):
            meta["dont_obey_robotstxt"] = True
        # The budget bounds the network; this bounds robots.txt and the turns in Scrapy's slot besides.
        gap = self.gap_at(host_key(hop.url))
        patience = self.settings.timeout.total_seconds() + _ROBOTS_TIMEOUT_S + gap * self._turns()
        async with asyncio.timeout(patience):
            return await self._download(hop.url, headers, meta)

    def _granted(self, access: Access) -> Access:
        """With the engine's own leave for private addresses added."""
        if access.private_addresses or not self.settings.private_addresses:
            return access
        return replace(access, private_addresses=True)

    def _identity(self, access: Access) -> dict[str, str]:
        return {"User-Agent": access.user_agent or self.settings.user_agent}

    def _route(self, access: Access, headers: dict[str, str]) -> dict[str, Any]:
        """Which way a request goes; a proxy's own password goes into the headers, of which only the proxy gets it."""
        proxy = find_proxy(self._proxy_variable(access), os.environ)
        if proxy is not None and proxy.authorization is not None:
            headers["Proxy-Authorization"] = proxy.authorization.decode("ascii")
        return {ACCESS: access, PROXY: proxy}

    def _proxy_variable(self, access: Access) -> str | None:
        named = access.proxy or self.settings.proxy
        return None if named == DIRECT else named

    def _turns(self) -> int:
        """How many requests of a host may stand before one in its slot, robots.txt with its redirects among them."""
        return 2 * self.settings.per_host + _ROBOTS_REDIRECTS

    async def _download(self, url: str, headers: Mapping[str, str], meta: dict[str, Any]) -> Response:
        if self._crawler is None:
            raise EngineStoppedError("the crawler is not running")
        # Latin-1 there and back: Scrapy would send an ETag's odd bytes in UTF-8, and the server would not know it.
        raw = (
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
        )
        request = PlainRequest(url, meta=meta, callback=NO_CALLBACK, dont_filter=True)
        request.headers = scrapy_headers(raw)
        downloader = cast("PoliteDownloader", self._crawler.engine.downloader)
        response = await downloader.ask(request)
        self._learn(host_key(url), request, response)
        return response

    def _learn(self, host: str, request: Request, response: Response) -> None:
        latency = timedelta(seconds=request.meta.get("download_latency", 0.0))
        wish = None
        if response.status == _TOO_MANY and (told := response.headers.get("Retry-After")) is not None:
            date = (response.headers.get("Date") or b"").decode("latin-1")
            wish = retry_after(told.decode("latin-1"), http_date(date) or datetime.now(UTC))
        self.hosts.note(host, response.status, latency, wish)

    async def fetch_robots(self, url: str, access: Access, *, max_size: int) -> Response | Fault | None:
        """A robots.txt for Scrapy's middleware, within the turn of the request that needs it.

        A fault when it is unreachable, so that what it says is not known; None when there is none.
        """
        headers = {"Accept": "text/plain, */*;q=0.3", **self._identity(access)}
        route = self._route(access, headers)
        budget = Budget(min(_ROBOTS_TIMEOUT_S, self.settings.timeout.total_seconds()))
        for _ in range(_ROBOTS_REDIRECTS + 1):
            meta: dict[str, Any] = {
                BUDGET: budget,
                **route,
                "download_maxsize": max_size,
                "dont_obey_robotstxt": True,
            }
            try:
                response = await self._download(url, headers, meta)
            except Exception as error:  # noqa: BLE001 (whatever else it was: what needs the file meets with it too)
                _log.debug("robots.txt of %s: %s", told_host(url), error)
                fault = fault_of_exception(error, told_host(url))
                return fault and fault_of_robots(fault, told_host(url))
            target = redirect_target(response, url)
            if target is None:
                page = _page(response, Hop(url, None))
                fault = fault_of_robots(page, told_host(url)) if isinstance(page, Fault) else None
                return fault or response
            if not has_scheme(target):
                return None
            url = target
        return None


def _service(stopping: asyncio.Event) -> type[Spider]:
    """A spider that only keeps the engine open until `stopping` is set."""

    class Service(Spider):
        name = "envoywatch"

        async def start(self) -> AsyncIterator[Any]:
            await stopping.wait()
            nothing: tuple[Request, ...] = ()
            for request in nothing:
                yield request

    return Service


def _raise_descriptor_limit() -> None:
    """Keep-alive and many hosts hold a descriptor each; the usual soft limit of 1,024 is soon reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _page(response: Response, hop: Hop) -> Page | Fault:
    headers = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in dict.items(response.headers)
    }
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


__all__ = ["Engine", "EngineSettings", "EngineStoppedError", "Fetch", "Kind", "Page", "run", "settings_of"]
