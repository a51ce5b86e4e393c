"""Every list of the page as JSON, and the OpenAPI description of it, made from the same records."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from alerts.itinerary import Trip
from config.redact import redact_urls
from envoywatch import __version__
from envoywatch.cli.output import to_plain
from envoywatch.web.context import SearchHit
from storage import views
from storage.model import Meeting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from storage.views import WatchActivity


@dataclass(frozen=True, slots=True)
class WatchRecord:
    """A configured watch and what it yields; `activity` is null before the daemon knows it."""

    name: str
    query: str | None
    send: str
    channels: tuple[str, ...]
    mute: datetime | None
    activity: WatchActivity | None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Somebody who is known, found by `?q`; `slug` is what a query calls them after the `@`."""

    name: str
    slug: str


def _watches(values: Mapping[str, Any]) -> list[WatchRecord]:
    return [
        WatchRecord(one.name, one.query, one.send.value, one.channels, one.mute, values["activity"].get(one.name))
        for one in values["config"].watches
    ]


def _people(values: Mapping[str, Any]) -> list[PersonRecord]:
    return [PersonRecord(one.label, one.slug) for one in values["found"]]


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: where it is, its key in the document, what its records are, and which other values go with them."""

    path: str
    key: str
    record: type
    take: Callable[[Mapping[str, Any]], Any]
    summary: str
    asks: tuple[str, ...] = ()
    extra: Mapping[str, dict[str, Any]] = field(default_factory=dict)


_WHOLE: Final = {"type": "integer"}
_PERHAPS: Final = {"type": ["integer", "null"]}

LISTINGS: Final[Mapping[str, Listing]] = {
    "today.html": Listing(
        "/", "alerts", views.AlertLine, lambda v: v["alerts"],
        "The alerts of the last days, to review", ("days",), {"days": _WHOLE, "newest": _WHOLE},
    ),
    "alerts.html": Listing(
        "/alerts", "alerts", views.AlertLine, lambda v: v["alerts"],
        "All alerts, newest first", ("before", "review"), {"before": _PERHAPS},
    ),
    "meetings.html": Listing(
        "/meetings", "meetings", Meeting, lambda v: v["meetings"],
        "The ledger of who met whom", ("person", "with", "status", "skip"), {"more": _PERHAPS},
    ),
    "trips.html": Listing(
        "/trips", "trips", Trip, lambda v: v["trips"], "A person's journeys, stop by stop", ("person",),
    ),
    "stories.html": Listing(
        "/stories", "stories", views.StoryLine, lambda v: v["stories"],
        "What several tell, the last told first", ("sources", "skip"), {"more": _PERHAPS},
    ),
    "search.html": Listing(
        "/search", "hits", SearchHit, lambda v: v["result"].hits,
        "Articles that a query finds", ("q", "before", "skip", "sort", "source", "language", "role", "since", "until"),
        {"more": {"type": "object"}},
    ),
    "watches.html": Listing("/watches", "watches", WatchRecord, _watches, "What is watched, and what it yields"),
    "people.html": Listing("/people", "people", PersonRecord, _people, "Who is known", ("q",), {"total": _WHOLE}),
    "sources.html": Listing(
        "/sources", "sources", views.SourceHealth, lambda v: v["sources"],
        "Every source with its health, the worst first", ("page",),
        {"total": _WHOLE, "page": _WHOLE, "pages": _WHOLE, "counts": {"type": "object"}},
    ),
    "outbox.html": Listing(
        "/outbox", "deliveries", views.DeliveryLine, lambda v: v["deliveries"],
        "Deliveries, newest first", ("state",), {"counts": {"type": "object"}},
    ),
}  # fmt: skip
"""By the template that shows the same to a person."""


def document(listing: Listing, values: Mapping[str, Any]) -> dict[str, Any]:
    """The list as JSON's own kinds; times are UTC, lengths of time seconds, and no URL in it tells a secret."""
    plain = {listing.key: to_plain(listing.take(values))}
    plain |= {name: to_plain(values[name]) for name in listing.extra}
    redacted: dict[str, Any] = _redacted(plain)
    return redacted


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact_urls(value)
    if isinstance(value, dict):
        return {name: _redacted(item) for name, item in value.items()}
    return [_redacted(item) for item in value] if isinstance(value, list) else value


def openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of the lists."""
    records = {listing.record.__name__: _record(listing.record) for listing in LISTINGS.values()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Envoywatch",
            "version": __version__,
            "description": "The lists of the page, asked for with `Accept: application/json`. Times are UTC, lengths "
            "of time seconds. With a password set, send it by HTTP Basic; the name does not matter.",
        },
        "paths": {listing.path: {"get": _operation(listing)} for listing in LISTINGS.values()},
        "components": {"schemas": records, "securitySchemes": {"password": {"type": "http", "scheme": "basic"}}},
        "security": [{}, {"password": []}],
    }


def _operation(listing: Listing) -> dict[str, Any]:
    items = {"$ref": f"#/components/schemas/{listing.record.__name__}"}
    properties = {listing.key: {"type": "array", "items": items}, **listing.extra}
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {
        "summary": listing.summary,
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in listing.asks],
        "responses": {"200": {"description": listing.summary, "content": {"application/json": {"schema": schema}}}},
    }


_KINDS: Final[Mapping[str, dict[str, Any]]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    timedelta.__name__: {"type": "number", "description": "seconds"},
}


def _record(record: type) -> dict[str, Any]:
    """A record's properties by the annotations of its fields; what is a record or an enum itself is left open."""
    found = {one.name: _property(str(one.type)) for one in dataclasses.fields(record)}
    words = (record.__doc__ or "").strip().partition("\n")[0]
    return {"type": "object", "description": words, "properties": found, "required": list(found)}


def _property(annotation: str) -> dict[str, Any]:
    name = annotation.removesuffix(" | None")
    if name.startswith("tuple["):
        kind: dict[str, Any] = {"type": "array"}
    elif name.startswith("Mapping["):
        kind = {"type": "object"}
    else:
        kind = dict(_KINDS.get(name, {}))
    if name != annotation and "type" in kind:
        kind["type"] = [kind["type"], "null"]
    return kind
