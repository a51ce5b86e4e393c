"""The states of all sources, kept for a while where judging them takes long: with 100,000 it takes a second."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, cast

from starlette.background import BackgroundTask

from envoywatch.web.view import context_of
from storage import views

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from envoywatch.web.context import WebContext
    from storage.views import SourceState

_QUICK_S: Final = 0.25
"""What takes no longer is done anew each time."""
_SHARE: Final = 20
"""States may be so many times as old as judging takes: it is a twentieth of what the machine does at most."""
_OLDEST_S: Final = 600.0
"""Older ones are shown to nobody: who comes first after that waits."""


class States:
    """The states judged last. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[SourceState, ...] = ()
        self._judged_at = float("-inf")
        self._took = 0.0

    def get(self, context: WebContext) -> tuple[tuple[SourceState, ...], BackgroundTask | None]:
        """The states, and what is to be done after they were sent, when they are to be judged anew by then."""
        age = self._clock() - self._judged_at
        if self._took <= _QUICK_S or age > _OLDEST_S:
            return self._judge(context), None
        return self._kept, BackgroundTask(self._renew, context) if age > _SHARE * self._took else None

    def forget(self) -> None:
        """What is configured has changed: whoever asks next is told how it is then."""
        self._judged_at = float("-inf")

    def _judge(self, context: WebContext) -> tuple[SourceState, ...]:
        began = self._clock()
        now = context.now()
        found = context.read(lambda reader: views.judge_sources(reader, now))
        self._took = self._clock() - began
        self._judged_at = self._clock()
        self._kept = found
        return found

    def _renew(self, context: WebContext) -> None:
        """Once, however many were answered meanwhile."""
        if self._lock.acquire(blocking=False):
            try:
                self._judge(context)
            finally:
                self._lock.release()


def forget_states(request: Request) -> None:
    """As `States.forget`."""
    cast("States", request.app.state.states).forget()


def states_of(request: Request) -> tuple[tuple[SourceState, ...], BackgroundTask | None]:
    """As `States.get`."""
    return cast("States", request.app.state.states).get(context_of(request))
