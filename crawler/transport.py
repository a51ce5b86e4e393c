"""The download handler: Scrapy's HTTP/1.1 handler over guarded connections, with bounded headers and a time budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from OpenSSL import SSL
from scrapy.core.downloader.handlers import http11
from scrapy.exceptions import DownloadTimeoutError
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.ssl import CertificateOptions, platformTrust
from twisted.python.failure import Failure
from twisted.web.client import HTTPConnectionPool
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from crawler.exchange import Kind
from crawler.guard import GuardedReactor
from crawler.proxies import refuse_private_name
from storage.model import USUAL, Access

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred

    from crawler.proxies import ProxyAddress

BUDGET = "envoywatch_budget"
ACCESS = "envoywatch_access"
PROXY = "envoywatch_proxy"
KIND = "envoywatch_kind"
_OK = range(200, 300)
_TEXT_TYPES = (b"text/", b"application/xhtml", b"application/xml", b"application/octet-stream")
_HEADERS_MAX = 256 * 1024
_IDLE_S = 3.0  # long enough for the next page of a host, short enough for few open descriptors


class Budget:
    """The wall-clock seconds a fetch may spend on the network over all its hops; waiting for a turn is not counted."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._since = 0.0
        self.download: Deferred[Any] | None = None

    def start(self) -> float:
        """Start the clock; the seconds left."""
        self._since = time.monotonic()
        return self._left

    def stop(self) -> None:
        """Stop the clock."""
        self._left -= time.monotonic() - self._since
        self.download = None

    def cancel(self) -> None:
        """End the download under way, and any still in a queue as soon as it begins: Scrapy cancels neither."""
        self._left = 0.0
        if self.download is not None:
            self.download.cancel()


class HeadersTooLargeError(Exception):
    """A server sends headers without end."""


class _BoundedProtocol(http11._LenientHTTP11ClientProtocol):  # noqa: SLF001 (pinned by tests)
    """Gives up on a response whose headers pass a size that no honest server reaches."""

    _header_bytes = 0

    def request(self, request: Any) -> Any:
        self._header_bytes = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Count what comes before the body, 1xx answers included; the piece that ends it may hold body too."""
        if self._parser is not None and self._parser.state in {"STATUS", "HEADER"}:
            if self._header_bytes > _HEADERS_MAX:
                failure = cast("Any", Failure)(HeadersTooLargeError("headers without end"))
                cast("Any", self)._giveUp(failure)  # noqa: SLF001 (its own way to end)
                return
            self._header_bytes += len(data)
        cast("Any", super()).dataReceived(data)


class _BoundedFactory(http11._LenientHTTP11ClientFactory):  # noqa: SLF001 (pinned by tests)
    """Builds bounded protocols."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: ARG002, N802 (Twisted's signature)
        return cast("Any", _BoundedProtocol)(self._quiescentCallback)


class _UnverifiedTLS(ClientTLSOptions):
    """Takes any certificate, for a source whose configuration says so."""

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:  # noqa: N802, N803 (Twisted's names)
        """The connection, with its verification taken off again."""
        connection = super().clientConnectionForTLS(tlsProtocol)
        connection.set_verify(SSL.VERIFY_NONE, lambda *_: True)
        return connection


@implementer(IPolicyForHTTPS)
class SharedContextPolicy:
    """Verifies certificates like Twisted's policy, but builds one TLS context instead of one per connection (3 ms).

    With `verify` off whatever certificate comes is taken.
    """

    def __init__(self, *, verify: bool = True) -> None:
        self._client = ClientTLSOptions if verify else _UnverifiedTLS
        self._options = CertificateOptions(trustRoot=cast("Any", platformTrust)() if verify else None)

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:  # noqa: ARG002, N802 (Twisted's signature)
        """The connection creator for this host's name."""
        return self._client(self._options._makeTLSConnection, hostname.decode("ascii"))  # noqa: SLF001 (no public way)


