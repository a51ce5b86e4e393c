"""That every text of the page comes from its catalogue: pages are rendered in a language in which it would show."""

import ast
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import envoywatch
import storage
from config.errors import Finding
from config.model import Config
from config.vocabulary import EndpointKind
from crawler.discovery import Discovered, Found
from envoywatch.web.context import Readiness
from envoywatch.web.phrases import FROM_THE_CORE
from storage.database import open_reader
from storage.errors import StorageError
from tests.mission_database import seed
from tests.pseudo import TAG, Untranslated, pseudo_language
from tests.seeding import NOW
from tests.test_web_pages import OWN, Page
from tests.test_web_tuning import Desk

PSEUDO = pseudo_language()

EXEMPT = {
    "names of people, sources, watches and channels": lambda tag, attrs: tag == "bdi",
    "commands, queries, addresses of files": lambda tag, attrs: tag in {"code", "pre", "kbd", "textarea"},
    "addresses": lambda tag, attrs: "address" in (attrs.get("class") or "").split(),
    "days and times, which the language's conventions write": lambda tag, attrs: tag == "time",
    "texts of others, and what is marked as being in another language": lambda tag, attrs: (
        "lang" in attrs and attrs["lang"] != TAG
    ),
    "texts of others whose language is not known": lambda tag, attrs: attrs.get("dir") == "auto",
    "names on the timeline": lambda tag, attrs: attrs.get("class") in {"stop-name", "stop-name before", "tick-name"},
    "the kind of a marked word, as the detector calls it": lambda tag, attrs: tag == "mark",
}
WORDS = r"https?://\S+|\b(Envoywatch|UTC|SQLite|[A-Z]{2}|[a-z]{2}|\d[\d.]*(?:kB|MB|GB)?|kB|MB|GB)\b"
"""Addresses, names, and codes of countries and languages."""


def is_exempt(tag, attrs):
    return any(test(tag, attrs) for test in EXEMPT.values())


class Seen:
    """What was found on the pages that were looked at."""

    def __init__(self):
        self.untranslated, self.english = {}, set()

    def look(self, what, answer):
        assert f'<html lang="{TAG}"' in answer.text, (what, answer)
        assert answer.headers["content-language"] == TAG
        assert "accept-language" in answer.headers["vary"]
        page = Untranslated(answer.text, is_exempt, WORDS)
        self.untranslated |= {f"{what}: {text}": None for text in page.found}
        self.english |= set(page.english)

    def agree(self):
        assert not list(self.untranslated)
        left = {text for text in self.english if not any(re.search(known, text) for known in ENGLISH_YET.values())}
        assert left == set()


def ids(path, table):
    with closing(open_reader(path)) as reader:
        return [row[0] for row in reader.execute(f"SELECT id FROM {table} ORDER BY id")]  # noqa: S608 (our own names)


ENGLISH_YET = {
    "what answered, or a library, says of a fault": r"^\(?(HTTP )?403 |^\(?certificate has expired",
    "storage.health builds it of a length of time": r"^Nothing new, though|^It was due and not asked",
    "storage.errors names what is not stored": r"^(There is no article \d+|The database is locked|Wait\.)$",
    "alerts.watches says what is wrong with, or doubtful about, a query": (
        r"parenthesis|^Add \)|AND binds more tightly|is met by no article|^Known: "
    ),
    "config says what is wrong with an item of the file": (
        r"cannot be|must be|are not quiet hours|^: 'three'|^Two-letter codes|^Write it as"
    ),
    "envoywatch.editing says what is wrong with a person or a time": (
        r"is not a (written name|time)|^Write (LANG=NAME|20)"
    ),
    "crawler.discovery says what is not found": r"^Nothing to poll at|^Look for another page",
    "the rest of a sentence after a command": r"^ shows what is stored|^\d* *$",
}
"""Sentences that the core builds in English, by their builder; pages mark them as English."""

