import asyncio
import html
import re
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from starlette.routing import Mount, Route

from config.errors import Finding, UsageError
from config.model import Watch
from envoywatch.page import search_page
from envoywatch.searching import ArchiveSearch
from envoywatch.web import live
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, Settings, WebContext
from storage.database import open_reader, open_writer
from storage.errors import StorageError
from storage.health import Outage
from storage.losses import record_losses
from storage.runs import review_alert
from tests.mission_database import NOW, config, seed

ORIGIN = "http://127.0.0.1:8470"
OWN = {"sec-fetch-site": "same-origin"}
SECRETS = ("pa55word-of-desk", "t0ken-0123456789", "t0pic-secret", "s3cr3t-t0ken", "abcdefgh12345678")


class Page:
    """The web page over a database, and what it is told about the daemon."""

    def __init__(self, path, listen="127.0.0.1:8470", password=None):
        self.path = path
        self.settings = Settings(config(listen, password), Path("/etc/envoywatch.yaml"), (), NOW)
        self.readiness = Readiness(ready=True)
        self.trouble = None
        self.context = WebContext(
            read=self.read,
            review=self.review,
            settings=lambda: self.settings,
            health=lambda: self.readiness,
            now=lambda: NOW,
            search=lambda reader, wanted: search_page(ArchiveSearch(wanted.query, config()), reader, wanted),
            listen=listen,
            password=password,
        )
        self.app = create_app(self.context)
        self.app.state.live = live.Live(life_s=0)  # a stream that ends, for who asks every address

    def read(self, work):
        if self.trouble is not None:
            raise self.trouble
        with closing(open_reader(self.path)) as reader:
            return work(reader)

    async def review(self, alert_id, review):
        db = open_writer(self.path)
        with closing(db.conn):
            review_alert(db, alert_id, review, NOW)

    def client(self, **kwargs):
        # The errors under test are answered, as a browser sees them, and not raised into the test.
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("192.0.2.7", 5000))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, **kwargs)

    async def get(self, path, **kwargs):
        async with self.client() as client:
            return await client.get(path, **kwargs)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    path = tmp_path_factory.mktemp("mission") / "envoywatch.db"
    return path, seed(path)


@pytest.fixture
def page(seeded):
    return Page(seeded[0])


@pytest.fixture
def mission(seeded):
    return seeded[1]


@pytest.fixture
def own_page(tmp_path):
    """A page over a database of its own, for tests that write."""
    path = tmp_path / "envoywatch.db"
    mission = seed(path)
    return Page(path), mission


@pytest.fixture
def empty_page(tmp_path):
    path = tmp_path / "envoywatch.db"
    open_writer(path).conn.close()
    return Page(path)


@pytest.fixture(scope="module")
def answers(seeded):
    """Every address of the page, asked once."""
    page = Page(seeded[0])

    async def ask():
        async with page.client() as client:
            return {path: await client.get(path) for path in paths_of(seeded[1])}

    return asyncio.run(ask())


def paths_of(mission):
    return (
        "/", "/?days=7", "/alerts", "/meetings", "/meetings?person=Li+Hui&with=Vladimir+Putin", "/meetings?status=held",
        "/search", "/search?q=envoy", "/search?q=(", "/sources", "/sources/1", "/sources/7", "/outbox",
        "/trips?person=Li+Hui", "/trips?person=Nobody", "/trips",
        "/stories", "/stories?sources=3", "/stories?skip=50", "/stories/999",
        "/search?q=envoy&sort=newest", "/try?q=envoy", "/try?q=envoy&fragment=1",
        "/outbox?state=parked", "/watches", "/watches?add=meeting", "/watches/Talks%20about%20the%20war",
        "/watches/Audience%20with%20a%20leader", "/people", "/people?q=li", "/people?name=Li+Hui", "/settings",
        "/feed.atom", "/healthz", "/readyz", "/metrics",
        "/nowhere", "/alerts/999", "/meetings/999", "/articles/999", "/login", "/static/style.css", "/static/none.css",
        *(f"/alerts/{one}" for one in mission.alerts.values()),
        *(f"/meetings/{one}" for one in mission.meetings.values()),
        *(f"/articles/{one}" for one in mission.articles.values()),
        *(f"/stories/{one}" for one in mission.stories.values()),
    )  # fmt: skip


