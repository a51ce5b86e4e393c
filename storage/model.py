"""The records that travel between the stages, each defined once; data without I/O.

All times are aware and UTC. The names tell where in the flow a record stands: a `Lease` is a source that may be
polled now, a `Poll` what came of it, an `Entry` one item as the source gave it, a `Reading` an entry with its text,
claims, an `Outcome` what was decided about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from config.agencies import outlet_of
from config.vocabulary import EndpointKind, Level, Role, Status, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def to_text(moment: datetime) -> str:
    """UTC ISO 8601 with microseconds and `Z`: sorts as text in the order of time."""
    return _utc_text(moment if moment.tzinfo is UTC else moment.astimezone(UTC))


@lru_cache(maxsize=1024)  # an article, its decisions and its messages are written with the same few times
def _utc_text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def from_text(text: str) -> datetime:
    """The inverse of `to_text`; raises ValueError on anything else that is not ISO 8601."""
    return datetime.fromisoformat(text).astimezone(UTC)


# ---------------------------------------------------------------- polling


class FaultKind(StrEnum):
    """Why a source, or a page, could not be read. Each is told with what to do about it."""

    ADDRESS = "address-refused"  # not a public address, and private_addresses is off
    NAME = "name-not-found"  # the host has no address
    CONNECT = "no-connection"  # refused, reset, unreachable
    TIMEOUT = "too-slow"
    TLS = "certificate"
    PROXY = "proxy"  # the configured one is not set, not reachable, or refuses
    ROBOTS = "robots-forbid"
    ROBOTS_LOST = "robots-unreachable"  # what it forbids is not known, and so nothing may be asked for
    BLOCKED = "blocked"  # 401, 403 and the like
    GONE = "gone"  # 404, 410
    RATE_LIMITED = "rate-limited"  # 429, or 503 with Retry-After
    SERVER = "server-error"  # 5xx
    STATUS = "unexpected-status"
    REDIRECTS = "redirects"  # too many, or to a scheme that is not http(s)
    TOO_LARGE = "too-large"
    EMPTY = "empty"
    NOT_A_FEED = "not-a-feed"
    NO_PREVIEW = "no-preview"  # a Telegram channel that shows its posts to members only, or is none
    MALFORMED = "malformed"
    NO_LINKS = "no-links"  # a listing whose selector finds nothing
    SPIDER = "spider"  # the operator's own code is not there, does not load, or fails
    INTERNAL = "internal-error"  # ours; the log has the traceback


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure as a value. `detail` is a line for a person; `retry_after` is the server's own wish."""

    kind: FaultKind
    detail: str
    status: int | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL of a source, its kind, and for a listing the CSS selectors of its links and of the link to its next page.

    `pages` is how many of them are read at most; None leaves that to the crawler.
    """

    kind: EndpointKind
    url: str
    links: str | None = None
    next_page: str | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the validators of an endpoint may be trusted, as learned from answers to unconditional requests.

    `agreed` counts those in a row in which validators and content agreed, `moved` tells that they were seen to change
    together, `lied` names the headers that stayed as they were when the content changed. `whole_at` is the last such
    answer's time.
    """

    agreed: int = 0
    moved: bool = False
    lied: tuple[str, ...] = ()
    whole_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What lets the next poll of an endpoint be skipped cheaply.

    The server's two with their proof, our own hash of the last body read, and the marks of its items whose entries are
    stored (`crawler/cutting.py` knows what they mean). An endpoint `at_fault` is asked unconditionally, because a 304
    says nothing of what was wrong with it.
    """

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    proof: Proof = Proof()
    seen: bytes = b""
    at_fault: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """How a source's servers are asked, where that differs from the general rules; None leaves it to those.

    `proxy` is the name of an environment variable, never an address: an address may carry a password, and this record
    is kept in the database. `direct` goes without a proxy.
    """

    private_addresses: bool = False
    obey_robots: bool | None = None
    user_agent: str | None = None
    proxy: str | None = None
    verify_tls: bool = True


USUAL = Access()
DIRECT = "direct"


LOST_AFTER: Final = 3.0
"""A source is lost after so many intervals without success, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as configured, in the form storage keeps; it is lost after `lost_after` intervals without success."""

    name: str
    endpoints: tuple[Endpoint, ...]
    interval: timedelta
    role: Role = Role.MEDIA
    language: str | None = None
    country: str | None = None
    articles: bool = True
    private_addresses: bool = False
    paused: bool = False
    obey_robots: bool | None = None
    user_agent: str | None = None
    proxy: str | None = None
    verify_tls: bool = True
    lost_after: float = LOST_AFTER
    time_zone: str | None = None
    max_interval: timedelta | None = None
    """How far its own rhythm and its server may lengthen the interval; None: twice the interval."""

    @property
    def access(self) -> Access:
        """How its servers are asked."""
        return Access(self.private_addresses, self.obey_robots, self.user_agent, self.proxy, self.verify_tls)


@dataclass(frozen=True, slots=True)
class EndpointState:
    """How an endpoint has fared: failures in a row, until when it rests, whether it ever delivered.

    `memory` is what reading its page taught (`crawler/learning.py` knows what it means).
    """

    failures: int = 0
    retry_at: datetime | None = None
    delivered: bool = False
    memory: str = ""


class Pace(StrEnum):
    """Why the next poll of a source comes when it does."""

    INTERVAL = "interval"  # as configured
    SELDOM = "seldom"  # it seldom has something new: asked less often
    OVERFLOW = "overflow"  # much or all of what it showed was new, more may have scrolled off: asked sooner
    FRESH = "fresh"  # its server or the feed itself says that the answer holds so long
    EXPECTED = "expected"  # a meeting that concerns it is expected about now
    BACK_OFF = "back-off"  # it failed
    RETRY_AFTER = "retry-after"  # its server said when to come back


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a source has published so far: `rate` is new entries an hour, None before the second good poll."""

    rate: float | None = None
    first_ok_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NextPoll:
    """When a source is due again and why; `interval` is the time until then before it was spread.

    `rate` is the learned rate to keep, None to leave the stored one.
    """

    at: datetime
    interval: timedelta
    pace: Pace
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A source taken for one poll; `validators` and `endpoints` have one element per endpoint."""

    source_id: int
    spec: SourceSpec
    validators: tuple[Validators, ...]
    position: int
    failures: int
    first_poll: bool
    until: datetime
    endpoints: tuple[EndpointState, ...] = ()
    rhythm: Rhythm = Rhythm()
    host: str = ""


@dataclass(frozen=True, slots=True)
class HostState:
    """What politeness has learned of a host; in real time, also in a replay.

    `delay` is the gap its answers' slowness asks for, `robots_delay` the one of its robots.txt. Nothing is asked of it
    before `back_off_until`, after `refusals` answers in a row that said we ask too often.
    """

    host: str
    delay: timedelta = timedelta(0)
    robots_delay: timedelta = timedelta(0)
    latency: timedelta | None = None
    back_off_until: datetime | None = None
    refusals: int = 0


class PollOutcome(StrEnum):
    """The three ends of a poll."""

    UNCHANGED = "unchanged"
    ENTRIES = "entries"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as the source gave it, its texts plain (no mark-up), its link canonical.

    `published_at` is what the source claims, None when it claims nothing readable. `content` is the full text when the
    feed carries it, else empty. `zoneless` says that `published_at` was told without its zone, and taken for UTC.
    """

    url: str | None
    guid: str | None
    title: str
    summary: str = ""
    content: str = ""
    author: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    zoneless: bool = False


