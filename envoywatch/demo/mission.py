"""The demo's mission as data: invented outlets and their articles, read from the YAML files beside this module.

Texts that several outlets carry are written once; a copy names its original and, if edited, the words that changed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from config.data_yaml import parse_data
from config.errors import EnvoywatchError
from config.vocabulary import LANGUAGES, Level, Role, Status

if TYPE_CHECKING:
    from datetime import datetime

_ARTICLE_FILES = tuple(f"articles_{language}.yaml" for language in LANGUAGES)


class MissionError(EnvoywatchError):
    """The bundled mission contradicts itself."""


class Trouble(StrEnum):
    """What a broken outlet sends in place of its feed."""

    SIGN_IN = "sign-in"  # an HTML page with a form, as hotels and paywalls do
    MALFORMED = "malformed"  # XML that breaks off before its first entry


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Outlet(_Record):
    """An invented outlet, and what is peculiar about its server.

    `listing` is the CSS selector of the links on its front page, for an outlet without a feed. `tracking` adds campaign
    parameters to the feed's links; `gone_at` is when the feed starts to answer 404; `lag_s` are real seconds.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: str
    language: Literal["en", "zh", "ru", "uk", "de", "fr", "pl", "es"]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    role: Role
    feed: Literal["rss", "atom"] | None = None
    listing: str | None = None
    encoding: Literal["utf-8", "windows-1251", "gb18030"] = "utf-8"
    tracking: bool = False
    trouble: Trouble | None = None
    gone_at: AwareDatetime | None = None
    lag_s: Annotated[float, Field(ge=0, le=5)] = 0.0

    @model_validator(mode="after")
    def _one_way_in(self) -> Outlet:
        if (self.feed is None) == (self.listing is None):
            raise ValueError(f"outlet {self.key} needs either a feed or a listing")
        return self


class _Entry(_Record):
    """An article as written in the file; a copy has `copy_of` in place of a text."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    outlet: str
    at: AwareDatetime
    title: str | None = None
    text: str | None = None
    copy_of: str | None = None
    edits: dict[str, str] = {}

    @model_validator(mode="after")
    def _own_or_copied(self) -> _Entry:
        if (self.text is None) == (self.copy_of is None):
            raise ValueError(f"article {self.id} needs either a text or copy_of")
        if self.text is not None and (self.title is None or self.edits):
            raise ValueError(f"article {self.id} has its own text: it needs a title and no edits")
        return self


class _Header(_Record):
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    outlets: Annotated[tuple[Outlet, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one outlet. `copy_of` names the article whose text it carries; `edited` says not word for word."""

    id: str
    outlet: Outlet
    at: datetime
    title: str
    paragraphs: tuple[str, ...]
    copy_of: str | None = None
    edited: bool = False

    @property
    def summary(self) -> str:
        """What the feed shows: the first two paragraphs."""
        return " ".join(self.paragraphs[:2])

    @property
    def path(self) -> str:
        """Where the page lies on the demo's server."""
        return f"/{self.outlet.key}/{self.at:%Y/%m/%d}/{self.id}.html"


@dataclass(frozen=True)
class Mission:
    """Everything the demo's server shows between `starts_at` and `ends_at`; articles in order of time.

    Articles older than `starts_at` are what a reader finds on the first visit.
    """

    starts_at: datetime
    ends_at: datetime
    outlets: tuple[Outlet, ...]
    articles: tuple[Article, ...]

    @cached_property
    def by_path(self) -> dict[str, Article]:
        """Articles by the path of their page."""
        return {article.path: article for article in self.articles}

    def published(self, outlet: Outlet, now: datetime) -> tuple[Article, ...]:
        """What the outlet has published by `now`, newest first."""
        return tuple(a for a in reversed(self.articles) if a.outlet.key == outlet.key and a.at <= now)


class ExpectedClaim(_Record):
    """What a reader of the article would say it claims: the principals' English names, the level and the status."""

    who: Annotated[tuple[str, ...], Field(min_length=2)]
    level: Level
    status: Status


class ExpectedMeeting(ExpectedClaim):
    """A meeting as the ledger should know it at the end."""

    place: str | None = None


class ExpectedAlerts(_Record):
    """How many alerts of a kind are right, `at_least` to `at_most`."""

    at_least: Annotated[int, Field(ge=0)]
    at_most: Annotated[int, Field(ge=0)]


class Expected(_Record):
    """What a watchful reader of the whole mission would find; the demo is measured against it.

    `claims` has every article that mentions a meeting, in the order of telling; `may_alert` has those whose report may
    move the audience watch. An article in neither must stay silent.
    """

    articles: int
    copies: int
    edited_copies: int
    faulty_outlets: tuple[str, ...]
    alerts: dict[str, ExpectedAlerts]
    meetings: tuple[ExpectedMeeting, ...]
    claims: dict[str, tuple[ExpectedClaim, ...]]
    may_alert: frozenset[str]


def read_mission() -> Mission:
    """The bundled mission; raises MissionError when its files contradict each other."""
    try:
        header = _Header.model_validate(_yaml("mission.yaml"))
        entries = TypeAdapter(tuple[_Entry, ...]).validate_python(
            [entry for name in _ARTICLE_FILES for entry in _yaml(name)],
        )
    except ValidationError as error:
        raise MissionError(f"the demo's mission is damaged: {error}") from error
    outlets = {outlet.key: outlet for outlet in header.outlets}
    doubled = [name for name, count in Counter(entry.id for entry in entries).items() if count > 1]
    if doubled or len(outlets) != len(header.outlets):
        raise MissionError(f"the demo's mission has ids twice: {', '.join(doubled) or 'among the outlets'}")
    originals = {entry.id: entry for entry in entries if entry.text is not None}
    articles = sorted((_article(entry, outlets, originals) for entry in entries), key=lambda a: (a.at, a.id))
    return Mission(header.starts_at, header.ends_at, header.outlets, tuple(articles))


def read_expected() -> Expected:
    """What the bundled mission should be found to contain."""
    return Expected.model_validate(_yaml("expected.yaml"))


def _yaml(name: str) -> Any:
    text = files("envoywatch.demo").joinpath(name).read_text(encoding="utf-8")
    return parse_data(text)


def _article(entry: _Entry, outlets: dict[str, Outlet], originals: dict[str, _Entry]) -> Article:
    if entry.outlet not in outlets:
        raise MissionError(f"article {entry.id} names an unknown outlet, {entry.outlet}")
    original = originals.get(entry.copy_of) if entry.copy_of else entry
    if original is None or original.at > entry.at:
        raise MissionError(f"article {entry.id} copies {entry.copy_of}, which is no earlier article with a text")
    text = original.text or ""
    for old, new in entry.edits.items():
        if old not in text:
            raise MissionError(f"article {entry.id} edits words that its original has not: {old!r}")
        text = text.replace(old, new)
    return Article(
        id=entry.id,
        outlet=outlets[entry.outlet],
        at=entry.at,
        title=entry.title or original.title or "",
        paragraphs=tuple(line.strip() for line in text.splitlines() if line.strip()),
        copy_of=entry.copy_of,
        edited=bool(entry.edits),
    )
