from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.clocks import digest_clocks, due_digests, instant, meeting_matches, next_digest_at, overdue
from config.fields import ZonedTime
from config.model import Digest, Expectation, MeetingSpec
from config.vocabulary import Level, Status
from storage.model import Meeting

MICROSECOND = timedelta(microseconds=1)


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def zoned(text):
    return ZonedTime.model_validate(text)


@pytest.mark.parametrize(
    ("clock", "after", "due"),
    [
        ("07:30 Europe/Paris", "2023-05-17T07:29:59+02:00", "2023-05-17T07:30:00+02:00"),
        ("07:30 Europe/Paris", "2023-05-17T07:30:00+02:00", "2023-05-18T07:30:00+02:00"),
        ("00:00", "2023-12-31T23:59:59+00:00", "2024-01-01T00:00:00+00:00"),
        ("07:30 Pacific/Kiritimati", "2023-05-17T17:00:00+00:00", "2023-05-17T17:30:00+00:00"),
        ("07:30 Pacific/Pago_Pago", "2023-05-17T18:00:00+00:00", "2023-05-17T18:30:00+00:00"),
        # 31 March 2024, Paris: 02:00 to 03:00 does not exist
        ("02:30 Europe/Paris", "2024-03-30T12:00:00+01:00", "2024-03-31T03:00:00+02:00"),
        ("02:30 Europe/Paris", "2024-03-31T03:00:00+02:00", "2024-04-01T02:30:00+02:00"),
        ("03:00 Europe/Paris", "2024-03-30T12:00:00+01:00", "2024-03-31T03:00:00+02:00"),
        # 27 October 2024, Paris: 02:00 to 03:00 comes twice
        ("02:30 Europe/Paris", "2024-10-26T12:00:00+02:00", "2024-10-27T02:30:00+02:00"),
        ("02:30 Europe/Paris", "2024-10-27T02:30:00+02:00", "2024-10-28T02:30:00+01:00"),
        # half an hour only
        ("02:15 Australia/Lord_Howe", "2024-10-05T12:00:00+10:30", "2024-10-06T02:30:00+11:00"),
        # a whole day that never was
        ("07:30 Pacific/Apia", "2011-12-29T08:00:00-10:00", "2011-12-31T00:00:00+14:00"),
        # midnight does not exist
        ("00:10 America/Havana", "2024-03-09T12:00:00-05:00", "2024-03-10T01:00:00-04:00"),
    ],
)
def test_a_digest_is_next_due_when_the_clock_of_its_zone_says_so(clock, after, due):
    assert next_digest_at(zoned(clock), at(after)) == at(due)


ZONES = ["UTC", "Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"]
moments = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)
clocks = st.builds(
    lambda hour, minute, zone: ZonedTime(at=time(hour, minute), zone=zone),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)


@given(clocks, moments)
def test_promise_12_the_next_time_lies_ahead_and_at_most_a_day_and_the_change_of_the_clock_away(clock, after):
    due = next_digest_at(clock, after)
    assert after < due <= after + timedelta(hours=25)
    assert next_digest_at(clock, due - MICROSECOND) == due


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1)), st.times(), st.sampled_from(ZONES))
def test_an_instant_shows_the_time_asked_for_or_the_end_of_the_gap(day, clock, zone):
    moment = instant(day, clock, ZoneInfo(zone))
    shown = moment.astimezone(ZoneInfo(zone))
    asked = datetime.combine(day, clock.replace(fold=0))
    assert shown.replace(tzinfo=None) == asked or (
        shown.replace(tzinfo=None) > asked
        and shown.utcoffset() != (moment - MICROSECOND).astimezone(ZoneInfo(zone)).utcoffset()
    )


MORNING = Digest(name="Morning", at=zoned("07:30 Europe/Paris"))
NOON = Digest(name="Noon", at=zoned("12:00"))
NOW = at("2023-05-17T12:00:00+02:00")
MORNING_TOMORROW = at("2023-05-18T07:30:00+02:00")


def test_a_new_digest_waits_for_its_next_time():
    assert digest_clocks([MORNING], {}, NOW) == {"Morning": MORNING_TOMORROW}


def test_what_was_missed_stays_due_over_a_restart():
    missed = at("2023-05-15T07:30:00+02:00")
    assert digest_clocks([MORNING], {"Morning": missed}, NOW) == {"Morning": missed}


