"""Polling: one due source asked once, endpoint by endpoint, ending in exactly one `Poll` whatever happens."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING

from config.vocabulary import EndpointKind
from crawler.cutting import Cut, spans_in
from crawler.endpoints import asking_order, rest_until
from crawler.engine import EngineStoppedError
from crawler.exchange import Fetch, Kind, Page
from crawler.faults import http_date
from crawler.paging import read_listing
from crawler.parsing import look_through, read_feed, read_rest
from crawler.sitemaps import read_sitemap
from crawler.spider_runner import run_spider
from crawler.telegram import parse_preview, preview_url
from crawler.validators import conditions, prove
from crawler.workers import WorkerCrashed, Workers, WorkerTimeout
from storage.model import Endpoint, EndpointState, Entry, Fault, FaultKind, Lease, Poll, PollOutcome, Validators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.engine import Engine
    from crawler.entries import ParsedFeed
    from storage.model import Access

_log = logging.getLogger(__name__)

FRESH_MAX = timedelta(hours=24)
CUT_HERE_MAX = 512 * 1024
"""Up to this size a feed is searched for new items on the loop: 0.3 ms for 50 KiB; a worker is asked for more."""
_DIGITS_MAX = 9
_FOR_EVER = timedelta(seconds=10**_DIGITS_MAX)
_NO_CONTENT = {204, 205}
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one endpoint gave: unchanged (`entries` None) or entries.

    `cut` items were seen before and not read. `changed` is whether the content is other than the last one, None when
    that cannot be told.
    """

    page: Page | None
    entries: tuple[Entry, ...] | None
    validators: Validators | None
    ttl: timedelta | None = None
    notes: tuple[str, ...] = ()
    cut: int = 0
    changed: bool | None = True
    memory: str | None = None
    period: timedelta | None = None


async def poll(engine: Engine, workers: Workers, lease: Lease, now: datetime) -> Poll:
    """Ask a source's endpoints in their order until one answers; `now` stamps the poll.

    Raises nothing but cancellation and EngineStoppedError: an unexpected exception is logged and becomes a fault.
    """
    began = time.monotonic()
    passed_over: list[tuple[int, Fault]] = []
    states = states_of(lease)
    for position in asking_order(states, now):
        known = lease.validators[position] if position < len(lease.validators) else Validators()
        answer = await _safely(engine, workers, lease, position, known, now)
        if isinstance(answer, Fault):
            passed_over.append((position, answer))
            continue
        rests = _rests(lease, states, passed_over, now)
        return _good(lease, position, now, _since(began), answer, tuple(passed_over), rests)
    passed_over.sort(key=itemgetter(0))
    position, fault = passed_over[0] if passed_over else (0, Fault(FaultKind.INTERNAL, "the source has no endpoint"))
    return Poll(
        source_id=lease.source_id,
        position=position,
        url=lease.spec.endpoints[position].url if lease.spec.endpoints else "",
        started_at=now,
        took=_since(began),
        outcome=PollOutcome.FAULT,
        status=fault.status,
        fault=fault,
        passed_over=tuple(passed_over[1:]),
        fresh_for=fault.retry_after,
        rests=_rests(lease, states, passed_over, now),
    )


def states_of(lease: Lease) -> tuple[EndpointState, ...]:
    """One for each endpoint, whatever the lease brought."""
    missing = len(lease.spec.endpoints) - len(lease.endpoints)
    return lease.endpoints + (EndpointState(),) * missing


def _rests(
    lease: Lease, states: Sequence[EndpointState], failed: Sequence[tuple[int, Fault]], now: datetime
) -> tuple[tuple[int, datetime], ...]:
    rests = ((position, rest_until(states[position], fault, lease.spec.interval, now)) for position, fault in failed)
    return tuple((position, until) for position, until in rests if until is not None)


def _since(began: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - began)


