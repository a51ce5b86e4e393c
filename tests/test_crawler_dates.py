from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates import is_usual, told_date, zone_offset
from crawler.feeds import parse_feed

NINE = datetime(2023, 5, 17, 9, tzinfo=UTC)
DAY = datetime(2023, 5, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        "Wed, 17 May 2023 12:00:00 MSK",
        "2023-05-17 12:00:00 MSK",
        "Wed, 17 May 2023 11:00:00 CEST",
        "Wed, 17 May 2023 18:00:00 JST",
        "Wed, 17 May 2023 12:00:00 GMT+3",
        "Wed, 17 May 2023 12:00:00 UTC+03:00",
        "Wed,17 May 2023 12:00:00 +0300",
        "2023-05-17 12:00:00 +03:00",
        "Ср, 17 мая 2023 12:00:00 +0300",
        "mié, 17 may 2023 11:00:00 +0200",
        "Mi, 17 Mai 2023 11:00:00 +0200",
        "Wednesday, 17-May-23 09:00:00 GMT",
        "May 17, 2023 5:00 am EDT",
        "12:00 MSK, 17 мая 2023",
        "2023年5月17日 17:00 +0800",
        "Wed, May 17 2023 09:00:00 AM GMT",
        "1684314000",
        "1684314000123",
    ],
)
def test_promise_27_a_date_in_another_form_is_the_same_instant(told):
    assert told_date(told) == (NINE, True)


@pytest.mark.parametrize(
    "told",
    [
        "2023/05/17 09:00",
        "2023年5月17日 09:00",
        "2023년 5월 17일 9:00",
        "17.05.2023 09:00:00",
        "17 травня 2023, 09:00",
        "17 de mayo de 2023 9:00",
        "Wed, 17 May 2023 09:00:00 IST",
        "Wed, 17 May 2023 09:00:00 Europe/Moscow",
    ],
)
def test_a_date_without_a_zone_that_is_known_says_so(told):
    assert told_date(told) == (NINE, False)


@pytest.mark.parametrize("told", ["17 мая 2023", "Среда, 17 мая 2023 г.", "17 août 2023", "2023/5/17", "17.05.2023"])
def test_a_day_alone_needs_no_zone(told):
    assert told_date(told) == (DAY.replace(month=8) if "août" in told else DAY, True)


@pytest.mark.parametrize("told", ["", "yesterday", "05/06/2023 10:00", "17 Foo 2023 10:00", "17 мая 10:00", "x" * 500])
def test_what_may_mean_another_day_is_left_alone(told):
    assert told_date(told) is None


@pytest.mark.parametrize("told", ["2023/02/31", "32 мая 2023", "17 мая 2023 25:61", "17.13.2023"])
def test_a_day_that_does_not_exist_is_no_date(told):
    assert told_date(told) == (None, False)


@given(st.integers(631_152_000, 4_070_908_800), st.integers(-12, 14))
def test_every_usual_form_is_read_alike(seconds, hours):
    at = datetime.fromtimestamp(seconds, UTC)
    told = f"{at:%d %b %Y %H:%M:%S} {hours:+03d}00"
    assert is_usual(told)
    assert told_date(told) == (at - timedelta(hours=hours), True)


@given(st.text(max_size=120))
def test_no_text_is_too_odd(text):
    told_date(text)
    zone_offset(text)


@pytest.mark.parametrize(
    ("told", "expected", "zoneless"),
    [
        ("Wed, 17 May 2023 12:00:00 MSK", NINE, False),
        ("2023/05/17 09:00", NINE, True),
        ("2023/02/31 09:00", None, False),
        ("Ср, 17 мая 2023 12:00:00 +0300", NINE, False),
        ("Wed May 17 09:00:00 2023", NINE, True),
        ("Wed, 17 May 2023 09:00:00 GMT", NINE, False),
        ("5000000000", None, False),
    ],
)
@pytest.mark.parametrize("element", ["pubDate", "dc:date"])
def test_a_feed_tells_the_hour_that_was_meant(told, expected, zoneless, element):
    body = (
        f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>n</title>'
        f"<item><title>a</title><link>https://outlet.example/a</link><{element}>{told}</{element}></item></channel></rss>"
    )
    (entry,) = parse_feed(body.encode(), "application/rss+xml", "https://outlet.example/feed").entries
    assert (entry.published_at, entry.zoneless) == (expected, zoneless)
