"""`envoywatch run`: the daemon in the foreground."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from config.errors import UsageError
from envoywatch.cli.context import Context, pass_context


@click.command("run")
@click.option("--no-web", is_flag=True, help="Serve no page.")
@click.option("--clock", "start", metavar="T", help="Replay: begin at this time (ISO 8601), for recorded sources.")
@click.option("--speed", type=click.FloatRange(min=0.001, max=1e6), help="Replay: run this many times as fast.")
@pass_context
def command(context: Context, /, *, no_web: bool, start: str | None, speed: float | None) -> int:
    """Poll, read, record and alert until stopped, and serve the page.

    The configuration is read again when it changes (or on SIGHUP); a faulty one is told and the last good one kept.
    SIGTERM and Ctrl-C end it within ten seconds.
    """
    if speed is not None and start is None:
        raise UsageError("--speed needs --clock", hint="say where the replay begins: --clock 2023-05-16T00:00:00Z")
    from crawler.engine import run  # noqa: PLC0415 (0.4 s that only a daemon needs)
    from envoywatch.clock import Clock  # noqa: PLC0415 (likewise)
    from envoywatch.daemon import Daemon, Options  # noqa: PLC0415 (likewise)

    loaded = context.load()
    clock = Clock(parse_start(start), speed or 1.0) if start else Clock()
    options = Options(loaded=loaded, environ=dict(context.environ), clock=clock, web=not no_web)

    async def main() -> int:
        return await Daemon(options).run()

    return run(main)


def parse_start(text: str) -> datetime:
    """A time to begin a replay at; UTC when no zone is given. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a time", hint="write it as 2023-05-16T00:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
