import asyncio
import re
from contextlib import closing
from datetime import timedelta
from html import unescape

import httpx
import pytest

from config.load import load_config
from config.vocabulary import EndpointKind
from crawler.discovery import Discovered, DiscoveryError, Found
from envoywatch.checks import all_checks
from envoywatch.page import search_page
from envoywatch.searching import ArchiveSearch
from envoywatch.source_trial import Trial
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, Settings, Tuning, WebContext
from envoywatch.web.tasks import Tasks
from storage.database import open_reader
from storage.model import Endpoint, Entry, Poll, PollOutcome, Text, TextOrigin
from tests.seeding import NOW, seed

ORIGIN = "http://127.0.0.1:8470"
OWN = {"sec-fetch-site": "same-origin"}

FILE = """\
# kept: the mission
storage: {path: archive.db}
sources:
  - name: Ruritania Today   # kept: the daily
    language: en
    country: RU
    endpoints: [{feed: "https://today.example/feed"}]
  - {name: Ministry, language: zh, country: CN, role: official, endpoints: [{feed: "https://ministry.example/feed"}]}
  - name: Broken Times
    endpoints: [{feed: "https://broken.example/feed"}]
people:
  # kept: ours
  - {name: Arda Lin, forms: {zh: [林达]}}
watches:
  - name: Envoy             # kept: everything about her
    query: '"Arda Lin"'     # kept: Chinese comes later
    # kept: at night too
    send: now
    channels: [desk]
  - {name: Grain, query: grain corridor}
  - {name: Received, meeting: {guest: Arda Lin, level: leader}}
  - name: Sum
    score: {at_least: 10, terms: {corridor: 6, ships: 6}}
channels:
  desk: {url: "json://127.0.0.1:9/desk"}
"""


class Desk:
    """The page over the small archive and a configuration file; the network is made up."""

    def __init__(self, folder):
        self.archive = seed(folder)
        self.file = folder / "envoywatch.yaml"
        self.file.write_text(FILE, encoding="utf-8")
        self.loaded = load_config(self.file, environ={}, checks=all_checks())
        self.asked, self.found = [], None
        context = WebContext(
            read=self.read,
            review=None,
            settings=lambda: Settings(self.loaded.config, self.file),
            health=lambda: Readiness(ready=True),
            now=lambda: NOW,
            search=lambda reader, request: search_page(
                ArchiveSearch(request.query, self.loaded.config), reader, request
            ),
            tuning=Tuning(self.file, {}, self.archive.path, self.taken, self.poll, self.discover, self.try_source),
        )
        self.app = create_app(context)

    def read(self, work):
        with closing(open_reader(self.archive.path)) as reader:
            return work(reader)

    async def taken(self, *, wholly):
        self.loaded = load_config(self.file, environ={}, checks=all_checks(), lenient_sources=True)

    async def poll(self, name):
        self.asked.append(name)
        return True

    async def discover(self, url):
        if self.found is None:
            raise DiscoveryError(f"nothing to poll at {url}: no feed", hint="look for another page")
        return self.found

    async def try_source(self, source):
        entries = (Entry("e", "https://new.example/1", "First <b>news</b>"),)
        polls = tuple(
            Poll(0, at, one.url, NOW, timedelta(seconds=1), PollOutcome.ENTRIES, entries=entries)
            for at, one in enumerate(source.endpoints)
        )
        text = Text("First", "What it says.", "uk", TextOrigin.PAGE)
        return Trial(source.name, tuple(Endpoint(one.kind, one.url) for one in source.endpoints), polls, text)

    async def get(self, path, **headers):
        async with self.client() as client:
            return await client.get(path, headers=headers)

    async def post(self, path, headers=(), **fields):
        async with self.client() as client:
            return await client.post(path, data=fields, headers={**OWN, **dict(headers)})

    def client(self):
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ORIGIN)

    async def form(self, path):
        """The fields of the page's form as a browser would send them."""
        page = (await self.get(path)).text
        inner = re.search(r'<form class="edit".*?</form>', page, re.DOTALL)[0]
        fields = {}
        for tag in re.findall(r"<input [^>]*>", inner):
            known = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if known.get("type") != "checkbox":
                fields[known["name"]] = unescape(known.get("value", ""))
            elif tag.endswith(" checked>"):
                fields.setdefault(known["name"], []).append(unescape(known["value"]))
        for name, text in re.findall(r'<textarea id="[^"]*" name="([^"]*)"[^>]*>(.*?)</textarea>', inner, re.DOTALL):
            fields[name] = unescape(text)
        for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)"[^>]*>(.*?)</select>', inner, re.DOTALL):
            fields[name] = unescape(
                re.search(r'<option value="([^"]*)" selected', options + '<option value="" selected')[1]
            )
        return fields

    async def until(self, address):
        """The page once its work is over."""
        for _ in range(400):
            page = (await self.get(address)).text
            if "data-poll" not in page:
                return page
            await asyncio.sleep(0.02)
        raise AssertionError("the work did not end")

    @property
    def text(self):
        return self.file.read_text(encoding="utf-8")

    def changed(self, before=FILE):
        old, new = before.splitlines(), self.text.splitlines()
        return [line for line in old if line not in new], [line for line in new if line not in old]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


