"""How many independently of each other report something: the one place that says what independent means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.model import Reporter


def originators(reporters: Iterable[Reporter]) -> frozenset[str]:
    """Who reported it in words of their own: each source once, those left out who had another's text."""
    return frozenset(reporter.source for reporter in reporters if not reporter.is_copy)