@dataclass(frozen=True, slots=True)
class Poll:
    """What came of polling one source: one per lease, whatever happened.

    `validators` are those to keep for the endpoint at `position`; None leaves the stored ones. `passed_over` are the
    faults of the endpoints tried before this one. `fresh_for` is how long the server says its answer holds, `period`
    how often the feed itself claims to change. `cut`
    counts items of the answer that were seen before as they are, and are not among the `entries`. `rests` says until
    when endpoints that failed again and again are left alone; `memory` is what this endpoint's page taught, None when
    nothing new.
    """

    source_id: int
    position: int
    url: str
    started_at: datetime
    took: timedelta
    outcome: PollOutcome
    status: int | None = None
    size: int = 0
    entries: tuple[Entry, ...] = ()
    validators: Validators | None = None
    fault: Fault | None = None
    passed_over: tuple[tuple[int, Fault], ...] = ()
    fresh_for: timedelta | None = None
    notes: tuple[str, ...] = ()
    cut: int = 0
    rests: tuple[tuple[int, datetime], ...] = ()
    memory: str | None = None
    period: timedelta | None = None

    @property
    def held(self) -> int:
        """How many entries the answer held, seen ones included."""
        return len(self.entries) + self.cut


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """A stored entry whose article has yet to be read."""

    id: int
    source_id: int
    spec: SourceSpec
    entry: Entry
    seen_at: datetime
    first_poll: bool
    attempts: int
    article_url: str
    own_page: bool


