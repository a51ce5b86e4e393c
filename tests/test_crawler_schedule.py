from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.vocabulary import EndpointKind, Role
from crawler.schedule import DAY, JITTER, FaultClass, Limits, fault_class, learned_rate, next_poll
from storage.model import (
    Endpoint,
    Entry,
    Fault,
    FaultKind,
    Lease,
    Pace,
    Poll,
    PollOutcome,
    Rhythm,
    SourceSpec,
    Validators,
)

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MIDDLE = 0.5
ENTRY = Entry("https://example.org/1", None, "One")


def lease(interval=5 * MINUTE, failures=0, *, rhythm=None, role=Role.MEDIA, max_interval=None, first_poll=False):
    feed = Endpoint(EndpointKind.FEED, "https://example.org/feed")
    spec = SourceSpec("a", (feed,), interval, role=role, max_interval=max_interval)
    rhythm = rhythm or Rhythm(None, NOW - interval, NOW - interval)
    return Lease(1, spec, (Validators(),), 0, failures, first_poll=first_poll, until=NOW, rhythm=rhythm)


def good(fresh_for=None, window=0, period=None):
    return Poll(
        1,
        0,
        "https://example.org/feed",
        NOW,
        MINUTE,
        PollOutcome.ENTRIES if window else PollOutcome.UNCHANGED,
        entries=(ENTRY,) * window,
        fresh_for=fresh_for,
        period=period,
    )


def bad(kind=FaultKind.TIMEOUT, retry_after=None):
    fault = Fault(kind, "told", retry_after=retry_after)
    return Poll(1, 0, "https://example.org/feed", NOW, MINUTE, PollOutcome.FAULT, fault=fault)


def choose(poll, *, new=0, jitter=MIDDLE, least=MINUTE, expected=False, taken=None, **source):
    return next_poll(taken or lease(**source), poll, new, NOW, Limits(least), jitter, expected=expected)


def wait(poll, **how):
    return choose(poll, **how).at - NOW


# ---------------------------------------------------------------- the wish


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.95), (0.5, 1.0), (0.999999, 1.05)])
def test_a_good_poll_waits_its_interval_within_five_percent(jitter, factor):
    assert wait(good(), jitter=jitter) / (5 * MINUTE) == pytest.approx(factor, abs=1e-4)
    assert choose(good(), jitter=jitter).pace is Pace.INTERVAL


def test_promise_28_no_source_is_faster_than_the_least_interval():
    assert wait(good(), interval=MINUTE / 60, jitter=0.0) == MINUTE


# ---------------------------------------------------------------- the server's word


@pytest.mark.parametrize(
    ("fresh_for", "minutes"),
    [(None, 5), (MINUTE, 5), (7 * MINUTE, 7), (10 * MINUTE, 10), (60 * MINUTE, 10), (timedelta(days=900), 10)],
)
def test_a_server_may_lengthen_the_wait_to_two_intervals(fresh_for, minutes):
    assert wait(good(fresh_for)) == minutes * MINUTE


def test_the_configuration_may_let_it_lengthen_further_or_not_at_all():
    assert wait(good(timedelta(days=9)), max_interval=2 * HOUR) == 2 * HOUR
    assert wait(good(timedelta(days=9)), max_interval=MINUTE) == 5 * MINUTE


def test_not_even_two_long_intervals_pass_a_day_unless_one_does():
    assert wait(good(timedelta(days=9)), interval=timedelta(hours=20)) == timedelta(hours=24)
    assert wait(good(timedelta(days=9)), interval=timedelta(hours=30)) == timedelta(hours=30)


def test_what_a_feed_claims_of_its_rhythm_counts_until_we_know_better():
    assert choose(good(period=8 * MINUTE)).pace is Pace.FRESH
    known = Rhythm(50.0, NOW - timedelta(days=2), NOW - 5 * MINUTE, NOW - 5 * MINUTE)
    assert wait(good(period=8 * MINUTE), rhythm=known) == 5 * MINUTE


# ---------------------------------------------------------------- how it publishes


@pytest.mark.parametrize(
    ("a_day", "silent", "minutes", "pace"),
    [
        (40, 2 * HOUR, 5, Pace.INTERVAL),  # more than fourteen a day
        (14.5, 1 * HOUR, 5, Pace.INTERVAL),
        (10, 1 * HOUR, 7.2, Pace.SELDOM),
        (5, 1 * HOUR, 10, Pace.SELDOM),
        (0.1, 20 * HOUR, 10, Pace.SELDOM),
        (5, 9 * MINUTE, 5, Pace.INTERVAL),  # something came just now, and news comes in bunches
        (40, 30 * HOUR, 10, Pace.SELDOM),  # it used to publish
    ],
)
def test_a_source_that_seldom_publishes_is_asked_less_often(a_day, silent, minutes, pace):
    past = Rhythm(a_day / 24, NOW - timedelta(days=30), NOW - 5 * MINUTE, NOW - silent)
    # One poll without news lowers the rate by a thousandth.
    found = choose(good(), rhythm=past)
    assert found.pace is pace
    assert found.interval / MINUTE == pytest.approx(minutes, rel=0.01)


