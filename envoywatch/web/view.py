"""What every page's function needs: its context, a read of the database, numbers from its address, an answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse

from envoywatch.web.access import COOKIE
from envoywatch.web.documents import LISTINGS, document
from envoywatch.web.languages import N_
from envoywatch.web.negotiation import wants_json
from envoywatch.web.templating import templates
from storage import views

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from envoywatch.web.access import Access
    from envoywatch.web.context import WebContext
    from envoywatch.web.languages import Language, Languages
    from storage.views import Reader

T = TypeVar("T")

_LARGEST = 2**63 - 1
_SECTIONS = (
    ("/", N_("Today")),
    ("/meetings", N_("Meetings")),
    ("/stories", N_("Stories")),
    ("/search", N_("Search")),
    ("/watches", N_("Watches")),
    ("/people", N_("People")),
    ("/sources", N_("Sources")),
    ("/outbox", N_("Outbox")),
    ("/settings", N_("Settings")),
)


def context_of(request: Request) -> WebContext:
    """What the daemon gave the page."""
    return cast("WebContext", request.app.state.context)


def access_of(request: Request) -> Access:
    """Who may come in."""
    return cast("Access", request.app.state.access)


def language_of(request: Request) -> Language:
    """The one of the page's languages that the browser likes best."""
    return cast("Languages", request.app.state.languages).wanted(request.headers.get("accept-language", ""))


def read(request: Request, work: Callable[[Reader], T]) -> T:
    """Run a query; blocks, so only from functions that Starlette runs in its thread pool."""
    return context_of(request).read(work)


def number(request: Request, name: str) -> int | None:
    """A whole number from the address's query, None when it is absent; anything else is answered with 400."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > _LARGEST:
        raise HTTPException(400)
    return int(text)


def path_id(request: Request) -> int:
    """The id in the path; one that no row can have is answered with 404."""
    value = cast("int", request.path_params["id"])
    if value > _LARGEST:
        raise HTTPException(404)
    return value


def show(request: Request, template: str, *, status: int = 200, bare: bool = False, **values: Any) -> Response:
    """Render a page, or its list as JSON for who asks for that.

    A `bare` one has no navigation and does not ask the database what stands in it.
    """
    if request.method == "GET" and wants_json(request.headers.get("accept", "")):
        if template == "error.html":
            return JSONResponse({"error": values["message"], "hint": values["hint"]}, status_code=status)
        if template in LISTINGS and status == HTTPStatus.OK:
            return JSONResponse(document(LISTINGS[template], values), headers={"vary": "accept"})
    context = context_of(request)
    language = language_of(request)
    logged_in = access_of(request).password is not None and COOKIE in request.cookies
    shell = {
        "bare": bare,
        "now": context.now(),
        "path": request.url.path,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "sections": _SECTIONS,
        "attention": None if bare else read(request, views.attention),
        "findings": () if bare else context.settings().findings,
        "refused": context.settings().refused,
        "logged_in": logged_in,
        "refreshable": request.method == "GET",
    }
    return HTMLResponse(
        templates(language).get_template(template).render(shell | values),
        status_code=status,
        headers={"content-language": language.tag, "vary": "accept, accept-language"},
    )
