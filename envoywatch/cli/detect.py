"""`detect`: read texts, or JSON Lines of articles, and print who met whom."""

from __future__ import annotations

import json
import sys
import unicodedata
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

_LIKELY = {"LATIN": "en", "CJK": "zh"}
"""Where a text is too short to tell: a guess by its script, which is said, is better than reading nothing."""
_NAMES = {"en": "English", "zh": "Chinese"}
_MOST_DAMAGED = 0.1
"""A text of which more than this share cannot be decoded is none."""
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
    is_assumed: bool = False
    """Whether the language is only what the script makes likely."""


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
    it is short and more follows. A text too short to tell its language is read as English when its letters are Latin,
    as Chinese when they are Han characters.
    """
    published_at = _moment(options["day"]) if options["day"] else datetime.now(UTC)
    reader = _reader(context)
    if options["jsonl"]:
        for name in files or ("-",):
            for item in _json_items(_lines(name), name, options["language"], published_at):
                emit_json_line({"id": item.id, "events": [_event(claim) for claim in _claims(reader, item)]})
        return
    items = [(name, _text_item(name, options["language"], published_at)) for name in files or ("-",)]
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


def _text_item(name: str, language: str | None, published_at: datetime) -> _Item:
    """One file, or standard input, as an item; raises UsageError for what holds no text."""
    text, shown = _whole(name), "standard input" if name == "-" else name
    if not text.strip():
        raise UsageError(f"{shown} is empty", hint="detect reads the text of an article")
    if "\0" in text or text.count("\ufffd") > len(text) * _MOST_DAMAGED:
        raise UsageError(f"{shown} is not text", hint="detect reads plain UTF-8 text")
    first, _, rest = text.strip().partition("\n")
    title, body = (first, rest) if rest.strip() and len(first) <= _TITLE_MAX else ("", text)
    code, is_assumed = _language(language, text)
    return _Item(None, _composed(title), _composed(body), code, published_at, is_assumed)


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
    code, is_assumed = _language(language or texts["lang"], f"{texts['title']}\n{texts['text']}")
    return _Item(data["id"], _composed(texts["title"]), _composed(texts["text"]), code, moment, is_assumed)


def _composed(text: str) -> str:
    """As articles are stored: a letter and its accent as one character, or no list of names knows the word."""
    return unicodedata.normalize("NFC", text)


def _language(told: str | None, text: str) -> tuple[str | None, bool]:
    """The language told, or the one the text shows, or (and then true) the likeliest of its script."""
    if told:
        return told, False
    from crawler.pages import text_language  # noqa: PLC0415 (loads a model)

    shown = text_language(text)
    if shown is not None:
        return shown, False
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    likely = next((code for script, code in _LIKELY.items() if scripts <= {script}), None) if scripts else None
    return likely, likely is not None


def _notes(reader: MeetingReader, item: _Item) -> tuple[str, ...]:
    """What a person should know of how the item was read."""
    if item.language is None:
        return ("the language cannot be told: name it with --lang",)
    assumed = (f"read as {_NAMES[item.language]}; --lang names another language",) if item.is_assumed else ()
    return (*assumed, *reader.notes(item.text, item.language))


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
        "notes": _notes(reader, item),
        "claims": _claims(reader, item),
    }


def _print(heading: str, reader: MeetingReader, item: _Item) -> None:
    from rich.console import Console  # noqa: PLC0415 (not needed for JSON)
    from rich.text import Text  # noqa: PLC0415 (likewise)

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if heading:
        console.print(Text(escape(heading), style="underline"))
    for note in _notes(reader, item):
        code = f": {item.language}" if item.language and not item.is_assumed else ""
        console.print(Text(escape(f"({note}{code})"), style="yellow"))
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
