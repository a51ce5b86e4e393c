"""Notices that the clock on the wall was set back, by the steady one beside it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST: Final = timedelta(seconds=2)
"""Less is the clock being trimmed, which no wait notices."""


class JumpWatch:
    """Compares two clocks at each look. Forward, or a suspension, needs no care: what was missed is due at once."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()

    def look(self) -> timedelta | None:
        """By how much the clock was set back since the last look; None when it was not."""
        apart = self._wall() - self._steady()
        back = timedelta(seconds=self._apart - apart)
        if timedelta(0) < back < LEAST:
            return None  # and what it was compared with stays, so that many small steps add up
        self._apart = apart
        return back if back >= LEAST else None
