"""The records of a fetch: what is asked for and what came back; data without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from storage.model import USUAL, Access

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What a fetch hopes for; it decides the Accept header and which content types are not worth their bytes."""

    FEED = "feed"
    PAGE = "page"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One thing to get. What `access` does not say is the engine's; `max_size` may lower its limit."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    access: Access = USUAL
    max_size: int | None = None
    kind: Kind = Kind.ANY


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Page:
    """An answer: 2xx with its decompressed body, or 304. `url` is the last one of the redirects.

    Header names are in lower case. `permanent_redirect` is where permanent redirects alone led to, None when there
    were none. `truncated` says that the server broke off before its announced end.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    content_type: str | None = None
    permanent_redirect: str | None = None
    truncated: bool = False
