"""A word with the running daemon: requests of other processes through a Unix socket beside the database.

Only the daemon writes the database, so that a command which changes something (a review, a retry) asks it to. The
socket is the owner's alone (0600), lies in the database's folder, and takes one JSON line for one JSON line back.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from config.errors import EnvoywatchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

_log = structlog.get_logger(__name__)

_LINE_MAX = 1 << 20
_PATIENCE_S = 120.0
_PATH_MAX = 100  # a Unix socket's address is short (108 bytes on Linux)


def socket_path(database: Path) -> Path:
    """Where the daemon of this database listens."""
    return database.with_name(database.name + ".sock")


def _address(path: Path) -> str:
    """The path, or where it is too long for a socket the way to it from here."""
    whole = str(path)
    return whole if len(whole.encode()) < _PATH_MAX else os.path.relpath(whole)


class ControlServer:
    """Answers requests `{"do": NAME, ...}` with what the handler of that name returns."""

    def __init__(self, database: Path, handlers: Mapping[str, Callable[[dict[str, Any]], Awaitable[Any]]]) -> None:
        self._path = socket_path(database)
        self._handlers = handlers
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket left behind by a dead daemon is replaced (the database's lock says it is dead)."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=_address(self._path), limit=_LINE_MAX)
        except OSError as error:
            _log.warning("other commands cannot reach this daemon", detail=str(error), path=str(self._path))
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            with suppress(FileNotFoundError):
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            answer = await self._answer(line)
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError) as error:
            _log.warning("a request of another process broke off", detail=str(error))
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            handler = self._handlers[request["do"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return {"error": "the daemon does not understand this request", "hint": "are both of the same version?"}
        try:
            return {"result": await handler(request)}
        except EnvoywatchError as error:
            return {"error": str(error), "hint": error.hint, "exit_code": error.exit_code}
        except Exception:  # noqa: BLE001 (a bug in one request must neither end the daemon nor leave the asker waiting)
            _log.exception("a request of another process failed", request=request["do"])
            return {"error": "the daemon failed at this request", "hint": "its log has the cause"}


def ask(database: Path, request: dict[str, Any]) -> Any:
    """Send one request to the running daemon and return its result.

    Raises UsageError or EnvoywatchError as the daemon answered, ConnectionError when none listens.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_S)
        address = _address(socket_path(database))
        try:
            connection.connect(address)
        except OSError as error:
            raise ConnectionError(f"no daemon listens at {address}: {error}") from error
        try:
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()
                line = stream.readline(_LINE_MAX)
        except OSError as error:
            raise EnvoywatchError(f"the daemon did not answer: {error}", hint="see its log") from error
    answer = json.loads(line) if line.endswith(b"\n") else {"error": "the daemon ended before it answered"}
    if "error" in answer:
        kind = UsageError if answer.get("exit_code") == UsageError.exit_code else EnvoywatchError
        raise kind(answer["error"], hint=answer.get("hint", ""))
    return answer["result"]