def _good(
    lease: Lease,
    position: int,
    now: datetime,
    took: timedelta,
    answer: _Answer,
    passed_over: tuple[tuple[int, Fault], ...],
    rests: tuple[tuple[int, datetime], ...],
) -> Poll:
    page = answer.page
    notes = [*_standing_in(position, passed_over), *answer.notes]
    if page is not None and page.permanent_redirect:
        notes.append(f"moved for good to {page.permanent_redirect}")
    if page is not None and page.truncated:
        notes.append("the server broke off before the announced end")
    unchanged = answer.entries is None
    return Poll(
        source_id=lease.source_id,
        position=position,
        url=lease.spec.endpoints[position].url,
        started_at=now,
        took=took,
        outcome=PollOutcome.UNCHANGED if unchanged else PollOutcome.ENTRIES,
        status=page.status if page is not None else None,
        size=len(page.body) if page is not None else 0,
        entries=answer.entries or (),
        validators=answer.validators,
        passed_over=passed_over,
        fresh_for=_longest(answer.ttl, fresh_for(page.headers) if page is not None else None),
        notes=tuple(notes),
        rests=rests,
        cut=answer.cut,
        memory=answer.memory,
        period=answer.period,
    )


def _standing_in(position: int, failed: Sequence[tuple[int, Fault]]) -> list[str]:
    """What to say when it is not the first endpoint that delivers."""
    if not position:
        return []
    faults = dict(failed)
    told = [faults[one].detail if one in faults else "rests after its failures" for one in range(position)]
    addresses = "address" if position == 1 else "addresses"
    numbers = ", ".join(str(one + 1) for one in range(position))
    return [f"address {position + 1} stands in for {addresses} {numbers} ({'; '.join(dict.fromkeys(told))})"]


def _longest(*spans: timedelta | None) -> timedelta | None:
    return max((span for span in spans if span is not None), default=None)


async def _safely(
    engine: Engine, workers: Workers, lease: Lease, position: int, known: Validators, now: datetime
) -> _Answer | Fault:
    try:
        return await _ask(engine, workers, lease, position, known, now)
    except EngineStoppedError:
        raise
    except WorkerTimeout:
        return Fault(FaultKind.MALFORMED, "the answer took too long to parse")
    except WorkerCrashed as error:
        return Fault(FaultKind.MALFORMED, f"the answer cannot be parsed: {error}")
    except Exception as error:  # noqa: BLE001 (one poll's job runner: logged, recorded, the daemon lives)
        _log.exception("polling %s failed in a way we do not know", lease.spec.name)
        return Fault(FaultKind.INTERNAL, f"{type(error).__name__} while polling; the log has the details")


async def _ask(
    engine: Engine, workers: Workers, lease: Lease, position: int, known: Validators, now: datetime
) -> _Answer | Fault:
    endpoint, access = lease.spec.endpoints[position], lease.spec.access
    if endpoint.kind is EndpointKind.SPIDER:
        found = await run_spider(engine, endpoint.url, access=access)
        return found if isinstance(found, Fault) else _Answer(None, found.entries, None, notes=found.notes)
    asked = conditions(known, now)
    url = preview_url(endpoint.url) if endpoint.kind is EndpointKind.TELEGRAM else endpoint.url
    page = await engine.fetch(Fetch(url, asked, access=access, kind=Kind.FEED))
    if isinstance(page, Fault):
        return page
    if (fault := _unusable(page, asked_if_changed=bool(asked))) is not None:
        return fault
    ttl, period = spans_in(known.seen)
    if page.status == _NOT_MODIFIED:
        return _Answer(page, None, None, ttl, period=period)
    given = Validators(page.headers.get("etag"), page.headers.get("last-modified"), sha256(page.body).hexdigest())
    if given.body_hash == known.body_hash:
        answer: _Answer | Fault = _Answer(
            page, None, replace(given, seen=known.seen), ttl, changed=False, period=period
        )
    elif endpoint.kind is EndpointKind.FEED:
        answer = await _read_feed(workers, page, known, given)
    elif endpoint.kind is EndpointKind.LISTING:
        memory = states_of(lease)[position].memory
        answer = await _read_listing(engine, workers, endpoint, page, given, access, memory)
    else:
        answer = await _read(engine, workers, endpoint, page, given, access=access)
    if isinstance(answer, Fault) or answer.validators is None:
        return answer
    validators, notes = prove(known, answer.validators, changed=answer.changed, now=now)
    return replace(answer, validators=validators, notes=answer.notes + notes)


