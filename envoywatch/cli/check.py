"""`envoywatch check`: every fault of the configuration at once."""

from __future__ import annotations

import click

from config.errors import ConfigError, Finding
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import emit_json, escape, json_option

_FAULTY = 2


@click.command("check")
@json_option
@pass_context
def command(context: Context, /, *, as_json: bool) -> int:
    """Read the configuration and say every fault, each with file, line, column and what to do.

    Leaves with 0 when it can be used (warnings included), with 2 when it cannot.
    """
    try:
        loaded = context.load()
    except ConfigError as error:
        if not as_json:
            raise
        emit_json({"ok": False, "findings": error.findings})
        return _FAULTY
    if as_json:
        emit_json({"ok": True, "findings": loaded.warnings})
        return 0
    for finding in loaded.warnings:
        click.echo(_line(finding), err=True)
    config = loaded.config
    from alerts.words import count  # noqa: PLC0415 (so that --help is quick)

    sections = {
        "source": config.sources,
        "watch": config.watches,
        "clock": config.expect,
        "channel": config.channels,
        "digest": config.digests,
    }
    told = ", ".join(count(len(items), word) for word, items in sections.items() if items)
    click.echo(f"{escape(loaded.path)}: good ({told or 'empty'})")
    if config.web.listen != "off":
        click.echo(f"the page, while the daemon runs: http://{escape(config.web.listen)}/")
    return 0


def _line(finding: Finding) -> str:
    return escape(str(finding))
