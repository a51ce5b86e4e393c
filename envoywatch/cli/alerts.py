"""`envoywatch alerts`: what was told, why, to whom, and whether it was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envoywatch.cli import show
from envoywatch.cli.archive import reading, stored_id
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, escape, json_option, print_table, to_plain
from envoywatch.cli.times import short, since_option, until_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from config.model import Config
    from storage.views import AlertLine, AlertView, DecisionLine, DeliveryLine, Reader

_PAGE = 200
_LISTED = 50
_REVIEWS = ("right", "wrong-status", "wrong-person", "duplicate", "noise")
_NONE = "none"


@click.group("alerts")
def command() -> None:
    """What was told, why and to whom; and your judgement of it."""


@command.command("list")
@since_option
@until_option
@click.option("--unreviewed", is_flag=True, help="Only those that nobody has judged.")
@click.option(
    "--precision", is_flag=True, help="How many of the reviewed were right: by watch, language, source, month."
)
@click.option("--limit", type=click.IntRange(min=1), default=_LISTED, show_default=True, help="At most so many.")
@json_option
@pass_context
def list_command(
    context: Context,
    /,
    since: datetime | None,
    until: datetime | None,
    *,
    unreviewed: bool,
    precision: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List alerts, newest first."""
    if precision:
        _precision(context, since, until, as_json=as_json)
        return
    found: list[AlertLine] = []
    with reading(context) as connection:
        for alert in _all_alerts(connection, since, until):
            if alert.review is None or not unreviewed:
                found.append(alert)
            if len(found) == limit:
                break
    if as_json:
        emit_json(found)
        return
    print_table(
        [
            Column("ID", right=True, whole=True),
            Column("AT (UTC)", whole=True),
            "WHAT",
            Column("TITLE", long=True),
            Column("WATCH", long=True),
            "REVIEW",
        ],
        [(one.id, short(one.created_at), what(one), one.title, one.watch, one.review or "-") for one in found],
        empty="No alert fits." if since or until or unreviewed else "Nothing was alerted yet.",
    )
    if len(found) == limit:
        context.say(f"the newest {limit}; --limit shows more")


def _precision(context: Context, since: datetime | None, until: datetime | None, *, as_json: bool) -> None:
    from storage.views_reviews import precision_of  # noqa: PLC0415 (so that --help is quick)

    with reading(context) as connection:
        found = precision_of(connection, since, until)
    if as_json:
        emit_json([{**to_plain(one), "reviewed": one.reviewed, "precision": one.precision} for one in found])
        return
    print_table(
        ["BY", Column("NAME", long=True), Column("MONTH", whole=True), Column("RIGHT", right=True, whole=True), "ELSE"],
        [
            (
                one.by,
                one.name or "-",
                one.month or "all",
                f"{one.precision:.0%} of {one.reviewed}",
                ", ".join(f"{name} {number}" for name, number in one.reviews.items() if name != "right"),
            )
            for one in found
        ],
        empty="No alert was reviewed yet: `envoywatch alerts review ID right`.",
    )


@command.command("show")
@click.argument("alert", metavar="ID")
@json_option
@pass_context
def show_command(context: Context, /, alert: str, *, as_json: bool) -> None:
    """Show an alert with everything it rests on: sentence, article, meeting, decision, deliveries."""
    from storage.views import get_alert  # noqa: PLC0415 (so that --help is quick)

    with reading(context) as connection:
        view = get_alert(connection, stored_id(alert, "an alert"))
    if as_json:
        emit_json(view)
        return
    _print_alert(context.config, view)


@command.command("review")
@click.argument("alert", metavar="ID")
@click.argument("review", metavar="REVIEW", type=OneOf([*_REVIEWS, _NONE], case_sensitive=False))
@pass_context
def review_command(context: Context, /, alert: str, review: str) -> None:
    """Judge an alert: right, wrong-status, wrong-person, duplicate or noise; `none` takes the judgement back."""
    from envoywatch.office import change  # noqa: PLC0415 (as above)
    from storage.views import get_alert  # noqa: PLC0415 (likewise)

    alert_id = stored_id(alert, "an alert")
    with reading(context) as connection:  # first, since changing would make a database where there is none
        title = get_alert(connection, alert_id).alert.title
    change(context.database, {"do": "review", "alert": alert_id, "review": None if review == _NONE else review})
    told = "is not reviewed any more" if review == _NONE else f"is reviewed: {review}"
    context.say(f"alert {alert_id} {told} ({escape(title)})")


