"""What the watches would have done: the stored articles replayed, in order, through today's watches and decisions.

Texts and claims are taken as stored; what is compared are matches and alerts.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from config.vocabulary import Status
from envoywatch.why import LEDGER_WINDOW, Judge
from storage.model import AlertKind, Field, Known, Reporter, Span
from storage.telling import STORY_TIME, is_same_story
from storage.views import ArticleFilters, explain_article, get_article, list_alerts, search_articles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from config.model import Config
    from storage.model import Alert, Meeting, Outcome, Reading
    from storage.views import AlertLine, ArticleLine, ArticleView, Reader

_BATCH = 500
_MOST_ALERTS = 1_000_000
_MOST_MET = 300
"""Articles of a watch that are compared for being one story; `storage.telling` looks at as many."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A match or an alert that only one side has."""

    title: str
    at: datetime
    article_id: int | None
    source: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many there were when the articles were read, how many there would be now, and which differ."""

    then: int = 0
    now: int = 0
    added: tuple[Difference, ...] = ()
    lost: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchTrial:
    """What became of one watch."""

    watch: str
    matches: Comparison
    alerts: Comparison


@dataclass(frozen=True, slots=True)
class Trial:
    """All watches over the articles first seen in [since, until)."""

    since: datetime | None
    until: datetime | None
    articles: int
    watches: tuple[WatchTrial, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Added and lost of one source or language."""

    added: int
    lost: int


def tally(comparison: Comparison, key: Callable[[Difference], str | None]) -> Mapping[str, Tally]:
    """Differences counted by what `key` says of each, the most first."""
    added = Counter(key(one) or "?" for one in comparison.added)
    lost = Counter(key(one) or "?" for one in comparison.lost)
    names = sorted({*added, *lost}, key=lambda name: (-(added[name] + lost[name]), name))
    return {name: Tally(added[name], lost[name]) for name in names}


