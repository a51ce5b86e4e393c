"""Durations as people write them: `90s`, `5m`, `1h30m`, `2d`; a bare number is seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])", re.ASCII)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_LONGEST_S = 3650 * 86400.0


def parse_duration(value: Any) -> timedelta:
    """Read a duration; raises ValueError with a line for the user when it is not one."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a duration; write it as 90s, 5m, 2h or 1d")  # noqa: TRY004 (pydantic wants ValueError)
    seconds = _seconds(str(value).strip().lower())
    if seconds is None:
        raise ValueError(f"{value!r} is not a duration; write it as 90s, 5m, 2h or 1d")
    if seconds > _LONGEST_S:
        raise ValueError(f"{value!r} is longer than ten years")
    return timedelta(seconds=seconds)


@lru_cache  # a list of 100,000 sources names a handful of intervals
def _seconds(text: str) -> float | None:
    parts = _PART.findall(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    if parts and not _PART.sub("", text).strip():
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    return None


def render_duration(value: timedelta) -> str:
    """The shortest exact form: `5m`, `1h30m`, `0s`."""
    milliseconds = round(value.total_seconds() * 1000)
    out = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        out += f"{count}{unit}" if count else ""
    return out or "0s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(render_duration, return_type=str)]
