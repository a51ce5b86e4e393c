from datetime import UTC, date, datetime

import pytest

from alerts.itinerary import compare, trips_of
from config.vocabulary import Level, Role, Status
from storage.model import Field, Meeting, Span, TextOrigin
from storage.views import ArticleLine, ClaimView, Evidence, MeetingView

AT = datetime(2023, 5, 16, tzinfo=UTC)


def meeting(number, place, day, host, level=Level.MINISTER, status=Status.HELD, claims=(), **more):
    when = None if day is None else date(2023, 5, day)
    one = Meeting(f"m{number}", ("Li Hui", host), level, status, when, place, AT, AT, id=number, **more)
    return MeetingView(one, (), tuple(claims), (), ())


def claim(article_id, source, country, language="en", role=Role.OFFICIAL, withdrawn=None):
    line = ArticleLine(
        article_id, f"https://x.example/{article_id}", "Read-out", language, source, country, role, AT, AT,
        TextOrigin.PAGE, None,
    )  # fmt: skip
    return ClaimView(
        article_id, 1, ("Li Hui", "Host"), Level.LEADER, Status.HELD, None, None, Span(Field.TEXT, 0, 1),
        Evidence("x"), (), "met", 0.9, AT, line, withdrawn_at=withdrawn,
    )  # fmt: skip


MISSION = [
    meeting(1, "Kyiv", 16, "Dmytro Kuleba"),
    meeting(2, "Kyiv", 17, "Volodymyr Zelensky", Level.LEADER, confirmed_by=("UA",)),
    meeting(3, "Warsaw", 19, "Wojciech Gerwel", Level.DEPUTY),
    meeting(4, "Paris", 22, "Frédéric Mondoloni", Level.OTHER),
    meeting(5, "Moscow", 26, "Sergey Lavrov"),
    meeting(6, "Moscow", 26, "Vladimir Putin", Level.LEADER, Status.SCHEDULED),
]


def trips(views, texts=None):
    return trips_of("Li Hui", ("Li Hui",), views, texts or {})


def test_a_mission_is_one_trip_of_stops_in_the_order_of_days():
    (trip,) = trips(reversed(MISSION))
    assert (trip.first, trip.last) == (date(2023, 5, 16), date(2023, 5, 26))
    assert [(stop.place, stop.days, stop.level) for stop in trip.stops] == [
        ("Kyiv", 2, Level.LEADER),
        ("Warsaw", 1, Level.DEPUTY),
        ("Paris", 1, Level.OTHER),
        ("Moscow", 1, Level.MINISTER),
    ]
    assert [one.hosts for one in trip.stops[0].encounters] == [("Dmytro Kuleba",), ("Volodymyr Zelensky",)]
    assert trip.stops[0].encounters[1].confirmed_by == ("UA",)


def test_the_capitals_are_compared_by_who_received_him():
    (trip,) = trips(MISSION)
    assert compare(trip) == (
        "leader level: Kyiv",
        "minister level: Moscow",
        "deputy level: Warsaw",
        "other level: Paris",
    )


def test_what_is_only_planned_receives_nobody():
    (trip,) = trips([meeting(1, "Moscow", 26, "Vladimir Putin", Level.LEADER, Status.SCHEDULED)])
    assert trip.stops[0].level is None
    assert compare(trip) == ("no meeting reported as held: Moscow",)


def test_a_second_round_weeks_later_is_another_trip_and_the_latest_comes_first():
    later = meeting(9, "Kyiv", 30, "Andriy Yermak")
    assert [trip.first for trip in trips([*MISSION[:3], later])] == [date(2023, 5, 30), date(2023, 5, 16)]


def test_coming_back_to_a_capital_is_another_stop():
    (trip,) = trips([*MISSION[:3], meeting(7, "Kyiv", 22, "Andriy Yermak")])
    assert [stop.place for stop in trip.stops] == ["Kyiv", "Warsaw", "Kyiv"]


def test_a_meeting_without_place_belongs_to_the_stop_of_its_day_and_one_without_day_stands_apart():
    found = trips([*MISSION[:3], meeting(7, None, 17, "Andriy Yermak"), meeting(8, "Berlin", None, "Olaf Scholz")])
    assert [stop.place for stop in found[0].stops] == ["Kyiv", "Warsaw"]
    assert len(found[0].stops[0].encounters) == 3
    assert (found[1].first, found[1].stops[0].place, found[1].stops[0].days) == (None, "Berlin", None)


def test_calls_and_background_are_no_stops():
    assert (
        trips(
            [meeting(1, "Kyiv", 16, "A", status=Status.REMOTE), meeting(2, "Kyiv", 16, "A", status=Status.BACKGROUND)]
        )
        == ()
    )


SHARED = "The two sides exchanged views on the settlement of the crisis."
OURS = "Ukraine will accept no proposal that involves the loss of its territories."
THEIRS = "China is willing to build consensus for a ceasefire and for peace talks."


def test_read_outs_of_both_sides_show_what_only_one_of_them_says():
    claims = [claim(1, "Kyiv MFA", "UA"), claim(2, "Beijing MFA", "CN"), claim(3, "Wire", "GB", role=Role.MEDIA)]
    texts = {1: f"{SHARED} {OURS}", 2: f"The two sides exchanged their views on the settlement of the crisis. {THEIRS}"}
    (trip,) = trips([meeting(1, "Kyiv", 16, "Dmytro Kuleba", claims=claims)], texts)
    first, second = trip.stops[0].read_outs
    assert (first.source, first.only_here, first.compared_with) == ("Kyiv MFA", (OURS,), ("Beijing MFA",))
    assert (second.source, second.only_here, second.compared_with) == ("Beijing MFA", (THEIRS,), ("Kyiv MFA",))


def test_read_outs_in_chinese_are_compared_by_their_characters():
    claims = [claim(1, "甲", "CN", "zh"), claim(2, "乙", "UA", "zh")]
    same = "双方就乌克兰危机的政治解决和中乌关系进行了友好坦诚的交流并达成共识。"
    alone = "中方愿意以自己的方式为停火止战和恢复和平继续发挥建设性的作用并作出努力。"
    (trip,) = trips([meeting(1, "Kyiv", 16, "A", claims=claims)], {1: same + alone, 2: same})
    assert [one.only_here for one in trip.stops[0].read_outs] == [(alone,), ()]


@pytest.mark.parametrize(
    "other",
    [
        claim(2, "Kyiv MFA, English", "UA"),
        claim(2, "Beijing MFA", "CN", "zh"),
        claim(2, "Beijing MFA", "CN", withdrawn=AT),
    ],
)
def test_one_side_or_two_languages_cannot_be_compared(other):
    texts = {1: f"{SHARED} {OURS}", 2: THEIRS}
    (trip,) = trips([meeting(1, "Kyiv", 16, "A", claims=[claim(1, "Kyiv MFA", "UA"), other])], texts)
    assert all(one.only_here == () and one.compared_with == () for one in trip.stops[0].read_outs)


def test_nobody_travelled_makes_no_trip():
    assert trips([]) == ()
