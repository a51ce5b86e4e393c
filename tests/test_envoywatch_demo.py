import http.client
import re
import socket
import urllib.robotparser
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path

import feedparser
import pytest
import trafilatura
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from pydantic import ValidationError
from ruamel.yaml import YAML

from alerts.meetings.reader import MeetingReader
from config.errors import EnvoywatchError
from config.model import Config
from config.people import load_people
from config.vocabulary import LANGUAGES, Status
from envoywatch.demo import mission as mission_module
from envoywatch.demo.config import AUDIENCE_WATCH, EXPECTATION, demo_config
from envoywatch.demo.mission import MissionError, Outlet, read_expected, read_mission
from envoywatch.demo.server import DemoServer
from envoywatch.demo.site import answer

BASE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def mission():
    return read_mission()


@pytest.fixture(scope="module")
def expected():
    return read_expected()


class Clock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


class Client:
    def __init__(self, base_url):
        host, port = base_url.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=5)

    def ask(self, path, method="GET", body=None, **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body=body, headers=given)
        response = self.connection.getresponse()
        return response, response.read()


@pytest.fixture
def clock(mission):
    return Clock(mission.ends_at)


@pytest.fixture
def server(mission, clock):
    demo = DemoServer(mission, clock)
    demo.base_url = demo.start()
    yield demo
    demo.stop()


@pytest.fixture
def client(server):
    client = Client(server.base_url)
    yield client
    client.connection.close()


def outlet_of(mission, key):
    return next(outlet for outlet in mission.outlets if outlet.key == key)


def words(article):
    return (
        set(re.findall(r"\w", "".join(article.paragraphs)))
        if article.outlet.language == "zh"
        else set(
            re.findall(r"\w+", " ".join(article.paragraphs)),
        )
    )


# ---------------------------------------------------------------- the mission as data


def test_the_mission_is_large_enough_and_in_eight_languages(mission):
    assert len(mission.articles) >= 100
    assert sum(outlet.feed is not None for outlet in mission.outlets) >= 12
    languages = Counter(article.outlet.language for article in mission.articles)
    assert set(languages) == set(LANGUAGES)
    assert min(languages[language] for language in ("en", "ru", "zh")) >= 20
    assert min(languages.values()) >= 4


def test_the_mission_lasts_ten_days_and_its_articles_lie_within_them(mission):
    assert timedelta(days=10) <= mission.ends_at - mission.starts_at <= timedelta(days=11)
    times = [article.at for article in mission.articles]
    assert times == sorted(times)
    assert mission.starts_at - timedelta(days=2) <= times[0]
    # the last articles must be polled, read and recorded before the curtain falls, in one real second and more
    assert times[-1] <= mission.ends_at - timedelta(hours=8)
    assert any(at < mission.starts_at for at in times)


def test_the_article_files_are_written_in_their_own_language_and_by_outlets_of_it(mission):
    script = dict.fromkeys(LANGUAGES, r"[a-zß-ž]") | {
        "ru": r"[а-яё]",
        "uk": r"[а-щьюяґєії]",
        "zh": r"[\u4e00-\u9fff]",
    }
    for article in mission.articles:
        text = article.title + "".join(article.paragraphs)
        letters = len(re.findall(r"[^\W\d_]", text))
        assert len(re.findall(script[article.outlet.language], text, re.IGNORECASE)) > 0.9 * letters, article.id


def test_ids_pages_and_outlet_names_are_unique(mission):
    assert len({article.id for article in mission.articles}) == len(mission.articles)
    assert len(mission.by_path) == len(mission.articles)
    assert len({outlet.name for outlet in mission.outlets}) == len(mission.outlets)


def test_a_copy_carries_the_text_of_an_earlier_article_of_another_outlet(mission):
    by_id = {article.id: article for article in mission.articles}
    for article in mission.articles:
        if article.copy_of is None:
            continue
        original = by_id[article.copy_of]
        assert original.at < article.at
        assert original.outlet != article.outlet
        assert original.outlet.language == article.outlet.language
        if article.edited:
            assert article.paragraphs != original.paragraphs
            assert len(words(article) & words(original)) >= 0.6 * len(words(original)), article.id
        else:
            assert article.paragraphs == original.paragraphs


