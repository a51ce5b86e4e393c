"""What a watch would match of the newest articles, quickly enough to be shown while it is being written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.watches.archive import watch_expression
from alerts.watches.scores import WatchSet
from config.watch_options import refused_for
from envoywatch.searching import BATCH, Found, document_of, names_of
from storage.views import ArticleFilters, search_articles

if TYPE_CHECKING:
    from datetime import datetime

    from config.model import Config, Watch
    from storage.views import Reader

LOOKED_AT: Final = 1_000
"""Of what the index proposes the newest so many are read: about a second where the index is of no help."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest matches of the last days and how many there were on each, today last.

    Unless `is_all`, older articles of these days were not looked at.
    """

    found: tuple[Found, ...]
    per_day: tuple[int, ...]
    looked_at: int
    is_all: bool

    @property
    def matched(self) -> int:
        """How many articles."""
        return sum(self.per_day)


def preview(reader: Reader, watch: Watch, config: Config, now: datetime, *, days: int = 7, shown: int = 6) -> Preview:
    """What the watch would match among articles first seen in the last days. Raises QueryError."""
    names = names_of(config)
    expression = watch_expression(watch, names)
    watches = WatchSet([watch], names)
    for fault in watches.faults:
        raise fault.error
    filters = ArticleFilters(since=now - timedelta(days=days))
    found: list[Found] = []
    counts: Counter[int] = Counter()
    looked_at = 0
    while looked_at < LOOKED_AT:
        batch = search_articles(reader, None if expression is None else expression.text, filters, limit=BATCH)
        for article in batch:
            line = article.line
            matches = watches.match(document_of(article))
            if not matches or (
                watch.only and refused_for(watch.only, line.source, line.role, line.country, line.language)
            ):
                continue
            counts[min((now - line.seen_at).days, days - 1)] += 1
            if len(found) < shown:
                found.append(Found(article, matches[0]))
        looked_at += len(batch)
        if len(batch) < BATCH:
            break
        filters = replace(filters, before=batch[-1].line.id)
    per_day = tuple(counts[age] for age in reversed(range(days)))
    return Preview(tuple(found), per_day, looked_at, is_all=looked_at < LOOKED_AT)
