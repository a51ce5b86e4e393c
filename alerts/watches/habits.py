"""What other query languages write, recognised so that it can be answered with what to write here."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from alerts.watches.nodes import Condition
from config.data_yaml import parse_data
from storage.model import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = (*(field.value for field in Field), *(condition.value for condition in Condition))

EXAMPLES = {
    "title": "title:summit",
    "text": "text:summit",
    "lang": "lang:ru",
    "source": 'source:"TASS"',
    "country": "country:RU",
    "role": "role:official",
}

_NEAR = re.compile(
    r"(?i:near)(?:[/\\:~]\S*|[-,]?\d+|[-,](?i:s(?:ent(?:ence)?)?))?|(?i:w|n|pre|onear|adj|within)/(?:\d+|[sSpP])|(?:ADJ|PRE)\d+"
)
_SENTENCE = re.compile(r"[A-Za-z]+[/\\:~,-][spSP]")


def meant_near(run: str) -> str | None:
    """`NEAR/5` for what seems to mean it (`NEAR5`, `near/5`, `w/5`, `NEAR`); None for words, as `near/far`."""
    if not _NEAR.fullmatch(run):
        return None
    if digits := re.search(r"\d{1,9}", run):
        return f"NEAR/{digits[0]}"
    if _SENTENCE.match(run) and (run.isupper() or len(run) <= len("near/sentence")):
        return "NEAR/s"
    return "NEAR/5" if run[:2].isupper() else None


def meant_sign(run: str) -> tuple[str, str] | None:
    """The sign of another language with which it begins, and our operator."""
    return next(((sign, operator) for sign, operator in _habits()["signs"].items() if run.startswith(sign)), None)


def meant_word(run: str) -> str | None:
    """Our operator for a word that may be meant as one: `and`, `Or`, `UND`."""
    if run.upper() in {"AND", "OR", "NOT"}:
        return run.upper()
    return _words().get(run)


def meant_field(name: str) -> str | None:
    """Our field for one of another tool or another spelling."""
    folded = name.casefold()
    for field, others in _habits()["fields"].items():
        if folded in others:
            return str(field)
    close = difflib.get_close_matches(folded, FIELDS, n=1, cutoff=0.6)
    return close[0] if close else None


@cache
def _habits() -> Mapping[str, Any]:
    data: Mapping[str, Any] = parse_data(
        resources.files("alerts.watches").joinpath("habits.yaml").read_text(encoding="utf-8")
    )
    return data


@cache
def _words() -> dict[str, str]:
    return {word: operator for operator, words in _habits()["words"].items() for word in words}
