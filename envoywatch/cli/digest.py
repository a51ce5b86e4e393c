"""`envoywatch digest`: the digest as it would be sent now, on the screen or on its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from envoywatch.cli.archive import reading
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import escape, json_text
from envoywatch.cli.times import since_option

if TYPE_CHECKING:
    from alerts.digest_data import DigestData
    from alerts.render import Message
    from config.model import DigestFormat

_NAME = "Digest"
_FORMATS = ("text", "html", "markdown", "json")
_BACK = timedelta(days=1)


@click.command("digest")
@since_option
@click.option("--format", "form", type=OneOf(_FORMATS), default="text", show_default=True, help="How to write it.")
@click.option("--send", "wants_sending", is_flag=True, help="Send it now through the channels of the digests.")
@pass_context
def command(context: Context, /, since: datetime | None, form: DigestFormat, *, wants_sending: bool) -> int:
    """Print the digest of the last day, or from --since on, as it would be sent; nothing is marked as told.

    With --send it goes once, at once, to every channel that a configured digest names; the outbox does not keep it.
    """
    from alerts.digest import digest_message, render_digest  # noqa: PLC0415 (so that --help is quick)
    from envoywatch.messages import make_digest  # noqa: PLC0415 (likewise)

    now = datetime.now(UTC)
    start = since or now - _BACK
    if start >= now:
        raise UsageError("--since lies ahead", hint="a digest tells of the past")
    config = context.load().config if wants_sending else context.config
    with reading(context) as connection:
        data = make_digest(connection, _NAME, start, now, config)
    if not wants_sending:
        text = json_text(data.to_data(), indent=2) + "\n" if form == "json" else render_digest(data, form)
        click.echo(_printed(text, form), nl=False)
        return 0
    names = [name for digest in config.digests for name in digest.channels]
    if not names:
        raise UsageError("no configured digest names a channel", hint="see `digests` in the configuration")
    from envoywatch.cli.sending import send_now  # noqa: PLC0415 (as above)

    def make(channel: str) -> tuple[Message, str]:
        key = _key(data, channel)
        return digest_message(data, key), key

    return send_now(config, names, make)


def _key(data: DigestData, channel: str) -> str:
    return f"digest-by-hand/{data.until.isoformat()}/{channel}"


def _printed(text: str, form: DigestFormat) -> str:
    """Text and Markdown may land on a terminal; HTML is a document and stays as it is, and JSON is safe already."""
    return text if form in {"html", "json"} else escape(text, keep_lines=True)
