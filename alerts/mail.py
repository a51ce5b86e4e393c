"""A message as an e-mail of two parts, and its way through the SMTP server of an Apprise `mailto` channel."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, Any, Final

from alerts import harmless, wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.render import Message

# Seven bits pass every server; long lines and other alphabets are encoded.
_POLICY: Final = SMTP.clone(cte_type="7bit")
_OURS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id", "references", "in-reply-to"})
_PAGE: Final = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>'
    '<body style="font-family:sans-serif;font-size:15px;line-height:1.45"><h1 style="font-size:18px">{title}</h1>'
    "{body}</body></html>"
)


def message_id(key: str, domain: str) -> str:
    """The Message-ID of a key: the same key gives the same one, and no two keys share one."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-")[:40]
    return f"<{slug}.{hashlib.sha256(key.encode()).hexdigest()[:20]}@{domain}>"


def compose(plugin: Any, message: Message, key: str, *, rich: bool = True) -> EmailMessage:
    """The e-mail for the addresses of the plugin (an Apprise `NotifyEmail`); plain text alone unless `rich`."""
    sender = plugin.from_addr[1]
    domain = sender.rpartition("@")[2]
    title = harmless.one_line(message.title)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = formataddr((plugin.from_addr[0] or "", sender))
    mail["To"] = ", ".join(formataddr((name or "", address)) for name, address in plugin.targets)
    for name, addresses in (("Cc", plugin.cc), ("Reply-To", plugin.reply_to)):
        if addresses:
            mail[name] = ", ".join(sorted(addresses))
    mail["Subject"] = harmless.header(title)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id(key, domain)
    if message.thread:
        mail["References"] = message_id(f"thread {message.thread}", domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Idempotency-Key"] = re.sub(r"[^\x21-\x7e]|=\?", "_", key)
    for name, value in plugin.headers.items():
        if name.lower() not in _OURS and re.fullmatch(r"[A-Za-z0-9-]+", name) and name not in mail:
            mail[name] = harmless.header(value)
    mail.set_content(f"{title}\n\n{message.text}")
    if rich:
        mail.add_alternative(_PAGE.format(title=harmless.html(title), body=message.html), subtype="html")
    return mail


def send(plugin: Any, controller_type: Callable[..., Any], mail: EmailMessage) -> bool:
    """Hand the mail to the plugin's server in one transaction; raises what the server or the network raised.

    `controller_type` is Apprise's `AppriseSMTPController`, which connects, secures and logs in.
    """
    controller = controller_type(
        host=plugin.smtp_host,
        port=plugin.port,
        secure_mode=plugin.secure_mode,
        user=plugin.user,
        password=plugin.password,
        verify_certificate=plugin.verify_certificate,
        socket_connect_timeout=plugin.socket_connect_timeout,
    )
    recipients = sorted({address for _, address in plugin.targets} | set(plugin.cc) | set(plugin.bcc))
    with controller as session:
        # The controller's own sendmail() turns the server's reason into a bare False.
        refused = session._socket.sendmail(plugin.from_addr[1], recipients, mail.as_bytes())  # noqa: SLF001 (see above)
    record = wire.current.get()
    if refused and record is not None:
        record.notes.append(f"taken, but refused for {len(refused)} of {len(recipients)} addresses")
    return True
