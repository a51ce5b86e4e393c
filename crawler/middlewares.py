"""What Envoywatch changes in Scrapy's downloader: host keys, a bounded robots cache, a strict decompressor."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from scrapy.core.downloader import Downloader, Slot
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.logformatter import LogFormatter
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.utils._compression import _DecompressionMaxSizeExceeded
from scrapy.utils.asyncio import call_later
from scrapy.utils.httpobj import urlparse_cached

from crawler.politeness import host_key
from crawler.settings import product_token
from crawler.transport import ACCESS
from storage.model import USUAL, Access, Fault

if TYPE_CHECKING:
    from collections import deque

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

_ROBOTS_FRESH_S = 24 * 3600.0
_ROBOTS_STALE_S = 600.0
"""How long the last good one is gone by, before one that is unreachable is asked for again."""
_ROBOTS_LOST_S = 20.0
"""The same where none was ever had and nothing may be asked for: a page that waits for it is tried for a minute."""
_ROBOTS_GIVEN_UP_S = 30 * 24 * 3600.0  # RFC 9309, section 2.3.1.4
_ROBOTS_KEPT = 5_000
_ROBOTS_MAX = 512 * 1024  # RFC 9309 asks for at least 500 KiB
_CRAWL_DELAY_MAX_S = 30.0
_OK = range(200, 300)

_Key = tuple[Access, str, str]
"""Who asks, the scheme and the host with its port."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a host's robots.txt lets us ask for: all where there is no `parser`, nothing while there is a `trouble`.

    `lost_at` is since when (monotonic) it has been unreachable.
    """

    parser: RobotParser | None = None
    trouble: Fault | None = None
    lost_at: float | None = None


def without_robots(before: Rules | None, trouble: Fault, now: float) -> Rules:
    """What holds while a robots.txt is unreachable, by RFC 9309, section 2.3.1.4.

    It is the last one that was had; without that nothing is allowed, until after thirty days there counts as none.
    """
    if before is None:
        return Rules(trouble=trouble, lost_at=now)
    since = now if before.lost_at is None else before.lost_at
    if before.trouble is None:
        return replace(before, lost_at=since)
    return Rules(trouble=trouble if now - since < _ROBOTS_GIVEN_UP_S else None, lost_at=since)


class RobotsForbidError(IgnoreRequest):
    """The host's robots.txt forbids this URL to us."""


