"""How values look on the page: times, sizes, safe links, marked sentences; and the environment of the templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from alerts import harmless, words
from config.redact import redact_url, redact_urls
from envoywatch import __version__, wording
from envoywatch.web import charts
from storage import faults
from storage.health import in_words
from storage.model import Field
from storage.views import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.model import Span
    from storage.views import Evidence

HERE = Path(__file__).resolve().parent
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_STEPS = ((timedelta(days=2), 86400, "d"), (timedelta(hours=2), 3600, "h"), (timedelta(minutes=1), 60, "min"))
_KIB = 1024
_WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
_NOT_IN_XML = {0xFFFE: None, 0xFFFF: None}


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a quoted text; `kind` says what a marked piece counted as, None for the rest."""

    text: str
    kind: str | None = None


def segments(text: str, marks: Iterable[Mark]) -> tuple[Segment, ...]:
    """The text cut at its marks; where marks overlap the first wins, and nothing of the text is lost or doubled."""
    out: list[Segment] = []
    at = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        start, end = max(mark.start, at), min(mark.end, len(text))
        if start >= end:
            continue
        if start > at:
            out.append(Segment(text[at:start]))
        out.append(Segment(text[start:end], mark.kind))
        at = end
    if at < len(text):
        out.append(Segment(text[at:]))
    return tuple(out)


def quoted(evidence: Evidence) -> tuple[Segment, ...]:
    """An evidence sentence in segments."""
    return segments(evidence.text, evidence.marks)


def paragraphs(text: str, spans: Sequence[tuple[Span, str]]) -> tuple[tuple[Segment, ...], ...]:
    """An article's text by paragraphs, with the spans that lie in its text marked."""
    out = []
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        marks = [
            Mark(max(0, span.start - at), min(span.end, end) - at, kind)
            for span, kind in spans
            if span.field is Field.TEXT and span.start < end and span.end > at
        ]
        if line.strip():
            out.append(segments(line, marks))
        at = end + 1
    return tuple(out)


def short_time(value: datetime, now: datetime) -> str:
    """`10:02` of today, else `17 May 10:02`, with the year when it is another one. UTC."""
    value, now = value.astimezone(UTC), now.astimezone(UTC)
    if value.date() == now.date():
        return f"{value:%H:%M}"
    year = "" if value.year == now.year else f" {value.year}"
    return f"{value.day} {value:%b}{year} {value:%H:%M}"


def long_time(value: datetime, now: datetime) -> str:
    """For the title of a time: exact, with its zone and how long ago."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {ago(value, now)}"


def iso(value: datetime) -> str:
    """For machines, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def ago(value: datetime, now: datetime) -> str:
    """`5 min ago`, `in 3 h`, `just now`."""
    gap = now - value
    if abs(gap) < timedelta(minutes=1):
        return "just now"
    return f"{span(gap)} ago" if gap > timedelta(0) else f"in {span(-gap)}"


def span(value: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    for least, unit_s, name in _STEPS:
        if value >= least:
            return f"{int(value.total_seconds() // unit_s)} {name}"
    return f"{value.total_seconds():.3g} s"


def file_size(size: int) -> str:
    """`3.4 MB` and the like, by powers of 1024."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"  # noqa: PLR2004
        amount /= _KIB
    return f"{amount:.1f} GB"


def language_tag(value: str | None) -> str:
    """For a `lang` attribute; empty when the language is not known, which HTML takes as unknown too."""
    return value if value and _LANGUAGE.fullmatch(value) else ""


def printed_day(value: date, now: datetime) -> str:
    """`17 May`, with the year when it is another one."""
    return f"{value.day} {value:%b}" + ("" if value.year == now.year else f" {value.year}")


def redact_channel(url: str) -> str:
    """A channel's URL for a person to recognise: where a host is a web address it is shown, else only the service.

    In most services the place of the host holds a token or a topic, and who knows a topic can read it.
    """
    scheme, _, _ = url.partition("://")
    return redact_url(url) if scheme.casefold() in _WEBHOOKS else f"{scheme}://***"


def coded(text: str) -> Markup:
    """Advice of our own in which commands stand between backticks."""
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(text.split("`"))
    )


def sentence(text: str) -> str:
    """With a capital first, the rest as it is."""
    return text[:1].upper() + text[1:]


def _finalize(value: Any) -> Any:
    """Take control and bidirectional characters out of every text that is put into a page, in this one place."""
    return harmless.clean(value).translate(_NOT_IN_XML) if type(value) is str else value


def templates() -> Environment:
    """The environment of all templates: escaping on, unknown names are errors, every text cleaned."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        quoted=quoted,
        safe_link=harmless.link,
        one_line=harmless.one_line,
        lang=language_tag,
        iso=iso,
        span=span,
        in_words=in_words,
        file_size=file_size,
        kept=wording.kept_in_words,
        redact_url=redact_url,
        redact_channel=redact_channel,
        coded=coded,
        sentence=sentence,
        redact_urls=redact_urls,
        people=" – ".join,
        counted=words.count,
        day_bars=charts.day_bars,
        poll_bars=charts.poll_bars,
        path_part=partial(quote, safe=""),
    )
    environment.globals.update(
        words=words,
        wording=wording,
        fault_text=faults.describe,
        short_time=short_time,
        long_time=long_time,
        printed_day=printed_day,
        ago=ago,
        version=__version__,
    )
    return environment
