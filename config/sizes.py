"""Sizes as people write them: `500MB`, `20 GB`; powers of 1024, as `status` tells them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer

_UNITS: Final = {"tb": 2**40, "gb": 2**30, "mb": 2**20, "kb": 2**10, "b": 1}
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]?b)", re.ASCII)


def parse_size(value: Any) -> int:
    """Bytes; raises ValueError with a line for the user when it is not a size."""
    found = _SIZE.fullmatch(str(value).strip().lower())
    if found is None:
        raise ValueError(f"{value!r} is not a size; write it as 500MB or 20GB")
    return round(float(found[1]) * _UNITS[found[2]])


def render_size(size: int) -> str:
    """The shortest exact form: `20GB`, `1536MB`."""
    unit = next(unit for unit, bytes_ in _UNITS.items() if size % bytes_ == 0)
    return f"{size // _UNITS[unit]}{unit.upper()}"


Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(render_size, return_type=str)]
