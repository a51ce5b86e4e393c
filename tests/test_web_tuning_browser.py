"""Tuning in a real browser against a real daemon: what an analyst does in the evening, on the file that is in force."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.daemon_world import World, log_of, rows, running, stop, wait_for
from tests.test_web_browser import _CONTRAST, Watched, browser, pytestmark  # noqa: F401 (the fixture, and when to skip)

FILE = """\
# kept: the desk's own words
crawl: {{interval: 1s, min_interval: 1s, delay: 0s, per_host: 8, private_addresses: true}}
web: {{listen: "127.0.0.1:0"}}
sources:
  - name: Wire        # kept: our first
    language: en
    endpoints: [{{feed: "{world}/wire/feed.xml"}}]
watches:
  - name: Envoy       # kept: who travels
    query: '"Li Hui"' # kept: Chinese to come
    send: now
"""

FEED = """<rss version="2.0"><channel><title>Harbour Times</title>{items}</channel></rss>"""
FRONT = '<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>'
ITEM = (
    "<item><title>Harbour news {n}</title><link>{url}/{n}.html</link><description>A ship came in.</description></item>"
)


class Site(ThreadingHTTPServer):
    """An outlet whose front page names its feed."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Pages)
        self.url = f"http://127.0.0.1:{self.server_port}"
        items = "".join(ITEM.format(n=n, url=self.url) for n in range(3))
        self.pages = {
            "/": (
                "text/html",
                '<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>',
            ),
            "/rss": ("application/rss+xml", FEED.format(items=items)),
            **{f"/{n}.html": ("text/html", "<article><p>A ship came in with grain.</p></article>") for n in range(3)},
        }
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        kind, text = self.server.pages.get(self.path, (None, ""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def desk(tmp_path):
    """A daemon at work over a small world, its page's address, and a site that it does not know."""
    world, site = World(), Site()
    world.publish("wire", "Li Hui in Kyiv", "Special envoy Li Hui arrived in Kyiv for talks about peace.")
    world.publish("wire", "Harbour", "Peace talks were not on the agenda of the harbour.")
    file = tmp_path / "envoywatch.yaml"
    file.write_text(FILE.format(world=world.url), encoding="utf-8")
    with running(tmp_path) as process:
        found = wait_for(lambda: re.search(r'"page": "(http[^"]+)"', log_of(tmp_path)), tmp_path)
        wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM matches")[0][0], tmp_path)
        wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM articles")[0][0] == 2, tmp_path)
        yield found[1], file, site
        code, _ = stop(process)
        assert code == 0
    for server in (world, site):
        server.shutdown()
        server.server_close()


def test_a_watch_is_mended_back_tested_and_saved_and_a_source_added_by_its_address(browser, desk):  # noqa: F811 (fixture)
    url, file, site = desk
    before = file.read_text(encoding="utf-8")
    tab = Watched(browser)
    page = tab.page
    page.goto(f"{url}/watches")
    page.get_by_role("link", name="Envoy", exact=True).click()
    query, preview = page.get_by_label("Query", exact=True), page.locator("#preview")

    # What is wrong is said while it is typed, with a caret under the place; then what would match, marked.
    query.fill('"Li Hui" OR (talks')
    caret = preview.locator("pre")
    caret.wait_for()
    assert re.search(r"\n +\^$", caret.inner_text())
    query.fill('"Li Hui" OR talks')
    preview.get_by_text("2 matches").wait_for()
    assert preview.locator("mark").all_inner_texts().count("talks") == 2

    page.get_by_role("button", name="Back-test").click()
    page.locator("#trial table").first.wait_for()
    assert "+1" in page.locator("#trial").inner_text()
    page.get_by_role("button", name="Show the change").click()
    assert page.locator(".diff .new").inner_text().strip().endswith("# kept: Chinese to come")
    assert file.read_text(encoding="utf-8") == before
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved").wait_for()
    after = file.read_text(encoding="utf-8")
    changed = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert changed == [
        ("    query: '\"Li Hui\"' # kept: Chinese to come", "    query: '\"Li Hui\" OR talks' # kept: Chinese to come")
    ]

    # A source is found by the address of its front page, and read soon after it was saved.
    page.goto(f"{url}/sources")
    page.get_by_label("Add a source").fill(site.url)
    page.get_by_role("button", name="Look").click()
    page.get_by_text("What it would read").wait_for()
    assert page.get_by_label("Name").input_value() == "Harbour Times"
    page.get_by_role("button", name="Show the change").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Harbour Times").wait_for()
    assert file.read_text(encoding="utf-8").count("# kept:") == 4
    wait_for(
        lambda: rows(file.parent, "SELECT count(*) FROM articles WHERE source = 'Harbour Times'")[0][0] == 3,
        file.parent,
    )
    tab.check(url)


def test_all_of_it_works_on_a_phone_without_javascript(browser, desk):  # noqa: F811 (fixture)
    url, file, _ = desk
    tab = Watched(browser, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = tab.page
    page.goto(f"{url}/watches/Envoy")
    query = page.get_by_label("Query", exact=True)
    query.fill('"Li Hui" OR (talks')
    page.get_by_role("button", name="Try it").click()
    assert page.locator("#preview pre").inner_text().splitlines()[-1].endswith("^")
    query.fill("talks")
    page.get_by_role("button", name="Try it").click()
    assert "2 matches" in page.locator("#preview").inner_text()
    page.get_by_role("button", name="Show the change").click()
    page.get_by_role("button", name="Save").click()
    assert "query: talks # kept" in file.read_text(encoding="utf-8")
    page.get_by_role("button", name="Mute for 8 hours").click()
    assert "mute:" in file.read_text(encoding="utf-8")
    page.goto(f"{url}/people?add=Oda+Vex")
    page.get_by_label("Written names").fill("ru=Ода Векс")
    page.get_by_role("button", name="Show the change").click()
    page.get_by_role("button", name="Save").click()
    assert "Ода Векс" in page.locator("main").inner_text()
    tab.check(url)
