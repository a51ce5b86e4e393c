from contextlib import closing
from datetime import timedelta

import pytest

from storage.model import Entry, SourceSpec
from storage.rereads import AFTER_ALERT, EDITS_MOST, finish_reread, lease_rereads
from storage.sources import release_leases, sync_sources
from tests.seeding import NOW, SPECS, Archive, claim_of

URL = "https://today.example/a1"
MET = "Arda Lin met President Boris Vale in Zenda on Wednesday."
HOLD = timedelta(minutes=5)


@pytest.fixture
def archive(tmp_path):
    with closing(Archive(tmp_path)) as archive:
        archive.poll("Ruritania Today", [Entry("https://today.example/a0", "0", "Old")], at=NOW - timedelta(hours=1))
        archive.db.execute("UPDATE entries SET state = 'failed'")
        yield archive


def alerted(archive):
    return archive.article("Ruritania Today", URL, "Envoy received", MET, claims=[claim_of(MET, MET)], at=NOW)


def retitle(archive, title, at=NOW):
    archive.poll("Ruritania Today", [Entry(URL, URL, title, published_at=NOW)], at=at)


def due(archive):
    return archive.db.execute("SELECT due_at, leased_until IS NOT NULL FROM rereads").fetchall()


def test_an_article_that_raised_an_alert_is_due_again_four_times(archive):
    alerted(archive)
    for wait in AFTER_ALERT:
        assert lease_rereads(archive.db, NOW + wait - timedelta(seconds=1), 10, HOLD) == []
        taken = lease_rereads(archive.db, NOW + wait, 10, HOLD)
        assert [reread.pending.article_url for reread in taken] == [URL]
        assert lease_rereads(archive.db, NOW + wait, 10, HOLD) == []
        finish_reread(archive.db, taken[0], NOW + wait)
    assert due(archive) == []


def test_after_a_long_sleep_the_times_that_passed_are_one(archive):
    alerted(archive)
    late = NOW + timedelta(hours=7)
    finish_reread(archive.db, lease_rereads(archive.db, late, 10, HOLD)[0], late)
    assert [row[0][:16] for row in due(archive)] == [f"{NOW + timedelta(hours=24):%Y-%m-%dT%H:%M}"]


def test_a_lease_of_a_process_that_died_is_free_at_the_next_start(archive):
    alerted(archive)
    lease_rereads(archive.db, NOW + HOLD * 3, 10, HOLD)
    release_leases(archive.db)
    assert due(archive)[0][1] == 0


def test_an_article_without_an_alert_or_a_page_of_its_own_is_not_due(archive):
    archive.article("Ruritania Today", URL, "Weather", "It rained in Zenda.", at=NOW)
    assert due(archive) == []


def test_an_edited_headline_makes_it_due_at_once_with_the_entry_as_it_is_now(archive):
    archive.article("Ruritania Today", URL, "Weather", "It rained in Zenda.", at=NOW)
    retitle(archive, "Weather")
    assert due(archive) == []
    retitle(archive, "Storm")
    taken = lease_rereads(archive.db, NOW, 10, HOLD)
    assert [(one.edited, one.pending.entry.title, one.alerted_at) for one in taken] == [(True, "Storm", None)]
    assert archive.db.execute("SELECT count(*) FROM entries WHERE state = 'pending'").fetchone() == (0,)


def test_an_edit_before_the_next_time_comes_first_and_the_times_stay(archive):
    alerted(archive)
    retitle(archive, "Envoy received at last")
    taken = lease_rereads(archive.db, NOW, 10, HOLD)
    finish_reread(archive.db, taken[0], NOW)
    assert lease_rereads(archive.db, NOW, 10, HOLD) == []
    assert lease_rereads(archive.db, NOW + AFTER_ALERT[0], 10, HOLD)[0].edited is False


def test_a_headline_with_a_counter_is_asked_for_ever_more_rarely_and_then_no_more(archive):
    archive.article("Ruritania Today", URL, "Weather", "It rained in Zenda.", at=NOW)
    waits = []
    for number in range(EDITS_MOST + 2):
        retitle(archive, f"Weather ({number} views)")
        for (at,) in archive.db.execute("SELECT due_at FROM rereads").fetchall():
            waits.append(at)
        archive.db.execute("DELETE FROM rereads")
        archive.db.execute("INSERT INTO revisions (article_id, at, title, text_hash) VALUES (1, 'x', 'x', 'x')")
    assert len(waits) == EDITS_MOST
    assert waits == sorted(set(waits))


def test_another_outlets_headline_for_the_same_address_is_no_edit(archive):
    archive.article("Ruritania Today", URL, "Weather", "It rained in Zenda.", at=NOW)
    archive.poll("Ministry", [Entry("http://m.today.example/a1", "m1", "Rain")], at=NOW)
    archive.poll("Ministry", [Entry("http://m.today.example/a1", "m1", "Storm")], at=NOW)
    assert due(archive) == []
    reasons = archive.db.execute("SELECT reason FROM entries WHERE guid = 'm1'").fetchall()
    assert reasons == [("known-url",)]


def test_a_spec_of_the_source_as_it_is_now_comes_along(archive):
    alerted(archive)
    paused = SourceSpec("Ruritania Today", SPECS[0].endpoints, SPECS[0].interval, paused=True)
    sync_sources(archive.db, [paused, *SPECS[1:]], NOW)
    assert lease_rereads(archive.db, NOW + AFTER_ALERT[0], 10, HOLD)[0].pending.spec.paused
