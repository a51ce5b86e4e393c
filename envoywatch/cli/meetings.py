"""`envoywatch meetings`: the ledger of who met whom: list, show, export."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from config.errors import UsageError
from config.vocabulary import Level, Status
from envoywatch.cli import show
from envoywatch.cli.archive import csv_cell, labels_of, near_names, output_to, reading
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, json_option, json_text, print_table, to_plain
from envoywatch.cli.times import short, since_option, until_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from storage.model import Meeting
    from storage.views import ClaimView, HistoryStep, MeetingView, Reader, SourceReport

_MOST = 1_000_000
"""A ledger has thousands of meetings; this stands for all of them."""
_LISTED = 200
CSV_COLUMNS = (
    "id", "key", "date", "status", "level", "participants", "place", "confirmed", "disputed", "reports",
    "first_reported_at", "updated_at",
)  # fmt: skip


@click.group("meetings")
def command() -> None:
    """The ledger: who met whom, what became of it, and who says so."""


def _filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What `list` and `export` can be narrowed to; the arguments that `_find` takes."""
    for option in (
        click.option("--person", metavar="NAME", help="Meetings of a person or a group, in any written form."),
        click.option("--status", type=OneOf(list(Status), case_sensitive=False), help="With this status now."),
        click.option("--level", type=OneOf(list(Level), case_sensitive=False), help="Of this level."),
        until_option,
        since_option,
    ):
        function = option(function)
    return function


@command.command("list")
@_filter_options
@click.option("--trips", is_flag=True, help="As trips: stop by stop who received the person, and how high.")
@click.option("--limit", type=click.IntRange(min=1), default=_LISTED, show_default=True, help="At most so many.")
@json_option
@pass_context
def list_command(context: Context, /, *, trips: bool, limit: int, as_json: bool, **wanted: Any) -> None:
    """List meetings, the latest date first; --since and --until are about their last change."""
    from envoywatch.cli.trips import print_trips, trip_records, trips_in  # noqa: PLC0415 (so that --help is quick)

    with reading(context) as connection:
        found = _find(context, connection, limit=limit, **wanted)
        travelled = trips_in(context, connection, wanted["person"], found) if trips else ()
    if trips:
        emit_json(trip_records(travelled)) if as_json else print_trips(travelled)
        return
    if as_json:
        emit_json(found)
        return
    print_table(
        [
            Column("ID", right=True, whole=True),
            Column("DATE", whole=True),
            "STATUS",
            "LEVEL",
            "WHO",
            "PLACE",
            Column("REPORTS", right=True),
        ],
        [
            (
                one.id,
                one.date or "?",
                status_of(one),
                one.level,
                " – ".join(one.participants),
                one.place,
                f"{one.reports} ({len(one.originators)})" if len(one.originators) < one.reports else one.reports,
            )
            for one in found
        ],
        empty="No meeting in the ledger fits." if any(wanted.values()) else "The ledger is empty.",
    )
    if len(found) == limit:
        context.say(f"the first {limit}; --limit shows more")


@command.command("show")
@click.argument("meeting", metavar="ID|KEY")
@json_option
@pass_context
def show_command(context: Context, /, meeting: str, *, as_json: bool) -> None:
    """Show a meeting: its history, each claim with its sentence and what decided it, and who reported it."""
    with reading(context) as connection:
        view = find_meeting(connection, meeting)
    if as_json:
        emit_json(view)
        return
    _print_meeting(view)


