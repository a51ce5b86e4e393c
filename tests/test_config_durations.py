from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.durations import parse_duration, render_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172800),
        ("1w", 604800),
        ("250ms", 0.25),
        ("1.5h", 5400),
        (" 5M ", 300),
        ("45", 45),
        (45, 45),
        (0.5, 0.5),
        ("0s", 0),
        (timedelta(seconds=7), 7),
        ("3650d", 3650 * 86400),
    ],
)
def test_durations_are_read_as_people_write_them(written, seconds):
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "fast",
        "-5m",
        "5 minutes",
        "m5",
        "5m!",
        ".5h",
        "٥m",
        "1e3",
        -1,
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        {},
    ],
)
def test_anything_else_is_refused_with_how_to_write_it(wrong):
    with pytest.raises(ValueError, match="write it as 90s, 5m, 2h or 1d"):
        parse_duration(wrong)


@pytest.mark.parametrize("long", ["3651d", "9" * 400, 10**12])
def test_more_than_ten_years_is_refused(long):
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(long)


@given(st.integers(0, 3650 * 86_400_000).map(lambda n: timedelta(milliseconds=n)))
def test_what_is_rendered_is_read_back(value):
    assert parse_duration(render_duration(value)) == value


def test_rendering_takes_the_shortest_form():
    assert [render_duration(timedelta(seconds=n)) for n in (0, 300, 5400, 86461, 0.25)] == [
        "0s",
        "5m",
        "1h30m",
        "1d1m1s",
        "250ms",
    ]