def test_texts_that_are_no_copies_differ(mission):
    firsts = [a for a in mission.articles if a.copy_of is None]
    assert len({a.paragraphs for a in firsts}) == len(firsts)
    paragraphs = Counter(p for a in firsts for p in a.paragraphs)
    assert paragraphs.most_common(1)[0][1] == 1


def test_every_article_has_three_to_eight_paragraphs_and_a_feed_summary(mission):
    for article in mission.articles:
        assert 3 <= len(article.paragraphs) <= 8, article.id
        assert article.summary.startswith(article.paragraphs[0])


def test_reports_whose_order_matters_are_a_second_of_replay_apart(mission):
    at = {article.id: article.at for article in mission.articles}
    order = ["sc-audience-scheduled", "ch-audience-under-way", "hw-audience-held", "db-audience-readout"]
    gaps = [at[later] - at[earlier] for earlier, later in pairwise(order)]
    assert min(gaps) >= timedelta(hours=6)


def test_two_headlines_are_hostile(mission):
    titles = [article.title for article in mission.articles]
    assert sum("<script>" in title for title in titles) == 1
    assert sum("\u202e" in title for title in titles) == 1


# ---------------------------------------------------------------- what is to be found in it


def test_the_expectations_speak_only_of_articles_that_exist(mission, expected):
    ids = {article.id for article in mission.articles}
    assert set(expected.claims) <= ids
    assert expected.may_alert <= set(expected.claims)


def test_the_expected_counts_are_those_of_the_mission(mission, expected):
    copies = [article for article in mission.articles if article.copy_of]
    assert expected.articles == len(mission.articles)
    assert expected.edited_copies == sum(article.edited for article in copies)
    assert expected.copies == sum(not article.edited for article in copies)
    at_the_end = {outlet.key for outlet in mission.outlets if outlet.trouble or outlet.gone_at}
    assert set(expected.faulty_outlets) == at_the_end


def test_a_copy_is_expected_to_claim_what_its_original_claims(mission, expected):
    for article in mission.articles:
        if article.copy_of:
            assert expected.claims.get(article.id) == expected.claims.get(article.copy_of), article.id


def test_exactly_the_reports_of_the_audience_may_alert(expected):
    told = {
        name
        for name, claims in expected.claims.items()
        for claim in claims
        if "Li Hui" in claim.who and claim.level == "leader" and claim.status in {Status.HELD, Status.UNDER_WAY}
    }
    assert told == expected.may_alert


def test_every_expected_meeting_with_the_envoy_is_claimed_somewhere_with_its_final_status(expected):
    claimed = {(frozenset(c.who), c.level, c.status) for claims in expected.claims.values() for c in claims}
    for meeting in expected.meetings:
        assert (frozenset(meeting.who), meeting.level, meeting.status) in claimed


def test_nearly_every_status_of_the_guideline_occurs(expected):
    statuses = {claim.status for claims in expected.claims.values() for claim in claims}
    assert statuses == set(Status) - {Status.CANCELLED}


def test_every_article_is_read_as_expected(mission, expected, tmp_path):
    config = Config.model_validate(YAML(typ="safe").load(demo_config(BASE, tmp_path, mission=mission)))
    reader = MeetingReader(load_people(config.people))
    for article in mission.articles:
        text = "\n".join(article.paragraphs)
        claims = reader.read(article.title, text, article.outlet.language, article.at)
        found = {(frozenset(claim.participants), claim.level, claim.status) for claim in claims}
        told = expected.claims.get(article.id, ())
        assert found == {(frozenset(claim.who), claim.level, claim.status) for claim in told}, article.id


