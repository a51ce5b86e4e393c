"""A stored article as if it had just been read, for decisions that are tried and not recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.identity import text_hash
from storage.model import Reading, Text

if TYPE_CHECKING:
    from alerts.watches.scores import Found
    from storage.model import Claim
    from storage.views import ArticleLine


def just_read(
    line: ArticleLine,
    text: str,
    author: str | None,
    found: Found | None,
    claims: tuple[Claim, ...],
    *,
    language: str | None,
    source_id: int = 0,
    first_poll: bool = False,
) -> Reading:
    """The reading that would come of it; `found` is what the watches make of it, None for nothing."""
    return Reading(
        entry_id=0,
        source_id=source_id,
        source=line.source,
        country=line.country,
        role=line.role,
        url=line.url or f"envoywatch:article/{line.id}",
        text=Text(line.title, text, language, line.origin, line.url, author, line.published_at),
        text_hash=text_hash(line.title, text),
        seen_at=line.seen_at,
        first_poll=first_poll,
        matches=() if found is None else found.matches,
        short=() if found is None else found.short,
        claims=claims,
        credit=line.credit,
    )
