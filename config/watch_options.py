"""What a watch may ask for besides what it looks for: of whom, how often, until when, and a sum of weighted queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator, model_serializer, model_validator

from config.durations import parse_duration, render_duration
from config.fields import Country, Language, Name, Strict, find_zone
from config.vocabulary import Role

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LONGEST_BUDGET: Final = timedelta(days=31)
DIMINISHING: Final = 0.5
"""The second time a term stands in an article it counts half as much, the third time a quarter, and so on."""
_MOST_TERMS: Final = 500


class Budget(Strict):
    """At most so many messages in any stretch of so long, written `3/h`, `10/d` or `1/15m`."""

    count: Annotated[int, Field(ge=1, le=1000)]
    per: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=LONGEST_BUDGET)]

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if isinstance(value, dict | Budget):
            return value
        count, _, per = (part.strip() for part in str(value).partition("/"))
        length = _length(per)
        if not re.fullmatch(r"[0-9]{1,6}", count) or length is None:
            raise ValueError(f"{value!r} is not a number of messages in a time; write it as 3/h or 10/d")
        if int(count) == 0:
            raise ValueError("nothing would ever be sent; write `send: digest`, or `mute` until some time")
        if not timedelta(minutes=1) <= length <= LONGEST_BUDGET:
            raise ValueError("the time is a minute at least and 31 days at most, as in 3/h or 10/d")
        return {"count": int(count), "per": length}

    @model_serializer
    def _written(self) -> str:
        return str(self)

    def __str__(self) -> str:
        per = render_duration(self.per)
        return f"{self.count}/{per.removeprefix('1') if per in {'1m', '1h', '1d'} else per}"


def _length(per: str) -> timedelta | None:
    """`h` as well as `1h`; a bare number is no length here."""
    if not re.search("[a-z]", per):
        return None
    try:
        return parse_duration(per if per[:1].isdecimal() else f"1{per}")
    except ValueError:
        return None


_WITH_ZONE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]+(\d{1,2}:\d\d(?::\d\d)?))?\s+([A-Za-z]\S*)")
_HOW = "write it as 2026-05-27T18:00+03:00, or as 2026-05-27 18:00 Europe/Kyiv"


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value
    else:
        text = str(value).strip()
        found = _WITH_ZONE.fullmatch(text)
        zone = find_zone(found[3]) if found else None
        try:
            moment = _at(found[1], found[2], zone) if found else datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a time; {_HOW}") from error
    if moment.tzinfo is None:
        raise ValueError(f"the time has no zone; {_HOW}")
    return moment.astimezone(UTC)


def _at(day: str, at: str | None, zone: ZoneInfo | None) -> datetime:
    """That time of that day in that zone; without a time its first moment."""
    return datetime.fromisoformat(f"{day}T{(at or '0:00').zfill(5)}").replace(tzinfo=zone)


Moment = Annotated[datetime, BeforeValidator(_moment), PlainSerializer(lambda at: at.isoformat(), return_type=str)]
"""A point in time (UTC) that was written with its zone."""


class Only(Strict):
    """Of which articles a watch is told: all the conditions that are given must hold, each by one of its values."""

    roles: tuple[Role, ...] = ()
    countries: tuple[Country, ...] = ()
    languages: tuple[Language, ...] = ()
    sources: tuple[Name, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Only:
        if not (self.roles or self.countries or self.languages or self.sources):
            raise ValueError("`only` asks for nothing; write for instance `only: {roles: [official]}`")
        return self


def admits(only: Only, source: str, role: Role, country: str | None) -> bool:
    """Whether articles of that source may be told of, whatever their language."""
    return refused_for(only, source, role, country, None, language_matters=False) is None


def refused_for(
    only: Only, source: str, role: Role, country: str | None, language: str | None, *, language_matters: bool = True
) -> str | None:
    """The first condition that an article does not fulfil, in words; None when it fulfils all."""
    if only.sources and source.casefold() not in {name.casefold() for name in only.sources}:
        return f"only from {_any_of(only.sources)}, not from {source}"
    if only.roles and role not in only.roles:
        return f"only from {_any_of(only.roles)} sources, not from {role}"
    if only.countries and country not in only.countries:
        return f"only from {_any_of(only.countries)}, not from {country or 'a source without a country'}"
    main = language.partition("-")[0] if language else None
    if language_matters and only.languages and not {language, main} & set(only.languages):
        return f"only in {_any_of(only.languages)}, not in {language or 'an unknown language'}"
    return None


def _any_of(values: tuple[str, ...]) -> str:
    return " or ".join(values)


Weight = Annotated[float, Field(ge=-10_000, le=10_000)]


class Score(Strict):
    """A sum of weighted queries: the watch matches from `at_least` on.

    Each of the `terms` is a query of its own; its weight counts in full the first time it stands in an article, and
    half as much each further time, so never more than twice. A negative weight counts against the article.
    """

    at_least: Annotated[float, Field(gt=0, le=1_000_000)]
    terms: Annotated[dict[str, Weight], Field(min_length=1, max_length=_MOST_TERMS)]

    @model_validator(mode="after")
    def _reachable(self) -> Score:
        for query, weight in self.terms.items():
            if not weight:
                raise ValueError(f"the weight of {query!r} is 0: it counts for nothing; delete it")
        most = self.most
        if most < self.at_least or not most:
            raise ValueError(
                f"the score can never reach {self.at_least:g}: all terms together give less than {most:g};"
                " lower `at_least`, or raise the weights"
                if most
                else "the score can never be reached: no weight is above 0"
            )
        return self

    @property
    def most(self) -> float:
        """What the score stays below, however often every term stands in an article."""
        return sum(weight for weight in self.terms.values() if weight > 0) / (1 - DIMINISHING)
