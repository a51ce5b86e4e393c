"""The outbox: deliveries taken for a while, and what became of them; inside a transaction of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from storage.errors import NotStoredError
from storage.identity import digest
from storage.model import Delivery, DeliveryFault, DeliveryState, Receipt, from_text, to_text
from storage.rows import clean

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlite_utils import Database

_COLUMNS = "id, key, channel, state, attempts, created_at, due_at, alert_id, digest_id"
_WAITING = "channel = :channel AND state = 'due' AND id <> :id AND (leased_until IS NULL OR leased_until <= :now)"
_ASKED = (
    "SELECT 1 FROM deliveries WHERE channel = {channel} AND state = 'due' AND due_at > :now"  # noqa: S608 (constants)
    f" AND fault = '{DeliveryFault.RATE_LIMITED}'"
)
"""The target asked us to wait, and the time has not come: what is new waits too."""
_BACKLOG = f"{_WAITING} AND attempts > 0"
_OF_CHANNEL: Final = frozenset({DeliveryFault.UNREACHABLE, DeliveryFault.RATE_LIMITED})
_OF_EITHER: Final = frozenset({DeliveryFault.SERVER, DeliveryFault.TIMEOUT})
"""These may lie in one message as well as in its channel."""


def due_channels(connection: sqlite3.Connection, now: datetime) -> list[str]:
    """Channels that have something to send now; reads only."""
    rows = connection.execute(
        "SELECT DISTINCT channel FROM deliveries d WHERE state = 'due' AND due_at <= :now"  # noqa: S608 (a constant)
        f" AND (leased_until IS NULL OR leased_until <= :now) AND NOT EXISTS ({_ASKED.format(channel='d.channel')})",
        {"now": to_text(now)},
    )
    return [row[0] for row in rows]


def lease_deliveries(db: Database, channel: str, now: datetime, most: int, hold: timedelta) -> list[Delivery]:
    """Take up to `most` due deliveries of one channel until `now + hold`: the new first, then the backlog."""
    rows = db.execute(
        "UPDATE deliveries SET leased_until = :until, sealed_at = coalesce(sealed_at, :now)"  # noqa: S608 (a constant)
        " WHERE id IN (SELECT id FROM deliveries WHERE state = 'due'"
        " AND channel = :channel AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)"
        f" AND NOT EXISTS ({_ASKED.format(channel=':channel')})"
        f" ORDER BY attempts > 0, created_at, id LIMIT :most) RETURNING {_COLUMNS}",
        {"channel": channel, "now": to_text(now), "until": to_text(now + hold), "most": most},
    ).fetchall()
    return sorted((delivery_from_row(row) for row in rows), key=lambda one: (one.attempts > 0, one.created_at, one.id))


def delivery_from_row(row: Sequence[Any]) -> Delivery:
    """A delivery from a row of its columns, in the order of `_COLUMNS`."""
    return Delivery(
        id=row[0],
        key=row[1],
        channel=row[2],
        state=DeliveryState(row[3]),
        attempts=row[4],
        created_at=from_text(row[5]),
        due_at=from_text(row[6]),
        alert_id=row[7],
        digest_id=row[8],
    )


def finish_delivery(db: Database, receipt: Receipt, fallback: str | None = None) -> None:
    """Write what one attempt ended in; one that is dead goes out through `fallback` as a delivery of its own."""
    # What a person dropped while it was on its way stays dropped, unless it arrived.
    row = db.execute(
        "UPDATE deliveries SET state = CASE WHEN state = 'dropped' AND NOT ? THEN state ELSE ? END,"
        " attempts = attempts + 1, leased_until = NULL,"
        " due_at = coalesce(?, due_at),"
        " sent_at = CASE WHEN ? THEN ? ELSE sent_at END, fault = ?, last_error = ? WHERE id = ?"
        " RETURNING key, alert_id, digest_id, state, channel, attempts",
        [
            receipt.ok,
            receipt.state,
            to_text(receipt.retry_at) if receipt.retry_at else None,
            receipt.ok,
            to_text(receipt.at),
            receipt.fault,
            clean(receipt.detail) if receipt.detail else None,
            receipt.delivery_id,
        ],
    ).fetchone()
    if row is None:
        return
    if receipt.ok:
        _go_on(db, receipt, row[4], again=row[5] > 1)
    else:
        _stand_back(db, receipt, row[4])
    if fallback and row[3] in (DeliveryState.DEAD, DeliveryState.PARKED):
        db.execute(
            # Not through a channel that had this message before: fallbacks may name each other.
            "INSERT INTO deliveries (key, alert_id, digest_id, channel, state, created_at, due_at)"
            " SELECT :key, :alert, :digest, :channel, 'due', :at, :at WHERE NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE channel = :channel AND alert_id IS :alert AND digest_id IS :digest)",
            {
                "key": digest("fallback", row[0], fallback),
                "alert": row[1],
                "digest": row[2],
                "channel": fallback,
                "at": to_text(receipt.at),
            },
        )


def _stand_back(db: Database, receipt: Receipt, channel: str) -> None:
    """After a failure the whole backlog of its channel waits for the same time, so that it is then sent in order.

    What was never tried is sent at once, unless the target asked us to wait. Where the failure may lie in this one
    message alone the oldest of the others has its turn first, lest one that is never taken holds up all.
    """
    if receipt.retry_at is None or receipt.fault not in _OF_CHANNEL | _OF_EITHER:
        return
    values = {"id": receipt.delivery_id, "channel": channel, "now": to_text(receipt.at)}
    row = db.execute(
        f"SELECT id, due_at FROM deliveries WHERE {_BACKLOG} ORDER BY created_at, id LIMIT 1",  # noqa: S608 (constants)
        values,
    ).fetchone()
    has_turn = row is not None and receipt.fault in _OF_EITHER and row[1] <= values["now"]
    asked = receipt.fault == DeliveryFault.RATE_LIMITED
    db.execute(
        "UPDATE deliveries SET attempts = attempts + (attempts > 0), due_at ="  # noqa: S608 (likewise)
        f" CASE WHEN fault = '{DeliveryFault.RATE_LIMITED}' OR attempts = 0 THEN max(due_at, :retry_at)"
        " ELSE :retry_at END"
        f" WHERE {_WAITING if asked else _BACKLOG} AND id IS NOT :spared",
        {**values, "retry_at": to_text(receipt.retry_at), "spared": row[0] if has_turn else None},
    )


def _go_on(db: Database, receipt: Receipt, channel: str, *, again: bool) -> None:
    """A message got through: what waited for its channel is due now, the oldest first.

    What may have failed of itself is, only when one that had failed before got through (`again`): the channel was down.
    """
    faults = _OF_CHANNEL | _OF_EITHER if again else _OF_CHANNEL
    db.execute(
        f"UPDATE deliveries SET due_at = :now WHERE {_BACKLOG} AND due_at > :now"  # noqa: S608 (constants)
        f" AND fault IN ({', '.join(repr(str(fault)) for fault in sorted(faults))})",
        {"id": receipt.delivery_id, "channel": channel, "now": to_text(receipt.at)},
    )


def hold_delivery(db: Database, delivery_id: int, until: datetime) -> None:
    """Quiet hours: not an attempt, only later. Until it is tried other alerts may still join its message."""
    db.execute(
        "UPDATE deliveries SET due_at = ?, leased_until = NULL,"  # noqa: S608 (a constant)
        f" fault = nullif(fault, '{DeliveryFault.RATE_LIMITED}'),"  # it waits for the hours now, and holds nothing back
        " sealed_at = CASE WHEN attempts = 0 THEN NULL ELSE sealed_at END WHERE id = ?",
        [to_text(until), delivery_id],
    )


def retry_delivery(db: Database, delivery_id: int, now: datetime) -> None:
    """Send again at once, by a person's wish. Raises NotStoredError; one sent, or on its way now, stays as it is."""
    row = _get_state(db, delivery_id)
    if row == DeliveryState.SENT:
        raise NotStoredError(
            f"delivery {delivery_id} was sent already", hint="`envoywatch outbox list` shows what is not"
        )
    db.execute("UPDATE deliveries SET state = 'due', due_at = ? WHERE id = ?", [to_text(now), delivery_id])


def drop_delivery(db: Database, delivery_id: int) -> None:
    """Give it up, by a person's wish; the row stays as a record. Raises NotStoredError."""
    if _get_state(db, delivery_id) == DeliveryState.SENT:
        raise NotStoredError(f"delivery {delivery_id} was sent already", hint="there is nothing to drop")
    db.execute("UPDATE deliveries SET state = 'dropped', leased_until = NULL WHERE id = ?", [delivery_id])


def _get_state(db: Database, delivery_id: int) -> str:
    row = db.execute("SELECT state FROM deliveries WHERE id = ?", [delivery_id]).fetchone()
    if row is None:
        raise NotStoredError(f"there is no delivery {delivery_id}", hint="`envoywatch outbox list` shows them")
    return str(row[0])
