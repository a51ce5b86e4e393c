"""The bytes of all answers that are being read or wait to be parsed, bounded together; knows no sockets.

Each answer is bounded by itself, but a thousand polls may be under way: were each answered with the most that is read,
they would take 8 GB.
"""

from __future__ import annotations

import weakref
from typing import Final

MOST: Final = 128 * 2**20
SMALL: Final = 256 * 1024
"""An answer up to this size is always taken: most feeds are smaller, and large ones must not keep them from us."""


class TooMuchHeldError(Exception):
    """A large answer finds no room beside the others; there is when those were parsed."""


class HeldBytes:
    """How much is held. What is taken must be given back; `keep` does so when its owner is gone."""

    def __init__(self, most: int = MOST, small: int = SMALL) -> None:
        self.held = 0
        self._most = most
        self._small = small

    def take(self, more: int, whole: int) -> None:
        """Take more bytes for an answer that is then `whole` bytes long. Raises TooMuchHeldError."""
        if whole > self._small and self.held + more > self._most:
            raise TooMuchHeldError("too many large answers came at once")
        self.held += more

    def give(self, size: int) -> None:
        """Give back."""
        self.held -= size

    def keep(self, owner: object, size: int) -> None:
        """Take as much for as long as the owner lives. Raises TooMuchHeldError."""
        self.take(size, size)
        weakref.finalize(owner, self.give, size).atexit = False
