"""User patterns: google-re2 alone, so that no text makes them slow; their size is bounded as well."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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


SEARCHED = 200_000
"""Characters of a field: with the largest pattern allowed, the worst text we found takes 1.2 s."""
_LARGEST_SET = 5_000
_SET_MEMORY = 64 * 1024 * 1024
"""Instructions of patterns that are searched together, and what the engine may take for its states: with less memory
for each instruction it would give up and find nothing."""


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    return options


@lru_cache(maxsize=4_096)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern, ignoring case unless it says `(?-i)`; raises BadPatternError."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadPatternError(f"a pattern may have {LONGEST_PATTERN} characters; this one has {len(pattern)}", 0)
    if swapped := _SWAPPED_FLAG.search(pattern):
        flags = swapped[1]
        hint = f"did you mean (?{flags})?" + (" Patterns ignore capitals without it" if flags == "i" else "")
        raise BadPatternError(f"({flags}?) is the letter {flags} or nothing", swapped.start(), hint)
    options = _options()
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise _explained(error, pattern) from error
    if compiled.programsize > _LARGEST_PROGRAM:
        raise BadPatternError("this pattern is too large when its repetitions are written out", 0, "repeat less")
    if compiled.search("") is not None:
        raise BadPatternError("this pattern also matches nothing at all, so every article", 0, "use + instead of *")
    return compiled


class PatternSet:
    """Patterns that are searched for all at once; each has a number. Can be pickled: it is compiled again."""

    def __init__(self, patterns: Mapping[int, str]) -> None:
        self._patterns = patterns
        self._sets = [(tuple(batch), _compile_set(batch.values())) for batch in _batches(patterns)]

    def __reduce__(self) -> tuple[object, ...]:
        return PatternSet, (self._patterns,)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def found_in(self, text: str) -> Iterator[int]:
        """The numbers of the patterns that match somewhere at the beginning of the text (`SEARCHED`)."""
        searched = text[:SEARCHED]
        for numbers, compiled in self._sets:
            yield from (numbers[at] for at in compiled.Match(searched) or ())


def _batches(patterns: Mapping[int, str]) -> Iterator[dict[int, str]]:
    batch: dict[int, str] = {}
    size = 0
    for number, pattern in patterns.items():
        own = compile_pattern(pattern).programsize
        if batch and size + own > _LARGEST_SET:
            yield batch
            batch, size = {}, 0
        batch[number] = pattern
        size += own
    if batch:
        yield batch


def _compile_set(patterns: Iterable[str]) -> Any:
    options = _options()
    options.max_mem = _SET_MEMORY
    compiled = re2.Set.SearchSet(options)
    for pattern in patterns:
        compiled.Add(pattern)
    compiled.Compile()
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