# ---------------------------------------------------------------- damaged missions are refused


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"outlet": "nobody", "title": "A", "text": "B"}, "unknown outlet"),
        ({"copy_of": "hw-nothing"}, "no earlier article"),
        ({"copy_of": "hw-leaves"}, "no earlier article"),
        ({"copy_of": "hw-tour-announced", "edits": {"not there": "x"}}, "has not: 'not there'"),
        ({"id": "hw-leaves", "title": "A", "text": "B"}, "twice: hw-leaves"),
        ({"title": "A"}, "either a text or copy_of"),
        ({"text": "B"}, "needs a title"),
    ],
)
def test_a_mission_that_contradicts_itself_is_refused(monkeypatch, entry, complaint):
    real = mission_module._yaml

    def damaged(name):
        data = real(name)
        if name == "articles_en.yaml":
            data.append({"id": "hw-new", "outlet": "meridian-post", "at": "2023-05-16T13:00Z", **entry})
        return data

    monkeypatch.setattr(mission_module, "_yaml", damaged)
    with pytest.raises(MissionError, match=complaint) as caught:
        read_mission()
    assert isinstance(caught.value, EnvoywatchError)


def test_an_outlet_has_a_feed_or_a_listing_and_not_both():
    common = {"key": "a", "name": "A", "language": "en", "country": "GB", "role": "media"}
    with pytest.raises(ValidationError, match="either a feed or a listing"):
        Outlet.model_validate(common)
    with pytest.raises(ValidationError, match="either a feed or a listing"):
        Outlet.model_validate({**common, "feed": "rss", "listing": "a"})


# ---------------------------------------------------------------- what the outlets show


def test_feeds_parse_cleanly_and_hold_what_is_published_newest_first(mission):
    for outlet in mission.outlets:
        if outlet.feed is None or outlet.trouble or outlet.gone_at:
            continue
        parsed = feedparser.parse(answer(mission, BASE, f"/{outlet.key}/feed.xml", mission.ends_at).body)
        assert not parsed.bozo, outlet.key
        assert parsed.version == {"rss": "rss20", "atom": "atom10"}[outlet.feed]
        articles = mission.published(outlet, mission.ends_at)
        assert len(parsed.entries) == len(articles) >= 3
        for entry, article in zip(parsed.entries, articles, strict=True):
            assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == article.at
            assert entry.link.split("?")[0] == BASE + article.path
            assert entry.summary == article.summary


def test_hostile_headlines_are_escaped_in_feed_and_page(mission):
    article = next(a for a in mission.articles if "<script>" in a.title)
    page = answer(mission, BASE, article.path, mission.ends_at).body
    feed = answer(mission, BASE, f"/{article.outlet.key}/feed.xml", article.at).body
    assert b"<script>" not in page
    assert b"<script>" not in feed
    assert html.fromstring(page).findtext(".//h1") == article.title


def test_a_page_gives_exactly_the_article_whatever_its_outlets_encoding(mission):
    encodings = set()
    for article in mission.articles:
        given = answer(mission, BASE, article.path, mission.ends_at)
        encodings.add(given.content_type)
        found = trafilatura.extract(given.body, url=BASE + article.path, include_comments=False)
        assert [line for line in found.splitlines() if line] == list(article.paragraphs), article.id
    assert encodings == {f"text/html; charset={name}" for name in ("utf-8", "windows-1251", "gb18030")}


def test_a_tracking_outlet_links_the_same_page_with_campaign_parameters(mission):
    tracking = [outlet for outlet in mission.outlets if outlet.tracking]
    assert tracking
    for outlet in tracking:
        parsed = feedparser.parse(answer(mission, BASE, f"/{outlet.key}/feed.xml", mission.ends_at).body)
        assert all("utm_source=" in entry.link for entry in parsed.entries)


def test_a_listing_shows_the_articles_where_its_selector_points(mission):
    outlet = next(outlet for outlet in mission.outlets if outlet.listing)
    page = html.fromstring(answer(mission, BASE, f"/{outlet.key}/", mission.ends_at).body)
    links = [link.get("href") for link in page.cssselect(outlet.listing)]
    assert links == [article.path for article in mission.published(outlet, mission.ends_at)]
    assert answer(mission, BASE, f"/{outlet.key}/feed.xml", mission.ends_at).status == 404


def test_a_page_of_the_future_and_an_unknown_path_are_404(mission):
    last = mission.articles[-1]
    assert answer(mission, BASE, last.path, last.at - timedelta(seconds=1)).status == 404
    assert answer(mission, BASE, last.path, last.at).status == 200
    assert answer(mission, BASE, "/nobody/feed.xml", mission.ends_at).status == 404


