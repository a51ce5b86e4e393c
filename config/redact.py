"""Blackening of secrets in texts and URLs before they are shown, logged or stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"

_SHORTEST = 4  # shorter values stand inside innocent words and figures
_PLAIN_SCHEMES = frozenset({"http", "https", "file", "ftp"})
_KEEPS_HOST = frozenset({"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms", "ntfy", "ntfys"})
"""Apprise schemes whose host part is an address, not a token."""
_SECRET_KEYS = re.compile(
    r"(?i)(?<![a-z])(?!(?:keywords?|authors?)=)([a-z0-9_\-]*(?:token|key|password|passwd|pass|pwd|secret|auth|signature|sig|session|sid)[a-z0-9_\-]*)"
    r"=([^&#\s]+)"
)
_TOKEN = re.compile(r"(?=[^/]*\d)[A-Za-z0-9_:.%+=\-]{16,}|[A-Za-z0-9_\-]{24,}")
_HOOK = re.compile(r"(?i)((?:^|/)(?:[a-z]*hooks?|services|incoming)/).+|(\bbot)\d+:[A-Za-z0-9_-]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,30}://[^\s\"'<>`]+")


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret, as it is or URL-encoded, replaced by `***`; longer secrets go first."""
    known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
    for secret in known:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


def redact_urls(text: str) -> str:
    """The text with every URL in it redacted."""
    return text if "://" not in text else _URL.sub(lambda found: redact_url(found[0]), text)


def redact_url(url: str) -> str:
    """The URL without user, password, tokens and secret parameters; one that is no URL comes back as it is.

    Of the path of an http or https URL only what follows a web hook's words goes: articles have long and odd paths
    that must stay readable. In Apprise URLs everything goes that may be a credential, often even the host.
    """
    scheme, sep, rest = url.partition("://")
    if not sep:
        return url
    body, mark, query = rest.partition("?")
    host, slash, path = body.partition("/")
    user, at, host = host.rpartition("@")
    folded = scheme.casefold()
    if folded not in _PLAIN_SCHEMES | _KEEPS_HOST and not at:
        host = MASK if host else ""
    if folded in _PLAIN_SCHEMES | _KEEPS_HOST:
        path = _HOOK.sub(lambda found: f"{found[1] or found[2]}{MASK}", path)
        path = path if folded in _PLAIN_SCHEMES else _TOKEN.sub(MASK, path)
    elif path:
        path = MASK
    shown_user = f"{MASK}@" if user else at
    query = _SECRET_KEYS.sub(lambda found: f"{found[1]}={MASK}", query)
    return f"{scheme}://{shown_user}{host}{slash}{path}{mark}{query}"


def stored_url(url: str, secrets: Iterable[str] = ()) -> str:
    """The URL with `***` in place of its login, of parameters that open it and, behind the host, of known secrets.

    The host stays: by it requests take their turns.
    """
    scheme, sep, rest = url.partition("://")
    if not sep:
        return url
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    path, mark, query = redact(path, secrets).partition("?")
    query = _SECRET_KEYS.sub(lambda found: f"{found[1]}={MASK}", query)
    return f"{scheme}{sep}{f'{MASK}@' if login else at}{host}{slash}{path}{mark}{query}"


def secrets_of_url(url: str) -> frozenset[str]:
    """What must never be shown of a channel's URL: the whole, its password, and whatever looks like a token."""
    out = {url}
    scheme, sep, rest = url.partition("://")
    if not sep:
        return frozenset(out)
    user = urlsplit(f"//{rest}").netloc.rpartition("@")[0]
    password = user.partition(":")[2]
    out |= {password, unquote(password)}
    body, _, query = rest.partition("?")
    if scheme.casefold() not in _PLAIN_SCHEMES | _KEEPS_HOST:
        out |= {part for part in re.split(r"[/@]", body) if _TOKEN.fullmatch(part)}
    out |= set(_TOKEN.findall(body.partition("/")[2]))
    out |= {found[2] for found in _SECRET_KEYS.finditer(query)}
    return frozenset(value for value in out if len(value) >= _SHORTEST)
