"""`envoywatch demo`: a made-up mission replayed through the real daemon, in under a minute."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envoywatch.cli import show
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape

if TYPE_CHECKING:
    from collections.abc import Collection

    from envoywatch.daemon import Daemon
    from envoywatch.demo.mission import Mission
    from storage.model import Lease, Poll
    from storage.sources import PollFinish

SPEED = 21_600
"""Ten days in forty-odd seconds: a real second is six hours of the mission."""
INDENT = 4
"""Columns: little, so that a phone's terminal has room for the sentence."""


@click.command("demo")
@click.option("--exit", "leave", is_flag=True, help="End after the replay instead of keeping the page up.")
@click.option("--listen", default="127.0.0.1:8470", show_default=True, help="Where the page is served (port 0: any).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document with the counts at the end, on stdout.")
@pass_context
def command(context: Context, /, *, leave: bool, listen: str, as_json: bool) -> int:
    """Replay the shuttle mission of May 2023, with invented outlets served from this machine.

    It uses a temporary folder and touches nothing of yours. Alerts appear as they happen; the page stays up with the
    digest until Ctrl-C.
    """
    from config.load import load_config  # noqa: PLC0415 (what follows takes a second to import)
    from crawler.engine import run  # noqa: PLC0415 (likewise)
    from envoywatch.checks import all_checks  # noqa: PLC0415 (likewise)
    from envoywatch.clock import Clock  # noqa: PLC0415 (likewise)
    from envoywatch.daemon import Daemon, Options  # noqa: PLC0415 (likewise)
    from envoywatch.demo.config import demo_config  # noqa: PLC0415 (likewise)
    from envoywatch.demo.mission import read_mission  # noqa: PLC0415 (likewise)
    from envoywatch.demo.server import DemoServer  # noqa: PLC0415 (likewise)
    from envoywatch.logs import configure_logs  # noqa: PLC0415 (likewise)

    configure_logs(verbosity=context.verbosity or -2)  # the demo tells its own story
    mission = read_mission()
    clock = Clock(mission.starts_at, SPEED)
    clock.hold()
    with tempfile.TemporaryDirectory(prefix="envoywatch-demo-") as name:
        folder = Path(name)
        server = DemoServer(mission, clock.now)
        base_url = server.start()
        file = folder / "envoywatch.yaml"
        file.write_text(demo_config(base_url, folder, mission=mission, listen=listen), encoding="utf-8")
        loaded = load_config(file, environ=dict(os.environ), checks=all_checks())
        stage = Stage(mission, leave=leave, quiet=as_json or context.quiet)

        async def main() -> int:
            options = Options(loaded, dict(os.environ), clock, listener=stage, on_ready=stage.begin)
            daemon = Daemon(options)
            try:
                return await daemon.run()
            finally:
                stage.end()

        try:
            code = run(main)
        finally:
            server.stop()
    if as_json:
        emit_json(stage.counts)
    return code


@dataclass
class Stage:
    """Shows what happens as it happens, and ends the replay when its time is over."""

    mission: Mission
    leave: bool
    quiet: bool
    counts: dict[str, object] = field(default_factory=dict)
    _daemon: Daemon | None = None
    _play: asyncio.Task[None] | None = None

    async def begin(self, daemon: Daemon) -> None:
        """Let the clock run once the workers are warm, so that the mission's first day is not missed."""
        from envoywatch.desk import warm  # noqa: PLC0415 (heavy, and loaded by now)

        self._daemon = daemon
        self._say(f"{self._title()}, {len(self.mission.outlets)} outlets, a day every {86_400 / SPEED:.0f} seconds.")
        if daemon.page_url:
            self._say(f"The page: {daemon.page_url}")
        self._say("")
        await warm(daemon.desk.workers)
        daemon.clock.release()
        self._play = asyncio.create_task(self._until_over(daemon), name="demo")

    def end(self) -> None:
        """The replay is over, or was broken off."""
        if self._play is not None:
            self._play.cancel()

    def polled(self, lease: Lease, poll: Poll, finish: PollFinish) -> None:
        """A source that begins to fail is part of the story."""
        if finish.is_fault and finish.is_fault != finish.was_fault and poll.fault and self._daemon:
            when = self._daemon.clock.now()
            self._say(f"{when:%a %d %b %H:%M}  cannot read {escape(lease.spec.name)}: {escape(poll.fault.detail)}")

    def alerted(self, alert_ids: Collection[int]) -> None:
        """Print alerts as they were decided."""
        if self._daemon is not None:
            self._daemon.kick(f"tell {min(alert_ids)}", lambda: self._tell(tuple(alert_ids)))

    async def _tell(self, alert_ids: tuple[int, ...]) -> None:
        from storage.views import get_alert  # noqa: PLC0415 (loaded by now)

        if self._daemon is None:
            return
        for alert_id in alert_ids:
            line = (await self._daemon.desk.store.read(get_alert, alert_id)).alert
            mark = click.style("ALERT", bold=True) if sys.stdout.isatty() else "ALERT"
            self._say(f"{line.created_at:%a %d %b %H:%M}  {mark}  {escape(line.title)}")
            if line.evidence is not None and line.article is not None:
                self._add(f"“{' '.join(line.evidence.text.split())}”")
                self._add(line.article.source)
            elif line.detail:
                self._add(line.detail)

    async def _until_over(self, daemon: Daemon) -> None:
        from storage.views_counts import count_pending  # noqa: PLC0415 (loaded by now)

        left = (self.mission.ends_at - daemon.clock.now()).total_seconds() / SPEED
        await asyncio.sleep(max(0.0, left))
        for _ in range(50):  # the last entries are read and the last messages sent within moments
            if not await daemon.desk.store.read(count_pending) and not len(daemon.sends.jobs):
                break
            await asyncio.sleep(0.1)
        daemon.clock.hold_at_now()
        await self._summarise(daemon)
        if self.leave:
            daemon.stop()
        elif daemon.page_url:
            self._say(f"\nReview the digest at {daemon.page_url} (Ctrl-C ends).")

    async def _summarise(self, daemon: Daemon) -> None:
        from envoywatch.demo.summary import summarise  # noqa: PLC0415 (loaded by now)

        self.counts = await daemon.desk.store.read(summarise)
        self._say("")
        for name, value in self.counts.items():
            if isinstance(value, dict):
                told = ", ".join(f"{count} {kind}" for kind, count in value.items()) or "none"
                self._say(f"{name}: {told}")
            else:
                self._say(f"{name}: {value}")

    def _title(self) -> str:
        return f"{self.mission.starts_at:%d %B} to {self.mission.ends_at:%d %B %Y}"

    def _say(self, line: str) -> None:
        if not self.quiet:
            click.echo(line)

    def _add(self, text: str) -> None:
        """More about the line before, set in beneath it."""
        if not self.quiet:
            show.line(text, indent=INDENT)