def _all_alerts(connection: Reader, since: datetime | None, until: datetime | None) -> Iterator[AlertLine]:
    """Newest first, a page at a time."""
    from storage.views import list_alerts  # noqa: PLC0415 (as above)

    before: int | None = None
    while page := list_alerts(connection, since, until, limit=_PAGE, before=before):
        yield from page
        before = page[-1].id


def what(alert: AlertLine) -> str:
    """What happened, in a word or two."""
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch import wording  # noqa: PLC0415 (likewise)

    return wording.KIND[alert.kind] if alert.change is None else words.CHANGE[alert.change]


# ---------------------------------------------------------------- showing


def _print_alert(config: Config, view: AlertView) -> None:
    from envoywatch.cli.meetings import print_claim, print_history, print_reports  # noqa: PLC0415 (as above)
    from envoywatch.why import said_in_words, said_then  # noqa: PLC0415 (likewise)

    alert, article, meeting = view.alert, view.alert.article, view.alert.meeting
    show.heading(f"Alert {alert.id}: {alert.title}", first=True)
    show.facts(
        [
            ("what", what(alert)),
            ("at", f"{short(alert.created_at)} UTC"),
            ("watch", alert.watch),
            ("which said", said_in_words(said_then(config, alert.watch_revision))),
            ("urgency", alert.urgency),
            ("place", alert.place),
            ("date", alert.date),
            ("detail", show.lines(alert.detail)),
            ("told with", ", ".join(map(str, view.others))),
            ("meeting", f"{meeting.id}, now {meeting.status}" if meeting else None),
            ("article", f"{article.id}: {article.title}" if article else None),
            ("source", article.source if article else None),
            ("link", article.url if article else None),
            ("review", alert.review or "none yet"),
        ]
    )
    if view.claim is not None:
        show.heading("The sentence that fired it")
        print_claim(view.claim)
    elif alert.evidence is not None:
        show.heading("The sentence that fired it")
        show.quote(alert.evidence)
    if view.revisions:
        from envoywatch.cli.explain import print_revisions  # noqa: PLC0415 (as above)

        show.heading("How its article changed since (UTC)")
        print_revisions(view.revisions)
    show.heading("Decision")
    print_decisions(view.decisions)
    if view.history:
        show.heading("History of the meeting (UTC)")
        print_history(view.history)
        show.heading("Who reported it")
        print_reports(view.reports)
    show.heading("Deliveries")
    print_deliveries(view.deliveries)


def print_decisions(decisions: Sequence[DecisionLine]) -> None:
    """Every verdict with its reason in words."""
    from envoywatch import wording  # noqa: PLC0415 (as above)

    print_table(
        ["WATCH", "VERDICT", "WHY", "DETAIL"],
        [
            (one.watch or "(all)", wording.VERDICT[one.verdict], wording.REASON[one.reason], one.detail)
            for one in decisions
        ],
        empty="No decision is stored.",
    )


def print_deliveries(deliveries: Sequence[DeliveryLine]) -> None:
    """Where it went and what became of it."""
    from envoywatch import wording  # noqa: PLC0415 (as above)

    print_table(
        [Column("ID", right=True, whole=True), "CHANNEL", "STATE", Column("WHEN (UTC)", whole=True), "TROUBLE"],
        [
            (
                one.id,
                one.channel,
                wording.DELIVERY[one.state],
                short(one.sent_at or one.due_at),
                "" if one.fault_text is None else f"{one.fault_text.words}: {one.last_error or ''}".rstrip(": "),
            )
            for one in deliveries
        ],
        empty="It was sent to no channel.",
    )
