"""`watches`: list and show saved queries; adding, trying, replaying and suggesting have modules of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from envoywatch.cli.backtest import command as backtest
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, json_option, print_table
from envoywatch.cli.queries import find_watch, names_of, normal, parse
from envoywatch.cli.sources_health import spark
from envoywatch.cli.times import ago
from envoywatch.cli.watches_edit import add_watch, mute_watch, remove_watch, unmute_watch
from envoywatch.cli.watches_suggest import command as suggest
from envoywatch.cli.watches_test import command as test_query
from envoywatch.watch_words import OPTIONS, asks_in_words, options_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.model import Watch
    from storage.views import WatchActivity

_FORMS_SHOWN = 12


@click.group("watches")
def command() -> None:
    """List, show, add, mute, remove, try and replay watches: saved queries and what to do on a match."""


for _one in (add_watch, remove_watch, mute_watch, unmute_watch, test_query, backtest, suggest):
    command.add_command(_one)


# ---------------------------------------------------------------- list


@command.command("list", short_help="List the watches and what they yield.")
@json_option
@pass_context
def list_watches(context: Context, /, *, as_json: bool) -> None:
    """List the watches of the configuration and what they yield.

    The bars are matches a day over the last 14 days, today last; RIGHT is the share of reviewed alerts that were right.
    """
    watches = context.config.watches
    now = datetime.now(UTC)
    yields = _activity(context, now)
    if as_json:
        emit_json([_document(watch) | _yield_document(yields.get(watch.name)) for watch in watches])
        return
    rows = [
        (
            watch.name,
            watch.send,
            ", ".join(watch.channels),
            *_yield_cells(yields.get(watch.name), now),
            asks_in_words(watch),
            "; ".join(options_in_words(watch)),
        )
        for watch in watches
    ]
    columns = (
        Column("NAME", style="bold"),
        "SEND",
        "CHANNELS",
        Column("14 DAYS", whole=True),
        Column("LAST MATCH", whole=True),
        Column("RIGHT", right=True, whole=True),
        Column("LOOKS FOR", long=True),
        Column("OPTIONS", long=True),
    )
    print_table(columns, rows, empty='There are no watches yet: envoywatch watches add NAME "QUERY"')


def _activity(context: Context, now: datetime) -> Mapping[str, WatchActivity]:
    """What each watch yields; nothing before there is a database."""
    from envoywatch.cli.archive import reading  # noqa: PLC0415 (so that --help is quick)
    from storage.views import watch_activity  # noqa: PLC0415 (likewise)

    if not context.database.exists():
        return {}
    with reading(context) as connection:
        return {one.watch: one for one in watch_activity(connection, now)}


def _yield_cells(one: WatchActivity | None, now: datetime) -> tuple[str, str, str]:
    if one is None:
        return ("", "", "")
    last = "never" if one.last_match_at is None else ago(one.last_match_at, now)
    share = _precision(one)
    reviewed = sum(one.reviews.values())
    return (spark(one.per_day), last, "" if share is None else f"{share:.0%} of {reviewed}")


def _precision(one: WatchActivity) -> float | None:
    """The share of the reviewed alerts that were right; None before any was reviewed."""
    reviewed = sum(one.reviews.values())
    return one.reviews.get("right", 0) / reviewed if reviewed else None


def _yield_document(one: WatchActivity | None) -> dict[str, Any]:
    if one is None:
        return {"matches_per_day": [], "last_match_at": None, "alerts": 0, "reviews": {}, "precision": None}
    return {
        "matches_per_day": one.per_day,
        "last_match_at": one.last_match_at,
        "alerts": one.alerts,
        "reviews": one.reviews,
        "precision": _precision(one),
    }


def _document(watch: Watch) -> dict[str, Any]:
    return {
        "name": watch.name,
        "query": watch.query,
        "score": watch.score,
        "meeting": watch.meeting,
        "send": watch.send,
        "channels": watch.channels,
        "options": watch.model_dump(mode="json", include=set(OPTIONS), exclude_defaults=True),
    }


# ---------------------------------------------------------------- show


@command.command("show", short_help="Show how a watch is read, and its forms.")
@click.argument("name")
@json_option
@pass_context
def show_watch(context: Context, /, name: str, *, as_json: bool) -> None:
    """Show one watch: how its query is read, and the names and words it looks for in each language."""
    from envoywatch.watch_forms import word_forms, written_forms  # noqa: PLC0415 (loads dictionaries)

    config = context.config
    watch = find_watch(config, name)
    query = parse(watch.query) if watch.query is not None else None
    terms = {term: parse(term) for term in watch.score.terms} if watch.score is not None else {}
    queries = [*([query] if query is not None else []), *terms.values()]
    people = written_forms(queries, names_of(config)) if any(one.people for one in queries) else {}
    words = word_forms(queries)
    if as_json:
        read = {"read_as": normal(query), "warnings": query.warnings} if query is not None else {}
        emit_json(_document(watch) | read | ({"people": people, "words": words} if queries else {}))
        return
    lines = [("name", watch.name), ("send", watch.send), ("channels", ", ".join(watch.channels) or "none")]
    lines += [("option", option) for option in options_in_words(watch)]
    kind = "query" if query is not None and watch.score is None else "looks for"
    lines.append((kind, asks_in_words(watch)))
    if query is not None:
        lines.append(("read as", normal(query)))
        lines += [("warning", warning) for warning in query.warnings]
    if watch.score is not None:
        lines += [(f"{weight:+g}", normal(terms[term])) for term, weight in watch.score.terms.items()]
    print_table(("", ""), lines)
    forms = [(f"@{person}", *line) for person, by_language in people.items() for line in _listed(by_language)]
    forms += [(word, *line) for word, by_language in words.items() for line in _listed(by_language)]
    if forms:
        click.echo()
        print_table((Column("FINDS", style="bold"), "IN", "AS"), forms)


def _listed(by_language: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """A line for each language, the forms in full only where they are few; `--json` has them all."""
    lines = []
    for language, forms in by_language.items():
        more = len(forms) - _FORMS_SHOWN
        lines.append((language, ", ".join(forms[:_FORMS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")))
    return lines