# ---------------------------------------------------------------- watches


async def test_the_list_tells_what_each_watch_yields_and_leads_to_its_page(desk):
    page = (await desk.get("/watches")).text
    assert 'href="/watches/Envoy"' in page
    assert re.search(r'class="figure">2</span>', page)
    assert "not reviewed" in page


async def test_the_page_of_a_watch_shows_its_forms_and_where_it_was_met(desk):
    page = (await desk.get("/watches/Envoy")).text
    assert "林达" in page
    assert re.search(r"<mark[^>]*>Arda Lin</mark>", page)
    page = (await desk.get("/watches/Sum")).text
    assert "+6 corridor\n+6 ships" in page
    assert (await desk.get("/watches/Nobody")).status_code == 404


async def test_the_page_of_a_watch_may_have_any_name(desk):
    for name in ("preview", "try", "a/b?c"):
        form = await desk.form("/watches?add=query") | {"name": name, "query": "grain"}
        said = await desk.post("/watches", do="save", **form)
        page = (await desk.get(said.headers["location"])).text
        assert f"<h1><bdi>{name}</bdi></h1>" in page


async def test_an_alert_says_what_its_watch_looked_for_and_whether_it_was_changed_since(desk):
    with closing(open_reader(desk.archive.path)) as reader:
        (alert,) = reader.execute("SELECT min(id) FROM alerts WHERE watch = 'Envoy'").fetchone()
    page = (await desk.get(f"/alerts/{alert}")).text
    assert '<code class="asks" dir="auto">@arda-lin AND (talks OR 会谈)</code>' in page
    assert re.search(r"revision 1, since <time [^>]*>16 May 12:00</time>; changed since", page)
    with closing(open_reader(desk.archive.path)) as reader:
        (alert,) = reader.execute("SELECT min(id) FROM alerts WHERE watch = 'Audience'").fetchone()
    page = (await desk.get(f"/alerts/{alert}")).text
    assert "meetings of <bdi>Arda Lin</bdi> as guest" in page


async def test_a_watch_is_renamed_and_what_it_found_stays_under_its_old_name(desk):
    form = await desk.form("/watches/Envoy") | {"name": "Our envoy"}
    asked = await desk.post("/watches/Envoy", do="diff", **form)
    assert "stay under that name" in asked.text
    said = await desk.post("/watches/Envoy", do="save", **form)
    assert said.headers["location"] == "/watches/Our%20envoy?done=saved"
    assert desk.changed()[1] == ["  - name: Our envoy             # kept: everything about her"]
    assert "Saved" in (await desk.get(said.headers["location"])).text
    assert (await desk.get("/watches/Envoy")).status_code == 404
    for name, fault in (("Grain", "Grain"), ("", "f-name-said")):
        form = await desk.form("/watches/Our%20envoy") | {"name": name}
        refused = await desk.post("/watches/Our%20envoy", do="save", **form)
        assert refused.status_code == 400
        assert fault in refused.text


async def test_a_renamed_watch_is_tried_against_what_it_found_until_now(desk):
    form = await desk.form("/watches/Envoy") | {"name": "Our envoy"}
    begun = await desk.post("/watches/Envoy", do="backtest", **form | {"days": "0"})
    page = await desk.until(begun.headers["location"])
    assert 'value="Our envoy"' in page
    assert '<th scope="row">Matches</th><td>2</td>' in page


