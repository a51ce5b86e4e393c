from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.vocabulary import EndpointKind
from storage.entries import finish_entry, lease_entries, retry_entry
from storage.model import (
    Endpoint,
    EndpointState,
    Entry,
    Fault,
    FaultKind,
    Poll,
    PollOutcome,
    Proof,
    SourceSpec,
    Validators,
    to_text,
)
from storage.sources import finish_poll, lease_due, release_leases, sync_sources

NOW = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)
HOLD = timedelta(minutes=5)
LATER = NOW + timedelta(minutes=5)


def spec(name="Wire", *urls, **fields):
    endpoints = tuple(Endpoint(EndpointKind.FEED, url) for url in urls or (f"https://{name.lower()}.example/feed",))
    return SourceSpec(name=name, endpoints=endpoints, interval=timedelta(minutes=5), **fields)


def entries(*numbers):
    return tuple(Entry(url=f"https://wire.example/{n}", guid=f"g{n}", title=f"Title {n}") for n in numbers)


def poll(lease, *, fault=None, validators=None, found=(), **fields):
    outcome = PollOutcome.FAULT if fault else PollOutcome.ENTRIES if found else PollOutcome.UNCHANGED
    return Poll(
        source_id=lease.source_id,
        position=fields.pop("position", 0),
        url=lease.spec.endpoints[0].url,
        started_at=NOW,
        took=timedelta(milliseconds=120),
        outcome=outcome,
        entries=found,
        fault=fault,
        validators=validators,
        **fields,
    )


def lease(db, now=NOW, **options):
    return lease_due(db, "me", now, 10, HOLD, **options)


@pytest.fixture
def one(database):
    sync_sources(database, [spec()], NOW)
    return lease(database)[0]


def test_a_new_source_is_due_at_once_and_leased_once(database):
    sync_sources(database, [spec("A"), spec("B")], NOW)
    assert {taken.spec.name for taken in lease(database)} == {"A", "B"}
    assert lease(database) == []


def test_a_lease_that_ran_out_is_taken_again(database, one):
    assert lease(database, NOW + HOLD)[0].source_id == one.source_id


def test_releasing_frees_what_a_dead_process_held(database, one):
    release_leases(database)
    assert lease(database)


def test_named_sources_are_leased_ahead_of_their_schedule(database, one):
    finish_poll(database, poll(one), LATER, NOW)
    assert lease(database) == []
    assert lease(database, names=["Wire"], ignore_schedule=True)
    assert lease(database, names=["Other"], ignore_schedule=True) == []


def test_a_source_that_left_the_configuration_is_not_polled_but_kept(database, one):
    sync_sources(database, [], LATER)
    assert lease(database, LATER) == []
    assert database["sources"].count == 1
    sync_sources(database, [spec()], LATER)
    assert lease(database, LATER)[0].source_id == one.source_id


def test_a_paused_source_is_not_polled(database):
    sync_sources(database, [replace(spec(), paused=True)], NOW)
    assert lease(database) == []
    sync_sources(database, [spec()], NOW)
    assert lease(database)


def test_a_changed_url_starts_with_fresh_validators_and_an_unchanged_one_keeps_them(database):
    sync_sources(database, [spec("Wire", "https://a.example/1", "https://a.example/2")], NOW)
    taken = lease(database)[0]
    finish_poll(database, poll(taken, validators=Validators("e", "lm", "h")), NOW, NOW)
    sync_sources(database, [spec("Wire", "https://a.example/1", "https://a.example/new")], NOW)
    assert lease(database)[0].validators == (Validators("e", "lm", "h"), Validators())


def test_promise_01_validators_are_stored_with_the_entries_and_not_with_a_fault(database, one):
    finish_poll(database, poll(one, found=entries(1, 2), validators=Validators("e1")), NOW, NOW)
    assert database["entries"].count == 2
    assert lease(database)[0].validators[0].etag == "e1"
    fault = Fault(FaultKind.SERVER, "500 from wire.example", 500)
    finish_poll(database, poll(one, fault=fault, validators=Validators("e2")), NOW, NOW)
    assert next(row["etag"] for row in database["endpoints"].rows) == "e1"


