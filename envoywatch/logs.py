"""Logs on stderr: readable on a terminal, JSON lines elsewhere; one event is one line, and secrets are blackened."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from config.redact import redact, redact_urls
from envoywatch.cli.output import escape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {-2: logging.ERROR, -1: logging.WARNING, 0: logging.INFO, 1: logging.DEBUG}

_OURS = ("envoywatch", "alerts", "crawler", "storage", "config")


def configure_logs(
    *,
    verbosity: int = 0,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    left_out: Collection[str] = (),
) -> None:
    """Send structlog's and the standard library's logs to one place; calling it again replaces what held before.

    Libraries (scrapy, apscheduler, uvicorn) are heard from WARNING on; our own events named in `left_out` not at all.
    """
    out = stream if stream is not None else sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    renderer: Processor = render_console if _is_terminal(out) else render_json
    structlog.configure(
        processors=[Omitter(left_out), *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[verbosity]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "of_envoywatch", False):
            root.removeHandler(old)
    handler.of_envoywatch = True  # type: ignore[attr-defined]  # how the next call knows its own
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for package in _OURS:
        logging.getLogger(package).setLevel(_LEVELS[verbosity])
    logging.captureWarnings(capture=True)


class Omitter:
    """Drops events by their name."""

    def __init__(self, events: Collection[str]) -> None:
        self._events = frozenset(events)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """A structlog processor."""
        if event.get("event") in self._events:
            raise structlog.DropEvent
        return event


class Redactor:
    """Blackens known secrets and the credentials of URLs, in values at any depth."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """A structlog processor."""
        return {key: value if key.startswith("_") else self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._clean(key): self._clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return redact_urls(redact(str(value), self._secrets))


def render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line of ASCII JSON."""
    return json.dumps(event, default=str)


def render_console(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line for a person: time, level, what happened, and the rest as key=value."""
    rest = dict(event)
    at = str(rest.pop("timestamp", ""))[11:19]
    level = str(rest.pop("level", ""))
    name = rest.pop("logger", None)
    what = escape(rest.pop("event", ""))
    pairs = [f"{escape(key)}={_value(value)}" for key, value in rest.items()]
    source = [f"[{escape(name)}]"] if name else []
    return " ".join([at, f"{level:<8}", *source, what, *pairs])


def _value(value: Any) -> str:
    text = escape(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