async def _read_feed(workers: Workers, page: Page, known: Validators, given: Validators) -> _Answer | Fault:
    """New and changed items alone are parsed, in a worker; none is asked when there are none, as mostly."""
    found = look_through(page.body, known.seen) if len(page.body) <= CUT_HERE_MAX else None
    if isinstance(found, Cut):
        found = await workers.run(read_rest, found, page.content_type, page.url, known.seen)
    if found is None:
        read = await workers.run(read_feed, page.body, page.content_type, page.url, known.seen)
        if isinstance(read, Fault):
            return read
        found = read
    entries = None if found.changed is False else found.parsed.entries
    validators = None if page.truncated else replace(given, seen=found.seen)
    told = found.parsed
    return _Answer(
        page, entries, validators, told.ttl, told.notes, found.cut, changed=found.changed, period=told.period
    )


def _unusable(page: Page, *, asked_if_changed: bool) -> Fault | None:
    if page.status == _NOT_MODIFIED:
        told = "the server answered 304 to an unconditional request"
        return None if asked_if_changed else Fault(FaultKind.STATUS, told, status=page.status)
    if page.status in _NO_CONTENT or not page.body:
        if page.truncated:
            return Fault(FaultKind.MALFORMED, "the server broke off before the first byte", status=page.status)
        return Fault(FaultKind.EMPTY, "the answer is empty", status=page.status)
    return None


async def _read(
    engine: Engine, workers: Workers, endpoint: Endpoint, page: Page, validators: Validators, *, access: Access
) -> _Answer | Fault:
    """Parse off the loop; validators only from a whole and readable answer."""
    parsed: ParsedFeed | Fault
    if endpoint.kind is EndpointKind.SITEMAP:
        parsed = await read_sitemap(engine, workers, page, access=access)
    else:
        parsed = await workers.run(parse_preview, page.body, page.content_type, page.url)
    return parsed if isinstance(parsed, Fault) else _answer(page, parsed, validators)


async def _read_listing(
    engine: Engine,
    workers: Workers,
    endpoint: Endpoint,
    page: Page,
    validators: Validators,
    access: Access,
    memory: str,
) -> _Answer | Fault:
    found = await read_listing(engine, workers, page, endpoint, memory, access)
    return found if isinstance(found, Fault) else replace(_answer(page, found.parsed, validators), memory=found.memory)


def _answer(page: Page, parsed: ParsedFeed, validators: Validators) -> _Answer:
    """Validators only of a whole answer that says by itself whether there is something new."""
    kept = validators if parsed.cacheable and not page.truncated else None
    return _Answer(page, parsed.entries, kept, parsed.ttl, parsed.notes)


def fresh_for(headers: Mapping[str, str]) -> timedelta | None:
    """How long an answer still holds, at most 24 h; None when it does not say, or holds no longer.

    That is `Cache-Control: max-age` or `Expires`, less the `Age` that it reached in caches on the way (RFC 9111, 4.2).
    """
    directives = [part.strip().lower() for part in headers.get("cache-control", "").split(",")]
    if "no-store" in directives or "no-cache" in directives:
        return None
    lifetime = _max_age(directives)
    if lifetime is None:
        expires, date = http_date(headers.get("expires")), http_date(headers.get("date"))
        if expires is None or date is None:
            return None
        lifetime = expires - date
    left = lifetime - (_seconds(headers.get("age", "").partition(",")[0]) or timedelta(0))
    return min(left, FRESH_MAX) if left > timedelta(0) else None


def _max_age(directives: Sequence[str]) -> timedelta | None:
    for directive in directives:
        name, _, value = directive.partition("=")
        if name.strip() == "max-age" and (told := _seconds(value)) is not None:
            return told
    return None


def _seconds(text: str) -> timedelta | None:
    """A whole number of seconds, however large; None for anything else."""
    digits = text.strip('" ')
    if not (digits.isascii() and digits.isdigit()):
        return None
    return timedelta(seconds=int(digits)) if len(digits) <= _DIGITS_MAX else _FOR_EVER
