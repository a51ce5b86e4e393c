"""Items of the configuration made and judged before they are written: the same for commands and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from alerts.watches.conditions import BadValueError, parse_value
from alerts.watches.nodes import Condition
from config.checks import Problem, find_problems
from config.durations import parse_duration
from config.edit import find_item, replace_item
from config.errors import UsageError
from config.messages import errors_of, explain
from config.model import PersonEntry, Source, Watch
from config.people import load_people
from config.vocabulary import LANGUAGES
from config.watch_options import Moment
from envoywatch.checks import all_checks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import BaseModel

    from config.model import Config


def with_keys(text: str, section: str, name: str, keys: Mapping[str, Any]) -> str:
    """The file with these keys of an item set, those taken away that are None."""
    item = find_item(text, section, name) | dict(keys)
    kept = {key: value for key, value in item.items() if value is not None or key not in keys}
    return replace_item(text, section, name, kept)


def _shape_problems(model: type[BaseModel], item: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with an item by itself, at places within it."""
    try:
        model.model_validate(item)
    except ValidationError as error:
        return [Problem(tuple(one["loc"]), *explain(one, tuple(one["loc"]), model)) for one in errors_of(error)]
    return []


# ---------------------------------------------------------------- watches


def judge_watch(config: Config, item: Mapping[str, Any], replacing: str | None = None) -> list[Problem]:
    """What `check` would say of the configuration with this watch in it (in the place of another), warnings too.

    The places are within the watch.
    """
    shape = _shape_problems(Watch, item)
    if shape:
        return shape
    watch = Watch.model_validate(item)
    alike = [one for one in config.watches if one.name != replacing and one.name.casefold() == watch.name.casefold()]
    changed = config.model_copy(update={"watches": (*alike, watch)})
    place = ("watches", len(alike))
    return [
        Problem(found.loc[2:], found.message, found.hint, found.offset, found.warning, found.on_key)
        for found in find_problems(changed, all_checks())
        if found.loc[:2] == place
    ]


def parse_end(text: str, now: datetime) -> datetime:
    """Until when something is muted: a time with its zone, as in the configuration, or so long from now."""
    try:
        end = now + parse_duration(text)
    except (ValueError, OverflowError):
        try:
            end = TypeAdapter(Moment).validate_python(text)
        except ValidationError:
            hint = "write 2026-05-27T18:00+03:00, or '2026-05-27 18:00 Europe/Kyiv', or how long: 8h, 2d"
            raise UsageError(f"{text!r} is not a time with its zone", hint=hint) from None
    if end <= now:
        raise UsageError(f"{text!r} is past", hint="`watches unmute` lets a watch alert again")
    return end


def written_moment(moment: datetime) -> str:
    """A UTC time as the configuration has it."""
    return f"{moment:%Y-%m-%dT%H:%MZ}"


# ---------------------------------------------------------------- sources


def free_source_name(config: Config, title: str, url: str) -> str:
    """A name for a new source that no other has: its title, else its host."""
    host = urlsplit(url).hostname or url
    taken = {source.name.casefold() for source in config.sources}
    base = " ".join(title.split())[:80] or host
    for candidate in (base, f"{base} ({host})", *(f"{base} ({host}) {number}" for number in range(2, 1000))):
        if candidate.casefold() not in taken:
            return candidate
    raise UsageError(f"there are many sources called {base!r}", hint="give it another name with --name")


def judge_source(config: Config, item: Mapping[str, Any]) -> list[Problem]:
    """What would be a fault of the configuration with this new source in it, at places within the source."""
    shape = _shape_problems(Source, item)
    if shape:
        return shape
    new = Source.model_validate(item)
    found = []
    for source in config.sources:
        if source.name.casefold() == new.name.casefold():
            hint = "give it another name with --name"
            found.append(Problem(("name",), f"there is a source {source.name!r} already", hint))
        if {endpoint.url for endpoint in new.endpoints} & {endpoint.url for endpoint in source.endpoints}:
            found.append(Problem(("endpoints",), f"{source.name!r} reads that address already"))
    return found


# ---------------------------------------------------------------- people


def office_item(given: Mapping[str, Any]) -> dict[str, Any]:
    """An office of what is said about it, nothing of nothing; raises UsageError when the half is missing."""
    office = {key: value for key, value in given.items() if value}
    if office and not {"title", "level"} <= set(office):
        raise UsageError("an office needs a title and a level", hint="give --title and --level")
    return office


def form_items(lines: tuple[str, ...]) -> dict[str, list[str]]:
    """Written names by language, of `ru=Ли Хуэй`; raises UsageError."""
    out: dict[str, list[str]] = {}
    for line in lines:
        language, equals, name = (part.strip() for part in line.partition("="))
        if not equals or not _is_language(language) or not name:
            hint = f"write LANG=NAME; LANG is {', '.join(LANGUAGES)}, or another code for watches of words alone"
            raise UsageError(f"{line!r} is not a written name", hint=hint)
        out.setdefault(language, []).append(name)
    return out


def _is_language(code: str) -> bool:
    try:
        return parse_value(Condition.LANGUAGE, code) == code
    except BadValueError:
        return False


def judge_person(config: Config, item: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with an entry about a person, at places within it."""
    shape = _shape_problems(PersonEntry, item)
    if shape:
        return shape
    known = load_people(config.people, config.groups).find(item["name"])
    if known is not None and len(item) == 1:
        hint = "give --title or --form to add to what is known"
        return [Problem(("name",), f"{known.label} is known already", hint)]
    return []
