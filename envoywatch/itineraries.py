"""A person's trips out of the database, for the command line and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.itinerary import trips_of
from config.vocabulary import Role
from storage.views import get_article, get_meeting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.itinerary import Trip
    from storage.model import Meeting
    from storage.views import Reader


def itineraries(reader: Reader, labels: Sequence[str], meetings: Iterable[Meeting]) -> tuple[Trip, ...]:
    """The trips that these meetings make of each person known by one of the labels, the latest first."""
    views = [get_meeting(reader, one.id) for one in meetings if one.id is not None]
    official = {claim.article.id for view in views for claim in view.claims if claim.article.role is Role.OFFICIAL}
    texts = {article_id: get_article(reader, article_id).text for article_id in official}
    return tuple(
        trip
        for label in labels
        for trip in trips_of(label, (label,), [one for one in views if label in one.meeting.participants], texts)
    )
