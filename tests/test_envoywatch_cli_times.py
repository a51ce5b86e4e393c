from datetime import UTC, datetime, timedelta

import pytest

from envoywatch.cli.times import Span, When, ago, parse_when, short

NOW = datetime(2023, 5, 18, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-05-17", datetime(2023, 5, 17, tzinfo=UTC)),
        (" 2023-05-17T18:00 ", datetime(2023, 5, 17, 18, tzinfo=UTC)),
        ("2023-05-17T18:00Z", datetime(2023, 5, 17, 18, tzinfo=UTC)),
        ("2023-05-17T18:00:00+03:00", datetime(2023, 5, 17, 15, tzinfo=UTC)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("1h30m", NOW - timedelta(minutes=90)),
    ],
)
def test_a_time_is_a_date_or_so_long_ago(text, moment):
    assert parse_when(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "17", "2023", "1.5", "2023-13-01", "-3d", "99999d", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"2023-05-17|calendar"):
        parse_when(text, NOW)


def test_options_take_what_is_a_time_already_and_refuse_in_clicks_words():
    import click

    assert When().convert(NOW, None, None) is NOW
    assert Span().convert("2h", None, None) == timedelta(hours=2)
    with pytest.raises(click.BadParameter, match="not a duration"):
        Span().convert("soon", None, None)
    with pytest.raises(click.BadParameter, match="not a time"):
        When().convert("soon", None, None)


def test_a_short_time_is_in_utc():
    assert short(datetime.fromisoformat("2023-05-17T02:30+03:00")) == "2023-05-16 23:30"
    assert short(None) == ""


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=5), "5 s ago"),
        (timedelta(seconds=119), "119 s ago"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=30), "30 h ago"),
        (timedelta(days=3), "3 d ago"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_how_long_ago_is_told_in_one_unit(gap, told):
    assert ago(NOW - gap, NOW) == told
