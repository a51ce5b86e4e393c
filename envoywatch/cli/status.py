"""`envoywatch status`: how everything stands, on one screen; also without a daemon and without a database."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from config.errors import ConfigError, UsageError
from envoywatch import __version__
from envoywatch.cli import show
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, json_option
from envoywatch.cli.sizes import file_size
from envoywatch.cli.times import ago, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from config.errors import Finding
    from config.model import Config
    from envoywatch.standing import DaemonStanding, NearMeeting, Standing, StuckChannel, UnseenSource

_LISTED = 12
"""Causes of not seeing told one by one, hosts, sources of a meeting; `sources list` has the rest."""
_NAMED = 3
"""Sources of one cause told by name."""


@click.command("status")
@json_option
@pass_context
def command(context: Context, /, *, as_json: bool) -> None:
    """Show how everything stands: daemon, sources, queue, outbox, and what cannot be seen right now."""
    now = datetime.now(UTC)
    config, findings, database = _configuration(context)
    found = _standing(database, config, now)
    if as_json:
        emit_json(
            {
                "config": {"file": context.path, "ok": not findings, "findings": findings},
                "database_path": database,
                "standing": found,
                "troubles": _troubles(database),
            }
        )
        return
    show.heading(f"Envoywatch {__version__}, {short(now)} UTC", first=True)
    _print_configuration(context.path, config, findings)
    if found is not None:
        dropped = config is not None and bool(findings)
        _print(found, config, now, dropped=dropped, verbose=context.verbosity > 0)
        troubles = _troubles(database)
        if troubles:
            show.heading("The running daemon is in trouble")
            for trouble in troubles:
                show.line(trouble, indent=2)
    elif database is not None:
        show.facts([("database", f"none yet at {database}")])
        show.line("\nStart the daemon with `envoywatch run`, or ask all sources once with `envoywatch poll --all`.")


def _configuration(context: Context) -> tuple[Config | None, Sequence[Finding], Path | None]:
    """The configuration, its faults and where the database lies; a faulty file may still tell the last."""
    try:
        loaded = context.load_to_read(lenient_sources=True)
    except ConfigError as error:
        return None, error.findings, _database_of(context)
    return loaded.config, loaded.dropped, context.database


def _database_of(context: Context) -> Path | None:
    """`storage.path` of a file whose other settings are at fault; None when it cannot be told."""
    from config.files import read_text  # noqa: PLC0415 (so that --help is quick)
    from config.model import Storage  # noqa: PLC0415 (likewise)
    from config.yaml_tree import parse_yaml  # noqa: PLC0415 (likewise)

    try:
        data = parse_yaml(read_text(context.path), context.environ).data
        storage = Storage.model_validate((data or {}).get("storage") or {})
    except (UsageError, ValueError, AttributeError):
        return None
    return context.path.parent / storage.path.expanduser()


def _standing(database: Path | None, config: Config | None, now: datetime) -> Standing | None:
    """None when there is no database."""
    from envoywatch.standing import process_lives, standing  # noqa: PLC0415 (as above)
    from storage.database import open_reader  # noqa: PLC0415 (likewise)

    if database is None or not database.exists():
        return None
    with closing(open_reader(database)) as connection:
        return standing(connection, config, now, process_lives)


def _troubles(database: Path | None) -> list[str]:
    """What the running daemon cannot write down (a full disk, a lock); empty when all is well or none runs."""
    from envoywatch.control import ask  # noqa: PLC0415 (as above)

    if database is None:
        return []
    try:
        return list(ask(database, {"do": "troubles"}))
    except ConnectionError:
        return []


def _print_configuration(file: Path, config: Config | None, findings: Sequence[Finding]) -> None:
    from alerts import words  # noqa: PLC0415 (as above)

    told = "good"
    if findings:
        what = "it cannot be used" if config is None else "these sources are left out"
        told = f"{words.count(len(findings), 'fault')}: {what}"
    show.facts([("config", f"{file}: {told}")])
    for finding in findings:
        show.line(str(finding), indent=2)


def _print(found: Standing, config: Config | None, now: datetime, *, dropped: bool, verbose: bool) -> None:
    """`dropped`: the faults of the configuration are such as leave out sources alone."""
    show.facts(_rows(found, config, now))
    if found.daemon.faults:
        left_out = "The daemon goes on without the sources whose configuration has faults"
        refused = "The daemon keeps the last good configuration, since the newest has faults"
        show.heading(left_out if dropped else refused)
        for fault in found.daemon.faults:
            show.line(fault, indent=2)
    if found.expected:
        show.heading("Expected about now")
        for near in found.expected:
            show.line(f"{near.what}, until {short(near.until)}: {_askers(near)}", indent=2)
    if found.held_hosts:
        show.heading("Hosts that say we ask too often")
        for host in found.held_hosts[:_LISTED]:
            until = short(host.back_off_until) if host.back_off_until else ""
            show.line(f"{host.host}: nothing is asked of it until {until}", indent=2)
    show.heading("What cannot be seen right now")
    _print_unseen(found, verbose=verbose)
    if found.stuck:
        show.heading("What could not be sent")
        _print_stuck(found.stuck)


def _askers(near: NearMeeting) -> str:
    if not near.sources:
        return "no official source of the countries concerned is configured"
    named = ", ".join(near.sources[:_LISTED]) + (" and others" if len(near.sources) > _LISTED else "")
    return f"asked every minute or two: {named}"


def _rows(found: Standing, config: Config | None, now: datetime) -> Iterator[tuple[str, str]]:
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch import wording  # noqa: PLC0415 (likewise)
    from storage.model import DeliveryState  # noqa: PLC0415 (likewise)

    totals = found.totals
    yield "daemon", _daemon(found.daemon, now)
    counts = [f"{count} {wording.HEALTH[health]}" for health, count in found.sources.items() if count]
    if found.paused:
        counts.append(f"{found.paused} paused")
    yield "sources", ", ".join(counts) or "none"
    yield "last poll", _polls(found, now)
    skipped = [f"{number:,} {what}" for what, number in found.skips.told() if number]
    yield "skipped", ", ".join(skipped)
    yield "to read", words.count(totals.entries_pending, "entry")
    oldest = f" (the oldest from {short(totals.oldest_due_at)})" if totals.oldest_due_at else ""
    states = (DeliveryState.DUE, DeliveryState.PARKED, DeliveryState.DEAD, DeliveryState.SENT)
    told = [
        f"{found.outbox[state]:,} {wording.DELIVERY[state]}{oldest if state is DeliveryState.DUE else ''}"
        for state in states
    ]
    yield "outbox", ", ".join(told)
    yield "archive", f"{words.count(totals.articles, 'article')}, {found.copies:,} of them copies"
    yield "upgrade", _upgrade(found)
    yield "ledger", f"{words.count(totals.meetings, 'meeting')} from {words.count(totals.claims, 'claim')}"
    yield "alerts", f"{totals.alerts:,}, {totals.alerts_to_review:,} to review"
    digests = [f"{name} {ago(until, now) if until else 'none yet'}" for name, until in found.digests.items()]
    yield "last digest", ", ".join(digests) or "none is configured"
    database = found.database
    log = f" and {file_size(database.wal_size)} of log" if database.wal_size else ""
    each = f", {file_size(database.per_article)} an article" if database.per_article else ""
    free = f", {file_size(database.free)} of it free" if database.free else ""
    yield "database", f"{database.path}, {file_size(database.size)}{log}{each}{free}"
    yield "kept", _kept(found, config, now)
    hint = "" if found.sqlite_safe else " (before 3.51.3: let no other program write this file)"
    yield "SQLite", f"{database.sqlite_version}{hint}"


def _upgrade(found: Standing) -> str:
    """What is still to be done with the articles of an older version."""
    of, left = found.totals.articles, found.backlog
    told = [
        f"{number:,} of {of:,} articles wait to be looked through for {what}"
        for what, number in (("copies", left.copies), ("stories", left.stories))
        if number
    ]
    return "; ".join(told)


def _kept(found: Standing, config: Config | None, now: datetime) -> str:
    if config is None:
        return ""
    from envoywatch.wording import kept_in_words  # noqa: PLC0415 (as above)

    limits, last = kept_in_words(config.storage), found.pruned
    if last is None:
        return limits
    over = f"; what must stay is {file_size(last.over)} more" if last.over else ""
    return f"{limits}; {last.deleted:,} articles deleted {ago(last.at, now)}{over}"


def _daemon(daemon: DaemonStanding, now: datetime) -> str:
    from envoywatch.standing import DaemonState  # noqa: PLC0415 (as above)

    run = daemon.run
    if run is None:
        return "not running; it never ran on this database"
    beat = f"heartbeat {ago(run.heartbeat_at, now)}"
    process = f"process {run.pid} on {run.host}"
    match daemon.state:
        case DaemonState.RUNNING:
            return f"running since {short(run.started_at)} ({process}), {beat}"
        case DaemonState.HANGING:
            return f"its {process} lives, but its {beat}: it hangs, or replays another time"
        case DaemonState.DIED:
            return f"not running; the last one ended without a word, {beat}"
        case _:
            return f"not running; ended {ago(run.ended_at or run.heartbeat_at, now)}"


def _polls(found: Standing, now: datetime) -> str:
    totals = found.totals
    if totals.last_poll_at is None:
        return "none yet"
    good = f"the last good one {ago(totals.last_ok_at, now)}" if totals.last_ok_at else "none was good"
    due = ""
    if totals.next_poll_at:
        due = f"; the next {'is' if totals.next_poll_at > now else 'was'} due {ago(totals.next_poll_at, now)}"
    return f"{ago(totals.last_poll_at, now)}, {good}{due}"


def _print_unseen(found: Standing, *, verbose: bool) -> None:
    """One line a cause; `verbose`: one line a source."""
    from envoywatch.standing import DaemonState  # noqa: PLC0415 (as above)
    from storage.views import Health  # noqa: PLC0415 (likewise)

    unseen = found.unseen
    if found.daemon.state not in {DaemonState.RUNNING, DaemonState.HANGING}:
        # Without a daemon every source is late in time; one line says it for all of them.
        unseen = tuple(one for one in unseen if one.health is not Health.LATE)
        show.line("Nothing new of any source: no daemon runs. Start it with `envoywatch run`.", indent=2)
    if found.outage is not None:
        ended = found.outage.online_at
        told = f"; something answers again since {short(ended)}" if ended else "; check its network and its name server"
        show.line(f"This machine seems offline since {short(found.outage.since)}{told}.", indent=2)
    elif not unseen and found.daemon.state in {DaemonState.RUNNING, DaemonState.HANGING}:
        show.line("Nothing that is known of.", indent=2)
    causes: dict[str, list[UnseenSource]] = {}
    for one in unseen:
        causes.setdefault(one.remedy, []).append(one)
    for remedy, sources in islice(causes.items(), None if verbose else _LISTED):
        for line in map(_why, sources) if verbose or len(sources) == 1 else [_shared_why(sources)]:
            show.line(line, indent=2)
        show.line(remedy, indent=4)
    if not verbose and (len(causes) > _LISTED or any(len(sources) > _NAMED for sources in causes.values())):
        show.line("Each of them: `envoywatch sources list --faulty`", indent=2)


def _why(one: UnseenSource) -> str:
    return f"{one.name}: {one.why}" + (f", since {short(one.since)}" if one.since else "")


def _shared_why(sources: Sequence[UnseenSource]) -> str:
    """What is the matter with all of these, for which the same advice is given."""
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch import wording  # noqa: PLC0415 (likewise)
    from storage.faults import fault_words  # noqa: PLC0415 (likewise)

    first = sources[0]
    named = ", ".join(one.name for one in sources[:_NAMED])
    more = f" and {len(sources) - _NAMED:,} more" if len(sources) > _NAMED else ""
    since = min((one.since for one in sources if one.since), default=None)
    told = f", the first since {short(since)}" if since else ""
    what = fault_words(first.remedy) or wording.HEALTH[first.health]
    return f"{words.count(len(sources), 'source')} ({named}{more}): {what}{told}"


def _print_stuck(stuck: Sequence[StuckChannel]) -> None:
    from envoywatch import wording  # noqa: PLC0415 (as above)

    for one in stuck:
        show.line(f"{one.name}: {one.why}, {wording.DELIVERY[one.state]} since {short(one.at)}", indent=2)
        show.line(one.remedy, indent=4)
