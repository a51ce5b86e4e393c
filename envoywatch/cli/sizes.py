"""Sizes of files for a person."""

from __future__ import annotations

_KIB = 1024


def file_size(size: int) -> str:
    """`3.4 MB` and the like, by powers of 1024."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} GB"
