"""What went wrong on the network, as a `Fault`: exceptions of ours, of sockets and TLS, and HTTP statuses."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from crawler.connections import TunnelError
from crawler.guard import AddressRefusedError
from crawler.held import TooMuchHeldError
from crawler.http1 import BodyTooLargeError, BrokenOffError, HeadersTooLargeError, NotHttpError
from crawler.middlewares import EncodingRefusedError, RobotsForbidError, RobotsUnreachableError, TooLargeError
from crawler.names import NoAddressError
from crawler.proxies import ProxyError
from storage.model import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RETRY_AFTER_MAX = timedelta(hours=24)
_DIGITS_MAX = 9  # more seconds than this are certainly over the limit, and int() of a longer text may refuse

# The first class of which any link of the exception's chain is an instance decides.
_KINDS: tuple[tuple[type[BaseException], FaultKind, str], ...] = (
    (AddressRefusedError, FaultKind.ADDRESS, "{error}, and private_addresses is off"),
    (ProxyError, FaultKind.PROXY, "{error}"),
    (TunnelError, FaultKind.PROXY, "the proxy does not connect us with {host}"),
    (RobotsForbidError, FaultKind.ROBOTS, "robots.txt of {host} forbids this address to us"),
    (TooLargeError, FaultKind.TOO_LARGE, "{error}"),
    (EncodingRefusedError, FaultKind.MALFORMED, "{error}"),
    (HeadersTooLargeError, FaultKind.TOO_LARGE, "{host} sent {error}"),
    (TooMuchHeldError, FaultKind.TOO_LARGE, "{error}, among them that of {host}; it is asked again"),
    (BodyTooLargeError, FaultKind.TOO_LARGE, "the body is larger than crawl.max_size_mb allows"),
    (ssl.SSLError, FaultKind.TLS, "no safe connection with {host}: {error}"),
    (NoAddressError, FaultKind.NAME, "the name {host} has no address"),
    (TimeoutError, FaultKind.TIMEOUT, "{host} took longer than the limit"),
    (ConnectionRefusedError, FaultKind.CONNECT, "{host} refuses the connection"),
    (NotHttpError, FaultKind.MALFORMED, "{host} does not answer in HTTP"),
    (BrokenOffError, FaultKind.CONNECT, "{host} closed the connection: {error}"),
    (ConnectionError, FaultKind.CONNECT, "{host} broke off the connection"),
    (UnicodeError, FaultKind.NAME, "{host} is not a usable host name"),
    (ValueError, FaultKind.NAME, "{host} is not a usable address ({error})"),
    (OSError, FaultKind.CONNECT, "{host} cannot be reached ({error})"),
)


def fault_of_exception(error: BaseException, host: str) -> Fault | None:
    """The fault an exception of the network stands for; None when it is none of the network's."""
    chain = list(_links(error))
    for link in chain:
        if isinstance(link, RobotsUnreachableError):
            return link.fault
    for kind_of, kind, text in _KINDS:
        for link in chain:
            if isinstance(link, kind_of):
                return Fault(kind, text.format(host=host, error=_told(link)))
    return None


_NETWORK = frozenset({FaultKind.NAME, FaultKind.CONNECT, FaultKind.TLS, FaultKind.PROXY})
_ROBOTS_UNREACHABLE = frozenset({FaultKind.TIMEOUT, FaultKind.SERVER, FaultKind.RATE_LIMITED})


def fault_of_robots(fault: Fault, host: str) -> Fault | None:
    """What one met with when asking for a robots.txt says of all else at that host; None: that there is none.

    Where there is no way to the host that is what is told. Too many requests, which says `RATE_LIMITED` too, holds up
    all of the host by itself (`HostBook`).
    """
    if fault.kind in _NETWORK:
        return replace(fault, detail=f"{fault.detail}, asked for its robots.txt")
    if fault.kind in _ROBOTS_UNREACHABLE and fault.status != HTTPStatus.TOO_MANY_REQUESTS:
        told = f"robots.txt of {host} cannot be had: {fault.detail}"
        return Fault(FaultKind.ROBOTS_LOST, told, retry_after=fault.retry_after)
    return None


def blame_proxy(fault: Fault) -> Fault:
    """Where a proxy makes the connections, it is the proxy that cannot be reached."""
    if fault.kind in {FaultKind.CONNECT, FaultKind.NAME}:
        return replace(fault, kind=FaultKind.PROXY, detail="the proxy refuses or breaks off the connection")
    return fault


def _links(error: BaseException) -> Iterator[BaseException]:
    """The exception and its causes, each once."""
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        link = queue.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        queue += [cause for cause in (link.__cause__, link.__context__) if cause is not None]


def _told(error: BaseException) -> str:
    """One printable line of an exception, bounded; OpenSSL's own words without the place in its source."""
    text = str(error) or type(error).__name__
    if isinstance(error, ssl.SSLError):  # either is set by OpenSSL, not by whoever else raises such an error
        reason = (getattr(error, "reason", None) or "").replace("_", " ").lower()
        text = getattr(error, "verify_message", None) or reason or text
    text = " ".join(text.split())
    return "".join(character for character in text if character.isprintable())[:200]


_BY_STATUS = {
    401: FaultKind.BLOCKED,
    402: FaultKind.BLOCKED,
    403: FaultKind.BLOCKED,
    404: FaultKind.GONE,
    407: FaultKind.PROXY,
    410: FaultKind.GONE,
    429: FaultKind.RATE_LIMITED,
    451: FaultKind.BLOCKED,
}
_SERVER = range(500, 600)
_REDIRECT = range(300, 400)


def fault_of_status(status: int, headers: Mapping[str, str]) -> Fault:
    """The fault a status other than 2xx and 304 stands for, with the server's wish when to come back."""
    wish = retry_after(headers.get("retry-after"), _server_time(headers))
    if status in _BY_STATUS:
        kind = _BY_STATUS[status]
    elif status == HTTPStatus.SERVICE_UNAVAILABLE and wish is not None:
        kind = FaultKind.RATE_LIMITED
    elif status in _SERVER:
        kind = FaultKind.SERVER
    else:
        kind = FaultKind.REDIRECTS if status in _REDIRECT else FaultKind.STATUS
    return Fault(kind, f"the server answered {_phrase(status)}", status=status, retry_after=wish)


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Seconds or an HTTP date, clamped to [0, 24 h]; None when absent or unreadable."""
    if value is None or not value.strip():
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return RETRY_AFTER_MAX if len(text) > _DIGITS_MAX else min(timedelta(seconds=int(text)), RETRY_AFTER_MAX)
    at = http_date(text)
    return None if at is None else min(max(at - now, timedelta(0)), RETRY_AFTER_MAX)


def http_date(value: str | None) -> datetime | None:
    """An HTTP date as aware UTC; None when absent or unreadable."""
    try:
        at = parsedate_to_datetime(value) if value else None
        if at is None:
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _server_time(headers: Mapping[str, str]) -> datetime:
    """The server's own clock where it tells it, for its dates are by that clock."""
    return http_date(headers.get("date")) or datetime.now(UTC)
