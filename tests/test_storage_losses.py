from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.vocabulary import EndpointKind
from storage.database import open_reader, open_writer
from storage.health import Outage
from storage.losses import concerned_sources, find_outage, fleet, last_told_at, record_losses
from storage.model import (
    Alert,
    AlertKind,
    Decision,
    Endpoint,
    Fault,
    FaultKind,
    Poll,
    PollOutcome,
    Reason,
    SourceSpec,
    Verdict,
    from_text,
)
from storage.sources import finish_poll, lease_due, sync_sources

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPECS = [
    SourceSpec(name, (Endpoint(EndpointKind.FEED, f"https://{name}.example:8443/rss"),), 5 * MINUTE)
    for name in ("alpha", "beta", "gamma")
]


@pytest.fixture
def database(tmp_path):
    db = open_writer(tmp_path / "losses.db")
    sync_sources(db, SPECS, NOW)
    with closing(db.conn):
        yield db


@pytest.fixture
def reader(database, tmp_path):
    with closing(open_reader(tmp_path / "losses.db")) as connection:
        yield connection


def poll(db, name, at, kind=None):
    (lease,) = lease_due(db, "me", at, 1, MINUTE, names=[name], ignore_schedule=True)
    found = Poll(
        source_id=lease.source_id,
        position=0,
        url=lease.spec.endpoints[0].url,
        started_at=at,
        took=timedelta(0),
        outcome=PollOutcome.FAULT if kind else PollOutcome.UNCHANGED,
        fault=Fault(kind, "so it is") if kind else None,
    )
    finish_poll(db, found, at + 60 * MINUTE, at)
    return lease.source_id


def write(db, now=NOW, **changes):
    nothing = {"alert": None, "decisions": (), "lost": (), "back": (), "outage": None}
    return record_losses(db, now, **(nothing | changes))


def test_only_those_at_fault_and_untold_and_those_back_concern_anybody(database, reader):
    assert concerned_sources(reader) == []
    alpha = poll(database, "alpha", NOW, FaultKind.GONE)
    poll(database, "beta", NOW)
    (one,) = concerned_sources(reader)
    assert (one.name, one.host, one.fault, one.told_at) == ("alpha", "alpha.example:8443", FaultKind.GONE, None)
    assert one.lost_at == NOW + 15 * MINUTE
    assert one.is_lost(NOW + 15 * MINUTE)
    assert not one.is_lost(NOW + 14 * MINUTE)
    assert not one.is_lost(NOW + 60 * MINUTE)  # due again: its poll is waited for
    write(database, lost=[alpha])
    assert concerned_sources(reader) == []
    assert [one.name for one in concerned_sources(reader, still_lost=True)] == ["alpha"]
    poll(database, "alpha", NOW + MINUTE)
    (one,) = concerned_sources(reader)
    assert (one.fault, one.told_at, one.recovered_at) == (None, NOW, NOW + MINUTE)
    write(database, back=[alpha])
    assert concerned_sources(reader) == []


def test_one_told_as_lost_that_is_paused_or_removed_is_seen_as_unwatched(database, reader):
    ids = [poll(database, name, NOW, FaultKind.GONE) for name in ("alpha", "beta")]
    write(database, lost=ids)
    sync_sources(database, [replace(SPECS[0], paused=True), SPECS[2]], NOW)
    assert [(one.name, one.watched) for one in concerned_sources(reader)] == [("alpha", False), ("beta", False)]
    assert fleet(reader) == (1, None)


def test_the_fleet_is_counted_with_the_newest_success(database, reader):
    poll(database, "alpha", NOW)
    poll(database, "beta", NOW + MINUTE)
    assert fleet(reader) == (3, NOW + MINUTE)


def test_an_outage_is_kept_until_it_is_over_and_all_are_asked_again_at_its_end(database, reader):
    poll(database, "alpha", NOW, FaultKind.CONNECT)
    poll(database, "beta", NOW, FaultKind.GONE)
    outage = Outage(NOW - MINUTE, NOW)
    write(database, outage=outage)
    assert find_outage(reader) == outage
    ended = replace(outage, online_at=NOW + MINUTE)
    write(database, NOW + MINUTE, outage=ended, wake=[FaultKind.CONNECT])
    assert find_outage(reader) == ended
    due = {row["name"]: from_text(row["next_poll_at"]) for row in database["sources"].rows}
    assert due == {"alpha": NOW + MINUTE, "beta": NOW + 60 * MINUTE, "gamma": NOW}
    write(database)
    assert find_outage(reader) is None


def test_a_message_its_reasons_and_what_was_told_are_written_together(database, reader):
    alpha = poll(database, "alpha", NOW, FaultKind.GONE)
    alert = Alert("sources:1", AlertKind.SOURCE, "Source lost: alpha", NOW, channels=("desk", "phone"))
    decision = Decision(Verdict.ALERT, Reason.SOURCE_LOST, alert_key=alert.key, detail="alpha: gone")
    assert last_told_at(reader) is None
    assert write(database, alert=alert, decisions=[decision], lost=[alpha]) == [1]
    assert last_told_at(reader) == NOW
    assert database.execute("SELECT reason, alert_id, detail FROM decisions").fetchall() == [
        ("source-lost", 1, "alpha: gone")
    ]
    assert [row[0] for row in database.execute("SELECT channel FROM deliveries").fetchall()] == ["desk", "phone"]
    assert write(database, alert=alert) == []
    quiet = Decision(Verdict.QUIET, Reason.TOLD_THIS_HOUR, detail="beta")
    assert write(database, decisions=[quiet]) == []
    assert database.execute("SELECT verdict, alert_id FROM decisions ORDER BY id DESC").fetchone() == ("quiet", None)
