"""What every command is given: where the configuration is, how much to say, and the configuration itself on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from config.load import Loaded
    from config.model import Config

FILE_NAME = "envoywatch.yaml"


@dataclass
class Context:
    """The global options, and the configuration, read once. `verbosity` is -1 quiet, 0, or 1 verbose.

    Commands that send or start the daemon take `load`; those that only read take `config` and `database`.
    """

    config_file: Path | None
    environ: Mapping[str, str]
    verbosity: int = 0
    _loaded: Loaded | None = field(default=None, repr=False)
    _can_send: bool = field(default=False, repr=False)

    @property
    def quiet(self) -> bool:
        """Whether only errors are to be said."""
        return self.verbosity < 0

    @property
    def path(self) -> Path:
        """The configuration file; raises UsageError when none is named and none is found."""
        if self.config_file is not None:
            return self.config_file
        return find_config(self.environ)

    def load(self) -> Loaded:
        """The configuration with every check passed; logs blacken its secrets from now on. Raises ConfigError."""
        if self._loaded is None or not self._can_send:
            self._loaded, self._can_send = self._read(only_to_read=False), True
            self.start_logs()
        return self._loaded

    def load_to_read(self, *, lenient_sources: bool = False) -> Loaded:
        """Like `load`, but nothing may be sent with it: it does not need the environment variables of the channels."""
        if self._loaded is None:
            self._loaded = self._read(only_to_read=True, lenient_sources=lenient_sources)
            self.start_logs()
        return self._loaded

    def _read(self, *, only_to_read: bool, lenient_sources: bool = False) -> Loaded:
        from config.load import load_config  # noqa: PLC0415 (pydantic and YAML cost 0.3 s)
        from envoywatch.checks import all_checks  # noqa: PLC0415 (likewise)

        return load_config(
            self.path,
            environ=self.environ,
            checks=all_checks(),
            lenient_sources=lenient_sources,
            only_to_read=only_to_read,
        )

    @property
    def config(self) -> Config:
        """The configuration for commands that send nothing; see `load_to_read`."""
        return self.load_to_read().config

    @property
    def database(self) -> Path:
        """The database file; a relative path starts at the configuration file's folder."""
        loaded = self.load_to_read()
        return loaded.path.parent / loaded.config.storage.path.expanduser()

    def start_logs(self, *, said_otherwise: Collection[str] = ()) -> None:
        """Send logs to stderr, as loud as was asked for, with known secrets blackened.

        Events that the command has lines of its own for are left out, unless everything was asked for.
        """
        from envoywatch.logs import configure_logs  # noqa: PLC0415 (structlog costs 0.3 s)

        configure_logs(
            verbosity=self.verbosity,
            secrets=self._loaded.secrets if self._loaded else frozenset(),
            left_out=said_otherwise if self.verbosity <= 0 else (),
        )

    def say(self, message: str) -> None:
        """A line of progress for a person, on stderr, unless they asked for quiet."""
        if not self.quiet:
            click.echo(message, err=True)


pass_context = click.make_pass_decorator(Context)
"""Gives a command's function its `Context` as the first argument."""


def find_config(environ: Mapping[str, str]) -> Path:
    """`$ENVOYWATCH_CONFIG`, `./envoywatch.yaml`, or the one in the user's folder; raises UsageError for none."""
    named = environ.get("ENVOYWATCH_CONFIG")
    if named:
        return Path(named)
    here = Path(FILE_NAME)
    if here.exists():
        return here
    from platformdirs import user_config_path  # noqa: PLC0415 (20 ms, rarely needed)

    own = user_config_path("envoywatch") / FILE_NAME
    if own.exists():
        return own
    raise UsageError(
        f"there is no configuration: neither ./{FILE_NAME} nor {own}",
        hint="write one with `envoywatch init`, or name one: envoywatch --config FILE ...",
    )