class RobotsUnreachableError(IgnoreRequest):
    """The host's robots.txt cannot be had, and what it forbids is not known: nothing may be asked for."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class TooLargeError(IgnoreRequest):
    """The body passes the size limit once decompressed."""


class EncodingRefusedError(IgnoreRequest):
    """The body is compressed in a way we do not read: unknown, or several layers."""


class PoliteDownloader(Downloader):
    """Scrapy's slots by `host_key`, with turns that are plain futures.

    Scrapy's own way turns every coroutine into a Deferred and back four times and sends four signals that nobody here
    hears: 0.15 ms a request. It also keeps cancelled requests in its queues.
    """

    def get_slot_key(self, request: Request) -> str:
        """The host a request is polite to, whatever a redirect or a spider copied into `meta`."""
        return host_key(request.url)

    def _get_slot(self, request: Request, spider: Any = None) -> tuple[str, Slot]:  # noqa: ARG002 (Scrapy's signature)
        """The host's slot, with the gap and the limit that hold for it now."""
        host, slot = super()._get_slot(request)
        engine = self.crawler.envoywatch  # type: ignore[attr-defined]
        slot.delay, slot.concurrency = engine.gap_at(host), engine.settings.per_host
        return host, slot

    async def ask(self, request: Request) -> Response:
        """The answer to a request, through the middlewares and in its host's turn.

        Our middlewares neither answer by themselves nor with another request, and mend no exception; Scrapy's manager
        looks after every such case at each step (0.04 ms).
        """
        methods = self.middleware.methods
        for prepare in methods["process_request"]:
            waited_for = cast("Any", prepare)(request)
            if waited_for is not None:
                await waited_for
        response = await self._enqueue_request(request)
        for change in methods["process_response"]:
            response = cast("Any", change)(request, response)
        return response

    async def _enqueue_request(self, request: Request) -> Response:
        _, slot = self._get_slot(request)
        slot.active.add(request)  # while there is one, the slot is not forgotten
        try:
            await self._turn(slot, request)
            try:
                return await self.handlers.download_request_async(request)
            finally:
                slot.transferring.discard(request)
                self._process_queue(slot)
        finally:
            slot.active.discard(request)

    async def _turn(self, slot: Slot, request: Request) -> None:
        """Wait until the host may be asked again: first come, first served."""
        turn = asyncio.get_running_loop().create_future()
        _waiting(slot).append((request, turn))
        self._process_queue(slot)
        try:
            if not turn.done():
                await turn
        except asyncio.CancelledError:
            turn.cancel()
            if request in slot.transferring:  # its turn came at the same moment: hand it on
                slot.transferring.discard(request)
                self._process_queue(slot)
            raise

    def _process_queue(self, slot: Slot) -> None:
        """Give turns to as many as the gap and the limit allow; come back when the gap is over."""
        waiting = _waiting(slot)
        while waiting and waiting[0][1].done():  # cancelled while they waited
            waiting.popleft()
        if not waiting or slot.latercall or slot.free_transfer_slots() <= 0:
            return
        now, delay = time.monotonic(), slot.download_delay()
        if slot.lastseen + delay > now:
            slot.latercall = call_later(slot.lastseen + delay - now, self._latercall, slot)
            return
        slot.lastseen = now
        request, turn = waiting.popleft()
        slot.transferring.add(request)
        turn.set_result(None)
        self._process_queue(slot)


def _waiting(slot: Slot) -> deque[tuple[Request, asyncio.Future[None]]]:
    """A slot's queue with our futures in place of Scrapy's."""
    return cast("deque[tuple[Request, asyncio.Future[None]]]", slot.queue)


