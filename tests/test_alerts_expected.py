from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.expected import concerned, nearing
from config.model import Endpoint, Expectation, MeetingSpec, Source
from config.people import load_people
from config.vocabulary import EndpointKind, Level, Role, Status
from storage.model import Meeting

BY = datetime(2023, 5, 27, 15, 0, tzinfo=UTC)
DAY = date(2023, 5, 27)
HOUR = timedelta(hours=1)
COUNTRIES = {"Xi Jinping": {"CN"}, "Vladimir Putin": {"RU"}, "Li Hui": {"CN"}, "Charles Michel": {"EU"}}


def expectation(*between, guest=None, by=BY):
    return Expectation(name="The audience", meeting=MeetingSpec(between=between or None, guest=guest), by=by)


def meeting(*people, status=Status.SCHEDULED, day=DAY):
    return Meeting("k", people, Level.LEADER, status, day, None, BY - 9 * HOUR, BY - 9 * HOUR)


def near(now, *, expect=(), meetings=(), groups=None):
    def resolve(name):
        return (groups or {}).get(name, [name])

    return nearing(expect, meetings, resolve, lambda label, _: COUNTRIES.get(label, ()), now)


def source(name, country, role=Role.OFFICIAL):
    endpoint = Endpoint(kind=EndpointKind.FEED, url=f"https://{name}.example/feed")
    return Source(name=name, endpoints=(endpoint,), country=country, role=role)


@pytest.mark.parametrize(
    ("hours", "is_near"), [(-7, False), (-6, True), (0, True), (1.9, True), (2, False), (400, False)]
)
def test_an_expectation_is_near_from_six_hours_before_its_time_to_two_after(hours, is_near):
    found = near(BY + hours * HOUR, expect=[expectation("Vladimir Putin", "Li Hui")])
    assert bool(found) is is_near
    assert all(one.countries == {"RU", "CN"} and one.what == "The audience" for one in found)


@pytest.mark.parametrize(("hours", "is_near"), [(-22, False), (-21, True), (0, True), (14.9, True), (15, False)])
def test_a_scheduled_meeting_is_near_on_its_day_wherever_that_is(hours, is_near):
    assert bool(near(BY + hours * HOUR, meetings=[meeting("Vladimir Putin", "Xi Jinping")])) is is_near


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SCHEDULED])
def test_of_the_ledger_only_what_is_scheduled_is_waited_for(status):
    assert near(BY, meetings=[meeting("Vladimir Putin", "Xi Jinping", status=status)]) == ()


def test_a_meeting_without_a_day_is_never_near():
    assert near(BY, meetings=[meeting("Vladimir Putin", "Xi Jinping", day=None)]) == ()


def test_what_has_happened_is_not_waited_for():
    expect = [expectation("Vladimir Putin", "Li Hui")]
    held = meeting("Vladimir Putin", "Li Hui", status=Status.HELD)
    assert near(BY, expect=expect, meetings=[held]) == ()
    assert near(BY, expect=expect, meetings=[meeting("Xi Jinping", "Li Hui", status=Status.HELD)]) != ()


def test_a_group_concerns_the_countries_of_all_its_members():
    groups = {"envoys": ["Li Hui", "Charles Michel"]}
    found = near(BY, expect=[expectation(guest="envoys")], groups=groups)
    assert found[0].countries == {"CN", "EU"}


def test_the_official_sources_of_the_countries_concerned_are_urgent_and_no_others():
    sources = [
        source("kremlin", "RU"), source("tass", "RU", Role.STATE_MEDIA), source("mfa", "CN"), source("us", "US"),
        source("nowhere", None),
    ]  # fmt: skip
    urgent = concerned(near(BY, expect=[expectation("Vladimir Putin", "Li Hui")]), sources)
    assert set(urgent) == {"kremlin", "mfa"}


def test_a_source_that_two_meetings_concern_is_kept_by_the_later():
    early, late = expectation("Vladimir Putin", "Li Hui", by=BY - HOUR), expectation("Vladimir Putin", "Li Hui")
    urgent = concerned(near(BY, expect=[late, early]), [source("kremlin", "RU")])
    assert urgent["kremlin"].end == BY + 2 * HOUR


@given(st.datetimes(datetime(2023, 5, 1), datetime(2023, 6, 30)).map(lambda at: at.replace(tzinfo=UTC)))  # noqa: DTZ001
def test_whatever_is_near_is_so_for_a_day_and_a_half_at_most_and_now(now):
    found = near(now, expect=[expectation("Vladimir Putin", "Li Hui")], meetings=[meeting("Xi Jinping", "Li Hui")])
    assert all(one.start <= now < one.end <= one.start + 36 * HOUR for one in found)


def test_a_person_stands_for_the_countries_of_the_offices_held_that_day():
    people = load_people()
    assert people.countries_of("Vladimir Putin", DAY) == {"RU"}
    assert people.countries_of("Li Hui", DAY) == {"CN"}
    assert people.countries_of("Nobody at All", DAY) == frozenset()
