"""References to environment variables inside values: `${NAME}`, `${NAME:-default}`, and `$$` for a dollar sign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(
    r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>[^}]*))?\}|(?P<wrong>\$\{[^}]*\}?)"
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reference that cannot be resolved; `offset` is its place in the text as written.

    `is_unset` tells a variable that has no value from what is no reference at all.
    """

    offset: int
    message: str
    hint: str
    is_unset: bool = False


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its references resolved, the values that came from the environment, and what went wrong."""

    text: str
    values: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def expand(text: str, environ: Mapping[str, str]) -> Expanded:
    """Resolve every reference of a value. A variable that is set but empty counts as unset, as in a shell's `:-`."""
    values: list[str] = []
    troubles: list[Trouble] = []

    def resolve(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if found["wrong"] is not None:
            troubles.append(
                Trouble(
                    found.start(),
                    f"{found['wrong']!r} is not a reference to an environment variable",
                    "write ${NAME} or ${NAME:-default}; a plain dollar sign before a brace is $$",
                )
            )
            return ""
        value = environ.get(found["name"], "")
        if value:
            values.append(value)
            return value
        if found["fallback"] is not None:
            return found["default"]
        name = found["name"]
        message = f"the environment variable {name} is not set"
        troubles.append(Trouble(found.start(), message, f"set it first: export {name}=...", is_unset=True))
        return ""

    return Expanded(_REFERENCE.sub(resolve, text), tuple(values), tuple(troubles))
