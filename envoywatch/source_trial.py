"""A source tried once: each endpoint asked, and the newest entry read as it would be stored. Nothing is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from config.redact import redact_url
from crawler.pages import PageBytes, extract, fetch_page
from crawler.polling import poll
from storage.model import Endpoint, Fault, Lease, Poll, SourceSpec, Text, Validators

if TYPE_CHECKING:
    from crawler.engine import Engine
    from crawler.workers import Workers

_HOLD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Trial:
    """Each endpoint of a source asked once, and the text of the newest entry as it would be stored, if there is one."""

    name: str
    endpoints: tuple[Endpoint, ...]
    polls: tuple[Poll, ...]
    text: Text | None = None

    @property
    def delivering(self) -> int | None:
        """The position of the first endpoint that can be read: the one that a poll would take."""
        return next((position for position, one in enumerate(self.polls) if one.fault is None), None)

    @property
    def poll(self) -> Poll:
        """What a poll of the source would come to."""
        return self.polls[self.delivering or 0]

    def plain(self) -> dict[str, Any]:
        """For machines: without the poll's own bookkeeping."""
        polls = [replace(one, validators=None) for one in self.polls]
        return {
            "name": self.name,
            "poll": polls[self.delivering or 0],
            "endpoints": [
                {"kind": endpoint.kind, "url": redact_url(endpoint.url), "delivers": at == self.delivering, "poll": one}
                for at, (endpoint, one) in enumerate(zip(self.endpoints, polls, strict=True))
            ],
            "text": self.text,
        }


async def try_once(engine: Engine, workers: Workers, spec: SourceSpec) -> Trial:
    """Ask every endpoint of a source, and read the newest entry of the one that a poll would take."""
    polls = tuple([await _ask_once(engine, workers, spec, endpoint) for endpoint in spec.endpoints])
    trial = Trial(spec.name, spec.endpoints, polls)
    return replace(trial, text=await _newest_text(engine, workers, spec, trial.poll))


async def _ask_once(engine: Engine, workers: Workers, spec: SourceSpec, endpoint: Endpoint) -> Poll:
    """As a first poll of a source that has this endpoint alone."""
    now = datetime.now(UTC)
    alone = replace(spec, endpoints=(endpoint,))
    return await poll(engine, workers, Lease(0, alone, (Validators(),), 0, 0, first_poll=True, until=now + _HOLD), now)


async def _newest_text(engine: Engine, workers: Workers, spec: SourceSpec, polled: Poll) -> Text | None:
    if not polled.entries:
        return None
    entry = polled.entries[0]
    if not spec.articles or entry.url is None:
        return await workers.run(extract, None, entry, None)
    page = await fetch_page(engine, entry.url, spec.access)
    if isinstance(page, Fault):
        return await workers.run(extract, None, entry, page)
    return await workers.run(extract, PageBytes(page.url, page.body, page.content_type), entry, None)
