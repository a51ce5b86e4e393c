"""The stages joined: poll, read and record, deliver.

Each stage asks the store what may be done now, does it, and writes what came of it. They share nothing but the store,
so a stage that is killed at any point leaves only leases behind, which run out.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from alerts.channels import SendResult, send
from alerts.decide import decide
from alerts.delivery import after_failure, after_success, fallback_channel, held_until
from config.redact import redact_url
from crawler.pages import PageBytes, fetch_page
from crawler.polling import poll
from crawler.schedule import Limits, next_poll
from crawler.workers import WorkerCrashed, WorkerTimeout
from envoywatch.jobs import Jobs, in_thread
from envoywatch.logs import Lasting
from envoywatch.messages import find_message
from envoywatch.reading import read_entry
from storage.model import DeliveryFault, Fault, FaultKind
from storage.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.fields import QuietHours
    from envoywatch.desk import Desk
    from storage.model import Delivery, Lease, NextPoll, PendingEntry, Poll, Reading
    from storage.sources import PollFinish

_log = structlog.get_logger(__name__)

POLLS_AT_ONCE: Final = 1000
"""Coroutines, not connections: most wait for their host's turn, and must not keep other hosts from theirs."""
PER_HOST: Final = 16
"""Sources of one host that are taken at once: enough that none of its turns is missed, few enough that sixty hosts
with a thousand sources each, all of them hanging, leave room for the others."""
READS_AT_ONCE: Final = 128
READS_PER_SOURCE: Final = 8
SENDS_AT_ONCE: Final = 20
HOLD: Final = timedelta(hours=1)
"""How long (real time) a lease lasts: over the longest wait for a slow host's turn.

A lease of a dead process does not wait so long: the next one frees them all when it starts."""
PAGE_TRIES: Final = 3
PAGE_RETRY: Final = timedelta(seconds=15)
"""A page that fails for a passing reason is asked for again so soon, because an alert waits for it; then the feed's
text has to do."""

READ_TRIES: Final = 6
READ_RETRY: Final = timedelta(minutes=1)

_PASSING: Final = frozenset(
    {
        FaultKind.TIMEOUT,
        FaultKind.CONNECT,
        FaultKind.SERVER,
        FaultKind.RATE_LIMITED,
        FaultKind.NAME,
        FaultKind.ROBOTS_LOST,
    }
)


