"""What an upgrade leaves to be done with the articles of older versions, beside other work: copies, then stories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.workers import WorkerCrashed, WorkerTimeout
from envoywatch.reading import read_earlier
from storage.backlog import Reread, waiting, work_off
from storage.copies import catch_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoywatch.desk import Desk
    from storage.backlog import Earlier

AT_ONCE: Final = 50
"""Articles that are looked through a second: a tenth of a second's work of the writer at most."""


class BacklogStage:
    """Asked once a second while no article waits to be read."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.is_done = False

    async def work(self) -> None:
        """The next few."""
        store = self._desk.store
        if self.is_done:
            return
        if await store.write(catch_up, AT_ONCE):
            return
        earlier = await store.read(waiting, AT_ONCE)
        await store.write(work_off, await self._read(earlier) if earlier else ())
        self.is_done = not earlier

    async def _read(self, earlier: Sequence[Earlier]) -> tuple[Reread, ...]:
        """In a worker; of some that it cannot read each by itself, so that one does not hold up the others."""
        try:
            return await self._desk.workers.run(read_earlier, earlier)
        except (WorkerTimeout, WorkerCrashed):
            if len(earlier) == 1:
                return (Reread(earlier[0].id, None, None),)
        return tuple([(await self._read((one,)))[0] for one in earlier])
