"""The checks of a watch's options that need its query or the time of day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alerts.text import fold
from alerts.watches.nodes import About, And, Condition
from alerts.watches.query import QueryError, parse_query
from config.checks import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from config.model import Config
    from config.watch_options import Only


def past_mutes(config: Config) -> Iterator[Problem]:
    """Mutes that have ended are told, since they look as if they did something."""
    now = datetime.now(UTC)
    for index, watch in enumerate(config.watches):
        if watch.mute is not None and watch.mute <= now:
            message = f"the mute of {watch.name!r} ended on {watch.mute:%Y-%m-%d %H:%M} UTC: it does nothing any more"
            yield Problem(("watches", index, "mute"), message, "delete the line", warning=True)


def only_against_query(config: Config) -> Iterator[Problem]:
    """A query that demands one thing while `only` admits others: nothing can ever be told."""
    for index, watch in enumerate(config.watches):
        if watch.only is None or watch.query is None:
            continue
        try:
            root = parse_query(watch.query).root
        except QueryError:
            continue  # told already
        for part in root.parts if isinstance(root, And) else (root,):
            if isinstance(part, About) and not _agrees(part, watch.only):
                asked = f"{part.condition}:{part.value}"
                message = f"the query asks for {asked}, which `only` leaves out: the watch can never match"
                yield Problem(("watches", index, "only"), message, "change one of them", warning=True)


def _agrees(part: About, only: Only) -> bool:
    admitted: dict[Condition, Sequence[str]] = {
        Condition.LANGUAGE: only.languages,
        Condition.SOURCE: only.sources,
        Condition.COUNTRY: only.countries,
        Condition.ROLE: only.roles,
    }
    values = {fold(value).text for value in admitted[part.condition]}
    return not values or fold(part.value).text in values