class TextOrigin(StrEnum):
    """Where the text of an article came from, or why there is none."""

    PAGE = "page"
    FEED = "feed"
    TITLE = "title-only"


@dataclass(frozen=True, slots=True)
class Text:
    """The readable part of an article. `reason` says why it is not the page's own text, or not all of it.

    `title` is the feed's where it has one, `page_title` the page's own, to tell a headline that was changed there.
    """

    title: str
    text: str
    language: str | None
    origin: TextOrigin
    url: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    reason: str = ""
    zoneless: bool = False
    page_title: str = ""


class Field(StrEnum):
    """The part of an article in which a span lies."""

    TITLE = "title"
    TEXT = "text"


class Span(NamedTuple):
    """Characters `start` to `end` (Python indices, end excluded) of one field of the article as stored.

    A tuple, as `Match` is: hundreds are made of an article, each in half the time that a frozen dataclass takes.
    """

    field: Field
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """What watches and the detector look at. `published_at` is the best known time of publication."""

    title: str
    text: str
    language: str | None = None
    source: str = ""
    country: str | None = None
    role: Role = Role.MEDIA
    published_at: datetime | None = None


class Match(NamedTuple):
    """A watch met an article. Of a scored watch with the `score`, and its sum in words."""

    watch: str
    spans: tuple[Span, ...]
    score: float | None = None
    detail: str = ""


