"""What people said of alerts: how many were right, by watch, language, source and month; and the articles judged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.runs import REVIEWS
from storage.views_rows import from_time, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Precision:
    """The reviewed alerts of one watch, language or source (`by`), of a month (`2023-05`) or of all (None)."""

    by: str
    name: str
    month: str | None
    reviews: Mapping[str, int]

    @property
    def reviewed(self) -> int:
        """How many were judged."""
        return sum(self.reviews.values())

    @property
    def precision(self) -> float:
        """The share that was right."""
        return self.reviews.get(RIGHT, 0) / self.reviewed


_REVIEWED = """
SELECT substr(alerts.created_at, 1, 7) AS month, alerts.review AS review, count(*) AS n,
       coalesce(alerts.watch, '') AS watch, coalesce(articles.language, '') AS language,
       coalesce(articles.source, '') AS source
FROM alerts
LEFT JOIN claims ON claims.id = alerts.claim_id
LEFT JOIN articles ON articles.id = coalesce(alerts.article_id, claims.article_id)
WHERE alerts.review IS NOT NULL AND alerts.created_at >= :since AND alerts.created_at < :until
GROUP BY 1, 2, 4, 5, 6
"""


def precision_of(
    connection: sqlite3.Connection, since: datetime | None = None, until: datetime | None = None
) -> tuple[Precision, ...]:
    """For all alerts, then by watch, language and source: the whole time first, then month by month."""
    counts: defaultdict[tuple[str, str, str | None], dict[str, int]] = defaultdict(dict)
    for row in connection.execute(_REVIEWED, {"since": from_time(since), "until": to_time(until)}):
        for by in ("all", "watch", "language", "source"):
            name = "" if by == "all" else row[by]
            if by == "all" or name:
                for month in (None, row["month"]):
                    reviews = counts[by, name, month]
                    reviews[row["review"]] = reviews.get(row["review"], 0) + row["n"]
    order = {"all": 0, "watch": 1, "language": 2, "source": 3}
    keys = sorted(counts, key=lambda key: (order[key[0]], key[1].casefold(), key[2] or ""))
    return tuple(
        Precision(*key, {review: counts[key][review] for review in REVIEWS if review in counts[key]}) for key in keys
    )


def judged_articles(connection: sqlite3.Connection) -> Mapping[int, Mapping[int, str]]:
    """By article the meetings whose alerts that it fired were judged, with the judgement given last."""
    sql = """
    SELECT coalesce(alerts.article_id, claims.article_id) AS article_id, alerts.meeting_id, alerts.review
    FROM alerts LEFT JOIN claims ON claims.id = alerts.claim_id
    WHERE alerts.review IS NOT NULL AND alerts.meeting_id IS NOT NULL
      AND coalesce(alerts.article_id, claims.article_id) IS NOT NULL
    ORDER BY article_id, alerts.reviewed_at, alerts.id
    """
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for row in connection.execute(sql):
        found[row["article_id"]][row["meeting_id"]] = row["review"]
    return found
