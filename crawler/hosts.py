"""What the engine learns of each host while it asks it: how slow it is, what its robots.txt wants, when it refused."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from storage.model import HostState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Load = Callable[[str], Awaitable[HostState | None]]
    OnHold = Callable[[HostState], None]

SLOW: Final = timedelta(seconds=1)
"""An answer that took so long came from a server that has enough to do; a faster one asks for no gap of its own."""
DELAY_MAX: Final = timedelta(seconds=30)
REFUSED: Final = timedelta(minutes=1)
REFUSED_MAX: Final = timedelta(hours=6)
"""How long a host is let alone that says we ask too often, but not when to come back: doubled each time."""
_RISE, _FALL = 1 / 8, 1 / 2  # one slow page among many quick ones is no slow host
_KEPT: Final = 20_000
_NOTHING: Final = timedelta(0)
_DOUBLINGS_MAX: Final = 20
_TOO_MANY: Final = 429
_ERRORS: Final = range(400, 1000)


def after_answer(state: HostState, status: int, latency: timedelta, wish: timedelta | None, now: datetime) -> HostState:
    """The state after an answer whose headers took `latency`; `wish` is its `Retry-After`.

    The delay follows slow answers slowly and quick ones quickly, as Scrapy's AutoThrottle does for one request at a
    time; an error may be quick without the host being so.
    """
    if status == _TOO_MANY:
        wait = min(REFUSED * 2 ** min(state.refusals, _DOUBLINGS_MAX), REFUSED_MAX) if wish is None else wish
        until = max(now + wait, state.back_off_until or now)
        return replace(state, latency=latency, refusals=state.refusals + 1, back_off_until=until)
    if status in _ERRORS:
        return state
    target = latency if latency >= SLOW else _NOTHING
    delay = state.delay + (target - state.delay) * (_RISE if target > state.delay else _FALL)
    delay = min(delay, DELAY_MAX) if delay >= SLOW / 10 else _NOTHING
    return replace(state, latency=latency, delay=delay, refusals=0)


def gap_of(state: HostState, least: timedelta) -> timedelta:
    """The gap to keep between two requests."""
    return max(least, state.delay, state.robots_delay)


def worth_keeping(state: HostState, now: datetime) -> bool:
    """Whether a restart should know of it."""
    held = state.back_off_until is not None and state.back_off_until > now
    return held or state.robots_delay > _NOTHING or state.delay >= SLOW


class HostBook:
    """The states of the hosts asked last, read from the database when first asked; the changed ones go back there."""

    def __init__(
        self,
        load: Load | None = None,
        on_hold: OnHold | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._load = load
        self._on_hold = on_hold
        self._now = now
        self._states: OrderedDict[str, HostState] = OrderedDict()
        self._changed: dict[str, HostState] = {}

    def __len__(self) -> int:
        return len(self._states)

    async def open(self, host: str) -> HostState:
        """The state of a host about to be asked."""
        state = self._states.get(host)
        if state is None:
            stored = self._changed.get(host) or (await self._load(host) if self._load is not None else None)
            # While it was read another request may have learned something.
            state = self._states.get(host) or self._put(stored or HostState(host))
        else:
            self._states.move_to_end(host)
        return state

    def get(self, host: str) -> HostState:
        """What is known of a host now, without a look at the database."""
        return self._states.get(host) or HostState(host)

    def held_for(self, host: str) -> timedelta:
        """How long a host is still to be let alone."""
        until = self.get(host).back_off_until
        return _NOTHING if until is None else max(until - self._now(), _NOTHING)

    def note(self, host: str, status: int, latency: timedelta, wish: timedelta | None) -> None:
        """Learn from an answer."""
        before = self.get(host)
        after = after_answer(before, status, latency, wish, self._now())
        self._put(after)
        held = after.back_off_until != before.back_off_until
        if held or _differs(before.delay, after.delay):
            self._change(before, after)
        if held and self._on_hold is not None:
            self._on_hold(after)

    def slow_down(self, host: str, robots_delay: timedelta) -> None:
        """Keep the gap that its robots.txt asks for; none when it asks for none any more."""
        before = self.get(host)
        if robots_delay != before.robots_delay:
            self._change(before, self._put(replace(before, robots_delay=robots_delay)))

    def pull_back(self, by: timedelta) -> None:
        """The clock was set back: what was refused until a time of the old one is let alone no longer than meant."""
        for host, state in self._states.items():
            if state.back_off_until is not None:
                self._states[host] = replace(state, back_off_until=state.back_off_until - by)
        self._changed = {host: self._states.get(host, state) for host, state in self._changed.items()}

    def take_changed(self) -> list[HostState]:
        """What is to be written, once."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    def _put(self, state: HostState) -> HostState:
        self._states[state.host] = state
        self._states.move_to_end(state.host)
        if len(self._states) > _KEPT:
            self._states.popitem(last=False)
        return state

    def _change(self, before: HostState, after: HostState) -> None:
        now = self._now()
        if worth_keeping(before, now) or worth_keeping(after, now):
            self._changed[after.host] = after


def _differs(one: timedelta, other: timedelta) -> bool:
    """By a tenth; less is not worth a write."""
    return abs(one - other) * 10 > max(one, other)
