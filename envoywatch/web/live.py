"""New alerts told to open pages as they come: server-sent events that carry only how many there are, in words."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final, cast

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, StreamingResponse

from config.errors import EnvoywatchError
from envoywatch.web.view import language_of, number, read
from storage import views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

_log = structlog.get_logger(__name__)

LISTENERS: Final = 32
"""Most streams at once; a page that comes too late asks again a minute later."""

_LOOK_S: Final = 1.0
_BEAT_S: Final = 15.0
_LIFE_S: Final = 600.0
"""A stream ends after ten minutes and the browser opens another, so that an ended session ends its streams too."""


class Live:
    """The streams that are open: how many there may be, and their end."""

    def __init__(self, *, look_s: float = _LOOK_S, beat_s: float = _BEAT_S, life_s: float = _LIFE_S) -> None:
        self.look_s, self.beat_s, self.life_s = look_s, beat_s, life_s
        self.open = 0
        self._ended = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether another stream is one too many, or the page is being stopped."""
        return self._ended.is_set() or self.open >= LISTENERS

    def stop(self) -> None:
        """End every stream, and let none begin."""
        self._ended.set()

    async def pause(self) -> bool:
        """Wait until it is time to look again; False when the page is being stopped."""
        try:
            await asyncio.wait_for(self._ended.wait(), self.look_s)
        except TimeoutError:
            return True
        return False


def live_of(request: Request) -> Live:
    """The streams of this page."""
    return cast("Live", request.app.state.live)


async def events(request: Request) -> Response:
    """`alerts` events with the count of alerts after the one that the page knows as the newest (`?after=`)."""
    live = live_of(request)
    after = number(request, "after") or 0
    if live.is_full:
        return PlainTextResponse("No more pages can be told now.\n", status_code=503, headers={"retry-after": "60"})
    # Buffering proxies would keep the events for themselves.
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(_stream(request, live, after), media_type="text/event-stream", headers=headers)


async def _stream(request: Request, live: Live, after: int) -> AsyncIterator[str]:
    live.open += 1
    say = language_of(request)
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + live.life_s
    try:
        yield "retry: 3000\n\n"
        told = after
        beat_at = loop.time() + live.beat_s
        while loop.time() < ends_at:
            count, newest = await run_in_threadpool(read, request, lambda reader: views.alerts_after(reader, after))
            if newest > told:
                told = newest
                said = say.ngettext("%(num)s new: show", "%(num)s new: show", count)
                event = json.dumps({"count": count, "newest": newest, "said": said})
                yield f"id: {newest}\nevent: alerts\ndata: {event}\n\n"
            elif loop.time() >= beat_at:
                yield ": still here\n\n"
                beat_at = loop.time() + live.beat_s
            if not await live.pause():
                return
    except EnvoywatchError as error:
        # The database cannot be read now: the browser opens another stream in three seconds.
        _log.warning("a page could not be told of new alerts", error=str(error))
    finally:
        live.open -= 1
