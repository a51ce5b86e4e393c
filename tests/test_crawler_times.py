from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.times import believed, has_zone

SEEN = datetime(2023, 5, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("2023-05-17T10:00:00", False),
        ("2023-05-17 10:00", False),
        ("Wed, 17 May 2023 10:00:00", False),
        ("Wed, 17 May 2023 10:00:00 MSK", False),
        ("10:00 PM", False),
        ("2023-05-17T10:00:00Z", True),
        ("2023-05-17T10:00:00.123+03:00", True),
        ("2023-05-17T10:00:00+03", True),
        ("Wed, 17 May 2023 10:00:00 +0300", True),
        ("Wed, 17 May 2023 10:00:00 GMT", True),
        ("Wed, 17 May 2023 10:00:00 EDT", True),
        ("Wed, 17 May 2023 10:00:00 +0000 (Coordinated Universal Time)", True),
        ("2023-05-17", True),
        ("", True),
        (None, True),
    ],
)
def test_a_time_names_its_zone_or_not(told, named):
    assert has_zone(told) is named


@pytest.mark.parametrize(
    ("hour", "named", "zone", "expected"),
    [
        (18, False, "Asia/Shanghai", 10),  # local, without a zone
        (11, False, "Asia/Shanghai", 3),
        (18, True, "Asia/Shanghai", 10),  # local, labelled GMT
        (11, True, "Asia/Shanghai", 11),  # what names its zone and may be true is believed
        (23, True, "Asia/Shanghai", 23),  # in the future either way: the claim stays as it is
        (11, False, None, 11),
        (18, False, None, 18),
    ],
)
def test_times_without_a_zone_are_read_in_the_sources_own(hour, named, zone, expected):
    at = datetime(2023, 5, 17, hour, tzinfo=UTC)
    assert believed(at, has_zone=named, zone=zone, seen_at=SEEN) == datetime(2023, 5, 17, expected, tzinfo=UTC)


def test_no_time_stays_none():
    assert believed(None, has_zone=True, zone="Asia/Shanghai", seen_at=SEEN) is None


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
    st.sampled_from([None, "Asia/Shanghai", "America/New_York", "UTC"]),
)
def test_a_zone_moves_a_time_by_its_offset_at_most_and_never_raises(at, named, zone):
    found = believed(at, has_zone=named, zone=zone, seen_at=SEEN)
    assert abs(found - at) <= timedelta(hours=15)
    assert zone is not None or found == at
