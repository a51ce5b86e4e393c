"""The numbered steps from an empty file to the present schema, applied in one transaction under the writer's lock."""

from __future__ import annotations

import sqlite3
from array import array
from importlib import resources
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from sqlite_utils.migrations import Migrations

from config.agencies import agency_of, outlet_of
from config.hosts import host_key
from storage.identity import page_key
from storage.reports import count_reports
from storage.search import rebuild_index
from storage.shingle_filter import fill_filter
from storage.shingles import address_mark, text_mark
from storage.term_counts import fill_counts
from storage.traits import Profile, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlite_utils import Database

MIGRATIONS = Migrations("envoywatch")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@MIGRATIONS(name="0001_first")
def _first(db: Database) -> None:
    script = resources.files("storage").joinpath("schema.sql").read_text(encoding="utf-8")
    for statement in _statements(script):  # `executescript` would commit what is begun
        db.execute(statement)


@MIGRATIONS(name="0002_skips")
def _skips(db: Database) -> None:
    """Marks of the items that were seen, what an endpoint's validators proved, and how often what was skipped."""
    for column in ("seen BLOB", "proof TEXT NOT NULL DEFAULT '{}'"):
        db.execute(f"ALTER TABLE endpoints ADD COLUMN {column}")
    for column in ("cut", "known"):
        db.execute(f"ALTER TABLE polls ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    for column in ("polled", "not_modified", "same_body", "items_cut", "known_urls", "known_texts"):
        db.execute(f"ALTER TABLE sources ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0003_endpoints")
def _endpoints(db: Database) -> None:
    """How often an endpoint failed in a row, until when it rests, whether it ever delivered, what its page taught."""
    for column in ("failures INTEGER NOT NULL DEFAULT 0", "retry_at TEXT", "first_ok_at TEXT", "memory TEXT"):
        db.execute(f"ALTER TABLE endpoints ADD COLUMN {column}")
    db.execute(
        "UPDATE endpoints SET first_ok_at = (SELECT first_ok_at FROM sources WHERE id = source_id)"
        " WHERE body_hash IS NOT NULL OR position = (SELECT position FROM sources WHERE id = source_id)"
    )


@MIGRATIONS(name="0004_health")
def _health(db: Database) -> None:
    """The rhythm of sources by day, answers without entries, the end of the last fault, and what was told of a loss.

    `source_days` counts new entries by day (UTC), those of the first poll left out; it is kept while a source is
    silent. `barren_since` is the first good answer in a row without any entry; `lost_told_at` when somebody was told
    of the loss, until its end is told too.
    """
    db.execute("ALTER TABLE sources ADD COLUMN barren_since TEXT")
    db.execute("ALTER TABLE sources ADD COLUMN recovered_at TEXT")
    db.execute("ALTER TABLE sources ADD COLUMN lost_told_at TEXT")
    db.execute("CREATE INDEX sources_failing ON sources (id) WHERE fault IS NOT NULL AND lost_told_at IS NULL")
    db.execute("CREATE INDEX sources_told_lost ON sources (id) WHERE lost_told_at IS NOT NULL")
    db.execute(
        "CREATE TABLE source_days (source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,"
        " day TEXT NOT NULL, entries INTEGER NOT NULL, PRIMARY KEY (source_id, day)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "INSERT INTO source_days (source_id, day, entries)"
        " SELECT p.source_id, substr(p.started_at, 1, 10), sum(p.new_entries)"
        " FROM polls p JOIN sources s ON s.id = p.source_id"
        " WHERE p.new_entries > 0 AND p.started_at > s.first_ok_at GROUP BY 1, 2"
    )


@MIGRATIONS(name="0005_schedule")
def _schedule(db: Database) -> None:
    """How each source publishes, why it is due when it is, and what is known of each host."""
    for statement in (
        "ALTER TABLE sources ADD COLUMN host TEXT NOT NULL DEFAULT ''",  # of the first endpoint
        "ALTER TABLE sources ADD COLUMN rate REAL",  # new entries an hour
        "ALTER TABLE sources ADD COLUMN pace TEXT NOT NULL DEFAULT 'interval'",
        "ALTER TABLE sources ADD COLUMN pace_s REAL",  # the interval it is on now
        "ALTER TABLE sources ADD COLUMN held_until TEXT NOT NULL DEFAULT ''",  # when its host's turn comes
        """CREATE TABLE hosts (
            host            TEXT PRIMARY KEY,
            delay_s         REAL NOT NULL DEFAULT 0,    -- learned from how fast it answers
            robots_delay_s  REAL NOT NULL DEFAULT 0,    -- asked for by its robots.txt
            latency_s       REAL,
            back_off_until  TEXT,                       -- it refused us: nothing is asked of it before
            refusals        INTEGER NOT NULL DEFAULT 0, -- in a row
            updated_at      TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX sources_turn ON sources (max(next_poll_at, held_until)) WHERE active = 1",
        "CREATE INDEX sources_by_host ON sources (host) WHERE active = 1",
        "DROP INDEX sources_due",
    ):
        db.execute(statement)
    endpoints = db.execute("SELECT source_id, url FROM endpoints WHERE position = 0").fetchall()
    db.conn.executemany("UPDATE sources SET host = ? WHERE id = ?", [(host_key(url), id_) for id_, url in endpoints])
    db.execute("UPDATE sources SET held_until = '9999' WHERE json_extract(spec, '$.paused')")


@MIGRATIONS(name="0006_revisions")
def _revisions(db: Database) -> None:
    """What articles say after they were edited, when each is read again, and by which key twins of a page are known.

    An article keeps the title and text that it was first read with, for its claims and alerts quote them; `revisions`
    holds what it said later (`text` is NULL where only the title changed). A claim or match made by an edit names its
    revision, whose text its spans are of; a claim whose sentence is gone from its article has `withdrawn_at`.
    """
    db.execute(
        "CREATE TABLE revisions (id INTEGER PRIMARY KEY,"
        " article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, at TEXT NOT NULL,"
        " title TEXT NOT NULL, text_hash TEXT NOT NULL, text TEXT) STRICT"
    )
    db.execute("CREATE INDEX revisions_by_article ON revisions (article_id, at)")
    db.execute(
        "CREATE TABLE rereads (article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,"
        " alerted_at TEXT, step INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0, payload TEXT,"
        " due_at TEXT NOT NULL, leased_until TEXT) STRICT"
    )
    db.execute("CREATE INDEX rereads_due ON rereads (due_at)")
    for table, column in (
        ("claims", "revision_id INTEGER REFERENCES revisions (id)"),
        ("claims", "withdrawn_at TEXT"),
        ("matches", "revision_id INTEGER REFERENCES revisions (id)"),
        ("articles", "page_title TEXT NOT NULL DEFAULT ''"),
        ("articles", "page_key TEXT"),
    ):
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.conn.create_function("page_key", 1, page_key, deterministic=True)
    db.execute("UPDATE articles SET page_key = page_key(url) WHERE url LIKE 'http%'")
    db.execute("CREATE INDEX articles_by_page_key ON articles (page_key) WHERE page_key IS NOT NULL")


@MIGRATIONS(name="0007_expected")
def _expected(db: Database) -> None:
    """What is scheduled for a day is looked for every few seconds."""
    db.execute("CREATE INDEX meetings_scheduled ON meetings (date) WHERE status = 'scheduled'")


@MIGRATIONS(name="0008_folding")
def _folding(_: Database) -> None:
    """Other words go into the full-text index since; 0011 makes it anew."""


@MIGRATIONS(name="0009_copies")
def _copies(db: Database) -> None:
    """Copies that are not word for word: what finds them, and how much of the shorter text is in the other.

    `articles.shingles` is how many different ones its text has; NULL in articles that older versions stored, which the
    daemon works off beside its other work (`storage.copies.catch_up`), the newest first. When words are folded in
    another way, emptying the table and this column has them made anew.
    """
    for statement in (
        """CREATE TABLE shingles (
            hash            INTEGER NOT NULL,
            article_id      INTEGER NOT NULL,
            PRIMARY KEY (hash, article_id)
        ) STRICT, WITHOUT ROWID""",
        "ALTER TABLE articles ADD COLUMN shingles INTEGER",
        "ALTER TABLE articles ADD COLUMN overlap REAL",
        "UPDATE articles SET overlap = 1.0 WHERE copy_of IS NOT NULL",
        # Covering: what a look-up asks of an article stands behind its text, on other pages.
        "CREATE INDEX articles_by_shingles ON articles (id, copy_of, shingles) WHERE shingles IS NOT NULL",
        "CREATE INDEX articles_without_shingles ON articles (id) WHERE shingles IS NULL",
    ):
        db.execute(statement)


@MIGRATIONS(name="0010_telling")
def _telling(db: Database) -> None:
    """When an alert is told and with which other one; what scored watches summed up.

    `told_with` is the alert in whose message this one is told; only that one has deliveries. A delivery is `sealed_at`
    when it is first taken to be sent: from then on its message says what it says, and no alert joins it.
    """
    for table, column in (
        ("alerts", "due_at TEXT"),
        ("alerts", "told_with INTEGER REFERENCES alerts (id)"),
        ("deliveries", "sealed_at TEXT"),
        ("matches", "score REAL"),
    ):
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.execute("UPDATE alerts SET due_at = created_at")
    db.execute("UPDATE deliveries SET sealed_at = created_at")
    db.execute("CREATE INDEX alerts_by_watch ON alerts (watch, due_at) WHERE told_with IS NULL")
    db.execute("CREATE INDEX alerts_told_with ON alerts (told_with) WHERE told_with IS NOT NULL")
    db.execute("CREATE INDEX matches_of_watch ON matches (watch, at)")


@MIGRATIONS(name="0011_archive")
def _archive(db: Database) -> None:
    """What a search filters and counts by is in the full-text index and in indexes of its own; who read the claims.

    `tags` holds an article's language, source, country and role, each as one word. `articles_by_facet` covers what is
    counted and filtered by, which else lies behind the text on other pages; `articles_by_day` finds the ids of a day.
    `articles.detector` is the version of what read an article's claims; NULL when an older program did.
    """
    db.execute("ALTER TABLE articles ADD COLUMN detector INTEGER")
    db.execute("DROP TABLE articles_fts")
    db.execute(
        # Datasette and sqlite-utils know an index of a table by this word, and offer its search.
        "CREATE VIRTUAL TABLE articles_fts USING fts5 (title, text, cjk, tags, content = '' /* content=\"articles\" */,"
        ' tokenize = "unicode61 remove_diacritics 2")'
    )
    db.execute(
        "CREATE INDEX articles_by_facet ON articles"
        " (id, source, language, country, role, seen_at, copy_of, story_id, detector)"
    )
    db.execute("CREATE INDEX articles_by_day ON articles (substr(seen_at, 1, 10))")
    rebuild_index(db.conn)


@MIGRATIONS(name="0012_watches")
def _watches(db: Database) -> None:
    """What each watch said when, as JSON of the configuration, and by which state of it an alert was fired."""
    db.execute(
        "CREATE TABLE watch_revisions (id INTEGER PRIMARY KEY, watch TEXT NOT NULL, number INTEGER NOT NULL,"
        " definition TEXT NOT NULL, since TEXT NOT NULL, UNIQUE (watch, number)) STRICT"
    )
    db.execute("ALTER TABLE alerts ADD COLUMN watch_revision_id INTEGER REFERENCES watch_revisions (id)")


@MIGRATIONS(name="0013_originators")
def _originators(db: Database) -> None:
    """Whose report each article is and who reported a meeting independently.

    `articles.credit` is the agency that an article credits, or whose own it is (of what older versions read only the
    latter is known); `articles.originator` whose report it is all in all: of a copy that of its group.
    """
    db.execute("ALTER TABLE articles ADD COLUMN credit TEXT")
    db.execute("ALTER TABLE articles ADD COLUMN originator TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE meetings ADD COLUMN originators TEXT NOT NULL DEFAULT '[]'")
    db.conn.create_function("agency_of", 2, agency_of, deterministic=True)
    db.conn.create_function("outlet_of", 1, outlet_of, deterministic=True)
    db.execute("UPDATE articles SET credit = agency_of(source, url)")
    db.execute("UPDATE articles SET originator = coalesce(credit, outlet_of(source)) WHERE copy_of IS NULL")
    db.execute(
        "UPDATE articles SET originator = (SELECT originator FROM articles first WHERE first.id = articles.copy_of)"
        " WHERE copy_of IS NOT NULL"
    )
    count_reports(db, [row[0] for row in db.execute("SELECT id FROM meetings")])


@MIGRATIONS(name="0014_keeping")
def _keeping(db: Database) -> None:
    """What pruning and SQLite's own look for citations ask; views that answer usual questions in any SQLite tool."""
    db.execute("CREATE INDEX alerts_by_article ON alerts (article_id) WHERE article_id IS NOT NULL")
    for table in ("claims", "matches"):
        db.execute(f"CREATE INDEX {table}_by_revision ON {table} (revision_id) WHERE revision_id IS NOT NULL")
    script = resources.files("storage").joinpath("views.sql").read_text(encoding="utf-8")
    for statement in _statements(script):
        db.execute(statement)


@MIGRATIONS(name="0015_confirmation")
def _confirmation(db: Database) -> None:
    """Whose official sources confirm a meeting, and when that it took place was first reported."""
    db.execute("ALTER TABLE meetings ADD COLUMN confirmed_by TEXT NOT NULL DEFAULT '[]'")  # JSON list of countries
    db.execute("ALTER TABLE meetings ADD COLUMN told_at TEXT")
    db.execute(
        "UPDATE meetings SET told_at = (SELECT min(a.published_at) FROM claims c JOIN articles a ON a.id = c.article_id"
        " WHERE c.meeting_id = meetings.id AND c.status IN ('held', 'under_way') AND c.withdrawn_at IS NULL)"
        " WHERE status IN ('held', 'under_way')"
    )


@MIGRATIONS(name="0016_stories")
def _stories(db: Database) -> None:
    """Stories, and of the articles of the last days what they are found by.

    A story that became part of another leads to it (`merged_into`). `story_terms` holds the rarest terms of each
    article, `story_links` the pairs that are alike, both ways; `term_counts` in how many articles a term was counted,
    and under -1 how many those were.
    """
    for statement in (
        """CREATE TABLE stories (
            id              INTEGER PRIMARY KEY,
            title           TEXT NOT NULL,              -- of the article that is most like all others, as it stands
            language        TEXT,
            article_id      INTEGER REFERENCES articles (id) ON DELETE SET NULL,
            articles        INTEGER NOT NULL DEFAULT 0,
            sources         INTEGER NOT NULL DEFAULT 0,
            independent     INTEGER NOT NULL DEFAULT 0,
            first_at        TEXT NOT NULL,
            last_at         TEXT NOT NULL,
            merged_into     INTEGER REFERENCES stories (id)
        ) STRICT""",
        "CREATE INDEX stories_by_time ON stories (last_at) WHERE articles > 0",
        "CREATE INDEX stories_merged ON stories (merged_into) WHERE merged_into IS NOT NULL",
        "CREATE INDEX stories_by_article ON stories (article_id)",
        "CREATE INDEX articles_by_story ON articles (story_id, copy_of) WHERE story_id IS NOT NULL",
        """CREATE TABLE traits (
            article_id      INTEGER PRIMARY KEY,
            at              TEXT NOT NULL,
            language        TEXT,
            profile         BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX traits_by_time ON traits (at)",
        """CREATE TABLE story_terms (
            term INTEGER NOT NULL, article_id INTEGER NOT NULL, PRIMARY KEY (term, article_id)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE story_links (
            article_id INTEGER NOT NULL, other_id INTEGER NOT NULL, likeness REAL NOT NULL,
            PRIMARY KEY (article_id, other_id)
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE term_counts (term INTEGER PRIMARY KEY, articles INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ):
        db.execute(statement)


@MIGRATIONS(name="0017_indexing")
def _indexing(db: Database) -> None:
    """Articles that wait for the full-text index until their transaction ends: see `storage.search`."""
    db.execute("CREATE TABLE unindexed (article_id INTEGER PRIMARY KEY) STRICT")


@MIGRATIONS(name="0018_reporters")
def _reporters(db: Database) -> None:
    """Who only hoped for a meeting, or denies it, is none of those who report that it was held."""
    count_reports(db, [row[0] for row in db.execute("SELECT id FROM meetings")])


@MIGRATIONS(name="0019_departures")
def _departures(db: Database) -> None:
    """Who has left which city, as articles tell it; `at` is when that was published."""
    db.execute(
        """CREATE TABLE departures (
            id              INTEGER PRIMARY KEY,
            article_id      INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
            person          TEXT NOT NULL,
            place           TEXT NOT NULL,
            date            TEXT NOT NULL,
            evidence        TEXT NOT NULL,
            field           TEXT NOT NULL,
            start           INTEGER NOT NULL,
            end             INTEGER NOT NULL,
            at              TEXT NOT NULL
        ) STRICT"""
    )
    db.execute("CREATE INDEX departures_by_article ON departures (article_id)")


@MIGRATIONS(name="0020_parted")
def _parted(db: Database) -> None:
    """Keys of alerts that count as told of a meeting although they were told of another, of which it was a part."""
    db.execute(
        "CREATE TABLE told_before (key TEXT PRIMARY KEY, watch TEXT, urgency TEXT NOT NULL,"
        " meeting_id INTEGER NOT NULL REFERENCES meetings (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE INDEX told_before_of ON told_before (meeting_id)")


@MIGRATIONS(name="0021_fresh")
def _fresh(db: Database) -> None:
    """Shingles that are to be merged into their large table, by article; and the profiles of stories in a new form.

    `swept` is how far the sweep of `storage.shingles` had gone when an article's were added; `hashes` are 8 bytes each.
    What waits for the full-text index waits in memory since.
    """
    for statement in (
        "DROP TABLE unindexed",
        """CREATE TABLE fresh_shingles (
            article_id      INTEGER PRIMARY KEY,
            swept           INTEGER NOT NULL,
            hashes          BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX fresh_shingles_by_sweep ON fresh_shingles (swept)",
        "CREATE TABLE shingle_sweep (swept INTEGER NOT NULL) STRICT",
        "INSERT INTO shingle_sweep (swept) VALUES (0)",
        # A transaction's articles in one segment, merged by eights: half of the time that the index takes of a million.
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('hashsize', 4194304)",
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('automerge', 8)",
    ):
        db.execute(statement)
    db.execute("DELETE FROM story_terms")
    for article_id, data in db.execute("SELECT article_id, profile FROM traits").fetchall():
        profile = _profile_of_16(data)
        db.execute("UPDATE traits SET profile = ? WHERE article_id = ?", [pack(profile), article_id])
        terms = [(term, article_id) for term in profile.probes]
        db.conn.executemany("INSERT INTO story_terms (term, article_id) VALUES (?, ?)", terms)


def _profile_of_16(data: bytes) -> Profile:
    """As 0016 kept it: a term a row, its weight, its rarity as a name of the title, and flags; then the days."""
    rows = array("Q", data)
    days = frozenset(row for row in rows if not row >> 16)
    terms = [(row >> 32, row) for row in rows if row >> 16]
    return Profile(
        np.array([term for term, _ in terms], np.uint32),
        np.array([(row >> 16 & 0xFFFF) / 512 for _, row in terms]),
        [term for term, row in terms if row & 2],
        {term: (row >> 8 & 0xFF) / 16 for term, row in terms if row >> 8 & 0xFF},
        frozenset(term for term, row in terms if row & 1),
        days,
    )


def _profile_of_21(data: bytes) -> Profile | None:
    """As 0021 kept it, with weights of four bytes; None where they have two."""
    sizes = array("I", data[:24])
    ends = list(accumulate(sizes[1:], initial=6))
    if len(data) != 4 * (ends[-1] + sizes[1] + sizes[3]):
        return None
    numbers, weights = array("I", data[: 4 * ends[-1]]), array("f", data[4 * ends[-1] :])
    terms, head, proper, names, days = (numbers[start:end] for start, end in pairwise(ends))
    return Profile(
        np.array(terms, np.uint32),
        np.array(weights[: len(terms)], np.float64),
        head,
        dict(zip(proper, weights[len(terms) :], strict=True)),
        frozenset(names),
        frozenset(days),
    )


@MIGRATIONS(name="0022_pages")
def _pages(db: Database) -> None:
    """What every page counts, and the failed polls of a month among millions that did not fail."""
    for statement in (
        "CREATE INDEX polls_failed ON polls (started_at, source_id, fault, fault_detail) WHERE outcome = 'fault'",
        "CREATE INDEX sources_at_fault ON sources (active) WHERE fault IS NOT NULL",
        "CREATE INDEX alerts_to_review ON alerts (kind) WHERE review IS NULL",
        "CREATE INDEX deliveries_by_state ON deliveries (state, created_at)",
    ):
        db.execute(statement)


@MIGRATIONS(name="0023_backlog")
def _backlog(db: Database) -> None:
    """How far the articles that older versions stored have their stories (`storage.backlog`): those `below` wait.

    All up to `newest` were stored by such a version; what it recorded has no `detector`. Without a row all is done.
    """
    db.execute("CREATE TABLE backlog (newest INTEGER NOT NULL, below INTEGER NOT NULL) STRICT")
    db.execute(
        "INSERT INTO backlog (newest, below) SELECT id, id + 1 FROM articles WHERE detector IS NULL"
        " AND story_id IS NULL ORDER BY id DESC LIMIT 1"
    )


@MIGRATIONS(name="0024_filter")
def _filter(db: Database) -> None:
    """Which shingles are not stored, known without a look at their table: see `storage.shingle_filter`."""
    db.execute("CREATE TABLE shingle_filter (range INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT")
    fill_filter(db)


@MIGRATIONS(name="0025_counts")
def _counts(db: Database) -> None:
    """How often terms were counted, as one packed array instead of a row each: see `storage.term_counts`."""
    counts = dict(db.execute("SELECT term, articles FROM term_counts").fetchall())
    articles = counts.pop(-1, 0)  # where the articles themselves were counted
    for statement in (
        "DROP TABLE term_counts",
        "CREATE TABLE term_counts (articles INTEGER NOT NULL, places BLOB NOT NULL) STRICT",
        "CREATE TABLE fresh_terms (articles INTEGER NOT NULL, terms BLOB NOT NULL) STRICT",
    ):
        db.execute(statement)
    if counts:
        fill_counts(db, counts, articles)


@MIGRATIONS(name="0026_terms")
def _terms(db: Database) -> None:
    """Which articles have a term is held in memory, made of `traits`: see `storage.story_terms`."""
    db.execute("DROP TABLE story_terms")


@MIGRATIONS(name="0027_indexes")
def _indexes(db: Database) -> None:
    """Without the indexes that no query asks, or that another is the same as; the full-text index merged by sixteens.

    To find a place in each of the two of entries was to change a page an article.
    """
    for statement in (
        "DROP INDEX entries_by_article_url",
        "DROP INDEX entries_by_content",
        "CREATE INDEX entries_by_content ON entries (source_id, content_hash) WHERE url IS NULL",
        "DROP INDEX articles_by_copy",
        "DROP INDEX matches_of_watch",
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('automerge', 16)",
    ):
        db.execute(statement)


@MIGRATIONS(name="0028_marks")
def _marks(db: Database) -> None:
    """Whole texts and addresses are looked up as shingles are, links of entries by the entry's key; smaller profiles.

    Each index of theirs was a page to be read and written for each article; see `storage.shingles`. Of the full-text
    index, what `storage.keeping.merge_index` leaves is merged while articles are stored, a little with each: it has
    too many segments then. By what 0027 set, sixteen were merged at once, whatever their size.
    """
    for (article_id,) in db.execute("SELECT article_id FROM traits").fetchall():
        kept = db.execute("SELECT profile FROM traits WHERE article_id = ?", [article_id]).fetchone()
        profile = _profile_of_21(kept[0])
        if profile is not None:
            db.execute("UPDATE traits SET profile = ? WHERE article_id = ?", [pack(profile), article_id])
    db.conn.create_function("text_mark", 1, text_mark, deterministic=True)
    db.conn.create_function("address_mark", 1, address_mark, deterministic=True)
    db.execute(
        "INSERT OR IGNORE INTO shingles (hash, article_id)"
        " SELECT text_mark(text_hash), min(id) FROM articles GROUP BY text_hash"
        " UNION ALL SELECT address_mark(page_key), id FROM articles WHERE page_key IS NOT NULL ORDER BY 1"
    )
    for statement in (
        "DROP INDEX articles_by_hash",
        "DROP INDEX articles_by_page_key",
        "DROP INDEX articles_by_source",  # a source's articles are found by its tag in the full-text index
        "DROP INDEX entries_by_url",
        "CREATE INDEX entries_by_shared_url ON entries (url) WHERE own_page = 0 AND url IS NOT NULL",
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('usermerge', 8)",
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('automerge', 64)",
        "INSERT INTO articles_fts (articles_fts, rank) VALUES ('crisismerge', 256)",
    ):
        db.execute(statement)
    fill_filter(db)


SCHEMA_VERSION = len(MIGRATIONS._migrations)  # noqa: SLF001 (the set has no public length)
"""Kept in `PRAGMA user_version`, so that an older program knows a newer file at a glance."""
