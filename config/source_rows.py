"""Rows of texts into sources and back: what the CSV and the OPML form of a source list have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from config.durations import render_duration
from config.errors import Finding
from config.messages import did_you_mean, errors_of, explain
from config.model import Source
from config.slim import slim
from config.vocabulary import EndpointKind

if TYPE_CHECKING:
    from pathlib import Path

    from config.model import Endpoint

KINDS = {"rss": "feed", "atom": "feed", "rdf": "feed", "json": "feed", "html": "listing", "": "feed"}
"""Other words that lists use for our kinds of endpoint."""

OF_ENDPOINT = ("links", "next_page", "pages")
"""Columns about one address alone."""

_KNOWN_KINDS = frozenset(str(kind) for kind in EndpointKind)
REQUIRED = ("name", "url")
SHARED = (
    "language",
    "country",
    "role",
    "interval",
    "max_interval",
    "articles",
    "paused",
    "user_agent",
    "proxy",
    "private_addresses",
    "obey_robots",
    "verify_tls",
    "time_zone",
    "folder",
)
"""Columns about the source as a whole: its further rows may leave them empty but not contradict."""

_SHARED = frozenset(SHARED)
_UNSAID = frozenset({"", "-"})
_TRUTH = {None: "", True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class Row:
    """A source and the line on which it starts."""

    source: Source
    line: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """What could be read of a list, and what is wrong with the rest."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Group:
    line: int
    shared: dict[str, Any]
    endpoints: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Gatherer:
    """Collects rows, given as texts by column, into sources; what is wrong is told by line."""

    path: Path
    findings: list[Finding] = field(default_factory=list)
    groups: dict[str, _Group] = field(default_factory=dict)

    def tell(self, line: int, message: str, hint: str = "") -> None:
        """Note a fault of a line."""
        self.findings.append(Finding(self.path, line, 1 if line else 0, message, hint))

    def add(self, row: dict[str, str], line: int) -> None:
        """Take one row; a further row of a known name is a further endpoint of that source."""
        if not (row.get("name") and row.get("url")):
            self.tell(line, f"`{next(name for name in REQUIRED if not row.get(name))}` is empty")
            return
        kind = row.get("kind", "").casefold()
        kind = KINDS.get(kind, kind)
        if kind not in _KNOWN_KINDS:
            self.tell(line, f"`kind` cannot be {kind!r}", did_you_mean(kind, EndpointKind))
            return
        endpoint = {"kind": kind, "url": row["url"]}
        endpoint.update((name, text) for name in OF_ENDPOINT if (text := row.get(name)))
        shared = {name: text for name, text in row.items() if text not in _UNSAID and name in _SHARED}
        group = self.groups.get(row["name"])
        if group is None:
            self.groups[row["name"]] = _Group(line, shared, [endpoint])
            return
        group.endpoints.append(endpoint)
        for name, value in shared.items():
            if group.shared.get(name) != value:
                before = group.shared.get(name, "nothing")
                hint = "rows of one name are addresses of one source; give another source another name"
                self.tell(line, f"`{name}` is {value!r} here, but {before!r} on line {group.line}", hint)

    def scanned(self) -> Scanned:
        """The sources gathered; a source with a fault is told and left out. The texts are let go on the way."""
        rows = []
        names = list(reversed(self.groups))
        while names:
            name = names.pop()
            group = self.groups.pop(name)
            value = {"name": name, "endpoints": group.endpoints, **group.shared}
            try:
                rows.append(Row(slim(Source.model_validate(value)), group.line))
            except ValidationError as error:
                for fault in errors_of(error):
                    message, hint = explain(fault, tuple(fault["loc"]), Source)
                    self.tell(group.line, message, hint)
        return Scanned(tuple(rows), tuple(sorted(self.findings, key=lambda one: one.line)))


def endpoint_texts(endpoint: Endpoint) -> dict[str, str]:
    """What holds for one address, as texts by column; empty where nothing is said."""
    return {name: str(getattr(endpoint, name) or "") for name in OF_ENDPOINT}


def texts_of(source: Source) -> dict[str, str]:
    """What holds for a source as a whole, as texts by column; empty where nothing is said."""
    return {
        "language": source.language or "",
        "country": source.country or "",
        "role": source.role,
        "interval": render_duration(source.interval) if source.interval else "",
        "max_interval": render_duration(source.max_interval) if source.max_interval else "",
        "articles": _TRUTH[source.articles],
        "paused": "true" if source.paused else "",
        "user_agent": source.user_agent or "",
        "proxy": source.proxy or "",
        "private_addresses": _TRUTH[source.private_addresses],
        "obey_robots": _TRUTH[source.obey_robots],
        "verify_tls": "" if source.verify_tls else "false",
        "time_zone": source.time_zone or "",
        "folder": source.folder or "",
    }
