"""`envoywatch meetings list --trips`: a person's itinerary on the screen, and as CSV, JSON and iCalendar."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final, TextIO

from config.errors import UsageError
from envoywatch.cli import show
from envoywatch.cli.archive import csv_cell, labels_of
from envoywatch.cli.output import Column, escape, json_text, print_table, to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alerts.itinerary import Encounter, Stop, Trip
    from envoywatch.cli.context import Context
    from storage.model import Meeting
    from storage.views import Reader

CSV_COLUMNS: Final = (
    "person", "trip", "place", "first", "last", "days", "highest_level", "received_by", "level", "status", "date",
    "reports", "confirmed_by", "meeting",
)  # fmt: skip
_ONLY_SHOWN = 5


def trips_in(context: Context, connection: Reader, person: str | None, meetings: Iterable[Meeting]) -> tuple[Trip, ...]:
    """The trips that a person's meetings make; raises UsageError without a person."""
    from envoywatch.itineraries import itineraries  # noqa: PLC0415 (so that --help is quick)

    if person is None:
        raise UsageError("--trips needs --person", hint="say whose: --person NAME")
    return itineraries(connection, labels_of(context.config, person), meetings)


def trip_records(trips: Iterable[Trip]) -> list[dict[str, Any]]:
    """For JSON: each stop with its days, each trip with what compares its capitals."""
    from alerts.itinerary import compare  # noqa: PLC0415 (as above)

    return [
        {
            **to_plain(trip),
            "stops": [{**to_plain(stop), "days": stop.days} for stop in trip.stops],
            "capitals": list(compare(trip)),
        }
        for trip in trips
    ]


def print_trips(trips: Sequence[Trip]) -> None:
    """Each trip as a table of its stops, what compares them, and what only one side says."""
    from alerts.itinerary import compare  # noqa: PLC0415 (as above)

    for number, trip in enumerate(trips):
        show.heading(f"{trip.person}: {_span(trip.first, trip.last)}", first=not number)
        print_table(
            [Column("DAYS", whole=True), "PLACE", "HIGHEST", "RECEIVED BY", "CONFIRMED", Column("MEETING", right=True)],
            [row for stop in trip.stops for row in _rows(stop)],
        )
        for line in compare(trip):
            show.facts([("received at", line)])
        for stop in trip.stops:
            _print_read_outs(stop)
    if not trips:
        print_table(["DAYS"], [], empty="No meeting in the ledger fits.")


def _rows(stop: Stop) -> Iterable[tuple[object, ...]]:
    for number, one in enumerate(stop.encounters):
        first = (_span(stop.first, stop.last), stop.place or "?", _level(stop)) if not number else ("", "", "")
        yield (*first, _host(one), ", ".join(one.confirmed_by), one.meeting_id)


def _level(stop: Stop) -> str:
    return stop.level or "not received"


def _host(one: Encounter) -> str:
    from alerts import words  # noqa: PLC0415 (as above)

    host = words.people(one.hosts) or "?"
    return f"{host} ({one.level})" if one.took_place else f"{host} ({one.level}): {words.STATUS[one.status]}"


def _span(first: object, last: object) -> str:
    if first is None:
        return "day not known"
    return str(first) if first == last else f"{first} to {last}"


def _print_read_outs(stop: Stop) -> None:
    for one in stop.read_outs:
        show.heading(f"{stop.place or '?'}: read-out of {one.source} ({one.country or '?'}), article {one.article_id}")
        if not one.compared_with:
            show.facts([("", "no read-out of another side in the same language to compare it with")])
            continue
        show.facts([("beside", ", ".join(one.compared_with)), ("only here", len(one.only_here) or "nothing")])
        for sentence in one.only_here[:_ONLY_SHOWN]:
            show.facts([("", escape(sentence))])


# ---------------------------------------------------------------- writing


def _write_csv(trips: Sequence[Trip], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for number, trip in enumerate(trips, 1):
        for stop in trip.stops:
            for one in stop.encounters:
                row = (
                    trip.person, number, stop.place, stop.first, stop.last, stop.days, stop.level, "; ".join(one.hosts),
                    one.level, one.status, one.date, one.reports, "; ".join(one.confirmed_by), one.meeting_id,
                )  # fmt: skip
                writer.writerow([csv_cell(value) for value in row])


def _write_json(trips: Sequence[Trip], out: TextIO) -> None:
    out.write(json_text(trip_records(trips), indent=2) + "\n")


def _write_calendar(trips: Sequence[Trip], out: TextIO) -> None:
    from envoywatch import __version__  # noqa: PLC0415 (as above)
    from envoywatch.cli.calendar import render_trips  # noqa: PLC0415 (likewise)

    out.writelines(render_trips(trips, __version__))


WRITERS: Final[dict[str, Callable[[Sequence[Trip], TextIO], None]]] = {
    "csv": _write_csv,
    "json": _write_json,
    "ics": _write_calendar,
}
