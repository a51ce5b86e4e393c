from datetime import UTC, datetime, timedelta

import pytest

from storage.errors import NotStoredError
from storage.model import Alert, AlertKind, DeliveryFault, DeliveryState, Receipt
from storage.outbox import (
    drop_delivery,
    due_channels,
    finish_delivery,
    hold_delivery,
    lease_deliveries,
    retry_delivery,
)
from storage.record import write_alerts
from storage.runs import record_digest
from storage.sources import release_leases

NOW = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)
HOLD = timedelta(minutes=2)
LATER = NOW + timedelta(minutes=10)


def alert(db, name="a", *channels, at=NOW):
    told = Alert(name, AlertKind.MATCH, name, at, channels=channels or ("desk",))
    return write_alerts(db, [told], {}, {}, None)[name]


def lease(db, channel="desk", now=NOW, most=10):
    return lease_deliveries(db, channel, now, most, HOLD)


def finish(db, delivery, state=DeliveryState.SENT, *, fallback=None, retry_at=None, fault=None, at=NOW):
    receipt = Receipt(delivery.id, at, state is DeliveryState.SENT, state, fault, "what it said\x00", retry_at)
    finish_delivery(db, receipt, fallback)


def states(db):
    return db.execute("SELECT channel, state FROM deliveries ORDER BY id").fetchall()


def test_a_delivery_is_leased_once_and_again_when_the_lease_ran_out(database):
    alert(database)
    (first,) = lease(database)
    assert (first.channel, first.state, first.attempts, first.created_at) == ("desk", DeliveryState.DUE, 0, NOW)
    assert lease(database) == []
    assert lease(database, now=NOW + HOLD)[0].key == first.key


def test_promise_03_a_kill_between_lease_and_receipt_sends_again_under_the_same_key(database):
    alert(database)
    (first,) = lease(database)
    release_leases(database)
    assert lease(database)[0].key == first.key


def test_only_channels_with_something_to_send_now_are_named(database):
    alert(database, "a", "desk")
    alert(database, "b", "phone", at=LATER)
    assert due_channels(database.conn, NOW) == ["desk"]
    assert sorted(due_channels(database.conn, LATER)) == ["desk", "phone"]
    lease(database)
    assert due_channels(database.conn, NOW) == []


def test_promise_07_a_failing_channel_leaves_the_others_due(database):
    alert(database, "a", "desk", "phone")
    finish(database, lease(database)[0], DeliveryState.DUE, retry_at=LATER, fault=DeliveryFault.SERVER)
    assert len(lease(database, "phone")) == 1


def test_promise_07_new_alerts_go_before_the_backlog_and_each_oldest_first(database):
    for number in range(3):
        alert(database, f"old {number}", at=NOW + timedelta(seconds=number))
    for delivery in lease(database, now=NOW + timedelta(seconds=5)):
        finish(database, delivery, DeliveryState.DUE, retry_at=LATER)
    alert(database, "new 2", at=LATER)
    alert(database, "new 1", at=LATER - timedelta(seconds=1))
    names = dict(database.execute("SELECT id, key FROM alerts").fetchall())
    first = lease(database, now=LATER, most=3)
    rest = lease(database, now=LATER)
    assert [names[one.alert_id] for one in (*first, *rest)] == ["new 1", "new 2", "old 0", "old 1", "old 2"]


def test_promise_43_a_receipt_keeps_what_the_attempt_ended_in(database):
    alert(database, "a")
    alert(database, "b")
    good, bad = lease(database)
    finish(database, good, at=LATER)
    finish(database, bad, DeliveryState.DUE, retry_at=LATER, fault=DeliveryFault.RATE_LIMITED)
    found = database.execute("SELECT state, attempts, sent_at, fault, last_error, due_at FROM deliveries").fetchall()
    assert [row[:4] for row in found] == [
        ("sent", 1, "2023-05-16T08:10:00.000000Z", None),
        ("due", 1, None, "rate-limited"),
    ]
    assert found[1][4:] == ("what it said\ufffd", "2023-05-16T08:10:00.000000Z")
    assert lease(database) == []
    assert lease(database, now=LATER)[0].attempts == 1


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.PARKED])
def test_what_cannot_be_delivered_goes_out_through_the_fallback_once(database, state):
    alert(database)
    finish(database, lease(database)[0], state, fallback="phone", fault=DeliveryFault.REFUSED)
    assert states(database) == [("desk", state), ("phone", "due")]
    retry_delivery(database, 1, NOW)
    finish(database, lease(database)[0], state, fallback="phone")
    assert len(states(database)) == 2


