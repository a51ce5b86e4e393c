"""Whom politeness is owed: the one name by which requests, sources and learned delays of a host are gathered."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

_WELL_KNOWN = {None, 80, 443}
_PLAIN = re.compile(r"https?://([a-z0-9.-]*[a-z0-9])/", re.ASCII)
"""As nearly all are written; a quarter of the time that taking an address apart takes, which 100,000 sources feel."""


@lru_cache(maxsize=20_000)
def host_key(url: str) -> str:
    """The host, with both its usual ports as one; a service on another port is its own. Empty when there is none."""
    if plain := _PLAIN.match(url):
        return plain[1]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port or an address that is none: such a URL is never asked
        return ""
    host = host.rstrip(".")
    return host if port in _WELL_KNOWN else f"{host}:{port}"
