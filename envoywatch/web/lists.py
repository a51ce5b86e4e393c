"""The pages about Envoywatch itself: sources and their health, the outbox, and what is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from envoywatch.watch_words import options_in_words
from envoywatch.web.view import context_of, number, path_id, read, show
from storage import views
from storage.losses import find_outage
from storage.model import DeliveryState
from storage.views import Health

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from storage.health import Outage
    from storage.views import Reader, SourceHealth

_PAGE = 50
_WORST_FIRST = {health: rank for rank, health in enumerate(Health)}


def sources(request: Request) -> Response:
    """Every source with its health, those that need a person first."""
    now = context_of(request).now()

    def work(reader: Reader) -> tuple[tuple[SourceHealth, ...], Outage | None]:
        return views.list_sources(reader, now), find_outage(reader)

    found, outage = read(request, work)

    def rank(source: SourceHealth) -> tuple[int, str]:
        return _WORST_FIRST[source.health], source.name.casefold()

    page = number(request, "page") or 1
    pages = max(1, -(-len(found) // _PAGE))
    if page > pages:
        raise HTTPException(404)
    return show(
        request,
        "sources.html",
        sources=sorted(found, key=rank)[(page - 1) * _PAGE : page * _PAGE],
        total=len(found),
        outage=outage,
        counts={health: sum(source.health is health for source in found) for health in Health},
        page=page,
        pages=pages,
    )


def source(request: Request) -> Response:
    """One source: its endpoints, its present fault and its last polls."""
    now = context_of(request).now()
    wanted = path_id(request)
    return show(request, "source.html", source=read(request, lambda reader: views.get_source(reader, wanted, now)))


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


def watches(request: Request) -> Response:
    """What is watched, and what each watch yields."""
    context = context_of(request)
    now = context.now()
    activity = {found.watch: found for found in read(request, lambda reader: views.watch_activity(reader, now))}
    config = context.settings().config
    return show(request, "watches.html", config=config, activity=activity, options=options_in_words)


def people(request: Request) -> Response:
    """Who is known by the configuration and who met anybody, by the ledger."""
    settings = context_of(request).settings()
    activity = read(request, views.people_activity)
    return show(request, "people.html", config=settings.config, activity=activity)


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
