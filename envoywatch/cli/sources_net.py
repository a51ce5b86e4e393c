"""What `sources add` and `sources test` do on the network: find what can be read at an address, and try it once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from alerts.words import count
from config.errors import EnvoywatchError, UsageError
from config.messages import did_you_mean
from config.redact import redact_url
from config.vocabulary import EndpointKind
from crawler.discovery import Discovered, DiscoveryError, Found, chain_of, discover
from crawler.engine import Engine, run
from crawler.settings import settings_of
from crawler.workers import Workers
from envoywatch.cli.output import Column, escape, print_table
from envoywatch.cli.times import short
from envoywatch.desk import spec_of
from envoywatch.source_trial import Trial, try_once
from storage.faults import describe
from storage.model import Access, Endpoint, SourceSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from config.model import Config

_T = TypeVar("_T")
_TEXT_SHOWN = 300


def discover_at(config: Config, url: str, *, say: Callable[[str], None]) -> tuple[list[Discovered], list[Discovered]]:
    """What can be polled at an address, best first, never empty, and those of it that make one source.

    Raises DiscoveryError.
    """
    say(f"looking at {escape(url)} ...")

    async def look(engine: Engine, workers: Workers) -> Found:
        return await discover(engine, workers, url, access=Access(config.crawl.private_addresses))

    found = _with_engine(config, look)
    if found.fault is not None:
        say(f"that address itself cannot be read: {escape(found.fault.detail)}; found elsewhere on the site:")
    return list(found.addresses), chain_of(found.addresses, url)


def print_found(found: Sequence[Discovered], chain: Sequence[Discovered]) -> None:
    """For a person: all addresses with what each is good for, and what the first would read."""
    rows = []
    for one in found:
        use = "" if one not in chain else "reads" if one == chain[0] else "stands in"
        rows.append((use, one.kind.value, escape(redact_url(one.url)), str(one.entries), short(one.newest_at)))
    print_table(("", "KIND", "ADDRESS", Column("ENTRIES", right=True), "NEWEST"), rows, empty="")
    if chain[0].links:
        click.echo(f"learned which links are articles: links: {escape(chain[0].links)}")
    for title in chain[0].titles:
        click.echo(f"  {escape(title)}")


def try_source(config: Config, name_or_url: str, *, links: str | None, say: Callable[[str], None]) -> Trial:
    """Poll a configured source, or whatever is found at a URL, once; raises UsageError for an unknown name."""
    spec = next((spec_of(source, config) for source in config.sources if source.name == name_or_url), None)
    if spec is None and "." not in name_or_url and "//" not in name_or_url:
        names = [source.name for source in config.sources]
        hint = did_you_mean(name_or_url, names) or "name a source of the configuration, or give a URL"
        raise UsageError(f"there is no source {name_or_url!r}", hint=hint)
    say(f"fetching {escape(name_or_url)} ...")

    async def attempt(engine: Engine, workers: Workers) -> Trial:
        if spec is None and links is not None:
            chosen = _spec_of(config, EndpointKind.LISTING, name_or_url)
        else:
            chosen = spec or await _spec_at(config, name_or_url, engine, workers)
        if links is not None:
            chosen = replace(chosen, endpoints=(Endpoint(EndpointKind.LISTING, chosen.endpoints[-1].url, links),))
        return await try_once(engine, workers, chosen)

    return _with_engine(config, attempt)


async def _spec_at(config: Config, url: str, engine: Engine, workers: Workers) -> SourceSpec:
    found = await discover(engine, workers, url, access=Access(config.crawl.private_addresses))
    if found.fault is not None:
        elsewhere = f"`envoywatch sources add {url}` shows what there is elsewhere on the site"
        raise DiscoveryError(f"{url} cannot be read: {found.fault.detail}", hint=elsewhere)
    best = found.addresses[0]
    return _spec_of(config, best.kind, best.url, best.title)


def _spec_of(config: Config, kind: EndpointKind, url: str, title: str = "") -> SourceSpec:
    return SourceSpec(
        name=title or url,
        endpoints=(Endpoint(kind, url),),
        interval=config.crawl.interval,
        articles=config.crawl.articles,
        private_addresses=config.crawl.private_addresses,
    )


def _with_engine(config: Config, work: Callable[[Engine, Workers], Awaitable[_T]]) -> _T:
    """Run some work with an engine and a worker of its own, stopped again whatever happens."""
    done: list[_T] = []
    failed: list[EnvoywatchError] = []

    async def main() -> int:
        async with _engine(config) as (engine, workers):
            try:
                done.append(await work(engine, workers))
            except EnvoywatchError as error:
                failed.append(error)
        return 0

    run(main)
    if failed:
        raise failed[0]
    return done[0]


@asynccontextmanager
async def _engine(config: Config) -> AsyncIterator[tuple[Engine, Workers]]:
    engine = Engine(settings_of(config.crawl))
    workers = Workers(1, timeout=timedelta(seconds=20))
    await engine.start()
    try:
        yield engine, workers
    finally:
        await engine.stop(timedelta(seconds=1))
        await workers.stop()


def _print_endpoint(trial: Trial, position: int) -> None:
    """What one address gives, or why it gives nothing and what to do about that."""
    endpoint, polled = trial.endpoints[position], trial.polls[position]
    number = f" address {position + 1}" if len(trial.polls) > 1 else ""
    where = f"{escape(trial.name)}{number}: {endpoint.kind} {escape(redact_url(endpoint.url))}"
    if polled.fault is not None:
        click.echo(f"{where}: {escape(polled.fault.detail)}")
        click.echo(f"  {describe(polled.fault.kind).remedy}")
    else:
        stands_by = " (stands by)" if position != trial.delivering else ""
        click.echo(f"{where}: {count(len(polled.entries), 'entry')}{stands_by}")
    for note in polled.notes:
        click.echo(f"  note: {escape(note)}")


def print_trial(trial: Trial, most: int) -> None:
    """For a person: what each address gives, the entries of the one a poll would take, and how an article reads."""
    for position in range(len(trial.polls)):
        _print_endpoint(trial, position)
    polled = trial.poll
    if polled.fault is not None:
        click.echo(f"{escape(trial.name)}: cannot be read")
        return
    if len(trial.polls) > 1:
        click.echo(f"\nfrom address {(trial.delivering or 0) + 1}:")
    rows = [(short(entry.published_at), entry.title, entry.url or "") for entry in polled.entries[:most]]
    print_table(("PUBLISHED", "TITLE", "LINK"), rows, empty="nothing is in it right now")
    if trial.text is not None:
        text = trial.text
        told = f" ({escape(text.reason)})" if text.reason else ""
        size, language = count(len(text.text), "character"), escape(text.language or "not known")
        click.echo(f"\nthe first as it would be stored: {size} from the {text.origin}, language {language}{told}")
        click.echo(escape(" ".join(text.text.split())[:_TEXT_SHOWN]))