def test_fallbacks_that_name_each_other_make_no_ring(database):
    alert(database)
    finish(database, lease(database)[0], DeliveryState.DEAD, fallback="phone")
    finish(database, lease(database, "phone")[0], DeliveryState.DEAD, fallback="desk")
    assert states(database) == [("desk", "dead"), ("phone", "dead")]


def test_a_fallback_that_is_a_channel_of_the_alert_anyway_gets_it_once(database):
    alert(database, "a", "desk", "phone")
    finish(database, lease(database)[0], DeliveryState.DEAD, fallback="phone")
    assert states(database) == [("desk", "dead"), ("phone", "due")]


def test_a_digest_falls_back_too_and_an_attempt_that_may_be_tried_again_does_not(database):
    number = record_digest(database, "Morning", NOW, NOW, NOW, "{}", ["desk"])
    delivery = lease(database)[0]
    assert (delivery.digest_id, delivery.alert_id) == (number, None)
    finish(database, delivery, DeliveryState.DUE, fallback="phone", retry_at=NOW)
    assert len(states(database)) == 1
    finish(database, lease(database)[0], DeliveryState.DEAD, fallback="phone")
    assert lease(database, "phone")[0].digest_id == number


def test_a_receipt_for_a_delivery_that_is_gone_changes_nothing(database):
    finish_delivery(database, Receipt(99, NOW, ok=False, state=DeliveryState.DEAD), "phone")
    assert states(database) == []


def test_quiet_hours_hold_a_delivery_without_an_attempt(database):
    alert(database)
    hold_delivery(database, lease(database)[0].id, LATER)
    assert lease(database) == []
    assert lease(database, now=LATER)[0].attempts == 0


def test_a_person_sends_a_dead_delivery_again(database):
    alert(database)
    finish(database, lease(database)[0], DeliveryState.DEAD)
    retry_delivery(database, 1, LATER)
    assert lease(database, now=NOW) == []
    assert lease(database, now=LATER)[0].attempts == 1


def test_a_retry_by_hand_does_not_send_what_is_on_its_way_a_second_time(database):
    alert(database)
    lease(database)
    retry_delivery(database, 1, NOW)
    assert lease(database) == []


def test_a_dropped_delivery_is_not_sent_and_stays_as_a_record(database):
    alert(database)
    drop_delivery(database, 1)
    assert lease(database) == []
    assert states(database) == [("desk", "dropped")]


def test_what_was_dropped_on_its_way_stays_dropped_unless_it_arrived(database):
    alert(database, "a")
    alert(database, "b")
    alert(database, "c")
    failed, dead, arrived = lease(database)
    for number in (1, 2, 3):
        drop_delivery(database, number)
    finish(database, failed, DeliveryState.DUE, retry_at=NOW)
    finish(database, dead, DeliveryState.DEAD, fallback="phone")
    finish(database, arrived)
    assert states(database) == [("desk", "dropped"), ("desk", "dropped"), ("desk", "sent")]


@pytest.mark.parametrize("act", [lambda db, n: retry_delivery(db, n, NOW), drop_delivery])
def test_what_was_sent_or_never_was_cannot_be_sent_again_or_dropped(database, act):
    alert(database)
    finish(database, lease(database)[0])
    with pytest.raises(NotStoredError, match="delivery 1 was sent already"):
        act(database, 1)
    with pytest.raises(NotStoredError, match="there is no delivery 7"):
        act(database, 7)
    assert states(database) == [("desk", "sent")]
