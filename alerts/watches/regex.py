"""User patterns: google-re2 alone, so that no text makes them slow; their size is bounded as well."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

_SWAPPED_FLAG = re.compile(r"^\(([imsU])\?\)")
LONGEST_PATTERN = 500
_LARGEST_PROGRAM = 1_000
"""Instructions of the compiled pattern: the slowest path of the engine takes the length of the text times this."""


class BadPatternError(ValueError):
    """A pattern that cannot be used; `at` is the offset of the fault in it, as far as the engine tells."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.hint = hint


@lru_cache(maxsize=4_096)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern, ignoring case unless it says `(?-i)`; raises BadPatternError."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadPatternError(f"a pattern may have {LONGEST_PATTERN} characters; this one has {len(pattern)}", 0)
    if swapped := _SWAPPED_FLAG.search(pattern):
        flags = swapped[1]
        hint = f"did you mean (?{flags})?" + (" Patterns ignore capitals without it" if flags == "i" else "")
        raise BadPatternError(f"({flags}?) is the letter {flags} or nothing", swapped.start(), hint)
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise _explained(error, pattern) from error
    if compiled.programsize > _LARGEST_PROGRAM:
        raise BadPatternError("this pattern is too large when its repetitions are written out", 0, "repeat less")
    if compiled.search("") is not None:
        raise BadPatternError("this pattern also matches nothing at all, so every article", 0, "use + instead of *")
    return compiled


def _explained(error: Exception, pattern: str) -> BadPatternError:
    raw = error.args[0] if error.args else ""
    message = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    what, _, where = message.partition(": ")
    at = max(pattern.find(where), 0) if where else 0
    hint = ""
    if "(?" in where or "perl operator" in what:
        hint = "look-around is not available: it cannot be searched in linear time"
    elif "escape" in what:
        hint = "back-references are not available: they cannot be searched in linear time"
    return BadPatternError(f"not a regular expression: {message}", at, hint)