class PollStage:
    """Sources that are due are asked; new entries go to the reading stage."""

    def __init__(
        self, desk: Desk, on_new: Callable[[], None], is_expected: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._desk = desk
        self._on_new = on_new
        self._is_expected = is_expected
        self._hosts: Counter[str] = Counter()
        self._more = False
        self._stopping = False
        self._lock = asyncio.Lock()
        self.jobs = Jobs()

    async def pump(self) -> None:
        """Start whatever is due and fits."""
        desk = self._desk
        async with self._lock:
            free = POLLS_AT_ONCE - len(self.jobs)
            if free <= 0 or self._stopping:
                return
            now, hold = desk.clock.now(), desk.clock.span(HOLD)
            turns = Turns(self._host_limit, desk.clock.span(desk.config.crawl.delay), dict(self._hosts))
            leases = await desk.store.lease_due(desk.owner, now, free, hold, turns=turns)
            self._more = len(leases) == free
            for lease in leases:
                self._hosts[lease.host] += 1
                self.jobs.start(f"poll {lease.spec.name}", self._poll(lease))

    async def finish(self, seconds: float) -> None:
        """Let the polls in flight end within that time, but begin no other."""
        self._stopping = True
        await self.jobs.drain(seconds)

    @property
    def _host_limit(self) -> int:
        return max(PER_HOST, 2 * self._desk.config.crawl.per_host)

    async def _poll(self, lease: Lease) -> None:
        crowded = self._hosts[lease.host] >= self._host_limit
        try:
            await self.poll(lease)
        finally:
            self._hosts[lease.host] -= 1
            if not self._hosts[lease.host]:
                del self._hosts[lease.host]
        if crowded or (self._more and len(self.jobs) <= POLLS_AT_ONCE // 2):
            # Others of this host wait for its place; or more were due than fitted, and need not wait for the next tick.
            self._more = False
            await self.pump()

    async def poll(self, lease: Lease) -> None:
        """Ask one source and finish its lease."""
        desk = self._desk
        found = await poll(desk.engine, desk.workers, desk.addresses.restore(lease), desk.clock.now())
        found = desk.addresses.tell(found)
        now = desk.clock.now()
        crawl = desk.config.crawl
        limits = Limits(crawl.min_interval, crawl.urgent_interval)
        jitter = random.random()  # noqa: S311 (spreads polls, guards nothing)
        expected = self._is_expected(lease.spec.name)

        def choose(new: int) -> NextPoll:
            return next_poll(lease, found, new, now, limits, jitter, expected=expected)

        finish = await desk.store.finish_poll(found, choose, now)
        _tell(lease, found, finish)
        desk.listener.polled(lease, found, finish)
        if finish.new_entries:
            self._on_new()


def _tell(lease: Lease, found: Poll, finish: PollFinish) -> None:
    """One line at each change of a source's state, none for more of the same."""
    if finish.is_fault and finish.is_fault != finish.was_fault and found.fault:
        _log.warning("source failing", source=lease.spec.name, fault=finish.is_fault, detail=found.fault.detail)
    elif finish.was_fault and not finish.is_fault:
        _log.info("source well again", source=lease.spec.name)
    if found.fault is None and found.position != lease.position:
        _log.info(
            "another address delivers", source=lease.spec.name, url=redact_url(found.url), number=found.position + 1
        )
    if finish.new_entries:
        _log.info("new entries", source=lease.spec.name, count=finish.new_entries)


class ReadStage:
    """New entries become articles: page fetched, read in a worker, recorded with all that follows."""

    def __init__(self, desk: Desk, on_alert: Callable[[], None], on_claims: Callable[[], None] = lambda: None) -> None:
        self._desk = desk
        self._on_alert = on_alert
        self._on_claims = on_claims
        self._busy: Counter[int] = Counter()
        self._lock = asyncio.Lock()
        self.jobs = Jobs()

    async def pump(self) -> None:
        """Start reading whatever waits and fits."""
        desk = self._desk
        async with self._lock:
            free = READS_AT_ONCE - len(self.jobs)
            if free <= 0:
                return
            waiting = await desk.store.lease_entries(
                desk.clock.now(), free, desk.clock.span(HOLD), per_source=READS_PER_SOURCE, busy=self._busy
            )
            for pending in waiting:
                self._busy[pending.source_id] += 1
                what = f"read entry {pending.id} of {pending.spec.name}"
                self.jobs.start(what, self._read(pending), partial(self._after_error, pending))

    async def work_off(self) -> None:
        """Read until nothing waits that may be read now."""
        await self.pump()
        while len(self.jobs):
            await self.jobs.wait()

    async def _read(self, pending: PendingEntry) -> None:
        try:
            await self.read(pending)
        finally:
            self._busy[pending.source_id] -= 1
            if not self._busy[pending.source_id]:
                del self._busy[pending.source_id]
        await self.pump()

    async def _after_error(self, pending: PendingEntry, error: Exception) -> None:
        """An error of ours: the entry is tried a few times more, in case a new version mends it, and never lost."""
        desk, reason = self._desk, f"{type(error).__name__}: {error}"
        if pending.attempts + 1 < READ_TRIES:
            wait = desk.clock.span(READ_RETRY * 4**pending.attempts)
            await desk.store.retry_entry(pending.id, desk.clock.now() + wait, reason)
        else:
            await desk.store.fail_entry(pending.id, reason)

    async def read(self, pending: PendingEntry) -> None:
        """Read one entry and record it, or put it back for another try."""
        desk = self._desk
        page, fault = await self._page(pending)
        if fault is not None and fault.kind in _PASSING and pending.attempts + 1 < PAGE_TRIES:
            wait = max(PAGE_RETRY * (pending.attempts + 1), min(fault.retry_after or timedelta(0), PAGE_RETRY * 4))
            await desk.store.retry_entry(pending.id, desk.clock.now() + desk.clock.span(wait), fault.detail)
            return
        try:
            reading = await desk.workers.run(read_entry, pending, page, fault)
        except (WorkerTimeout, WorkerCrashed) as error:
            await self._without_page(pending, page, str(error))
            return
        await self._record(reading)

    async def _record(self, reading: Reading) -> None:
        desk = self._desk
        now = desk.clock.now()
        recorded = await desk.store.record(reading, partial(decide, rules=desk.rules, now=now), now, desk.needs)
        for title in recorded.alert_titles:
            _log.info("alert", title=title, source=reading.source)
        if recorded.alert_ids:
            desk.listener.alerted(recorded.alert_ids)
            self._on_alert()
        if reading.claims:
            self._on_claims()

    async def _page(self, pending: PendingEntry) -> tuple[PageBytes | None, Fault | None]:
        if not (pending.spec.articles and pending.own_page and pending.entry.url):
            return None, None
        found = await fetch_page(self._desk.engine, pending.entry.url, pending.spec.access)
        if isinstance(found, Fault):
            return None, found
        return PageBytes.of(found), None

    async def _without_page(self, pending: PendingEntry, page: PageBytes | None, why: str) -> None:
        """A page that a worker died of is not shown to another; the feed's own text is, unless it was that."""
        desk = self._desk
        _log.warning("a worker could not read an article", url=pending.entry.url, source=pending.spec.name, why=why)
        if page is None:
            await desk.store.fail_entry(pending.id, why)
            return
        fault = Fault(FaultKind.INTERNAL, f"the page could not be read: {why}")
        try:
            reading = await desk.workers.run(read_entry, pending, None, fault)
        except (WorkerTimeout, WorkerCrashed) as error:
            await desk.store.fail_entry(pending.id, str(error))
            return
        await self._record(reading)


class DeliverStage:
    """The outbox is worked off, one message at a time for each channel, so that no channel waits for another."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sending: set[str] = set()
        self._stopping = False
        self._failing = Lasting()
        self.jobs = Jobs()

    async def pump(self) -> None:
        """Start a sender for every channel that has something due and none yet."""
        desk = self._desk
        for channel in await desk.store.due_channels(desk.clock.now()):
            if channel not in self._sending and len(self._sending) < SENDS_AT_ONCE:
                self._sending.add(channel)
                self.jobs.start(f"deliver through {channel}", self._work_off(channel))

    async def finish(self, seconds: float) -> None:
        """Let the sends in flight end, so that none need be repeated, but begin no other."""
        self._stopping = True
        await self.jobs.drain(seconds)

    async def _work_off(self, channel: str) -> None:
        desk = self._desk
        try:
            while not self._stopping and (
                due := await desk.store.lease_deliveries(channel, desk.clock.now(), 1, desk.clock.span(HOLD))
            ):
                await self.deliver(due[0])
        finally:
            self._sending.discard(channel)

    async def deliver(self, delivery: Delivery) -> None:
        """Send one message, or hold it through quiet hours; what became of it is written either way."""
        desk = self._desk
        now = desk.clock.now()
        channel = desk.config.channels.get(delivery.channel)
        message = await desk.store.read(find_message, delivery)
        if message is None:
            await self._failed(
                delivery, SendResult(ok=False, fault=DeliveryFault.REFUSED, detail="nothing left to tell")
            )
            return
        if channel is None:
            detail = f"the configuration has no channel {delivery.channel!r} any more"
            await self._failed(delivery, SendResult(ok=False, fault=DeliveryFault.MISCONFIGURED, detail=detail))
            return
        until = held_until((channel.quiet, self._quiet_of(message.watch)), now, message.urgency)
        if until is not None:
            await desk.store.hold_delivery(delivery.id, until)
            return
        result = await in_thread(
            partial(send, channel.url, message.message, delivery.key, secret=channel.secret), "envoywatch-deliver"
        )
        if result.ok:
            if self._failing.end(delivery.channel):
                _log.info("channel works again", channel=delivery.channel)
            await desk.store.finish_delivery(after_success(delivery, desk.clock.now()))
        else:
            await self._failed(delivery, result)

    def _quiet_of(self, name: str | None) -> QuietHours | None:
        """The quiet hours of a watch as it is configured now; a message may come back to them after failures."""
        return next((watch.quiet for watch in self._desk.config.watches if watch.name == name), None)

    async def _failed(self, delivery: Delivery, result: SendResult) -> None:
        """Waits between tries are real time, also when the clock runs faster."""
        desk = self._desk
        jitter = random.random()  # noqa: S311 (spreads retries, guards nothing)
        fault = result.fault or DeliveryFault.SERVER
        receipt = after_failure(delivery, fault, result.retry_after, desk.clock.now(), jitter, result.detail)
        if receipt.retry_at is not None:
            receipt = replace(receipt, retry_at=receipt.at + desk.clock.span(receipt.retry_at - receipt.at))
        if self._failing.is_news(delivery.channel, (receipt.state, fault), receipt.at):
            _log.warning("delivery failed", channel=delivery.channel, state=receipt.state, detail=receipt.detail)
        await desk.store.finish_delivery(receipt, fallback_channel(delivery.channel, desk.config.channels))
