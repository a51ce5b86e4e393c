"""The configuration as typed values: what may stand in `envoywatch.yaml`, with its defaults and limits.

Only shapes and limits that can be judged field by field live here; positions, environment references, included
files and checks across fields are `config.load`'s.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from config.durations import Duration
from config.fields import Country, Language, Name, QuietHours, Strict, Zone, ZonedTime
from config.folders import tidy_folder
from config.sizes import Size
from config.vocabulary import EndpointKind, Level, Role, Send, Status, Urgency
from config.watch_options import Budget, Moment, Only, Score

_HTTP_URL = re.compile(r"https?://[^\s/]+", re.IGNORECASE)
_PLAIN_URL = re.compile(r"https?://[\w.-]+(?:[/?#]|$)", re.IGNORECASE)
UserAgent = Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[\x21-\x7e][\x20-\x7e]+$")]


def _is_web_address(url: str) -> bool:
    """Whether it can be asked for; nearly all of a long list are plain."""
    if _PLAIN_URL.match(url):
        return True
    try:
        parts = urlsplit(url)
        return _HTTP_URL.match(url) is not None and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket without its other half, a port that is no number
        return False


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(
            "write the name of an environment variable that holds the proxy's URL, as KYIV_PROXY, or `direct` for none"
        )
    return name


Proxy = Annotated[str, AfterValidator(_variable)]
"""Only its variable's name stands in the configuration and in the database: a proxy's URL may carry a password."""


Folder = Annotated[str, Field(max_length=300), AfterValidator(tidy_folder), Field(min_length=1)]
"""Where a feed reader would file it, as `Europe/Capitals`; kept from OPML to OPML, of no other meaning here."""


class Storage(Strict):
    """Where the database lies (a relative path starts at the configuration file's folder) and what of it is kept.

    Articles first seen longer ago than `keep` go, and the oldest when the database is larger than `max_size`; without
    either all are kept. What an alert or a meeting cites is never deleted.
    """

    path: Path = Path("envoywatch.db")
    keep: Annotated[Duration, Field(ge=timedelta(days=7))] | None = None
    max_size: Annotated[Size, Field(ge=2**20)] | None = None


class Crawl(Strict):
    """How politely and how often sources are asked.

    `spiders` is a folder of the operator's own Scrapy spiders; a relative path starts at the configuration's folder.
    """

    user_agent: UserAgent = "Envoywatch (+https://example.org/contact)"
    interval: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(minutes=5)
    min_interval: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=60)
    max_interval: Annotated[Duration, Field(gt=timedelta(0))] | None = None
    urgent_interval: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=90)
    per_host: Annotated[int, Field(ge=1, le=64)] = 2
    delay: Duration = timedelta(seconds=1)
    timeout: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(seconds=60))] = timedelta(seconds=30)
    max_size_mb: Annotated[float, Field(gt=0, le=64)] = 8.0
    articles: bool = True
    private_addresses: bool = False
    obey_robots: bool = True
    proxy: Proxy | None = None
    spiders: Path | None = None


class Web(Strict):
    """Where the page is served; `listen: off` serves none."""

    listen: str = "127.0.0.1:8470"
    password: str | None = None

    @field_validator("listen", mode="before")
    @classmethod
    def _listen(cls, value: Any) -> Any:
        if value is False or value == "off":
            return "off"
        if not isinstance(value, str) or not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:]+):\d{1,5}", value):
            raise ValueError("write host:port, as 127.0.0.1:8470")
        if int(value.rpartition(":")[2]) > 65535:  # noqa: PLR2004 (the highest TCP port)
            raise ValueError("the port is above 65535")
        return value


class Endpoint(Strict):
    """One URL of a source and how to read it."""

    kind: EndpointKind
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    links: str | None = None
    next_page: str | None = None
    pages: Annotated[int, Field(ge=1, le=20)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_as_key(cls, value: Any) -> Any:
        """Accept the short form `{feed: URL}` beside `{kind: feed, url: URL}`."""
        if not isinstance(value, dict) or "kind" in value:
            return value
        kinds = [kind for kind in EndpointKind if kind.value in value]
        if len(kinds) != 1:
            names = " | ".join(EndpointKind)
            raise ValueError(f"an endpoint has exactly one of {names}, as in `- feed: https://example.org/rss`")
        rest = {key: item for key, item in value.items() if key != kinds[0].value}
        return {"kind": kinds[0].value, "url": value[kinds[0].value], **rest}

    @model_validator(mode="after")
    def _fits(self) -> Endpoint:
        if self.kind is not EndpointKind.SPIDER and not _is_web_address(self.url):
            raise ValueError(f"{self.url!r} is not an http or https URL")
        for name in ("links", "next_page", "pages"):
            if getattr(self, name) is not None and self.kind is not EndpointKind.LISTING:
                what = "a number" if name == "pages" else "a CSS selector"
                raise ValueError(f"`{name}` ({what}) belongs to a listing")
        return self


class Source(Strict):
    """Something we read, with its endpoints in order of preference."""

    name: Name
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    language: Language | None = None
    country: Country | None = None
    role: Role = Role.MEDIA
    interval: Annotated[Duration, Field(gt=timedelta(0))] | None = None
    max_interval: Annotated[Duration, Field(gt=timedelta(0))] | None = None
    private_addresses: bool | None = None
    articles: bool | None = None
    paused: bool = False
    user_agent: UserAgent | None = None
    proxy: Proxy | None = None
    obey_robots: bool | None = None
    verify_tls: bool = True
    time_zone: Zone | None = None
    folder: Folder | None = None


class Office(Strict):
    """What a person held, from when to when (both ends included; none: open)."""

    title: Name
    country: Country | None = None
    level: Level
    envoy: bool = False
    start: date | None = Field(default=None, alias="from")
    end: date | None = Field(default=None, alias="until")

    @model_validator(mode="after")
    def _order(self) -> Office:
        if self.start and self.end and self.end < self.start:
            raise ValueError("`until` lies before `from`")
        return self


class PersonEntry(Strict):
    """A person the operator adds or corrects; `forms` are written names by language."""

    name: Name
    offices: tuple[Office, ...] = ()
    forms: dict[Language, tuple[Name, ...]] = Field(default={})


class MeetingSpec(Strict):
    """Which changes of the ledger a watch or a clock is about; what is not said is not asked for.

    A watch may ask that official sources of one side (`either`) or of `both` confirm it, or that so many `reports` are
    independent of each other. It is told when the meeting is `overdue` if it names people, unless it says otherwise;
    and, if it asks, when for so long (`silence`) no official source has confirmed what was reported.
    """

    guest: str | None = None
    between: tuple[str, ...] | None = None
    level: Level | None = None
    status: Annotated[tuple[Status, ...], Field(min_length=1)] = (Status.HELD, Status.UNDER_WAY)
    confirmed: Literal["either", "both"] | None = None
    reports: Annotated[int, Field(ge=1, le=100)] = 1
    overdue: bool | None = None
    silence: Annotated[Duration, Field(ge=timedelta(minutes=1))] | None = None

    @field_validator("status", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("between")
    @classmethod
    def _two_sides(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and len(set(value)) < 2:  # noqa: PLR2004 (a meeting has two sides)
            raise ValueError("name at least two different people")
        return value


class Watch(Strict):
    """A saved query, a sum of weighted ones, or a kind of change of the ledger, and what to do on a match."""

    name: Name
    query: str | None = None
    score: Score | None = None
    meeting: MeetingSpec | None = None
    send: Send = Send.DIGEST
    channels: tuple[str, ...] = ()
    only: Only | None = None
    min_sources: Annotated[int, Field(ge=1, le=100)] = 1
    urgency: Urgency | None = None
    quiet: QuietHours | None = None
    at_most: Budget | None = None
    mute: Moment | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Watch:
        if self.meeting is not None and self.score is not None:
            raise ValueError("a `score` counts words; a watch of meetings has none")
        if self.is_about_words == (self.meeting is not None):
            raise ValueError("a watch has either `query` or `meeting` (or a `score`)")
        return self

    @property
    def is_about_words(self) -> bool:
        """Whether it looks at what articles say, rather than at the ledger."""
        return self.query is not None or self.score is not None


class Expectation(Strict):
    """A clock: tell me if it has not happened by then."""

    name: Name
    meeting: MeetingSpec
    by: datetime
    channels: tuple[str, ...] = ()

    @field_validator("by")
    @classmethod
    def _aware(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("give the time with its zone, as 2023-05-27T18:00:00+03:00")
        return value


class Channel(Strict):
    """A way out: an Apprise URL, with quiet hours and the channel that stands in when this one is dead.

    `secret` signs what is posted to a webhook; `self_test` asks for a message though nothing has happened.
    """

    url: Annotated[str, Field(min_length=1)]
    secret: Annotated[str, Field(min_length=1)] | None = None
    quiet: QuietHours | None = None
    fallback: str | None = None
    self_test: Literal["daily", "weekly"] | None = None


class Digest(Strict):
    """A periodic summary."""

    name: Name
    at: ZonedTime
    channels: tuple[str, ...] = ()


class Include(Strict):
    """A CSV or OPML file of sources; a relative path starts at the configuration file's folder."""

    include: Path


class Health(Strict):
    """When a source counts as lost, and who is told that one is lost or read again.

    `lost_after` is in intervals without success. Without `channels` it is the first one of the file that is told, also
    of what strains the whole operation. `heartbeat` is asked for once a minute while all is at work, so that a monitor
    elsewhere notices our silence.
    """

    lost_after: Annotated[float, Field(ge=1, le=1000)] = 3.0
    official_lost_after: Annotated[float, Field(ge=1, le=1000)] | None = None
    channels: tuple[str, ...] | None = None
    every: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(hours=1)
    heartbeat: Annotated[str, Field(max_length=2000)] | None = None

    @field_validator("heartbeat")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not _HTTP_URL.match(value):
            raise ValueError("write the http or https URL that is asked for once a minute")  # it may be a secret
        return value


class CatalogueChoice(Strict):
    """Built-in sources by country (`ru`), language (`lang:ru`), role (`role:official`), `name:TASS (en)` or `all`.

    Joined by a plus, as `ru+role:official`, all must apply.
    """

    catalogue: Annotated[tuple[str, ...], Field(min_length=1)]


def _by_name(value: Any) -> Any:
    return {} if value is None else value


class Config(Strict):
    """The whole file. After `config.load` the includes and catalogues are already among `sources`."""

    storage: Storage = Storage()
    crawl: Crawl = Crawl()
    web: Web = Web()
    sources: tuple[Source, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    groups: Annotated[dict[str, tuple[str, ...]], BeforeValidator(_by_name)] = Field(default={})
    watches: tuple[Watch, ...] = ()
    expect: tuple[Expectation, ...] = ()
    channels: Annotated[dict[str, Channel], BeforeValidator(_by_name)] = Field(default={})
    digests: tuple[Digest, ...] = ()
    health: Health = Health()

    def lost_after(self, source: Source) -> float:
        """After how many intervals without success that source is lost."""
        official = self.health.official_lost_after if source.role is Role.OFFICIAL else None
        return self.health.lost_after if official is None else official

    @property
    def health_channels(self) -> tuple[str, ...]:
        """Who is told that sources are lost or back."""
        return self.health.channels if self.health.channels is not None else tuple(self.channels)[:1]

    def interval_of(self, source: Source) -> timedelta:
        """The source's own interval or the general one, never under `min_interval`."""
        return max(source.interval or self.crawl.interval, self.crawl.min_interval)

    def max_interval_of(self, source: Source) -> timedelta | None:
        """How far the interval may be lengthened, never under the interval itself; None where nothing is said."""
        longest = source.max_interval or self.crawl.max_interval
        return None if longest is None else max(longest, self.interval_of(source))


def _kind_of_item(value: Any) -> str:
    """Which of the three an item of `sources` means to be, so that only the faults of that one are told."""
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, BaseModel) else ()
    return next((kind for kind in ("include", "catalogue") if kind in keys), "source")


SourceItem = Annotated[
    Annotated[Source, Tag("source")]
    | Annotated[Include, Tag("include")]
    | Annotated[CatalogueChoice, Tag("catalogue")],
    Discriminator(_kind_of_item),
]


class RawConfig(Config):
    """The file as written, before includes and catalogues are expanded."""

    sources: tuple[SourceItem, ...] = ()  # type: ignore[assignment]  # wider than what it becomes


DigestFormat = Literal["text", "html", "markdown", "json"]