async def test_a_watch_is_removed_once_the_change_was_seen(desk):
    form = {"version": (await desk.form("/watches/Envoy"))["version"]}
    asked = await desk.post("/watches/Envoy", do="remove", **form)
    assert "stay under that name" in asked.text
    assert asked.text.count('class="line old"') == 5
    assert desk.text == FILE
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
    back = await desk.post("/watches/Envoy", do="edit", **hidden)
    assert back.headers["location"] == "/watches/Envoy"
    said = await desk.post("/watches/Envoy", do="save", **hidden)
    assert said.headers["location"] == "/watches?done=removed"
    assert "stays in the archive" in (await desk.get(said.headers["location"])).text
    assert [watch.name for watch in desk.loaded.config.watches] == ["Grain", "Received", "Sum"]
    stale = await desk.post("/watches/Grain", do="save", **hidden)
    assert stale.status_code == 409
    assert "Grain" in desk.text


async def test_a_form_that_nothing_was_changed_in_means_no_change(desk):
    for name in ("Envoy", "Grain", "Received", "Sum"):
        said = await desk.post(f"/watches/{name}", do="diff", **await desk.form(f"/watches/{name}"))
        assert "Nothing differs" in said.text, name


async def test_a_query_is_changed_in_one_line_and_every_comment_stays(desk):
    form = await desk.form("/watches/Envoy") | {"query": '"Arda Lin" OR 林达'}
    asked = await desk.post("/watches/Envoy", do="diff", **form)
    assert "&#34;Arda Lin&#34; OR 林达" in asked.text
    assert asked.text.count('class="line new"') == asked.text.count('class="line old"') == 1
    assert desk.text == FILE
    answer = await desk.post("/watches/Envoy", do="save", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/watches/Envoy?done=saved")
    gone, new = desk.changed()
    assert (len(gone), len(new)) == (1, 1)
    assert "kept: Chinese comes later" in new[0]
    assert desk.loaded.config.watches[0].query == '"Arda Lin" OR 林达'
    assert "Saved" in (await desk.get(answer.headers["location"])).text


async def test_a_wrong_query_is_refused_with_a_caret_and_nothing_is_written(desk):
    form = await desk.form("/watches/Envoy") | {"query": '"Arda Lin" NEAR/five peace'}
    for do in ("preview", "diff", "save", "backtest"):
        answer = await desk.post("/watches/Envoy", do=do, **form)
        assert answer.status_code == (200 if do == "preview" else 400)
        assert re.search(r"<pre[^>]*>[^<]*NEAR/five[^<]*\n +\^</pre>", answer.text), do
        assert "NEAR/five peace</textarea>" in answer.text
    assert desk.text == FILE


async def test_an_unknown_person_is_shown_with_its_caret(desk):
    part = await desk.post("/watches/Envoy", {"x-part": "1"}, do="preview", kind="query", query="talks @arda-lim")
    assert "did you mean" in part.text.lower()
    assert "\n      ^</pre>" in part.text
    assert "<html" not in part.text


async def test_every_field_has_its_fault_beside_it(desk):
    form = await desk.form("/watches/Envoy")
    wrong = {
        "quiet": "at night",
        "at_most": "three",
        "min_sources": "many",
        "only_languages": "English",
        "urgency": "x",
    }
    page = (await desk.post("/watches/Envoy", do="diff", **form | wrong)).text
    for field in wrong:
        assert f'id="f-{field}-said"' in page
    assert '<details class="more-fields" open>' in page
    assert desk.text == FILE


async def test_options_are_written_as_the_file_has_them(desk):
    form = await desk.form("/watches/Grain")
    form |= {
        "at_most": "3/h",
        "quiet": "23:00-07:00 Europe/Paris",
        "only_languages": "en, zh",
        "only_roles": ["official"],
    }
    form |= {"min_sources": "2", "channels": ["desk"], "send": "now"}
    assert (await desk.post("/watches/Grain", do="save", **form)).status_code == 303
    watch = desk.loaded.config.watches[1]
    assert (str(watch.at_most), watch.min_sources, watch.channels) == ("3/h", 2, ("desk",))
    assert (watch.only.languages, watch.only.roles) == (("en", "zh"), ("official",))
    form = await desk.form("/watches/Grain") | {"only_languages": "", "only_roles": [], "at_most": ""}
    assert (await desk.post("/watches/Grain", do="save", **form)).status_code == 303
    watch = desk.loaded.config.watches[1]
    assert (watch.only, watch.at_most, watch.min_sources) == (None, None, 2)


async def test_meetings_and_scores_have_forms_of_their_own(desk):
    form = await desk.form("/watches/Received") | {"level": "minister", "status": ["held"]}
    assert (await desk.post("/watches/Received", do="save", **form)).status_code == 303
    assert desk.loaded.config.watches[2].meeting.model_dump()["status"] == ("held",)
    form = await desk.form("/watches/Sum") | {"terms": "+6 corridor\n+7.5 ships\n-2 football", "at_least": "12"}
    assert (await desk.post("/watches/Sum", do="save", **form)).status_code == 303
    assert desk.loaded.config.watches[3].score.terms == {"corridor": 6, "ships": 7.5, "football": -2}
    form = await desk.form("/watches/Sum") | {"at_least": "5000"}
    assert "can never reach" in (await desk.post("/watches/Sum", do="diff", **form)).text


async def test_a_preview_marks_what_would_match_and_says_what_is_doubtful(desk):
    form = await desk.form("/watches/Grain") | {"query": "ships nobody OR source:Elsewhere"}
    page = (await desk.post("/watches/Grain", do="preview", **form)).text
    assert "Note: " in page
    form["query"] = "ships nobody"
    page = (await desk.post("/watches/Grain", do="preview", **form)).text
    assert "1 match" in page
    assert re.search(r"<mark[^>]*>Ships</mark>", page)
    form = await desk.form("/watches/Sum")
    assert "1 match" in (await desk.post("/watches/Sum", {"x-part": "1"}, do="preview", **form)).text
    form = await desk.form("/watches/Grain") | {"only_languages": "zh"}
    assert "Nothing matched" in (await desk.post("/watches/Grain", {"x-part": "1"}, do="preview", **form)).text


async def test_a_back_test_says_what_would_be_added_and_lost(desk):
    form = await desk.form("/watches/Grain") | {"query": "rained OR envoy", "days": "0"}
    answer = await desk.post("/watches/Grain", do="backtest", **form)
    assert answer.status_code == 303
    page = await desk.until(answer.headers["location"].partition("#")[0])
    assert "+2" in page
    assert "−1" in page
    assert "Ruritania Today" in page
    assert "rained OR envoy</textarea>" in page
    assert (await desk.get("/watches/Grain?trial=unknown")).status_code == 200
    assert desk.text == FILE


async def test_a_watch_is_added_as_the_command_adds_it(desk):
    form = await desk.form("/watches?add=query") | {"name": "Rain / Zenda", "query": "rain zenda"}
    asked = await desk.post("/watches", do="diff", **form)
    assert "Rain / Zenda" in asked.text
    answer = await desk.post("/watches", do="save", **form)
    assert answer.status_code == 303
    page = await desk.get(answer.headers["location"])
    assert page.status_code == 200
    assert "rain zenda</textarea>" in page.text
    twice = await desk.post(
        "/watches", do="diff", **form | {"version": (await desk.form("/watches?add=query"))["version"]}
    )
    assert twice.status_code == 400
    assert "twice" in twice.text
    assert desk.changed()[0] == []
    trial = await desk.post("/watches", do="backtest", **form | {"name": "Other", "days": "0"})
    assert "+1" in await desk.until(trial.headers["location"].partition("#")[0])


async def test_a_watch_is_muted_and_unmuted(desk):
    version = (await desk.form("/watches/Envoy"))["version"]
    answer = await desk.post("/watches/Envoy", do="mute", until="8h", version=version)
    assert answer.status_code == 303
    assert desk.changed()[0] == []
    assert "mute: 2023-05-18T20:00Z" in desk.changed()[1][0].replace("'", "")
    page = (await desk.get("/watches/Envoy")).text
    assert ">Unmute<" in page
    version = (await desk.form("/watches/Envoy"))["version"]
    assert (await desk.post("/watches/Envoy", do="unmute", version=version)).status_code == 303
    assert desk.text == FILE
    refused = await desk.post("/watches/Envoy", do="mute", until="soon", version=version)
    assert "not a time" in unescape(refused.text)


async def test_a_file_that_was_edited_meanwhile_is_not_overwritten(desk):
    form = await desk.form("/watches/Envoy") | {"query": "peace"}
    theirs = FILE.replace("grain corridor", "grain OR wheat")
    desk.file.write_text(theirs, encoding="utf-8")
    for do in ("diff", "save"):
        answer = await desk.post("/watches/Envoy", do=do, **form)
        assert answer.status_code == 409
        assert "changed by somebody else" in answer.text
        assert ">peace</textarea>" in answer.text
        assert desk.text == theirs
    version = re.search(r'name="version" value="([^"]+)"', answer.text)[1]
    assert (await desk.post("/watches/Envoy", do="save", **form | {"version": version})).status_code == 303
    assert "grain OR wheat" in desk.text
    assert "peace" in desk.text


async def test_a_person_is_not_added_to_a_file_that_was_edited_meanwhile(desk):
    form = await desk.form("/people?add=Oda+Vex")
    theirs = FILE.replace("grain corridor", "grain OR wheat")
    desk.file.write_text(theirs, encoding="utf-8")
    for do in ("diff", "save"):
        answer = await desk.post("/people", do=do, **form)
        assert answer.status_code == 409
        assert "changed by somebody else" in answer.text
        assert desk.text == theirs


async def test_a_file_that_would_be_faulty_is_refused_with_its_lines(desk):
    broken = FILE.replace("level: leader", "level: emperor")
    desk.file.write_text(broken, encoding="utf-8")
    form = await desk.form("/watches/Grain") | {"query": "peace"}
    for do in ("diff", "save"):
        answer = await desk.post("/watches/Grain", do=do, **form)
        assert answer.status_code == 400
        assert "envoywatch.yaml:21:" in answer.text
    assert desk.text == broken
    desk.file.write_text("watches: [", encoding="utf-8")
    page = await desk.get("/watches/Envoy")
    assert page.status_code == 200
    assert "cannot be changed here" in page.text


async def test_suggestions_come_when_they_are_asked_for(desk):
    assert "Look for words" in (await desk.get("/watches/Envoy")).text
    assert "No word" in (await desk.get("/watches/Envoy?suggest=1")).text


# ---------------------------------------------------------------- people


async def test_people_are_looked_up_by_any_written_name(desk):
    assert "Volodymyr Zelenskyy" in (await desk.get("/people?q=Зеленський")).text
    page = (await desk.get("/people?name=Arda+Lin")).text
    assert "@arda-lin" in page
    assert 'lang="zh"' in page
    assert (await desk.get("/people?name=Nobody+Known")).status_code == 404


async def test_a_person_is_added_with_an_office_and_written_names(desk):
    form = await desk.form("/people?add=Oda+Vex")
    form |= {"title": "envoy", "level": "deputy", "country": "no", "from": "2024-05-31", "envoy": "yes"}
    form |= {"forms": "ru=Ода Векс\nzh=欧达"}
    asked = await desk.post("/people", do="diff", **form)
    assert "Ода Векс" in asked.text
    answer = await desk.post("/people", do="save", **form)
    assert answer.headers["location"] == "/people?name=Oda%20Vex&done=saved"
    assert desk.changed()[0] == []
    person = desk.loaded.config.people[1]
    assert (person.name, person.offices[0].country, person.forms["zh"]) == ("Oda Vex", "NO", ("欧达",))
    assert "Ода Векс" in (await desk.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "envoy"}, "title"),
        ({"forms": "Ода"}, "forms"),
        ({"title": "envoy", "level": "deputy", "from": "soon"}, "from"),
        ({"title": "envoy", "level": "deputy", "country": "Norway"}, "country"),
        ({"name": ""}, "name"),
        ({"name": "Emmanuel Macron"}, "name"),
    ],
)
async def test_a_fault_of_a_person_stands_beside_its_field(desk, wrong, field):
    answer = await desk.post("/people", do="diff", **await desk.form("/people?add=Oda+Vex") | wrong)
    assert answer.status_code == 400
    assert f'id="f-{field}-said"' in answer.text