@command.command("export")
@click.option(
    "--format",
    "form",
    type=OneOf(["csv", "json", "ics"]),
    default="csv",
    show_default=True,
    help="ics is iCalendar: an all-day event for each meeting whose day is known.",
)
@click.option("--trips", is_flag=True, help="The trips of --person, a row or an event a stop.")
@click.option("--pack", metavar="ID|KEY", help="All that is stored about one meeting, as HTML (FILE.html) or JSON.")
@_filter_options
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def export_command(
    context: Context, /, file: Path | None, *, form: str, trips: bool, pack: str | None, force: bool, **wanted: Any
) -> None:
    """Write meetings to FILE, or to stdout."""
    from alerts import words  # noqa: PLC0415 (so that --help is quick)

    if pack is not None:
        _export_pack(context, pack, file, force=force)
        return
    if trips:
        _export_trips(context, file, form, force=force, **wanted)
        return
    with ExitStack() as open_ones:
        connection = open_ones.enter_context(reading(context))
        found = _find(context, connection, limit=_MOST, **wanted)
        out = open_ones.enter_context(output_to(file, force=force))
        _WRITERS[form](found, out)
    dateless = sum(one.date is None for one in found) if form == "ics" else 0
    left_out = f"; {dateless} of unknown date left out" if dateless else ""
    context.say(f"{words.count(len(found) - dateless, 'meeting')} written{left_out}")


def _export_trips(context: Context, file: Path | None, form: str, *, force: bool, **wanted: Any) -> None:
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch.cli.trips import WRITERS, trips_in  # noqa: PLC0415 (likewise)

    with reading(context) as connection:
        trips = trips_in(context, connection, wanted["person"], _find(context, connection, limit=_MOST, **wanted))
    with output_to(file, force=force) as out:
        WRITERS[form](trips, out)
    context.say(f"{words.count(len(trips), 'trip')} written")


def _export_pack(context: Context, reference: str, file: Path | None, *, force: bool) -> None:
    """HTML where the file's name says so, else JSON."""
    from envoywatch.evidence import evidence_pack, render_pack  # noqa: PLC0415 (as above)

    with reading(context) as connection:
        pack = evidence_pack(connection, find_meeting(connection, reference), datetime.now(UTC))
    as_page = file is not None and file.suffix.lower() in {".html", ".htm"}
    with output_to(file, force=force) as out:
        out.write(render_pack(pack) if as_page else json_text(pack, indent=2) + "\n")
    context.say(f"the evidence of meeting {pack['meeting']['id']}: {len(pack['articles'])} articles, {pack['sha256']}")


# ---------------------------------------------------------------- finding


def _find(
    context: Context,
    connection: Reader,
    *,
    limit: int,
    person: str | None,
    **bounds: Any,
) -> list[Meeting]:
    """What `list_meetings` finds for a person in any written form, or for every member of a group."""
    from storage.views import list_meetings  # noqa: PLC0415 (after the options, so that --help is quick)

    if person is None:
        return list(list_meetings(connection, limit=limit, **bounds))
    labels = labels_of(context.config, person)
    found = {one.id: one for label in labels for one in list_meetings(connection, person=label, **bounds, limit=_MOST)}
    if not found and not any(list_meetings(connection, person=label, limit=1) for label in labels):
        raise UsageError(f"nobody called {person!r} is in the ledger", hint=near_names(context.config, person))
    newest_first = sorted(found.values(), key=lambda one: one.updated_at, reverse=True)
    return sorted(newest_first, key=lambda one: one.date or one.updated_at.date(), reverse=True)[:limit]


def find_meeting(connection: Reader, reference: str) -> MeetingView:
    """By id or by key; raises NotStoredError."""
    from storage.views import NotStoredError, get_meeting, list_meetings  # noqa: PLC0415 (as above)

    if reference.isascii() and reference.isdigit():
        return get_meeting(connection, min(int(reference), 2**63 - 1))
    for one in list_meetings(connection, limit=_MOST):
        if one.key == reference and one.id is not None:
            return get_meeting(connection, one.id)
    raise NotStoredError(f"there is no meeting {reference}", hint="`envoywatch meetings list` shows them, with ids")


# ---------------------------------------------------------------- showing


def status_of(meeting: Meeting) -> str:
    """The status in a word or two, with what stands beside it."""
    from alerts import words  # noqa: PLC0415 (as above)

    extra = ", disputed" if meeting.disputed else ", confirmed" if meeting.confirmed else ""
    return words.STATUS[meeting.status] + extra


def _confirmation(meeting: Meeting) -> str:
    """Whose official sources confirm it, or for how long none has; empty for what has not happened."""
    from alerts import words  # noqa: PLC0415 (as above)

    if meeting.told_at is None:
        return ""
    if meeting.confirmed:
        return words.confirmation(meeting.confirmed_by)
    return words.unconfirmed(meeting.told_at, datetime.now(UTC))


