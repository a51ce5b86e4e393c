"""`envoywatch poll`: ask sources once, read, record, deliver, and say what was found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape, json_option

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from config.load import Loaded
    from storage.model import Lease, Poll
    from storage.sources import PollFinish
    from storage.store import SqliteStore

_FAILED = 1
_HOLD = timedelta(hours=1)
_SAID = frozenset({"alert", "new entries", "source failing", "source well again"})
"""Events of the pipeline's log that the lines of `Tally` tell already."""


@dataclass
class Tally:
    """What was found so far; prints a line for each source as it comes in."""

    say: Any
    expected: int = 0
    sources: list[dict[str, object]] = field(default_factory=list)
    alert_ids: list[int] = field(default_factory=list)

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:
        """One line a source."""
        fault = {"kind": poll.fault.kind.value, "detail": poll.fault.detail} if poll.fault else None
        self.sources.append(
            {
                "source": lease.spec.name,
                "outcome": poll.outcome.value,
                "entries": poll.held,
                "cut": poll.cut,
                "known": finish.known,
                "new": finish.new_entries,
                "fault": fault,
            }
        )
        self.say(f"[{len(self.sources)}/{self.expected}] {escape(lease.spec.name)}: {escape(_told(poll, finish))}")

    def alerted(self, alert_ids: Collection[int]) -> None:
        """Remember them for the end."""
        self.alert_ids.extend(alert_ids)

    @property
    def has_no_network(self) -> bool:
        """Whether not one host of all that were asked could even be looked up."""
        from storage.model import FaultKind  # noqa: PLC0415 (so that --help is quick)

        faults = [source["fault"] for source in self.sources]
        return bool(faults) and all(isinstance(one, dict) and one["kind"] == FaultKind.NAME for one in faults)


def _told(poll: Poll, finish: PollFinish) -> str:
    from alerts.words import count  # noqa: PLC0415 (so that --help is quick)
    from storage.model import PollOutcome  # noqa: PLC0415 (likewise)

    if poll.fault:
        return f"cannot be read: {poll.fault.detail}"
    if poll.entries:
        return f"{count(poll.held, 'entry')}, {finish.new_entries} new"
    return "nothing has changed" if poll.outcome is PollOutcome.UNCHANGED else "no entries"


@click.command("poll")
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--all", "everything", is_flag=True, help="Poll every source, due or not.")
@json_option
@pass_context
def command(context: Context, /, *, names: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Poll the sources that are due (named ones, all) once; record what is new and deliver alerts.

    When the daemon runs, it does the polling and this command says when it is done.
    """
    loaded = context.load()
    context.start_logs(said_otherwise=_SAID)
    known = {source.name for source in loaded.config.sources}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no source {name!r}", hint="`envoywatch sources list` shows them")
    from storage.errors import DatabaseBusyError  # noqa: PLC0415 (sqlite-utils takes 0.2 s)
    from storage.store import open_store  # noqa: PLC0415 (likewise)

    tally = Tally(context.say)
    try:
        with open_store(context.database, "envoywatch poll") as store:
            _poll(loaded, store, tally, names=list(names) or None, everything=everything or bool(names))
            alerts = _alerts(store, tally)
    except DatabaseBusyError as busy:
        return _ask_daemon(context.database, busy, names, everything=everything, as_json=as_json)
    faulty = sum(1 for source in tally.sources if source["fault"])
    new = sum(int(str(source["new"])) for source in tally.sources)
    if as_json:
        emit_json({"sources": tally.sources, "new_entries": new, "alerts": alerts})
    else:
        from alerts.words import count  # noqa: PLC0415 (loaded by now)

        polled = f"{count(len(tally.sources), 'source')} polled, {faulty} could not be read"
        click.echo(f"{polled}; {count(new, 'new entry')}, {count(len(alerts), 'alert')}")
        for alert in alerts:
            click.echo(f"  {escape(alert['title'])}")
    if tally.has_no_network:
        click.echo("no source could be reached: is the network down?", err=True)
        return _FAILED
    return 0


def _poll(loaded: Loaded, store: SqliteStore, tally: Tally, *, names: list[str] | None, everything: bool) -> None:
    from crawler.engine import run  # noqa: PLC0415 (0.4 s)
    from envoywatch.clock import Clock  # noqa: PLC0415
    from envoywatch.desk import open_desk  # noqa: PLC0415
    from envoywatch.pipeline import DeliverStage, PollStage, ReadStage  # noqa: PLC0415

    async def main() -> int:
        async with open_desk(loaded.config, store, Clock(), tally, loaded.secrets) as desk:
            sends = DeliverStage(desk)
            reads = ReadStage(desk, lambda: None)
            polls = PollStage(desk, lambda: None)
            leases = await store.lease_due(
                desk.owner, desk.clock.now(), 100_000, _HOLD, names=names, ignore_schedule=everything
            )
            tally.expected = len(leases)
            await asyncio.gather(*(polls.poll(lease) for lease in leases))
            await reads.work_off()
            await sends.pump()
            await sends.jobs.drain(60)
        return 0

    run(main)


def _alerts(store: SqliteStore, tally: Tally) -> list[dict[str, str]]:
    from storage.views import get_alert  # noqa: PLC0415 (loaded by now)

    found = []
    for alert_id in tally.alert_ids:
        line = store.read_now(get_alert, alert_id).alert
        found.append({"id": str(line.id), "title": line.title})
    return found


def _ask_daemon(database: Path, busy: Exception, names: tuple[str, ...], *, everything: bool, as_json: bool) -> int:
    from envoywatch.control import ask  # noqa: PLC0415 (structlog takes 0.3 s)

    if not names and not everything:
        click.echo("the daemon is running and polls what is due by itself; name sources, or use --all, to poll now")
        return 0
    try:
        polled = ask(database, {"do": "poll", "names": list(names) or None})
    except ConnectionError:
        raise busy from None
    if as_json:
        emit_json({"polled": polled, "by": "daemon"})
    else:
        from alerts.words import count  # noqa: PLC0415 (so that --help is quick)

        click.echo(f"the running daemon polled {count(polled, 'source')}; see `envoywatch sources list`")
    return 0
