"""What the page is given by the daemon: how to read, how to review, what is configured, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from storage.views_search import Facets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from config.errors import Finding
    from config.model import Config, Source
    from crawler.discovery import Found
    from envoywatch.source_trial import Trial
    from storage.views import ArticleFilters, ArticleLine, Evidence, Reader

T = TypeVar("T")


class Read(Protocol):
    """Runs a query function on a read-only connection, blocking: `SqliteStore.read_now` is one."""

    def __call__(self, work: Callable[[Reader], T], /) -> T:
        """What `work` returned."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration in force and where it came from.

    `findings` are faults of a newer file that was `refused`, else of sources that are left out of the one in force.
    """

    config: Config
    file: Path | None = None
    findings: tuple[Finding, ...] = ()
    read_at: datetime | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the daemon does its work; `troubles` say in one line each why not, or what strains it."""

    ready: bool
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A found article, its title with what was found marked, and the place in its text that shows it best."""

    article: ArticleLine
    title: Evidence
    snippet: Evidence | None


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked for: a query's text, filters, the order, and where to go on. `most` texts are read for it."""

    query: str
    filters: ArticleFilters
    sort: str | None = None
    skip: int = 0
    limit: int = 30
    most: int = 2_000


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of hits with counts; `before` or `skip` goes into the next search, both None when there is no more.

    `total` is a number below the true one unless `is_total`; `facets` are of `counted` of them, the newest.
    """

    hits: tuple[SearchHit, ...] = ()
    before: int | None = None
    skip: int | None = None
    total: int = 0
    is_total: bool = True
    facets: Facets = field(default_factory=Facets)
    counted: int = 0
    sort: str = "newest"
    looked_at: int = 0
    warnings: tuple[str, ...] = ()


class Taken(Protocol):
    """Has the configuration taken that is in the file."""

    async def __call__(self, *, wholly: bool) -> None:
        """Return when the page knows it, or when all of the daemon does."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the page needs for changing the configuration and for asking sources.

    `taken` has the daemon take the file as it is now; what is polled and matched follows in a moment, `wholly` waits
    for that. `poll` says whether the source of that name was free to be polled, None when that takes long. `discover`
    and `try_source` ask the network and record nothing; they raise EnvoywatchError.
    """

    file: Path
    environ: Mapping[str, str]
    database: Path
    taken: Taken
    poll: Callable[[str], Awaitable[bool | None]]
    discover: Callable[[str], Awaitable[Found]]
    try_source: Callable[[Source], Awaitable[Trial]]


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything outside the page. `now` is the daemon's clock, which a replay may run faster than the wall's.

    `review` writes through the daemon's one writer and raises NotStoredError; None takes a review back.
    `search` raises `alerts.watches.errors.QueryError`.
    """

    read: Read
    review: Callable[[int, str | None], Awaitable[None]]
    settings: Callable[[], Settings]
    health: Callable[[], Readiness]
    now: Callable[[], datetime]
    search: Callable[[Reader, SearchRequest], SearchResult]
    listen: str = "127.0.0.1:8470"
    password: str | None = None
    tuning: Tuning | None = None
