"""What really went over the wire during one send: each answer and each error, which Apprise reduces to yes or no."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import requests
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOO_MANY_REQUESTS: Final = 429
_ANSWER_MAX = 64 * 1024
_SECONDS_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `body` is its beginning, decoded."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def data(self) -> dict[str, Any]:
        """The body as a JSON object, empty when it is none."""
        with suppress(ValueError, RecursionError):
            found = json.loads(self.body)
            if isinstance(found, dict):
                return found
        return {}

    def retry_after(self, now: datetime) -> timedelta | None:
        """How long the target asks us to wait, by header in both forms or in the body as Telegram and Discord do."""
        nested = self.data.get("parameters")
        told = (
            self.headers.get("Retry-After"),
            nested.get("retry_after") if isinstance(nested, dict) else None,
            self.data.get("retry_after"),
        )
        return next((wait for value in told if (wait := _wait(value, now)) is not None), None)


def _wait(value: object, now: datetime) -> timedelta | None:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError):
            return timedelta(seconds=min(max(float(value), 0.0), _SECONDS_MAX))
    if isinstance(value, str):
        with suppress(ValueError, TypeError):
            moment = parsedate_to_datetime(value)
            return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta(0))
    return None


@dataclass(slots=True)
class Wire:
    """The record of one send, filled while it runs. `headers` go with each HTTP request, `secret` signs its body."""

    headers: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    answers: list[Answer] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


current: Final[ContextVar[Wire | None]] = ContextVar("envoywatch_wire", default=None)
"""The record of the send that runs in this context."""


class _Session(requests.Session):
    """A session that records, bounds what it reads and never lets a plugin wait out a 429 by itself."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        wire = current.get() or Wire()
        request.headers.update(wire.headers)
        if wire.secret:
            request.headers["X-Envoywatch-Signature"] = f"sha256={signature(wire.secret, request.body)}"
        try:
            response = super().send(request, **{**kwargs, "stream": True})
        except Exception as error:
            wire.errors.append(error)
            raise
        body = _beginning(response)
        response._content, response._content_consumed = body, True  # noqa: SLF001 (the only way to bound an answer)
        response.close()
        wire.answers.append(Answer(response.status_code, response.headers, body.decode("utf-8", "replace")))
        if response.status_code == TOO_MANY_REQUESTS:
            raise requests.RequestException("the target asks us to wait")
        return response


def _beginning(response: requests.Response) -> bytes:
    """The status is the answer: a body that breaks off or cannot be decoded costs its words only."""
    try:
        return response.raw.read(_ANSWER_MAX, decode_content=True) or b""
    except (HTTPError, OSError):
        return b""


def signature(secret: str, body: object) -> str:
    """HMAC-SHA256 of the body as sent, in hexadecimal."""
    raw = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


class _Requests(ModuleType):
    """Stands in for the module `requests` inside a plugin's module."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    @staticmethod
    def request(method: str, url: str, **kwargs: Any) -> requests.Response:
        with _Session() as session:
            return session.request(method=method, url=url, **kwargs)

    def get(self, url: str, params: Any = None, **kwargs: Any) -> requests.Response:
        return self.request("GET", url, params=params, **kwargs)

    def post(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> requests.Response:
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url: str, data: Any = None, **kwargs: Any) -> requests.Response:
        return self.request("PUT", url, data=data, **kwargs)


_OBSERVED: Final = _Requests("requests")


def observe(module: ModuleType) -> None:
    """Let the HTTP requests of this module be recorded; modules that make none are left as they are."""
    if getattr(module, "requests", None) is requests:
        module.requests = _OBSERVED  # type: ignore[attr-defined]
