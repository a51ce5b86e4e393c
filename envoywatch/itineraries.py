"""A person's trips out of the database, for the command line and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.itinerary import trips_of
from storage.views import official_reports
from storage.views_search import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.itinerary import Trip
    from storage.model import Meeting
    from storage.views import Reader


def itineraries(reader: Reader, labels: Sequence[str], meetings: Iterable[Meeting]) -> tuple[Trip, ...]:
    """The trips that these meetings make of each person known by one of the labels, the latest first."""
    reported = official_reports(reader, meetings)
    official = {claim.article.id for one in reported for claim in one.claims}
    texts = {found.line.id: found.text for found in texts_of(reader, sorted(official))}
    return tuple(
        trip
        for label in labels
        for trip in trips_of(label, (label,), [one for one in reported if label in one.meeting.participants], texts)
    )
