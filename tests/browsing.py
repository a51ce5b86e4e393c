"""The page on a loopback port and a tab of Debian's chromium to look at it with, for the browser tests."""

import asyncio
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from envoywatch.page import search_page
from envoywatch.searching import ArchiveSearch
from envoywatch.web import live
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, Settings, WebContext
from envoywatch.web.server import serve
from storage.database import open_reader, open_writer
from storage.model import to_text
from storage.runs import review_alert
from tests.mission_database import NOW, config

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed (apt-get install chromium)"),
]


@contextmanager
def chromium():
    """A browser without windows."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


class Site(threading.Thread):
    """The page on a loopback port, in a loop of its own thread."""

    def __init__(self, path, password=None, language=None):
        super().__init__(daemon=True)
        self.path = path
        self.language = language
        self.password = password
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
            password=self.password,
        )
        app = create_app(context)
        app.state.live = live.Live(look_s=0.05)
        if self.language is not None:
            app.state.languages.add(self.language)
        server = serve(app, "127.0.0.1", 0)
        await server.start()
        self.url = server.url
        self.ready.set()
        await self._ended.wait()
        app.state.live.stop()
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

    def alert(self, key):
        """A new alert about the article of alert 1; its id."""
        db = open_writer(self.path)
        with closing(db.conn), db.conn:
            return db.execute(
                "INSERT INTO alerts (key, kind, title, created_at, article_id) "
                "SELECT ?, 'match', 'An envoy arrives', ?, article_id FROM alerts WHERE article_id IS NOT NULL LIMIT 1",
                (key, to_text(NOW)),
            ).lastrowid

    def stop(self):
        self._loop.call_soon_threadsafe(self._ended.set)
        self.join(10)


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
