"""What the page is given by the daemon: how to read, how to review, what is configured, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

    from config.errors import Finding
    from config.model import Config
    from storage.views import ArticleLine, Evidence, Reader

T = TypeVar("T")


class Read(Protocol):
    """Runs a query function on a read-only connection, blocking: `SqliteStore.read_now` is one."""

    def __call__(self, work: Callable[[Reader], T], /) -> T:
        """What `work` returned."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration in force and where it came from. `findings` are faults of a newer file that is not in force."""

    config: Config
    file: Path | None = None
    findings: tuple[Finding, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the daemon does its work; `troubles` say in one line each why not."""

    ready: bool
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A found article, its title with what was found marked, and the place in its text that shows it best."""

    article: ArticleLine
    title: Evidence
    snippet: Evidence | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of hits, newest first; `before` goes into the next search, None when there is no more."""

    hits: tuple[SearchHit, ...] = ()
    before: int | None = None


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything outside the page. `now` is the daemon's clock, which a replay may run faster than the wall's.

    `review` writes through the daemon's one writer and raises NotStoredError; None takes a review back.
    `search` gets the query's text and the id before which to go on; it raises `alerts.watches.errors.QueryError`.
    """

    read: Read
    review: Callable[[int, str | None], Awaitable[None]]
    settings: Callable[[], Settings]
    health: Callable[[], Readiness]
    now: Callable[[], datetime]
    search: Callable[[Reader, str, int | None], SearchResult]
    listen: str = "127.0.0.1:8470"
    password: str | None = None
