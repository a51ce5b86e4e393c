"""What is wrong with a query, and where."""

from __future__ import annotations

import unicodedata

from config.errors import UsageError

_WINDOW = 72
"""Columns of a terminal that the quoted part of a query may take."""


class QueryError(UsageError):
    """A query that cannot be used: `message`, the 1-based `column` of the fault, a `hint` and the query itself."""

    def __init__(self, message: str, *, text: str, column: int, hint: str = "") -> None:
        super().__init__(f"{message} (column {column})", hint=hint)
        self.message = message
        self.text = text
        self.column = column

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.message, self.text, self.column, self.hint)

    def caret(self) -> str:
        """Two lines: the query, cut to a window around the fault, and a caret under the fault."""
        shown = "".join(_printable(character) for character in self.text)
        at = min(self.column - 1, len(shown))
        start, end = _window(shown, at)
        head = "…" if start else ""
        tail = "…" if end < len(shown) else ""
        return f"{head}{shown[start:end]}{tail}\n{' ' * _width(head + shown[start:at])}^"


def _rebuild(message: str, text: str, column: int, hint: str) -> QueryError:
    return QueryError(message, text=text, column=column, hint=hint)


def _printable(character: str) -> str:
    """Line breaks, control characters and what turns the direction of writing would displace the caret."""
    if character.isspace():
        return " "
    return "\ufffd" if unicodedata.category(character)[0] == "C" else character


def _width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _window(text: str, at: int) -> tuple[int, int]:
    start, end = at, at
    while _width(text[start:end]) < _WINDOW and (start > 0 or end < len(text)):
        if start > 0 and (at - start <= end - at or end == len(text)):
            start -= 1
        else:
            end += 1
    return start, end
