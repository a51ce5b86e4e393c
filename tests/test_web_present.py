import re
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import words as core_words
from config.vocabulary import Level, Status
from envoywatch import wording
from envoywatch.web import charts, phrases, present, times
from envoywatch.web.alert_words import Line
from envoywatch.web.guard import HostList, is_loopback, split_listen
from envoywatch.web.languages import ENGLISH
from envoywatch.web.templating import templates
from storage import model
from storage.model import Field, Meeting, PollOutcome, Span
from storage.views import Evidence, Health, Mark, PollLine
from tests.mission_database import NOW

marks = st.lists(
    st.tuples(st.integers(-5, 40), st.integers(-5, 40)).map(lambda ends: Mark(min(ends), max(ends), "cue")), max_size=8
)


@given(st.text(max_size=40), marks)
def test_segments_lose_and_double_nothing(text, found):
    assert "".join(segment.text for segment in present.segments(text, found)) == text


def test_of_overlapping_marks_the_first_wins():
    cut = present.segments("he met her", [Mark(3, 6, "meets"), Mark(5, 10, "late"), Mark(0, 99, "all")])
    assert [(segment.text, segment.kind) for segment in cut] == [("he met her", "all")]
    cut = present.quoted(Evidence("he met her", "en", (Mark(3, 6, "meets"), Mark(5, 8, "late"))))
    assert [(segment.text, segment.kind) for segment in cut] == [
        ("he ", None),
        ("met", "meets"),
        (" h", "late"),
        ("er", None),
    ]


def test_paragraphs_keep_the_marks_where_they_belong_and_drop_empty_lines():
    text = "first line\n\nsecond line"
    found = [(Span(Field.TEXT, 0, 5), "a"), (Span(Field.TEXT, 19, 23), "b"), (Span(Field.TITLE, 0, 5), "c")]
    paragraphs = present.paragraphs(text, found)
    assert [[(s.text, s.kind) for s in paragraph] for paragraph in paragraphs] == [
        [("first", "a"), (" line", None)],
        [("second ", None), ("line", "b")],
    ]


def test_times_are_short_in_the_text_and_exact_in_their_title():
    moscow = timezone(timedelta(hours=3))
    value = datetime(2023, 5, 26, 21, 21, 3, tzinfo=moscow)
    assert times.short_time(ENGLISH, value, NOW) == "18:21"
    assert times.short_time(ENGLISH, value - timedelta(days=3), NOW) == "23 May 18:21"
    assert times.short_time(ENGLISH, value.replace(year=2022), NOW) == "26 May 2022 18:21"
    assert times.long_time(ENGLISH, value, NOW) == "2023-05-26 18:21:03 UTC, 113 min ago"
    assert times.iso(value) == "2023-05-26T18:21:03Z"
    assert times.printed_day(ENGLISH, date(2022, 1, 2), NOW) == "2 Jan 2022"


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=9), "9 d ago"),
        (-timedelta(hours=4), "in 4 h"),
    ],
)
def test_how_long_ago_is_said_in_the_largest_unit_that_fits(gap, words):
    assert times.ago(ENGLISH, NOW - gap, NOW) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (900, "900 B"), (1536, "1.5 kB"), (150_000, "146 kB"), (5 << 30, "5.0 GB")]
)
def test_sizes_are_told_in_units_a_person_reads(size, words):
    assert phrases.file_size(ENGLISH, size) == words


@pytest.mark.parametrize("tag", ["en", "zh-Hans", "uk"])
def test_a_language_tag_is_kept(tag):
    assert present.language_tag(tag) == tag


@pytest.mark.parametrize("tag", [None, "", 'en" onload="x', "a" * 40, "русский"])
def test_what_is_no_language_tag_is_left_out(tag):
    assert present.language_tag(tag) == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ntfy://my-secret-topic", "ntfy://***"),
        ("tgram://123456:ABCDEF/789", "tgram://***"),
        ("mailto://user:pw@example.org", "mailto://***"),
        ("json://hooks.example:8080/short", "json://hooks.example:8080/short"),
        ("no url at all", "no url at all://***"),
    ],
)
def test_a_channel_is_shown_without_what_opens_it(url, shown):
    assert present.redact_channel(url) == shown


def test_commands_in_advice_become_code_and_nothing_else_becomes_markup():
    assert str(phrases.coded("try `a <b>` & wait")) == "try <code>a &lt;b&gt;</code> &amp; wait"


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (wording.VERDICT, model.Verdict),
        (wording.REASON, model.Reason),
        (wording.HEALTH, Health),
        (wording.DELIVERY, model.DeliveryState),
        (wording.ORIGIN, model.TextOrigin),
        (wording.KIND, model.AlertKind),
        (wording.POLL, PollOutcome),
    ],
)
def test_every_member_of_a_closed_list_has_its_words(words, kinds):
    assert set(words) == set(kinds)


# ---------------------------------------------------------------- charts


def meeting(people, day, level=Level.LEADER, status=Status.HELD):
    when = NOW if day is None else datetime(day.year, day.month, day.day, tzinfo=NOW.tzinfo)
    return Meeting("/".join(people) + str(day), tuple(people), level, status, day, None, when, when, id=1)


def test_bars_stand_on_the_ground_and_the_largest_fills_the_height():
    chart = charts.day_bars(ENGLISH, (0, 3, 6), "matches")
    assert [bar.y + bar.height for bar in chart.bars] == [24, 24, 24]
    assert [bar.kind for bar in chart.bars] == ["bar-none", "bar", "bar"]
    assert chart.bars[2].height == 24
    assert "0, 3, 6" in chart.label
    assert charts.day_bars(ENGLISH, (), "matches").bars == ()


