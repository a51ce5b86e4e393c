"""The archive as it is shown: one article with all that was found in it, search, and "why" and "why not"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.errors import NotStoredError
from storage.model import Span, from_text
from storage.views_alerts import AlertLine, DecisionLine, alerts_of_article, decisions_of_article
from storage.views_copies import Additions
from storage.views_outbox import DeliveryLine, deliveries_of_alert
from storage.views_revisions import RevisionView, revisions_of
from storage.views_rows import (
    ARTICLE_COLUMNS,
    ArticleLine,
    ClaimView,
    article_line,
    claims_of_article,
    moment,
    required,
    spans_of,
)
from storage.views_stories import StoryLine, find_story

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from config.vocabulary import Role


@dataclass(frozen=True, slots=True)
class MatchLine:
    """A watch that met an article, with where: in the text first read, or in that of a revision."""

    watch: str
    spans: tuple[Span, ...]
    at: datetime
    revision_id: int | None = None


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article with its text and everything found in it; `original` is set when it is a copy.

    Of `copies_in_all` no more are listed than were asked for.
    """

    line: ArticleLine
    text: str
    author: str | None
    claimed_at: datetime | None
    read_at: datetime
    origin_reason: str
    original: ArticleLine | None
    copies: tuple[ArticleLine, ...]
    matches: tuple[MatchLine, ...]
    claims: tuple[ClaimView, ...]
    decisions: tuple[DecisionLine, ...]
    revisions: tuple[RevisionView, ...] = ()
    copies_in_all: int = 0


@dataclass(frozen=True, slots=True)
class EntryLine:
    """How an article, or what never became one, came in. `reason` says why it was not read."""

    source: str
    url: str | None
    seen_at: datetime
    first_poll: bool
    state: str
    reason: str | None
    attempts: int
    article_id: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that was decided about an article; `article` is None when its entry was seen but never stored."""

    article: ArticleView | None
    entries: tuple[EntryLine, ...]
    alerts: tuple[AlertLine, ...]
    deliveries: tuple[DeliveryLine, ...]
    story: StoryLine | None = None


@dataclass(frozen=True, slots=True)
class ArticleText:
    """A found article with its text, for showing where the query met it."""

    line: ArticleLine
    text: str


@dataclass(frozen=True, slots=True)
class ArticleFilters:
    """What an article must be besides matching the expression; None asks for nothing."""

    source: str | None = None
    language: str | None = None
    country: str | None = None
    role: Role | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    """Only articles with a lower id: the next page of a search."""
    story: int | None = None
    person: str | None = None
    """The ledger's label of somebody whose meeting the article claims."""
    meeting: int | None = None


_ONE = f"""
SELECT {ARTICLE_COLUMNS}, articles.text, articles.author, articles.claimed_at, articles.read_at,
       articles.origin_reason
FROM articles WHERE articles.id = ?
"""  # noqa: S608 (column names are constants)
_LINE = f"SELECT {ARTICLE_COLUMNS} FROM articles WHERE id = ?"  # noqa: S608 (column names are constants)
_COPIES = f"""
SELECT {ARTICLE_COLUMNS} FROM articles
WHERE copy_of = ? ORDER BY seen_at, id LIMIT ?
"""  # noqa: S608 (column names are constants)


def get_article(connection: sqlite3.Connection, article_id: int, *, copies: int | None = None) -> ArticleView:
    """An article with all that was found in it; raises NotStoredError.

    `copies` is how many of them are listed (None: all); each takes a millisecond, in which two texts are compared.
    """
    row = required(connection.execute(_ONE, (article_id,)).fetchone(), "article", article_id)
    additions = Additions(connection)
    line = additions.put(article_line(row))
    original = None if line.copy_of is None else connection.execute(_LINE, (line.copy_of,)).fetchone()
    found = connection.execute(_COPIES, (article_id, -1 if copies is None else copies))
    in_all = connection.execute("SELECT count(*) FROM articles WHERE copy_of = ?", (article_id,)).fetchone()[0]
    matches = connection.execute("SELECT * FROM matches WHERE article_id = ? ORDER BY watch", (article_id,))
    return ArticleView(
        line=line,
        text=row["text"],
        author=row["author"],
        claimed_at=moment(row["claimed_at"]),
        read_at=from_text(row["read_at"]),
        origin_reason=row["origin_reason"],
        original=None if original is None else article_line(original),
        copies=tuple(additions.put(article_line(copy)) for copy in found),
        matches=tuple(
            MatchLine(m["watch"], spans_of(m["spans"]), from_text(m["at"]), m["revision_id"]) for m in matches
        ),
        claims=claims_of_article(connection, article_id),
        decisions=decisions_of_article(connection, article_id),
        revisions=revisions_of(connection, article_id),
        copies_in_all=in_all,
    )


def explain_article(connection: sqlite3.Connection, id_or_url: int | str, *, copies: int | None = None) -> Explanation:
    """Why, and why not: the article, how it came in, every verdict and delivery; raises NotStoredError."""
    article_id = _find_article_id(connection, id_or_url)
    if article_id is None:
        entries = _entries(connection, f"entries.id IN ({_OF_URL})", url=id_or_url)
        if not entries:
            raise NotStoredError(f"nothing is stored about {id_or_url}", hint="`envoywatch search` finds articles")
        return Explanation(None, entries, (), ())
    alerts = alerts_of_article(connection, article_id)
    article = get_article(connection, article_id, copies=copies)
    return Explanation(
        article=article,
        story=find_story(connection, article.line.story_id),
        entries=_entries(connection, "entries.article_id = :article", article=article_id),
        alerts=alerts,
        deliveries=tuple(line for alert in alerts for line in deliveries_of_alert(connection, alert.id)),
    )


def _find_article_id(connection: sqlite3.Connection, id_or_url: int | str) -> int | None:
    text = str(id_or_url)
    if text.isdecimal():
        sql = "SELECT id FROM articles WHERE id = ?"
        row = connection.execute(sql, (min(int(text), 2**63 - 1),)).fetchone()
        return int(required(row, "article", text)["id"])
    sql = f"""
    SELECT id FROM articles WHERE url = :url
    UNION ALL SELECT article_id FROM entries WHERE id IN ({_OF_URL}) AND article_id IS NOT NULL LIMIT 1
    """  # noqa: S608 (the constant below)
    row = connection.execute(sql, {"url": text}).fetchone()
    return None if row is None else int(row["id"])


_OF_URL = """
SELECT entries.id FROM sources CROSS JOIN entries ON source_id = sources.id AND key = 'u:' || :url
UNION ALL SELECT id FROM entries WHERE url = :url AND own_page = 0
"""
"""The entries of a link, in each source by the key that `storage.identity` gives one that has its link for itself."""


def _entries(connection: sqlite3.Connection, condition: str, **value: int | str) -> tuple[EntryLine, ...]:
    sql = f"""
    SELECT entries.*, sources.name AS source FROM entries JOIN sources ON sources.id = entries.source_id
    WHERE {condition} ORDER BY entries.seen_at, entries.id
    """  # noqa: S608 (the condition is one of the constants above)
    return tuple(
        EntryLine(
            source=row["source"],
            url=row["url"],
            seen_at=from_text(row["seen_at"]),
            first_poll=bool(row["first_poll"]),
            state=row["state"],
            reason=row["reason"],
            attempts=row["attempts"],
            article_id=row["article_id"],
        )
        for row in connection.execute(sql, value)
    )
