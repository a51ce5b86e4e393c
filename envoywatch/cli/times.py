"""The times and spans that a person gives to a command: ISO dates and times, or so long ago (`24h`, `7d`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_WHEN_HINT = "write a date as 2023-05-17 or 2023-05-17T18:00+03:00, or how long ago as 24h or 7d"


def parse_when(text: str, now: datetime) -> datetime:
    """The moment (UTC) that is meant; a date without a zone is UTC, a duration counts back from `now`.

    Raises ValueError with a line for the user.
    """
    from config.durations import parse_duration  # noqa: PLC0415 (brings pydantic: 0.2 s)

    wanted = text.strip()
    try:
        moment = datetime.fromisoformat(wanted)
    except ValueError:
        try:
            back = parse_duration(wanted)
        except ValueError:
            raise ValueError(f"{text!r} is not a time; {_WHEN_HINT}") from None
        if wanted.replace(".", "").isdecimal():  # a bare number: seconds, days or a year?
            raise ValueError(f"{text!r} is not a time; {_WHEN_HINT}") from None
        return now - back
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the calendar") from None


class When(click.ParamType[datetime]):
    """An option's value read by `parse_when`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Aware, UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_when(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Span(click.ParamType[timedelta]):
    """An option's value read by `config.durations.parse_duration`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """A length of time."""
        from config.durations import parse_duration  # noqa: PLC0415 (brings pydantic: 0.2 s)

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def since_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--since` to a command."""
    help_text = "From then on: 2023-05-17, 2023-05-17T18:00+03:00, or 24h, 7d back."
    return click.option("--since", type=When(), metavar="TIME", help=help_text)(function)


def until_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--until` to a command."""
    return click.option("--until", type=When(), metavar="TIME", help="Before then; as --since.")(function)


def short(moment: datetime | None) -> str:
    """`2023-05-17 10:02` in UTC, for tables and lines; empty for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def ago(moment: datetime, now: datetime) -> str:
    """`5 min ago`, `in 2 h`, `just now`; two of the larger unit before it is used."""
    gap = (now - moment).total_seconds()
    if abs(gap) < 1:
        return "just now"
    size, unit = next((size, unit) for size, unit in _STEPS if abs(gap) >= 2 * size or size == 1)
    told = f"{int(abs(gap) // size)} {unit}"
    return f"{told} ago" if gap > 0 else f"in {told}"
