"""The page in a real browser: Debian's chromium, driven by Playwright; skipped where that is not installed."""

import asyncio
import threading
from contextlib import closing
from pathlib import Path

import pytest

from envoywatch.page import search_page
from envoywatch.searching import ArchiveSearch
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, Settings, WebContext
from envoywatch.web.server import serve
from storage.database import open_reader, open_writer
from storage.runs import review_alert
from tests.mission_database import NOW, config, seed

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATHS = (
    "/", "/alerts", "/alerts/5", "/meetings", "/meetings/11", "/search?q=envoy", "/sources", "/sources/7", "/outbox",
    "/watches", "/watches/Talks%20about%20the%20war", "/people", "/people?q=li", "/people?name=Li+Hui", "/settings",
)  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed (apt-get install chromium)"),
]


class Site(threading.Thread):
    """The page on a loopback port, in a loop of its own thread."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.ready = threading.Event()
        self.url = ""

    def run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        context = WebContext(
            read=self._read,
            review=self._review,
            settings=lambda: Settings(config()),
            health=lambda: Readiness(ready=True),
            now=lambda: NOW,
            search=lambda reader, wanted: search_page(ArchiveSearch(wanted.query, config()), reader, wanted),
            listen="127.0.0.1:0",
        )
        server = serve(create_app(context), "127.0.0.1", 0)
        await server.start()
        self.url = server.url
        self.ready.set()
        await self._ended.wait()
        await server.stop()

    def _read(self, work):
        with closing(open_reader(self.path)) as reader:
            return work(reader)

    async def _review(self, alert_id, review):
        db = open_writer(self.path)
        with closing(db.conn):
            review_alert(db, alert_id, review, NOW)

    def review_of(self, alert_id):
        with closing(open_reader(self.path)) as reader:
            return reader.execute("SELECT review FROM alerts WHERE id = ?", (alert_id,)).fetchone()[0]

    def stop(self):
        self._loop.call_soon_threadsafe(self._ended.set)
        self.join(10)


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    site = Site(path)
    site.start()
    assert site.ready.wait(10)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """A tab of which every request and every complaint of the browser is noted."""

    def __init__(self, browser, **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.requests, self.complaints, self.dialogs = [], [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def check(self, origin):
        assert [url for url in self.requests if not url.startswith(origin + "/")] == []
        assert self.complaints == []
        assert self.dialogs == []
        self.context.close()


def test_an_alert_is_reviewed_and_undone_by_keyboard(browser, site):
    tab = Watched(browser)
    page = tab.page
    page.goto(site.url)
    page.keyboard.press("j")
    chosen = page.locator(".chosen")
    alert = int(chosen.get_attribute("id").removeprefix("alert-"))
    with page.expect_navigation():
        page.keyboard.press("2")
    assert site.review_of(alert) == "wrong-status"
    assert page.url.endswith(f"#alert-{alert}")
    assert "wrong status" in chosen.inner_text()
    with page.expect_navigation():
        page.keyboard.press("u")
    assert site.review_of(alert) is None
    page.keyboard.press("j")
    assert int(chosen.get_attribute("id").removeprefix("alert-")) != alert
    with page.expect_navigation():
        page.keyboard.press("o")
    assert "/alerts/" in page.url
    with page.expect_navigation():
        page.keyboard.press("/")
    page.locator("#q").press_sequentially("jo")
    assert page.locator("#q").input_value() == "jo"
    tab.check(site.url)


def test_an_alert_is_reviewed_without_javascript(browser, site):
    tab = Watched(browser, java_script_enabled=False)
    tab.page.goto(site.url)
    card = tab.page.locator("#alert-1")
    card.get_by_role("button", name="noise").click()
    assert site.review_of(1) == "noise"
    card.get_by_role("button", name="undo").click()
    assert site.review_of(1) is None
    tab.check(site.url)


def test_promise_32_no_page_asks_another_origin_breaks_the_policy_or_overflows(browser, site):
    tab = Watched(browser)
    for path in PATHS:
        tab.page.goto(site.url + path)
        for width in (1280, 768, 390, 320):
            tab.page.set_viewport_size({"width": width, "height": 800})
            over = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, (path, width, over)
    tab.check(site.url)


_CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('svg, .away, .skip') || !element.offsetParent) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    if (ratio < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5))
      low.push(`${ratio.toFixed(2)} ${style.color} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return low;
}"""


def test_every_text_has_the_contrast_that_wcag_aa_asks_for_in_both_themes(browser, site):
    tab = Watched(browser)
    for path in PATHS:
        tab.page.goto(site.url + path)
        for scheme in ("light", "dark"):
            tab.page.emulate_media(color_scheme=scheme)
            assert tab.page.evaluate(_CONTRAST) == [], (path, scheme)
    tab.check(site.url)
