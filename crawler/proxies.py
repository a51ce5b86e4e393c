"""Proxies: an environment variable's name to where to connect, and what the guard can still see through one."""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crawler.guard import AddressRefusedError, is_public
from storage.model import DIRECT

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = range(1, 65536)
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")


class ProxyError(Exception):
    """The configured proxy cannot be used; the text never holds its address, which may carry a password."""


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """Where to connect, and the Proxy-Authorization header if its URL carries a name and a password."""

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def find_proxy(variable: str | None, environ: Mapping[str, str]) -> ProxyAddress | None:
    """The proxy whose URL the named variable holds; None for no name and for `direct`. Raises ProxyError."""
    if variable is None or variable == DIRECT:
        return None
    value = environ.get(variable, "").strip()
    if not value:
        raise ProxyError(f"the environment variable {variable}, which names the proxy, is not set")
    parts = urlsplit(value if "//" in value else f"http://{value}")
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if parts.scheme != "http" or not parts.hostname or port not in _PORTS:
        raise ProxyError(f"{variable} does not hold the URL of an HTTP proxy (http://host:port)")
    authorization = None
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = b"Basic " + base64.b64encode(pair.encode())
    return ProxyAddress(parts.hostname, port, authorization)


def refuse_private_name(host: str) -> None:
    """What the guard can do when the proxy looks names up: raise AddressRefusedError for what is surely not public."""
    plain = host.strip("[]").rstrip(".").lower()
    if ":" in plain:
        numeric: str | None = plain
    else:
        try:
            numeric = socket.inet_ntoa(socket.inet_aton(plain))  # decimal, octal, hex and short forms too
        except OSError:
            numeric = None
    if numeric is not None:
        if not is_public(numeric):
            raise AddressRefusedError(numeric)
    elif "." not in plain or plain.endswith(_LOCAL_NAMES):
        raise AddressRefusedError(plain)
