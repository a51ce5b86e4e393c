"""The ways out: one message through one Apprise URL, and what came of it. Blocking; the caller gives it a thread."""

from __future__ import annotations

import contextvars
import importlib
import logging
import re
import sys
import threading
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from alerts import harmless, mail, wire
from alerts.faults import EarlierAttemptHangsError, judge
from config.redact import redact, redact_urls, secrets_of_url
from storage.model import DeliveryFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from alerts.render import Message

TIMEOUT: Final = timedelta(seconds=20)
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_WEBHOOKS = frozenset({"json", "jsons"})
_PLAIN_ONLY = _WEBHOOKS | {"xml", "xmls", "form", "forms"}
_MAIL = frozenset({"mailto", "mailtos"})
_ROOM = 64  # for the title's mark-up where a target has no title of its own
_DETAIL_MAX = 240


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one attempt came to. `detail` is a line for a person without any part of the channel's URL."""

    ok: bool
    fault: DeliveryFault | None = None
    detail: str = ""
    retry_after: timedelta | None = None


def send(
    url: str, message: Message, key: str, *, timeout: timedelta = TIMEOUT, secret: str | None = None
) -> SendResult:
    """Send once, and once more as plain text when the target refuses the mark-up. Raises nothing for a bad channel.

    `key` goes with it: header `Idempotency-Key`, `id` in the webhook's JSON, `Message-ID` of a mail. `secret`
    (or `secret=` in the URL) signs the body of HTTP requests. `timeout` is the wall-clock limit of each of the two
    attempts.
    """
    result = _attempt(url, message, key, timeout, secret, rich=True)
    if result.fault is DeliveryFault.REFUSED and _scheme(url) not in _PLAIN_ONLY:
        return _attempt(url, message, key, timeout, secret, rich=False)
    return result


def check_url(url: str) -> str | None:
    """What is wrong with a channel's URL, in words that repeat none of it; None when it can be used."""
    scheme = _scheme(url)
    if not scheme:
        return "a channel's URL starts with its kind, as in json://host/path or mailto://user:password@host"
    apprise = _apprise()
    schemes = apprise.NotificationManager().schemas()
    if scheme not in schemes and not scheme.startswith("http"):
        close = get_close_matches(scheme, schemes, n=1)
        return f"`{scheme}` is no kind of channel" + (f"; did you mean `{close[0]}`?" if close else "")
    try:
        plugin = _plugin(url)
    except _UrlError as error:
        return str(error)
    if _scheme(url) in _MAIL and plugin.pgp_mode != "no":
        return "PGP is not supported; leave `pgp=` out"
    if len(plugin) > 1:
        return "the URL names several targets; give each a channel of its own, so that each is retried by itself"
    return None


class _UrlError(Exception):
    """Apprise cannot make anything of a channel's URL. Its text repeats no part of the URL."""


def _attempt(url: str, message: Message, key: str, timeout: timedelta, secret: str | None, *, rich: bool) -> SendResult:
    try:
        plugin = _plugin(url)
    except _UrlError as error:
        return SendResult(ok=False, fault=DeliveryFault.MISCONFIGURED, detail=str(error))
    _dress(plugin, url, message, key, timeout)
    record = wire.Wire(headers={IDEMPOTENCY_HEADER: _header(key)}, secret=secret or _query(url).get("secret", ""))
    call = _call(plugin, message, key, rich=rich)
    done = _within(timeout, url, record, call)
    verdict = judge(record, done=done, now=datetime.now(UTC))
    secrets = secrets_of_url(url) | ({secret} if secret else set())
    detail = harmless.one_line(redact(redact_urls(verdict.detail), secrets), _DETAIL_MAX)
    return SendResult(verdict.fault is None, verdict.fault, detail, verdict.retry_after)


def _dress(plugin: Any, url: str, message: Message, key: str, timeout: timedelta) -> None:
    """Set what Apprise's URLs leave open: our limits, and the webhook's own fields."""
    seconds = timeout.total_seconds()
    plugin.socket_connect_timeout = min(plugin.socket_connect_timeout, seconds)
    plugin.socket_read_timeout = seconds
    if _scheme(url) in _WEBHOOKS:
        own = {name: value for name, value in message.payload.items() if name not in {"title", "message", "type"}}
        plugin.payload_extras = {**own, "id": key, "version": "", "attachments": "", **plugin.payload_extras}


def _call(plugin: Any, message: Message, key: str, *, rich: bool) -> Callable[[], bool]:
    """The one blocking call that sends, in the richest form the plugin takes that fits."""
    if plugin.schema in _MAIL:
        controller = _apprise().plugins.email.smtp.AppriseSMTPController
        return lambda: mail.send(plugin, controller, mail.compose(plugin, message, key, rich=rich))
    form, body = _body(plugin, message, rich=rich and plugin.schema not in _PLAIN_ONLY)
    title = _DRESS[form](message.title) if plugin.title_maxlen <= 0 else message.title
    told_as = _apprise().NotifyFormat(form)
    return lambda: bool(plugin.notify(body=body, title=title, body_format=told_as))