# ---------------------------------------------------------------- sources


async def test_a_source_is_found_by_its_address_shown_and_added(desk):
    desk.found = Found(
        (
            Discovered(EndpointKind.FEED, "https://new.example/feed", "New <i>Times</i>", 12, ("One",), NOW),
            Discovered(EndpointKind.LISTING, "https://new.example/", "New", 5, (), None, "h2 a"),
            Discovered(EndpointKind.FEED, "https://new.example/sport", "Sport", 2),
        )
    )
    answer = await desk.post("/sources", do="look", url="new.example")
    assert answer.status_code == 303
    page = await desk.until(answer.headers["location"])
    assert "What it would read" in page
    assert "First &lt;b&gt;news&lt;/b&gt;" in page
    form = await desk.form(answer.headers["location"])
    assert form["language"] == "uk"
    assert len(form["endpoint"]) == 2
    form |= {"name": "New Times", "country": "ua", "interval": "10m"}
    assert "https://new.example/feed" in (await desk.post("/sources", do="diff", **form)).text
    saved = await desk.post("/sources", do="save", **form)
    assert saved.headers["location"] == "/sources?done=New%20Times"
    assert desk.changed()[0] == []
    source = desk.loaded.config.sources[-1]
    assert [one.kind for one in source.endpoints] == ["feed", "listing"]
    assert (source.country, source.language, source.endpoints[1].links) == ("UA", "uk", "h2 a")
    again = await desk.post("/sources", do="diff", **form)
    assert 'id="f-name-said"' in again.text
    assert 'id="f-endpoint-said"' in again.text