def test_promise_04_a_known_entry_is_not_new_in_any_disguise(database, one):
    assert finish_poll(database, poll(one, found=entries(1, 2)), NOW, NOW).new_entries == 2
    disguised = (
        replace(entries(1)[0], guid="made anew", title="Edited headline", summary="1 view"),
        replace(entries(2)[0], published_at=LATER),
    )
    assert finish_poll(database, poll(one, found=disguised), NOW, NOW).new_entries == 0


def test_promise_05_entries_that_share_one_link_are_known_again_when_one_is_left_alone(database, one):
    shared = tuple(Entry(url="https://wire.example/live", guid=f"g{n}", title=f"T{n}") for n in range(3))
    assert finish_poll(database, poll(one, found=shared), NOW, NOW).new_entries == 3
    assert finish_poll(database, poll(one, found=shared[:1]), NOW, NOW).new_entries == 0
    assert (
        finish_poll(database, poll(one, found=(replace(shared[0], guid="g9", title="T9"),)), NOW, NOW).new_entries == 1
    )


def test_entries_without_a_link_are_known_again_by_their_words(database, one):
    first = Entry(url=None, guid="a", title="Same words")
    assert finish_poll(database, poll(one, found=(first,)), NOW, NOW).new_entries == 1
    assert finish_poll(database, poll(one, found=(replace(first, guid="b"),)), NOW, NOW).new_entries == 0


def test_a_fault_is_kept_with_its_beginning_until_a_good_poll(database, one):
    fault = Fault(FaultKind.SERVER, "500 from wire.example", 500)
    finished = finish_poll(database, poll(one, fault=fault), LATER, NOW)
    assert (finished.was_fault, finished.is_fault) == (None, "server-error")
    finish_poll(database, poll(one, fault=fault), LATER, LATER)
    row = database.execute("SELECT failures, fault, fault_since FROM sources").fetchone()
    assert row == (2, "server-error", to_text(NOW))
    assert finish_poll(database, poll(one), LATER, LATER).was_fault == "server-error"
    assert database.execute("SELECT failures, fault, fault_since FROM sources").fetchone() == (0, None, None)


def test_a_fault_of_an_endpoint_that_another_stood_in_for_is_kept_with_it(database):
    sync_sources(database, [spec("Wire", "https://a.example/1", "https://a.example/2")], NOW)
    taken = lease(database)[0]
    gone = Fault(FaultKind.GONE, "404", 404)
    finish_poll(database, poll(taken, found=entries(1), position=1, passed_over=((0, gone),)), LATER, NOW)
    assert database.execute("SELECT fault FROM endpoints ORDER BY position").fetchall() == [("gone",), (None,)]
    assert database.execute("SELECT fault, position FROM sources").fetchone() == (None, 1)


def test_only_the_first_good_poll_is_the_first(database, one):
    assert one.first_poll
    finish_poll(database, poll(one, fault=Fault(FaultKind.NAME, "x")), NOW, NOW)
    again = lease(database)[0]
    assert again.first_poll
    finish_poll(database, poll(again, found=entries(1)), NOW, NOW)
    assert not lease(database)[0].first_poll
    assert database.execute("SELECT first_poll FROM entries").fetchone()[0] == 1


def test_hostile_text_of_a_feed_is_stored_readable(database, one):
    entry = Entry(url="https://wire.example/x\ud800", guid="\x00", title="nul \x00 and half \udfff", summary="ok")
    finish_poll(database, poll(one, found=(entry,)), NOW, NOW)
    assert "\x00" not in database.execute("SELECT url || coalesce(guid, '') FROM entries").fetchone()[0]
    assert lease_pending(database)[0].entry.title.startswith("nul")


# ---------------------------------------------------------------- the queue of entries


def lease_pending(db, now=NOW, most=100, per_source=100, busy=None):
    return lease_entries(db, now, most, HOLD, per_source=per_source, busy=busy or {})


def test_pending_entries_come_oldest_first_and_once(database, one):
    finish_poll(database, poll(one, found=entries(3, 2, 1)), NOW, NOW)
    assert [pending.entry.title for pending in lease_pending(database)] == ["Title 1", "Title 2", "Title 3"]
    assert lease_pending(database) == []