def _body(plugin: Any, message: Message, *, rich: bool) -> tuple[str, str]:
    """The first form that the plugin takes unconverted and that fits, else plain text in the only form it takes.

    Apprise converts nothing: called directly, some of its plugins pass text on as mark-up, unescaped.
    """
    limit = plugin.body_maxlen - (len(message.title) * 2 + _ROOM if plugin.title_maxlen <= 0 else 0)
    for form, body in (("html", message.html), ("markdown", message.markdown)):
        if rich and plugin.resolve_format(form).value == form and len(body) <= limit:
            return form, body
    form = plugin.resolve_format("text").value
    return form, _fitted(message.text, limit, _DRESS[form], _BREAK[form])


def _fitted(text: str, limit: int, dress: Callable[[str], str], line_break: str) -> str:
    """The text line by line in a form, as many lines as fit, with an ellipsis for the rest."""
    lines: list[str] = []
    room = limit - len(line_break) - 1
    for line in map(dress, text.rstrip().splitlines()):
        room -= len(line) + len(line_break)
        if room < 0:
            return line_break.join([*lines, "…"])
        lines.append(line)
    return line_break.join(lines)


_DRESS: Final[dict[str, Callable[[str], str]]] = {
    "text": str,
    "html": harmless.html,
    "markdown": harmless.markdown,
}
_BREAK: Final = {"text": "\n", "html": "<br>\n", "markdown": "  \n"}

_hanging: dict[str, threading.Thread] = {}


def _within(timeout: timedelta, url: str, record: wire.Wire, call: Callable[[], bool]) -> bool:
    """Run the call in a thread of its own that is left behind when it is late: sockets time out only per read.

    While one hangs no other is started for the same URL, so a channel costs one thread at most.
    """
    before = _hanging.get(url)
    if before is not None and before.is_alive():
        record.errors.append(EarlierAttemptHangsError())
        return False
    answer: list[bool] = []

    def run() -> None:
        wire.current.set(record)
        try:
            answer.append(call())
        except Exception as error:  # noqa: BLE001 (hundreds of plugins: whatever one raises is this attempt's failure)
            record.errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True, name="envoywatch-send")
    thread.start()
    thread.join(timeout.total_seconds())
    if thread.is_alive():
        _hanging[url] = thread
        record.errors.append(TimeoutError())
        return False
    _hanging.pop(url, None)
    return bool(answer and answer[0])


def _scheme(url: str) -> str:
    found = re.match(r"\s*([a-z0-9]{1,32})://", url, re.IGNORECASE)
    return found[1].lower() if found else ""


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(url.partition("?")[2]))


def _header(key: str) -> str:
    return re.sub(r"[^\x21-\x7e]", "_", key)


def _plugin(url: str) -> Any:
    """A fresh plugin for one send: ours alone, with nothing of earlier sends in it."""
    apprise = _apprise()
    asset = apprise.AppriseAsset(
        app_id="Envoywatch",
        app_desc="Envoywatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
    )
    try:
        plugin = apprise.Apprise.instantiate(url.strip(), asset=asset, suppress_exceptions=False)
    except (apprise.exception.AppriseException, TypeError, ValueError, AttributeError) as error:
        raise _UrlError(_how_to_write(url)) from error
    if plugin is None:
        raise _UrlError(_how_to_write(url))
    plugin.retry = 0
    for kind in type(plugin).__mro__:
        wire.observe(sys.modules[kind.__module__])
    return plugin


def _how_to_write(url: str) -> str:
    scheme = _scheme(url)
    manager = _apprise().NotificationManager()
    if scheme.startswith("http"):
        return "this is the address of a page; a webhook is written json://host/path, or jsons:// for https"
    if scheme not in manager.schemas():
        return f"`{scheme}` is no kind of channel"
    forms = ", ".join(form.replace("{schema}", scheme) for form in manager[scheme].templates[:3])
    return f"the URL is incomplete or wrong; it is written {forms}"


class _Tap(logging.Handler):
    """Keeps what Apprise says about a send with that send, and out of the logs: it names URLs."""

    def emit(self, record: logging.LogRecord) -> None:
        current = wire.current.get()
        if current is not None:
            current.notes.append(record.getMessage())


@cache
def _apprise() -> ModuleType:
    """Load Apprise on first use (measured: 0.15 s and 52 MB) and silence its logger and that of its HTTP library."""
    with warnings.catch_warnings():
        # Its plugins import modules of the standard library that are on their way out.
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise = importlib.import_module("apprise")
        importlib.import_module("apprise.plugins.email.smtp")
        apprise.NotificationManager().schemas()

    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(_Tap(level=logging.WARNING))
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # at DEBUG it writes paths, which carry tokens
    return apprise
