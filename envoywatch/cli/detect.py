"""`detect`: read texts, or JSON Lines of articles, and print who met whom."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from config.errors import UsageError
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, emit_json_line, escape, json_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alerts.meetings.reader import MeetingReader
    from config.people import People
    from storage.model import Claim, Cue

_TITLE_MAX = 200
"""Characters. A first line up to so long, with more text after it, is the title."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One text to be read."""

    id: str | None
    title: str
    text: str
    language: str | None
    published_at: datetime


@click.command("detect")
@click.argument("files", nargs=-1, type=click.Path(allow_dash=True, dir_okay=False))
@click.option(
    "--jsonl", is_flag=True, help="Input is JSON Lines {id, lang?, published, title, text}; so is the output."
)
@click.option("--date", "day", metavar="YYYY-MM-DD", help="The day of publication (today), for weekdays and offices.")
@click.option("--lang", "language", metavar="CODE", help="The language (guessed when not given).")
@json_option
@pass_context
def command(context: Context, /, files: tuple[str, ...], **options: Any) -> None:
    """Read texts and print the meetings that they report.

    Reads standard input when no FILE is named; "-" is standard input too. The first line of a text is its title when
    it is short and more follows.
    """
    published_at = _moment(options["day"]) if options["day"] else datetime.now(UTC)
    reader = _reader(context)
    if options["jsonl"]:
        for name in files or ("-",):
            for item in _json_items(_lines(name), name, options["language"], published_at):
                emit_json_line({"id": item.id, "events": [_event(claim) for claim in _claims(reader, item)]})
        return
    items = [(name, _text_item(_whole(name), options["language"], published_at)) for name in files or ("-",)]
    if options["as_json"]:
        emit_json([_document(reader, name, item) for name, item in items])
        return
    for name, item in items:
        _print(name if len(items) > 1 else "", reader, item)


def _reader(context: Context) -> MeetingReader:
    from alerts.meetings.reader import MeetingReader  # noqa: PLC0415 (names and lexicons are heavy)

    return MeetingReader(_people(context))


def _people(context: Context) -> People:
    """The built-in people, and the operator's when there is a configuration."""
    from config.people import load_people  # noqa: PLC0415 (likewise)

    try:
        path = context.path
    except UsageError:
        return load_people()
    return load_people(context.config.people, context.config.groups) if path.exists() else load_people()


def _claims(reader: MeetingReader, item: _Item) -> tuple[Claim, ...]:
    return reader.read(item.title, item.text, item.language, item.published_at)


# ---------------------------------------------------------------- input


def _moment(text: str) -> datetime:
    """Midday of a day, or a time with its zone; raises UsageError."""
    try:
        if len(text) == len("2023-05-26"):
            return datetime.combine(date.fromisoformat(text), time(12), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a date", hint="write it as 2023-05-26") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _open(name: str) -> TextIO:
    try:
        return cast("TextIO", click.open_file(name, encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error


def _whole(name: str) -> str:
    with _open(name) as stream:
        return stream.read()


def _lines(name: str) -> Iterator[str]:
    with _open(name) as stream:
        yield from stream


def _text_item(text: str, language: str | None, published_at: datetime) -> _Item:
    first, _, rest = text.strip().partition("\n")
    title, body = (first, rest) if rest.strip() and len(first) <= _TITLE_MAX else ("", text)
    return _Item(None, title, body, language or _guess(text), published_at)


def _json_items(lines: Iterable[str], name: str, language: str | None, published_at: datetime) -> Iterator[_Item]:
    """Items of a JSON Lines file; raises UsageError with file and line at the first bad one."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{'<stdin>' if name == '-' else name}:{number}"
        try:
            yield _json_item(json.loads(line), language, published_at)
        except (ValueError, UsageError, RecursionError) as error:
            hint = "one JSON object a line: {id, lang, published, title, text}"
            raise UsageError(f"{place}: {error}", hint=hint) from error


def _json_item(data: Any, language: str | None, published_at: datetime) -> _Item:
    if not isinstance(data, dict):
        raise UsageError("not a JSON object")
    if "id" not in data:
        raise UsageError("no id")
    texts = {key: data.get(key) or "" for key in ("title", "text", "lang", "published")}
    wrong = next((key for key, value in texts.items() if not isinstance(value, str)), None)
    if wrong:
        raise UsageError(f"{wrong} is not a string")
    moment = _moment(texts["published"]) if texts["published"] else published_at
    code = language or texts["lang"] or _guess(f"{texts['title']}\n{texts['text']}")
    return _Item(data["id"], texts["title"], texts["text"], code, moment)


def _guess(text: str) -> str | None:
    from crawler.pages import text_language  # noqa: PLC0415 (loads a model)

    return text_language(text)


# ---------------------------------------------------------------- output


def _event(claim: Claim) -> dict[str, object]:
    return {
        "participants": claim.participants,
        "level": claim.level,
        "status": claim.status,
        "date": claim.date,
        "place": claim.place,
        "evidence": claim.evidence,
    }


def _document(reader: MeetingReader, name: str, item: _Item) -> dict[str, object]:
    return {
        "file": name,
        "language": item.language,
        "notes": reader.notes(item.text, item.language),
        "claims": _claims(reader, item),
    }


def _print(heading: str, reader: MeetingReader, item: _Item) -> None:
    from rich.console import Console  # noqa: PLC0415 (not needed for JSON)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if heading:
        console.print(Text(escape(heading), style="underline"))
    for note in reader.notes(item.text, item.language):
        console.print(Text(escape(f"({note}: {item.language})"), style="yellow"))
    claims = _claims(reader, item)
    if not claims:
        console.print(Text("no meeting found"))
    for claim in claims:
        console.print(_headline(claim))
        console.print(_evidence(claim))


def _headline(claim: Claim) -> Any:
    from rich.text import Text  # noqa: PLC0415 (likewise)

    details = [claim.level.value, claim.date.isoformat() if claim.date else "", claim.place or ""]
    line = Text(claim.status.value.replace("_", " "), style="bold")
    line.append(f"  {escape(' and '.join(claim.participants))}", style="not bold")
    line.append(f"  ({', '.join(filter(None, details))}; {claim.rule}, {claim.confidence:.2f})", style="dim")
    return line


def _evidence(claim: Claim) -> Any:
    """The sentence with the words that decided marked, as [words|kind] where there is no colour."""
    from rich.text import Text  # noqa: PLC0415 (likewise)

    line = Text("    ")
    at = 0
    for start, end, kinds in _marks(claim.cues, claim.span.start):
        line.append(escape(claim.evidence[at:start]))
        line.append(f"[{escape(claim.evidence[start:end])}", style="bold magenta")
        line.append(f"|{kinds}]", style="magenta")
        at = end
    line.append(escape(claim.evidence[at:]))
    return line


def _marks(cues: Sequence[Cue], offset: int) -> list[tuple[int, int, str]]:
    """Places of the cues inside the sentence, in order, the overlapping ones joined."""
    marks: list[tuple[int, int, str]] = []
    for cue in sorted(cues, key=lambda cue: cue.span):
        start, end = cue.span.start - offset, cue.span.end - offset
        if marks and start < marks[-1][1]:
            last = marks.pop()
            marks.append((last[0], max(last[1], end), f"{last[2]}, {cue.kind}"))
        else:
            marks.append((start, end, cue.kind))
    return marks
