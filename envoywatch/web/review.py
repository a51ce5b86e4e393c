"""The routes that change something: reviewing an alert, logging in and out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from envoywatch.web.access import COOKIE, client_address
from envoywatch.web.view import access_of, context_of, path_id, show
from storage.views import REVIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

_FORM_MAX = 16 * 1024


async def read_form(request: Request) -> Mapping[str, str]:
    """A small URL-encoded form; anything longer than 16 kB is answered with 413 before it is held."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_MAX:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise HTTPException(400) from error


def own_path(text: str, otherwise: str) -> str:
    """A path of this page to go back to; never another site, however it is written."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return otherwise
    parts = urlsplit(text)
    return otherwise if parts.scheme or parts.netloc else text


async def review(request: Request) -> Response:
    """Set or take back a person's judgement, then go back to the alert where it was reviewed."""
    alert_id = path_id(request)
    form = await read_form(request)
    judgement = form.get("review", "")
    if judgement not in {*REVIEWS, "undo"}:
        raise HTTPException(400)
    await context_of(request).review(alert_id, None if judgement == "undo" else judgement)
    back = own_path(form.get("next", ""), f"/alerts/{alert_id}").partition("#")[0]
    return RedirectResponse(f"{back}#alert-{alert_id}", status_code=303)


async def login_form(request: Request) -> Response:
    """Ask for the password; with none configured there is nothing to ask."""
    if access_of(request).password is None:
        return RedirectResponse("/", status_code=303)
    return _ask(request, own_path(request.query_params.get("next", ""), "/"))


async def login(request: Request) -> Response:
    """Check the password and begin a session."""
    access = access_of(request)
    form = await read_form(request)
    back = own_path(form.get("next", ""), "/")
    wait = await access.guess(client_address(request), form.get("password", ""))
    if wait is None:
        response = RedirectResponse(back, status_code=303)
        access.set_cookie(request, response)
        return response
    return _ask(request, back, wrong=True, wait_s=math.ceil(wait))


def _ask(request: Request, back: str, *, wrong: bool = False, wait_s: int = 0) -> Response:
    response = show(
        request,
        "login.html",
        status=429 if wait_s else 401 if wrong else 200,
        bare=True,
        back=back,
        wrong=wrong,
        wait_s=wait_s,
    )
    if wait_s:
        response.headers["retry-after"] = str(wait_s)
    return response


async def logout(request: Request) -> Response:
    """End the session here and in the browser."""
    access_of(request).end_session(request)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response
