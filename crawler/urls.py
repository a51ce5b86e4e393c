"""One address per page: canonical URLs, by which an entry is known in every disguise."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from url_normalize import url_normalize

URL_MAX = 2_000
_SCHEMES = {"http", "https"}
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#;]*", re.IGNORECASE)
_SESSION_VALUE = re.compile(r"[0-9a-f]{16,}|[0-9a-z]{26,}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ufeff\ud800-\udfff]")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\]")

_SEGMENT = r"(?!\.{1,2}(?:[/?]|$))[A-Za-z0-9._:~-]+"
_VALUE = r"[A-Za-z0-9._-]+=[A-Za-z0-9._-]*"
_PLAIN = re.compile(
    r"(https?://[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+)"
    rf"(/+(?:{_SEGMENT}/+)*(?:{_SEGMENT})?)(?:\?({_VALUE}(?:&{_VALUE})*))?"
)
"""What is normal already but for its parameters: most links, and normalising takes ten times as long as to see it."""
_SLASHES = re.compile("//+")


def canonical_url(url: str | None, base: str | None = None) -> str | None:
    """The one form of an http(s) URL: without tracking, session, default port and fragment (`#!` routes stay).

    None for what cannot be read over http: another scheme, no host, too long. Idempotent.
    """
    if not url or len(url) > 2 * URL_MAX:
        return None
    try:
        absolute = _uncached(urljoin(base or "", _spaces(url)))
        if urlsplit(absolute).scheme.lower() not in _SCHEMES:
            return None
        normal = _normal(absolute)
    except (ValueError, UnicodeError, IndexError):
        return None
    return normal if normal is not None and len(normal) <= URL_MAX else None


_CACHED = re.compile(
    r"https?://(?:www\.google\.[a-z.]+/amp/|[a-z0-9-]+\.cdn\.ampproject\.org/[cv]/|www\.bing\.com/amp/)(s/)?(.+)",
    re.IGNORECASE,
)
"""Search engines' own copies of AMP pages: `s/` stands for https, then comes the address."""


def _spaces(url: str) -> str:
    """Controls and line breaks inside a link are accidents of its mark-up; a space between words is meant."""
    kept = re.sub(r"[\t\r\n]+\s*", "", url.strip())
    return _CONTROL.sub("", kept.replace(" ", "%20"))


def _uncached(url: str) -> str:
    """The address that a search engine's copy is of; copies of copies, too."""
    while (found := _CACHED.match(url)) and "." in found[2].partition("/")[0]:
        url = f"http{'s' if found[1] else ''}://{found[2]}"
    return url


def _normal(url: str) -> str | None:
    if (plain := _PLAIN.fullmatch(url)) is not None:
        path, query = _SLASHES.sub("/", plain[2]), _query(plain[3] or "")
        return f"{plain[1]}{path}?{query}" if query else f"{plain[1]}{path}"
    return _normalised(url)


def _normalised(url: str) -> str | None:
    parts = urlsplit(url)
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    plain = url_normalize(urlunsplit(parts._replace(fragment="")))
    if not plain:
        return None
    parts = urlsplit(plain)
    host = (parts.hostname or "").rstrip(".").lower()
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host):
        return None
    default = 443 if parts.scheme == "https" else 80
    netloc = host if parts.port in {None, default} else f"{host}:{parts.port}"
    path = quote(_SESSION_IN_PATH.sub("", parts.path), safe="/%!$&'()*+,;=:@~") or "/"
    query = quote(_query(parts.query), safe="/%!$&'()*+,;=:@~?")
    return urlunsplit((parts.scheme.lower(), netloc, path, query, quote(fragment, safe="/%!$&'()*+,;=:@~?")))


def _query(query: str) -> str:
    """Without tracking and session parameters; in order of names when all have one, for servers do not mind."""
    kept = [part for part in query.split("&") if part and not _is_noise(part)]
    return "&".join(sorted(kept) if all("=" in part for part in kept) else kept)


def _is_noise(part: str) -> bool:
    name, _, value = part.partition("=")
    name = unquote(name).lower()
    if name in {"sid", "s", "session"}:
        return bool(_SESSION_VALUE.fullmatch(value))
    names, prefixes = _tracking()
    return name in names or name.startswith(prefixes)


@cache
def _tracking() -> tuple[frozenset[str], tuple[str, ...]]:
    text = files("crawler").joinpath("data/tracking-parameters.txt").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    exact = frozenset(line for line in lines if not line.endswith("*"))
    return exact, tuple(line[:-1] for line in lines if line.endswith("*"))
