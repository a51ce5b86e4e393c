"""Forms as browsers send them, and what is wrong with them as their pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException

from alerts.watches.errors import QueryError
from config.errors import ConfigError, EnvoywatchError, Finding
from envoywatch.web.languages import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from config.checks import Problem

_LARGEST: Final = 256 * 1024
"""A query may have 100 kB, and each of its characters takes three when it is sent."""
_MOST_FIELDS: Final = 500


class Form(ImmutableMultiDict[str, str]):
    """The fields of a form."""


async def read_fields(request: Request) -> Form:
    """A URL-encoded form in which a name may come again; anything longer than 256 kB is answered with 413."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(400) from error
    return Form([(name, value.replace("\r\n", "\n")) for name, value in pairs])


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing was saved: one line, how to mend it, and the faults that the file would have had."""

    message: str
    hint: str = ""
    findings: tuple[Finding, ...] = ()


def trouble_of(error: EnvoywatchError) -> Trouble:
    """An expected trouble as a page shows it."""
    if isinstance(error, ConfigError):
        return Trouble(N_("the file could not be used like that, so nothing was saved"), "", error.findings)
    return Trouble(str(error), error.hint)


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with, or doubtful about, one field; `caret` shows the place in a query."""

    message: str
    hint: str = ""
    caret: str = ""
    warning: bool = False


Faults = dict[str, list[FieldFault]]


def faults_of(problems: Iterable[Problem], fields: Mapping[tuple[str, ...], str], query: str | None = None) -> Faults:
    """Problems by the field that they are about, found by the longest part of their place; "" has what is left."""
    found: Faults = {}
    for problem in problems:
        place = tuple(str(step) for step in problem.loc)
        field = next((fields[place[:n]] for n in range(len(place), 0, -1) if place[:n] in fields), "")
        text = place[-1] if problem.on_key else query if place == ("query",) else None
        caret = ""
        if text is not None and problem.offset is not None:
            caret = QueryError("", text=text, column=problem.offset + 1).caret()
        fault = FieldFault(problem.message, problem.hint, caret, problem.warning)
        found.setdefault(field, []).append(fault)
    return found


def is_refused(faults: Faults) -> bool:
    """Whether anything in it is more than a warning."""
    return any(not fault.warning for several in faults.values() for fault in several)


def words_of(text: str) -> list[str]:
    """The values of a field in which they stand between commas or on lines of their own."""
    return [word.strip() for line in text.splitlines() for word in line.split(",") if word.strip()]


def lines_of(text: str) -> list[str]:
    """The values of a field in which each has its line."""
    return [line.strip() for line in text.splitlines() if line.strip()]