def _print_meeting(view: MeetingView) -> None:
    from alerts import words  # noqa: PLC0415 (as above)

    meeting = view.meeting
    said = words.meeting(meeting.status, meeting.participants, meeting.reports)
    show.heading(f"Meeting {meeting.id}: {said}", first=True)
    show.facts(
        [
            ("status", status_of(meeting)),
            ("level", words.LEVEL[meeting.level]),
            ("date", meeting.date or "not known"),
            ("place", meeting.place),
            ("reported by", words.reported(meeting.reports, meeting.originators)),
            ("confirmed", _confirmation(meeting)),
            ("first report", short(meeting.first_reported_at)),
            ("last change", short(meeting.updated_at)),
            ("alerts", ", ".join(str(one) for one in view.alert_ids)),
            ("key", meeting.key),
        ]
    )
    show.heading("History (UTC)")
    print_history(view.history)
    show.heading("Who reported it")
    print_reports(view.reports)
    show.heading("What was said")
    for claim in view.claims:
        print_claim(claim)


def print_history(history: Sequence[HistoryStep]) -> None:
    """A meeting's changes, oldest first."""
    from alerts import words  # noqa: PLC0415 (as above)

    print_table(
        [Column("AT", whole=True), "WHAT", "STATUS", "SOURCE"],
        [
            (
                short(step.at),
                words.CHANGE[step.change],
                f"{words.STATUS[step.before]} → {words.STATUS[step.after]}"
                if step.before
                else words.STATUS[step.after],
                step.claim.article.source if step.claim else "a clock",
            )
            for step in history
        ],
    )


def print_reports(reports: Sequence[SourceReport]) -> None:
    """One line a source."""
    from alerts import words  # noqa: PLC0415 (as above)

    print_table(
        ["SOURCE", "WHO IT IS", "REPORT OF", "SAYS", Column("PUBLISHED", whole=True), Column("ARTICLE", right=True)],
        [
            (
                one.source,
                " ".join(filter(None, (one.country, words.ROLE[one.role]))),
                one.article.originator,
                words.STATUS[one.status] + (" (copy)" if one.is_copy else ""),
                short(one.article.published_at),
                one.article.id,
            )
            for one in reports
        ],
    )


def print_claim(claim: ClaimView) -> None:
    """What one sentence says, and the sentence."""
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch.cli.output import escape  # noqa: PLC0415 (likewise)

    kinds = ", ".join(dict.fromkeys(cue.kind for cue in claim.cues))
    what = [words.STATUS[claim.status], words.people(claim.participants), claim.place, claim.date]
    what += ["gone from the article"] if claim.withdrawn_at is not None else []
    click.echo(escape(" · ".join(str(part) for part in what if part)))
    show.quote(claim.evidence)
    show.facts(
        [
            ("  source", f"{claim.article.source}, article {claim.article.id}"),
            ("  decided by", f"{claim.rule or 'no rule'} ({claim.confidence:.2f})" + (f": {kinds}" if kinds else "")),
            ("  link", claim.article.url),
        ]
    )


# ---------------------------------------------------------------- writing


def _write_csv(meetings: Iterable[Meeting], out: TextIO) -> None:
    """Texts that a spreadsheet would take for a formula are led by an apostrophe."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for one in meetings:
        row = {**to_plain(one), "participants": "; ".join(one.participants)}
        writer.writerow([csv_cell(row[name]) for name in CSV_COLUMNS])


def _write_json(meetings: Iterable[Meeting], out: TextIO) -> None:
    out.write(json_text(list(meetings), indent=2) + "\n")


def _write_calendar(meetings: Iterable[Meeting], out: TextIO) -> None:
    from envoywatch import __version__  # noqa: PLC0415 (as above)
    from envoywatch.cli.calendar import render_calendar  # noqa: PLC0415 (likewise)

    out.writelines(render_calendar(meetings, __version__))


_WRITERS: dict[str, Callable[[list[Meeting], TextIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "ics": _write_calendar,
}
