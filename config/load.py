"""The configuration file from text to typed values, with every fault told at once at its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.checks import Check, find_problems
from config.collector import collector_paused
from config.errors import ConfigError, Finding
from config.files import read_text
from config.model import Config
from config.redact import secrets_of_url
from config.sieve import Sieve
from config.yaml_tree import NotYamlError, Tree, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used.

    `secrets` are texts to blacken wherever something is shown; `dropped` are the faults of the sources that were left
    out (only when the reader asked for leniency); `files` are all files that were read, or would be if they were there.
    """

    config: Config
    path: Path
    warnings: tuple[Finding, ...] = ()
    secrets: frozenset[str] = frozenset()
    dropped: tuple[Finding, ...] = ()
    files: tuple[Path, ...] = ()


def load_config(
    path: Path,
    *,
    environ: Mapping[str, str],
    checks: Sequence[Check] = (),
    lenient_sources: bool = False,
    only_to_read: bool = False,
    text: str | None = None,
) -> Loaded:
    """Read and judge the file and everything it includes; `text` stands for what the file would say.

    Raises ConfigError with every fault found. With `lenient_sources` a fault of one source only leaves that source
    out (for a daemon that already runs); all other faults still refuse the whole. With `only_to_read` the channels and
    the page's password may name environment variables that are not set, since nothing will be sent or served: such a
    channel keeps its name and has no address.
    """
    with collector_paused():
        words = read_text(path) if text is None else text
        return _load(path, words, environ, checks, lenient_sources=lenient_sources, only_to_read=only_to_read)


def _load(
    path: Path,
    text: str,
    environ: Mapping[str, str],
    checks: Sequence[Check],
    *,
    lenient_sources: bool,
    only_to_read: bool,
) -> Loaded:
    try:
        tree = parse_yaml(text, environ)
    except NotYamlError as fault:
        trouble = fault.trouble
        raise ConfigError([Finding(path, trouble.line, trouble.column, trouble.message, trouble.hint)]) from None
    _refuse_shapeless(path, tree)
    sieve = Sieve(path, tree, only_to_read=only_to_read)
    raw = sieve.validated()
    sieve.warn_of_bare_numbers(raw)
    sources = sieve.expanded(raw)
    fields = {name: getattr(raw, name) for name in Config.model_fields if name != "sources"}
    config = Config(sources=tuple(sources), **fields)
    problems = find_problems(config, checks)
    sieve.warn_of_missing_folder(config)
    sieve.warn_of_unset_proxies(config, environ)
    config = sieve.with_spiders(config)
    config = sieve.judge(config, problems, lenient=lenient_sources)
    return Loaded(
        config=config,
        path=path,
        warnings=sieve.told(warning=True),
        secrets=_secrets(sieve, config),
        dropped=sieve.told(dropped=True),
        files=tuple(sieve.files),
    )


def _refuse_shapeless(path: Path, tree: Tree) -> None:
    if tree.data is None:
        hint = "write a starter with `envoywatch init`"
        raise ConfigError([Finding(path, 0, 0, "the file is empty", hint)])
    if not isinstance(tree.data, dict):
        line, column = tree.place(())
        hint = "start with `sources:` at the beginning of a line"
        raise ConfigError([Finding(path, line, column, "the file must be a group of `key: value` lines", hint)])


def _secrets(sieve: Sieve, config: Config) -> frozenset[str]:
    out = set(sieve.secrets())
    if config.web.password:
        out.add(config.web.password)
    if config.health.heartbeat:
        out |= secrets_of_url(config.health.heartbeat)
    for channel in config.channels.values():
        out |= secrets_of_url(channel.url) | ({channel.secret} if channel.secret else set())
    return frozenset(out)
