"""What a digest says, as data: filled from the database, kept there as JSON, rendered by `alerts.digest`."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 (pydantic reads the annotations)
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from config.vocabulary import Level, Status  # noqa: TC001 (pydantic reads the annotations)
from storage.model import AlertKind, Change, FaultKind  # noqa: TC001 (likewise)


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert sent in this time; `review` is what a person said of it, None when nobody has looked."""

    id: int
    kind: AlertKind
    title: str
    created_at: dt.datetime
    watch: str | None = None
    source: str = ""
    url: str | None = None
    review: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One step of a meeting in this time, with the sentence that decided it."""

    at: dt.datetime
    change: Change
    before: Status | None
    after: Status
    evidence: str = ""
    language: str | None = None
    source: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class MeetingLines:
    """A meeting that changed in this time. `reports` counts the sources that say so of it.

    `originators` are those whose reports these are, independently of each other; `confirmed_by` the countries whose
    official sources confirm it, `told_at` when that it took place was first reported.
    """

    key: str
    participants: tuple[str, ...]
    level: Level
    status: Status
    date: dt.date | None
    place: str | None
    changes: tuple[ChangeLine, ...]
    reports: int = 0
    confirmed: bool = False
    disputed: bool = False
    originators: tuple[str, ...] = ()
    confirmed_by: tuple[str, ...] = ()
    told_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ArticleLine:
    """An article a watch found, with the sources of its copies, and others of its story, folded into it.

    `sources` tell that story in all, `independent` of them on grounds of their own; 0 for an article that stands alone.
    """

    title: str
    url: str | None
    source: str
    language: str | None
    published_at: dt.datetime
    copies: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sources: int = 0
    independent: int = 0


@dataclass(frozen=True, slots=True)
class WatchLines:
    """What one watch found; a watch without articles was quiet. `more` counts articles left out for length."""

    watch: str
    articles: tuple[ArticleLine, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """An alert that an expected meeting did not come; what was read decides how surely it is said."""

    title: str
    at: dt.datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class UnseenSource:
    """A source that could not be read for all (`wholly`) or part of this time; what is `official` weighs more.

    `fault` is None when it was paused or never asked; `since` when the present fault began, None once it is over.
    """

    name: str
    wholly: bool
    fault: FaultKind | None = None
    since: dt.datetime | None = None
    detail: str = ""
    failed_polls: int = 0
    official: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done in this time. `sources` are all active ones, `read` those with at least one good poll.

    The other figures are told when they are not zero.
    """

    sources: int = 0
    read: int = 0
    polls: int = 0
    failed_polls: int = 0
    entries: int = 0
    articles: int = 0
    copies: int = 0


@dataclass(frozen=True, slots=True)
class DigestData:
    """Everything a digest says about the time from `since` to `until`."""

    name: str
    since: dt.datetime
    until: dt.datetime
    counts: Counts = Counts()
    meetings: tuple[MeetingLines, ...] = ()
    alerts: tuple[AlertLine, ...] = ()
    watches: tuple[WatchLines, ...] = ()
    expected: tuple[ExpectedLine, ...] = ()
    unseen: tuple[UnseenSource, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Nothing changed, nothing was found, nothing is missed: which is news only beside what could be read."""
        found = any(watch.articles or watch.more for watch in self.watches)
        return not (self.meetings or self.alerts or self.expected or found)

    def to_json(self) -> str:
        """The inverse of `from_json`; times are ISO 8601."""
        return _adapter().dump_json(self, indent=2).decode()

    def to_data(self) -> dict[str, Any]:
        """The same as values that JSON has."""
        data: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return data

    @staticmethod
    def from_json(text: str) -> DigestData:
        """Raises ValueError when the text is not a digest."""
        return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[DigestData]:
    return TypeAdapter(DigestData)
