"""Deliveries as they are shown: what is due, what was sent, what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.faults import FaultText, describe_delivery
from storage.model import DeliveryFault, DeliveryState, from_text, to_text
from storage.views_rows import moment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery with the title of what it carries."""

    id: int
    key: str
    title: str
    channel: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    fault: DeliveryFault | None
    last_error: str | None
    alert_id: int | None
    digest_id: int | None
    others: int = 0
    """How many further alerts its message tells."""

    @property
    def fault_text(self) -> FaultText | None:
        """Words and remedy of its last failure."""
        return None if self.fault is None else describe_delivery(self.fault)


@dataclass(frozen=True, slots=True)
class SentCounts:
    """What became of the messages of a channel."""

    sent: int
    waiting: int
    given_up: int


_SELECT = """
SELECT deliveries.*, coalesce(alerts.title, digests.name) AS title,
       (SELECT count(*) FROM alerts other WHERE other.told_with = deliveries.alert_id) AS others
FROM deliveries
LEFT JOIN alerts ON alerts.id = deliveries.alert_id
LEFT JOIN digests ON digests.id = deliveries.digest_id
"""
_LIST = _SELECT + "WHERE (:state IS NULL OR state = :state) ORDER BY deliveries.id DESC LIMIT :limit"
_MESSAGE_OF = "(SELECT coalesce(told_with, id) FROM alerts WHERE id = ?)"
_OF_ALERT = f"{_SELECT} WHERE deliveries.alert_id = {_MESSAGE_OF} ORDER BY deliveries.id"


def _line(row: sqlite3.Row) -> DeliveryLine:
    return DeliveryLine(
        id=row["id"],
        key=row["key"],
        title=row["title"],
        channel=row["channel"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        created_at=from_text(row["created_at"]),
        due_at=from_text(row["due_at"]),
        sent_at=moment(row["sent_at"]),
        fault=None if row["fault"] is None else DeliveryFault(row["fault"]),
        last_error=row["last_error"],
        alert_id=row["alert_id"],
        digest_id=row["digest_id"],
        others=row["others"],
    )


def outbox(
    connection: sqlite3.Connection, state: DeliveryState | None = None, *, limit: int = 200
) -> tuple[DeliveryLine, ...]:
    """Newest first."""
    return tuple(_line(row) for row in connection.execute(_LIST, {"state": state, "limit": limit}))


def deliveries_of_alert(connection: sqlite3.Connection, alert_id: int) -> tuple[DeliveryLine, ...]:
    """Every way on which one alert went out, alone or in the message of another."""
    return tuple(_line(row) for row in connection.execute(_OF_ALERT, (alert_id,)))


def outbox_counts(connection: sqlite3.Connection) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state, zero included."""
    found = {
        row["state"]: row["n"]
        for row in connection.execute("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
    }
    return {state: int(found.get(state, 0)) for state in DeliveryState}


def sent_counts(connection: sqlite3.Connection, channel: str, since: datetime) -> SentCounts:
    """What was sent through a channel since then, what waits now, and what was given up since then."""
    sql = (
        "SELECT count(*) FILTER (WHERE sent_at >= :since), count(*) FILTER (WHERE state = 'due'),"
        " count(*) FILTER (WHERE state IN ('parked', 'dead') AND created_at >= :since)"
        " FROM deliveries WHERE channel = :channel"
    )
    return SentCounts(*connection.execute(sql, {"channel": channel, "since": to_text(since)}).fetchone())