class _Apart:
    """Keeps connections opened under other permissions (private addresses, any certificate) apart in the pool."""

    permissions: tuple[bool, ...] = ()

    def _requestWithEndpoint(self, key: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 (Twisted's name)
        ask = cast("Any", super())._requestWithEndpoint  # noqa: SLF001 (Twisted's own way to a pool's key)
        return ask((*key, *self.permissions), *args, **kwargs)


class _GuardedAgent(_Apart, http11._BindAddressAgent):  # noqa: SLF001 (pinned by tests)
    """Connects itself."""


class _ProxyAgent(_Apart, http11._ScrapyProxyAgent):  # noqa: SLF001 (pinned by tests)
    """Asks a proxy for an http address."""


class _TunnelAgent(_Apart, http11._TunnelingAgent):  # noqa: SLF001 (pinned by tests)
    """Asks a proxy for a connection to an https host."""


class _Agent(http11._ScrapyAgent):  # noqa: SLF001 (pinned by tests)
    """Scrapy's agent with the guarded reactor in place of the global one."""

    def __init__(self, reactors: dict[bool, GuardedReactor], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reactors = reactors

    def _get_agent(self, request: Request, timeout: float) -> Any:
        access: Access = request.meta.get(ACCESS, USUAL)
        proxy: ProxyAddress | None = request.meta.get(PROXY)
        private = access.private_addresses
        common: dict[str, Any] = {
            "contextFactory": self._contextFactory,
            "connectTimeout": timeout,
            "pool": self._pool,
        }
        if proxy is None:
            agent: _Apart = _GuardedAgent(reactor=cast("Any", self._reactors[private]), **common)
        else:
            if not private:
                refuse_private_name(urlsplit(request.url).hostname or "")
            # The proxy itself is the operator's own choice, and mostly stands in a private network.
            common["reactor"] = self._reactors[True]
            if request.url.startswith("https:"):
                conf = (proxy.host, proxy.port, proxy.authorization)
                agent = _TunnelAgent(proxyConf=conf, **common)
            else:
                agent = _ProxyAgent(proxyURI=proxy.url.encode("ascii"), **common)
        agent.permissions = (private, access.verify_tls)
        return agent

    def _cb_bodyready(self, txresponse: Any, request: Request) -> Any:
        if txresponse.length == 0 or _is_wanted(txresponse, request):
            return super()._cb_bodyready(txresponse, request)
        txresponse._transport.stopProducing()  # noqa: SLF001 (as Scrapy stops a download)
        txresponse._transport.loseConnection()  # noqa: SLF001 (likewise)
        return {"txresponse": txresponse}


def _is_wanted(txresponse: Any, request: Request) -> bool:
    """Whether the body is worth its bytes: not so for redirects, errors, and pictures where a page was hoped for."""
    if txresponse.code not in _OK:
        return False
    content_type = b"".join(txresponse.headers.getRawHeaders(b"content-type", [])).strip().lower()
    return request.meta.get(KIND) is not Kind.PAGE or not content_type or content_type.startswith(_TEXT_TYPES)


class GuardedHandler(http11.HTTP11DownloadHandler):
    """Downloads over guarded connections; a request's `Budget` bounds name, connection, headers and body together."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        from twisted.internet import reactor  # noqa: PLC0415 (importing it earlier would install the default one)

        resolver = crawler.envoywatch.resolver  # type: ignore[attr-defined]
        self._reactors = {flag: GuardedReactor(reactor, resolver, private=flag) for flag in (False, True)}
        self._pool.cachedConnectionTimeout = cast("Any", _IDLE_S)
        self._once = cast("Any", HTTPConnectionPool)(reactor, persistent=False)
        for pool in (self._pool, self._once):
            pool._factory = _BoundedFactory  # noqa: SLF001 (Scrapy sets its own in the same way)
        self._contextFactory = cast("Any", SharedContextPolicy())
        self._unverified = cast("Any", SharedContextPolicy(verify=False))

    async def download_request(self, request: Request) -> Response:
        """Scrapy's entry point; raises Scrapy's download exceptions."""
        budget: Budget | None = request.meta.get(BUDGET)
        if budget is None:
            return await self._download(request, None)
        left = budget.start()
        if left <= 0:
            raise DownloadTimeoutError("no time was left")
        request.meta["download_timeout"] = left
        try:
            return await self._download(request, budget)
        finally:
            budget.stop()

    async def _download(self, request: Request, budget: Budget | None) -> Response:
        # A feed is polled again in minutes: keeping its connection would hold a descriptor for nothing.
        verify = request.meta.get(ACCESS, USUAL).verify_tls
        agent = _Agent(
            self._reactors,
            contextFactory=self._contextFactory if verify else self._unverified,
            pool=self._pool if request.meta.get(KIND) is Kind.PAGE else self._once,
            maxsize=self._default_maxsize,
            warnsize=0,
            fail_on_dataloss=False,
            crawler=self._crawler,
        )
        with wrap_twisted_exceptions():
            download = agent.download_request(request)
            if budget is not None:
                budget.download = download
            return await maybe_deferred_to_future(download)