def backtest(
    connection: Reader,
    config: Config,
    names: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Trial:
    """Replay the archive for the named watches of `config`.

    The replay begins a ledger's window before `since`, so that what was already told then is known.
    """
    # A mute has an end, but no beginning: in a replay it would hide everything that was before.
    chosen = tuple(watch.model_copy(update={"mute": None}) for watch in config.watches if watch.name in names)
    replayed = _Replay(Judge(config.model_copy(update={"watches": chosen})), since)
    ids = _article_ids(connection, since - LEDGER_WINDOW if since else None, until)
    for done, article_id in enumerate(ids, 1):
        replayed.add(connection, get_article(connection, article_id))
        if on_progress is not None:
            on_progress(done, len(ids))
    told = list_alerts(connection, since, until, limit=_MOST_ALERTS)
    return Trial(since, until, replayed.articles, tuple(replayed.trial(name, told) for name in names))


def _article_ids(connection: Reader, since: datetime | None, until: datetime | None) -> list[int]:
    """In the order in which they were stored."""
    ids: list[int] = []
    filters = ArticleFilters(since=since, until=until)
    while batch := search_articles(connection, None, filters, limit=_BATCH):
        ids += [found.line.id for found in batch]
        filters = replace(filters, before=ids[-1])
    return ids[::-1]


def _spans_of(text: str, sentences: Iterable[str]) -> tuple[Span, ...]:
    """Where the sentences that a copy adds stand in it."""
    return tuple(Span(Field.TEXT, start, start + len(one)) for one in sentences if (start := text.find(one)) >= 0)


class _Met(NamedTuple):
    """An article that a watch met which waits for several sources."""

    reporter: Reporter
    title: str
    people: tuple[tuple[str, ...], ...]
    at: datetime


@dataclass
class _Replay:
    """The state of the daemon, as far as decisions depend on it, while articles go by again."""

    judge: Judge
    since: datetime | None
    articles: int = 0
    meetings: dict[str, Meeting] = field(default_factory=dict)
    meetings_of: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    reported_by: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    said: defaultdict[str, set[tuple[str, Status]]] = field(default_factory=lambda: defaultdict(set))
    met: defaultdict[str, deque[_Met]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=_MOST_MET)))
    alert_keys: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    met_text: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    first_poll_alerts: Counter[str] = field(default_factory=Counter)
    matched: dict[str, tuple[Counter[str], list[Difference], list[Difference]]] = field(default_factory=dict)
    alerts: dict[str, dict[str, Difference]] = field(default_factory=dict)

    def add(self, connection: Reader, view: ArticleView) -> None:
        """Read one article again and take over what follows."""
        counts = self.since is None or view.line.seen_at >= self.since
        reading = self.judge.reading_of(view)
        if counts:
            self.articles += 1
            self._compare(view, reading)
        if not reading.matches and not reading.claims:
            return
        entries = explain_article(connection, view.line.id).entries
        reading = replace(reading, first_poll=bool(entries) and entries[0].first_poll)
        outcome = self.judge.outcome(reading, self._known(view, reading), view.read_at)
        self._take_over(reading, outcome, view.read_at)
        self.met_text[view.line.copy_of or view.line.id].update(match.watch for match in reading.matches)
        if counts:
            for alert in outcome.alerts:
                self.alerts.setdefault(alert.watch or "", {})[alert.key] = _of_alert(alert, view.line)

    def _compare(self, view: ArticleView, reading: Reading) -> None:
        then = {match.watch for match in view.matches}
        now = self.judge.met_by(reading)
        for watch in then | now:
            counts, added, lost = self.matched.setdefault(watch, (Counter(), [], []))
            counts.update(then=int(watch in then), now=int(watch in now))
            if watch not in then:
                added.append(_of_article(view.line))
            elif watch not in now:
                lost.append(_of_article(view.line))

    def _known(self, view: ArticleView, reading: Reading) -> Known:
        """As `storage.record` looks it up: meetings of the same people, who reported them, what was told of them."""
        people = {name for claim in reading.claims for name in claim.participants}
        oldest = view.read_at - LEDGER_WINDOW
        keys = sorted({key for name in people for key in self.meetings_of[name]})
        meetings = tuple(self.meetings[key] for key in keys if self.meetings[key].updated_at >= oldest)
        return Known(
            same_text=view.line.copy_of,
            same_text_source=view.original.source if view.original else None,
            overlap=1.0 if view.line.overlap is None else view.line.overlap,
            added=_spans_of(view.text, view.line.added),
            told_watches=frozenset(self.met_text[view.line.copy_of or view.line.id]),
            meetings=meetings,
            reported_by=frozenset((one.key, source) for one in meetings for source in self.reported_by[one.key]),
            alert_keys=frozenset(key for one in meetings for key in self.alert_keys[one.key]),
            first_poll_alerts=self.first_poll_alerts[view.line.source],
            said=frozenset((one.key, *said) for one in meetings for said in self.said[one.key]),
            matched_by={watch: self._matched_by(watch, reading, view) for watch in self._waiting(reading)},
        )

    def _waiting(self, reading: Reading) -> frozenset[str]:
        """The watches that met it and wait for several sources."""
        return self.judge.rules.needs.sources & {match.watch for match in reading.matches}

    def _matched_by(self, watch: str, reading: Reading, view: ArticleView) -> tuple[Reporter, ...]:
        people = [claim.participants for claim in reading.claims]
        return tuple(
            one.reporter
            for one in self.met[watch]
            if view.read_at - one.at <= STORY_TIME and is_same_story(reading.text.title, people, one.title, one.people)
        )

    def _take_over(self, reading: Reading, outcome: Outcome, at: datetime) -> None:
        for meeting in outcome.meetings:
            self.meetings[meeting.key] = meeting
            for name in meeting.participants:
                self.meetings_of[name].add(meeting.key)
        for key in filter(None, outcome.claim_meetings):
            self.reported_by[key].add(reading.source)
        claims = reading.claims if outcome.claims is None else outcome.claims
        for claim, meeting_key in zip(claims, outcome.claim_meetings, strict=False):
            if meeting_key is not None and claim.status is not Status.BACKGROUND:
                self.said[meeting_key].add((reading.source, claim.status))
        for watch in self._waiting(reading) - outcome.refused:
            people = tuple(claim.participants for claim in reading.claims)
            reporter = Reporter(reading.source, outcome.copy_of is not None)
            self.met[watch].append(_Met(reporter, reading.text.title, people, at))
        for alert in outcome.alerts:
            if alert.meeting_key is not None:
                self.alert_keys[alert.meeting_key].add(alert.key)
        if reading.first_poll:
            self.first_poll_alerts[reading.source] += len(outcome.alerts)

    def trial(self, watch: str, told: Iterable[AlertLine]) -> WatchTrial:
        """The watch's matches and alerts of then beside those of now."""
        counts, added, lost = self.matched.get(watch, (Counter[str](), [], []))
        then = {
            alert.key: _of_told(alert)
            for alert in told
            if alert.watch == watch and alert.kind in {AlertKind.MATCH, AlertKind.MEETING}
        }
        now = self.alerts.get(watch, {})
        return WatchTrial(
            watch=watch,
            matches=Comparison(counts["then"], counts["now"], tuple(added), tuple(lost)),
            alerts=Comparison(
                then=len(then),
                now=len(now),
                added=tuple(one for key, one in now.items() if key not in then),
                lost=tuple(one for key, one in then.items() if key not in now),
            ),
        )


def _of_article(line: ArticleLine) -> Difference:
    return Difference(line.title, line.seen_at, line.id, line.source, line.language)


def _of_alert(alert: Alert, line: ArticleLine) -> Difference:
    return Difference(alert.title, alert.created_at, line.id, line.source, line.language)


def _of_told(alert: AlertLine) -> Difference:
    line = alert.article
    if line is None:
        return Difference(alert.title, alert.created_at, None, None, None)
    return Difference(alert.title, alert.created_at, line.id, line.source, line.language)
