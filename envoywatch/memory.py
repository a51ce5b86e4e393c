"""The garbage collector, told what lives as long as the process does."""

from __future__ import annotations

import gc

YOUNG = 20_000
"""So many new objects before the youngest are looked through: a thousand polls under way are mostly alive."""


def settle() -> None:
    """Take what lives now out of the collector's sight: modules and the configuration, which it would find alive again.

    Looking through them cost a seventh of the CPU of polling, and stopped the loop for 0.1 s each time. To be called
    again when much of it was replaced.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
