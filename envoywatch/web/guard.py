"""What stands before every page: the hosts it answers to, where a change may come from, and the security headers."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from config.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HTTP_PORTS = {"http": 80, "https": 443}


def split_listen(listen: str) -> tuple[str, int]:
    """`host:port` or `[v6]:port` as host and port."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that listen address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_listen(listen: str, password: str | None) -> None:
    """Refuse to be reachable from other machines without a password."""
    if not password and not is_loopback(split_listen(listen)[0]):
        raise UsageError(
            f"the page would listen on {listen}, which other machines can reach, without a password",
            hint="set web.password, or listen on 127.0.0.1",
        )


class HostList:
    """The names under which the page may be asked for.

    A name that merely resolves to us is not one of them: that is how a hostile page would reach a loopback service
    (DNS rebinding). A literal address cannot be rebound, so any is accepted when we listen on all of them.
    """

    def __init__(self, listen: str) -> None:
        # Port 0 is whichever was free; then any port in the header will do.
        host, self._port = split_listen(listen)
        self._names = _LOOPBACK_NAMES | {host.lower()}
        self._everywhere = host in {"0.0.0.0", "::"}  # noqa: S104 (compared with, not listened on)
        if self._everywhere:
            self._names |= {socket.gethostname().lower()}

    def allows(self, header: str) -> bool:
        """Whether a Host header names us."""
        try:
            parts = urlsplit(f"//{header}")
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.path or parts.query or parts.fragment:
            return False
        if port is not None and self._port and port != self._port:
            return False
        return host in self._names or (self._everywhere and _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_own_request(method: str, headers: Headers, scheme: str) -> bool:
    """Whether a request that changes something was made by a page of ours, by what the browser says of it.

    Sec-Fetch-Site cannot be forged by a page; browsers that do not send it send Origin with every POST. A request
    with neither is refused: nothing but a browser has business here.
    """
    if method in SAFE_METHODS:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(headers.get("origin", ""))
    return origin.scheme == scheme and _with_port(origin.netloc, scheme) == _with_port(headers["host"], scheme)


def _with_port(netloc: str, scheme: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(f"//{netloc}")
        return parts.hostname, parts.port or _HTTP_PORTS.get(scheme)
    except ValueError:
        return None, None


class Guard:
    """ASGI middleware: the Host list, the origin of changes, and the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, hosts: HostList) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on and bind the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if not self.hosts.allows(headers.get("host", "")):
            return PlainTextResponse("This host name is not served here.\n", status_code=421)
        if not is_own_request(scope["method"], headers, scope["scheme"]):
            return PlainTextResponse("Changes are accepted from this page only.\n", status_code=403)
        return None
