from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.vocabulary import EndpointKind
from crawler.schedule import next_poll_at
from storage.model import Endpoint, Fault, FaultKind, Lease, Poll, PollOutcome, SourceSpec, Validators

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MIDDLE = 0.5


def lease(interval=5 * MINUTE, failures=0):
    spec = SourceSpec("a", (Endpoint(EndpointKind.FEED, "https://example.org/feed"),), interval)
    return Lease(1, spec, (Validators(),), 0, failures, first_poll=False, until=NOW)


def good(fresh_for=None):
    return Poll(1, 0, "https://example.org/feed", NOW, MINUTE, PollOutcome.ENTRIES, fresh_for=fresh_for)


def bad(kind=FaultKind.TIMEOUT, retry_after=None):
    fault = Fault(kind, "told", retry_after=retry_after)
    return Poll(1, 0, "https://example.org/feed", NOW, MINUTE, PollOutcome.FAULT, fault=fault)


def wait(poll, *, interval=5 * MINUTE, failures=0, jitter=MIDDLE, least=MINUTE):
    return next_poll_at(lease(interval, failures), poll, NOW, least, jitter) - NOW


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.95), (0.5, 1.0), (0.999999, 1.05)])
def test_a_good_poll_waits_its_interval_within_five_percent(jitter, factor):
    assert wait(good(), jitter=jitter) / (5 * MINUTE) == pytest.approx(factor, abs=1e-4)


def test_no_source_is_faster_than_the_least_interval():
    assert wait(good(), interval=MINUTE / 60, jitter=0.0) == MINUTE


@pytest.mark.parametrize(
    ("fresh_for", "minutes"),
    [(None, 5), (MINUTE, 5), (12 * MINUTE, 12), (20 * MINUTE, 20), (60 * MINUTE, 20), (timedelta(days=900), 20)],
)
def test_a_server_may_lengthen_the_wait_to_four_intervals(fresh_for, minutes):
    assert wait(good(fresh_for)) == minutes * MINUTE


def test_not_even_four_long_intervals_pass_a_day_unless_one_does():
    assert wait(good(timedelta(days=9)), interval=timedelta(hours=10)) == timedelta(hours=24)
    assert wait(good(timedelta(days=9)), interval=timedelta(hours=30)) == timedelta(hours=30)


@pytest.mark.parametrize(("failures", "minutes"), [(0, 5), (1, 10), (2, 20), (6, 320), (7, 360), (1000, 360)])
def test_temporary_troubles_double_the_wait_up_to_six_hours(failures, minutes):
    assert wait(bad(FaultKind.SERVER), failures=failures) == minutes * MINUTE


@pytest.mark.parametrize("kind", [FaultKind.GONE, FaultKind.BLOCKED, FaultKind.ROBOTS])
@pytest.mark.parametrize(("failures", "minutes"), [(0, 20), (1, 80), (3, 1280), (4, 1440), (1000, 1440)])
def test_lasting_troubles_are_asked_after_rarely_but_for_ever(kind, failures, minutes):
    assert wait(bad(kind), failures=failures) == minutes * MINUTE


def test_retry_after_is_obeyed_never_early_and_up_to_a_day():
    assert wait(bad(FaultKind.RATE_LIMITED, timedelta(hours=2)), jitter=0.0) == timedelta(hours=2)
    assert wait(bad(FaultKind.RATE_LIMITED, timedelta(seconds=1))) == 5 * MINUTE
    assert wait(bad(FaultKind.RATE_LIMITED, timedelta(days=5))) == timedelta(hours=24)


@given(
    st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
    st.integers(0, 10**9),
    st.sampled_from(list(FaultKind)),
    st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=10**6))),
    st.floats(0, 1, exclude_max=True),
)
def test_there_is_always_a_next_time(interval, failures, kind, wish, jitter):
    for poll in (bad(kind, wish), good(wish)):
        waited = wait(poll, interval=interval, failures=failures, jitter=jitter)
        assert MINUTE <= waited <= max(timedelta(hours=24), interval) * 1.05
