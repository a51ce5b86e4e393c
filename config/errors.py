"""The root of all expected errors, and the form in which a user's mistakes in a file are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class EnvoywatchError(Exception):
    """An expected trouble. Its text is one clear line for a person; `hint` says how to mend it.

    `exit_code` is what the command line leaves with: 1 the work failed, 2 the user's mistake.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(EnvoywatchError):
    """What the user asked for cannot be done as asked."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a file, with its place; `line` and `column` count from 1, 0 when the place is the whole file."""

    file: Path
    line: int
    column: int
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        kind = "warning: " if self.warning else ""
        return f"{place}: {kind}{self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(UsageError):
    """The configuration cannot be used; every finding is carried at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)
