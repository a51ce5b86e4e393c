import asyncio
import contextlib
import json

import httpx
import pytest

from envoywatch.web import live
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, Settings, WebContext
from envoywatch.web.server import serve
from storage.database import open_reader, open_writer
from storage.errors import StorageError
from tests.mission_database import NOW, config, seed


class Site:
    """The page on a socket, whose streams look quickly."""

    def __init__(self, path, password=None):
        self.path = path
        self.trouble = None
        context = WebContext(
            read=self.read,
            review=None,
            settings=lambda: Settings(config()),
            health=lambda: Readiness(ready=True),
            now=lambda: NOW,
            search=None,
            listen="127.0.0.1:0",
            password=password,
        )
        self.app = create_app(context)
        self.app.state.live = live.Live(look_s=0.01, beat_s=0.05)

    def read(self, work):
        if self.trouble is not None:
            raise self.trouble
        with contextlib.closing(open_reader(self.path)) as reader:
            return work(reader)

    @contextlib.asynccontextmanager
    async def served(self):
        server = serve(self.app, "127.0.0.1", 0)
        await server.start()
        try:
            async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=5) as client:
                yield client
        finally:
            self.app.state.live.stop()
            await server.stop()

    def newest(self):
        return self.read(lambda reader: reader.execute("SELECT max(id) FROM alerts").fetchone()[0])

    def alert(self, number, kind="meeting"):
        db = open_writer(self.path)
        with contextlib.closing(db.conn), db.conn:
            db.execute(
                "INSERT INTO alerts (key, kind, title, created_at, evidence, detail) VALUES (?, ?, 'A', ?, '', '')",
                (f"live {number}", kind, "2023-05-17T12:00:00Z"),
            )


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    return Site(path)


async def told(lines):
    """The next event."""
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    return None


async def test_alerts_are_counted_from_the_one_that_the_page_knows_and_tests_are_not(site):
    newest = site.newest()
    async with site.served() as client, client.stream("GET", f"/events?after={newest}") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-security-policy" in answer.headers
        lines = answer.aiter_lines()
        site.alert(1, kind="test")
        site.alert(2)
        assert await told(lines) == {"count": 1, "newest": newest + 2, "said": "1 new: show"}
        site.alert(3)
        assert await told(lines) == {"count": 2, "newest": newest + 3, "said": "2 new: show"}


async def test_a_page_that_comes_back_is_told_what_it_missed(site):
    newest = site.newest()
    site.alert(1)
    async with site.served() as client, client.stream("GET", f"/events?after={newest}") as answer:
        assert await told(answer.aiter_lines()) == {"count": 1, "newest": newest + 1, "said": "1 new: show"}


async def test_a_quiet_stream_says_that_it_lives(site):
    async with site.served() as client, client.stream("GET", f"/events?after={site.newest()}") as answer:
        async for line in answer.aiter_lines():
            if line == ": still here":
                break


async def test_streams_are_bounded_and_one_that_is_left_makes_room(site, monkeypatch):
    monkeypatch.setattr(live, "LISTENERS", 1)
    async with site.served() as client:
        async with client.stream("GET", "/events") as first:
            await told(first.aiter_lines())
            refused = await client.get("/events")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "60"
        while site.app.state.live.open:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0.01)
        async with client.stream("GET", "/events") as second:
            assert await told(second.aiter_lines())


async def test_stopping_the_page_ends_its_streams_cleanly_and_lets_none_begin(site):
    async with site.served() as client, client.stream("GET", f"/events?after={site.newest()}") as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        site.app.state.live.stop()
        assert await told(lines) is None
        assert site.app.state.live.open == 0
        assert (await client.get("/events")).status_code == 503


async def test_a_stream_ends_after_its_time_so_that_an_ended_session_ends_it(site):
    site.app.state.live.life_s = 0.05
    async with site.served() as client, client.stream("GET", f"/events?after={site.newest()}") as answer:
        assert await told(answer.aiter_lines()) is None


async def test_a_database_that_cannot_be_read_ends_the_stream_without_a_crash(site):
    async with site.served() as client, client.stream("GET", "/events") as answer:
        lines = answer.aiter_lines()
        await told(lines)
        site.trouble = StorageError("it is locked")
        assert await told(lines) is None


async def test_nobody_is_told_without_the_password(tmp_path):
    seed(tmp_path / "envoywatch.db")
    async with Site(tmp_path / "envoywatch.db", password="long and wide").served() as client:
        answer = await client.get("/events")
        assert answer.status_code == 401
