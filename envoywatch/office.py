"""What commands and the page may change: done here when no daemon runs, by the daemon when one does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from config.errors import UsageError
from envoywatch.clock import Clock
from envoywatch.control import ask
from storage.errors import DatabaseBusyError
from storage.outbox import drop_delivery, retry_delivery
from storage.runs import prune, review_alert
from storage.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from storage.store import SqliteStore

POLL_LOG_KEPT = timedelta(days=30)


def perform(store: SqliteStore, request: dict[str, Any], clock: Clock) -> Any:
    """Carry out one request on an open store; blocks. Raises NotStoredError and UsageError."""
    now = clock.now()
    match request:
        case {"do": "review", "alert": int(alert), "review": review}:
            store.write_now(review_alert, alert, review, now)
        case {"do": "retry", "delivery": int(delivery)}:
            store.write_now(retry_delivery, delivery, now)
        case {"do": "drop", "delivery": int(delivery)}:
            store.write_now(drop_delivery, delivery)
        case {"do": "prune", "days": int() | float() as days}:
            return store.write_now(prune, now - timedelta(days=days), POLL_LOG_KEPT, now)
        case _:
            raise UsageError(f"the request {request.get('do')!r} cannot be carried out as it was made")
    return None


REQUESTS = ("review", "retry", "drop", "prune")


def change(database: Path, request: dict[str, Any]) -> Any:
    """Carry out one request: through the daemon when it holds the database, else directly.

    Raises DatabaseBusyError when something else holds it, DatabaseRefusedError when there is no usable file.
    """
    try:
        with open_store(database, f"envoywatch {request['do']}") as store:
            return perform(store, request, Clock())
    except DatabaseBusyError as busy:
        try:
            return ask(database, request)
        except ConnectionError:
            raise busy from None
