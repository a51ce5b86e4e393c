-- Envoywatch, schema version 1. Times are UTC ISO 8601 text with Z; lists and small objects are JSON text.

-- What is read. One row a configured source; rows stay when a source leaves the configuration (active = 0).
CREATE TABLE sources (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    spec            TEXT NOT NULL,                      -- JSON of the source as configured
    language        TEXT,
    country         TEXT,
    role            TEXT NOT NULL,
    active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    interval_s      REAL NOT NULL CHECK (interval_s > 0),
    next_poll_at    TEXT NOT NULL,
    leased_by       TEXT,
    leased_until    TEXT,
    position        INTEGER NOT NULL DEFAULT 0,         -- the endpoint that delivered last
    added_at        TEXT NOT NULL,
    first_ok_at     TEXT,
    last_poll_at    TEXT,
    last_ok_at      TEXT,
    last_new_at     TEXT,
    entries_seen    INTEGER NOT NULL DEFAULT 0,
    failures        INTEGER NOT NULL DEFAULT 0,         -- polls in a row that failed
    fault           TEXT,                               -- present fault's class, NULL when well
    fault_detail    TEXT,
    fault_since     TEXT
) STRICT;
CREATE INDEX sources_due ON sources (next_poll_at) WHERE active = 1;

-- Validators and present fault of each URL of a source; they advance in the transaction that stores the entries.
CREATE TABLE endpoints (
    source_id       INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    url             TEXT NOT NULL,
    etag            TEXT,
    last_modified   TEXT,
    body_hash       TEXT,
    fault           TEXT,
    fault_detail    TEXT,
    fault_at        TEXT,
    PRIMARY KEY (source_id, position)
) STRICT, WITHOUT ROWID;

-- A log of polls, for health and for "what could be read in that time"; pruned by age.
CREATE TABLE polls (
    id              INTEGER PRIMARY KEY,
    source_id       INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    started_at      TEXT NOT NULL,
    took_ms         REAL NOT NULL,
    url             TEXT NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('unchanged', 'entries', 'fault')),
    status          INTEGER,
    bytes           INTEGER NOT NULL DEFAULT 0,
    entries         INTEGER NOT NULL DEFAULT 0,
    new_entries     INTEGER NOT NULL DEFAULT 0,
    fault           TEXT,
    fault_detail    TEXT,
    notes           TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX polls_by_source ON polls (source_id, started_at);
CREATE INDEX polls_by_time ON polls (started_at);

-- Identity of everything ever seen, and the queue of what is still to be read.
CREATE TABLE entries (
    id              INTEGER PRIMARY KEY,
    source_id       INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    key             TEXT NOT NULL,                      -- identity within the source, see storage/identity.py
    url             TEXT,
    guid            TEXT,
    content_hash    TEXT NOT NULL,
    article_url     TEXT NOT NULL,                      -- the URL its article gets unless the page names a better one
    own_page        INTEGER NOT NULL CHECK (own_page IN (0, 1)), -- 0: the link is not its own, do not fetch it
    payload         TEXT,                               -- JSON of the entry until it is read, then NULL
    seen_at         TEXT NOT NULL,
    first_poll      INTEGER NOT NULL CHECK (first_poll IN (0, 1)),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'read', 'failed')),
    reason          TEXT,
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at          TEXT NOT NULL,
    leased_until    TEXT,
    article_id      INTEGER REFERENCES articles (id) ON DELETE SET NULL,
    UNIQUE (source_id, key)
) STRICT;
CREATE INDEX entries_due ON entries (due_at) WHERE state = 'pending';
CREATE INDEX entries_by_url ON entries (url) WHERE url IS NOT NULL;
CREATE INDEX entries_by_content ON entries (source_id, content_hash);
CREATE INDEX entries_by_article_url ON entries (article_url);
CREATE INDEX entries_by_article ON entries (article_id);

