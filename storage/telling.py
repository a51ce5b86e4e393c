"""What the decisions need to know of the past: messages of a watch that went out or wait, and who matched a story."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from storage.model import Planned, Reporter, from_text, to_text
from storage.views_rows import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from storage.model import Needs, Reading
    from storage.stories import Found
    from storage.views import Reader

STORY_TIME: Final = timedelta(hours=48)
"""Articles of one story appear within so long."""
_MOST_MATCHES: Final = 300


def planned_messages(db: Database, reading: Reading, needs: Needs, now: datetime) -> dict[str, tuple[Planned, ...]]:
    """For each watch that may tell of this reading and has a budget: its messages since then, and those to come."""
    matched = {match.watch for match in reading.matches}
    budgets = {watch: needs.budgets[watch] for watch in sorted(matched & needs.budgets.keys())}
    budgets |= needs.meeting_budgets if reading.claims else {}
    return planned_of(db, budgets, now)


def planned_of(db: Database, budgets: Mapping[str, timedelta], now: datetime) -> dict[str, tuple[Planned, ...]]:
    """For each of these watches its messages within the time of its budget, and those to come."""
    return {watch: _planned(db, watch, now - per) for watch, per in budgets.items()}


def _planned(db: Database, watch: str, since: datetime) -> tuple[Planned, ...]:
    rows = db.execute(
        "SELECT a.key, a.due_at, group_concat(d.channel, char(31)),"
        " min(d.state = 'due' AND d.attempts = 0 AND d.sealed_at IS NULL)"
        " FROM alerts a JOIN deliveries d ON d.alert_id = a.id"
        " WHERE a.watch = ? AND a.due_at > ? AND a.told_with IS NULL GROUP BY a.id ORDER BY a.due_at, a.id",
        [watch, to_text(since)],
    )
    return tuple(_planned_of_row(row) for row in rows)


def planned_then(reader: Reader, needs: Needs, at: datetime, article_id: int | None) -> dict[str, tuple[Planned, ...]]:
    """As `planned_of` for every watch with a budget, as it was at a time; what this article alerted is left out."""
    budgets = {**needs.budgets, **needs.meeting_budgets}
    return {watch: _planned_then(reader, watch, at - per, at, article_id) for watch, per in budgets.items()}


def _planned_then(
    reader: Reader, watch: str, since: datetime, at: datetime, article_id: int | None
) -> tuple[Planned, ...]:
    rows = reader.execute(
        "SELECT a.key, a.due_at, group_concat(d.channel, char(31)), min(coalesce(d.sealed_at > :at, d.state = 'due'))"
        " FROM alerts a JOIN deliveries d ON d.alert_id = a.id"
        " WHERE a.watch = :watch AND a.due_at > :since AND a.created_at <= :at AND a.article_id IS NOT :article"
        " AND a.told_with IS NULL GROUP BY a.id ORDER BY a.due_at, a.id",
        {"watch": watch, "since": to_text(since), "at": to_text(at), "article": article_id},
    )
    return tuple(_planned_of_row(row) for row in rows)


def _planned_of_row(row: Sequence[Any]) -> Planned:
    return Planned(row[0], from_text(row[1]), tuple(row[2].split("\x1f")), bool(row[3]))


def matched_by(
    db: Database, reading: Reading, needs: Needs, kindred: Found | None, now: datetime
) -> dict[str, tuple[Reporter, ...]]:
    """For each watch that waits for several sources and met this reading: who else was matched with its story."""
    watches = needs.sources & {match.watch for match in reading.matches}
    return {watch: tuple(_same_story(db, watch, reading, kindred, now)) for watch in sorted(watches)}


def _same_story(db: Database, watch: str, reading: Reading, kindred: Found | None, now: datetime) -> Iterable[Reporter]:
    """Articles that this watch met lately which tell the same story, or claim a meeting of the same people."""
    rows = db.execute(
        "SELECT a.source, coalesce(a.copy_of, a.id), a.story_id, a.originator,"
        " (SELECT json_group_array(c.participants) FROM claims c WHERE c.article_id = a.id)"
        " FROM matches m JOIN articles a ON a.id = m.article_id"
        " WHERE m.watch = ? AND m.at > ? ORDER BY m.id DESC LIMIT ?",
        [watch, to_text(now - STORY_TIME), _MOST_MATCHES],
    ).fetchall()
    people = {frozenset(claim.participants) for claim in reading.claims}
    for source, first, story, originator, claims in rows:
        theirs = {frozenset(labels(one)) for one in labels(claims)}
        if people & theirs or (kindred is not None and kindred.is_told_by(first, story)):
            yield Reporter(source, originator)
