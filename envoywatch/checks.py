"""The checks of a configuration that need more than `config` knows: queries and the people they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.checks import Check


def all_checks() -> tuple[Check, ...]:
    """The checks to hand to `load_config`."""
    return ()
