"""Redirects followed by hand: where a fetch stands between its hops, and what may be carried along."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

if TYPE_CHECKING:
    from scrapy.http import Response

MAX_REDIRECTS = 10
MOVED = {301, 302, 303, 307, 308}
PERMANENT = {301, 308}
_SCHEMES = {"http", "https"}


@dataclass(slots=True)
class Hop:
    """Where a fetch stands between redirects."""

    url: str
    authorization: str | None
    seen: int = 0
    permanent: bool = True
    permanent_url: str | None = None

    def follow(self, status: int, url: str) -> None:
        """Move on; credentials stay behind when the origin changes."""
        self.seen += 1
        self.permanent = self.permanent and status in PERMANENT
        if origin_of(url) != origin_of(self.url):
            self.authorization = None
        self.url = url
        if self.permanent:
            self.permanent_url = url


def has_scheme(url: str) -> bool:
    """Whether it is an address of the web, and nothing else that a server may send us to."""
    return url.startswith(("http://", "https://")) or urlsplit(url).scheme in _SCHEMES


def redirect_target(response: Response, base: str) -> str | None:
    """The absolute target of a redirect; None when the answer is none."""
    if response.status not in MOVED:
        return None
    raw = response.headers.get(b"Location")
    if not raw:
        return None
    from w3lib.url import safe_url_string  # noqa: PLC0415 (comes with scrapy)

    target = urljoin(base, safe_url_string(raw.decode("utf-8", "replace").strip()))
    return urlunsplit(urlsplit(target)._replace(fragment=""))


def without_credentials(url: str) -> tuple[str, str | None]:
    """The URL without `user:password@`, and the header that says the same to its origin only."""
    if "@" not in url:
        return _without_fragment(url.strip()), None
    parts = urlsplit(url.strip())._replace(fragment="")
    if "@" not in parts.netloc:
        return urlunsplit(parts), None
    userinfo, _, host = parts.netloc.rpartition("@")
    token = base64.b64encode(userinfo.encode()).decode("ascii")
    return urlunsplit(parts._replace(netloc=host)), f"Basic {token}"


@lru_cache(maxsize=20_000)
def _without_fragment(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(fragment=""))


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, by which credentials are kept."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default


def told_host(url: str) -> str:
    """The host of a URL for a message: nothing of its path or credentials."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"