class QuietLog(LogFormatter):
    """No line per page read; what came of a fetch is told by its caller."""

    def crawled(self, request: Request, response: Response, spider: Any) -> Any:  # noqa: ARG002 (Scrapy's signature)
        """Nothing, which Scrapy takes for no line."""
        return


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's robots middleware with a cache of 5,000 hosts for a day, and crawl delays obeyed.

    One that there is not (4xx, redirects without end) allows everything; what holds while one is unreachable (5xx, the
    network) says `without_robots`. The robots.txt itself is asked for under the permission of the request that needs
    it, so that the address guard holds here too.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._cache: OrderedDict[_Key, tuple[float, asyncio.Task[Rules]]] = OrderedDict()

    async def process_request(self, request: Request, spider: Any = None) -> None:  # noqa: ARG002 (Scrapy's signature)
        """Raise for what the host's robots.txt forbids, unless the request need not obey."""
        if not request.meta.get("dont_obey_robotstxt"):
            self._judge(await self._rules_for(request), request)

    async def _rules_for(self, request: Request) -> Rules:
        """The rules of the request's host, asked for once by all who wait."""
        parts = urlparse_cached(request)  # the handler's look-up needs it too
        access: Access = request.meta.get(ACCESS, USUAL)
        key = (access, parts.scheme, parts.netloc)
        known = self._cache.get(key)
        if known is not None and time.monotonic() < known[0]:
            self._cache.move_to_end(key)
            return known[1].result() if known[1].done() else await asyncio.shield(known[1])
        before = None if known is None else _result(known[1])
        task = asyncio.ensure_future(self._load(key, f"{parts.scheme}://{parts.netloc}/robots.txt", before))
        self._cache[key] = (time.monotonic() + _ROBOTS_FRESH_S, task)
        while len(self._cache) > _ROBOTS_KEPT:
            self._cache.popitem(last=False)
        return await asyncio.shield(task)

    def _judge(self, rules: Rules, request: Request) -> None:
        """Whether the host lets this request's own name have the URL."""
        if rules.trouble is not None:
            raise RobotsUnreachableError(rules.trouble)
        token = self._token(request.meta.get(ACCESS, USUAL))
        if rules.parser is not None and not rules.parser.allowed(request.url, token):
            raise RobotsForbidError("robots.txt forbids this address")

    def _token(self, access: Access) -> str:
        """The name by which this request's robots.txt knows it."""
        return product_token(access.user_agent) if access.user_agent else self._robotstxt_useragent or "*"

    def rename(self, token: str) -> None:
        """The name by which robots.txt files know us has changed."""
        self._robotstxt_useragent = token

    def cancel(self) -> set[asyncio.Task[Rules]]:
        """Give up what is still being loaded; those tasks."""
        loading = {task for _, task in self._cache.values() if not task.done()}
        for task in loading:
            task.cancel()
        return loading

    async def _load(self, key: _Key, url: str, before: Rules | None) -> Rules:
        engine = self.crawler.envoywatch  # type: ignore[attr-defined]
        access = key[0]
        found = await engine.fetch_robots(url, access, max_size=_ROBOTS_MAX)
        if isinstance(found, Fault):
            rules = without_robots(before, found, time.monotonic())
            self._ask_again(key, found, rules)
            return rules
        if found is None or found.status not in _OK:
            return Rules()
        parser = ProtegoRobotParser(found.body, self.crawler.spider)
        delay = parser.rp.crawl_delay(self._token(access))
        wished = timedelta(seconds=min(float(delay or 0.0), _CRAWL_DELAY_MAX_S))
        engine.hosts.slow_down(host_key(url), wished)
        return Rules(parser)

    def _ask_again(self, key: _Key, fault: Fault, rules: Rules) -> None:
        """Sooner than one that was had, but not before the host's own time."""
        task = asyncio.current_task()
        if task is not None and key in self._cache:
            wait = _ROBOTS_STALE_S if rules.trouble is None else _ROBOTS_LOST_S
            wish = 0.0 if fault.retry_after is None else fault.retry_after.total_seconds()
            self._cache[key] = (time.monotonic() + max(wait, wish), cast("asyncio.Task[Rules]", task))


def _result(task: asyncio.Task[Rules]) -> Rules | None:
    """Of one that has ended well."""
    return task.result() if task.done() and not task.cancelled() and task.exception() is None else None


class CompressionMiddleware(HttpCompressionMiddleware):
    """Decompresses one layer within the size limit; a body that only claims to be compressed is taken as it is."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Response:  # noqa: ARG002 (Scrapy's signature)
        """The answer with its body unpacked; as it is when nothing is said of it."""
        if b"Content-Encoding" not in response.headers:
            return response
        return cast("Response", super().process_response(request, response))

    def _handle_encoding(self, body: bytes, content_encoding: list[bytes], max_size: int) -> tuple[bytes, list[bytes]]:
        encodings = [
            part.strip().lower()
            for value in content_encoding
            for part in value.split(b",")
            if part.strip().lower() not in {b"", b"identity"}
        ]
        if not encodings or not body:
            return body, []
        to_decode, unknown = self._split_encodings(encodings)
        if unknown or len(to_decode) > 1:
            raise EncodingRefusedError("the body is compressed as " + b", ".join(encodings).decode("latin-1"))
        try:
            return self._decode(body, to_decode[0], max_size), []
        except _DecompressionMaxSizeExceeded as error:
            raise TooLargeError(f"the body unpacks to more than {max_size} bytes") from error
        except Exception:  # noqa: BLE001 (each library has an error of its own: the encoding was a lie)
            return body, []