UNNAMED: Final = "unnamed"
"""The kind of a cue that says that a claim rests on a source which is not named."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A piece of the text that decided something, and what it counted as (`meets`, `negation`, `future` ...)."""

    span: Span
    kind: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What one sentence says about one meeting.

    `participants` are labels of principals, known people first by their English label; `[group]` is unnamed.
    `evidence` is the sentence exactly as it stands at `span`. `rule` names the rule that decided the status;
    `confidence` is between 0 and 1.
    """

    participants: tuple[str, ...]
    level: Level
    status: Status
    date: date | None
    place: str | None
    evidence: str
    span: Span
    cues: tuple[Cue, ...] = ()
    rule: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Departure:
    """That somebody has left a city on a day, by a sentence of an article; `person` and `place` are labels."""

    person: str
    place: str
    date: date
    evidence: str
    span: Span


@dataclass(frozen=True, slots=True)
class ToldDeparture:
    """A stored departure with who told of it and when that was published."""

    departure: Departure
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text to find its copies by: how many different shingles it has, and the hashes of a few."""

    size: int
    hashes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Traits:
    """The different terms of an article, as 32-bit codes; `names` are those that hold in every language.

    The many are arrays where they go from process to process: a tenth of the bytes, and all in one place.
    """

    terms: Sequence[int] = ()
    places: Sequence[float] = ()
    """What each of them counts by where it stands."""
    head: Sequence[int] = ()
    """Those that say what the article is about: of the title and the first of the text."""
    proper: tuple[int, ...] = ()
    """Terms of the title that are written like names."""
    names: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    """Days of the year that are named, as month and day in one number."""
    common: Mapping[int, float] | None = None
    """By place among the terms: the share of the news that each of its common terms occurs in."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry that was read: its text, what the watches found and what it claims.

    `credit` is the agency whose report it says it is, or whose own it is; None when it speaks for itself.
    `text_hash` ignores case and spaces. `sketch` finds copies that are not word for word, `traits` what tells the
    same in other words, `columns` are what the full-text index holds; None lets the writer make them.
    `short` are scored watches that found something, but not enough. `detector` is the version of what read the claims.
    """

    entry_id: int
    source_id: int
    source: str
    country: str | None
    role: Role
    url: str
    text: Text
    text_hash: str
    seen_at: datetime
    first_poll: bool
    matches: tuple[Match, ...] = ()
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()
    sketch: Sketch | None = None
    short: tuple[Match, ...] = ()
    credit: str | None = None
    traits: Traits | None = None
    columns: tuple[str, str, str] | None = None
    detector: int | None = None
    departures: tuple[Departure, ...] = ()

    @property
    def originator(self) -> str:
        """Whose report it is by its own words: the agency it credits, else the house of its source."""
        return self.credit or outlet_of(self.source)

    @property
    def published_at(self) -> datetime:
        """The claimed time, never later than when we saw it (feeds lie about the future)."""
        return min(self.text.published_at or self.seen_at, self.seen_at)


# ---------------------------------------------------------------- the ledger and the decisions


class Change(StrEnum):
    """What happened to a meeting in the ledger."""

    HELD = "held"
    UNDER_WAY = "under-way"
    SCHEDULED = "scheduled"
    PROPOSED = "proposed"
    UNDECIDED = "undecided"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    DENIED = "denied"
    REMOTE = "remote"
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    OVERDUE = "overdue"
    CORRECTED = "corrected"
    CONFIRMED_BY_BOTH = "confirmed-by-both"
    UPGRADED = "upgraded"
    NOT_RECEIVED = "not-received"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting as the ledger knows it; `id` is None until stored. `key` is stable and unique.

    `reports` counts the sources that say so of it, `originators` are those who do so independently of each other.
    It is `confirmed` when an official source of one side at least says that it took place; `confirmed_by` are the
    countries of those sides, as far as they are known. `told_at` is when that it took place was first reported.
    """

    key: str
    participants: tuple[str, ...]
    level: Level
    status: Status
    date: date | None
    place: str | None
    first_reported_at: datetime
    updated_at: datetime
    reports: int = 1
    confirmed: bool = False
    disputed: bool = False
    id: int | None = None
    originators: tuple[str, ...] = ()
    confirmed_by: tuple[str, ...] = ()
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One step of a meeting's history; `claim` is the index of the deciding claim in its reading, None for a clock."""

    meeting_key: str
    change: Change
    before: Status | None
    after: Status
    at: datetime
    claim: int | None = None


class Verdict(StrEnum):
    """What was decided about telling someone."""

    ALERT = "alert"
    DIGEST = "digest"
    QUIET = "quiet"


