"""What programs read: the Atom feed of alerts, liveness, readiness and metrics."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast
from uuid import NAMESPACE_URL, uuid5

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from envoywatch.web import documents
from envoywatch.web.states import states_of
from envoywatch.web.view import context_of, read
from storage import views
from storage.views import Health

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request

    from storage.views import AlertLine

_IN_FEED = 50


def feed(request: Request) -> Response:
    """The newest alerts as Atom; with `?watch=NAME` those of one watch, and 404 for one that never was."""
    context = context_of(request)
    watch = request.query_params.get("watch") or None
    found = read(request, lambda reader: views.list_alerts(reader, limit=_IN_FEED, watch=watch))
    if watch is not None and not found and all(one.name != watch for one in context.settings().config.watches):
        raise HTTPException(404)
    environment = cast("Environment", request.app.state.templates)
    text = environment.get_template("feed.xml").render(
        alerts=[(alert, feed_id(alert)) for alert in found],
        base=str(request.base_url).rstrip("/"),
        watch=watch,
        now=context.now(),
        updated=found[0].created_at if found else context.now(),
    )
    return Response(text, media_type="application/atom+xml")


def feed_id(alert: AlertLine) -> str:
    """The same for ever, whatever characters its key has."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'envoywatch:alert:{alert.key}')}"


async def openapi(request: Request) -> Response:  # noqa: ARG001 (a route's signature)
    """What can be had as JSON."""
    return JSONResponse(documents.openapi())


async def healthz(request: Request) -> Response:  # noqa: ARG001 (a route's signature)
    """The loop turns; that is all this says."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Whether the daemon does its work, and if not why."""
    readiness = context_of(request).health()
    text = "ready\n" if readiness.ready else "not ready\n"
    text += "".join(f"- {trouble}\n" for trouble in readiness.troubles)
    return PlainTextResponse(text, status_code=200 if readiness.ready else 503)


def metrics(request: Request) -> Response:
    """Gauges in Prometheus's text format."""
    context = context_of(request)
    now = context.now()
    judged, afterwards = states_of(request)
    counts = Counter(one.health for one in judged)
    totals = read(request, views.totals)
    lines: list[str] = []

    def gauge(name: str, help_text: str, values: dict[str, float]) -> None:
        lines.append(f"# HELP envoywatch_{name} {help_text}")
        lines.append(f"# TYPE envoywatch_{name} gauge")
        lines.extend(f"envoywatch_{name}{label} {value:g}" for label, value in values.items())

    states = {"due": totals.deliveries_due, "parked": totals.deliveries_parked, "dead": totals.deliveries_dead}
    waiting = (now - totals.oldest_due_at).total_seconds() if totals.oldest_due_at else 0.0
    gauge("ready", "Whether the daemon does its work.", {"": float(context.health().ready)})
    gauge("sources", "Configured sources by health.", {f'{{health="{h}"}}': float(counts[h]) for h in Health})
    gauge("entries_pending", "Entries whose article is still to be read.", {"": float(totals.entries_pending)})
    gauge("articles", "Articles in the archive.", {"": float(totals.articles)})
    gauge("meetings", "Meetings in the ledger.", {"": float(totals.meetings)})
    gauge("alerts", "Alerts ever decided.", {"": float(totals.alerts)})
    gauge("alerts_to_review", "Alerts nobody has reviewed.", {"": float(totals.alerts_to_review)})
    gauge("deliveries", "Deliveries by state.", {f'{{state="{s}"}}': float(n) for s, n in states.items()})
    gauge("delivery_wait_seconds", "Age of the delivery that has waited longest.", {"": waiting})
    if totals.last_ok_at:
        since_ok = (now - totals.last_ok_at).total_seconds()
        gauge("since_last_good_poll_seconds", "Time since any source was read.", {"": since_ok})
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4", background=afterwards)
