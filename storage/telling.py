"""What the decisions need to know of the past: messages of a watch that went out or wait, and who matched a story."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from storage.folding import fold
from storage.model import Planned, Reporter, from_text, to_text
from storage.views_rows import labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Needs, Reading

STORY_TIME: Final = timedelta(hours=48)
"""Articles of one story appear within so long."""
_MOST_MATCHES: Final = 300
_SHARED_WORDS: Final = 3
_SHARED_PART: Final = 0.5
_LETTERS: Final = 3
"""Shorter words of a headline say nothing of its story."""


def planned_messages(db: Database, reading: Reading, needs: Needs, now: datetime) -> dict[str, tuple[Planned, ...]]:
    """For each watch that may tell of this reading and has a budget: its messages since then, and those to come."""
    matched = {match.watch for match in reading.matches}
    budgets = {watch: needs.budgets[watch] for watch in sorted(matched & needs.budgets.keys())}
    budgets |= needs.meeting_budgets if reading.claims else {}
    return {watch: _planned(db, watch, now - per) for watch, per in budgets.items()}


def _planned(db: Database, watch: str, since: datetime) -> tuple[Planned, ...]:
    rows = db.execute(
        "SELECT a.key, a.due_at, group_concat(d.channel, char(31)),"
        " min(d.state = 'due' AND d.attempts = 0 AND d.sealed_at IS NULL)"
        " FROM alerts a JOIN deliveries d ON d.alert_id = a.id"
        " WHERE a.watch = ? AND a.due_at > ? AND a.told_with IS NULL GROUP BY a.id ORDER BY a.due_at, a.id",
        [watch, to_text(since)],
    )
    return tuple(Planned(row[0], from_text(row[1]), tuple(row[2].split("\x1f")), bool(row[3])) for row in rows)


def matched_by(db: Database, reading: Reading, needs: Needs, now: datetime) -> dict[str, tuple[Reporter, ...]]:
    """For each watch that waits for several sources and met this reading: who else was matched with its story."""
    watches = needs.sources & {match.watch for match in reading.matches}
    return {watch: tuple(_same_story(db, watch, reading, now)) for watch in sorted(watches)}


def _same_story(db: Database, watch: str, reading: Reading, now: datetime) -> Iterable[Reporter]:
    """Articles that this watch met lately, whose headline is alike or which claim a meeting of the same people."""
    rows = db.execute(
        "SELECT a.source, a.title, a.originator,"
        " (SELECT json_group_array(c.participants) FROM claims c WHERE c.article_id = a.id)"
        " FROM matches m JOIN articles a ON a.id = m.article_id"
        " WHERE m.watch = ? AND m.at > ? ORDER BY m.id DESC LIMIT ?",
        [watch, to_text(now - STORY_TIME), _MOST_MATCHES],
    ).fetchall()
    people = {claim.participants for claim in reading.claims}
    for source, title, originator, claims in rows:
        theirs = {tuple(labels(one)) for one in labels(claims)}
        if is_same_story(reading.text.title, people, title, theirs):
            yield Reporter(source, originator)


def is_same_story(
    title: str, people: Iterable[Collection[str]], other_title: str, other_people: Iterable[Collection[str]]
) -> bool:
    """Whether two articles claim a meeting of the same people, or their headlines are alike."""
    ours, theirs = ({frozenset(one) for one in claims} for claims in (people, other_people))
    return bool(ours & theirs) or are_alike(title, other_title)


def are_alike(one: str, other: str) -> bool:
    """Whether two headlines share at least half of their telling words, three of them or more."""
    ours, theirs = _telling_words(one), _telling_words(other)
    shared = len(ours & theirs)
    return shared >= _SHARED_WORDS and shared >= _SHARED_PART * min(len(ours), len(theirs))


def _telling_words(title: str) -> frozenset[str]:
    """Words of four letters or more; in scripts without spaces pairs of neighbouring characters."""
    tokens = fold(title).tokens
    words = {token.text for token in tokens if len(token.text) > _LETTERS}
    pairs = {before.text + after.text for before, after in pairwise(tokens) if before.unspaced and after.unspaced}
    return frozenset(words | pairs)
