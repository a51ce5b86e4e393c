"""What the commands that read the archive share: the database opened for reading, people's names, files to write to."""

from __future__ import annotations

import os
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TextIO

from config.errors import EnvoywatchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from config.model import Config
    from envoywatch.cli.context import Context
    from storage.views import Reader

_HIGHEST_ID = 2**63 - 1


@contextmanager
def reading(context: Context) -> Iterator[Reader]:
    """A read-only connection to the configured database; raises DatabaseRefusedError when there is none."""
    path = context.database
    from storage.database import open_reader  # noqa: PLC0415 (after the configuration, so that its faults come first)

    with closing(open_reader(path)) as connection:
        yield connection


def labels_of(config: Config, name: str) -> tuple[str, ...]:
    """The ledger's labels for a person, a group or any written form of a name; the name itself when it is unknown.

    The ledger may hold people whom the configuration no longer knows, so that an unknown name is no mistake yet.
    """
    from config.people import load_people  # noqa: PLC0415 (0.3 s, and only some options need it)

    people = load_people(config.people, config.groups)
    members = people.find_group(name)
    if members is not None:
        return tuple(person.label for person in members)
    person = people.find(name)
    return (name if person is None else person.label,)


def near_names(config: Config, name: str) -> str:
    """A hint for a name that nobody bears."""
    from config.people import load_people  # noqa: PLC0415 (as above)

    near = load_people(config.people, config.groups).suggest(name)
    return f"did you mean {' or '.join(near)}?" if near else "`envoywatch people list` shows who is known"


def stored_id(text: str, what: str) -> int:
    """An id as the lists show it; raises UsageError for what cannot be one."""
    if text.isascii() and text.isdigit() and int(text) <= _HIGHEST_ID:
        return int(text)
    raise UsageError(f"{text!r} is not the id of {what}", hint="lists show what is stored, with ids")


@contextmanager
def output_to(path: Path | None, *, force: bool = False) -> Iterator[TextIO]:
    """The file to write a document to, or stdout for None and `-`.

    The file is written aside and put in its place when it is whole, so that whoever breaks off leaves the old one.
    """
    if path is None or str(path) == "-":
        yield sys.stdout
        return
    if path.exists() and not force:
        raise UsageError(f"{path} exists already", hint="choose another file, or overwrite it with --force")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint="make it first, or choose another file")
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise EnvoywatchError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def csv_cell(value: object) -> str:
    """A value for CSV: empty for None, cleaned of controls, an apostrophe before what a spreadsheet would reckon with.

    Figures stay figures, also negative ones.
    """
    from alerts.harmless import clean  # noqa: PLC0415 (only exports need it)
    from config.sources_csv import guard_formula  # noqa: PLC0415 (likewise)

    if value is None:
        return ""
    return guard_formula(clean(str(value).lower() if isinstance(value, bool) else str(value)))
