"""The password before the page: scrypt, signed sessions that expire and rotate, and log-ins that are slowed down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from envoywatch.web.negotiation import wants_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "envoywatch_session"
SESSION_S = 12 * 3600
"""A session's life; it is renewed with a new id after a quarter of it when used."""

_FREE_TRIES = 5
_LONGEST_WAIT_S = 900.0
_REMEMBERED = 1000
_OPEN_PATHS = frozenset({"/login", "/healthz", "/readyz"})
_MACHINE_PATHS = frozenset({"/feed.atom", "/metrics", "/openapi.json"})
"""Read by programs that cannot fill in a form; they may send the password by HTTP Basic."""


class Password:
    """A password kept only as its scrypt hash (n = 2^15, r = 8: 32 MiB and about 0.1 s for every guess)."""

    def __init__(self, password: str) -> None:
        self._salt = secrets.token_bytes(16)
        self._hash = self._scrypt(password)

    def _scrypt(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(), salt=self._salt, n=2**15, r=8, p=1, maxmem=2**26)

    def is_right(self, guess: str) -> bool:
        """Compared in constant time; slow on purpose, so call it off the loop."""
        return hmac.compare_digest(self._scrypt(guess), self._hash)


class Sessions:
    """Signed tokens `expiry.id.signature`; the key lives as long as the process, so a restart logs everybody out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self) -> str:
        """A new token."""
        body = f"{int(self._clock() + SESSION_S)}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign(body)}"

    def is_valid(self, token: str) -> bool:
        """Signed by us, not expired, not ended."""
        return self._seconds_left(token) > 0

    def is_aging(self, token: str) -> bool:
        """Whether a valid token should be replaced by a new one."""
        return self._seconds_left(token) < SESSION_S * 3 / 4

    def end(self, token: str) -> None:
        """Make a token worthless before its time."""
        self._ended[token] = None
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)

    def _seconds_left(self, token: str) -> float:
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()) or token in self._ended:
            return 0
        return int(body.partition(".")[0]) - self._clock()

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()


class Throttle:
    """After five wrong guesses from one address, or fifty from anywhere, waits double up to a quarter of an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """How long that address has to wait before its next guess; 0 when it may guess now."""
        return max(self._wait_s(address, _FREE_TRIES), self._wait_s("", _FREE_TRIES * 10))

    def note(self, address: str, *, right: bool) -> None:
        """Remember how a guess went."""
        if right:
            self._wrong.pop(address, None)
            self._wrong.pop("", None)
            return
        for key in (address, ""):
            tries, _ = self._wrong.pop(key, (0, 0.0))
            self._wrong[key] = (tries + 1, self._clock())
        while len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)

    def _wait_s(self, key: str, free: int) -> float:
        tries, last = self._wrong.get(key, (0, 0.0))
        if tries < free:
            return 0
        wait = min(_LONGEST_WAIT_S, 2.0 ** min(tries - free, 20))
        return max(0.0, last + wait - self._clock())


class Access:
    """Who may see the page: everybody who reaches it when no password is set, else those who gave it."""

    def __init__(self, password: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.password = Password(password) if password else None
        self.sessions = Sessions(clock)
        self.throttle = Throttle(clock)

    async def guess(self, address: str, guess: str) -> float | None:
        """None when the guess is right, else the seconds to wait before the next one."""
        wait = self.throttle.wait_s(address)
        if wait > 0:
            return wait
        right = self.password is not None and await run_in_threadpool(self.password.is_right, guess)
        self.throttle.note(address, right=right)
        return None if right else self.throttle.wait_s(address)

    def set_cookie(self, request: Request, response: Response) -> None:
        """Begin a session, ending the one the request carried."""
        self.end_session(request)
        set_session_cookie(response, self.sessions.begin(), secure=request.url.scheme == "https")

    def end_session(self, request: Request) -> None:
        """Make the session that the request carries worthless."""
        token = request.cookies.get(COOKIE)
        if token and self.sessions.is_valid(token):
            self.sessions.end(token)


class AccessGate:
    """ASGI middleware that lets nobody past without a session, but for health checks, assets and the log-in page."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif await self._may_pass(scope):
            await self.app(scope, receive, self._renewing(scope, send))
        else:
            await _refusal(scope)(scope, receive, send)

    def _renewing(self, scope: Scope, send: Send) -> Send:
        """Give a session in use a new token before it ends; the old one is left to expire, for requests under way."""
        token = HTTPConnection(scope).cookies.get(COOKIE, "")
        sessions = self.access.sessions
        if self.access.password is None or not (sessions.is_valid(token) and sessions.is_aging(token)):
            return send

        async def send_renewed(message: Message) -> None:
            if message["type"] == "http.response.start" and not _sets_session(message):
                renewed = Response()
                set_session_cookie(renewed, sessions.begin(), secure=scope["scheme"] == "https")
                MutableHeaders(scope=message).append("set-cookie", renewed.headers["set-cookie"])
            await send(message)

        return send_renewed

    async def _may_pass(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if self.access.password is None or path in _OPEN_PATHS or path.startswith("/static/"):
            return True
        connection = HTTPConnection(scope)
        if self.access.sessions.is_valid(connection.cookies.get(COOKIE, "")):
            return True
        guess = _basic_password(connection.headers.get("authorization", ""))
        if guess is None or not is_machines(scope):
            return False
        return await self.access.guess(client_address(connection), guess) is None


def set_session_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Hand the token to the browser, for us alone and never to a script."""
    response.set_cookie(COOKIE, token, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)


def _sets_session(message: Message) -> bool:
    return any(value.startswith(f"{COOKIE}=") for value in MutableHeaders(scope=message).getlist("set-cookie"))


def client_address(connection: HTTPConnection) -> str:
    """The peer's address; headers of proxies are not believed."""
    return connection.client.host if connection.client else ""


def is_machines(scope: Scope) -> bool:
    """Whether a program asks, which cannot fill in a form: for a machine's path, or for a page as JSON."""
    if scope["path"] in _MACHINE_PATHS:
        return True
    return scope["method"] == "GET" and wants_json(HTTPConnection(scope).headers.get("accept", ""))


def _refusal(scope: Scope) -> Response:
    path: str = scope["path"]
    if path == "/events":
        # Without a challenge: a browser would ask for a name and a password in the middle of reading.
        return PlainTextResponse("A password is needed.\n", status_code=401)
    if is_machines(scope):
        challenge = {"www-authenticate": 'Basic realm="Envoywatch", charset="UTF-8"'}
        return PlainTextResponse("A password is needed.\n", status_code=401, headers=challenge)
    wanted = path + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
    back = f"?next={quote(wanted, safe='')}" if scope["method"] == "GET" and wanted != "/" else ""
    return RedirectResponse(f"/login{back}", status_code=303)


def _basic_password(header: str) -> str | None:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return None
