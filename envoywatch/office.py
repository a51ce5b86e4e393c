"""What commands and the page may change: done here when no daemon runs, by the daemon when one does."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from config.errors import UsageError
from envoywatch.clock import Clock
from envoywatch.control import ask
from storage.errors import DatabaseBusyError
from storage.keeping import CHUNK, give_back, prune_articles, prune_polls, tidy_index
from storage.model import from_text
from storage.outbox import drop_delivery, retry_delivery
from storage.runs import review_alert
from storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
        case {"do": "prune", "before": str(before), "most": int(most)}:
            return store.write_now(prune_articles, from_text(before), min(most, CHUNK))
        case {"do": "prune-polls"}:
            return store.write_now(prune_polls, now - POLL_LOG_KEPT)
        case {"do": "tidy", "begin": bool(begin)}:
            return store.write_now(tidy_index, begin=begin)
        case {"do": "give-back"}:
            return store.write_now(give_back)
        case _:
            raise UsageError(f"the request {request.get('do')!r} cannot be carried out as it was made")
    return None


REQUESTS = ("review", "retry", "drop", "prune", "prune-polls", "tidy", "give-back")


def change(database: Path, request: dict[str, Any]) -> Any:
    """Carry out one request: through the daemon when it holds the database, else directly.

    Raises DatabaseBusyError when something else holds it, DatabaseRefusedError when there is no usable file.
    """
    with changing(database, request["do"]) as perform_one:
        return perform_one(request)


@contextmanager
def changing(database: Path, doing: str) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """`change` for several requests in a row: what the block gets carries out one."""
    with ExitStack() as stack:
        try:
            store = stack.enter_context(open_store(database, f"envoywatch {doing}"))
        except DatabaseBusyError as error:
            busy = error
        else:
            yield lambda request: perform(store, request, Clock())
            return

        def through_daemon(request: dict[str, Any]) -> Any:
            try:
                return ask(database, request)
            except ConnectionError:
                raise busy from None

        yield through_daemon
