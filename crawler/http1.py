"""Answers of HTTP/1.1 out of bytes: as lenient as browsers are, and bounded in everything. Pure; knows no sockets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.held import HeldBytes

Headers = list[tuple[bytes, bytes]]
"""Names in lower case, in the order they came."""

HEADERS_MAX = 256 * 1024
_LINE_MAX = 16 * 1024  # of a chunk's size with its extensions
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/\d+(?:\.\d+)? +(\d{3})(?: |$)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;|$)")
_NO_BODY = frozenset({204, 304})
_INTERIM = range(100, 200)
_LENGTH_DIGITS = 19


class NotHttpError(Exception):
    """What came is no answer of HTTP."""


class HeadersTooLargeError(Exception):
    """A server sends headers without end."""


class BodyTooLargeError(Exception):
    """The body passes the limit, by its announcement or in fact."""


class BrokenOffError(Exception):
    """The connection ended before the headers did."""


class Wanted(Protocol):
    """Says by status and headers whether the body is worth its bytes."""

    def __call__(self, status: int, headers: Headers, /) -> bool:
        """Whether to read on."""


class AnswerReader:
    """Takes one answer in pieces of any size until it is `done`.

    `truncated` says that the server broke off before the end it had announced, or lost its chunks; what came is kept.
    `reusable` says that the connection stands where the next answer would begin. In the answer to a request for a
    `tunnel` what follows the headers is no body. Of `held` the body takes its bytes until `let_go`.
    """

    def __init__(
        self, limit: int, wanted: Wanted | None = None, *, tunnel: bool = False, held: HeldBytes | None = None
    ) -> None:
        self._held = held
        self._taken = 0
        self.status = 0
        self.headers: Headers = []
        self.done = False
        self.truncated = False
        self.reusable = False
        self._limit = limit
        self._wanted = wanted
        self._tunnel = tunnel
        self._waiting = bytearray()
        self._passed = 0
        self._searched = 0
        self._body = bytearray()  # not a list of pieces: chunks of a byte each would cost forty
        self._left = 0
        # Not bound methods: a reader must not refer to itself and wait for the garbage collector.
        self._read: Callable[[AnswerReader], bool] = AnswerReader._read_head

    def let_go(self) -> None:
        """Give back the room that the body takes: it is another's to keep now, or nobody's."""
        if self._held is not None:
            self._held.give(self._taken)
            self._taken = 0

    @property
    def body(self) -> bytes:
        """What has come of the body."""
        return bytes(self._body)

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises NotHttpError, HeadersTooLargeError, BodyTooLargeError, TooMuchHeldError.
        """
        self._waiting += data
        while not self.done and self._read(self):
            pass
        if self.done and self._waiting:
            self.reusable = False

    def end(self, *, clean: bool = True) -> None:
        """The connection has ended, or was lost. Raises BrokenOffError when that was before the end of the headers."""
        if self.done:
            return
        if self._read is AnswerReader._read_head:
            raise BrokenOffError("the answer broke off" if self._waiting or self._passed else "no answer came")
        self.truncated = not clean or self._read is not AnswerReader._read_rest
        self._finish(reusable=False)

    # ------------------------------------------------------------ each reads what it can and says whether to go on

    def _read_head(self) -> bool:
        waiting = self._waiting
        if not self._passed and waiting[:5].upper() != b"HTTP/"[: len(waiting)]:
            raise NotHttpError(bytes(waiting[:20]).decode("ascii", "replace"))
        found = _HEAD_END.search(waiting, self._searched)
        self._searched = max(0, len(waiting) - 3)
        if self._passed + (found.end() if found else len(waiting)) > HEADERS_MAX:
            raise HeadersTooLargeError("headers without end")
        if found is None:
            return False
        head = bytes(waiting[: found.start()])
        del waiting[: found.end()]
        self._passed += found.end()
        self._searched = 0
        first, *lines = head.split(b"\n")
        status = _STATUS.match(first.rstrip(b"\r"))
        if status is None:
            raise NotHttpError(first[:20].decode("ascii", "replace"))
        if int(status[1]) in _INTERIM:
            return True
        self.status, self.headers = int(status[1]), parse_headers(lines)
        self._choose_body()
        return True

    def _choose_body(self) -> None:
        said_close = b"close" in self._tokens(b"connection")
        if self.status in _NO_BODY or self._tunnel:
            self._finish(reusable=self._tunnel or not said_close)
            return
        if self._wanted is not None and not self._wanted(self.status, self.headers):
            self._finish(reusable=False)
            return
        self.reusable = not said_close
        length = self._length()
        if b"chunked" in self._tokens(b"transfer-encoding"):
            self._read = AnswerReader._read_chunk_size
        elif length is None:
            self.reusable = False
            self._read = AnswerReader._read_rest
        elif length > self._limit:
            raise BodyTooLargeError(f"{length} bytes are announced")
        elif length:
            self._left = length
            self._read = AnswerReader._read_counted
        else:
            self._finish(reusable=self.reusable)

    def _read_rest(self) -> bool:
        self._keep(len(self._waiting))
        return False

    def _read_counted(self) -> bool:
        self._keep(min(self._left, len(self._waiting)))
        if not self._left:
            self._finish(reusable=self.reusable)
        return False

    def _read_chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        found = _CHUNK_SIZE.match(line)
        if found is None:
            self._lose()
            return False
        self._left = int(found[1], 16)
        self._read = AnswerReader._read_chunk if self._left else AnswerReader._read_trailers
        return True

    def _read_chunk(self) -> bool:
        self._keep(min(self._left, len(self._waiting)))
        if self._left:
            return False
        self._read = AnswerReader._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line:
            self._lose()
            return False
        self._read = AnswerReader._read_chunk_size
        return True

    def _read_trailers(self) -> bool:
        line = self._line()
        if line == b"":
            self._finish(reusable=self.reusable)
        return line is not None

    # ------------------------------------------------------------ small parts

    def _keep(self, count: int) -> None:
        """Move bytes from what waits to the body."""
        if not count:
            return
        if len(self._body) + count > self._limit:
            raise BodyTooLargeError("the body goes on")
        if self._held is not None:
            self._held.take(count, len(self._body) + count)
            self._taken += count
        self._body += self._waiting[:count]
        del self._waiting[:count]
        self._left -= count

    def _line(self) -> bytes | None:
        """The next line without its end; None as long as it has not come. Trailers count as headers."""
        end = self._waiting.find(b"\n")
        if end < 0:
            if len(self._waiting) > _LINE_MAX:
                self._lose()
            return None
        line = bytes(self._waiting[:end]).rstrip(b"\r")
        del self._waiting[: end + 1]
        if self._read is AnswerReader._read_trailers:
            self._passed += end + 1
            if self._passed > HEADERS_MAX:
                raise HeadersTooLargeError("headers without end")
        return line

    def _lose(self) -> None:
        """The chunks make no sense any more: what came before is kept."""
        self.truncated = True
        self._finish(reusable=False)

    def _finish(self, *, reusable: bool) -> None:
        self.done = True
        self.reusable = reusable and not self._waiting

    def _length(self) -> int | None:
        """The announced length; None when there is none, or several that differ, or nonsense."""
        values = set(self._tokens(b"content-length"))
        value = values.pop() if values else b""
        return int(value) if not values and value.isdigit() and len(value) < _LENGTH_DIGITS else None

    def _tokens(self, name: bytes) -> Sequence[bytes]:
        return [token.strip().lower() for known, value in self.headers if known == name for token in value.split(b",")]


def parse_headers(lines: Sequence[bytes]) -> Headers:
    """Names and values of header lines; folded lines are joined, and lines without a colon passed over."""
    headers: Headers = []
    for raw in lines:
        line = raw.rstrip(b"\r")
        if line[:1] in {b" ", b"\t"} and headers:
            name, value = headers[-1]
            headers[-1] = (name, value + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    return headers


def request_bytes(method: str, target: str, headers: Headers, body: bytes = b"") -> bytes:
    """A request as it is sent; what could end a line is taken out of every value."""
    lines = [f"{method} {target} HTTP/1.1".encode("ascii")]
    lines += [name + b": " + _one_line(value) for name, value in headers]
    return b"\r\n".join([*lines, b"", body])


def _one_line(value: bytes) -> bytes:
    if b"\r" in value or b"\n" in value or b"\x00" in value:
        return re.sub(rb"[\r\n\x00]+", b" ", value)
    return value
