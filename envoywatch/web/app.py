"""The page put together: routes, what stands before them, and what is shown when something goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from config.errors import EnvoywatchError
from envoywatch.web import lists, live, machines, metrics, pages, people, review, searching, sources, watches
from envoywatch.web.access import Access, AccessGate
from envoywatch.web.guard import SECURITY_HEADERS, Guard, HostList, check_listen
from envoywatch.web.languages import N_, Languages
from envoywatch.web.present import sentence
from envoywatch.web.states import States
from envoywatch.web.tasks import Tasks
from envoywatch.web.templating import HERE
from envoywatch.web.view import show
from storage.errors import NotStoredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from envoywatch.web.context import WebContext

_HTTP_WORDS = {
    400: N_("That is not a request this page understands."),
    404: N_("There is no such page."),
    405: N_("That cannot be done here."),
    413: N_("That is too much."),
}


def create_app(context: WebContext) -> Starlette:
    """The page over `context`. Raises UsageError when it would be reachable from other machines without a password."""
    check_listen(context.listen, context.password)
    access = Access(context.password)
    app = Starlette(
        routes=routes(),
        middleware=[
            Middleware(Guard, hosts=HostList(context.listen)),
            Middleware(AccessGate, access=access),
            # No page holds a secret beside text of others, from whose length it could be guessed. Level 4 takes 3 ms
            # for a page of 300 KB and leaves a twelfth of it.
            Middleware(GZipMiddleware, compresslevel=4),
        ],
        exception_handlers={
            HTTPException: _http_error,
            EnvoywatchError: _trouble,
            Exception: _unexpected,
        },
    )
    app.state.context = context
    app.state.access = access
    app.state.languages = Languages()
    app.state.tasks = Tasks()
    app.state.states = States()
    app.state.live = live.Live()
    return app


def routes() -> list[Route | Mount]:
    """Every address of the page."""

    def get(path: str, endpoint: Callable[..., object]) -> Route:
        return Route(path, endpoint, methods=["GET"])

    return [
        get("/", pages.today),
        get("/events", live.events),
        get("/alerts", pages.alerts),
        get("/alerts/{id:int}", pages.alert),
        Route("/alerts/{id:int}/review", review.review, methods=["POST"]),
        get("/meetings", pages.meetings),
        get("/meetings/{id:int}", pages.meeting),
        get("/trips", pages.trips),
        get("/stories", pages.stories),
        get("/stories/{id:int}", pages.story),
        get("/articles/{id:int}", pages.article),
        get("/search", searching.search),
        get("/try", searching.preview),
        get("/sources", sources.sources),
        Route("/sources", sources.add, methods=["POST"]),
        get("/sources/{id:int}", sources.source),
        Route("/sources/{id:int}", sources.change, methods=["POST"]),
        get("/outbox", lists.outbox),
        get("/watches", watches.watches),
        Route("/watches", watches.change, methods=["POST"]),
        get("/watches/{name:path}", watches.watch),
        Route("/watches/{name:path}", watches.change, methods=["POST"]),
        get("/people", people.people),
        Route("/people", people.change, methods=["POST"]),
        get("/settings", lists.settings),
        get("/feed.atom", machines.feed),
        get("/openapi.json", machines.openapi),
        get("/healthz", machines.healthz),
        get("/readyz", machines.readyz),
        get("/metrics", metrics.metrics),
        get("/login", review.login_form),
        Route("/login", review.login, methods=["POST"]),
        Route("/logout", review.logout, methods=["POST"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (what Starlette registers it for)
    return _error_page(request, error.status_code, _HTTP_WORDS.get(error.status_code, error.detail), "")


def _trouble(request: Request, error: Exception) -> Response:
    """An expected trouble: something that is not stored is the visitor's, anything else is ours for now."""
    assert isinstance(error, EnvoywatchError)  # noqa: S101 (what it is registered for)
    status = 404 if isinstance(error, NotStoredError) else 503
    return _error_page(request, status, sentence(str(error)), error.hint)


def _unexpected(request: Request, error: Exception) -> Response:  # noqa: ARG001 (Starlette logs it by raising it again)
    response = _error_page(request, 500, N_("Something went wrong here."), N_("The log has the details."))
    # Starlette answers these outside of all middleware, the guard included.
    response.headers.update(SECURITY_HEADERS | {"cache-control": "no-store"})
    return response


def _error_page(request: Request, status: int, message: str, hint: str) -> Response:
    return show(request, "error.html", status=status, bare=True, message=message, hint=hint)
