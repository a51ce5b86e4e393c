"""`envoywatch watches test`: a query tried on a text, with carets under what matches."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.vocabulary import Role
from envoywatch.cli.choices import OneOf
from envoywatch.cli.codes import COUNTRY, LANGUAGE
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape, json_option, print_rich
from envoywatch.cli.queries import config_if_any, find_watch, names_of, normal, parse, warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from alerts.watches.matcher import Explanation, PersonForms
    from alerts.watches.nodes import Query
    from storage.model import Document, Field, Span

_AROUND = 60
"""Characters of context shown on each side of a match."""
_TITLE_MAX = 200


@click.command("test", short_help="Try a QUERY, or a watch, on a text.")
@click.argument("query", required=False)
@click.argument("file", default="-", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--watch", metavar="NAME", help="Try this watch of the configuration instead of a QUERY.")
@click.option("--title", help="The title (otherwise a short first line, when more follows).")
@click.option("--lang", "language", type=LANGUAGE, metavar="CODE", help="The language (guessed when not given).")
@click.option("--source", default="", metavar="NAME", help="The name of the source, for source:.")
@click.option("--country", type=COUNTRY, metavar="CODE", help="The country of the source, for country:.")
@click.option(
    "--role",
    type=OneOf([role.value for role in Role]),
    default=Role.MEDIA.value,
    show_default=True,
    help="For role:.",
)
@json_option
@pass_context
def command(
    context: Context, /, query: str | None, file: Any, *, watch: str | None, as_json: bool, **options: Any
) -> None:
    """Try a QUERY on the text in FILE, or on standard input, and show what matches with carets.

    With --watch the only argument is FILE; of a scored watch the sum is shown. A QUERY that begins with a dash follows
    "--".
    """
    if watch is not None:
        from envoywatch.cli.watches_try import try_watch  # noqa: PLC0415 (made of what stands here)

        try_watch(context, find_watch(context.config, watch), query, options, as_json=as_json)
        return
    if query is None:
        raise UsageError("nothing to try", hint="give a QUERY, or --watch NAME")
    parsed = parse(query)
    matcher = _compiled(parsed, names_of(config_if_any(context)))
    document = read_document(file.read(), options)
    explanation = matcher.explain(document, "query")
    if as_json:
        emit_json(_outcome(parsed, document, explanation))
        return
    warn(parsed)
    if explanation.matched:
        print_match(document, explanation.spans)
    else:
        click.echo(f"no match: this does not hold: {escape(explanation.failed)}")


def _compiled(query: Query, forms: PersonForms) -> Any:
    from alerts.watches.matcher import compile_watches  # noqa: PLC0415 (loads dictionaries)

    matcher = compile_watches([("query", query)], forms)
    for fault in matcher.faults:
        click.echo(escape(fault.error.caret(), keep_lines=True), err=True)
        raise fault.error
    return matcher


def read_document(text: str, options: dict[str, Any]) -> Document:
    """A text as an article: its title, its language guessed unless given."""
    from storage.model import Document  # noqa: PLC0415 (with the rest of the heavy work)

    first, _, rest = text.strip().partition("\n")
    title, body = options["title"] or "", text
    if options["title"] is None and rest.strip() and len(first) <= _TITLE_MAX:
        title, body = first, rest
    return Document(
        title=title,
        text=body,
        language=options["language"] or _guess(text),
        source=options["source"],
        country=options["country"],
        role=Role(options["role"]),
    )


def _guess(text: str) -> str | None:
    from crawler.pages import text_language  # noqa: PLC0415 (loads a model)

    return text_language(text)


def _outcome(query: Query, document: Document, explanation: Explanation) -> dict[str, Any]:
    return {
        "matched": explanation.matched,
        "read_as": normal(query),
        "warnings": query.warnings,
        "language": document.language,
        "failed": explanation.failed or None,
        "spans": quoted_spans(document, explanation.spans),
    }


def quoted_spans(document: Document, spans: Sequence[Span]) -> list[dict[str, Any]]:
    """Places of a match with the words that stand there."""
    return [
        {
            "field": span.field,
            "start": span.start,
            "end": span.end,
            "text": _field_text(document, span.field)[span.start : span.end],
        }
        for span in spans
    ]


# ---------------------------------------------------------------- what matched, for a person


def _field_text(document: Document, field: Field) -> str:
    text: str = getattr(document, field.value)
    return text


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """A piece of one line with the places that matched, counted within it."""

    field: Field
    text: str
    marks: tuple[tuple[int, int], ...]


def print_match(document: Document, spans: Sequence[Span]) -> None:
    """The surroundings of what matched, with carets below."""
    if not spans:
        click.echo("match: every condition holds (none of them is about words)")
    for excerpt in _excerpts(document, spans):
        print_rich(_marked(excerpt))


def _excerpts(document: Document, spans: Sequence[Span]) -> Iterator[_Excerpt]:
    """The surroundings of the matches; those that overlap are shown as one, and none goes beyond its line."""
    held: list[tuple[Field, int, int, list[Span]]] = []
    for span in spans:
        text = _field_text(document, span.field)
        start = max(text.rfind("\n", 0, span.start) + 1, span.start - _AROUND)
        line_end = text.find("\n", span.end)
        end = min(line_end if line_end >= 0 else len(text), span.end + _AROUND)
        if held and held[-1][0] is span.field and start <= held[-1][2]:
            field, first, last, marked = held.pop()
            held.append((field, first, max(end, last), [*marked, span]))
        else:
            held.append((span.field, start, end, [span]))
    for field, start, end, marked in held:
        marks = tuple((span.start - start, span.end - start) for span in marked)
        yield _Excerpt(field, _field_text(document, field)[start:end], marks)


def _marked(excerpt: _Excerpt) -> Text:
    """The excerpt with the matches bold, and carets below, which also stand in a pipe."""
    from rich.cells import cell_len  # noqa: PLC0415 (0.1 s: JSON needs none of it)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    label = f"{excerpt.field.value}: "
    shown = Text(label, style="dim", no_wrap=sys.stdout.isatty() is False)
    carets = " " * len(label)
    at = 0
    for start, end in excerpt.marks:
        before, match = escape(excerpt.text[at:start]), escape(excerpt.text[start:end])
        shown.append(before, style="not dim")
        shown.append(match, style="not dim bold magenta")
        carets += " " * cell_len(before) + "^" * cell_len(match)
        at = end
    shown.append(escape(excerpt.text[at:]), style="not dim")
    shown.append(f"\n{carets}", style="not dim magenta")
    return shown
