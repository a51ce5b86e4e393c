from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from config.model import (
    Channel,
    Config,
    Crawl,
    Endpoint,
    Expectation,
    MeetingSpec,
    Office,
    QuietHours,
    RawConfig,
    Source,
    Watch,
    Web,
    ZonedTime,
)
from config.vocabulary import EndpointKind, Status

FEED = {"feed": "https://example.org/rss"}


def test_the_defaults_are_polite_and_listen_on_this_machine_alone():
    config = Config()
    assert (config.crawl.per_host, config.crawl.obey_robots, config.crawl.private_addresses) == (2, True, False)
    assert config.web.listen == "127.0.0.1:8470"


@pytest.mark.parametrize(("own", "used"), [(None, 300), ("2m", 120), ("5s", 60)])
def test_no_source_is_polled_faster_than_the_least_interval(own, used):
    source = Source(name="A", endpoints=(FEED,), interval=own)
    assert Config(crawl=Crawl()).interval_of(source) == timedelta(seconds=used)


@pytest.mark.parametrize(("listen", "kept"), [("off", "off"), (False, "off"), ("[::1]:80", "[::1]:80"), ("h:0", "h:0")])
def test_the_page_listens_where_it_is_told(listen, kept):
    assert Web(listen=listen).listen == kept


@pytest.mark.parametrize("listen", ["8470", "host", "host:", "a b:80", "::1:80", 8470, None])
def test_an_address_that_is_none_is_refused(listen):
    with pytest.raises(ValidationError, match="write host:port"):
        Web(listen=listen)


def test_a_port_beyond_all_ports_is_refused():
    with pytest.raises(ValidationError, match="above 65535"):
        Web(listen="127.0.0.1:65536")


def test_an_endpoint_is_read_in_both_forms():
    assert Endpoint.model_validate(FEED) == Endpoint(kind=EndpointKind.FEED, url="https://example.org/rss")
    listing = Endpoint.model_validate({"listing": "http://example.org/", "links": "h3 a"})
    assert (listing.kind, listing.links) == (EndpointKind.LISTING, "h3 a")
    assert Endpoint.model_validate({"spider": "module:Name"}).url == "module:Name"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"feed": "https://a", "listing": "https://b"}, "exactly one of"),
        ({"url": "https://a"}, "exactly one of"),
        ({"feed": "ftp://a"}, "not an http or https URL"),
        ({"feed": "https:///x"}, "not an http or https URL"),
        ({**FEED, "links": "a"}, "belongs to a listing"),
        ("https://a", "valid dictionary"),
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        Endpoint.model_validate(wrong)


def test_an_office_may_be_open_at_both_ends_and_must_not_end_before_it_began():
    assert Office(title="P", level="leader").start is None
    assert Office.model_validate({"title": "P", "level": "leader", "from": "2020-01-01"}).start == date(2020, 1, 1)
    with pytest.raises(ValidationError, match="lies before"):
        Office.model_validate({"title": "P", "level": "leader", "from": "2020-01-02", "until": "2020-01-01"})


def test_a_meeting_has_two_sides_and_one_or_many_statuses():
    assert MeetingSpec(status="held").status == (Status.HELD,)
    assert MeetingSpec().status == (Status.HELD, Status.UNDER_WAY)
    assert MeetingSpec(between=None).between is None
    with pytest.raises(ValidationError, match="two different people"):
        MeetingSpec(between=("A", "A"))
    with pytest.raises(ValidationError, match="at least 1"):
        MeetingSpec(status=())


@pytest.mark.parametrize("wrong", [{}, {"query": "x", "meeting": {}}])
def test_a_watch_is_of_one_kind(wrong):
    with pytest.raises(ValidationError, match="either `query` or `meeting`"):
        Watch(name="W", **wrong)


def test_an_expectation_needs_its_zone():
    with pytest.raises(ValidationError, match="with its zone"):
        Expectation(name="E", meeting={}, by="2023-05-27T18:00:00")


@pytest.mark.parametrize(("written", "shown"), [("7:30", "07:30 UTC"), ("07:30 Europe/Paris", "07:30 Europe/Paris")])
def test_a_time_of_day_has_a_zone(written, shown):
    assert str(ZonedTime.model_validate(written)) == shown


@pytest.mark.parametrize("wrong", ["24:00", "7", "07:60", "soon"])
def test_a_time_of_day_that_is_none_is_refused(wrong):
    with pytest.raises(ValidationError, match="not a time of day"):
        ZonedTime.model_validate(wrong)


@pytest.mark.parametrize("zone", ["Nowhere/At-all", "../etc/passwd"])
def test_a_zone_that_is_none_is_refused_in_every_form(zone):
    for wrong in (f"07:30 {zone}", {"at": "07:30", "zone": zone}):
        with pytest.raises(ValidationError, match="is not a time zone"):
            ZonedTime.model_validate(wrong)
    for wrong in (f"23:00-07:00 {zone}", {"start": "23:00", "end": "07:00", "zone": zone}):
        with pytest.raises(ValidationError, match="is not a time zone"):
            QuietHours.model_validate(wrong)


def test_quiet_hours_may_pass_midnight_and_have_a_zone():
    quiet = Channel(url="json://x", quiet="23:00 - 7:00").quiet
    assert (quiet.start.hour, quiet.end.hour, quiet.zone) == (23, 7, "UTC")


@pytest.mark.parametrize("wrong", ["23:00", "25:00-07:00", "night"])
def test_quiet_hours_that_are_none_are_refused(wrong):
    with pytest.raises(ValidationError):
        QuietHours.model_validate(wrong)


def test_empty_sections_and_every_kind_of_source_item_are_read():
    raw = RawConfig.model_validate(
        {
            "groups": None,
            "channels": None,
            "sources": [{"include": "x.csv"}, {"catalogue": ["ru"]}, {"name": "A", "endpoints": [FEED]}],
        }
    )
    assert [type(item).__name__ for item in raw.sources] == ["Include", "CatalogueChoice", "Source"]
    assert RawConfig(sources=raw.sources) == raw
    with pytest.raises(ValidationError):
        RawConfig.model_validate({"sources": ["https://example.org"]})