def test_no_source_takes_more_than_its_share(database):
    sync_sources(database, [spec("A"), spec("B")], NOW)
    for taken in lease(database):
        found = tuple(Entry(url=f"https://{taken.spec.name}/{n}", guid=None, title=f"{n}") for n in range(5))
        finish_poll(database, poll(taken, found=found), LATER, NOW)
    ids = {row[1]: row[0] for row in database.execute("SELECT id, name FROM sources")}
    got = lease_pending(database, per_source=3, busy={ids["A"]: 2})
    assert sorted(pending.spec.name for pending in got) == ["A", "B", "B", "B"]


def test_an_entry_put_back_waits_for_its_time(database, one):
    finish_poll(database, poll(one, found=entries(1)), NOW, NOW)
    retry_entry(database, lease_pending(database)[0].id, LATER, "timed out")
    assert lease_pending(database) == []
    assert lease_pending(database, LATER)[0].attempts == 1


def test_an_entry_given_up_keeps_its_reason(database, one):
    finish_poll(database, poll(one, found=entries(1)), NOW, NOW)
    finish_entry(database, lease_pending(database)[0].id, None, "failed", "the worker died")
    row = database.execute("SELECT state, reason, payload IS NOT NULL FROM entries").fetchone()
    assert row == ("failed", "the worker died", 1)


# ---------------------------------------------------------------- skips


def counters(db):
    return db.execute(
        "SELECT polled, not_modified, same_body, items_cut, known_urls, known_texts FROM sources"
    ).fetchone()


def test_each_skip_is_counted_for_the_poll_and_for_the_source(database, one):
    finish_poll(database, poll(one, found=entries(1, 2, 3)), NOW, NOW)
    finish_poll(database, poll(one, status=304), NOW, NOW)
    finish_poll(database, poll(one, status=200), NOW, NOW)
    finish_poll(database, poll(one, status=200, cut=3), NOW, NOW)
    finish_poll(database, poll(one, status=200, found=entries(3, 4), cut=2), NOW, NOW)
    finish_poll(database, poll(one, fault=Fault(FaultKind.SERVER, "500")), NOW, NOW)
    assert counters(database) == (6, 1, 1, 5, 1, 0)
    logged = database.execute("SELECT entries, new_entries, cut, known FROM polls ORDER BY id").fetchall()
    assert logged == [(3, 3, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), (3, 0, 3, 0), (4, 1, 2, 1), (0, 0, 0, 0)]


def test_promise_01_the_marks_of_seen_items_and_the_proof_are_stored_with_the_entries(database, one):
    given = Validators(
        "e", None, "h", Proof(2, moved=True, lied=("last-modified",), whole_at=NOW), b"\x01\x00\x00marks"
    )
    finish_poll(database, poll(one, found=entries(1), validators=given), NOW, NOW)
    assert lease(database)[0].validators == (given,)


def test_a_changed_source_takes_no_item_as_seen(database, one):
    finish_poll(database, poll(one, validators=Validators("e", seen=b"marks")), NOW, NOW)
    sync_sources(database, [spec(language="ru")], NOW)
    assert lease(database)[0].validators == (Validators("e"),)


def test_what_an_old_url_proved_is_not_kept_for_the_one_that_took_its_place_meanwhile(database, one):
    sync_sources(database, [spec("Wire", "https://wire.example/new")], NOW)
    finish_poll(database, poll(one, found=entries(1), validators=Validators("e", seen=b"marks")), NOW, NOW)
    assert lease(database)[0].validators == (Validators(),)
    assert database["entries"].count == 1


# ---------------------------------------------------------------- endpoints


def chain(**fields):
    return spec("Wire", "https://wire.example/feed", "https://wire.example/news", **fields)


BLOCKED = Fault(FaultKind.BLOCKED, "403")
REST = NOW + timedelta(hours=1)