class Reason(StrEnum):
    """Why: the closed list behind every verdict."""

    WATCH_MATCHED = "watch-matched"
    FIRST_REPORT = "first-report"
    HELD = "held"
    CONFIRMED = "confirmed"
    UPGRADED = "upgraded"
    CANCELLED = "cancelled"
    DENIED = "denied"
    DISPUTED = "disputed"
    STATUS_CHANGED = "status-changed"  # another plan
    EXPECTED_NOT_COME = "expected-not-come"
    FOR_DIGEST = "for-digest"
    NO_MATCH = "no-watch-matched"
    NO_CLAIM = "no-meeting-found"
    ALREADY_TOLD = "already-told"
    OTHER_STATUS = "status-not-watched"
    OTHER_PEOPLE = "people-not-watched"
    BELOW_LEVEL = "below-level"
    BACKGROUND = "background"
    COPY = "copy"
    OLD_NEWS = "old-news"
    FIRST_POLL = "first-poll"
    NO_CHANNEL = "no-channel"
    CORRECTED = "corrected"
    STILL_REPORTED = "still-reported"
    REWORDED = "reworded"
    SOURCE_LOST = "source-lost"
    SOURCE_BACK = "source-back"
    OFFLINE = "offline"
    ONLINE = "online-again"
    TOLD_THIS_HOUR = "told-this-hour"
    MUTED = "muted"
    OTHER_SOURCE = "source-not-asked-for"
    BELOW_SCORE = "below-score"
    TOO_FEW_SOURCES = "too-few-sources"
    ENOUGH_SOURCES = "enough-sources"
    QUIET_HOURS = "quiet-hours"
    OVER_BUDGET = "over-budget"
    NOT_CONFIRMED = "not-confirmed"
    NOT_RECEIVED = "not-received"
    STILL_SILENT = "officials-silent"
    SELF_TEST = "self-test"
    STRAINED = "operation-strained"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reason; `watch` is None when it holds for the article as a whole."""

    verdict: Verdict
    reason: Reason
    watch: str | None = None
    meeting_key: str | None = None
    alert_key: str | None = None
    detail: str = ""


class AlertKind(StrEnum):
    """What an alert is about."""

    MATCH = "match"
    MEETING = "meeting"
    OVERDUE = "overdue"
    SOURCE = "source"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """The decision to tell someone now. `key` makes it once only; `evidence` is quoted exactly.

    It is told at once, or at `due_at`; when it is `told_with` another alert (a key), in that one's message.
    """

    key: str
    kind: AlertKind
    title: str
    created_at: datetime
    watch: str | None = None
    change: Change | None = None
    meeting_key: str | None = None
    claim: int | None = None
    evidence: str = ""
    place: str | None = None
    date: date | None = None
    detail: str = ""
    urgency: Urgency = Urgency.NORMAL
    channels: tuple[str, ...] = ()
    due_at: datetime | None = None
    told_with: str | None = None


class DeliveryState(StrEnum):
    """The life of a delivery."""

    DUE = "due"
    SENT = "sent"
    PARKED = "parked"  # refused for good; a person may retry it
    DEAD = "dead"  # tried for days; the fallback took over
    DROPPED = "dropped"  # by a person


class DeliveryFault(StrEnum):
    """Why a delivery failed; only the second group is worth trying again by itself."""

    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    UNREACHABLE = "unreachable"
    TIMEOUT = "too-slow"
    RATE_LIMITED = "rate-limited"
    SERVER = "server-error"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert or digest on its way through one channel; `key` never changes over its retries."""

    id: int
    key: str
    channel: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime
    alert_id: int | None = None
    digest_id: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one attempt to deliver ended in; `retry_at` None with a fault means: not by itself."""

    delivery_id: int
    at: datetime
    ok: bool
    state: DeliveryState
    fault: DeliveryFault | None = None
    detail: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What the decisions must know of the past because watches ask for it.

    `budgets` has the time of the budget of each watch about words, `meeting_budgets` of those about meetings;
    `sources` are the watches about words that wait for several sources.
    """

    budgets: Mapping[str, timedelta] = field(default_factory=dict)
    meeting_budgets: Mapping[str, timedelta] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Planned:
    """A message of a watch: sent, or to be sent at `due_at`. While it `is_open` other alerts can still join it."""

    key: str
    due_at: datetime
    channels: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported something, and whose report it is: its own, or that of another whom it credits or copies."""

    source: str
    originator: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored that bears on a reading: a twin with the same URL or text, and meetings of the same people."""

    same_url: int | None = None
    same_text: int | None = None
    """The first of the articles whose text, or most of it, this one has."""
    same_text_source: str | None = None
    same_text_originator: str | None = None
    """Whose report the text is."""
    overlap: float = 1.0
    """How much of the shorter text is in the other."""
    added: tuple[Span, ...] = ()
    """Where it says what none of them does: sentences, and the title."""
    told_watches: frozenset[str] = frozenset()
    """The watches that any of them met."""
    meetings: tuple[Meeting, ...] = ()
    alert_keys: frozenset[str] = frozenset()
    """Keys of alerts already decided for those meetings."""
    first_poll_alerts: int = 0
    """Alerts that the first poll of this source has already raised."""
    reports: tuple[Report, ...] = ()
    """All claims that stand about those meetings."""
    planned: Mapping[str, tuple[Planned, ...]] = field(default_factory=dict)
    """For each watch with a budget its messages within the budget's time and those that wait."""
    matched_by: Mapping[str, tuple[Reporter, ...]] = field(default_factory=dict)
    """For each watch that waits for several sources, who else was matched with the same story."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that is to be written about one reading, in one transaction."""

    store_article: bool
    copy_of: int | None = None
    article_id: int | None = None
    """The stored article that this entry only repeats, when nothing new is to be stored."""
    meetings: tuple[Meeting, ...] = ()
    claims: tuple[Claim, ...] | None = None
    """Those of the reading that are to be stored, of a copy what it adds; None: all, if any has a meeting."""
    claim_meetings: tuple[str | None, ...] = ()
    """For each of these claims the key of its meeting."""
    changes: tuple[StatusChange, ...] = ()
    decisions: tuple[Decision, ...] = ()
    alerts: tuple[Alert, ...] = ()
    notes: tuple[str, ...] = field(default=())
    refused: frozenset[str] = frozenset()
    """Watches whose match does not count, since they ask for other sources."""
    moved: Mapping[int, str] = field(default_factory=dict)
    """Stored claims, by their ids, that turned out to be about other meetings, with the keys of those."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Meetings that turned out to be others, and which."""
    parted: Mapping[str, str] = field(default_factory=dict)
    """New meetings that were taken for parts of others, and of which: what was told of those was told of them too."""


