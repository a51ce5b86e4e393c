from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.vocabulary import EndpointKind, Role
from storage.digests import find_digest, last_digest_until
from storage.errors import NotStoredError
from storage.model import (
    Alert,
    AlertKind,
    Cue,
    Decision,
    Endpoint,
    Entry,
    Field,
    Reason,
    SourceSpec,
    Span,
    Verdict,
    to_text,
)
from storage.rows import (
    cues_from_json,
    cues_to_json,
    entry_from_json,
    entry_to_json,
    spans_from_json,
    spans_to_json,
    spec_from_json,
    spec_to_json,
)
from storage.runs import (
    beat,
    clock_state,
    end_run,
    note_damage,
    record_clock,
    record_digest,
    review_alert,
    set_clock,
    set_note,
    start_run,
)
from storage.views_counts import alerts_by_kind, count_articles, count_pending, count_work, meetings_by_status
from tests.seeding import NOW, seed

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def archive(tmp_path):
    from storage.database import open_writer

    db = open_writer(seed(tmp_path).path)
    yield db
    db.conn.close()


def test_a_run_knows_whether_the_one_before_ended_cleanly(database):
    started = start_run(database, "1", NOW)
    assert started.was_clean
    first = started.run_id
    started = start_run(database, "1", NOW)
    assert not started.was_clean
    second = started.run_id
    beat(database, second, LATER)
    assert database.execute("SELECT heartbeat_at FROM runs WHERE id = ?", [second]).fetchone() == (to_text(LATER),)
    end_run(database, second, LATER)
    assert start_run(database, "1", LATER).was_clean
    assert first != second


def test_a_run_knows_that_the_one_before_found_the_database_damaged(database):
    note_damage(database, start_run(database, "1", NOW).run_id, ["row 3 missing from index x"])
    assert start_run(database, "1", LATER).was_damaged
    assert not start_run(database, "1", LATER).was_damaged


def test_a_note_is_left_changed_and_taken_back(database):
    for value in ({"a": 1}, {"a": 2}):
        set_note(database, "n", value, NOW)
    assert database.execute("SELECT value FROM notes").fetchall() == [('{"a":2}',)]
    set_note(database, "n", None, NOW)
    assert database["notes"].count == 0


def test_only_alerts_that_exist_get_a_review_of_the_list(archive):
    review_alert(archive, 1, "noise", NOW)
    with pytest.raises(NotStoredError, match="no alert 99"):
        review_alert(archive, 99, "noise", NOW)
    with pytest.raises(NotStoredError, match="is not a review"):
        review_alert(archive, 1, "nice", NOW)
    assert archive.execute("SELECT review FROM alerts WHERE id = 1").fetchone() == ("noise",)


def test_a_clock_remembers_that_it_rang(database):
    set_clock(database, "c", NOW, None)
    set_clock(database, "c", LATER, NOW)
    set_clock(database, "c", LATER, None)
    assert clock_state(database) == {"c": (LATER, NOW)}


def test_a_clock_that_rang_alerts_once(database):
    alert = Alert("overdue:x", AlertKind.OVERDUE, "T", NOW, channels=("desk",))
    decision = Decision(Verdict.ALERT, Reason.EXPECTED_NOT_COME, "x", alert_key=alert.key)
    assert len(record_clock(database, alert.key, NOW, [alert], [decision])) == 1
    assert record_clock(database, alert.key, LATER, [alert], [decision]) == []
    assert database["deliveries"].count == 1
    assert database.execute("SELECT alert_id FROM decisions").fetchall() == [(1,), (None,)]


def test_promise_12_no_digest_is_made_twice(database):
    number = record_digest(database, "Morning", NOW, NOW - timedelta(days=1), NOW, "{}", ["desk", "phone"])
    assert record_digest(database, "Morning", NOW, NOW, LATER, "{}", ["desk"]) is None
    assert database["deliveries"].count == 2
    assert find_digest(database.conn, number).until == NOW
    assert find_digest(database.conn, 99) is None
    assert last_digest_until(database.conn, "Morning") == NOW
    assert last_digest_until(database.conn, "Evening") is None


def test_the_work_of_a_span_is_counted(archive):
    work = count_work(archive.conn, NOW - timedelta(days=1), LATER)
    assert (work.sources, work.read, work.polls, work.failed_polls, work.articles, work.copies) == (3, 2, 5, 1, 4, 0)
    assert count_pending(archive.conn) == 0
    assert count_articles(archive.conn) == (4, 0)
    assert meetings_by_status(archive.conn) == {"held": 1}
    assert alerts_by_kind(archive.conn)["meeting"] >= 1


def test_records_come_back_from_their_rows():
    spec = SourceSpec("A", (Endpoint(EndpointKind.LISTING, "u", "a"),), timedelta(seconds=1.5), Role.OFFICIAL, "en")
    assert spec_from_json(spec_to_json(spec)) == spec
    special = replace(spec, user_agent="Me/1", proxy="KYIV_PROXY", obey_robots=False, verify_tls=False)
    assert spec_from_json(spec_to_json(special)) == special
    assert (special.access.user_agent, special.access.obey_robots) == ("Me/1", False)
    for entry in (Entry("u", None, "T", published_at=datetime(2023, 1, 1, tzinfo=UTC)), Entry(None, "g", "会谈")):
        assert entry_from_json(entry_to_json(entry)) == entry
    span = Span(Field.TITLE, 1, 2)
    assert spans_from_json(spans_to_json((span,))) == (span,)
    assert cues_from_json(cues_to_json((Cue(span, "meets"),))) == (Cue(span, "meets"),)
