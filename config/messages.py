"""What pydantic found wrong, said in words of the file: its keys, what it expects, and the nearest right spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from config.durations import render_duration
from config.model import Endpoint
from config.vocabulary import EndpointKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint with the nearest spelling, or the whole list when it is short, or nothing."""
    names = sorted(set(known))
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(str(word).casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"did you mean `{folded[close[0]]}`?"
    if not names or len(names) > 12:  # noqa: PLR2004 (longer lists hide the message)
        return ""
    return "known: " + ", ".join(names)


@dataclass(frozen=True, slots=True)
class _Fault:
    """One error of pydantic: the key it is about, the value that stood there, and where."""

    kind: str
    field: str
    value: Any
    loc: Loc
    root: type[BaseModel]
    context: Mapping[str, Any]
    message: str


Words = tuple[str, str]


def explain(error: ErrorDetails, loc: Loc, root: type[BaseModel]) -> Words:
    """The message and the hint for one error that lies at `loc` below the model `root`."""
    fault = _Fault(error["type"], _field_name(loc), error.get("input"), loc, root, error.get("ctx") or {}, error["msg"])
    say = _SAYS.get(fault.kind, _limit)
    if fault.value is None and fault.kind not in {"missing", "extra_forbidden"}:
        say = _nothing
    message, hint = say(fault)
    is_item = bool(loc) and isinstance(loc[-1], int) and message.startswith(f"`{fault.field}` must")
    return (f"an item of {message}" if is_item else message), hint


def errors_of(error: ValidationError) -> list[ErrorDetails]:
    """Its errors without those that only follow: a list is also called short when an item of it is faulty."""
    all_errors = error.errors(include_url=False)
    above = {one["loc"][:depth] for one in all_errors for depth in range(len(one["loc"]))}
    return [one for one in all_errors if one["loc"] not in above]


def known_keys(root: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that may stand at `loc`, in the spelling of the file."""
    models = _models_at(root, loc)
    keys = [field.alias or name for model in models for name, field in model.model_fields.items()]
    if Endpoint in models:
        keys += list(EndpointKind)
    return keys


def _models_at(root: type[BaseModel], loc: Loc) -> list[type[BaseModel]]:
    """The models of which one stands at `loc`: several where the file may hold this or that."""
    annotations: list[Any] = [root]
    for step in loc:
        annotations = [found for annotation in annotations for found in _below(annotation, step)]
    return [model for annotation in annotations for model in _alternatives(annotation) if _is_model(model)]


def _below(annotation: Any, step: str | int) -> list[Any]:
    out: list[Any] = []
    for kind in _alternatives(annotation):
        if _is_model(kind):
            fields = kind.model_fields.items()
            out += [field.annotation for name, field in fields if step in {name, field.alias}]
        elif get_origin(kind) is tuple:
            out.append(get_args(kind)[0])
        elif get_origin(kind) is dict:
            out.append(get_args(kind)[1])
    return out


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    return [annotation]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


# ---------------------------------------------------------------- words

_MISSING = {
    "endpoints": "as in `endpoints: [{feed: https://example.org/rss}]`",
    "url": "as in `url: mailto://user:password@example.org`",
    "by": "as in `by: 2026-05-27T18:00:00+03:00`",
    "at": "as in `at: 07:30 Europe/Paris`",
    "meeting": "as in `meeting: {guest: Li Hui, level: leader}`",
    "level": "leader, minister, deputy or other",
}
_PATTERNS = {
    "language": "a two-letter code such as en, ru, zh",
    "forms": "forms are grouped by language: a two-letter code such as en, ru, zh",
    "languages": "two-letter codes such as [en, ru, zh]",
    "country": "two capital letters such as CN, UA, EU",
    "countries": "codes of two capital letters such as [CN, UA, EU]",
    "user_agent": "plain letters, as in: Our desk (+https://example.org/contact)",
}
_LONGEST_SHOWN = 60
_MOST_PLACES = 3
_ANY = "*"
"""Stands for the name of a channel or a group."""
_SHORT_WORD = 3


def _field_name(loc: Loc) -> str:
    if loc[-1:] == ("[key]",):
        loc = loc[:-2]
    return next((str(step) for step in reversed(loc) if isinstance(step, str)), "")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = str(value)
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")


def _nearest(value: Any, choices: list[str]) -> str:
    hint = did_you_mean(value, choices)
    return hint if hint.startswith("did") else ""


def _unknown(fault: _Fault) -> Words:
    siblings = known_keys(fault.root, fault.loc[:-1])
    hint = _nearest(fault.field, siblings) or _elsewhere(fault) or _alike(fault.field, siblings)
    return f"unknown key `{fault.field}`", hint or did_you_mean(fault.field, siblings)


def _elsewhere(fault: _Fault) -> str:
    """A hint where exactly this key does belong: an indentation too many or too few puts a key there."""
    here = tuple(step for step in fault.loc[:-1] if isinstance(step, str))
    found = (path for path, keys in _groups(fault.root, ()) if fault.field in keys and path != here)
    paths = list(dict.fromkeys(found))
    below = [path for path in paths if path[: len(here)] == here]
    paths = below if here and below else paths
    if () in paths:
        return f"`{fault.field}:` stands at the beginning of a line"
    if not paths or len(paths) > _MOST_PLACES:
        return ""
    return f"`{fault.field}` belongs under " + " or ".join(f"`{'.'.join(path)}`" for path in paths)


def _alike(word: str, known: Iterable[str]) -> str:
    """A hint with the key that shares a word with this one, as `private` of `private_addresses`."""
    parts = {part for part in word.casefold().split("_") if len(part) > _SHORT_WORD}
    return next((f"did you mean `{key}`?" for key in known if parts & set(key.split("_"))), "")


def _groups(root: type[BaseModel], loc: Loc) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each group of keys of the file at and below `loc`, as the keys that lead to it and those that stand in it."""
    keys = known_keys(root, loc)
    if keys:
        yield tuple(step for step in loc if isinstance(step, str) and step != _ANY), keys
    for key in keys:
        for inside in ((key,), (key, 0), (key, _ANY)):
            yield from _groups(root, (*loc, *inside))


def _missing(fault: _Fault) -> Words:
    return f"`{fault.field}` is missing", _MISSING.get(fault.field, "")


def _nothing(fault: _Fault) -> Words:
    if fault.loc and isinstance(fault.loc[-1], int):
        return f"an item of `{fault.field}` is empty", "delete the line"
    return f"`{fault.field}` has no value", "give it one, or delete the line"


def _own_words(fault: _Fault) -> Words:
    """Our own validators speak plainly already; a value's fault is led by its key."""
    message = str(fault.context.get("error", fault.message))
    whole_item = not fault.loc or isinstance(fault.loc[-1], int) or fault.field in message
    known = known_keys(fault.root, fault.loc)
    unknown = [key for key in fault.value if key not in known] if isinstance(fault.value, dict) and known else []
    hint = _nearest(unknown[0], known) if unknown else ""
    return (message if whole_item else f"`{fault.field}`: {message}"), hint


def _choice(fault: _Fault) -> Words:
    choices = str(fault.context.get("expected", "")).replace(" or ", ", ").replace("'", "").split(", ")
    message = f"`{fault.field}` cannot be {_shown(fault.value)}; it is one of {', '.join(choices)}"
    return message, _nearest(fault.value, choices)


def _pattern(fault: _Fault) -> Words:
    return f"`{fault.field}` cannot be {_shown(fault.value)}", _PATTERNS.get(fault.field, "")


def _text(fault: _Fault) -> Words:
    hint = f'put it in quotes: "{fault.value}"' if isinstance(fault.value, bool | int | float) else ""
    return f"`{fault.field}` must be text, not {_shown(fault.value)}", hint


def _list(fault: _Fault) -> Words:
    one = isinstance(fault.value, str | int)
    hint = f"write [{fault.value}]" if one else "each item on a line of its own that starts with `- `"
    return f"`{fault.field}` must be a list, not {_shown(fault.value)}", hint


def _must_be(wanted: str, hint: str = "") -> Callable[[_Fault], Words]:
    return lambda fault: (f"`{fault.field}` must be {wanted}, not {_shown(fault.value)}", hint)


_LIMITS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}


def _limit(fault: _Fault) -> Words:
    """Limits of numbers and lengths, and, for what has no words here yet, pydantic's own."""
    if "min_length" in fault.context:
        return f"`{fault.field}` is empty or too short", ""
    if "max_length" in fault.context:
        return f"`{fault.field}` is too long", f"at most {fault.context['max_length']}"
    for key, words in _LIMITS.items():
        if key in fault.context:
            return f"`{fault.field}` must be {words} {_measure(fault.context[key])}", ""
    return f"`{fault.field}`: {fault.message[:1].lower()}{fault.message[1:]}", ""


def _measure(value: Any) -> str:
    """A limit as the file would say it; pydantic gives limits of our own types as the text of their `repr`."""
    if "timedelta" not in str(value):
        return str(value)
    parts = {unit: int(count) for unit, count in re.findall(r"(days|seconds|microseconds)=(\d+)", str(value))}
    return render_duration(timedelta(**parts))


_group = _must_be("a group of `key: value` lines")
_truth = _must_be("true or false")
_whole = _must_be("a whole number")
_number = _must_be("a number")
_date = _must_be("a date", "write it as 2023-05-27")
_moment = _must_be("a time with its zone", "write it as 2023-05-27T18:00:00+03:00")

_TYPES: dict[Callable[[_Fault], Words], str] = {
    _choice: "enum literal_error",
    _pattern: "string_pattern_mismatch",
    _text: "string_type path_type",
    _list: "tuple_type list_type",
    _group: "dict_type model_type model_attributes_type",
    _truth: "bool_type bool_parsing",
    _whole: "int_type int_parsing int_from_float int_parsing_size",
    _number: "float_type float_parsing finite_number",
    _date: "date_type date_parsing date_from_datetime_parsing date_from_datetime_inexact",
    _moment: "datetime_type datetime_parsing datetime_from_date_parsing datetime_object_invalid timezone_aware "
    "time_type time_parsing",
}
_ABOUT_A_VALUE = {kind: say for say, kinds in _TYPES.items() for kind in kinds.split()}
_SAYS = {"extra_forbidden": _unknown, "missing": _missing, "value_error": _own_words, **_ABOUT_A_VALUE}