def test_all_bars_of_a_kind_are_drawn_as_one_path():
    chart = charts.day_bars(ENGLISH, (0, 6, 3), "matches")
    assert dict(chart.paths) == {"bar-none": "M0 24v-1.5h4v1.5z", "bar": "M6 24v-24h4v24zM12 24v-12h4v12z"}


def poll(outcome, new=0):
    return PollLine(NOW, timedelta(seconds=1), "https://a.example/", outcome, 200, 1, new, new, None, None)


def test_a_failed_poll_is_a_full_bar_and_an_unchanged_one_a_stub():
    chart = charts.poll_bars(
        ENGLISH, [poll(PollOutcome.UNCHANGED), poll(PollOutcome.ENTRIES, 4), poll(PollOutcome.FAULT)]
    )
    assert [bar.kind for bar in chart.bars] == ["bar-none", "bar", "bar-fault"]
    assert chart.bars[2].height == 24
    assert chart.label == "last 3 polls; failed: 1, new entries: 4"
    assert charts.poll_bars(ENGLISH, []).label == "no polls yet"


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
meetings = st.lists(
    st.builds(
        meeting, st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=3), st.none() | days, st.sampled_from(Level)
    ),
    max_size=30,
)


@given(meetings)
def test_every_meeting_stands_on_the_timeline_inside_the_picture_and_none_on_another(found):
    line = charts.timeline(ENGLISH, found)
    if not found:
        assert line is None
        return
    assert len(line.stops) == len(found)
    assert all(0 < stop.x < line.width and 0 < stop.y < line.height for stop in line.stops)
    assert len({(stop.x, stop.y) for stop in line.stops}) == len(found)
    assert len(line.ticks) <= 11


def test_higher_levels_stand_higher_on_the_timeline():
    line = charts.timeline(
        ENGLISH, [meeting("AB", date(2023, 5, 1), Level.OTHER), meeting("AB", date(2023, 5, 2), Level.LEADER)]
    )
    assert [lane.level for lane in line.lanes] == [Level.LEADER, Level.OTHER]
    assert line.lanes[0].y < line.lanes[1].y


def test_a_text_near_the_right_edge_stands_before_its_mark():
    line = charts.timeline(
        ENGLISH, [meeting(["Li Hui", "Mora"], date(2023, 5, 1)), meeting(["Li Hui", "Mora"], date(2023, 5, 9))]
    )
    assert [stop.text_before for stop in line.stops] == [False, True]


def test_short_names_stay_whole_on_the_timeline():
    line = charts.timeline(ENGLISH, [meeting(["Li Hui", "Volodymyr Zelenskyy", "[a group]"], date(2023, 5, 1))])
    assert line.stops[0].text == "Li Hui – Zelenskyy – [a group]"


def test_family_names_keep_their_particles_on_the_timeline():
    line = charts.timeline(ENGLISH, [meeting(["Ursula von der Leyen", "Luiz Inácio Lula da Silva"], date(2023, 5, 1))])
    assert line.stops[0].text == "von der Leyen – da Silva"


@given(meetings)
def test_the_matrix_shows_every_pair_of_those_it_shows(found):
    table = charts.matrix(found)
    pairs = {
        pair
        for one in found
        for pair in zip(one.participants, one.participants[1:], strict=False)
        if len(set(pair)) > 1
    }
    if table is None:
        assert not pairs
        return
    shown = {
        frozenset((row, column))
        for row, cells in zip(table.rows, table.cells, strict=True)
        for column, cell in zip(table.columns, cells, strict=True)
        if cell
    }
    assert {frozenset(pair) for pair in pairs} <= shown
    assert table.more == 0


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:8470", "::1", 8470), ("a.example:1", "a.example", 1)],
)
def test_a_listen_address_is_host_and_port(listen, host, port):
    assert split_listen(listen) == (host, port)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.9.9.9", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("desk", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host, loopback):
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "header", ["", "a b", "[::1", "127.0.0.1:x", "127.0.0.1:8470/path", "127.0.0.1:8470?x", "x@localhost"]
)
def test_a_broken_host_header_names_nobody(header):
    assert not HostList("127.0.0.1:8470").allows(header)


def test_with_port_0_any_port_is_ours_but_not_any_name():
    hosts = HostList("127.0.0.1:0")
    assert hosts.allows("127.0.0.1:54321")
    assert not hosts.allows("evil.example:54321")


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(minutes=-5), "no official source confirms it yet"),
        (timedelta(minutes=59), "no official source confirms it yet"),
        (timedelta(minutes=60), "no official source confirms it, 1 hour after the first report"),
        (timedelta(hours=14.9), "no official source confirms it, 14 hours after the first report"),
    ],
)
def test_that_nobody_confirms_it_is_told_with_its_age_once_it_has_one(after, words):
    assert phrases.unconfirmed(ENGLISH, NOW, NOW + after) == words
    assert core_words.unconfirmed(NOW, NOW + after) == words


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("one\ntwo", 2, "one<br>two"),
        ("one\ntwo\nthree", 2, "one<br>two …"),
        ("one\ntwo and much more", 2, "one<br>two and m…"),
        ("one\ntwo and much more\nthree", 2, "one<br>two and m…"),
        ("one and much more\ntwo\nthree", 2, "one and m…<br>two …"),
    ],
)
def test_what_goes_on_ends_with_one_ellipsis(text, most, shown):
    lines = templates(ENGLISH).get_template("_parts.html").module.lines
    said = lines([Line(line, "en") for line in text.splitlines()], most, 10)
    assert re.sub(r"</?span>", "", said) == shown
