"""Durations as people write them: `90s`, `5m`, `1h30m`, `2d`; a bare number is seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])", re.ASCII)
_LONGEST_S = 3650 * 86400.0


def parse_duration(value: Any) -> timedelta:
    """Read a duration; raises ValueError with a line for the user when it is not one."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a duration; write it as 90s, 5m, 2h or 1d")  # noqa: TRY004 (pydantic wants ValueError)
    text = str(value).strip().lower()
    parts = _PART.findall(text)
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        seconds = float(text)
    elif parts and not _PART.sub("", text).strip():
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    else:
        raise ValueError(f"{value!r} is not a duration; write it as 90s, 5m, 2h or 1d")
    if seconds > _LONGEST_S:
        raise ValueError(f"{value!r} is longer than ten years")
    return timedelta(seconds=seconds)


def render_duration(value: timedelta) -> str:
    """The shortest exact form: `5m`, `1h30m`, `0s`."""
    milliseconds = round(value.total_seconds() * 1000)
    out = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        out += f"{count}{unit}" if count else ""
    return out or "0s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(render_duration, return_type=str)]
