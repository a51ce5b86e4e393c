"""The pages about Envoywatch itself: the outbox, and what is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from envoywatch.web.view import context_of, read, show
from storage import views
from storage.model import DeliveryState

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from storage.views import Reader


def outbox(request: Request) -> Response:
    """Deliveries, newest first."""
    text = request.query_params.get("state") or None
    if text is not None and text not in list(DeliveryState):
        raise HTTPException(400)
    state = None if text is None else DeliveryState(text)

    def work(reader: Reader) -> tuple[object, object]:
        return views.outbox(reader, state), views.outbox_counts(reader)

    deliveries, counts = read(request, work)
    return show(request, "outbox.html", deliveries=deliveries, counts=counts, state=state)


def settings(request: Request) -> Response:
    """The configuration in force, its faults, the daemon and the database."""
    context = context_of(request)

    def work(reader: Reader) -> tuple[object, object, object]:
        return views.totals(reader), views.database_facts(reader), views.find_last_run(reader)

    totals, database, run = read(request, work)
    return show(
        request,
        "settings.html",
        settings=context.settings(),
        config=context.settings().config,
        readiness=context.health(),
        totals=totals,
        database=database,
        run=run,
    )