# ---------------------------------------------------------------- articles read again


@dataclass(frozen=True, slots=True)
class Reread:
    """A stored article that is to be read again: because it raised an alert, or because its headline was `edited`.

    `pending` is what the reading stage needs of it. `missed` counts the reads in a row in which most of it was gone.
    """

    article_id: int
    pending: PendingEntry
    page_title: str
    alerted_at: datetime | None
    edited: bool
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A stored claim about a meeting with who made it, when it was published and when we read it."""

    claim_id: int
    claim: Claim
    meeting_key: str
    source: str
    role: Role
    at: datetime
    read_at: datetime
    originator: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An alert about a meeting that was decided before."""

    meeting_key: str
    watch: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Edition:
    """A stored article as it was read last, with what rests on it.

    `claims` are its own that stand, `reports` all that stand about the same meetings, `told` the alerts about those.
    """

    title: str
    page_title: str
    text: str
    origin: TextOrigin
    reason: str
    claims: tuple[Report, ...] = ()
    reports: tuple[Report, ...] = ()
    told: tuple[Told, ...] = ()
    watches: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Amendment:
    """What follows from reading an article again.

    `unsure` asks for another read before anything is concluded. Indices of claims in `outcome` count the `withdrawn`
    ones (by their ids) first, then the new `claims`. `text` None means that only the title changed.
    """

    unsure: bool = False
    changed: bool = False
    title: str = ""
    text: str | None = None
    withdrawn: tuple[int, ...] = ()
    claims: tuple[Claim, ...] = ()
    matches: tuple[Match, ...] = ()
    outcome: Outcome = Outcome(store_article=False)
