"""The daemon's time: the real one, or for a replay one that starts elsewhere and runs faster."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time to everything that decides. With `start` it is a replay: `speed` virtual seconds a real one."""

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        self.start = start
        self.speed = speed if start is not None else 1.0
        self._began: float | None = time.monotonic()

    def hold(self) -> None:
        """Let a replay stand at its start until `release`."""
        self._began = None

    def hold_at_now(self) -> None:
        """Let a replay stand where it has come to."""
        if self.start is not None:
            self.start = self.now()
            self._began = None

    def release(self) -> None:
        """Begin to run."""
        self._began = time.monotonic()

    @property
    def is_replay(self) -> bool:
        """Whether this is not the time on the wall."""
        return self.start is not None

    def now(self) -> datetime:
        """Aware, UTC."""
        if self.start is None:
            return datetime.now(UTC)
        if self._began is None:
            return self.start
        return self.start + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    def span(self, real: timedelta) -> timedelta:
        """How much of this clock passes in a span of real time: what a lease or a retry in real life lasts here."""
        return real * self.speed
