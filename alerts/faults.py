"""From what went over the wire to the one fault of an attempt, with a line for a person."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

import requests
from urllib3.exceptions import HTTPError

from storage.model import DeliveryFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from alerts.wire import Answer, Wire


class EarlierAttemptHangsError(Exception):
    """Nothing was sent, because the attempt before this one has not come to an end."""


_STATUS: Final = {
    401: (DeliveryFault.MISCONFIGURED, "the target does not accept our credentials"),
    403: (DeliveryFault.MISCONFIGURED, "the target forbids it"),
    404: (DeliveryFault.MISCONFIGURED, "there is nothing at this address"),
    405: (DeliveryFault.MISCONFIGURED, "the target takes no messages at this address"),
    408: (DeliveryFault.TIMEOUT, "the target found us too slow"),
    410: (DeliveryFault.MISCONFIGURED, "the target is gone for good"),
    413: (DeliveryFault.REFUSED, "the message is too large for the target"),
    425: (DeliveryFault.RATE_LIMITED, "the target asks us to come later"),
    429: (DeliveryFault.RATE_LIMITED, "the target asks us to wait"),
}
# The first kind that fits a cause decides; the text of an exception is never told, it may carry the URL.
_ERRORS: Final = (
    ((EarlierAttemptHangsError,), DeliveryFault.TIMEOUT, "an earlier attempt still hangs"),
    ((requests.Timeout, TimeoutError), DeliveryFault.TIMEOUT, "no answer in time"),
    ((ssl.SSLError,), DeliveryFault.UNREACHABLE, "no secure connection: its certificate or protocol is not accepted"),
    ((socket.gaierror,), DeliveryFault.UNREACHABLE, "its host name is not found"),
    ((ConnectionRefusedError,), DeliveryFault.UNREACHABLE, "nothing listens there: connection refused"),
    (
        (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema),
        DeliveryFault.MISCONFIGURED,
        "the address is not valid",
    ),
)
_NETWORK: Final = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, HTTPError, OSError)
_LATER = ("rate_limit", "ratelimit", "rate limit", "too many requests")
_SAID_MAX = 120
_PLAIN_NO: Final = frozenset(
    {
        "no_service",
        "no_team",
        "no_active_hooks",
        "no_text",
        "invalid_payload",
        "invalid_token",
        "channel_not_found",
        "channel_is_archived",
        "user_not_found",
        "action_prohibited",
        "posting_to_general_channel_denied",
        "too_many_attachments",
        "team_disabled",
    }
)
"""The whole answer of a webhook of Slack, and of those that speak as it does, when it did not take a message."""


class Verdict(NamedTuple):
    """What an attempt came to; no fault means that the target took it."""

    fault: DeliveryFault | None
    detail: str = ""
    retry_after: timedelta | None = None


def judge(record: Wire, *, done: bool, now: datetime) -> Verdict:
    """The verdict of one attempt: by the last answer of the target, else by the last error, else by what was said."""
    answer = record.answers[-1] if record.answers else None
    if done and (answer is None or not _says_no(answer)):
        return Verdict(None, record.notes[-1] if record.notes else "")
    if answer is not None:
        return _of_answer(answer, now)
    if record.errors:
        fault, detail = _of_error(record.errors[-1])
        return Verdict(fault, detail)
    return Verdict(DeliveryFault.SERVER, record.notes[-1] if record.notes else "the target gave no reason")


def _says_no(answer: Answer) -> bool:
    """Some targets answer 200 and the error stands inside."""
    data = answer.data
    return (
        any(data.get(name) is False for name in ("ok", "success"))
        or any(data.get(name) for name in ("error", "errors"))
        or str(data.get("status")).lower() in {"error", "fail", "failed", "failure"}
        or answer.body.strip() in _PLAIN_NO
    )


def _of_answer(answer: Answer, now: datetime) -> Verdict:
    status, said = answer.status, _said(answer)
    wait = answer.retry_after(now)
    if status in _STATUS:
        fault, words = _STATUS[status]
    elif status >= 500:  # noqa: PLR2004 (HTTP: the server's own failures)
        limited = status == 503 and wait is not None  # noqa: PLR2004 (HTTP: unavailable)
        fault, words = (DeliveryFault.RATE_LIMITED if limited else DeliveryFault.SERVER), "the target's server fails"
    elif status >= 400:  # noqa: PLR2004 (HTTP: the request's failures)
        fault, words = DeliveryFault.REFUSED, "the target refuses the message"
    elif status >= 300:  # noqa: PLR2004 (HTTP: elsewhere)
        fault, words = DeliveryFault.MISCONFIGURED, "the target has moved; write its new address"
    elif any(word in said.lower() for word in _LATER):
        fault, words = DeliveryFault.RATE_LIMITED, "the target asks us to wait"
    else:
        fault, words = DeliveryFault.REFUSED, "the target answers that it did not take the message"
    return Verdict(fault, f"{words} (HTTP {status})" + (f": {said}" if said else ""), wait)


def _said(answer: Answer) -> str:
    """The target's own reason, from the usual places of a JSON answer or a short plain one."""
    data = answer.data
    for name in ("description", "error", "message", "detail"):
        if isinstance(data.get(name), str):
            return str(data[name])[:_SAID_MAX]
    return "" if data or "<" in answer.body else answer.body.strip()[:_SAID_MAX]


def _of_error(error: Exception) -> tuple[DeliveryFault, str]:
    if isinstance(error, smtplib.SMTPException):
        return _of_smtp(error)
    for cause in _causes(error):
        for kinds, fault, words in _ERRORS:
            if isinstance(cause, kinds):
                return fault, words
    if isinstance(error, _NETWORK):
        return DeliveryFault.UNREACHABLE, "the connection failed"
    return DeliveryFault.MISCONFIGURED, f"the channel cannot send ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and what it carries: urllib3 nests the real reason in its arguments."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        queue += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]


def _of_smtp(error: smtplib.SMTPException) -> tuple[DeliveryFault, str]:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryFault.MISCONFIGURED, f"the mail server does not accept our credentials (SMTP {error.smtp_code})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryFault.MISCONFIGURED, "the mail server cannot do what the channel asks for (TLS, login)"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = max(error.recipients.values(), default=(550, b""))
        return _of_code(code, said)
    if isinstance(error, smtplib.SMTPResponseException):
        return _of_code(error.smtp_code, error.smtp_error)
    return DeliveryFault.UNREACHABLE, "the mail server ended the connection"


def _of_code(code: int, said: bytes | str) -> tuple[DeliveryFault, str]:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    fault = DeliveryFault.REFUSED if code >= 500 else DeliveryFault.SERVER  # noqa: PLR2004 (SMTP: permanent from 500)
    words = "the mail server refuses the message" if fault is DeliveryFault.REFUSED else "the mail server fails for now"
    return fault, f"{words} (SMTP {code}): {text[:_SAID_MAX]}"
