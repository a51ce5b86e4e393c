"""What the watches would have done: the stored articles replayed, in order, through today's watches and decisions.

Texts are taken as stored, and claims too, unless another version of the detector read them. What is compared are
matches and alerts. What the index says cannot match is not read; what is read is read by two processes when it is much.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from alerts.decide import decide
from alerts.meetings.version import detector_version
from envoywatch.archive_scan import candidates, look_through
from envoywatch.desk import rules_of
from envoywatch.just_read import just_read
from storage.meetings import LEDGER_WINDOW
from storage.replay import ids_with_claims, matched_then, open_scratch, replayable, told_then
from storage.views_search import count_between, id_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from config.model import Config, Watch
    from envoywatch.archive_scan import Seen, Stretch
    from storage.model import Alert, Known, Needs, Outcome, Reading
    from storage.replay import Replayable, Scratch
    from storage.views import ArticleLine, Reader

EXAMPLES: Final = 1_000
"""Of what differs so many, the newest, are kept for showing; all are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A match or an alert that only one side has."""

    title: str
    at: datetime
    article_id: int | None
    source: str | None
    language: str | None


@dataclass(slots=True)
class Tally:
    """How many there are now and were not, were and are not now, and were and are."""

    added: int = 0
    lost: int = 0
    kept: int = 0


@dataclass
class Comparison:
    """What was when the articles were read beside what would be now.

    `added` and `lost` are the newest `EXAMPLES` of each; the tallies count all, in all and by source, language and day.
    """

    total: Tally = field(default_factory=Tally)
    by_source: dict[str, Tally] = field(default_factory=dict)
    by_language: dict[str, Tally] = field(default_factory=dict)
    by_day: dict[str, Tally] = field(default_factory=dict)
    added: deque[Difference] = field(default_factory=lambda: deque(maxlen=EXAMPLES))
    lost: deque[Difference] = field(default_factory=lambda: deque(maxlen=EXAMPLES))

    @property
    def then(self) -> int:
        """How many there were."""
        return self.total.kept + self.total.lost

    @property
    def now(self) -> int:
        """How many there would be."""
        return self.total.kept + self.total.added

    def add(self, one: Difference, *, then: bool, now: bool) -> None:
        """Count one that is on either side."""
        kind = "kept" if then and now else "added" if now else "lost"
        for tally in (
            self.total,
            self.by_source.setdefault(one.source or "?", Tally()),
            self.by_language.setdefault(one.language or "?", Tally()),
            self.by_day.setdefault(one.at.date().isoformat(), Tally()),
        ):
            setattr(tally, kind, getattr(tally, kind) + 1)
        if kind == "added":
            self.added.append(one)
        elif kind == "lost":
            self.lost.append(one)


def most_changed(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """Those in which something differs, the most first."""
    changed = [(name, one) for name, one in tallies.items() if one.added or one.lost]
    return dict(sorted(changed, key=lambda item: (-(item[1].added + item[1].lost), item[0])))


@dataclass(frozen=True, slots=True)
class WatchTrial:
    """What became of one watch."""

    watch: str
    matches: Comparison
    alerts: Comparison


@dataclass(frozen=True, slots=True)
class Trial:
    """All watches over the articles first seen in [since, until).

    `looked_at` is how many of them had to be read, `reread` of how many the claims were read again.
    """

    since: datetime | None
    until: datetime | None
    articles: int
    watches: tuple[WatchTrial, ...]
    looked_at: int = 0
    reread: int = 0


def backtest(
    connection: Reader,
    path: Path,
    config: Config,
    names: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Trial:
    """Replay the archive at `path` for the named watches of `config`; `connection` reads it.

    The replay begins a ledger's window before `since`, so that what was already told then is known.
    """
    watches = tuple(watch for watch in config.watches if watch.name in names)
    tried = config.model_copy(update={"watches": watches})
    run = _Run(connection, tried, watches, since, until)
    low, high = id_bounds(connection, since - LEDGER_WINDOW if since else None, until)
    chosen = candidates(connection, tried, low, high, detector_version(config.people) if run.needs_claims else None)
    with open_scratch() as scratch:
        for stretch in look_through(connection, path, tried, chosen, on_progress):
            with scratch.together():
                run.go_over(scratch, stretch)
    return Trial(
        since,
        until,
        count_between(connection, since, until),
        run.trials(),
        looked_at=len(chosen),
        reread=len(chosen.reread),
    )


class _Run:
    """The comparison as it grows, while articles go by again."""

    def __init__(
        self,
        connection: Reader,
        config: Config,
        watches: Sequence[Watch],
        since: datetime | None,
        until: datetime | None,
    ) -> None:
        self._archive = connection
        self._rules = rules_of(config)
        self._needs: Needs = self._rules.needs
        self._since, self._until = since, until
        self._matches = {watch.name: Comparison() for watch in watches}
        self._alerts = {watch.name: Comparison() for watch in watches}
        self._told: dict[str, dict[str, Difference]] = {name: {} for name in self._alerts}
        for one in told_then(connection, self._alerts, since, until):
            told = Difference(one.title, one.at, one.article_id, one.source, one.language)
            self._told[one.watch][one.key] = told
        self._words = {watch.name for watch in watches if watch.is_about_words}
        self.needs_claims = len(self._words) < len(watches)

    def go_over(self, scratch: Scratch, stretch: Stretch) -> None:
        """Decide about the articles of a stretch that a watch meets, or met, or that claim something."""
        low, high, seen = stretch.low, stretch.high, stretch.seen
        then = matched_then(self._archive, self._words, low, high)
        claiming = ids_with_claims(self._archive, low, high) if self.needs_claims else []
        for one in replayable(self._archive, sorted({*seen, *then, *claiming})):
            if self._until is not None and one.line.seen_at >= self._until:
                continue
            reading = _reading(one, seen.get(one.line.id))
            outcome = scratch.decide(self._archive, one, reading, self._needs, self._decide_at(one.read_at))
            if self._since is None or one.line.seen_at >= self._since:
                self._compare(one.line, then.get(one.line.id, set()), reading, outcome)

    def _decide_at(self, now: datetime) -> Callable[[Reading, Known], Outcome]:
        return lambda reading, known: decide(reading, known, self._rules, now)

    def _compare(self, line: ArticleLine, then: set[str], reading: Reading, outcome: Outcome) -> None:
        now = {match.watch for match in reading.matches} - outcome.refused
        for watch in then | now:
            self._matches[watch].add(_of_article(line), then=watch in then, now=watch in now)
        for alert in outcome.alerts:
            told = self._told.get(alert.watch or "", {}).pop(alert.key, None)
            self._alerts[alert.watch or ""].add(_of_alert(alert, line), then=told is not None, now=True)

    def trials(self) -> tuple[WatchTrial, ...]:
        """The result; what was told then and was not met again is lost."""
        for watch, told in self._told.items():
            for one in told.values():
                self._alerts[watch].add(one, then=True, now=False)
            told.clear()
        return tuple(WatchTrial(name, self._matches[name], self._alerts[name]) for name in self._matches)


def _reading(one: Replayable, seen: Seen | None) -> Reading:
    """The article as if it had just been read, with its claims as stored unless they were read again."""
    found, reread = (None, None) if seen is None else (seen.found, seen.claims)
    return just_read(
        one.line,
        one.text,
        one.author,
        found,
        one.claims if reread is None else reread,
        language=one.line.language,
        source_id=one.source_id,
        first_poll=one.first_poll,
    )


def _of_article(line: ArticleLine) -> Difference:
    return Difference(line.title, line.seen_at, line.id, line.source, line.language)


def _of_alert(alert: Alert, line: ArticleLine) -> Difference:
    return Difference(alert.title, alert.created_at, line.id, line.source, line.language)
