from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.health import UNSEEN, Health, Vitals, in_words, judge, lost_at, rhythm_of
from storage.model import FaultKind

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def vitals(**changes):
    """A source asked every ten minutes, well and busy for a month."""
    good = {
        "interval": 10 * MINUTE,
        "next_poll_at": NOW + 5 * MINUTE,
        "added_at": NOW - 40 * DAY,
        "first_ok_at": NOW - 40 * DAY,
        "last_poll_at": NOW - 5 * MINUTE,
        "last_ok_at": NOW - 5 * MINUTE,
        "last_new_at": NOW - HOUR,
    }
    return Vitals(**(good | changes))


def failing(since, kind=FaultKind.CONNECT, **changes):
    return vitals(fault=kind, fault_since=since, last_ok_at=since - 10 * MINUTE, **changes)


def days(counts, last=NOW):
    """Counts by day, the last one `last`'s."""
    return {last.date() - back * DAY: count for back, count in enumerate(reversed(counts))}


BUSY = days([12] * 28)


def test_a_source_that_is_read_and_gives_something_new_is_well_since_it_was_first_read_or_mended():
    assert judge(vitals(), BUSY, NOW).health is Health.WELL
    assert judge(vitals(), BUSY, NOW).since == NOW - 40 * DAY
    assert judge(vitals(recovered_at=NOW - DAY), BUSY, NOW).since == NOW - DAY


# ---------------------------------------------------------------- failing and lost


def test_one_failure_makes_a_source_failing_and_three_intervals_without_success_lost():
    since = NOW
    source = failing(since)  # last read an interval before
    assert judge(source, BUSY, since).health is Health.FAILING
    assert judge(source, BUSY, since + 19 * MINUTE).health is Health.FAILING
    assert judge(source, BUSY, since + 20 * MINUTE).health is Health.LOST
    assert lost_at(source) == source.last_ok_at + 3 * source.interval


def test_a_lost_source_says_since_when_why_and_what_to_do():
    found = judge(failing(NOW - DAY, FaultKind.GONE, fault_detail="404 Not Found"), BUSY, NOW)
    assert (found.health, found.since) == (Health.LOST, NOW - DAY)
    assert found.why == "the page is not there any more (404 Not Found)"
    assert "sources add" in found.remedy


def test_one_that_was_never_read_says_so():
    never = vitals(first_ok_at=None, last_ok_at=None, last_new_at=None, fault=FaultKind.NAME, fault_since=NOW - DAY)
    found = judge(never, {}, NOW)
    assert found.health is Health.LOST
    assert found.why == "its host name has no address; it has never been read"


def test_one_failure_after_a_long_pause_is_no_loss_before_its_retry():
    slow = replace(failing(NOW), last_ok_at=NOW - DAY)
    assert judge(slow, BUSY, NOW).health is Health.FAILING
    assert judge(slow, BUSY, NOW + 14 * MINUTE).health is Health.FAILING
    assert judge(slow, BUSY, NOW + 15 * MINUTE).health is Health.LOST


def test_official_sources_may_be_lost_sooner():
    assert lost_at(failing(NOW, lost_after=2.0)) == NOW + 15 * MINUTE
    assert lost_at(failing(NOW, lost_after=9.0)) == NOW + 80 * MINUTE


def test_a_source_that_is_read_is_never_lost():
    assert lost_at(vitals()) is None


# ---------------------------------------------------------------- late, never read, paused, removed


@pytest.mark.parametrize(
    ("changes", "health"),
    [
        ({"next_poll_at": NOW - 31 * MINUTE}, Health.LATE),
        ({"next_poll_at": NOW - 29 * MINUTE}, Health.WELL),
        ({"last_poll_at": None, "first_ok_at": None, "last_ok_at": None, "last_new_at": None}, Health.NEVER_READ),
        ({"paused": True, "fault": FaultKind.GONE, "fault_since": NOW - DAY}, Health.PAUSED),
        ({"active": False, "paused": True}, Health.REMOVED),
    ],
)
def test_states_that_need_no_history(changes, health):
    found = judge(vitals(**changes), BUSY, NOW)
    assert found.health is health
    assert bool(found.why) is (health is not Health.WELL)


def test_one_that_waits_for_its_hosts_turn_says_so():
    found = judge(vitals(next_poll_at=NOW - HOUR, held_until=NOW + HOUR), BUSY, NOW)
    assert found.health is Health.LATE
    assert found.why == "it is due, but the turn of its host comes only at 2026-03-18 13:00 UTC"
    assert "not asked" in judge(vitals(next_poll_at=NOW - HOUR, held_until=NOW - MINUTE), BUSY, NOW).why


def test_promise_30_whatever_cannot_be_seen_comes_with_since_when_why_and_what_to_do():
    for source in (
        failing(NOW - DAY),
        failing(NOW),
        vitals(next_poll_at=NOW - DAY),
        vitals(last_new_at=NOW - 9 * DAY),
        vitals(barren_since=NOW - DAY),
    ):
        found = judge(source, BUSY, NOW)
        assert found.health in UNSEEN
        assert found.since
        assert found.why
        assert found.remedy.endswith(".")


