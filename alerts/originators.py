"""How many independently of each other report something: the one place that says what independent means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.model import Reporter


def originators(reporters: Iterable[Reporter]) -> frozenset[str]:
    """Whose reports these are: an agency and all who copy or credit it count once."""
    return frozenset(reporter.originator for reporter in reporters)
