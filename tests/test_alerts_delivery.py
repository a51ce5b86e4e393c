from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery import (
    GIVE_UP_AFTER,
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    PERMANENT,
    TRIES_BEFORE_GIVING_UP,
    after_failure,
    after_success,
    fallback_channel,
    hold_until,
    wait_after,
)
from config.fields import QuietHours
from config.model import Channel
from config.vocabulary import Urgency
from storage.model import Delivery, DeliveryFault, DeliveryState

NOW = datetime(2023, 5, 17, 12, tzinfo=UTC)
TEMPORARY = sorted(set(DeliveryFault) - PERMANENT)
S = timedelta(seconds=1)


def delivery(attempts=0, created_at=NOW):
    return Delivery(7, "k", "desk", DeliveryState.DUE, attempts, created_at, created_at, alert_id=1)


faults = st.sampled_from(list(DeliveryFault))
waits = st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
jitters = st.floats(min_value=0, max_value=1)
ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30))
attempts = st.integers(min_value=0, max_value=5000)


@given(attempts, ages, faults, waits, jitters)
def test_a_retry_is_never_in_the_past_and_never_beyond_the_caps(tried, age, fault, retry_after, jitter):
    receipt = after_failure(delivery(tried, NOW - age), fault, retry_after, NOW, jitter)
    if receipt.retry_at is not None:
        assert NOW < receipt.retry_at <= NOW + max(LONGEST_WAIT, min(retry_after or S, LONGEST_RETRY_AFTER))
        assert receipt.retry_at >= NOW + min(retry_after or timedelta(0), LONGEST_RETRY_AFTER)


@given(attempts, ages, faults, waits, jitters)
def test_a_receipt_is_due_again_or_finished_and_says_why(tried, age, fault, retry_after, jitter):
    receipt = after_failure(delivery(tried, NOW - age), fault, retry_after, NOW, jitter, "said so")
    assert (receipt.retry_at is not None) == (receipt.state is DeliveryState.DUE)
    assert (receipt.ok, receipt.fault, receipt.detail, receipt.delivery_id) == (False, fault, "said so", 7)


@given(attempts, ages, faults, jitters)
def test_what_is_given_up_stays_given_up_however_long_one_goes_on(tried, age, fault, jitter):
    now = after_failure(delivery(tried, NOW - age), fault, None, NOW, jitter).state
    later = after_failure(delivery(tried + 1, NOW - age), fault, None, NOW + S, jitter).state
    assert now is DeliveryState.DUE or later is now


@given(attempts, jitters)
def test_waits_never_shrink_from_try_to_try(tried, jitter):
    assert wait_after(tried, None, jitter) <= wait_after(tried + 1, None, jitter)


def test_waits_double_from_five_seconds_to_a_quarter_of_an_hour():
    waited = [wait_after(tries, None, 0.0).total_seconds() for tries in range(1, 11)]
    assert waited == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_jitter_shortens_a_wait_by_at_most_a_quarter():
    assert wait_after(1, None, 1.0) == timedelta(seconds=3.75)
    assert wait_after(1, None, 7.0) == wait_after(1, None, 1.0)


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (timedelta(seconds=2), timedelta(seconds=5)),
        (timedelta(minutes=40), timedelta(minutes=40)),
        (timedelta(days=9), timedelta(hours=24)),
    ],
)
def test_the_wish_of_the_target_is_obeyed_up_to_a_day(asked, waited):
    assert wait_after(1, asked, 0.0) == waited


@pytest.mark.parametrize("fault", sorted(PERMANENT))
def test_promise_07_a_refusal_is_parked_with_its_fifth_try(fault):
    states = [after_failure(delivery(tried), fault, None, NOW, 0.5).state for tried in range(5)]
    assert states == [DeliveryState.DUE] * 4 + [DeliveryState.PARKED]


@pytest.mark.parametrize("fault", TEMPORARY)
def test_a_passing_fault_is_borne_for_three_days_and_then_dead(fault):
    almost, over = NOW + GIVE_UP_AFTER - S, NOW + GIVE_UP_AFTER
    assert after_failure(delivery(400), fault, None, almost, 0.5).state is DeliveryState.DUE
    assert after_failure(delivery(400), fault, None, over, 0.5).state is DeliveryState.DEAD


