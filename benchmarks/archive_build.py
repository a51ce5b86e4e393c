"""Fills an archive for archive.py: the rows that the program writes for an article, in bulk.

Two processes make the articles, their shingles and what goes into the full-text index, by the program's own functions;
this one inserts. One article in five hundred claims a meeting and goes through the whole of `record_reading`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from archive_texts import BEGIN, DAYS, ROLES, SOURCES, Made, languages_of_sources, make

from alerts.decide import decide
from alerts.verdicts import Rules
from config.agencies import outlet_of
from config.vocabulary import EndpointKind, Level, Role, Status
from storage.database import immediate, open_writer
from storage.duplicates import HOT, Body
from storage.entries import key_of_page
from storage.folding import index_columns
from storage.identity import key_of_link, text_hash
from storage.model import Claim, Cue, Endpoint, Field, Match, Reading, SourceSpec, Span, Text, TextOrigin, to_text
from storage.record import record_reading
from storage.search import Indexed, index_row, index_rows
from storage.shingle_filter import fill_filter
from storage.sources import sync_sources
from storage.stories import COUNT_ALL, KEPT, SAMPLE
from storage.term_counts import fill_counts
from storage.traits import traits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlite_utils import Database

CHUNK = 1_000
WORKERS = 2
ALL = -1
"""Under it the articles are counted whose terms are."""
CLAIMING = 500
"""One article of so many claims a meeting."""
MATCHED = "Envoy"
"""The watch whose matches are recorded as they are now but for every tenth."""

_RULES = Rules()

_ARTICLE = (
    "INSERT INTO articles (id, url, title, text, language, source, source_id, country, role, published_at, claimed_at,"
    " seen_at, read_at, origin, text_hash, page_key, shingles, originator)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'page', ?, ?, ?, ?)"
)
_ENTRY = (
    "INSERT INTO entries (source_id, key, url, content_hash, article_url, own_page, seen_at, first_poll, state,"
    " attempts, due_at, article_id) VALUES (?, ?, ?, ?, ?, 1, ?, 0, 'read', 1, ?, ?)"
)


def prepare(first: int, last: int, total: int) -> list[tuple[Any, ...]]:
    """One chunk of articles, ready to be inserted: row, entry, index row, shingles and counted terms of each."""
    made = []
    for number in range(first, min(first + CHUNK, last + 1)):
        one = make(number, total)
        sketch = Body(one.text).sketch
        at, read_at = to_text(one.seen_at), to_text(one.seen_at + timedelta(seconds=30))
        hashed = text_hash(one.title, one.text)
        terms = traits_of(one.title, one.text).terms if number <= COUNT_ALL or number % SAMPLE == 0 else set()
        row = (
            number, one.url, one.title, one.text, one.language, one.source, one.source_id, one.country, one.role,
            at, at, at, read_at, hashed, key_of_page(one.url), sketch.size, outlet_of(one.source),
        )  # fmt: skip
        entry = (one.source_id, key_of_link(one.url), one.url, hashed[:16], one.url, at, at, number)
        indexed = index_row(number, Indexed(one.title, one.text, one.language, one.source, one.country, one.role))
        made.append((row, entry, indexed, sketch.hashes, terms))
    return made


def build(path: Path, total: int, tell: Callable[[str], None]) -> float:
    """Fill a new database; returns the seconds that took."""
    begin = time.perf_counter()
    db = open_writer(path)
    db.execute("PRAGMA cache_size = -200000")
    db.execute("PRAGMA synchronous = OFF")
    add_sources(db)
    db.execute("CREATE TEMP TABLE made (hash INTEGER, article_id INTEGER)")
    done = 0
    bulk = total - total * KEPT.days // DAYS
    counts: Counter[int] = Counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        for chunk in _ahead(pool, bulk, total):
            with immediate(db):
                _insert(db, chunk, total)
            for *_, terms in chunk:
                counts.update({ALL, *terms} if terms else ())
            done += len(chunk)
            if done % 50_000 < CHUNK:
                tell(f"{done:,} articles, {done / (time.perf_counter() - begin):,.0f} a second")
    with immediate(db):
        # As the program leaves them: of a shingle that many texts have, no more than make it a stock phrase.
        db.execute(
            "INSERT OR IGNORE INTO shingles SELECT hash, article_id FROM (SELECT hash, article_id,"
            " row_number() OVER (PARTITION BY hash ORDER BY article_id) AS place FROM made) WHERE place <= ?"
            " ORDER BY hash, article_id",
            [HOT],
        )
        fill_filter(db)
        articles = counts.pop(ALL, 0)
        fill_counts(db, counts, articles)
    _record_last(db, bulk + 1, total)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.conn.close()
    return time.perf_counter() - begin


def _record_last(db: Database, first: int, total: int) -> None:
    """The articles of the days that stories are told in, as the daemon does."""
    for begin in range(first, total + 1, CHUNK):
        with immediate(db):
            for number in range(begin, min(begin + CHUNK, total + 1)):
                one = make(number, total)
                record(db, one, reading_of(one, enter(db, one), with_claim=number % CLAIMING == 0))


def add_sources(db: Database) -> None:
    languages = languages_of_sources()
    specs = [
        SourceSpec(
            f"Source {number}",
            (Endpoint(EndpointKind.FEED, f"https://s{number}.example/feed"),),
            timedelta(hours=1),
            role=Role(ROLES[number % len(ROLES)]),
            language=languages[number - 1],
        )
        for number in range(1, SOURCES + 1)
    ]
    with immediate(db):
        sync_sources(db, specs, BEGIN)


def _ahead(pool: ProcessPoolExecutor, last: int, total: int) -> Iterator[list[tuple[Any, ...]]]:
    """The chunks in order, a few of them made in advance."""
    firsts = iter(range(1, last + 1, CHUNK))
    waiting = [pool.submit(prepare, first, last, total) for first in islice(firsts, 3 * WORKERS)]
    while waiting:
        yield waiting.pop(0).result()
        first = next(firsts, None)
        if first is not None:
            waiting.append(pool.submit(prepare, first, last, total))


def _insert(db: Database, chunk: list[tuple[Any, ...]], total: int) -> None:
    for first in range(0, len(chunk), CLAIMING):
        piece = chunk[first : first + CLAIMING]
        last = piece[-1][0][0]
        _insert_bulk(db, piece[:-1] if last % CLAIMING == 0 else piece)
        if last % CLAIMING == 0:
            one = make(last, total)
            record(db, one, reading_of(one, enter(db, one), with_claim=True))


def _insert_bulk(db: Database, bulk: list[tuple[Any, ...]]) -> None:
    db.conn.executemany(_ARTICLE, [row for row, *_ in bulk])
    db.conn.executemany(_ENTRY, [entry for _, entry, *_ in bulk])
    index_rows(db.conn, [indexed for _, _, indexed, *_ in bulk])
    db.conn.executemany(
        "INSERT INTO made VALUES (?, ?)", [(h, row[0]) for row, _, _, hashes, _ in bulk for h in hashes]
    )
    db.conn.executemany(
        "INSERT INTO decisions (article_id, verdict, reason, at) VALUES (?, 'quiet', 'no-watch-matched', ?)",
        [(row[0], row[12]) for row, *_ in bulk],
    )
    matched = [row for row, *_ in bulk if is_matched(row[0], row[3])]
    db.conn.executemany(
        "INSERT INTO matches (article_id, watch, spans, at) VALUES (?, ?, '[[\"text\", 0, 1]]', ?)",
        [(row[0], MATCHED, row[12]) for row in matched],
    )


def is_matched(number: int, text: str) -> bool:
    """Whether the watch is recorded to have met the article."""
    return "Arda Lin" in text and number % 10 > 0


def enter(db: Database, made: Made) -> int:
    """Store the entry of an article, as a poll does, and return its id."""
    at = to_text(made.seen_at)
    row = db.execute(
        "INSERT INTO entries (source_id, key, url, content_hash, article_url, own_page, seen_at, first_poll, state,"
        " due_at) VALUES (?, ?, ?, 'c', ?, 1, ?, 0, 'pending', ?)"
        " ON CONFLICT (source_id, key) DO UPDATE SET due_at = excluded.due_at RETURNING id",  # of a run broken off
        [made.source_id, key_of_link(made.url), made.url, made.url, at, at],
    ).fetchone()
    return int(row[0])


def record(db: Database, made: Made, reading: Reading) -> None:
    """Store the reading of an entry with everything that follows, as the daemon does."""
    now = made.seen_at + timedelta(seconds=30)
    record_reading(db, reading, lambda one, known: decide(one, known, _RULES, now), now)


def reading_of(made: Made, entry_id: int, *, with_claim: bool = False) -> Reading:
    """What the reading workers make of it."""
    return Reading(
        entry_id=entry_id,
        source_id=made.source_id,
        source=made.source,
        country=made.country,
        role=Role(made.role),
        url=made.url,
        text=Text(made.title, made.text, made.language, TextOrigin.PAGE, published_at=made.seen_at),
        text_hash=text_hash(made.title, made.text),
        seen_at=made.seen_at,
        first_poll=False,
        matches=(Match(MATCHED, (Span(Field.TEXT, 0, 1),)),) if is_matched(made.number, made.text) else (),
        claims=(_claim(made),) if with_claim else (),
        sketch=Body(made.text).sketch,
        traits=traits_of(made.title, made.text),
        columns=index_columns(made.title, made.text),
    )


def _claim(made: Made) -> Claim:
    chance = random.Random(made.number)  # noqa: S311 (made-up meetings)
    end = made.text.find(". ") + 1 or 40
    status = chance.choice([Status.HELD, Status.SCHEDULED, Status.PROPOSED, Status.UNDER_WAY])
    who = ("Arda Lin" if chance.random() < 0.3 else f"Envoy {chance.randrange(40)}", f"Leader {chance.randrange(60)}")
    span = Span(Field.TEXT, 0, end)
    return Claim(
        participants=who,
        level=Level.LEADER,
        status=status,
        date=made.seen_at.astimezone(UTC).date(),
        place=None,
        evidence=made.text[:end],
        span=span,
        cues=(Cue(Span(Field.TEXT, 0, 4), "meets"),),
        rule="met",
        confidence=0.9,
    )