def test_broken_outlets_give_no_entries_and_one_feed_goes_away(mission):
    for key in ("signal-tower", "torn-page"):
        given = answer(mission, BASE, f"/{key}/feed.xml", mission.ends_at)
        parsed = feedparser.parse(given.body)
        assert given.status == 200
        assert parsed.entries == []
        assert parsed.bozo or not parsed.version
    outlet = outlet_of(mission, "vanishing-post")
    path = "/vanishing-post/feed.xml"
    assert mission.starts_at < outlet.gone_at < mission.ends_at
    assert answer(mission, BASE, path, outlet.gone_at - timedelta(seconds=1)).status == 200
    assert answer(mission, BASE, path, outlet.gone_at).status == 404


@settings(max_examples=30, deadline=None)
@given(hours=st.integers(-48, 300), later=st.integers(0, 100))
def test_what_is_published_only_grows_as_the_clock_moves_on(hours, later):
    mission = _read_once()
    now = mission.starts_at + timedelta(hours=hours)
    for outlet in mission.outlets:
        before = mission.published(outlet, now)
        after = mission.published(outlet, now + timedelta(hours=later))
        assert after[len(after) - len(before) :] == before


def _read_once(kept=[]):  # noqa: B006 (one mission for all examples)
    if not kept:
        kept.append(read_mission())
    return kept[0]


# ---------------------------------------------------------------- the server


def test_the_server_answers_304_to_its_own_validators_until_something_new_appears(client, clock, mission):
    path = "/harbour-wire/feed.xml"
    clock.at = mission.starts_at
    first, body = client.ask(path)
    assert (first.status, len(feedparser.parse(body).entries)) == (200, 1)
    by_tag, nothing = client.ask(path, If_None_Match=first.headers["ETag"])
    by_time, _ = client.ask(path, If_Modified_Since=first.headers["Last-Modified"])
    assert (by_tag.status, nothing, by_time.status) == (304, b"", 304)
    clock.at = mission.starts_at + timedelta(hours=3)
    again, body = client.ask(path, If_None_Match=first.headers["ETag"])
    since, _ = client.ask(path, If_Modified_Since=first.headers["Last-Modified"])
    assert (again.status, since.status, len(feedparser.parse(body).entries)) == (200, 200, 3)
    assert parsedate_to_datetime(again.headers["Last-Modified"]) <= clock.at


def test_an_entity_tag_outranks_a_date_and_nonsense_is_no_validator(client):
    path = "/harbour-wire/feed.xml"
    response, _ = client.ask(path)
    assert client.ask(path, If_None_Match='"old"', If_Modified_Since=response.headers["Last-Modified"])[0].status == 200
    assert client.ask(path, If_None_Match=f'"old", W/{response.headers["ETag"]}')[0].status == 304
    assert client.ask(path, If_None_Match="*")[0].status == 304
    assert client.ask(path, If_Modified_Since="yesterday")[0].status == 200
    assert client.ask("/signal-tower/feed.xml", If_Modified_Since=response.headers["Last-Modified"])[0].status == 200


def test_head_sends_the_length_and_no_body(client):
    response, body = client.ask("/harbour-wire/feed.xml", method="HEAD")
    assert response.status == 200
    assert int(response.headers["Content-Length"]) > 0
    assert body == b""


def test_a_page_arrives_in_the_encoding_it_declares(client, mission):
    for key, encoding in (("severny-vestnik", "windows-1251"), ("jiangcheng-ribao", "gb18030")):
        article = mission.published(outlet_of(mission, key), mission.ends_at)[0]
        response, body = client.ask(article.path + "?utm_source=rss")
        assert response.headers["Content-Type"] == f"text/html; charset={encoding}"
        assert article.paragraphs[0] in body.decode(encoding)


def test_robots_txt_lets_the_watch_in(client, server):
    _, body = client.ask("/robots.txt")
    robots = urllib.robotparser.RobotFileParser()
    robots.parse(body.decode().splitlines())
    assert robots.can_fetch("Envoywatch", f"{server.base_url}/harbour-wire/feed.xml")


