"""A change of the configuration file: drafted, judged as the daemon would, shown as a diff, and saved whole or not."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from config.edit import find_item, write_atomic
from config.errors import ConfigError, EnvoywatchError, Finding, UsageError
from config.files import read_text
from config.load import load_config
from config.yaml_tree import NotYamlError
from envoywatch.checks import all_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class ChangedMeanwhileError(UsageError):
    """The file is not any more what it was when the change was thought of."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the file says and what it would say; `warnings` are told, but hinder nothing."""

    path: Path
    before: str
    after: str
    warnings: tuple[Finding, ...] = ()

    @property
    def version(self) -> str:
        """Of the file as it is."""
        return version_of(self.before)

    @property
    def difference(self) -> str:
        """The change as a unified diff; empty when there is none."""
        return difference(self.before, self.after, self.path.name)


def version_of(text: str) -> str:
    """By what a later look tells whether the file still says the same."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def draft(path: Path, environ: Mapping[str, str], change: Callable[[str], str]) -> Draft:
    """What the change would make of the file.

    Raises UsageError when it cannot be made, and ConfigError when what came of it could not be used. Faults of single
    sources that the file has already hinder nothing, as they do not hinder the daemon.
    """
    before = read_text(path)
    try:
        after = change(before)
    except NotYamlError as fault:
        raise _not_yaml(path, fault) from None
    if after == before:
        return Draft(path, before, after)
    loaded = load_config(path, environ=environ, checks=all_checks(), lenient_sources=True, text=after)
    if loaded.dropped:
        known = {finding.message for finding in _dropped(path, environ, before)}
        new = [finding for finding in loaded.dropped if finding.message not in known]
        if new:
            raise ConfigError(new)
    return Draft(path, before, after, loaded.warnings)


def _dropped(path: Path, environ: Mapping[str, str], text: str) -> tuple[Finding, ...]:
    try:
        return load_config(path, environ=environ, checks=all_checks(), lenient_sources=True, text=text).dropped
    except ConfigError:
        return ()  # what mends the file may not be refused for what it leaves


def save(one: Draft, version: str) -> None:
    """Write it; raises ChangedMeanwhileError, and writes nothing, when the file is not of that version any more."""
    if not one.version == version == version_of(read_text(one.path)):
        raise ChangedMeanwhileError(
            f"{one.path.name} was changed by somebody else since this was shown",
            hint="nothing was saved; look at it again as it is now",
        )
    try:
        write_atomic(one.path, one.after)
    except OSError as error:
        hint = "nothing was saved; look at the owner and the mode of the file and of its folder"
        raise EnvoywatchError(f"{one.path} cannot be written: {error.strerror or error}", hint=hint) from error


def written_item(path: Path, section: str, name: str) -> tuple[dict[str, Any], str]:
    """An item as it stands in the file, and the version of the file; raises UsageError and ConfigError."""
    text = read_text(path)
    try:
        return find_item(text, section, name), version_of(text)
    except NotYamlError as fault:
        raise _not_yaml(path, fault) from None


def _not_yaml(path: Path, fault: NotYamlError) -> ConfigError:
    trouble = fault.trouble
    return ConfigError([Finding(path, trouble.line, trouble.column, trouble.message, trouble.hint)])


def difference(before: str, after: str, name: str) -> str:
    """The change in the form that everybody knows from version control."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, fromfile=name, tofile=name, n=1)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
