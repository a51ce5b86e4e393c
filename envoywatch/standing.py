"""How everything stands, gathered from the database and the configuration; what `status` says."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from storage.backlog import backlog
from storage.digests import last_digest_until
from storage.health import UNSEEN
from storage.hosts import list_held
from storage.losses import find_outage
from storage.model import DeliveryState, from_text
from storage.views import (
    Health,
    database_facts,
    find_last_run,
    list_notes,
    list_sources,
    outbox,
    outbox_counts,
    total_skips,
    totals,
)
from storage.views_counts import count_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from config.model import Config
    from storage.backlog import Backlog
    from storage.health import Outage
    from storage.model import HostState
    from storage.views import DatabaseFacts, Reader, Run, Skips, SourceHealth, Totals

HEARTBEAT_LATE: Final = timedelta(minutes=1)
"""A daemon marks every ten seconds that it lives."""
SAFE_SQLITE: Final = (3, 51, 3)
"""Before it, two processes that checkpoint the same file at once can damage it; ours has one writer."""
_STUCK: Final = (DeliveryState.PARKED, DeliveryState.DEAD, DeliveryState.DUE)
_CONFIG_NOTE: Final = "config_faults"
_EXPECTED_NOTE: Final = "expected"
_RETENTION_NOTE: Final = "retention"
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DaemonState(StrEnum):
    """What has become of the daemon started last."""

    RUNNING = "running"
    HANGING = "hanging"  # its process lives, but no longer marks it
    STOPPED = "stopped"
    DIED = "died"
    NEVER = "never-ran"


@dataclass(frozen=True, slots=True)
class DaemonStanding:
    """The daemon started last; `faults` are those of a newer configuration that it did not take."""

    state: DaemonState
    run: Run | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """When the daemon last looked for what is not to be kept, how many articles went, and bytes above `max_size`."""

    at: datetime
    deleted: int
    over: int


@dataclass(frozen=True, slots=True)
class UnseenSource:
    """A source that gives nothing right now: why, in words, since when, and what to do about it."""

    name: str
    health: Health
    why: str
    since: datetime | None
    remedy: str


@dataclass(frozen=True, slots=True)
class StuckChannel:
    """A channel whose latest message did not go out."""

    name: str
    state: DeliveryState
    why: str
    at: datetime
    remedy: str


@dataclass(frozen=True, slots=True)
class NearMeeting:
    """A meeting that is expected about now, and the official sources that are asked more often until then."""

    what: str
    until: datetime
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything at one moment. `sources` counts by health; `paused` are left out of it.

    During an `outage` nothing at all could be reached. `skips` is what polling was spared, summed up.
    `backlog` is what an upgrade left to be done.
    """

    at: datetime
    daemon: DaemonStanding
    sources: Mapping[Health, int]
    paused: int
    outage: Outage | None
    unseen: tuple[UnseenSource, ...]
    expected: tuple[NearMeeting, ...]
    held_hosts: tuple[HostState, ...]
    totals: Totals
    skips: Skips
    copies: int
    backlog: Backlog
    outbox: Mapping[DeliveryState, int]
    stuck: tuple[StuckChannel, ...]
    digests: Mapping[str, datetime | None]
    database: DatabaseFacts
    sqlite_safe: bool
    pruned: Pruned | None


def standing(connection: Reader, config: Config | None, now: datetime, is_alive: Callable[[Run], bool]) -> Standing:
    """How everything stands at `now`; `is_alive` says whether a run's process still lives.

    Without a configuration (it cannot be used just now) nothing is said of what only it knows.
    """
    sources = list_sources(connection, now, polls=1)
    facts = database_facts(connection)
    return Standing(
        at=now,
        daemon=_daemon(connection, now, is_alive),
        sources={
            health: sum(one.health is health for one in sources) for health in Health if health is not Health.PAUSED
        },
        paused=sum(source.paused for source in config.sources) if config else 0,
        outage=find_outage(connection),
        unseen=_unseen_of(sources),
        expected=_expected(connection, now),
        held_hosts=list_held(connection, datetime.now(UTC)),  # a host's own time is real, also in a replay
        totals=totals(connection),
        skips=total_skips(connection, now),
        copies=count_work(connection, _BEGINNING, now + timedelta(seconds=1)).copies,
        backlog=backlog(connection),
        outbox=outbox_counts(connection),
        stuck=_stuck(connection),
        digests={one.name: last_digest_until(connection, one.name) for one in config.digests} if config else {},
        database=facts,
        pruned=_pruned(connection),
        sqlite_safe=tuple(int(part) for part in facts.sqlite_version.split(".")) >= SAFE_SQLITE,
    )


def _pruned(connection: Reader) -> Pruned | None:
    row = connection.execute("SELECT value, at FROM notes WHERE name = ?", [_RETENTION_NOTE]).fetchone()
    if row is None:
        return None
    note = json.loads(row["value"])
    return Pruned(from_text(row["at"]), note["deleted"], note["over"])


def _expected(connection: Reader, now: datetime) -> tuple[NearMeeting, ...]:
    note = list_notes(connection).get(_EXPECTED_NOTE)
    near = json.loads(note) if note else []
    found = (NearMeeting(one["what"], from_text(one["until"]), tuple(one["sources"])) for one in near)
    return tuple(one for one in found if one.until > now)  # the note may be a stopped daemon's


# ---------------------------------------------------------------- the daemon


def _daemon(connection: Reader, now: datetime, is_alive: Callable[[Run], bool]) -> DaemonStanding:
    run = find_last_run(connection)
    note = list_notes(connection).get(_CONFIG_NOTE)
    faults = json.loads(note) if note else []
    return DaemonStanding(daemon_state(run, now, is_alive), run, tuple(str(fault) for fault in faults))


def daemon_state(run: Run | None, now: datetime, is_alive: Callable[[Run], bool]) -> DaemonState:
    """Its process decides; the heartbeat, which a replay's clock writes too, only says whether it hangs."""
    if run is None:
        return DaemonState.NEVER
    if run.ended_at is not None:
        return DaemonState.STOPPED
    if not is_alive(run):
        return DaemonState.DIED
    return DaemonState.HANGING if now - run.heartbeat_at > HEARTBEAT_LATE else DaemonState.RUNNING


def process_lives(run: Run) -> bool:
    """Whether the process of that run lives. On another machine nobody can tell but by its heartbeat: then it does."""
    if run.host != socket.gethostname():
        return datetime.now(UTC) - run.heartbeat_at <= HEARTBEAT_LATE
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# ---------------------------------------------------------------- what does not work


def _unseen_of(sources: Iterable[SourceHealth]) -> tuple[UnseenSource, ...]:
    """The worst first, and those that the same advice helps beside each other."""
    found = [
        UnseenSource(one.name, one.health, one.condition.why, one.condition.since, one.condition.remedy)
        for one in sources
        if one.health in UNSEEN
    ]
    return tuple(sorted(found, key=lambda one: (UNSEEN.index(one.health), one.remedy, one.name.casefold())))


def _stuck(connection: Reader) -> tuple[StuckChannel, ...]:
    """One line a channel: its latest delivery that failed and was not sent since."""
    found: dict[str, StuckChannel] = {}
    for state in _STUCK:
        for one in outbox(connection, state):
            if one.fault_text is not None and one.channel not in found:
                why = f"{one.fault_text.words} ({one.last_error})" if one.last_error else one.fault_text.words
                found[one.channel] = StuckChannel(one.channel, state, why, one.created_at, one.fault_text.remedy)
    return tuple(found.values())
