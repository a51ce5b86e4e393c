"""`envoywatch outbox`: deliveries on their way, those that need a person, and a test of the channels."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from envoywatch.cli.archive import reading, stored_id
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, json_option, print_table
from envoywatch.cli.times import short

if TYPE_CHECKING:
    from alerts.render import Message
    from storage.views import DeliveryLine

_STATES = ("due", "sent", "parked", "dead", "dropped")
_LISTED = 100


@click.group("outbox")
def command() -> None:
    """Deliveries: list them, send or give up one, test the channels."""


@command.command("list")
@click.option("--state", type=OneOf(_STATES), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=_LISTED, show_default=True, help="At most so many.")
@json_option
@pass_context
def list_command(context: Context, /, state: str | None, limit: int, *, as_json: bool) -> None:
    """List deliveries, newest first."""
    from storage.model import DeliveryState  # noqa: PLC0415 (so that --help is quick)
    from storage.views import outbox  # noqa: PLC0415 (likewise)

    with reading(context) as connection:
        found = outbox(connection, DeliveryState(state) if state else None, limit=limit)
    if as_json:
        emit_json(found)
        return
    _print_list(found, empty="No delivery is in this state." if state else "Nothing was sent yet.")


def _print_list(found: tuple[DeliveryLine, ...], empty: str) -> None:
    from envoywatch import wording  # noqa: PLC0415 (as above)

    print_table(
        [
            Column("ID", right=True, whole=True),
            "CHANNEL",
            "STATE",
            Column("TRIES", right=True),
            Column("WHEN (UTC)", whole=True),
            Column("WHAT", long=True),
            Column("TROUBLE", long=True),
        ],
        [
            (
                one.id,
                one.channel,
                wording.DELIVERY[one.state],
                one.attempts,
                short(one.sent_at or one.due_at),
                one.title + (f" (and {one.others} more)" if one.others else ""),
                one.last_error or (one.fault_text.words if one.fault_text else ""),
            )
            for one in found
        ],
        empty=empty,
    )


@command.command("retry")
@click.argument("delivery", metavar="ID")
@pass_context
def retry_command(context: Context, /, delivery: str) -> None:
    """Send a delivery again at once, also one that is parked, dead or dropped."""
    _change(context, "retry", delivery, "will be sent by the daemon at once, or with its next start")


@command.command("drop")
@click.argument("delivery", metavar="ID")
@pass_context
def drop_command(context: Context, /, delivery: str) -> None:
    """Give a delivery up; it stays in the list."""
    _change(context, "drop", delivery, "is dropped")


def _change(context: Context, do: str, delivery: str, told: str) -> None:
    from envoywatch.office import change  # noqa: PLC0415 (as above)

    delivery_id = stored_id(delivery, "a delivery")
    with reading(context):  # first, since changing would make a database where there is none
        pass
    change(context.database, {"do": do, "delivery": delivery_id})
    context.say(f"delivery {delivery_id} {told}")


@command.command("test")
@click.argument("channels", metavar="[CHANNEL]...", nargs=-1)
@json_option
@pass_context
def test_command(context: Context, /, channels: tuple[str, ...], *, as_json: bool) -> int:
    """Send a real test message through each channel (all, or those named); leaves with 1 when one fails."""
    from alerts.render import AlertFacts, render_alert  # noqa: PLC0415 (as above)
    from envoywatch.cli.sending import send_now  # noqa: PLC0415 (likewise)
    from storage.model import Alert, AlertKind  # noqa: PLC0415 (likewise)

    now = datetime.now(UTC)

    def make(channel: str) -> tuple[Message, str]:
        key = f"test/{now.isoformat()}/{channel}"
        detail = f"You read this, so the channel {channel} works. Nothing has happened."
        alert = Alert(key, AlertKind.TEST, "Test message of Envoywatch", now, detail=detail)
        return render_alert(AlertFacts(alert, key)), key

    config = context.load().config
    return send_now(config, channels or config.channels, make, as_json=as_json)
