"""`sources`: list and show (in `sources_health`), add, test, remove, import and export what is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import EnvoywatchError, UsageError
from config.vocabulary import EndpointKind, Role
from envoywatch.cli.choices import OneOf
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape, json_option
from envoywatch.cli.sources_health import list_command, show_command

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from config.model import Source


@click.group("sources")
def command() -> None:
    """List, show, add, test, remove, import and export sources: what is read."""


command.add_command(list_command)
command.add_command(show_command)


# ---------------------------------------------------------------- add, test


@command.command("add", short_help="Find what can be read at a URL and add it.")
@click.argument("url")
@click.option("--name", help="What to call it (else its title or its host).")
@click.option("--kind", type=OneOf([kind.value for kind in EndpointKind]), help="Add it as it is, without a look.")
@click.option("--links", metavar="CSS", help="For a listing: which links are articles.")
@click.option("--language", metavar="CODE", help="As en, uk, zh.")
@click.option("--country", metavar="CODE", help="As UA, CN, EU.")
@click.option("--role", type=OneOf([role.value for role in Role]), help="Who speaks through it.")
@click.option("--interval", metavar="TIME", help="How often it is asked, as 2m or 1h.")
@click.option("--alone", is_flag=True, help="The best address only, without those that would stand in for it.")
@click.option("--dry-run", is_flag=True, help="Show what was found, and change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Add it without asking.")
@pass_context
def add_source(
    context: Context,
    /,
    url: str,
    *,
    name: str | None,
    kind: str | None,
    links: str | None,
    alone: bool,
    dry_run: bool,
    yes: bool,
    **told: str | None,
) -> None:
    """Find what can be read at URL, show it, and add it to the configuration.

    URL is the page of an outlet, a section of it, a feed, a sitemap or a Telegram channel. The best address found comes
    first; others that give the same by another way stand in while it fails. At a terminal you are asked before anything
    is saved.
    """
    from envoywatch.editing import free_source_name, judge_source  # noqa: PLC0415 (heavy)

    config = context.config
    title = ""
    if kind is None and links is None:
        from envoywatch.cli.sources_net import discover_at, print_found  # noqa: PLC0415 (the crawler takes 0.5 s)

        found, chain = discover_at(config, url, say=context.say)
        chain = chain[:1] if alone else chain
        print_found(found, chain)
        title, url = chain[0].title, chain[0].url
        endpoints = [{one.kind.value: one.url} for one in chain]
    else:
        endpoints = [{kind or EndpointKind.LISTING.value: url, **({"links": links} if links else {})}]
    item: dict[str, Any] = {"name": name or free_source_name(config, title, url)}
    item |= {key: value for key, value in told.items() if value}
    item["endpoints"] = endpoints
    for problem in judge_source(config, item):
        raise UsageError(problem.message, hint=problem.hint)
    if dry_run or not (yes or kind is not None or _agreed(item["name"])):
        context.say("nothing was changed")
        return
    from config.edit import add_item  # noqa: PLC0415 (YAML is loaded by now)

    _change(context, lambda text: add_item(text, "sources", item))
    kinds = ", then ".join(next(iter(endpoint)) for endpoint in endpoints)
    context.say(f"added {escape(item['name'])!r} ({kinds}) to {escape(context.path)}")


def _agreed(name: str) -> bool:
    """Whether the person at the terminal wants it saved; a script has said so by calling."""
    if not sys.stdin.isatty():
        return True
    return click.confirm(f"Add it as {escape(name)!r}?", default=True, err=True)


@command.command("test", short_help="Fetch a source or a URL once and show what would be read.")
@click.argument("name_or_url")
@click.option("--links", metavar="CSS", help="For a listing: try this selector.")
@click.option(
    "--entries", "most", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many to show."
)
@json_option
@pass_context
def test_source(context: Context, /, name_or_url: str, *, links: str | None, most: int, as_json: bool) -> int:
    """Fetch a source of the configuration, or any URL, and show what each of its addresses gives. Nothing is recorded.

    Exit code 1 when none of them can be read.
    """
    from envoywatch.cli.sources_net import print_trial, try_source  # noqa: PLC0415 (the crawler takes 0.5 s)

    trial = try_source(context.config, name_or_url, links=links, say=context.say)
    if as_json:
        emit_json(trial.plain())
    else:
        print_trial(trial, most)
    return 1 if trial.poll.fault else 0


# ---------------------------------------------------------------- remove


@command.command("remove", short_help="Remove a source from the configuration file.")
@click.argument("name")
@pass_context
def remove_source(context: Context, /, name: str) -> None:
    """Remove a source from the configuration file; what it gave stays in the archive."""
    from config.edit import remove_item  # noqa: PLC0415 (YAML takes 0.1 s)

    _change(context, lambda text: remove_item(text, "sources", name))
    context.say(f"removed {escape(name)!r} from {escape(context.path)}")


def _change(context: Context, change: Callable[[str], str]) -> None:
    from config.edit import write_atomic  # noqa: PLC0415 (YAML takes 0.1 s)
    from config.files import read_text  # noqa: PLC0415 (likewise)

    path = context.path
    before = read_text(path)
    after = change(before)
    try:
        write_atomic(path, after)
    except OSError as error:
        raise EnvoywatchError(f"{path} cannot be written: {error.strerror or error}") from error


# ---------------------------------------------------------------- import, export


@command.command("import", short_help="Take in the sources of a CSV or OPML file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", is_flag=True, help="Keep what the list permits itself: private addresses, no robots.txt ...")
@pass_context
def import_sources(context: Context, /, file: Path, *, trust: bool) -> None:
    """Take the sources of a CSV or OPML file into the configuration.

    What is not known yet goes into a CSV file beside the configuration, which then includes it. A list made by others
    may not open private addresses, pass over robots.txt, overlook certificates, or choose a name, a proxy or a spider:
    such settings are left out unless you trust it. To let a list that you edit by hand be the truth, do not import it
    but name it in the configuration: `- include: my-list.opml`.
    """
    config = context.config
    from alerts.words import count  # noqa: PLC0415 (likewise)
    from config.edit import add_item  # noqa: PLC0415 (YAML is loaded by now)
    from config.files import write_atomic  # noqa: PLC0415 (likewise)
    from config.sources_files import read_sources, write_csv  # noqa: PLC0415 (likewise)

    offered = read_sources(file)
    if not trust:
        offered = _without_permissions(context, offered)
    new = _unknown(offered, config.sources)
    if not new:
        context.say(f"nothing new: what {escape(file)} holds ({count(len(offered), 'source')}) is configured already")
        return
    target = _free_path(context.path.parent, file.stem)
    write_atomic(target, write_csv(new))
    _change(context, lambda text: add_item(text, "sources", {"include": target.name}))
    known = f"; known already: {len(offered) - len(new)}" if len(new) < len(offered) else ""
    context.say(f"{count(len(new), 'source')} put into {escape(target)}{known}")


_PERMISSIONS: dict[str, Any] = {
    "private_addresses": None,
    "obey_robots": None,
    "verify_tls": True,
    "user_agent": None,
    "proxy": None,
}
"""Settings by which a source leaves the general rules, with their usual values."""


def _without_permissions(context: Context, offered: Sequence[Source]) -> list[Source]:
    """The sources under the general rules, those that run our own code left out; what was changed is told."""
    out: list[Source] = []
    names: set[str] = set()
    for source in offered:
        if any(endpoint.kind is EndpointKind.SPIDER for endpoint in source.endpoints):
            context.say(f"left out {escape(source.name)!r}: it names a spider (--trust takes it)")
            continue
        special = {name: usual for name, usual in _PERMISSIONS.items() if getattr(source, name) != usual}
        names |= set(special)
        out.append(source.model_copy(update=special) if special else source)
    if names:
        context.say(f"left out of the list: {', '.join(sorted(names))} (--trust keeps them)")
    return out


def _unknown(offered: Sequence[Source], configured: Sequence[Source]) -> list[Source]:
    """Those that bring an address of their own; names that are taken get their host beside them."""
    from urllib.parse import urlsplit  # noqa: PLC0415 (only here)

    addresses = {endpoint.url for source in configured for endpoint in source.endpoints}
    names = {source.name.casefold() for source in configured}
    out = []
    for source in offered:
        if any(endpoint.url in addresses for endpoint in source.endpoints):
            continue
        addresses |= {endpoint.url for endpoint in source.endpoints}
        name, count = source.name, 1
        while name.casefold() in names:
            host = urlsplit(source.endpoints[0].url).hostname or "imported"
            name = f"{source.name[:80]} ({host})" + (f" {count}" if count > 1 else "")
            count += 1
        names.add(name.casefold())
        out.append(source.model_copy(update={"name": name}))
    return out


def _free_path(folder: Path, stem: str) -> Path:
    names = (f"{stem}.csv", *(f"{stem}-{number}.csv" for number in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())


@command.command("export", short_help="Write all sources as CSV or OPML.")
@click.argument("file", default="-", type=click.Path(path_type=Path))
@click.option("--format", "form", type=OneOf(["csv", "opml"]), help="Else by the file's name; CSV on stdout.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@pass_context
def export_sources(context: Context, /, file: Path, *, form: str | None, force: bool) -> None:
    """Write all configured sources, included and built-in ones too, as CSV or OPML.

    The list may be given to others: *** stands where an address has a login, a token or a value of the environment.
    """
    from config.sources_files import write_csv, write_opml  # noqa: PLC0415 (YAML takes 0.1 s)
    from envoywatch.cli.archive import output_to  # noqa: PLC0415 (only here)

    loaded = context.load_to_read()
    sources = [_to_be_given(source, loaded.secrets) for source in loaded.config.sources]
    masked = sum(new != old for new, old in zip(sources, loaded.config.sources, strict=True))
    if masked:
        context.say(f"*** stands in the addresses of {masked} of them for a login or a token: write it in by hand")
    is_opml = form == "opml" or (form is None and file.suffix.casefold() in {".opml", ".xml"})
    with output_to(file, force=force) as out:
        out.write(write_opml(sources) if is_opml else write_csv(sources))


def _to_be_given(source: Source, secrets: Collection[str]) -> Source:
    """The source itself, or one whose addresses open nothing."""
    from config.redact import stored_url  # noqa: PLC0415 (only here)

    endpoints = tuple(one.model_copy(update={"url": stored_url(one.url, secrets)}) for one in source.endpoints)
    return source if endpoints == source.endpoints else source.model_copy(update={"endpoints": endpoints})
