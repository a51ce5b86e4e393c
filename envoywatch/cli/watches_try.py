"""`watches test --watch NAME`: a watch as it is configured, with its score and the sources it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alerts.watches.scores import WatchSet
from config.errors import UsageError
from config.watch_options import refused_for
from envoywatch.cli.output import emit_json, escape
from envoywatch.cli.queries import names_of
from envoywatch.cli.watches_test import print_match, quoted_spans, read_document

if TYPE_CHECKING:
    from alerts.watches.scores import Answer
    from config.model import Watch
    from envoywatch.cli.context import Context
    from storage.model import Document


def try_watch(context: Context, watch: Watch, file: str | None, options: dict[str, Any], *, as_json: bool) -> None:
    """Show what the watch makes of the text in the file, or on standard input."""
    if not watch.is_about_words:
        hint = "`envoywatch detect FILE` shows which meetings a text reports"
        raise UsageError(f"{watch.name!r} watches meetings, not words", hint=hint)
    with click.open_file(file or "-", "r", encoding="utf-8", errors="replace") as stream:
        document = read_document(stream.read(), options)
    answer = WatchSet([watch], names_of(context.config)).explain(document, watch.name)
    refused = None
    if watch.only is not None:
        refused = refused_for(watch.only, document.source, document.role, document.country, document.language)
    if as_json:
        emit_json(_as_json(answer, refused, document))
    else:
        _print(answer, refused, document)


def _as_json(answer: Answer, refused: str | None, document: Document) -> dict[str, Any]:
    tally = answer.tally
    return {
        "matched": answer.matched and refused is None,
        "failed": (answer.failed or refused) or None,
        "language": document.language,
        "score": tally and {"total": tally.total, "at_least": tally.at_least, "terms": tally.contributions},
        "spans": quoted_spans(document, answer.spans),
    }


def _print(answer: Answer, refused: str | None, document: Document) -> None:
    if answer.tally is not None:
        click.echo(escape(str(answer.tally)))
    if not answer.matched:
        short = answer.tally is not None and not answer.tally.is_enough
        click.echo("no match" if short else f"no match: this does not hold: {escape(answer.failed)}")
    elif refused is not None:
        click.echo(f"no match: {escape(refused)}")
    if answer.spans or (answer.matched and refused is None):
        print_match(document, answer.spans)
