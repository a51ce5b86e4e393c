"""The smallest values of the configuration, of which its models are made: names, codes, zones, times of day."""

from __future__ import annotations

import re
from datetime import time
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_NAME_MAX = 120
Name = Annotated[str, Field(min_length=1, max_length=_NAME_MAX)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2, or EU, UN, NA for NATO")]


def find_zone(name: str) -> ZoneInfo:
    """The time zone of that name; raises ValueError with the nearest right spelling."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        alike = get_close_matches(name, available_timezones(), n=1, cutoff=0.7)
        hint = f"did you mean {alike[0]}?" if alike else "use a name such as Europe/Paris or UTC"
        raise ValueError(f"{name!r} is not a time zone; {hint}") from error


def _zone(name: str) -> str:
    find_zone(name)
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class Strict(BaseModel):
    """A value in which an unknown key is a fault and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ZonedTime(Strict):
    """A time of day in a named zone, written `07:30 Europe/Paris` (UTC when no zone is named)."""

    at: time
    zone: Zone = "UTC"

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        clock, _, zone = value.strip().partition(" ")
        if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", clock):
            raise ValueError(f"{value!r} is not a time of day; write it as 07:30 Europe/Paris")
        return {"at": time.fromisoformat(clock.zfill(5)), "zone": zone.strip() or "UTC"}

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.zone}"


class QuietHours(Strict):
    """A daily span in a named zone, `23:00-07:00 Europe/Paris`; it may pass midnight."""

    start: time
    end: time
    zone: Zone = "UTC"

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)(?:\s+(\S+))?", value.strip())
        if not found:
            raise ValueError(f"{value!r} are not quiet hours; write them as 23:00-07:00 Europe/Paris")
        return {
            "start": time.fromisoformat(found[1].zfill(5)),
            "end": time.fromisoformat(found[2].zfill(5)),
            "zone": found[3] or "UTC",
        }