def test_an_endpoint_that_failed_counts_it_rests_and_is_well_again_when_it_answers(database):
    sync_sources(database, [chain()], NOW)
    taken = lease(database)[0]
    assert taken.endpoints == (EndpointState(), EndpointState())
    finish_poll(database, poll(taken, found=entries(1), position=1, passed_over=((0, BLOCKED),)), NOW, NOW)
    taken = lease(database)[0]
    assert taken.endpoints == (EndpointState(failures=1), EndpointState(delivered=True))
    resting = poll(taken, position=1, passed_over=((0, BLOCKED),), rests=((0, REST),), memory="[]")
    finish_poll(database, resting, NOW, NOW)
    taken = lease(database)[0]
    assert taken.endpoints == (EndpointState(2, REST), EndpointState(delivered=True, memory="[]"))
    finish_poll(database, poll(taken, position=1), NOW, NOW)
    taken = lease(database)[0]
    assert taken.endpoints[0] == EndpointState(2, REST)
    assert taken.endpoints[1].memory == "[]"
    finish_poll(database, poll(taken, position=0), NOW, NOW)
    assert lease(database)[0].endpoints[0] == EndpointState(delivered=True)


def test_when_all_fail_each_counts_it(database):
    sync_sources(database, [chain()], NOW)
    taken = lease(database)[0]
    finish_poll(database, poll(taken, fault=BLOCKED, passed_over=((1, BLOCKED),), rests=((1, REST),)), NOW, NOW)
    assert lease(database)[0].endpoints == (EndpointState(1), EndpointState(1, REST))


def test_promise_06_of_a_stand_ins_first_answer_only_what_came_out_since_the_last_good_poll_is_news(database):
    sync_sources(database, [chain()], NOW)
    finish_poll(database, poll(lease(database)[0], found=entries(1)), NOW, NOW)
    earlier, later = NOW - timedelta(hours=2), NOW + timedelta(minutes=3)
    found = (
        replace(entries(2)[0], published_at=earlier),
        replace(entries(3)[0], published_at=later),
        entries(4)[0],
    )
    stand_in = poll(lease(database)[0], found=found, position=1, passed_over=((0, BLOCKED),))
    finish_poll(database, stand_in, LATER, LATER)
    marks = dict(database.execute("SELECT guid, first_poll FROM entries").fetchall())
    assert marks == {"g1": 1, "g2": 1, "g3": 0, "g4": 1}
    finish_poll(database, poll(lease(database, LATER)[0], found=entries(5), position=1), LATER, LATER)
    assert database.execute("SELECT first_poll FROM entries WHERE guid = 'g5'").fetchone() == (0,)


@pytest.mark.parametrize(
    ("away", "interval", "background"),
    [(timedelta(hours=29), "5m", 0), (timedelta(hours=31), "5m", 1), (timedelta(hours=50), "1d", 0)],
)
def test_promise_06_after_a_long_absence_a_source_is_read_as_if_for_the_first_time(
    database, away, interval, background
):
    one = replace(spec(), interval={"5m": timedelta(minutes=5), "1d": timedelta(days=1)}[interval])
    sync_sources(database, [one], NOW)
    finish_poll(database, poll(lease(database)[0], found=entries(1)), NOW, NOW)
    later = NOW + away
    finish_poll(database, poll(lease(database, later)[0], found=entries(2)), later, later)
    assert database.execute("SELECT first_poll FROM entries WHERE guid = 'g2'").fetchone() == (background,)
    finish_poll(database, poll(lease(database, later)[0], found=entries(3)), later, later)
    assert database.execute("SELECT first_poll FROM entries WHERE guid = 'g3'").fetchone() == (0,)


def test_another_selector_reads_the_same_page_anew(database):
    def listing(links):
        return replace(spec(), endpoints=(Endpoint(EndpointKind.LISTING, "https://wire.example/news", links),))

    sync_sources(database, [listing("h2 a")], NOW)
    finish_poll(database, poll(lease(database)[0], validators=Validators(body_hash="b"), memory="m"), NOW, NOW)
    sync_sources(database, [listing("h2 a")], NOW)
    taken = lease(database)[0]
    assert (taken.validators[0].body_hash, taken.endpoints[0].memory) == ("b", "m")
    sync_sources(database, [listing("h3 a")], NOW)
    taken = lease(database, LATER + HOLD)[0]
    assert taken.validators == (Validators(),)
    assert taken.endpoints == (EndpointState(),)