def test_officials_keep_their_interval_however_seldom_they_publish():
    past = Rhythm(0.01, NOW - timedelta(days=30), NOW - 5 * MINUTE, NOW - timedelta(days=9))
    assert wait(good(), rhythm=past, role=Role.OFFICIAL) == 5 * MINUTE


def test_a_rate_of_less_than_a_day_slows_nothing():
    past = Rhythm(0.0, NOW - timedelta(hours=23), NOW - 5 * MINUTE)
    assert wait(good(), rhythm=past) == 5 * MINUTE


@pytest.mark.parametrize(
    ("window", "new", "minutes"),
    [
        (30, 30, 15),  # all of it was new: more had scrolled off
        (30, 29, 60 * 0.5 * 30 / 29),
        (30, 20, 45),
        (30, 15, 60),  # half a window is safe
        (30, 1, 60),
        (1, 1, 60),  # a feed of one item is no burst
        (2000, 2000, 15),
    ],
)
def test_a_window_that_was_mostly_new_is_looked_at_again_sooner(window, new, minutes):
    assert wait(good(window=window), new=new, interval=HOUR) / MINUTE == pytest.approx(minutes)


def test_a_burst_shortens_no_interval_below_the_least_and_no_freshness_stands_against_it():
    found = choose(good(HOUR, window=30), new=30, interval=2 * MINUTE)
    assert (found.interval, found.pace) == (MINUTE, Pace.OVERFLOW)


def test_the_backlog_of_a_first_poll_is_no_burst():
    assert wait(good(window=30), new=30, first_poll=True) == 5 * MINUTE


def test_what_gathered_while_a_source_was_down_does_not_shorten_its_interval():
    past = Rhythm(1.0, NOW - timedelta(days=9), NOW - timedelta(days=1), NOW - timedelta(days=1))
    assert wait(good(window=30), new=30, rhythm=past) == 5 * MINUTE


def test_the_rate_of_a_young_source_is_its_plain_mean():
    rhythm, at = Rhythm(None, NOW, NOW), NOW
    for new in (1, 0, 2, 0, 3, 0):
        at += HOUR
        rhythm = Rhythm(learned_rate(rhythm, new, at), NOW, at)
    assert rhythm.rate == pytest.approx(1.0, rel=0.03)


def test_the_rate_forgets_over_days():
    rhythm, at = Rhythm(10.0, NOW - timedelta(days=30), NOW), NOW
    for _ in range(72):
        at += HOUR
        rhythm = Rhythm(learned_rate(rhythm, 0, at), NOW - timedelta(days=30), at)
    assert rhythm.rate == pytest.approx(10 / 2.718, rel=0.01)


# ---------------------------------------------------------------- faults


def test_every_kind_of_fault_has_a_class():
    assert {fault_class(kind) for kind in FaultKind} == set(FaultClass)


@pytest.mark.parametrize("kind", [FaultKind.SERVER, FaultKind.NAME, FaultKind.MALFORMED, FaultKind.NOT_A_FEED])
@pytest.mark.parametrize(("failures", "minutes"), [(0, 5), (1, 10), (2, 20), (6, 320), (7, 360), (1000, 360)])
def test_promise_24_temporary_troubles_double_the_wait_up_to_six_hours(kind, failures, minutes):
    assert wait(bad(kind), failures=failures) == minutes * MINUTE


@pytest.mark.parametrize(("failures", "minutes"), [(0, 10), (1, 20), (5, 320), (6, 360), (1000, 360)])
def test_who_was_asked_too_often_is_asked_half_as_often_at_once(failures, minutes):
    assert wait(bad(FaultKind.RATE_LIMITED), failures=failures) == minutes * MINUTE


@pytest.mark.parametrize("kind", [FaultKind.GONE, FaultKind.BLOCKED, FaultKind.ROBOTS])
@pytest.mark.parametrize(("failures", "minutes"), [(0, 20), (1, 80), (3, 1280), (4, 1440), (1000, 1440)])
def test_promise_24_lasting_troubles_are_asked_after_rarely_but_for_ever(kind, failures, minutes):
    assert wait(bad(kind), failures=failures) == minutes * MINUTE


