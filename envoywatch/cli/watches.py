"""`watches`: list, show, add and remove saved queries, and try a query on a text."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.vocabulary import Role, Send
from envoywatch.cli.backtest import command as backtest
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, escape, json_option, print_rich, print_table
from envoywatch.watch_words import OPTIONS, options_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from alerts.watches.matcher import Explanation, PersonForms
    from alerts.watches.nodes import Query
    from config.model import Config, MeetingSpec, Watch
    from storage.model import Document, Field, Span

_AROUND = 60
"""Characters of context shown on each side of a match."""
_TITLE_MAX = 200


@click.group("watches")
def command() -> None:
    """List, show, add, remove and try watches: saved queries and what to do on a match."""


command.add_command(backtest)


# ---------------------------------------------------------------- list, show


@command.command("list")
@json_option
@pass_context
def list_watches(context: Context, /, *, as_json: bool) -> None:
    """List the watches of the configuration."""
    watches = context.config.watches
    if as_json:
        emit_json([_document(watch) for watch in watches])
        return
    rows = [
        (watch.name, watch.send, ", ".join(watch.channels), _asks(watch), "; ".join(options_in_words(watch)))
        for watch in watches
    ]
    columns = (Column("NAME", style="bold"), "SEND", "CHANNELS", "LOOKS FOR", "OPTIONS")
    print_table(columns, rows, empty='There are no watches yet: envoywatch watches add NAME "QUERY"')


@command.command("show")
@click.argument("name")
@json_option
@pass_context
def show_watch(context: Context, /, name: str, *, as_json: bool) -> None:
    """Show one watch: how its query is read, and the names it looks for."""
    config = context.config
    watch = _find(config, name)
    query = _parse(watch.query) if watch.query is not None else None
    written = _written_forms(query, config) if query is not None else {}
    if as_json:
        emit_json(_document(watch) | ({"read_as": _normal(query), "people": written} if query is not None else {}))
        return
    lines = [("name", watch.name), ("send", watch.send), ("channels", ", ".join(watch.channels) or "none")]
    lines += [("option", option) for option in options_in_words(watch)]
    kind = "looks for" if watch.score is not None else "query" if query is not None else "meeting"
    lines.append((kind, _asks(watch)))
    if query is not None:
        lines.append(("read as", _normal(query)))
        lines += [("warning", warning) for warning in query.warnings]
    if watch.score is not None:
        lines += [(f"{weight:+g}", _normal(_parse(term))) for term, weight in watch.score.terms.items()]
    lines += [(f"@{person}", ", ".join(forms)) for person, forms in written.items()]
    print_table(("", ""), lines)


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


def _asks(watch: Watch) -> str:
    if watch.meeting is not None:
        return _meeting_words(watch.meeting)
    score = watch.score
    sums = f"a score of {score.at_least:g} or more from {len(score.terms)} terms" if score is not None else None
    return "; ".join(filter(None, (watch.query, sums)))


def _meeting_words(spec: MeetingSpec | None) -> str:
    if spec is None:
        return ""
    parts = {
        "guest": spec.guest,
        "between": " and ".join(spec.between or ()),
        "level": spec.level,
        "status": " or ".join(spec.status),
    }
    return "a meeting: " + ", ".join(f"{key} {value}" for key, value in parts.items() if value)


def _find(config: Config, name: str) -> Watch:
    from config.messages import did_you_mean  # noqa: PLC0415 (only for this mistake)

    for watch in config.watches:
        if watch.name == name:
            return watch
    names = [watch.name for watch in config.watches]
    hint = did_you_mean(name, names) or "`envoywatch watches list` shows them"
    raise UsageError(f"there is no watch {name!r}", hint=hint)


def _written_forms(query: Query, config: Config) -> dict[str, list[str]]:
    forms = name_forms(config)
    return {
        person: sorted({form for written in forms.forms_of(person).values() for form in written})
        for person in query.people
    }


# ---------------------------------------------------------------- add, remove


@command.command("add")
@click.argument("name")
@click.argument("query")
@click.option(
    "--send",
    type=click.Choice([send.value for send in Send]),
    default=Send.DIGEST.value,
    show_default=True,
    help="When to tell.",
)
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Where to tell; may be given again.")
@pass_context
def add_watch(context: Context, /, name: str, query: str, *, send: str, channels: tuple[str, ...]) -> None:
    """Add a watch to the configuration file; everything else in it stays as it is.

    A QUERY that begins with a dash follows "--".
    """
    from config.edit import add_item, write_atomic  # noqa: PLC0415 (YAML is heavy)
    from config.files import read_text  # noqa: PLC0415 (likewise)

    parsed = _parse(query)
    item: dict[str, Any] = {"name": name, "query": query, "send": send}
    if channels:
        item["channels"] = list(channels)
    _refuse_unfit(context.config, item)
    path = context.path
    write_atomic(path, add_item(read_text(path), "watches", item))
    _warn(parsed)
    context.say(f"added {escape(name)!r} to {escape(path)}")


def _refuse_unfit(config: Config, item: dict[str, Any]) -> None:
    """Raise UsageError for what `check` would find in the configuration with this watch added."""
    from pydantic import ValidationError  # noqa: PLC0415 (heavy)

    from config.checks import find_problems  # noqa: PLC0415 (likewise)
    from config.model import Watch  # noqa: PLC0415 (likewise)
    from envoywatch.checks import all_checks  # noqa: PLC0415 (likewise)

    try:
        watch = Watch.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    changed = config.model_copy(update={"watches": (*config.watches, watch)})
    place = ("watches", len(config.watches))
    for problem in find_problems(changed, all_checks()):
        if problem.loc[:2] == place and not problem.warning:
            raise UsageError(problem.message, hint=problem.hint)


@command.command("remove")
@click.argument("name")
@pass_context
def remove_watch(context: Context, /, name: str) -> None:
    """Remove a watch from the configuration file; what it found stays in the archive."""
    from config.edit import remove_item, write_atomic  # noqa: PLC0415 (YAML is heavy)
    from config.files import read_text  # noqa: PLC0415 (likewise)

    _find(context.config, name)
    path = context.path
    write_atomic(path, remove_item(read_text(path), "watches", name))
    context.say(f"removed {escape(name)!r} from {escape(path)}")


# ---------------------------------------------------------------- test


@command.command("test")
@click.argument("query", required=False)
@click.argument("file", default="-", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--watch", metavar="NAME", help="Try this watch of the configuration instead of a QUERY.")
@click.option("--title", help="The title (otherwise a short first line, when more follows).")
@click.option("--lang", "language", metavar="CODE", help="The language (guessed when not given).")
@click.option("--source", default="", metavar="NAME", help="The name of the source, for source:.")
@click.option("--country", metavar="CODE", help="The country of the source, for country:.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.MEDIA.value,
    show_default=True,
    help="For role:.",
)
@json_option
@pass_context
def test_query(
    context: Context, /, query: str | None, file: Any, *, watch: str | None, as_json: bool, **options: Any
) -> None:
    """Try a QUERY on the text in FILE, or on standard input, and show what matches with carets.

    With --watch the only argument is FILE; of a scored watch the sum is shown. A QUERY that begins with a dash follows
    "--".
    """
    if watch is not None:
        from envoywatch.cli.watches_try import try_watch  # noqa: PLC0415 (made of what stands here)

        try_watch(context, _find(context.config, watch), query, options, as_json=as_json)
        return
    if query is None:
        raise UsageError("nothing to try", hint="give a QUERY, or --watch NAME")
    parsed = _parse(query)
    matcher = _compiled(parsed, name_forms(_config_if_any(context)))
    document = read_document(file.read(), options)
    explanation = matcher.explain(document, "query")
    if as_json:
        emit_json(_outcome(parsed, document, explanation))
        return
    _warn(parsed)
    if explanation.matched:
        print_match(document, explanation.spans)
    else:
        click.echo(f"no match: this does not hold: {escape(explanation.failed)}")


def _config_if_any(context: Context) -> Config | None:
    """The built-in people are enough to try a query before there is a configuration."""
    try:
        path = context.path
    except UsageError:
        return None
    return context.config if context.config_file is not None or path.exists() else None


def name_forms(config: Config | None) -> PersonForms:
    """Every written form of the people of the configuration, or of the built-in ones."""
    from alerts.names import NameForms  # noqa: PLC0415 (reads every name there is)
    from config.people import load_people  # noqa: PLC0415 (likewise)

    return NameForms(load_people(config.people, config.groups) if config is not None else load_people())


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
        "read_as": _normal(query),
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


# ---------------------------------------------------------------- queries and matches for a person


def _parse(text: str) -> Query:
    """The query; a mistake is first shown in its place on stderr."""
    from alerts.watches.query import QueryError, parse_query  # noqa: PLC0415 (builds the parser)

    try:
        return parse_query(text)
    except QueryError as error:
        click.echo(escape(error.caret(), keep_lines=True), err=True)
        raise


def _normal(query: Query) -> str:
    from alerts.watches.query import render_query  # noqa: PLC0415 (as above)

    return render_query(query)


def _warn(query: Query) -> None:
    for warning in query.warnings:
        click.echo(f"warning: {escape(warning)}", err=True)


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
