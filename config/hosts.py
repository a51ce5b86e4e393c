"""Whom politeness is owed: the one name by which requests, sources and learned delays of a host are gathered."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

_WELL_KNOWN = {None, 80, 443}


@lru_cache(maxsize=20_000)
def host_key(url: str) -> str:
    """The host, with both its usual ports as one; a service on another port is its own. Empty when there is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port or an address that is none: such a URL is never asked
        return ""
    host = host.rstrip(".")
    return host if port in _WELL_KNOWN else f"{host}:{port}"
