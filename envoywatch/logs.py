"""Logs on stderr: readable on a terminal, JSON lines elsewhere; one event is one line, and secrets are blackened."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog

from config.redact import redact, redact_urls
from envoywatch.cli.output import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable
    from datetime import datetime

    from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {-2: logging.ERROR, -1: logging.WARNING, 0: logging.INFO, 1: logging.DEBUG}

MOST_A_MINUTE: Final = 200_000
"""Bytes of log in any minute; what is more is counted and the number told."""
SAID_AGAIN: Final = timedelta(hours=1)

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
    handler = BoundedHandler(out)
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


class BoundedHandler(logging.StreamHandler[TextIO]):
    """Writes so many bytes a minute at most, whatever happens, and how many lines that left out."""

    def __init__(self, stream: TextIO, most: int = MOST_A_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._most = most
        self._clock = clock
        self._minute = clock() // 60
        self._written = 0
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """The standard library's call."""
        left_out = self._begin_minute()
        if left_out:
            told = logging.LogRecord(__name__, logging.WARNING, "", 0, f"{left_out} lines of log left out", None, None)
            self._write(told)
        self._write(record)

    def _begin_minute(self) -> int:
        """How many lines were left out in the minute that has ended."""
        minute = self._clock() // 60
        if minute == self._minute:
            return 0
        left_out, self._minute, self._written, self._left_out = self._left_out, minute, 0, 0
        return left_out

    def _write(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + self.terminator
            size = len(line.encode("utf-8", "replace"))
            if self._written + size > self._most:
                self._left_out += 1
                return
            self._written += size
            self.stream.write(line)
            self.flush()
        except Exception:  # noqa: BLE001 (as the standard library's handlers: a log that fails ends nothing)
            self.handleError(record)


class Lasting:
    """What lasts is said when it changes, and once an hour; by key what is so and when it was last said."""

    def __init__(self) -> None:
        self._said: dict[Hashable, tuple[object, datetime]] = {}

    def is_news(self, key: Hashable, what: object, now: datetime) -> bool:
        """Whether to say it now."""
        before = self._said.get(key)
        if before is not None and before[0] == what and timedelta(0) <= now - before[1] < SAID_AGAIN:
            return False
        self._said[key] = (what, now)
        return True

    def end(self, key: Hashable) -> bool:
        """It is so no more; whether it was."""
        return self._said.pop(key, None) is not None


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