# ---------------------------------------------------------------- silent


def test_promise_30_silence_is_judged_against_the_sources_own_rhythm():
    agency, institute = days([200] * 28), days([0, 0, 0, 0, 0, 0, 1] * 4)
    assert judge(vitals(last_new_at=NOW - 5 * HOUR), agency, NOW).health is Health.WELL
    assert judge(vitals(last_new_at=NOW - 7 * HOUR), agency, NOW).health is Health.SILENT
    weekly = vitals(last_new_at=NOW)
    assert judge(replace(weekly, next_poll_at=NOW + 20 * DAY), institute, NOW + 8 * DAY).health is Health.WELL
    found = judge(replace(weekly, next_poll_at=NOW + 40 * DAY), institute, NOW + 22 * DAY)
    assert found.health is Health.SILENT
    assert found.since == NOW
    assert "every 7d" in found.why


def test_weekends_are_no_silence_once_one_was_seen_nor_in_the_first_week():
    friday = datetime(2026, 3, 13, 17, tzinfo=UTC)
    monday = friday + 2 * DAY + 16 * HOUR
    ministry = days([6, 6, 6, 0, 0, 6, 6, 6, 6, 6, 0, 0, 6, 6, 6, 6, 6], friday)
    at_monday = vitals(last_new_at=friday, next_poll_at=monday + HOUR)
    assert judge(at_monday, ministry, monday).health is Health.WELL
    assert judge(replace(at_monday, next_poll_at=monday + 9 * DAY), ministry, monday + 2 * DAY).health is Health.SILENT
    fresh = replace(at_monday, first_ok_at=friday - 4 * DAY)
    assert judge(fresh, days([6, 6, 6, 6, 6], friday), monday).health is Health.WELL


def test_a_long_silence_does_not_make_itself_the_rhythm():
    for silent_days in (2, 20, 60, 400):
        source = vitals(last_new_at=NOW - silent_days * DAY, first_ok_at=NOW - 500 * DAY)
        found = judge(source, days([12] * 28, NOW - silent_days * DAY), NOW)
        assert found.health is Health.SILENT, silent_days
        assert "every 2h" in found.why


def test_a_source_that_fell_silent_on_its_first_day_is_noticed():
    source = vitals(first_ok_at=NOW - 6 * DAY, last_new_at=NOW - 6 * DAY + HOUR)
    assert judge(source, days([2], NOW - 6 * DAY), NOW).health is Health.SILENT


def test_one_that_gave_nothing_new_since_its_first_poll_is_silent_after_a_fortnight():
    source = vitals(first_ok_at=NOW - 15 * DAY, last_new_at=NOW - 15 * DAY)
    assert judge(source, {}, NOW - 2 * DAY).health is Health.WELL
    assert judge(source, {}, NOW).health is Health.SILENT


def test_promise_30_good_answers_without_an_entry_are_silence_from_the_second_on():
    source = vitals(barren_since=NOW)
    later = replace(source, next_poll_at=NOW + HOUR)
    assert judge(source, BUSY, NOW).health is Health.WELL
    found = judge(later, BUSY, NOW + 10 * MINUTE)
    assert (found.health, found.since) == (Health.SILENT, NOW)
    assert "not one entry" in found.why


def test_a_trickle_where_there_was_a_stream_is_silence_too():
    found = judge(vitals(), days([40] * 40 + [1, 0, 2, 1]), NOW)
    assert found.health is Health.SILENT
    assert found.why == "3 new in 3 days, though 120 are usual"
    assert judge(vitals(), days([40] * 40 + [20, 10, 20, 1]), NOW).health is Health.WELL
    assert judge(vitals(), days([3] * 40 + [0, 0, 1, 1]), NOW).health is Health.WELL


def test_no_rhythm_is_known_before_anything_new_came():
    assert rhythm_of(vitals(first_ok_at=None), BUSY) is None
    assert rhythm_of(vitals(last_new_at=None), BUSY) is None
    assert rhythm_of(vitals(), {}) is None
    assert judge(vitals(first_ok_at=None, last_new_at=None), {}, NOW).health is Health.WELL


@given(st.dictionaries(st.dates(date(2026, 2, 1), date(2026, 3, 18)), st.integers(0, 500)), st.integers(0, 60))
def test_a_silent_source_stays_silent_while_nothing_new_comes(per_day, more):
    source = vitals(next_poll_at=NOW + 100 * DAY)
    if judge(source, per_day, NOW).health is Health.SILENT and "3 days" not in judge(source, per_day, NOW).why:
        assert judge(source, per_day, NOW + more * HOUR).health is Health.SILENT


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=20), "20s"),
        (timedelta(minutes=9, seconds=12.3), "9m12s"),
        (timedelta(minutes=12, seconds=29), "12m"),
        (timedelta(hours=2, minutes=13, seconds=4), "2h13m"),
        (timedelta(hours=11, minutes=40), "12h"),
        (timedelta(days=3, hours=5, minutes=7), "3d5h"),
        (timedelta(days=30, hours=5), "30d"),
    ],
)
def test_a_length_of_time_is_told_to_two_figures(span, told):
    assert in_words(span) == told