LISTS = (
    "/",
    "/?days=30",
    "/alerts",
    "/alerts?review=open",
    "/alerts?before=1",
    "/meetings",
    "/meetings?status=held",
    "/meetings?person=Li+Hui",
    "/meetings?person=Li+Hui&with=Vladimir+Putin",
    "/meetings?person=Nobody",
    "/trips",
    "/trips?person=Li+Hui",
    "/stories",
    "/stories?sources=5",
    "/search",
    "/search?q=envoy",
    "/search?q=envoy&sort=best&role=official",
    "/search?q=nothingofthatkind",
    "/search?q=(",
    "/try",
    "/try?q=envoy",
    "/try?q=(",
    "/sources",
    "/watches",
    "/people",
    "/people?q=li",
    "/people?name=Li+Hui",
    "/outbox",
    "/outbox?state=sent",
    "/settings",
    "/nothing",
)


def test_what_the_page_translates_of_the_cores_sentences_is_what_the_core_says():
    said = set()
    for top in (storage, envoywatch):
        for path in Path(top.__file__).parent.glob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            said |= {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert set(FROM_THE_CORE) <= said


async def test_every_text_of_the_pages_about_what_happened_is_in_the_catalogue(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    page = Page(path)
    page.app.state.languages.add(PSEUDO)
    tables = (("alerts", "alerts"), ("meetings", "meetings"), ("sources", "sources"), ("stories", "stories"))
    single = [f"/{name}/{id_}" for name, table in tables for id_ in ids(path, table)]
    single += [f"/articles/{id_}" for id_ in ids(path, "articles")[::40]]
    seen = Seen()
    async with page.client(headers={"accept-language": TAG}) as client:
        for address in (*LISTS, *single):
            seen.look(address, await client.get(address))
    seen.agree()


async def test_each_reader_of_one_page_is_spoken_to_in_their_own_language_and_programs_in_english(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    page = Page(path)
    for tag, today in (("de", "Heute"), ("zh", "今日"), ("en", "Today"), ("uk", "Сьогодні")):
        answer = await page.get("/", headers={"accept-language": f"{tag}-XX,{tag};q=0.9,en;q=0.1"})
        assert f'<html lang="{tag}">' in answer.text
        assert f"<title>{today} · Envoywatch</title>" in answer.text
        assert (answer.headers["content-language"], answer.headers["vary"].split(", ")[:2]) == (
            tag,
            ["accept", "accept-language"],
        )
    refused = await page.get("/nothing", headers={"accept-language": "de", "accept": "application/json"})
    assert refused.json()["error"] == "There is no such page."
    assert "Envoywatch alerts" in (await page.get("/feed.atom", headers={"accept-language": "de"})).text


async def test_every_text_of_a_page_in_trouble_is_in_the_catalogue(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    page = Page(path, password="open sesame")  # what is asked before anything else
    page.app.state.languages.add(PSEUDO)
    seen = Seen()
    async with page.client(headers={"accept-language": TAG, **OWN}) as client:
        seen.look("login", await client.get("/login"))
        for guess in range(8):
            seen.look(f"guess {guess}", await client.post("/login", data={"password": "wrong"}))
    page = Page(path)
    page.app.state.languages.add(PSEUDO)
    page.settings = replace(page.settings, findings=(Finding(Path("a.yaml"), "it is wrong", 3, 5, "mend it"),))
    page.readiness = Readiness(ready=False, troubles=("the disk is full",))
    async with page.client(headers={"accept-language": TAG, **OWN}) as client:
        for refused in (False, True):
            page.settings = replace(page.settings, refused=refused)
            seen.look(f"refused {refused}", await client.get("/settings"))
        page.readiness = Readiness(ready=True, troubles=("the disk is nearly full",))
        seen.look("strained", await client.get("/settings"))
        page.settings = replace(page.settings, config=Config())
        for address in ("/settings", "/watches", "/people", "/outbox?state=dead"):
            seen.look(f"empty {address}", await client.get(address))
        for address in ("/meetings?status=so", "/alerts?before=x", "/articles/999999"):
            seen.look(address, await client.get(address))
        seen.look("too long", await client.get("/search", params={"q": "x" * 3000}))
        seen.look("not to be changed", await client.post("/people", data={"do": "diff"}))
        page.trouble = StorageError("the database is locked", hint="wait")
        seen.look("locked", await client.get("/alerts/1"))
    seen.agree()


async def test_every_text_of_the_pages_that_tune_is_in_the_catalogue(tmp_path):
    desk = Desk(tmp_path)
    desk.app.state.languages.add(PSEUDO)
    seen = Seen()
    headers = {"accept-language": TAG}
    watches = [f"/watches/{name}" for name in ("Envoy", "Grain", "Received", "Sum")]
    for address in (
        *watches,
        "/watches/Envoy?suggest=1",
        "/watches",
        "/watches?add=query",
        "/watches?add=score",
        "/watches?add=meeting",
        "/watches?done=removed",
        "/people?add=",
        "/people?name=Arda+Lin&done=saved",
        "/sources",
        "/sources?done=New",
        *(f"/watches/Grain?done={done}" for done in ("saved", "muted", "unmuted")),
        *(f"/sources/1?done={done}" for done in ("polled", "busy", "paused", "resumed", "polling")),
    ):
        seen.look(address, await desk.get(address, **headers))
    for address in watches:
        form = await desk.form(address)
        for do in ("preview", "diff", "remove"):
            seen.look(f"{do} {address}", await desk.post(address, headers, do=do, **form))
    begun = await desk.post(watches[-1], headers, do="backtest", **form | {"days": "0", "at_least": "6"})
    seen.look("begun", await desk.get(begun.headers["location"], **headers))
    await desk.until(begun.headers["location"])
    seen.look("replayed", await desk.get(begun.headers["location"], **headers))
    form = await desk.form("/watches/Grain")
    for changes in (
        {"query": "ships nobody OR source:Elsewhere"},
        {"query": "ships ("},
        {"name": "Wheat"},
        {"quiet": "at night", "at_most": "three", "min_sources": "many", "only_languages": "English", "urgency": "x"},
        {"version": "another"},
    ):
        for do in ("preview", "diff"):
            seen.look(f"{do} {changes}", await desk.post("/watches/Grain", headers, do=do, **form | changes))
    form |= {"at_most": "3/h", "quiet": "23:00-07:00 Europe/Paris", "only_roles": ["official"], "min_sources": "2"}
    await desk.post("/watches/Grain", headers, do="save", **form | {"only_languages": "en", "urgency": "high"})
    version = (await desk.form("/watches/Grain"))["version"]
    await desk.post("/watches/Grain", do="mute", until="8h", version=version)
    for address in ("/watches/Grain", "/watches"):
        seen.look(f"options {address}", await desk.get(address, **headers))
    seen.look("until never", await desk.post("/watches/Grain", headers, do="mute", until="never", version="another"))
    form = await desk.form("/people?add=Arda")
    for changes in ({}, {"title": "envoy"}, {"forms": "Li"}, {"title": "envoy", "level": "deputy", "from": "x"}):
        seen.look(f"people {changes}", await desk.post("/people", headers, do="diff", **form | changes))
    for url in ("", "https://nothing.example"):
        answer = await desk.post("/sources", headers, do="look", url=url)
        if "location" in answer.headers:
            await desk.until(answer.headers["location"])
            answer = await desk.get(answer.headers["location"], **headers)
        seen.look(f"look {url}", answer)
    addresses = tuple(
        Discovered(kind, f"https://new.example/{kind}", "New Times", 3, (), NOW, "h3 a" if kind == "listing" else None)
        for kind in EndpointKind
    )
    desk.found = Found(addresses)
    begun = await desk.post("/sources", headers, do="look", url="https://new.example")
    await desk.until(begun.headers["location"])
    seen.look("found", await desk.get(begun.headers["location"], **headers))
    tried = await desk.post("/sources/1", headers, do="test")
    await desk.until(tried.headers["location"])
    seen.look("tried", await desk.get(tried.headers["location"], **headers))
    seen.look("forgotten", await desk.get("/sources?look=nothing", **headers))
    seen.agree()
