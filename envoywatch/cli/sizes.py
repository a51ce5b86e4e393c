"""Sizes of files, for a person and from one."""

from __future__ import annotations

from typing import Any

import click

_KIB = 1024


def file_size(size: float) -> str:
    """`3.4 MB` and the like, by powers of 1024."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} GB"


class FileSize(click.ParamType[int]):
    """An option's value read by `config.sizes.parse_size`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes."""
        from config.sizes import parse_size  # noqa: PLC0415 (brings pydantic: 0.2 s)

        try:
            return parse_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
