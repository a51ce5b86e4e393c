"""The states of all sources, judged beside the page where that takes long: of 100,000 the first time takes a second."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from envoywatch.web.view import context_of
from storage import views

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from starlette.requests import Request

    from envoywatch.web.context import WebContext
    from storage.views import SourceStates, Thinned

_MANY: Final = 10_000
"""Fewer are waited for."""
_PATIENCE_S: Final = 0.05
_QUICK_S: Final = 0.25
"""What takes no longer is done anew each time."""
_SHARE: Final = 20
"""States may be so many times as old as judging takes: it is a twentieth of what the machine does at most."""
_OLDEST_S: Final = 600.0
"""Older ones are shown to nobody."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """States, when they were judged, and how many seconds that took."""

    states: SourceStates
    at: float
    took: float


class States:
    """The states judged last, and those that are being judged by the one thread of `pool`. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, pool: Executor | None = None) -> None:
        self._clock = clock
        self._pool = pool or ThreadPoolExecutor(1, thread_name_prefix="envoywatch-states")
        self._lock = threading.RLock()  # what is judged before the callback is added is kept at once
        self._last: _Judged | None = None
        self._thinned: Thinned | None = None
        self._coming: Future[_Judged] | None = None

    def get(self, context: WebContext, patience_s: float | None = None) -> SourceStates | None:
        """The states, None when they take longer than that (without `patience_s` they are waited for).

        Those that took long are kept, and judged anew beside the page when they are twenty times as old as they took.
        """
        last = self._last
        age = 0.0 if last is None else self._clock() - last.at
        if last is not None and last.took > _QUICK_S and age <= _OLDEST_S:
            if age > _SHARE * last.took:
                self._begin(context)
            return last.states
        try:
            return self._begin(context).result(patience_s).states
        except TimeoutError:
            return None

    def forget(self) -> None:
        """What is configured has changed: whoever asks next is told how it is then."""
        with self._lock:
            self._last = self._coming = None

    def _begin(self, context: WebContext) -> Future[_Judged]:
        """Judge once, however many ask meanwhile."""
        with self._lock:
            coming = self._coming
            if coming is None:
                coming = self._coming = self._pool.submit(self._judge, context)
                coming.add_done_callback(self._keep)
        return coming

    def _judge(self, context: WebContext) -> _Judged:
        began = self._clock()
        now = context.now()
        states = context.read(lambda reader: views.judge_sources(reader, now, self._thinned))
        self._thinned = states.thinned
        at = self._clock()
        return _Judged(states, at, at - began)

    def _keep(self, done: Future[_Judged]) -> None:
        """Unless it is forgotten by now, or failed: then whoever asks next has it judged once more."""
        with self._lock:
            if self._coming is done:
                self._coming = None
                if done.exception() is None:
                    self._last = done.result()


def forget_states(request: Request) -> None:
    """As `States.forget`."""
    _states(request).forget()


def states_of(request: Request) -> SourceStates:
    """How all sources are, waited for."""
    found = _states(request).get(context_of(request))
    assert found is not None  # noqa: S101 (there was no end to the patience)
    return found


def find_states(request: Request) -> SourceStates | None:
    """How all sources are; None when there are so many that they are still being judged."""
    context = context_of(request)
    are_many = len(context.settings().config.sources) > _MANY
    return _states(request).get(context, _PATIENCE_S if are_many else None)


def _states(request: Request) -> States:
    return cast("States", request.app.state.states)
