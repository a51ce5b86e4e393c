"""`envoywatch search`: the archive, in the watches' query language."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.vocabulary import Role
from envoywatch.cli import show
from envoywatch.cli.archive import labels_of, reading
from envoywatch.cli.choices import OneOf
from envoywatch.cli.codes import COUNTRY, LANGUAGE
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, escape, json_option, print_table
from envoywatch.cli.progress import Progress
from envoywatch.cli.times import short, since_option, until_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.model import Config
    from envoywatch.searching import ArchiveSearch, Found, Page
    from storage.model import Span
    from storage.views import ArticleFilters, ArticleLine, Evidence, Reader

_LISTED = 20
_FACETS_SHOWN = 12
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
@click.option("--language", type=LANGUAGE, metavar="CODE", help="Only articles in this language, as zh.")
@click.option("--country", type=COUNTRY, metavar="CODE", help="Only articles of sources of this country, as CN.")
@click.option("--role", type=OneOf([role.value for role in Role]), help="Only articles of sources of this role.")
@click.option("--person", metavar="NAME", help="Only articles that claim a meeting of this person.")
@click.option("--meeting", type=click.IntRange(min=1), metavar="ID", help="Only articles that claim this meeting.")
@click.option("--story", type=click.IntRange(min=1), metavar="ID", help="Only articles of this story.")
@click.option("--sort", type=OneOf(["best", "newest"]), help="Default: of few the best, of many the newest.")
@click.option("--facets", is_flag=True, help="Count what is found by source, language and day.")
@click.option("--limit", type=click.IntRange(min=1), default=_LISTED, show_default=True, help="At most so many.")
@json_option
@pass_context
def command(context: Context, /, query: str, *, limit: int, facets: bool, as_json: bool, **narrowing: Any) -> None:
    """Search the archive in the query language of watches.

    A QUERY that begins with a dash follows "--".
    """
    from alerts.words import count  # noqa: PLC0415 (so that --help is quick)
    from envoywatch.searching import Sort  # noqa: PLC0415 (likewise)

    sort = Sort(order) if (order := narrowing.pop("sort")) else None
    with reading(context) as connection, Progress(context) as progress:
        search = prepare(query, context.config)
        wanted = _filters(context.config, narrowing)
        for warning in search.warnings:
            context.say(f"note: {escape(warning)}")

        def tell(looked_at: int) -> None:
            progress.tell(lambda: f"looked at {count(looked_at, 'article')}")

        page = search.page(connection, wanted, limit=limit, sort=sort, most=sys.maxsize, progress=tell)
        if not page.found:
            _check_source(connection, wanted)
    hits = [_hit(found) for found in page.found]
    more = page.before is not None or page.skip is not None
    if as_json:
        emit_json(
            {
                "query": query,
                "hits": hits,
                "more": more,
                "sort": page.sort,
                "total": page.total,
                "is_total": page.is_total,
                "facets": page.facets,
                "counted": page.counted,
            }
        )
        return
    for hit in hits:
        _print(hit)
    if not hits:
        click.echo("Nothing in the archive matches.")
    elif facets:
        _print_facets(page)
    if more:
        which = "best" if page.sort is Sort.BEST else "newest"
        context.say(f"the {which} {len(hits)} of {found_in_words(page)}; --limit shows more")


def found_in_words(page: Page) -> str:
    """`1,234` or `more than 5,000`."""
    return f"{page.total:,}" if page.is_total else f"more than {page.total - 1:,}"


def _filters(config: Config, narrowing: Mapping[str, Any]) -> ArticleFilters:
    from storage.views import ArticleFilters  # noqa: PLC0415 (as above)

    person = narrowing["person"]
    if person is not None:
        labels = labels_of(config, person)
        if len(labels) > 1:
            raise UsageError(f"{person!r} is a group", hint="name one person")
        narrowing = {**narrowing, "person": labels[0]}
    return ArticleFilters(**narrowing)


def _print_facets(page: Page) -> None:
    whole = page.is_total and page.counted == page.total
    click.echo("")
    click.echo(f"Of {page.counted:,}{'' if whole else ' counted'}:")
    for title, counts in (
        ("SOURCE", page.facets.by_source),
        ("LANGUAGE", page.facets.by_language),
        ("DAY", page.facets.by_day),
    ):
        print_table([title, Column("ARTICLES", right=True)], counts[:_FACETS_SHOWN])


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
