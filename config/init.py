"""Writing the starter configuration."""

from __future__ import annotations

import os
from pathlib import Path

from config.errors import EnvoywatchError, UsageError
from config.schema import SCHEMA_NAME, render_schema

FILE_NAME = "envoywatch.yaml"
STARTER = Path(__file__).with_name("defaults") / FILE_NAME
DATASETTE = STARTER.with_name("datasette.yaml")
"""How Datasette shows the archive."""


def write_starter(folder: Path) -> tuple[Path, ...]:
    """Write the commented configuration, its schema and Datasette's, for the owner's eyes only; the files written.

    Raises UsageError when there is a configuration already: it is never overwritten. The schema is ours and is.
    """
    config, schema, datasette = folder / FILE_NAME, folder / SCHEMA_NAME, folder / DATASETTE.name
    if os.path.lexists(config):
        raise UsageError(f"{config} is there already", hint="edit it, or choose another folder: envoywatch init DIR")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(config, STARTER.read_text(encoding="utf-8"))
        schema.unlink(missing_ok=True)
        _write_new(schema, render_schema())
        if not os.path.lexists(datasette):
            _write_new(datasette, DATASETTE.read_text(encoding="utf-8"))  # like the first, to be made one's own
    except FileExistsError:
        raise UsageError(f"{folder} cannot be used: a file of that name is in the way") from None
    except OSError as error:
        raise EnvoywatchError(f"{error.filename or folder}: {error.strerror}", hint="choose another folder") from error
    return config, schema, datasette


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