def test_retry_after_is_obeyed_never_early_and_up_to_a_day():
    assert wait(bad(FaultKind.RATE_LIMITED, 2 * HOUR), jitter=0.0) == 2 * HOUR
    assert wait(bad(FaultKind.RATE_LIMITED, timedelta(seconds=1))) == 10 * MINUTE
    assert wait(bad(FaultKind.RATE_LIMITED, timedelta(days=5))) == timedelta(hours=24)
    assert choose(bad(FaultKind.RATE_LIMITED, 2 * HOUR)).pace is Pace.RETRY_AFTER


# ---------------------------------------------------------------- a meeting is expected


def test_while_a_meeting_is_expected_nothing_but_its_servers_refusal_slows_a_source():
    quiet = Rhythm(0.0, NOW - timedelta(days=30), NOW - 5 * MINUTE)
    found = choose(good(HOUR), rhythm=quiet, expected=True)
    assert (found.interval, found.pace) == (timedelta(seconds=90), Pace.EXPECTED)
    assert wait(bad(), expected=True) == timedelta(seconds=90)
    assert wait(bad(), expected=True, failures=50) == 5 * MINUTE
    assert wait(bad(FaultKind.RATE_LIMITED, HOUR), expected=True) == HOUR
    assert wait(bad(FaultKind.GONE), expected=True) == 20 * MINUTE


def test_a_source_that_is_asked_more_often_than_urgently_stays_so():
    assert wait(good(), interval=MINUTE, expected=True) == MINUTE


# ---------------------------------------------------------------- laws

intervals = st.timedeltas(timedelta(seconds=1), timedelta(days=400))
spans = st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=10**6)))
jitters = st.floats(0, 1, exclude_max=True)
pasts = st.timedeltas(timedelta(0), timedelta(days=4000)).map(lambda past: NOW - past)
rhythms = st.builds(
    lambda rate, moments: Rhythm(rate, *moments),
    st.one_of(st.none(), st.floats(0, 1e9)),
    st.tuples(pasts, pasts, pasts).map(sorted),
)


@given(intervals, st.integers(0, 10**9), st.sampled_from(list(FaultKind)), spans, jitters, st.booleans())
def test_after_a_fault_there_is_always_a_next_time(interval, failures, kind, wish, jitter, expected):
    waited = wait(bad(kind, wish), interval=interval, failures=failures, jitter=jitter, expected=expected)
    assert MINUTE <= waited <= max(DAY, interval) * (1 + JITTER)


@given(
    intervals, st.one_of(st.none(), intervals), rhythms, st.integers(0, 2500), st.integers(0, 5), spans, jitters,
    st.booleans(), st.sampled_from(list(Role)),
)  # fmt: skip
def test_after_an_answer_the_next_time_is_within_the_limits(
    interval, longest, rhythm, new, more, fresh, jitter, expected, role
):
    taken = lease(interval, rhythm=rhythm, max_interval=longest, role=role)
    found = choose(good(fresh, new + more, fresh), new=new, jitter=jitter, expected=expected, taken=taken)
    least = max(interval, MINUTE)
    most = max(least, longest if longest is not None else min(2 * least, DAY))
    assert MINUTE <= found.at - NOW <= most * (1 + JITTER)
    assert found.rate is None or found.rate >= 0


@given(intervals, st.integers(0, 60), st.sampled_from(list(FaultKind)), spans, jitters, st.booleans())
def test_one_more_failure_never_brings_the_next_try_nearer(interval, failures, kind, wish, jitter, expected):
    how = {"interval": interval, "jitter": jitter, "expected": expected}
    assert wait(bad(kind, wish), failures=failures, **how) <= wait(bad(kind, wish), failures=failures + 1, **how)


@given(intervals, rhythms, st.integers(0, 100), jitters)
def test_more_that_was_new_never_brings_the_next_poll_later(interval, rhythm, new, jitter):
    def after(count):
        return wait(good(window=100), new=count, taken=lease(interval, rhythm=rhythm), jitter=jitter)

    assert after(new + 1) <= after(new)


@given(intervals, rhythms, st.integers(0, 50), spans, jitters)
def test_an_expected_meeting_never_brings_the_next_poll_later(interval, rhythm, new, fresh, jitter):
    how = {"new": new, "taken": lease(interval, rhythm=rhythm), "jitter": jitter}
    assert wait(good(fresh, 50), expected=True, **how) <= max(wait(good(fresh, 50), **how), timedelta(seconds=95))
