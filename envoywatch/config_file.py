"""The configuration file of a running daemon: read again when it changes, its faults told, the last good one kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from watchfiles import awatch

from config.errors import ConfigError, Finding
from config.load import load_config
from envoywatch.checks import all_checks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from config.load import Loaded
    from config.model import Config

_log = structlog.get_logger(__name__)

_LOOK_MS: Final = 1000
SETTLE_S: Final = 10.0
"""So long a file that has lost a whole list must stay as it is before it is taken: it may be saved in two steps."""
_LISTS: Final = ("sources", "people", "watches", "channels")


@dataclass(frozen=True, slots=True)
class Takers:
    """Who works by the configuration: `adopt` is given each that is taken, `note` the faults of the newest, or None."""

    adopt: Callable[[Loaded], Awaitable[None]]
    note: Callable[[list[str] | None], Awaitable[None]]
    now: Callable[[], datetime]


class ConfigFile:
    """The file with all that it includes. `findings` are the faults of the newest version.

    `loaded` is in force since `read_at`; with `refused` it is not the newest, because of its faults.
    """

    def __init__(self, loaded: Loaded, environ: Mapping[str, str], takers: Takers) -> None:
        self.loaded = loaded
        self.read_at = takers.now()
        self.findings: tuple[Finding, ...] = ()
        self.refused = False
        self._environ = environ
        self._takers = takers
        self._reading = asyncio.Lock()
        self._stamps = _stamps(loaded.files)
        self._held_at: float | None = None
        """Since when, by the loop's clock, a file that has lost a whole list has stayed as it is."""

    async def begin(self) -> None:
        """Tell of the configuration that the daemon was started with."""
        await self._note_dropped()

    async def take(self) -> None:
        """Take the file as it is now, without waiting for the watch on its folder to see that it changed."""
        await self._read_whole(is_whole=True)

    async def look(self) -> None:
        """Read the file if it changed. What looks half written is taken only when it has stayed so for a while."""
        if _stamps(self._stamps) != self._stamps:
            await self._read_whole(is_whole=False)
        elif self._held_at is not None and asyncio.get_running_loop().time() - self._held_at >= SETTLE_S:
            await self._read_whole(is_whole=True)

    async def watch(self, stopping: asyncio.Event) -> None:
        """Watch the folders, not the files: editors replace a file rather than write it.

        An event only wakes us, and so does every second: what counts is whether a file is another than when it was
        read, for what is saved while a watch is set up, or on some network drives, comes without an event.
        """
        while not stopping.is_set():
            folders = self._folders()
            async for _ in awatch(
                *folders,
                recursive=False,
                stop_event=stopping,
                step=200,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
            ):
                await self.look()
                if self._folders() != folders:
                    break

    def _folders(self) -> set[Path]:
        return {path.parent for path in self._stamps if path.parent.is_dir()}

    async def _read_whole(self, *, is_whole: bool) -> None:
        """Read again until no file was changed, or came into the configuration, while it was read."""
        while True:
            self._stamps = _stamps(self.loaded.files)
            async with self._reading:
                await self._read(is_whole=is_whole)
            if _stamps(self.loaded.files) == self._stamps:
                return

    async def _read(self, *, is_whole: bool) -> None:
        self._held_at = None
        try:
            loaded = load_config(self.loaded.path, environ=self._environ, checks=all_checks(), lenient_sources=True)
        except ConfigError as error:
            for finding in error.findings:
                _log.error("configuration not taken", finding=str(finding))
            self.refused = True
            await self._note(error.findings)
            return
        if not is_whole and (lost := _lost(self.loaded.config, loaded.config)):
            self._held_at = asyncio.get_running_loop().time()
            hint = f"it may be half written: it is taken when it stays so for {SETTLE_S:.0f} s, and at once on SIGHUP"
            finding = Finding(loaded.path, 0, 0, f"the file has lost all of its {' and '.join(lost)}", hint)
            _log.warning("configuration not taken yet", finding=str(finding))
            self.refused = True
            await self._note((finding, *loaded.dropped))  # faults may be why
            return
        _tell_what_needs_restart(self.loaded, loaded)
        self.loaded = loaded
        self.refused = False
        self.read_at = self._takers.now()
        await self._takers.adopt(loaded)
        await self._note_dropped()
        _log.info("configuration read", path=str(loaded.path), sources=len(loaded.config.sources))

    async def _note_dropped(self) -> None:
        """Tell which sources the configuration in force goes without."""
        for finding in self.loaded.dropped:
            _log.warning("source left out", finding=str(finding))
        await self._note(self.loaded.dropped)

    async def _note(self, findings: Sequence[Finding]) -> None:
        """Where `status` and the page find them; an empty list takes the note back."""
        self.findings = tuple(findings)
        await self._takers.note([str(finding) for finding in findings] or None)


def _lost(before: Config, after: Config) -> list[str]:
    """The lists that had something in them and have nothing any more."""
    return [name for name in _LISTS if getattr(before, name) and not getattr(after, name)]


def _tell_what_needs_restart(before: Loaded, after: Loaded) -> None:
    for name, changed in (
        ("storage.path", before.config.storage.path != after.config.storage.path),
        ("web.listen", before.config.web != after.config.web),
    ):
        if changed:
            _log.warning("this change needs a restart", setting=name)


def _stamps(paths: Iterable[Path]) -> dict[Path, tuple[int, int, int] | None]:
    """By what one can tell that a file was written or replaced; None for one that is not there."""
    stamps: dict[Path, tuple[int, int, int] | None] = {}
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            stamps[path.resolve()] = None
        else:
            stamps[path.resolve()] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return stamps
