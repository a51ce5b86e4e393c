"""Sending at once through channels by a person's wish, past the outbox, and saying what came of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from config.errors import UsageError
from envoywatch.cli.output import emit_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alerts.channels import SendResult
    from alerts.render import Message
    from config.model import Config

_FAILED = 1


def channels_named(config: Config, names: Iterable[str]) -> list[str]:
    """The names, once each, when every one is a configured channel; raises UsageError for one that is not."""
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in config.channels:
            known = ", ".join(config.channels) or "none is configured"
            raise UsageError(f"there is no channel {name!r}", hint=f"channels: {known}")
    return chosen


def send_now(
    config: Config, names: Iterable[str], make: Callable[[str], tuple[Message, str]], *, as_json: bool = False
) -> int:
    """Send what `make` gives for each channel (message, key), all at once; prints the results and gives the exit code.

    Nothing is tried again: the person sees what failed and why.
    """
    from alerts.channels import send  # noqa: PLC0415 (0.2 s, and only sending needs it)

    chosen = channels_named(config, names)

    def through(name: str) -> SendResult:
        channel = config.channels[name]
        return send(channel.url, *make(name), secret=channel.secret)

    with ThreadPoolExecutor(max_workers=max(1, len(chosen))) as pool:
        results = list(pool.map(through, chosen))
    if as_json:
        emit_json([{"channel": name, "result": result} for name, result in zip(chosen, results, strict=True)])
    else:
        rows = [
            (name, "sent" if result.ok else "failed", result.fault or "", result.detail)
            for name, result in zip(chosen, results, strict=True)
        ]
        print_table(["CHANNEL", "RESULT", "FAULT", "DETAIL"], rows, empty="No channel is configured.")
    return 0 if all(result.ok for result in results) else _FAILED
