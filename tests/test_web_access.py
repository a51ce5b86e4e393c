import base64
from contextlib import closing

import httpx
import pytest

from envoywatch.web.access import COOKIE, SESSION_S, Access, Password, Sessions, Throttle
from envoywatch.web.app import create_app
from envoywatch.web.context import Readiness, SearchResult, Settings, WebContext
from storage.database import open_reader, open_writer
from tests.mission_database import NOW, config

PASSWORD = "correct horse battery staple"
OWN = {"sec-fetch-site": "same-origin"}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(tmp_path, clock):
    path = tmp_path / "envoywatch.db"
    open_writer(path).conn.close()

    def read(work):
        with closing(open_reader(path)) as reader:
            return work(reader)

    async def review(alert_id, review):
        raise AssertionError("nobody is logged in")

    app = create_app(
        WebContext(
            read=read,
            review=review,
            settings=lambda: Settings(config(password=PASSWORD)),
            health=lambda: Readiness(ready=True),
            now=lambda: NOW,
            search=lambda reader, wanted: SearchResult(),
            password=PASSWORD,
        )
    )
    access = app.state.access
    access.sessions = Sessions(clock)
    access.throttle = Throttle(clock)
    return app


@pytest.fixture
async def client(app):
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8470", headers=OWN) as client:
        yield client


async def log_in(client, password=PASSWORD, back="/"):
    return await client.post("/login", data={"password": password, "next": back})


@pytest.mark.parametrize("path", ["/", "/alerts/1", "/settings", "/search?q=x", "/articles/1"])
async def test_without_a_session_every_page_leads_to_the_login(client, path):
    response = await client.get(path)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/login")


async def test_a_change_without_a_session_is_not_made(client):
    response = await client.post("/alerts/1/review", data={"review": "right"})
    assert response.headers["location"] == "/login"


async def test_health_checks_and_assets_need_no_password(client):
    for path in ("/healthz", "/readyz", "/static/style.css", "/login"):
        assert (await client.get(path)).status_code == 200


async def test_the_right_password_opens_the_page_that_was_wanted(client):
    wanted = (await client.get("/search?q=x&before=3")).headers["location"]
    form = await client.get(wanted)
    assert 'value="/search?q=x&amp;before=3"' in form.text
    response = await log_in(client, back="/search?q=x&before=3")
    assert response.headers["location"] == "/search?q=x&before=3"
    assert (await client.get("/settings")).status_code == 200


async def test_the_login_never_leads_away(client):
    assert (await log_in(client, back="//evil.example")).headers["location"] == "/"


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client):
    cookie = (await log_in(client)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert f"max-age={SESSION_S}" in cookie
    assert "secure" not in cookie.replace("samesite", "")


async def test_a_wrong_password_is_said_and_opens_nothing(client):
    response = await log_in(client, "guess")
    assert response.status_code == 401
    assert "not the password" in response.text
    assert COOKIE not in client.cookies


async def test_promise_37_many_wrong_passwords_make_one_wait_even_with_the_right_one(client, clock):
    for _ in range(5):
        response = await log_in(client, "guess")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "1"
    assert (await log_in(client)).status_code == 429
    clock.now += 1.1
    assert (await log_in(client)).status_code == 303


async def test_promise_37_a_session_ends_with_its_time(client, clock):
    await log_in(client)
    clock.now += SESSION_S + 1
    assert (await client.get("/settings")).status_code == 303


async def test_promise_37_a_session_in_use_is_renewed_with_another_token(client, clock):
    await log_in(client)
    first = client.cookies[COOKIE]
    assert "set-cookie" not in (await client.get("/settings")).headers
    clock.now += SESSION_S / 2
    await client.get("/settings")
    assert client.cookies[COOKIE] != first
    clock.now += SESSION_S * 0.7
    assert (await client.get("/settings")).status_code == 200


async def test_logging_in_again_ends_the_session_before(client):
    await log_in(client)
    first = client.cookies[COOKIE]
    await log_in(client)
    client.cookies.clear()
    client.cookies.set(COOKIE, first)
    assert (await client.get("/settings")).status_code == 303


async def test_logging_out_makes_the_token_worthless_even_when_its_session_was_aging(client, clock):
    await log_in(client)
    token = client.cookies[COOKIE]
    clock.now += SESSION_S / 2
    response = await client.post("/logout")
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert len(response.headers.get_list("set-cookie")) == 1
    client.cookies.clear()
    client.cookies.set(COOKIE, token)
    assert (await client.get("/settings")).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "..", "1.2.3", "99999999999.abc.deadbeef", "é.ü.ß"])
def test_a_made_up_token_is_no_session(clock, token):
    assert not Sessions(clock).is_valid(token)


def test_a_token_with_a_later_expiry_is_not_ours_any_more(clock):
    sessions = Sessions(clock)
    expiry, _, rest = sessions.begin().partition(".")
    assert not sessions.is_valid(f"{int(expiry) + 1}.{rest}")


def test_a_token_of_another_process_is_not_ours(clock):
    assert not Sessions(clock).is_valid(Sessions(clock).begin())


async def test_programs_may_read_feed_and_metrics_by_http_basic_and_nothing_else(client):
    right = {"authorization": "Basic " + base64.b64encode(f"any:{PASSWORD}".encode()).decode()}
    for path in ("/feed.atom", "/metrics"):
        refused = await client.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert (await client.get(path, headers=right)).status_code == 200
    assert (await client.get("/settings", headers=right)).status_code == 303


@pytest.mark.parametrize("header", ["Basic !!!", "Bearer x", "Basic", "Basic /////w=="])
async def test_a_broken_authorization_is_refused(client, header):
    assert (await client.get("/metrics", headers={"authorization": header})).status_code == 401


def test_promise_37_a_password_is_kept_as_a_hash_only():
    password = Password(PASSWORD)
    assert PASSWORD not in repr(vars(password))
    assert password.is_right(PASSWORD)
    assert not password.is_right(PASSWORD + " ")


def test_waits_double_to_a_quarter_of_an_hour_and_a_right_guess_forgets_them(clock):
    throttle = Throttle(clock)
    waits = []
    for _ in range(20):
        throttle.note("a", right=False)
        waits.append(throttle.wait_s("a"))
    assert waits[:7] == [0, 0, 0, 0, 1, 2, 4]
    assert waits[-1] == 900
    assert throttle.wait_s("b") == 0
    throttle.note("a", right=True)
    assert throttle.wait_s("a") == 0


def test_guesses_from_many_addresses_are_slowed_down_together(clock):
    throttle = Throttle(clock)
    for number in range(60):
        throttle.note(f"address {number}", right=False)
    assert throttle.wait_s("a new address") > 0


def test_what_the_throttle_and_the_sessions_remember_is_bounded(clock):
    throttle, sessions = Throttle(clock), Sessions(clock)
    for number in range(3000):
        throttle.note(f"address {number}", right=False)
        sessions.end(f"token {number}")
    assert len(throttle._wrong) <= 1001
    assert len(sessions._ended) <= 1001


async def test_without_a_password_there_is_nothing_to_log_in_to():
    assert await Access(None).guess("a", "anything") is not None
