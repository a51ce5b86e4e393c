"""What programs read: the Atom feed of alerts, liveness and readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from envoywatch.web import documents
from envoywatch.web.languages import ENGLISH
from envoywatch.web.templating import templates
from envoywatch.web.view import context_of, read
from storage import views

if TYPE_CHECKING:
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
    text = (
        templates(ENGLISH)
        .get_template("feed.xml")
        .render(
            alerts=[(alert, feed_id(alert)) for alert in found],
            base=str(request.base_url).rstrip("/"),
            watch=watch,
            now=context.now(),
            updated=found[0].created_at if found else context.now(),
        )
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