async def test_an_address_that_gives_nothing_is_told_and_stays_in_its_field(desk):
    answer = await desk.post("/sources", do="look", url="https://empty.example/<b>")
    page = await desk.until(answer.headers["location"])
    assert "Nothing to poll at https://empty.example/&lt;b&gt;" in page
    assert 'value="https://empty.example/&lt;b&gt;"' in page
    assert (await desk.post("/sources", do="look", url=" ")).status_code == 400
    assert (await desk.get("/sources?look=forgotten")).status_code == 404


async def test_a_source_is_polled_tried_paused_and_resumed(desk):
    number = desk.read(
        lambda reader: reader.execute("SELECT id FROM sources WHERE name = 'Ruritania Today'").fetchone()[0]
    )
    here = f"/sources/{number}"
    assert (await desk.post(here, do="poll")).headers["location"] == f"{here}?done=polled"
    assert desk.asked == ["Ruritania Today"]
    tried = await desk.post(here, do="test")
    assert "What it says." in await desk.until(tried.headers["location"].partition("#")[0])
    version = re.search(r'name="version" value="([^"]+)"', (await desk.get(here)).text)[1]
    assert (await desk.post(here, do="pause", version=version)).headers["location"] == f"{here}?done=paused"
    assert desk.changed() == ([], ["    paused: true"])
    page = (await desk.get(here)).text
    assert ">Resume<" in page
    version = re.search(r'name="version" value="([^"]+)"', page)[1]
    assert (await desk.post(here, do="resume", version="stale")).status_code == 409
    assert (await desk.post(here, do="resume", version=version)).status_code == 303
    assert desk.text == FILE


# ---------------------------------------------------------------- what is refused


async def test_what_is_no_button_of_a_page_is_refused(desk):
    for path in ("/watches", "/watches/Envoy", "/people", "/sources", "/sources/1"):
        assert (await desk.post(path, do="no-button")).status_code in {400, 404}, path
    assert (await desk.post("/watches/Nobody", do="save")).status_code == 404
    assert (await desk.post("/watches", do="preview", query="x" * 300_000)).status_code == 413
    assert (await desk.post("/sources", do="diff", name="x", endpoint="{")).status_code == 400
    assert desk.text == FILE


async def test_a_page_made_of_work_that_ends_meanwhile_shows_it_as_it_was():
    tasks, ends = Tasks(), asyncio.Event()

    async def work(_):
        await ends.wait()
        return "done"

    token = tasks.start("a query", work)
    seen = tasks.find(token)
    ends.set()
    await asyncio.gather(*tasks._running)
    assert (seen.is_over, seen.result) == (False, None)
    assert tasks.find(token).result == "done"
