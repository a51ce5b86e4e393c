"""`sources list` and `sources show`: how what is read stands, in a line each or in full."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, json_option, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from config.model import Source
    from storage.views import EndpointHealth, PollLine, SourceHealth

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def spark(counts: Sequence[int]) -> str:
    """One character a day, as high as its share of the busiest; a dot for a day with nothing."""
    top = max(counts, default=0)
    return "".join(_BARS[max(0, -(-count * len(_BARS) // top) - 1)] if count else _NONE for count in counts)


# ---------------------------------------------------------------- list


@click.command("list")
@click.option("--faulty", is_flag=True, help="Only those that give nothing now: lost, failing, late or silent.")
@json_option
@pass_context
def list_command(context: Context, /, *, faulty: bool, as_json: bool) -> None:
    """List the configured sources with their health, those that need you first.

    The bars are new entries a day over the last 14 days, today last; RHYTHM is how often something new usually comes.
    """
    now = datetime.now(UTC)
    known = _health(context, now)
    lines = [(source, known.get(source.name)) for source in context.config.sources]
    if faulty:
        from storage.health import UNSEEN  # noqa: PLC0415 (so that --help is quick)

        lines = [(source, health) for source, health in lines if health is not None and health.health in UNSEEN]
    if as_json:
        emit_json([_document(source, health) for source, health in lines])
        return
    columns = (
        Column("NAME", style="bold"),
        "HEALTH",
        Column("14 DAYS", whole=True),
        "RHYTHM",
        "LAST NEW",
        "LAST POLL",
        Column("WHY", long=True),
    )
    none = "no source is in trouble" if faulty else "There are no sources yet: envoywatch sources add URL"
    print_table(columns, [_row(source, health, now) for source, health in sorted(lines, key=_worst_first)], empty=none)


def _worst_first(line: tuple[Source, SourceHealth | None]) -> tuple[int, str]:
    from storage.health import Health  # noqa: PLC0415 (as above)

    source, health = line
    state = Health.NEVER_READ if health is None else health.health
    return list(Health).index(state), source.name.casefold()


def _row(source: Source, health: SourceHealth | None, now: datetime) -> tuple[str, ...]:
    from envoywatch.cli.times import ago  # noqa: PLC0415 (only for a person)
    from storage.health import in_words  # noqa: PLC0415 (as above)

    if health is None:
        return (source.name, _state_of(source), "", "", "", "", "")
    return (
        source.name,
        health.health.value,
        spark(health.per_day),
        f"every {in_words(health.rhythm)}" if health.rhythm else "",
        ago(health.last_new_at, now) if health.last_new_at else "",
        ago(health.last_poll_at, now) if health.last_poll_at else "",
        health.condition.why,
    )


def _state_of(source: Source) -> str:
    """Of one that the database does not know yet."""
    return "paused" if source.paused else "never-read"


def _health(context: Context, now: datetime) -> dict[str, SourceHealth]:
    """By name; nothing while there is no database yet."""
    if not context.database.exists():
        return {}
    from envoywatch.cli.archive import reading  # noqa: PLC0415 (sqlite-utils takes 0.2 s)
    from storage.views import list_sources  # noqa: PLC0415 (likewise)

    with reading(context) as connection:
        return {health.name: health for health in list_sources(connection, now, polls=1)}


# ---------------------------------------------------------------- JSON


def _document(source: Source, health: SourceHealth | None) -> dict[str, Any]:
    """One source for machines: times UTC, spans in seconds, the same keys whether it was polled yet or not."""
    document: dict[str, Any] = {
        "name": source.name,
        "role": source.role,
        "language": source.language,
        "country": source.country,
        "health": _state_of(source) if health is None else health.health,
    }
    condition = None if health is None else health.condition
    document |= {name: getattr(condition, name, None) for name in ("since", "why", "remedy")}
    document |= {name: getattr(health, name, None) for name in _FROM_HEALTH}
    delivers = health.delivers if health else None
    endpoints = health.endpoints if health else ()
    return document | {
        "fault_detail": _safe(health.fault_detail if health else None),
        "delivers": None if delivers is None else delivers.position,
        "endpoints": [_endpoint(one) for one in endpoints]
        or [{"kind": one.kind, "url": _redacted(one.url)} for one in source.endpoints],
    }


_FROM_HEALTH = (
    "interval",
    "paced",
    "pace",
    "held_until",
    "rhythm",
    "per_day",
    "entries_per_day",
    "entries_seen",
    "added_at",
    "last_poll_at",
    "last_ok_at",
    "last_new_at",
    "next_poll_at",
    "lost_at",
    "fault",
    "fault_since",
    "failures",
    "skips",
)


def _endpoint(one: EndpointHealth) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "url": _redacted(one.url),
        "fault": one.fault,
        "fault_detail": _safe(one.fault_detail),
        "fault_at": one.fault_at,
    }


def _poll(one: PollLine) -> PollLine:
    notes = tuple(_safe(note) or "" for note in one.notes)
    return replace(one, url=_redacted(one.url), fault_detail=_safe(one.fault_detail), notes=notes)


def _redacted(url: str) -> str:
    from config.redact import redact_url  # noqa: PLC0415 (small, but of no use to --help)

    return redact_url(url)


def _safe(detail: str | None) -> str | None:
    """The detail of a fault without the secrets of URLs in it."""
    from config.redact import redact_urls  # noqa: PLC0415 (likewise)

    return None if detail is None else redact_urls(detail)


# ---------------------------------------------------------------- show


@click.command("show", short_help="Show how one source stands, with its endpoints and last polls.")
@click.argument("name")
@click.option("--polls", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many to show.")
@json_option
@pass_context
def show_command(context: Context, /, name: str, *, polls: int, as_json: bool) -> None:
    """Show how the source NAME stands: its state, since when, why and what to do; its rhythm, endpoints and polls."""
    from envoywatch.cli.archive import reading  # noqa: PLC0415 (sqlite-utils takes 0.2 s)
    from storage.views import get_source  # noqa: PLC0415 (likewise)

    source = _configured(context, name)
    now = datetime.now(UTC)
    with reading(context) as connection:
        health = get_source(connection, source.name, now, polls=polls)
    if as_json:
        emit_json(_document(source, health) | {"polls": [_poll(poll) for poll in health.recent]})
        return
    _print(health, now)


def _configured(context: Context, name: str) -> Source:
    from config.errors import UsageError  # noqa: PLC0415 (as above)
    from config.messages import did_you_mean  # noqa: PLC0415 (likewise)

    for source in context.config.sources:
        if source.name.casefold() == name.casefold():
            return source
    hint = did_you_mean(name, [source.name for source in context.config.sources])
    raise UsageError(f"there is no source {name!r}", hint=hint or "`envoywatch sources list` shows them")


def _print(health: SourceHealth, now: datetime) -> None:
    from envoywatch.cli import show  # noqa: PLC0415 (as above)

    show.heading(health.name, first=True)
    show.facts(_facts(health, now))
    show.heading("Endpoints, in order of preference")
    print_table(("KIND", "ADDRESS", "STATE"), [_endpoint_row(health, one, now) for one in health.endpoints])
    show.heading("Last polls")
    numbers = [Column(name, right=True) for name in ("ENTRIES", "CUT", "NEW", "TOOK")]
    columns: tuple[Column | str, ...] = (Column("WHEN", whole=True), "ENDED", "ANSWER", *numbers)
    print_table((*columns, Column("NOTES", long=True)), _polls(health), empty="none yet")


def _facts(health: SourceHealth, now: datetime) -> Iterator[tuple[str, str]]:
    from alerts.words import ROLE, count  # noqa: PLC0415 (as above)
    from envoywatch import wording  # noqa: PLC0415 (likewise)
    from envoywatch.cli.times import ago, short  # noqa: PLC0415 (likewise)
    from storage.health import in_words  # noqa: PLC0415 (likewise)

    def when(moment: datetime | None) -> str:
        return f"{short(moment)} UTC, {ago(moment, now)}" if moment else "never"

    condition = health.condition
    yield "state", wording.HEALTH[health.health] + (f" since {when(condition.since)}" if condition.since else "")
    yield "why", condition.why
    yield "what to do", condition.remedy
    if health.lost_at is not None and health.lost_at > now:
        yield "lost", f"{ago(health.lost_at, now)}, unless it is read"
    yield "failed", count(health.failures, "poll") + " in a row" if health.failures else ""
    yield "who", ", ".join(filter(None, (ROLE[health.role], health.country, health.language)))
    yield "rhythm", f"something new every {in_words(health.rhythm)}" if health.rhythm else "not known yet"
    yield "14 days", f"{spark(health.per_day)}  {health.entries_per_day:.1f} a day"
    yield "last new", when(health.last_new_at)
    yield "last read", when(health.last_ok_at)
    yield "last poll", when(health.last_poll_at)
    yield "next poll", f"{when(health.next_poll_at)} ({_pace(health)})"
    if health.held_until is not None:
        yield "held back", f"until {when(health.held_until)}: its host asked for it, or has others to answer first"
    yield "entries", f"{health.entries_seen:,}"
    yield "skipped", ", ".join(f"{number:,} {what}" for what, number in health.skips.told() if number)


def _pace(health: SourceHealth) -> str:
    from envoywatch import wording  # noqa: PLC0415 (as above)
    from storage.health import in_words  # noqa: PLC0415 (likewise)
    from storage.model import Pace  # noqa: PLC0415 (likewise)

    if health.pace is Pace.INTERVAL:
        return f"every {in_words(health.interval)}"
    return f"every {in_words(health.paced)}, not every {in_words(health.interval)}: {wording.PACE[health.pace]}"


def _endpoint_row(health: SourceHealth, one: EndpointHealth, now: datetime) -> tuple[str, str, str]:
    from envoywatch.cli.times import ago  # noqa: PLC0415 (as above)
    from storage.faults import describe  # noqa: PLC0415 (likewise)

    if one.fault is not None:
        at = f", {ago(one.fault_at, now)}" if one.fault_at else ""
        detail = f" ({_safe(one.fault_detail)})" if one.fault_detail else ""
        state = f"{describe(one.fault).words}{detail}{at}"
    elif health.last_ok_at is None:
        state = "not read yet"
    else:
        state = "delivers" if one.in_use else "stands by"
    return one.kind.value, _redacted(one.url), state


def _polls(health: SourceHealth) -> Iterator[tuple[object, ...]]:
    from envoywatch import wording  # noqa: PLC0415 (as above)
    from envoywatch.cli.times import short  # noqa: PLC0415 (likewise)
    from storage.faults import describe  # noqa: PLC0415 (likewise)

    for poll in reversed(health.recent):
        why = "" if poll.fault is None else f"{describe(poll.fault).words} ({_safe(poll.fault_detail)})"
        told = why or "; ".join(_safe(note) or "" for note in poll.notes)
        took = f"{poll.took / timedelta(milliseconds=1):.0f} ms"
        numbers = (poll.entries, poll.cut, poll.new_entries, took)
        yield short(poll.started_at), wording.POLL[poll.outcome], poll.status, *numbers, told
