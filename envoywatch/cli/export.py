"""`envoywatch export`: the articles with what was found in them, as JSON Lines or CSV, one at a time."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from config.errors import UsageError
from envoywatch.cli.archive import csv_cell, output_to, reading
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import json_text, to_plain
from envoywatch.cli.progress import Progress
from envoywatch.cli.times import since_option, until_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from storage.views import ArticleFilters, ArticleView, ClaimView, Reader

_BATCH = 200


class TableName(click.ParamType[str | None]):
    """One of `storage.views_tables.TABLES`; `articles` is what is exported anyway."""

    name = "table"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | None:
        """The name as it is, None for articles."""
        from storage.views_tables import TABLES  # noqa: PLC0415 (so that --help is quick)

        if value != "articles" and value not in TABLES:
            self.fail(f"{value!r} is not one of articles, {', '.join(TABLES)}", param, ctx)
        return None if value == "articles" else str(value)


CSV_COLUMNS = (
    "id", "url", "title", "source", "country", "role", "language", "author", "published_at", "seen_at", "origin",
    "copy_of", "watches", "meetings", "text",
)  # fmt: skip
_CLAIM_FIELDS = ("meeting_id", "participants", "level", "status", "date", "place", "span", "rule", "confidence")


@click.command("export")
@click.option("--format", "form", type=OneOf(["jsonl", "csv"]), default="jsonl", show_default=True)
@since_option
@until_option
@click.option("--table", type=TableName(), metavar="TABLE", help="This table or view instead, as it is: alerts ...")
@click.option(
    "--labels", is_flag=True, help="Only articles whose alerts you reviewed, labelled: JSON Lines for measuring."
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def command(
    context: Context,
    /,
    form: str,
    since: datetime | None,
    until: datetime | None,
    table: str | None,
    file: Path | None,
    *,
    labels: bool,
    force: bool,
) -> None:
    """Write articles with their matches and claims to FILE, or to stdout, newest first.

    --since and --until are about when an article was first seen, an alert raised, a meeting last changed.
    """
    if labels:
        _export_labels(context, file, form, since or until or table, force=force)
        return
    if table is not None:
        _export_table(context, table, since, until, form, file, force=force)
        return
    from alerts import words  # noqa: PLC0415 (so that --help is quick)
    from storage.views import ArticleFilters  # noqa: PLC0415 (likewise)

    seen: Counter[str] = Counter()

    def counted(articles: Iterable[ArticleView]) -> Iterator[dict[str, Any]]:
        for view in articles:
            yield record_of(view)
            seen["articles"] += 1
            progress.tell(lambda: f"{words.count(seen['articles'], 'article')} written")

    with reading(context) as connection, Progress(context) as progress, output_to(file, force=force) as out:
        _WRITERS[form](counted(_articles(connection, ArticleFilters(since=since, until=until))), out)
    context.say(f"{words.count(seen['articles'], 'article')} written")


def _export_table(
    context: Context,
    table: str,
    since: datetime | None,
    until: datetime | None,
    form: str,
    file: Path | None,
    *,
    force: bool,
) -> None:
    from alerts import words  # noqa: PLC0415 (as above)
    from storage.views_tables import columns_of, rows_of  # noqa: PLC0415 (likewise)

    seen: Counter[str] = Counter()

    def counted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            yield row
            seen["rows"] += 1
            progress.tell(lambda: f"{words.count(seen['rows'], 'row')} written")

    with reading(context) as connection, Progress(context) as progress, output_to(file, force=force) as out:
        rows = counted(rows_of(connection, table, since, until))
        if form == "csv":
            _write_rows(rows, columns_of(connection, table), out)
        else:
            _write_json_lines(rows, out)
    context.say(f"{words.count(seen['rows'], 'row')} written")


def _write_rows(rows: Iterable[dict[str, Any]], columns: Sequence[str], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        values = (row[name] for name in columns)
        writer.writerow([csv_cell(json_text(one) if isinstance(one, list | dict) else one) for one in values])


def _export_labels(context: Context, file: Path | None, form: str, bound: object, *, force: bool) -> None:
    from alerts import words  # noqa: PLC0415 (as above)
    from envoywatch.labels import labelled_articles  # noqa: PLC0415 (likewise)

    if form != "jsonl" or bound is not None:
        raise UsageError("--labels writes JSON Lines of all that was reviewed", hint="leave out the other options")
    with reading(context) as connection:
        found = list(labelled_articles(connection))
    with output_to(file, force=force) as out:
        out.writelines(json_text(record) + "\n" for record in found)
    unsure = sum(len(one.get("unsure", ())) for one in found)
    told = f"; {words.count(unsure, 'event')} to be looked at (`unsure`)" if unsure else ""
    context.say(f"{words.count(len(found), 'labelled article')} written{told}")


def _articles(connection: Reader, filters: ArticleFilters) -> Iterator[ArticleView]:
    """Newest first, a page at a time, so that neither memory nor a long read transaction grows with the archive."""
    from storage.views import NotStoredError, get_article, search_articles  # noqa: PLC0415 (as above)

    while batch := search_articles(connection, None, filters, limit=_BATCH):
        for found in batch:
            with suppress(NotStoredError):  # pruned by the daemon since the page was read
                yield get_article(connection, found.line.id)
        filters = replace(filters, before=batch[-1].line.id)


def record_of(view: ArticleView) -> dict[str, Any]:
    """An article as one JSON object; spans count characters of its `title` or `text` from 0, end excluded."""
    line = to_plain(view.line)
    return {
        **line,
        "author": view.author,
        "claimed_at": to_plain(view.claimed_at),
        "read_at": to_plain(view.read_at),
        "text": view.text,
        "matches": [{"watch": match.watch, "spans": to_plain(match.spans)} for match in view.matches],
        "claims": [_claim(claim) for claim in view.claims],
    }


def _claim(claim: ClaimView) -> dict[str, Any]:
    plain = {name: to_plain(getattr(claim, name)) for name in _CLAIM_FIELDS}
    return {**plain, "evidence": claim.evidence.text, "cues": to_plain(claim.cues)}


def _write_json_lines(records: Iterable[dict[str, Any]], out: TextIO) -> None:
    out.writelines(json_text(record) + "\n" for record in records)


def _write_csv(records: Iterable[dict[str, Any]], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for record in records:
        row = {
            **record,
            "watches": "; ".join(match["watch"] for match in record["matches"]),
            "meetings": "; ".join(f"{' – '.join(one['participants'])}: {one['status']}" for one in record["claims"]),
        }
        writer.writerow([csv_cell(row[name]) for name in CSV_COLUMNS])


_WRITERS: dict[str, Callable[[Iterable[dict[str, Any]], TextIO], None]] = {
    "jsonl": _write_json_lines,
    "csv": _write_csv,
}