def test_the_slow_outlet_tells_what_is_new_when_it_answers_not_when_it_was_asked(mission, monkeypatch):
    at = [mission.starts_at]

    def woken(seconds):
        assert seconds == outlet_of(mission, "slow-coach").lag_s
        at[0] = mission.ends_at

    monkeypatch.setattr("envoywatch.demo.server.time.sleep", woken)
    demo = DemoServer(mission, lambda: at[0])
    client = Client(demo.start())
    try:
        _, body = client.ask("/slow-coach/feed.xml")
    finally:
        client.connection.close()
        demo.stop()
    assert len(feedparser.parse(body).entries) == 6


def test_the_desk_records_what_it_is_sent_with_its_key_and_time(client, server, clock):
    body = '{"title": "Зеленский принял"}'.encode()
    response, _ = client.ask("/desk", method="POST", body=body, Idempotency_Key="a1")
    assert response.status == 200
    (received,) = server.deliveries
    assert received.payload == {"title": "Зеленский принял"}
    assert received.headers["idempotency-key"] == "a1"
    assert received.at == clock.at


def test_the_desk_refuses_what_is_not_json_too_long_or_elsewhere(client, server):
    assert client.ask("/desk", method="POST", body=b"{")[0].status == 400
    assert client.ask("/door", method="POST", body=b"{}")[0].status == 404
    assert client.ask("/desk", method="POST", Content_Length="99999999")[0].status == 413
    assert client.ask("/desk", method="POST", body=b"{}")[0].status == 200
    assert [received.payload for received in server.deliveries] == [{}]


def test_the_server_is_reachable_on_loopback_alone_and_stops_at_once(mission, clock):
    demo = DemoServer(mission, clock)
    base_url = demo.start()
    host, port = base_url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with socket.create_connection((host, int(port))):
        demo.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
    demo.stop()


# ---------------------------------------------------------------- the configuration


def test_the_demos_configuration_is_valid_and_names_every_outlet(mission, tmp_path):
    config = Config.model_validate(YAML(typ="safe", pure=True).load(demo_config("http://127.0.0.1:4321", tmp_path)))
    assert [source.name for source in config.sources] == [outlet.name for outlet in mission.outlets]
    assert [(s.language, s.country, s.role) for s in config.sources] == [
        (o.language, o.country, o.role) for o in mission.outlets
    ]
    assert config.crawl.private_addresses
    assert config.interval_of(config.sources[0]) == timedelta(hours=2)
    assert (config.crawl.delay, config.crawl.per_host) == (timedelta(0), 16)
    assert config.storage.path == tmp_path / "envoywatch.db"
    assert config.channels["desk"].url == "json://127.0.0.1:4321/desk"
    assert {watch.name for watch in config.watches} >= {AUDIENCE_WATCH}


def test_the_clock_of_the_demo_runs_out_after_the_lavrov_talks_and_before_the_end(mission, tmp_path):
    config = Config.model_validate(YAML(typ="safe", pure=True).load(demo_config(BASE, tmp_path, mission=mission)))
    (clock,) = config.expect
    talks = next(article for article in mission.articles if article.id == "hw-lavrov-held")
    assert clock.name == EXPECTATION
    assert talks.at < clock.by < mission.ends_at - timedelta(hours=6)


def test_the_demos_configuration_passes_the_programs_own_check(server, tmp_path):
    from config.load import load_config

    path = tmp_path / "envoywatch.yaml"
    path.write_text(demo_config(server.base_url, tmp_path), encoding="utf-8")
    loaded = load_config(path, environ={})
    assert loaded.warnings == ()
    assert loaded.config.people


def test_everybody_whom_the_envoy_meets_below_a_minister_is_made_known(expected, tmp_path):
    config = Config.model_validate(YAML(typ="safe", pure=True).load(demo_config(BASE, tmp_path)))
    hosts = {name for m in expected.meetings if m.level == "deputy" for name in m.who} - {"Li Hui"}
    assert {person.name for person in config.people} == hosts


def test_folder_and_page_address_are_written_as_given(tmp_path):
    folder = Path('/tmp/a "strange": folder')  # noqa: S108 (only written, never made)
    config = Config.model_validate(YAML(typ="safe", pure=True).load(demo_config(BASE, folder, listen="127.0.0.1:9")))
    assert config.storage.path == folder / "envoywatch.db"
    assert config.web.listen == "127.0.0.1:9"