class Elements(HTMLParser):
    """Every element with its attributes, and the text of the page."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


# ---------------------------------------------------------------- what the pages say


async def test_today_shows_changed_meetings_with_evidence_in_its_language_and_the_deciding_words_marked(page):
    response = await page.get("/")
    assert response.status_code == 200
    quotes = Elements(response.text).all("blockquote")
    assert {"lang": "ru", "dir": "auto"} in quotes
    assert (
        'Владимир Путин <mark title="time">сегодня</mark> <mark title="meets">принял</mark> в Кремле' in response.text
    )
    assert "confirmed by an official source" in response.text
    assert "disputed" in response.text


async def test_today_puts_changes_of_meetings_before_other_alerts_and_matches_last(page):
    text = (await page.get("/")).text
    order = [text.index(words) for words in ("Meetings that changed", "Other alerts", "Matches by watch")]
    assert order == sorted(order)
    assert text.index('alerted <time datetime="2023-05-26T19:02:03Z"') < text.index("2023-05-26T18:21:03Z")


async def test_today_names_what_was_expected_and_what_could_not_be_seen(page):
    text = (await page.get("/")).text
    assert "Lavrov receives Li Hui" in text
    assert "Dnipro Bulletin" in text
    assert "It refuses us" in text
    assert "Not read at all in this time" in text
    assert "Paused by you" in text


async def test_today_tells_sources_with_the_same_fault_together(own_page):
    page, _ = own_page
    with closing(open_writer(page.path).conn) as connection:
        connection.execute(
            "UPDATE sources SET fault = 'name-not-found', fault_since = last_poll_at WHERE name != 'Dnipro Bulletin'"
        )
        connection.execute("UPDATE polls SET outcome = 'fault', fault = 'name-not-found'")
    text = (await page.get("/")).text
    assert text.count("<p>Its host name has no address.") == 1
    assert re.search(r"<h3>\d+ sources</h3>\n<p>Its host name has no address.", text)
    assert re.search(r"<summary>(<bdi>[^<]+</bdi>(, )?){3} and \d+ more</summary>", text)
    assert "<h3><bdi>Dnipro Bulletin</bdi></h3>" in text


async def test_today_folds_copies_under_their_original(page):
    text = (await page.get("/")).text
    assert "3 copies" in text
    assert text.count("ends his tour with a call for a ceasefire") == 1


async def test_promise_42_nothing_reported_is_not_said_when_nothing_was_read(empty_page):
    text = (await empty_page.get("/")).text
    assert "Nothing can be said" in text
    assert "Unknown: no source was read" in text
    assert "No meeting is reported" not in text


async def test_a_quiet_time_is_called_quiet_together_with_what_was_read(own_page):
    page, _ = own_page
    db = open_writer(page.path)
    with closing(db.conn):
        for table in ("deliveries", "decisions", "alerts", "matches", "status_changes"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 (our own names)
    text = (await page.get("/")).text
    assert "All quiet since" in text
    assert "9 sources read" in text
    assert "What could not be seen is listed below" in text


async def test_older_alerts_that_wait_for_review_are_one_step_away(own_page):
    page, mission = own_page
    db = open_writer(page.path)
    with closing(db.conn):
        db.execute("UPDATE alerts SET created_at = '2023-05-20T08:00:00.000000Z' WHERE kind = 'meeting'")
    assert '<a href="/alerts?review=open">2 older to review</a>' in (await page.get("/")).text
    waiting = (await page.get("/alerts?review=open")).text
    assert f'id="alert-{mission.alerts["held"]}"' in waiting
    assert f'id="alert-{mission.alerts["denied"]}"' not in waiting


async def test_what_was_just_reviewed_stays_in_the_list_to_be_undone(own_page):
    page, mission = own_page
    alert, form = mission.alerts["held"], {"review": "noise", "next": "/alerts?review=open"}
    async with page.client(headers=OWN, follow_redirects=True) as client:
        text = (await client.post(f"/alerts/{alert}/review", data=form)).text
    assert "Reviewed: <strong>noise</strong>" in text


async def test_an_alert_shows_who_reported_it_why_it_alerted_and_where_it_was_sent(page, mission):
    text = (await page.get(f"/alerts/{mission.alerts['confirmed']}")).text
    for words in ("江城晚报", "due to receive", "the plan of a watched meeting changed", "The service refused"):
        assert words in text


async def test_an_article_shows_its_text_with_spans_marked_and_every_decision(page, mission):
    text = (await page.get(f"/articles/{mission.articles['zh']}")).text
    assert '<mark title="meets">会见了</mark>' in text
    assert "this was told before" in text
    assert "told nobody" in text


async def test_an_article_shows_its_copies_and_a_copy_its_original(page, mission):
    assert "Lutetia Review" in (await page.get(f"/articles/{mission.articles['plan']}")).text
    copy = (await page.get(f"/articles/{mission.articles['copy']}")).text
    assert "had this text first" in copy
    assert f'href="/articles/{mission.articles["plan"]}"' in copy


async def test_meetings_are_drawn_as_timeline_and_matrix_with_links(page, mission):
    text = (await page.get("/meetings")).text
    assert (
        f'<a href="/meetings/{mission.meetings["moscow"]}"><title>held: Vladimir Putin – Li Hui, Moscow</title>' in text
    )
    assert "/meetings?person=Li%20Hui&amp;with=Vladimir%20Putin" in text


async def test_a_persons_meetings_lead_to_the_trips_they_make(page, mission):
    assert "/trips?person=Li%20Hui" in (await page.get("/meetings", params={"person": "Li Hui"})).text
    text = (await page.get("/trips", params={"person": "Li Hui"})).text
    assert f'<a href="/meetings/{mission.meetings["moscow"]}"' in text
    assert "leader level: " in text
    assert "<script>" not in text
    answer = await page.get("/trips", params={"person": "Li Hui"}, headers={"Accept": "application/json"})
    assert {stop["place"] for trip in answer.json()["trips"] for stop in trip["stops"]} >= {"Moscow"}
    assert "No meeting of this person" in (await page.get("/trips", params={"person": "Nobody"})).text
    assert "Whose?" in (await page.get("/trips")).text


async def test_the_pair_of_the_matrix_narrows_the_list(page):
    text = (await page.get("/meetings", params={"person": "Li Hui", "with": "Vladimir Putin"})).text
    assert "Macron" not in text


async def test_search_finds_in_any_script_and_marks_what_it_found(page):
    text = (await page.get("/search", params={"q": "李辉"})).text
    assert "<mark" in text
    assert "各方应为谈判创造条件" in text


async def test_a_wrong_query_is_answered_with_its_place(page):
    response = await page.get("/search", params={"q": "envoy AND (peace"})
    assert response.status_code == 400
    assert "at character 11" in response.text
    assert "\n          ^</pre>" in response.text


async def test_sources_show_faults_in_words_with_a_remedy_the_worst_first(page):
    text = (await page.get("/sources")).text
    assert "user_agent says who you are" in text
    assert text.index("Dnipro Bulletin") < text.index("Lutetia Review") < text.index("Harbour Wire")
    assert "unusually silent" in text


async def test_a_source_shows_its_rhythm_and_which_endpoint_delivers_and_an_outage_is_said_above_all(own_page):
    page, _ = own_page
    assert "seems offline" not in (await page.get("/sources")).text
    db = open_writer(page.path)
    with closing(db.conn):
        db.execute("UPDATE sources SET position = 1 WHERE name = 'Harbour Wire'")
        (number,) = db.execute("SELECT id FROM sources WHERE name = 'Harbour Wire'").fetchone()
        db.execute(
            "INSERT INTO endpoints (source_id, position, kind, url) VALUES (?, 1, 'telegram', 'https://t.me/s/harbour')",
            [number],
        )
        nothing = {"alert": None, "decisions": (), "lost": (), "back": ()}
        record_losses(db, NOW, outage=Outage(NOW, NOW), **nothing)
    text = (await page.get("/sources")).text
    assert "This machine seems offline" in text
    assert "every 1h51m" in text
    assert "stands in for feed" in text
    one = (await page.get(f"/sources/{number}")).text
    assert "Something new usually comes every 1h51m" in one
    assert "delivers" in one


async def test_many_sources_come_a_page_at_a_time_and_no_page_is_heavy(own_page):
    page, _ = own_page
    db = open_writer(page.path)
    with closing(db.conn):
        for number in range(120):
            db.execute(
                "INSERT INTO sources (name, spec, role, interval_s, next_poll_at, added_at)"
                " SELECT ?, spec, role, interval_s, next_poll_at, added_at FROM sources WHERE id = 1",
                (f"Outlet {number}",),
            )
    names = []
    for number in (1, 2, 3):
        response = await page.get(f"/sources?page={number}")
        assert len(response.content) < 130_000
        names += re.findall(r'href="/sources/(\d+)" data-open', response.text)
    assert len(names) == len(set(names)) == 131
    assert (await page.get("/sources?page=4")).status_code == 404


async def test_settings_show_faults_of_the_file_with_their_place_and_every_page_says_so(page):
    finding = Finding(Path("/etc/envoywatch.yaml"), 12, 7, "unknown key `qurey`", "did you mean `query`?")
    page.settings = Settings(config(), Path("/etc/envoywatch.yaml"), (finding,), NOW, refused=True)
    page.readiness = Readiness(ready=False, troubles=("the schedule is late",))
    text = (await page.get("/settings")).text
    assert "/etc/envoywatch.yaml:12:7" in text
    assert "did you mean" in text
    assert "the schedule is late" in text
    assert "The configuration file has 1 fault" in (await page.get("/")).text
    assert "last good one is still in force" in (await page.get("/")).text
    page.settings = replace(page.settings, refused=False)
    assert "in force without the sources at fault" in (await page.get("/")).text
    assert "Sources are left out" in (await page.get("/settings")).text


async def test_watches_people_and_outbox_are_honest_about_what_they_are(page):
    assert "&#34;Li Hui&#34; OR 李辉" in (await page.get("/watches")).text
    assert "Ли Хуэй" in (await page.get("/people")).text
    assert "outbox retry" in (await page.get("/outbox")).text


async def test_the_watches_tell_their_options_and_their_weights(empty_page):
    page = empty_page
    options = {"at_most": "3/h", "quiet": "23:00-07:00 Europe/Paris", "only": {"roles": "official"}}
    score = {"at_least": 30, "terms": {"talks <b>": 20, "football": -12.5}}
    watch = Watch.model_validate({"name": "Sum", "score": score, "send": "now", **options})
    page.settings = replace(page.settings, config=page.settings.config.model_copy(update={"watches": (watch,)}))
    text = (await page.get("/watches")).text
    for said in ("a score of 30 or more", "at most 3 messages in 1h", "quiet 23:00"):
        assert said in text
    text = (await page.get("/watches/Sum")).text
    for said in ("A score of 30 or more", "+20", "talks", "-12.5", "at most 3 messages in 1h", "quiet 23:00"):
        assert said in text


@pytest.mark.parametrize(
    "path",
    ["/", "/alerts", "/meetings", "/sources", "/outbox", "/watches", "/people", "/settings", "/feed.atom", "/metrics"],
)
async def test_pages_of_an_empty_database_work(empty_page, path):
    assert (await empty_page.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/?days=2", "/?days=x", "/alerts?before=-1", "/meetings?status=nice",
                                  "/outbox?state=lost", f"/alerts?before={2**63}"])  # fmt: skip
async def test_an_address_nobody_offers_is_answered_with_400(page, path):
    assert (await page.get(path)).status_code == 400


async def test_what_is_not_there_is_answered_with_404_and_an_id_beyond_any_row_too(page):
    for path in ("/alerts/999", f"/articles/{10**30}", "/sources/999", "/nowhere"):
        assert (await page.get(path)).status_code == 404, path


async def test_alerts_are_listed_a_page_at_a_time_without_gap_or_repetition(own_page):
    page, _ = own_page
    db = open_writer(page.path)
    with closing(db.conn):
        for number in range(120):
            moment = (NOW - timedelta(days=40, minutes=number // 3)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            values = (f"many/{number}", "test", f"Number {number}.", moment)
            db.execute("INSERT INTO alerts (key, kind, title, created_at) VALUES (?, ?, ?, ?)", values)
    seen, path = [], "/alerts"
    while path:
        text = (await page.get(path)).text
        seen += re.findall(r'<article class="card alert[^"]*" id="alert-(\d+)"', text)
        following = re.search(r'href="(/alerts\?before=\d+)"', text)
        path = following and following[1]
    assert len(seen) == len(set(seen)) == 125


async def test_a_trouble_of_the_database_is_said_and_is_not_the_visitors_fault(page):
    page.trouble = StorageError("the database is locked", hint="close the other program")
    response = await page.get("/")
    assert response.status_code == 503
    assert "The database is locked" in response.text
    assert "Close the other program." in response.text


async def test_an_unexpected_error_tells_the_visitor_nothing_about_the_program(page):
    page.trouble = ZeroDivisionError("secret detail")
    response = await page.get("/")
    assert response.status_code == 500
    assert "secret detail" not in response.text
    assert "content-security-policy" in response.headers


# ---------------------------------------------------------------- hostile content


def test_promise_31_nothing_fetched_becomes_markup_anywhere(answers):
    for path, response in answers.items():
        if "html" not in response.headers.get("content-type", ""):
            continue
        elements = Elements(response.text)
        scripts = {script["src"] for script in elements.all("script")}
        assert scripts <= {f"/static/{name}.js?v=0.1.0" for name in ("keys", "live", "preview", "tuning", "zone")}, path
        assert not elements.all("img") + elements.all("style") + elements.all("iframe"), path
        for tag, attributes in elements.found:
            assert not [name for name in attributes if name.startswith("on") or name == "style"], (path, tag)


async def test_the_hostile_title_is_still_shown_as_text_without_its_control_characters(page, mission):
    text = Elements((await page.get(f"/articles/{mission.articles['hostile']}")).text).text
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b\x00]", text)


def test_promise_32_links_lead_to_us_or_by_http_to_others_and_those_tell_them_nothing(answers):
    for path, response in answers.items():
        if "html" not in response.headers.get("content-type", ""):
            continue
        elements = Elements(response.text)
        for link in elements.all("a"):
            if link["href"].startswith(("/", "#")) and not link["href"].startswith("//"):
                continue
            assert re.match(r"https?://", link["href"]), (path, link)
            assert link["rel"] == "noopener noreferrer nofollow", (path, link)
        assert all(form["action"].startswith("/") for form in elements.all("form") if form["method"] != "dialog")


def test_promise_36_secrets_stand_on_no_page(answers):
    for path, response in answers.items():
        for secret in SECRETS:
            assert secret not in response.text, path


async def test_promise_31_the_feed_is_well_formed_atom_with_the_hostile_title_as_text(page):
    response = await page.get("/feed.atom")
    assert response.headers["content-type"].startswith("application/atom+xml")
    root = ET.fromstring(response.content)  # noqa: S314 (our own answer)
    space = {"a": "http://www.w3.org/2005/Atom"}
    titles = [title.text for title in root.findall("a:entry/a:title", space)]
    assert len(titles) == 5
    assert any("<script>alert(1)</script>" in title for title in titles)
    ids = [one.text for one in root.findall("a:entry/a:id", space)]
    assert len(set(ids)) == 5
    links = [link.get("href") for link in root.iter("{http://www.w3.org/2005/Atom}link")]
    assert all(link.startswith(("http://", "https://")) for link in links)


async def test_the_feeds_ids_stay_the_same(page):
    first, second = (await page.get("/feed.atom")).text, (await page.get("/feed.atom")).text
    assert re.findall("urn:uuid:[^<]+", first) == re.findall("urn:uuid:[^<]+", second)


async def test_a_watch_has_a_feed_of_its_own(page):
    whole = ET.fromstring((await page.get("/feed.atom")).text)  # noqa: S314 (our own)
    name = "Audience with a leader"
    answer = await page.get("/feed.atom", params={"watch": name})
    feed = ET.fromstring(answer.text)  # noqa: S314 (our own)
    entry = "{http://www.w3.org/2005/Atom}entry"
    assert 0 < len(feed.findall(entry)) < len(whole.findall(entry))
    assert feed.find("{http://www.w3.org/2005/Atom}id").text.endswith("/feed.atom?watch=Audience%20with%20a%20leader")
    assert f"Envoywatch alerts: {name}" in answer.text
    assert (await page.get("/feed.atom?watch=nothing+of+the+kind")).status_code == 404
    assert f'href="/feed.atom?watch={name.replace(" ", "%20")}"' in (await page.get(f"/watches/{name}")).text


# ---------------------------------------------------------------- machines


async def test_liveness_readiness_and_metrics_are_plain_text(page):
    assert (await page.get("/healthz")).text == "ok\n"
    assert (await page.get("/readyz")).text == "ready\n"
    page.readiness = Readiness(ready=False, troubles=("nothing was polled for 3 intervals",))
    response = await page.get("/readyz")
    assert response.status_code == 503
    assert "- nothing was polled for 3 intervals" in response.text
    metrics = (await page.get("/metrics")).text
    assert 'envoywatch_sources{health="lost"} 2' in metrics
    assert "envoywatch_ready 0" in metrics
    for line in metrics.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[\w-]+\"\})? [-+.\de]+", line), line
    openmetrics = await page.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


# ---------------------------------------------------------------- reviewing


async def test_a_review_is_written_and_leads_back_to_the_alert_and_can_be_undone(own_page):
    page, mission = own_page
    alert = mission.alerts["held"]
    async with page.client(headers=OWN) as client:
        done = await client.post(f"/alerts/{alert}/review", data={"review": "wrong-status", "next": "/?days=3"})
        assert done.status_code == 303
        assert done.headers["location"] == f"/?days=3#alert-{alert}"
        text = (await client.get(f"/alerts/{alert}")).text
        assert "Reviewed: <strong>wrong status</strong>" in text
        await client.post(f"/alerts/{alert}/review", data={"review": "undo", "next": "/"})
        assert "Reviewed:" not in (await client.get(f"/alerts/{alert}")).text


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:alert(1)",
                                  "", "/\tevil", "\\\\evil.example"])  # fmt: skip
async def test_a_review_never_leads_away_from_the_page(own_page, back):
    page, mission = own_page
    alert = mission.alerts["held"]
    async with page.client(headers=OWN) as client:
        done = await client.post(f"/alerts/{alert}/review", data={"review": "right", "next": back})
    assert done.headers["location"] == f"/alerts/{alert}#alert-{alert}"


async def test_a_review_that_is_none_is_refused_and_one_of_nothing_is_not_found(page):
    async with page.client(headers=OWN) as client:
        assert (await client.post("/alerts/1/review", data={"review": "great"})).status_code == 400
        assert (await client.post("/alerts/999/review", data={"review": "right"})).status_code == 404
        assert (await client.post("/alerts/1/review", content=b"review=right&x=" + b"a" * 20_000)).status_code == 413
        assert (await client.post("/alerts/1/review", content=b"review=\xff")).status_code == 400


# ---------------------------------------------------------------- every route is guarded


def example_of(route):
    return re.sub(r"\{\w+:int\}", "1", route.path)


async def test_promise_37_every_unsafe_route_refuses_a_request_from_elsewhere(page):
    routes = [route for route in page.app.routes if isinstance(route, Route) and route.methods - {"GET", "HEAD"}]
    assert {route.path for route in routes} == {
        "/alerts/{id:int}/review", "/login", "/logout", "/watches", "/watches/{name:path}", "/people", "/sources",
        "/sources/{id:int}",
    }  # fmt: skip
    foreign = (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8470"},
        {"origin": "http://127.0.0.1:99999999"},
        {},
    )
    for route in routes:
        for headers in foreign:
            async with page.client(headers=headers) as client:
                assert (await client.post(example_of(route), data={"review": "right"})).status_code == 403, headers


async def test_a_browser_without_fetch_metadata_may_post_from_our_own_origin(own_page):
    page, _ = own_page
    async with page.client(headers={"origin": ORIGIN}) as client:
        assert (await client.post("/alerts/1/review", data={"review": "right"})).status_code == 303


async def test_promise_37_every_route_answers_only_to_its_own_names_and_only_to_its_methods(page):
    for route in page.app.routes:
        path = "/static/style.css" if isinstance(route, Mount) else example_of(route)
        for host in ("evil.example", "127.0.0.1:9999", "127.0.0.1.evil.example", "user@127.0.0.1:8470", ""):
            assert (await page.get(path, headers={"host": host})).status_code == 421, (path, host)
        for host in ("localhost:8470", "[::1]:8470", "127.0.0.1"):
            assert (await page.get(path, headers={"host": host})).status_code != 421, (path, host)
        async with page.client(headers=OWN) as client:
            assert (await client.put(path)).status_code == 405, path


async def test_promise_32_every_answer_carries_the_security_headers(page, answers):
    for path, response in answers.items():
        headers = response.headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';"), path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        if not path.startswith("/static/"):
            assert headers["cache-control"] == "no-store"
    refused = await page.get("/", headers={"host": "evil.example"})
    assert "content-security-policy" in refused.headers


async def test_no_page_weighs_over_150_kb_with_all_its_assets(page, answers):
    assets = [
        await page.get(f"/static/{name}")
        for name in ("style.css", "keys.js", "live.js", "tuning.js", "zone.js", "icon.svg")
    ]
    weight = sum(len(asset.content) for asset in assets)
    for path, response in answers.items():
        assert len(response.content) + weight < 150_000, path


@pytest.mark.parametrize("listen", ["0.0.0.0:8470", "192.0.2.1:8470", "[::]:8470", "news.example:80"])
def test_promise_37_it_refuses_to_listen_beyond_loopback_without_a_password(tmp_path, listen):
    with pytest.raises(UsageError, match="without a password"):
        Page(tmp_path / "x.db", listen=listen)
    Page(tmp_path / "x.db", listen=listen, password="long and wide")


async def test_listening_everywhere_answers_to_addresses_but_not_to_strange_names(seeded):
    page = Page(seeded[0], listen="0.0.0.0:8470", password="long and wide")
    assert (await page.get("/healthz", headers={"host": "192.0.2.1:8470"})).status_code == 200
    assert (await page.get("/healthz", headers={"host": "rebound.example:8470"})).status_code == 421


async def test_a_search_is_counted_narrowed_and_taken_wider_again(page):
    text = (await page.get("/search", params={"q": "envoy OR 李辉"})).text
    assert re.search(r"\d+ articles", text)
    narrower = re.search(r'href="(/search\?q=[^"]+language=[^"]+)"', text)
    text = (await page.get(html.unescape(narrower[1]))).text
    assert "language: <bdi>" in text
    assert 'href="/search?q=envoy+OR+%E6%9D%8E%E8%BE%89"' in text
    day = re.search(r'href="(/search\?q=[^"]+since=[^"]+until=[^"]+)"', text)
    assert "Nothing in the archive" not in (await page.get(html.unescape(day[1]))).text


@pytest.mark.parametrize("wrong", ["role=king", "sort=random", "since=yesterday", "meeting=x"])
async def test_a_filter_that_is_none_is_refused(page, wrong):
    assert (await page.get(f"/search?q=envoy&{wrong}")).status_code == 400


async def test_a_query_is_tried_on_the_last_days_as_a_page_and_as_a_part_of_one(page):
    whole = (await page.get("/try", params={"q": "envoy"})).text
    part = (await page.get("/try", params={"q": "envoy", "fragment": "1"})).text
    assert "would have matched" in part
    assert "<html" in whole
    assert "<html" not in part
    assert "<mark" in part
    wrong = (await page.get("/try", params={"q": "envoy AND (peace", "fragment": "1"})).text
    assert "^" in wrong
    assert "is shown here" in (await page.get("/try")).text
    assert (await page.get("/try", params={"q": "x" * 3_000})).status_code == 413
