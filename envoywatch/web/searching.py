"""Searching the archive on the page, and trying a query on the last days while it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from alerts.watches.errors import QueryError
from config.vocabulary import Role
from envoywatch.searching import Sort
from envoywatch.web.context import SearchRequest, SearchResult
from envoywatch.web.view import context_of, number, read, show
from storage.views import ArticleFilters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PREVIEW_DAYS: Final = 7
_PREVIEW_HITS: Final = 8
_PREVIEW_LOOKED_AT: Final = 200
_LONGEST: Final = 2_000
_KEPT: Final = ("q", "source", "language", "country", "role", "since", "until", "person", "meeting", "story", "sort")
"""What of an address stays in the next."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search that was run: its result, or what is wrong with the query."""

    query: str
    result: SearchResult
    fault: QueryError | None = None


def search(request: Request) -> Response:
    """The archive, in the watches' query language."""
    query = request.query_params.get("q", "")
    before, skip = number(request, "before"), number(request, "skip")
    wanted = SearchRequest(query, _filters(request, before), _sort(request), min(skip or 0, 10**6))
    asked = _run(request, wanted)
    kept = {name: value for name in _KEPT if (value := request.query_params.get(name))}
    return show(
        request,
        "search.html",
        status=200 if asked.fault is None else 400,
        query=query,
        result=asked.result,
        more={"before": asked.result.before, "skip": asked.result.skip},
        fault=asked.fault,
        first=before is None and skip is None,
        kept=kept,
        narrowed={name: value for name, value in kept.items() if name not in {"q", "sort"}},
        link=lambda **changes: "/search?" + urlencode({**kept, **{k: v for k, v in changes.items() if v is not None}}),
        without=lambda name: "/search?" + urlencode({k: v for k, v in kept.items() if k != name}),
        roles=tuple(Role),
        next_day=lambda day: (date.fromisoformat(day) + timedelta(days=1)).isoformat(),
    )


def preview(request: Request) -> Response:
    """What a query would have met in the last days; `fragment` asks for that part of the page alone."""
    query = request.query_params.get("q", "")
    since = context_of(request).now() - timedelta(days=PREVIEW_DAYS)
    wanted = SearchRequest(
        query, ArticleFilters(since=since), Sort.NEWEST, limit=_PREVIEW_HITS, most=_PREVIEW_LOOKED_AT
    )
    asked = _run(request, wanted)
    is_fragment = "fragment" in request.query_params
    return show(
        request,
        "_preview.html" if is_fragment else "preview.html",
        bare=is_fragment,
        asked=asked,
        query=query,
        days=PREVIEW_DAYS,
    )


def _run(request: Request, wanted: SearchRequest) -> Asked:
    if not wanted.query.strip():
        return Asked(wanted.query, SearchResult())
    if len(wanted.query) > _LONGEST:
        raise HTTPException(413)
    try:
        result = read(request, lambda reader: context_of(request).search(reader, wanted))
    except QueryError as error:
        return Asked(wanted.query, SearchResult(), error)
    return Asked(wanted.query, result)


def _filters(request: Request, before: int | None) -> ArticleFilters:
    role = _text(request, "role")
    if role is not None and role not in list(Role):
        raise HTTPException(400)
    return ArticleFilters(
        source=_text(request, "source"),
        language=_text(request, "language"),
        country=_text(request, "country"),
        role=None if role is None else Role(role),
        since=_day(request, "since"),
        until=_day(request, "until"),
        before=before,
        story=number(request, "story"),
        person=_text(request, "person"),
        meeting=number(request, "meeting"),
    )


def _text(request: Request, name: str) -> str | None:
    return request.query_params.get(name) or None


def _sort(request: Request) -> str | None:
    sort = _text(request, "sort")
    if sort is not None and sort not in list(Sort):
        raise HTTPException(400)
    return sort


def _day(request: Request, name: str) -> datetime | None:
    """The first moment of a day (UTC)."""
    text = _text(request, name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise HTTPException(400) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