def test_a_digest_with_a_new_time_of_day_waits_for_that():
    stored = {"Morning": at("2023-05-18T06:00:00+02:00")}
    assert digest_clocks([MORNING], stored, NOW) == {"Morning": MORNING_TOMORROW}


def test_a_digest_that_left_the_configuration_is_forgotten():
    assert digest_clocks([NOON], {"Morning": MORNING_TOMORROW}, NOW) == {"Noon": at("2023-05-17T12:00:00+00:00")}


def test_a_digest_missed_for_days_is_due_once():
    missed = at("2023-05-14T07:30:00+02:00")
    (due,) = due_digests([MORNING, NOON], {"Morning": missed, "Noon": NOW + timedelta(hours=2)}, NOW)
    assert (due.digest, due.due_at, due.next_at) == (MORNING, missed, MORNING_TOMORROW)


def test_a_digest_is_due_at_its_very_instant_and_not_before():
    assert due_digests([MORNING], {"Morning": NOW}, NOW)
    assert not due_digests([MORNING], {"Morning": NOW + MICROSECOND}, NOW)
    assert not due_digests([MORNING], {}, NOW)


def test_promise_12_a_clock_set_back_repeats_no_digest():
    (due,) = due_digests([MORNING], {"Morning": MORNING_TOMORROW}, MORNING_TOMORROW)
    assert not due_digests([MORNING], {"Morning": due.next_at}, MORNING_TOMORROW - timedelta(hours=3))


# ---------------------------------------------------------------- expected meetings


def meeting(**changes):
    values = {
        "key": "m",
        "participants": ("Li Hui", "Volodymyr Zelensky"),
        "level": Level.LEADER,
        "status": Status.HELD,
        "date": date(2023, 5, 17),
        "place": "Kyiv",
        "first_reported_at": NOW,
        "updated_at": NOW,
    } | changes
    return Meeting(**values)


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({"guest": "Li Hui"}, True),
        ({"guest": "Wang Yi"}, False),
        ({"between": ("Li Hui", "Volodymyr Zelensky")}, True),
        ({"between": ("Li Hui", "Vladimir Putin")}, False),
        ({"guest": "Li Hui", "between": ("Li Hui", "Wang Yi")}, False),
        ({"level": "leader"}, True),
        ({"level": "minister"}, False),
        ({"status": ["scheduled"]}, False),
        ({"status": ["scheduled", "held"]}, True),
        ({}, True),
    ],
)
def test_a_meeting_fits_what_is_asked_for(spec, fits):
    assert meeting_matches(MeetingSpec(**spec), meeting()) is fits


def test_names_are_resolved_to_the_labels_of_the_ledger():
    labels = {"@envoys": ["Li Hui", "Steve Witkoff"], "Zelenskyy": ["Volodymyr Zelensky"]}

    def resolve(name):
        return labels.get(name, ())

    assert meeting_matches(MeetingSpec(between=("@envoys", "Zelenskyy")), meeting(), resolve)
    assert not meeting_matches(MeetingSpec(guest="nobody"), meeting(), resolve)


BY = at("2023-05-27T18:00:00+03:00")
EXPECTED = Expectation(name="Audience", meeting=MeetingSpec(guest="Li Hui", level="leader"), by=BY)
LATE = BY + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ({}, False),
        ({"date": None}, False),
        ({"date": date(2023, 5, 27)}, False),
        ({"date": date(2023, 5, 28)}, True),  # came, but not by then
        ({"date": date(2023, 4, 1)}, True),  # an earlier trip
        ({"date": None, "first_reported_at": at("2023-04-01T00:00:00+00:00")}, True),
        ({"date": None, "first_reported_at": LATE}, False),  # reported late, held in time for all we know
        ({"status": Status.SCHEDULED}, True),
        ({"level": Level.DEPUTY}, True),
    ],
)
def test_an_expectation_is_overdue_unless_such_a_meeting_came(found, missing):
    assert [item.expectation for item in overdue([EXPECTED], [meeting(**found)], LATE)] == [EXPECTED] * missing


def test_nothing_is_overdue_before_its_time():
    assert not overdue([EXPECTED], [], BY)


def test_an_overdue_expectation_is_told_once_and_a_new_time_makes_it_new():
    (first,) = overdue([EXPECTED], [], LATE)
    assert not overdue([EXPECTED], [], LATE + timedelta(days=1), told={first.key})
    later = EXPECTED.model_copy(update={"by": BY + timedelta(hours=1)})
    (second,) = overdue([later], [], LATE + timedelta(days=1), told={first.key})
    assert second.key != first.key