CREATE TABLE articles (
    id              INTEGER PRIMARY KEY,
    url             TEXT NOT NULL UNIQUE,               -- canonical; envoywatch:entry/ID when the entry had none
    title           TEXT NOT NULL,
    text            TEXT NOT NULL,
    language        TEXT,
    source          TEXT NOT NULL,
    source_id       INTEGER NOT NULL REFERENCES sources (id),
    country         TEXT,
    role            TEXT NOT NULL,
    author          TEXT,
    published_at    TEXT NOT NULL,                      -- the best known time, never after seen_at
    claimed_at      TEXT,                               -- what the source claims
    seen_at         TEXT NOT NULL,
    read_at         TEXT NOT NULL,
    origin          TEXT NOT NULL CHECK (origin IN ('page', 'feed', 'title-only')),
    origin_reason   TEXT NOT NULL DEFAULT '',
    text_hash       TEXT NOT NULL,
    copy_of         INTEGER REFERENCES articles (id),
    story_id        INTEGER
) STRICT;
CREATE INDEX articles_by_hash ON articles (text_hash);
CREATE INDEX articles_by_seen ON articles (seen_at);
CREATE INDEX articles_by_source ON articles (source_id, seen_at);
CREATE INDEX articles_by_original ON articles (copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX articles_by_copy ON articles (copy_of) WHERE copy_of IS NOT NULL;

-- Words of title and text, and bigrams of Chinese, Japanese and Korean text, which unicode61 cannot find.
CREATE VIRTUAL TABLE articles_fts USING fts5 (
    title, text, cjk, content = '', tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE matches (
    id              INTEGER PRIMARY KEY,
    article_id      INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    watch           TEXT NOT NULL,
    spans           TEXT NOT NULL,                      -- JSON [[field, start, end], ...]
    at              TEXT NOT NULL,
    UNIQUE (article_id, watch)
) STRICT;
CREATE INDEX matches_by_watch ON matches (watch, at);

CREATE TABLE meetings (
    id              INTEGER PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    participants    TEXT NOT NULL,                      -- JSON list of labels
    level           TEXT NOT NULL,
    status          TEXT NOT NULL,
    date            TEXT,
    place           TEXT,
    first_reported_at TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    reports         INTEGER NOT NULL DEFAULT 1,         -- distinct sources that reported it
    confirmed       INTEGER NOT NULL DEFAULT 0 CHECK (confirmed IN (0, 1)),
    disputed        INTEGER NOT NULL DEFAULT 0 CHECK (disputed IN (0, 1))
) STRICT;
CREATE INDEX meetings_by_time ON meetings (updated_at);

CREATE TABLE meeting_people (
    person          TEXT NOT NULL,
    meeting_id      INTEGER NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    PRIMARY KEY (person, meeting_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX meeting_people_by_meeting ON meeting_people (meeting_id);

CREATE TABLE claims (
    id              INTEGER PRIMARY KEY,
    article_id      INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    meeting_id      INTEGER REFERENCES meetings (id),
    participants    TEXT NOT NULL,
    level           TEXT NOT NULL,
    status          TEXT NOT NULL,
    date            TEXT,
    place           TEXT,
    evidence        TEXT NOT NULL,
    field           TEXT NOT NULL CHECK (field IN ('title', 'text')),
    start           INTEGER NOT NULL,
    end             INTEGER NOT NULL,
    cues            TEXT NOT NULL,                      -- JSON [[kind, field, start, end], ...]
    rule            TEXT NOT NULL,
    confidence      REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    at              TEXT NOT NULL
) STRICT;
CREATE INDEX claims_by_article ON claims (article_id);
CREATE INDEX claims_by_meeting ON claims (meeting_id);

CREATE TABLE status_changes (
    id              INTEGER PRIMARY KEY,
    meeting_id      INTEGER NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    claim_id        INTEGER REFERENCES claims (id),
    change          TEXT NOT NULL,
    before          TEXT,
    after           TEXT NOT NULL,
    at              TEXT NOT NULL
) STRICT;
CREATE INDEX status_changes_by_meeting ON status_changes (meeting_id, at);
CREATE INDEX status_changes_by_time ON status_changes (at);

CREATE TABLE alerts (
    id              INTEGER PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    title           TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    watch           TEXT,
    change          TEXT,
    article_id      INTEGER REFERENCES articles (id),
    claim_id        INTEGER REFERENCES claims (id),
    meeting_id      INTEGER REFERENCES meetings (id),
    evidence        TEXT NOT NULL DEFAULT '',
    place           TEXT,
    date            TEXT,
    detail          TEXT NOT NULL DEFAULT '',
    urgency         TEXT NOT NULL DEFAULT 'normal' CHECK (urgency IN ('normal', 'high')),
    review          TEXT CHECK (review IN ('right', 'wrong-status', 'wrong-person', 'duplicate', 'noise')),
    reviewed_at     TEXT
) STRICT;
CREATE INDEX alerts_by_time ON alerts (created_at);
CREATE INDEX alerts_by_meeting ON alerts (meeting_id);

-- Every verdict with its reason, the "no" as well as the "yes".
CREATE TABLE decisions (
    id              INTEGER PRIMARY KEY,
    article_id      INTEGER REFERENCES articles (id) ON DELETE CASCADE,
    meeting_id      INTEGER REFERENCES meetings (id),
    watch           TEXT,
    verdict         TEXT NOT NULL CHECK (verdict IN ('alert', 'digest', 'quiet')),
    reason          TEXT NOT NULL,
    alert_id        INTEGER REFERENCES alerts (id),
    detail          TEXT NOT NULL DEFAULT '',
    at              TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_article ON decisions (article_id);
CREATE INDEX decisions_by_alert ON decisions (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX decisions_by_watch ON decisions (watch, at);

CREATE TABLE digests (
    id              INTEGER PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,               -- name and the time it was due, so that none is sent twice
    name            TEXT NOT NULL,
    since           TEXT NOT NULL,
    until           TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    content         TEXT NOT NULL                       -- JSON of the digest as decided
) STRICT;

-- When each scheduled thing (a digest, a clock) is next due, and that it was already done.
CREATE TABLE clocks (
    name            TEXT PRIMARY KEY,
    due_at          TEXT NOT NULL,
    done_at         TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    alert_id        INTEGER REFERENCES alerts (id),
    digest_id       INTEGER REFERENCES digests (id),
    channel         TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('due', 'sent', 'parked', 'dead', 'dropped')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    created_at      TEXT NOT NULL,
    due_at          TEXT NOT NULL,
    leased_until    TEXT,
    sent_at         TEXT,
    fault           TEXT,
    last_error      TEXT,
    CHECK ((alert_id IS NULL) <> (digest_id IS NULL))
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'due';
CREATE INDEX deliveries_by_alert ON deliveries (alert_id);

-- Each start of a daemon; ended_at stays NULL after an unclean end.
CREATE TABLE runs (
    id              INTEGER PRIMARY KEY,
    started_at      TEXT NOT NULL,
    ended_at        TEXT,
    pid             INTEGER NOT NULL,
    host            TEXT NOT NULL,
    version         TEXT NOT NULL,
    heartbeat_at    TEXT NOT NULL,
    note            TEXT NOT NULL DEFAULT ''
) STRICT;

-- What the running daemon wants other processes to know: faults of the configuration, queue lengths.
CREATE TABLE notes (
    name            TEXT PRIMARY KEY,
    value           TEXT NOT NULL,
    at              TEXT NOT NULL
) STRICT, WITHOUT ROWID;
