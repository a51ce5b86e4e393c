"""`envoywatch watches backtest`: what the watches, as they are now or with another query, would have found and told."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from envoywatch.cli import show
from envoywatch.cli.archive import reading
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, escape, json_option, print_table
from envoywatch.cli.progress import Progress, bar
from envoywatch.cli.times import short, since_option, until_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from config.model import Config
    from envoywatch.backtesting import Comparison, Difference, Tally, Trial, WatchTrial

_SHOWN = 5
_ROWS = 12


@click.command("backtest", short_help="Replay the archive through the watches.")
@click.argument("names", metavar="[NAME ...]", nargs=-1)
@click.option(
    "--query", metavar="QUERY", help="Try this in place of what the one watch named looks for, or as a new watch."
)
@since_option
@until_option
@click.option(
    "--show", "shown", type=click.IntRange(min=0), default=_SHOWN, show_default=True, help="Of each, so many."
)
@json_option
@pass_context
def command(
    context: Context,
    /,
    names: tuple[str, ...],
    query: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    shown: int,
    as_json: bool,
) -> None:
    """Replay the archive through the watches: matches and alerts that come, that go and that stay.

    They are counted by source, language and day, with examples. Without names all watches are tried. Texts are taken as
    stored, and so are claims, unless another version of the detector read them; nothing is recorded.
    """
    from envoywatch.backtesting import backtest  # noqa: PLC0415 (so that --help is quick)

    names = tuple(dict.fromkeys(_as_configured(context.config, name) for name in names))
    config = context.config
    if query is not None:
        config = _with_query(config, names, query)
        _say_if_new(context, names[0])
    _check_names(config, names)
    with reading(context) as connection, Progress(context) as progress:

        def tell(done: int, total: int) -> None:
            progress.tell(lambda: f"{bar(done, total)} looked at {done:,} of {total:,} articles")

        chosen = names or tuple(watch.name for watch in config.watches)
        trial = backtest(connection, context.database, config, chosen, since, until, tell)
    if as_json:
        emit_json({**_document(trial), "query": query})
        return
    _print(trial, shown)


def _as_configured(config: Config, name: str) -> str:
    """The name as the configuration writes it, given in any case; of another watch as it is."""
    return next((watch.name for watch in config.watches if watch.name.casefold() == name.casefold()), name)


def _say_if_new(context: Context, name: str) -> None:
    """A slip of the pen must not be taken for the watch that was meant."""
    from config.messages import did_you_mean  # noqa: PLC0415 (so that --help is quick)

    known = [watch.name for watch in context.config.watches]
    if name not in known:
        near = did_you_mean(name, known)
        meant = f"; {near}" if near.startswith("did you mean") else ""
        context.say(f"there is no watch {escape(name)!r}: tried as a new one that tells at once{escape(meant)}")


def _with_query(config: Config, names: Sequence[str], query: str) -> Config:
    """The configuration in which the one named watch looks for that, faults shown as `search` shows them.

    A query beside a score is exchanged alone; a watch of a score or of meetings looks for the query instead.
    """
    from config.model import Watch  # noqa: PLC0415 (as above)
    from config.vocabulary import Send  # noqa: PLC0415 (likewise)
    from envoywatch.cli.search import prepare  # noqa: PLC0415 (likewise)

    if len(names) != 1:
        raise UsageError("--query tries one watch", hint="name it: envoywatch watches backtest NAME --query QUERY")
    prepare(query, config)
    name = names[0]
    before = next(
        (watch for watch in config.watches if watch.name == name), Watch(name=name, query=query, send=Send.NOW)
    )
    instead = {"score": None, "meeting": None} if before.query is None else {}
    tried = before.model_copy(update={"query": query, **instead})
    others = tuple(watch for watch in config.watches if watch.name != name)
    return config.model_copy(update={"watches": (*others, tried)})


def _check_names(config: Config, names: Sequence[str]) -> None:
    from config.messages import did_you_mean  # noqa: PLC0415 (as above)

    known = [watch.name for watch in config.watches]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or "`envoywatch watches list` shows them; --query tries a new one"
            raise UsageError(f"there is no watch {name!r}", hint=hint)


def _document(trial: Trial) -> dict[str, object]:
    return {
        "since": trial.since,
        "until": trial.until,
        "articles": trial.articles,
        "looked_at": trial.looked_at,
        "reread": trial.reread,
        "watches": [
            {"watch": one.watch, "matches": _counted(one.matches), "alerts": _counted(one.alerts)}
            for one in trial.watches
        ],
    }


def _counted(comparison: Comparison) -> dict[str, object]:
    return {
        "then": comparison.then,
        "now": comparison.now,
        "counts": comparison.total,
        "added": list(comparison.added),
        "lost": list(comparison.lost),
        "by_source": comparison.by_source,
        "by_language": comparison.by_language,
        "by_day": comparison.by_day,
    }


# ---------------------------------------------------------------- showing


def _print(trial: Trial, shown: int) -> None:
    from alerts import words  # noqa: PLC0415 (as above)

    show.line(
        f"{words.count(trial.articles, 'article')} replayed, {trial.looked_at:,} of them looked at;"
        " matches and alerts as they were, and as they would be"
    )
    if trial.reread:
        show.line(f"The meetings of {trial.reread:,} were read again: another version of the detector had read them.")
    print_table(
        ["WATCH", *(Column(title, right=True) for title in ("MATCHES", "NOW", "+", "-", "ALERTS", "NOW", "+", "-"))],
        [(one.watch, *_figures(one.matches), *_figures(one.alerts)) for one in trial.watches],
        empty="No watch is configured.",
    )
    for one in trial.watches:
        _print_watch(one, shown)


def _figures(comparison: Comparison) -> tuple[int, int, int, int]:
    return comparison.then, comparison.now, comparison.total.added, comparison.total.lost


def _print_watch(trial: WatchTrial, shown: int) -> None:
    for what, comparison in (("Matches", trial.matches), ("Alerts", trial.alerts)):
        if not comparison.total.added and not comparison.total.lost:
            continue
        show.heading(f"{what} of {trial.watch} that differ")
        _print_tally(comparison.by_source, "SOURCE")
        _print_tally(comparison.by_language, "LANGUAGE")
        _print_tally(comparison.by_day, "DAY")
        _print_differences("+", comparison.total.added, comparison.added, shown)
        _print_differences("-", comparison.total.lost, comparison.lost, shown)


def _print_tally(tallies: Mapping[str, Tally], title: str) -> None:
    from envoywatch.backtesting import most_changed  # noqa: PLC0415 (as above)

    changed = most_changed(tallies)
    columns = (Column("+", right=True), Column("-", right=True), Column("AS BEFORE", right=True))
    rows = [(name, one.added, one.lost, one.kept) for name, one in islice(changed.items(), _ROWS)]
    print_table([title, *columns], rows)
    if len(changed) > _ROWS:
        show.line(f"and {len(changed) - _ROWS:,} more")


def _print_differences(sign: str, count: int, differences: Sequence[Difference], shown: int) -> None:
    """The newest, newest first."""
    for one in islice(reversed(differences), shown):
        article = f" ({one.source}, article {one.article_id})" if one.article_id is not None else ""
        show.line(f"{sign} {short(one.at)}  {one.title}{article}")
    if count > shown:
        show.line(f"{sign} and {count - shown:,} more")
