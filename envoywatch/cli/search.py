"""`envoywatch search`: the archive, in the watches' query language."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import click

from config.errors import UsageError
from envoywatch.cli import show
from envoywatch.cli.archive import reading
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape, json_option
from envoywatch.cli.progress import Progress
from envoywatch.cli.times import short, since_option, until_option

if TYPE_CHECKING:
    from datetime import datetime

    from config.model import Config
    from envoywatch.searching import ArchiveSearch, Found
    from storage.model import Span
    from storage.views import ArticleFilters, ArticleLine, Evidence, Reader

_LISTED = 20
_EXAMPLES = """\b
Examples:
  envoywatch search '@li-hui AND (talks OR 会谈)' --since 7d
  envoywatch search 'grain NEAR/5 corridor lang:en'"""
"""The first character keeps click from folding the lines."""


@click.command("search", epilog=_EXAMPLES)
@click.argument("query")
@since_option
@until_option
@click.option("--source", metavar="NAME", help="Only articles of this source.")
@click.option("--language", metavar="CODE", help="Only articles in this language, as zh.")
@click.option("--limit", type=click.IntRange(min=1), default=_LISTED, show_default=True, help="At most so many.")
@json_option
@pass_context
def command(
    context: Context,
    /,
    query: str,
    since: datetime | None,
    until: datetime | None,
    source: str | None,
    language: str | None,
    *,
    limit: int,
    as_json: bool,
) -> None:
    """Search the archive, newest first, in the query language of watches.

    A QUERY that begins with a dash follows "--".
    """
    from alerts.words import count  # noqa: PLC0415 (so that --help is quick)
    from storage.views import ArticleFilters  # noqa: PLC0415 (likewise)

    wanted = ArticleFilters(source=source, language=language.lower() if language else None, since=since, until=until)
    with reading(context) as connection, Progress(context) as progress:
        search = prepare(query, context.config)
        for warning in search.warnings:
            context.say(f"note: {escape(warning)}")

        def tell(looked_at: int) -> None:
            progress.tell(lambda: f"looked at {count(looked_at, 'article')}")

        hits = [_hit(found) for found in islice(search.run(connection, wanted, tell), limit + 1)]
        if not hits:
            _check_source(connection, wanted)
    has_more = len(hits) > limit
    if as_json:
        emit_json({"query": query, "hits": hits[:limit], "more": has_more})
        return
    for hit in hits[:limit]:
        _print(hit)
    if not hits:
        click.echo("Nothing in the archive matches.")
    if has_more:
        context.say(f"the newest {limit}; --limit shows more")


@dataclass(frozen=True, slots=True)
class Hit:
    """A found article, its title and a part of its text with what was found marked, and all spans of the match."""

    article: ArticleLine
    title: Evidence
    snippet: Evidence
    spans: tuple[Span, ...]


def _hit(found: Found) -> Hit:
    from envoywatch.snippets import marked_title, snippet  # noqa: PLC0415 (as above)

    line, spans = found.article.line, found.match.spans
    return Hit(
        article=line,
        title=marked_title(line.title, spans, line.language),
        snippet=snippet(found.article.text, spans, line.language),
        spans=spans,
    )


def prepare(query: str, config: Config) -> ArchiveSearch:
    """The query ready to run; a mistake in it is shown with a caret under it."""
    from alerts.watches.errors import QueryError  # noqa: PLC0415 (as above)
    from envoywatch.searching import ArchiveSearch  # noqa: PLC0415 (likewise)

    try:
        return ArchiveSearch(query, config)
    except QueryError as error:
        click.echo(error.caret(), err=True)
        raise


def _check_source(connection: Reader, filters: ArticleFilters) -> None:
    """Finding nothing in a source that does not exist is a mistake, not an answer."""
    from storage.views import ArticleFilters, search_articles  # noqa: PLC0415 (as above)

    if filters.source and not search_articles(connection, None, ArticleFilters(source=filters.source), limit=1):
        raise UsageError(
            f"no article of a source called {filters.source!r} is stored",
            hint="`envoywatch sources list` shows their names",
        )


def _print(hit: Hit) -> None:
    article = hit.article
    from alerts import words  # noqa: PLC0415 (as above)

    told = words.copied(article.overlap, article.added)
    copied = f", copy of {article.copy_of}{told}" if article.copy_of is not None else ""
    click.echo(f"{article.id}  {short(article.published_at)}  {escape(article.source)}{escape(copied)}")
    show.quote(hit.title)
    if hit.snippet.text:
        show.quote(hit.snippet, indent=4)
    if article.url is not None:
        click.echo(f"    {escape(article.url)}")