def test_after_days_in_which_we_did_not_run_a_delivery_still_gets_its_tries():
    late = NOW + timedelta(days=30)
    states = [
        after_failure(delivery(tried), DeliveryFault.UNREACHABLE, None, late, 0).state
        for tried in range(TRIES_BEFORE_GIVING_UP)
    ]
    assert states == [DeliveryState.DUE] * (TRIES_BEFORE_GIVING_UP - 1) + [DeliveryState.DEAD]


def test_three_days_of_failure_make_some_three_hundred_tries():
    now, tries = NOW, 0
    while (receipt := after_failure(delivery(tries), DeliveryFault.SERVER, None, now, 0.0)).retry_at is not None:
        now, tries = receipt.retry_at, tries + 1
    assert receipt.state is DeliveryState.DEAD
    assert 290 < tries < 300


def test_success_is_final():
    receipt = after_success(delivery(3), NOW)
    assert (receipt.ok, receipt.state, receipt.retry_at, receipt.fault) == (True, DeliveryState.SENT, None, None)


def test_a_fallback_is_the_configured_one_and_never_one_that_was_tried():
    channels = {"a": Channel(url="x", fallback="b"), "b": Channel(url="x", fallback="a"), "c": Channel(url="x")}
    assert fallback_channel("a", channels) == "b"
    assert fallback_channel("b", channels, tried={"a"}) is None
    assert fallback_channel("c", channels) is None
    assert fallback_channel("gone", channels) is None


def test_a_fallback_to_itself_or_to_nothing_is_none():
    channels = {"a": Channel(url="x", fallback="a"), "b": Channel(url="x", fallback="gone")}
    assert fallback_channel("a", channels) is None
    assert fallback_channel("b", channels) is None


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


NIGHT = "23:00-07:00 Europe/Paris"


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (NIGHT, "2023-05-17T22:59:59+02:00", None),
        (NIGHT, "2023-05-17T23:00:00+02:00", "2023-05-18T07:00:00+02:00"),
        (NIGHT, "2023-05-18T03:00:00+02:00", "2023-05-18T07:00:00+02:00"),
        (NIGHT, "2023-05-18T06:59:59+02:00", "2023-05-18T07:00:00+02:00"),
        (NIGHT, "2023-05-18T07:00:00+02:00", None),
        ("12:00-13:30", "2023-05-17T12:30:00+00:00", "2023-05-17T13:30:00+00:00"),
        ("12:00-13:30", "2023-05-17T13:30:00+00:00", None),
        ("12:00-12:00", "2023-05-17T12:00:00+00:00", None),
        # the night an hour is skipped: it ends an hour sooner
        (NIGHT, "2024-03-31T01:30:00+01:00", "2024-03-31T07:00:00+02:00"),
        # it would end at a time that does not exist: at the first instant after the gap
        ("22:00-02:30 Europe/Paris", "2024-03-31T01:59:00+01:00", "2024-03-31T03:00:00+02:00"),
        ("22:00-02:30 Europe/Paris", "2024-03-31T03:00:00+02:00", None),
        # the night an hour comes twice: it ends at the first 02:30 and does not begin again
        ("22:00-02:30 Europe/Paris", "2024-10-27T02:15:00+02:00", "2024-10-27T02:30:00+02:00"),
        ("22:00-02:30 Europe/Paris", "2024-10-27T02:15:00+01:00", None),
        ("23:00-07:00 Asia/Kathmandu", "2023-05-17T18:00:00+00:00", "2023-05-18T07:00:00+05:45"),
    ],
)
def test_quiet_hours_hold_back_until_their_end(quiet, now, until):
    held = hold_until(QuietHours.model_validate(quiet), at(now), Urgency.NORMAL)
    assert held == (None if until is None else at(until))


def test_what_is_urgent_passes_quiet_hours_and_so_does_all_without_any():
    night = QuietHours.model_validate(NIGHT)
    assert hold_until(night, at("2023-05-18T03:00:00+02:00"), Urgency.HIGH) is None
    assert hold_until(None, NOW, Urgency.NORMAL) is None


@given(
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran"]),
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds the zone)
)
def test_what_is_held_is_held_for_less_than_a_day_and_not_again(start, end, zone, now):
    quiet = QuietHours(start=start.replace(fold=0), end=end.replace(fold=0), zone=zone)
    until = hold_until(quiet, now, Urgency.NORMAL)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert hold_until(quiet, until, Urgency.NORMAL) is None
