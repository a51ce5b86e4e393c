import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from config.vocabulary import EndpointKind
from storage.database import APPLICATION_ID, open_writer
from storage.migrations import MIGRATIONS
from storage.model import Endpoint, Entry, Fault, FaultKind, Poll, PollOutcome, SourceSpec, Validators, to_text
from storage.rows import spec_from_json, spec_to_json
from storage.sources import finish_poll, lease_due, sync_sources
from storage.vitals import prune_days

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
SPEC = SourceSpec("Wire", (Endpoint(EndpointKind.FEED, "https://wire.example/rss"),), timedelta(minutes=5))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def database(tmp_path):
    db = open_writer(tmp_path / "vitals.db")
    sync_sources(db, [SPEC], NOW)
    with closing(db.conn):
        yield db


def poll(db, at, *, new=(), fault=None, outcome=None, **fields):
    lease = lease_due(db, "me", at, 1, MINUTE, ignore_schedule=True)[0]
    entries = tuple(Entry(url=f"https://wire.example/{n}", guid=f"g{n}", title=f"Title {n}") for n in new)
    found = Poll(
        source_id=lease.source_id,
        position=0,
        url=SPEC.endpoints[0].url,
        started_at=at,
        took=timedelta(milliseconds=12),
        outcome=outcome or (PollOutcome.FAULT if fault else PollOutcome.ENTRIES),
        entries=entries,
        fault=fault,
        **fields,
    )
    finish_poll(db, found, at + SPEC.interval, at)
    return lease


def row(db):
    return next(db.query("SELECT * FROM sources"))


def test_new_entries_are_counted_by_day_but_for_those_of_the_first_poll(database):
    poll(database, NOW, new=range(30))
    poll(database, NOW + MINUTE, new=range(32))
    poll(database, NOW + 2 * MINUTE, new=range(33))
    poll(database, NOW + DAY, new=range(34))
    poll(database, NOW + DAY + MINUTE, new=range(34))
    assert [(one["day"], one["entries"]) for one in database["source_days"].rows] == [
        ("2026-03-18", 3),
        ("2026-03-19", 1),
    ]


def test_good_answers_without_an_entry_are_noted_with_their_beginning_until_one_has_some(database):
    poll(database, NOW)
    poll(database, NOW + MINUTE)
    assert row(database)["barren_since"] == to_text(NOW)
    poll(database, NOW + 2 * MINUTE, outcome=PollOutcome.UNCHANGED, status=304)
    poll(database, NOW + 3 * MINUTE, fault=Fault(FaultKind.SERVER, "500"))
    assert row(database)["barren_since"] == to_text(NOW)
    poll(database, NOW + 4 * MINUTE, new=[1])
    assert row(database)["barren_since"] is None


def test_entries_that_were_skipped_as_known_are_entries(database):
    poll(database, NOW, new=[1])
    poll(database, NOW + MINUTE, cut=30)
    assert row(database)["barren_since"] is None


def test_the_end_of_a_fault_is_kept(database):
    poll(database, NOW, new=[1])
    assert row(database)["recovered_at"] is None
    poll(database, NOW + MINUTE, fault=Fault(FaultKind.SERVER, "500"))
    poll(database, NOW + 2 * MINUTE, new=[1])
    poll(database, NOW + 3 * MINUTE, new=[1])
    assert row(database)["recovered_at"] == to_text(NOW + 2 * MINUTE)


def test_an_endpoint_at_fault_is_asked_unconditionally_so_that_no_304_can_heal_it(database):
    kept = Validators("etag", "yesterday", "hash")
    poll(database, NOW, new=[1], validators=kept)
    assert poll(database, NOW + MINUTE, fault=Fault(FaultKind.MALFORMED, "cut")).validators == (kept,)
    asked = poll(database, NOW + 2 * MINUTE, new=[1], validators=kept).validators
    assert asked == (replace(kept, at_fault=True),)
    assert poll(database, NOW + 3 * MINUTE, new=[1]).validators == (kept,)


def test_old_days_are_forgotten_but_not_the_rhythm_before_a_long_silence(database):
    poll(database, NOW - 200 * DAY, new=[0])
    for back in (200, 150, 100, 90):
        poll(database, NOW - back * DAY, new=range(1000 - back))
    assert prune_days(database, NOW) == 2
    poll(database, NOW, new=range(2000))
    assert prune_days(database, NOW) == 2
    assert database["source_days"].count == 1


def test_other_than_three_intervals_to_a_loss_are_kept_with_the_source():
    official = replace(SPEC, lost_after=2.0)
    assert spec_from_json(spec_to_json(official)) == official
    assert "lost_after" not in spec_to_json(SPEC)


def test_a_database_of_version_1_gets_its_rhythm_from_the_log_of_polls(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0002_skips")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO sources (name, spec, role, interval_s, next_poll_at, added_at, first_ok_at)"
            " VALUES ('Wire', ?, 'media', 300, ?, ?, ?)",
            [spec_to_json(SPEC), to_text(NOW), to_text(NOW), to_text(NOW + timedelta(seconds=1))],
        )
        for minutes, new in ((0, 30), (5, 2), (10, 0), (1440, 4), (1445, 1)):
            connection.execute(
                "INSERT INTO polls (source_id, started_at, took_ms, url, outcome, new_entries)"
                " VALUES (1, ?, 1, '', 'entries', ?)",
                [to_text(NOW + minutes * MINUTE), new],
            )
    with closing(open_writer(path).conn) as connection:
        assert connection.execute("SELECT source_id, day, entries FROM source_days").fetchall() == [
            (1, "2026-03-18", 2),
            (1, "2026-03-19", 5),
        ]
        assert connection.execute("SELECT barren_since, recovered_at, lost_told_at FROM sources").fetchall() == [
            (None, None, None)
        ]
    assert list(tmp_path.glob("old.db.before-*"))
