import asyncio
import email
import email.policy
import hashlib
import hmac
import json
import logging
import smtplib
import socket
import ssl
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from alerts import channels
from alerts.channels import check_url, send
from alerts.faults import judge
from alerts.mail import message_id
from alerts.render import Message
from alerts.wire import Answer, Wire
from storage.model import DeliveryFault

HOSTILE = "<b>x</b> *y* @\u200beveryone [a](http://evil.example)"
MESSAGE = Message(
    title="Li Hui & others met: <b>",
    text="“Речення з <b>розміткою</b>.”\n\nhttps://news.example/1\n",
    html='<p>“Речення з &lt;b&gt;розміткою&lt;/b&gt;.”</p>\n<p><a href="https://news.example/1">link</a></p>',
    markdown="> Речення з \\<b\\>розміткою\\</b\\>.\n",
    payload={
        "id": "overwritten",
        "schema": "envoywatch/alert/1",
        "alert": {"kind": "meeting", "more": [1, {"a": None}]},
    },
    thread="m1",
)
KEY = "alert/m1 held→desk"
SHORT = timedelta(seconds=0.15)


class Answers(BaseHTTPRequestHandler):
    """Says what the test wrote down: (status, headers, body), one after the other, the last for ever."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.seen.append((self.path, self.headers, body))
        server.arrived.set()
        say = server.say.pop(0) if len(server.say) > 1 else server.say[0]
        if say == "hang":
            server.released.wait(5)
            self.close_connection = True
            return
        if say == "drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not server.released.wait(0.05):
                self.wfile.write(b"X-A: b\r\n")
            self.close_connection = True
            return
        if say == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True
            return
        status, headers, body = say
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        server.seen, server.say = [], [(200, {}, b"")]
        server.arrived, server.released = threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def hook(web, rest="/hooks/desk", scheme="json"):
    return f"{scheme}://127.0.0.1:{web.server_port}{rest}"


# ---------------------------------------------------------------- the generic webhook


def test_the_webhook_gets_the_documented_payload_and_the_key(web):
    assert send(hook(web), MESSAGE, KEY).ok
    ((path, headers, body),) = web.seen
    assert path == "/hooks/desk"
    assert headers["Idempotency-Key"] == "alert/m1_held_desk"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "id": KEY,
        "title": MESSAGE.title,
        "message": MESSAGE.text.rstrip(),
        "type": "info",
        "schema": "envoywatch/alert/1",
        "alert": {"kind": "meeting", "more": [1, {"a": None}]},
    }


def test_promise_03_every_try_carries_the_same_key(web):
    for _ in range(2):
        send(hook(web), MESSAGE, KEY)
    assert web.seen[0][1]["Idempotency-Key"] == web.seen[1][1]["Idempotency-Key"]
    assert web.seen[0][2] == web.seen[1][2]


def test_a_secret_signs_the_body_as_sent(web):
    assert send(hook(web, "/x?secret=hush"), MESSAGE, KEY).ok
    ((path, headers, body),) = web.seen
    assert headers["X-Envoywatch-Signature"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert "hush" not in path


def test_the_secret_of_the_channel_signs_too_and_is_told_nowhere(web):
    web.say = [(400, {}, b"no hush here")]
    result = send(hook(web), MESSAGE, KEY, secret="hush")
    assert (
        web.seen[0][1]["X-Envoywatch-Signature"]
        == "sha256=" + hmac.new(b"hush", web.seen[0][2], hashlib.sha256).hexdigest()
    )
    assert "hush" not in result.detail


def test_without_a_secret_nothing_is_signed(web):
    send(hook(web), MESSAGE, KEY)
    assert "X-Envoywatch-Signature" not in web.seen[0][1]


@pytest.mark.parametrize(
    ("say", "fault", "wait"),
    [
        ((204, {}, b""), None, None),
        ((301, {"Location": "http://127.0.0.1/"}, b""), DeliveryFault.MISCONFIGURED, None),
        ((400, {}, b'{"error": "bad"}'), DeliveryFault.REFUSED, None),
        ((401, {}, b""), DeliveryFault.MISCONFIGURED, None),
        ((404, {}, b"<h1>no</h1>"), DeliveryFault.MISCONFIGURED, None),
        ((408, {}, b""), DeliveryFault.TIMEOUT, None),
        ((413, {}, b""), DeliveryFault.REFUSED, None),
        ((429, {"Retry-After": "7"}, b""), DeliveryFault.RATE_LIMITED, timedelta(seconds=7)),
        ((429, {}, b'{"parameters": {"retry_after": 9}}'), DeliveryFault.RATE_LIMITED, timedelta(seconds=9)),
        ((429, {}, b'{"retry_after": 0.5}'), DeliveryFault.RATE_LIMITED, timedelta(seconds=0.5)),
        ((500, {}, b""), DeliveryFault.SERVER, None),
        ((503, {}, b""), DeliveryFault.SERVER, None),
        ((503, {"Retry-After": "120"}, b""), DeliveryFault.RATE_LIMITED, timedelta(minutes=2)),
        ((999, {}, b""), DeliveryFault.SERVER, None),
        ((200, {}, b'{"ok": false, "error": "channel_not_found"}'), DeliveryFault.REFUSED, None),
        ((200, {}, b'{"ok": false, "error": "ratelimited"}'), DeliveryFault.RATE_LIMITED, None),
        ((200, {}, b'{"success": false}'), DeliveryFault.REFUSED, None),
        ((200, {}, b'{"success": true}'), None, None),
        ((200, {}, b"[" * 5000), None, None),
        ("cut", None, None),
    ],
)
def test_each_answer_is_understood(web, say, fault, wait):
    web.say = [say]
    result = send(hook(web), MESSAGE, KEY)
    assert (result.ok, result.fault, result.retry_after) == (fault is None, fault, wait)
    assert bool(result.detail) == (fault is not None)
    assert len(web.seen) == 1


def test_a_date_to_come_back_at_is_understood():
    now = datetime(2023, 5, 17, 12, tzinfo=UTC)
    answer = Answer(503, {"Retry-After": "Wed, 17 May 2023 12:05:00 GMT"}, "")
    assert answer.retry_after(now) == timedelta(minutes=5)
    assert answer.retry_after(now + timedelta(hours=1)) == timedelta(0)
    assert Answer(503, {"Retry-After": "soon"}, "").retry_after(now) is None
    assert Answer(503, {"Retry-After": "nan"}, "").retry_after(now) is None
    assert Answer(503, {"Retry-After": "1e400"}, "").retry_after(now) == timedelta(seconds=10**9)


def test_a_target_that_hangs_is_left_behind_and_not_asked_again_meanwhile(web):
    web.say = ["drip"]
    first = send(hook(web), MESSAGE, KEY, timeout=SHORT)
    second = send(hook(web), MESSAGE, KEY, timeout=SHORT)
    assert first.fault is DeliveryFault.TIMEOUT
    assert (second.fault, second.detail) == (DeliveryFault.TIMEOUT, "an earlier attempt still hangs")
    assert len(web.seen) == 1
    web.released.set()
    web.say = [(200, {}, b"")]
    channels._hanging[hook(web)].join(5)
    assert send(hook(web), MESSAGE, KEY).ok


def test_a_hanging_target_keeps_no_other_waiting(web):
    web.say = ["hang", (200, {}, b"")]
    slow = threading.Thread(
        target=send, args=(hook(web, "/slow"), MESSAGE, KEY), kwargs={"timeout": timedelta(seconds=5)}
    )
    slow.start()
    assert web.arrived.wait(5)
    assert send(hook(web, "/fast"), MESSAGE, KEY).ok
    assert slow.is_alive()
    web.released.set()
    slow.join()


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("rest", ["json://127.0.0.1:{}/x", "mailto://127.0.0.1:{}/?from=a@b.example&to=c@d.example"])
def test_where_nothing_listens_is_unreachable(rest):
    result = send(rest.format(free_port()), MESSAGE, KEY)
    assert (result.fault, result.detail) == (DeliveryFault.UNREACHABLE, "nothing listens there: connection refused")


def test_a_server_that_speaks_no_tls_is_unreachable(web):
    result = send(hook(web, scheme="jsons"), MESSAGE, KEY)
    assert result.fault is DeliveryFault.UNREACHABLE
    assert "secure connection" in result.detail


def test_a_url_that_makes_no_channel_is_misconfigured_and_raises_nothing():
    result = send("nosuch://token12345678901234567890/x", MESSAGE, KEY)
    assert result.fault is DeliveryFault.MISCONFIGURED
    assert "token" not in result.detail


def test_promise_36_no_part_of_the_url_is_told_even_if_the_target_repeats_it(web):
    token = "T0ken1234567890abcdefghij"
    echo = json.dumps({"error": f"no such hook {token} at http://x:pass@h/{token}\x1b[31m"}).encode()
    web.say = [(400, {}, echo)]
    result = send(hook(web, f"/{token}"), MESSAGE, KEY)
    assert token not in result.detail
    assert "pass" not in result.detail
    assert "\x1b" not in result.detail
    assert "no such hook ***" in result.detail


class Kept(logging.Handler):
    """What the program's own handlers would write; `caplog` also hears loggers that pass nothing on."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def logged():
    root, handler = logging.getLogger(), Kept()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def test_promise_36_nothing_of_a_send_reaches_the_logs(web, logged):
    web.say = [(500, {}, b"")]
    send(hook(web, "/T0ken1234567890abcdefghij"), MESSAGE, KEY)
    send("tgram://T0ken", MESSAGE, KEY)
    assert not [line for line in logged if "T0ken" in line or ("127.0.0.1" in line and "Starting new" not in line)]


def test_an_endless_answer_is_read_only_so_far(web):
    web.say = [(400, {}, b"x" * 1_000_000)]
    assert len(send(hook(web), MESSAGE, KEY).detail) < 300


# ---------------------------------------------------------------- other targets, their class URLs pointed at loopback


@pytest.fixture
def plugins(web, monkeypatch):
    """Telegram, Slack and Discord at home."""
    channels._apprise()
    from apprise.plugins.discord import NotifyDiscord
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.telegram import NotifyTelegram

    home = f"http://127.0.0.1:{web.server_port}"
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"{home}/bot")
    monkeypatch.setattr(NotifySlack, "webhook_url", f"{home}/slack")
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"{home}/discord")
    return web


TELEGRAM = "tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/12315544/"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/"


def test_telegram_gets_escaped_html_with_the_title_inside(plugins):
    assert send(TELEGRAM, MESSAGE, KEY).ok
    ((_, headers, body),) = plugins.seen
    said = json.loads(body)
    assert said["parse_mode"] == "HTML"
    assert said["text"].startswith("<b>Li Hui &amp; others met: &lt;b&gt;</b>")
    assert "&lt;b&gt;розміткою" in said["text"]
    assert headers["Idempotency-Key"]


def test_promise_08_a_target_that_refuses_the_mark_up_gets_the_plain_text_at_once(plugins):
    refusal = b'{"ok": false, "error_code": 400, "description": "Bad Request: can\'t parse entities"}'
    plugins.say = [(400, {}, refusal), (200, {}, b'{"ok": true}')]
    assert send(TELEGRAM, MESSAGE, KEY).ok
    rich, simple = (json.loads(body)["text"] for _, _, body in plugins.seen)
    assert "<a href=" in rich
    assert "<a href=" not in simple
    assert "&lt;b&gt;розміткою" in simple


def test_a_target_that_refuses_plain_text_too_is_asked_twice_and_no_more(plugins):
    plugins.say = [(400, {}, b'{"ok": false, "description": "Bad Request: chat not found"}')]
    result = send(TELEGRAM, MESSAGE, KEY)
    assert result.fault is DeliveryFault.REFUSED
    assert "chat not found" in result.detail
    assert len(plugins.seen) == 2


def test_telegram_says_in_its_body_how_long_to_wait(plugins):
    body = b'{"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 31}}'
    plugins.say = [(429, {}, body)]
    result = send(TELEGRAM, MESSAGE, KEY)
    assert (result.fault, result.retry_after) == (DeliveryFault.RATE_LIMITED, timedelta(seconds=31))


def test_discord_does_not_wait_out_its_rate_limit_by_itself(plugins):
    headers = {"Retry-After": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 600)}
    plugins.say = [(429, headers, b"")]
    result = send(DISCORD, MESSAGE, KEY)
    assert (result.fault, result.retry_after) == (DeliveryFault.RATE_LIMITED, timedelta(minutes=10))
    assert len(plugins.seen) == 1


def test_slack_hears_of_no_mention_and_no_mark_up(plugins):
    plugins.say = [(200, {}, b"ok")]
    hostile = replace(
        MESSAGE, title="<\u200b!channel> *x*", markdown="\\<\u200b!channel\\> \\*x\\* https://evil.example\n"
    )
    assert send(SLACK, hostile, KEY).ok
    said = plugins.seen[0][2].decode()
    assert "<!channel>" not in said
    assert "&lt;" in said


def test_slack_that_answers_200_but_not_ok_did_not_take_it(plugins):
    plugins.say = [(200, {}, b"invalid_token")]
    result = send(SLACK, MESSAGE, KEY)
    assert result.fault is DeliveryFault.REFUSED
    assert "invalid_token" in result.detail


def test_what_is_too_long_for_a_target_is_cut_at_a_line(plugins):
    plugins.say = [(200, {}, b'{"ok": true}')]
    long = "\n".join(f"line {number}" for number in range(2000))
    assert send(TELEGRAM, replace(MESSAGE, text=long, html=f"<p>{long}</p>", markdown=long), KEY).ok
    said = json.loads(plugins.seen[0][2])["text"]
    assert len(said) <= 4096
    assert said.rstrip().endswith("…")


def test_ntfy_gets_plain_text_and_its_title(web):
    assert send(hook(web, "/desk", scheme="ntfy"), MESSAGE, KEY).ok
    said = json.loads(web.seen[0][2])
    assert said == {"topic": "desk", "title": MESSAGE.title, "message": MESSAGE.text.rstrip()}
    assert "X-Icon" not in web.seen[0][1]


# ---------------------------------------------------------------- mail


class Postman:
    """Keeps what it takes; `refuse` is what it says instead of taking the text, `to` of a recipient."""

    def __init__(self):
        self.mails, self.refuse, self.to = [], [], {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        if address in self.to:
            return self.to[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        if self.refuse:
            return self.refuse.pop(0)
        self.mails.append((envelope, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def post():
    handler = Postman()
    port = free_port()
    controller = Controller(
        handler, "127.0.0.1", port, authenticator=authenticate, auth_require_tls=False, ready_timeout=10
    )
    controller.start()
    handler.port = port
    yield handler
    controller.stop()


def mailto(post, rest="?from=desk@watch.example&to=reader@paper.example", user=""):
    return f"mailto://{user}127.0.0.1:{post.port}/{rest}"


def test_a_mail_has_both_texts_its_key_and_its_thread(post):
    assert send(mailto(post), MESSAGE, KEY).ok
    ((envelope, mail),) = post.mails
    assert envelope.rcpt_tos == ["reader@paper.example"]
    assert mail["Subject"] == MESSAGE.title
    assert mail["Message-ID"] == message_id(KEY, "watch.example")
    assert mail["References"] == message_id("thread m1", "watch.example")
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain.get_content().replace("\r\n", "\n").startswith(f"{MESSAGE.title}\n\n“Речення")
    assert "<h1" in html.get_content()
    assert "Li Hui &amp; others met: &lt;b&gt;" in html.get_content()
    assert MESSAGE.html.splitlines()[0] in html.get_content()
    assert envelope.content.isascii()


def test_promise_03_two_tries_of_one_delivery_are_one_mail_to_the_reader(post):
    for _ in range(2):
        send(mailto(post), MESSAGE, KEY)
    first, second = (mail for _, mail in post.mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert message_id(KEY, "x") != message_id(KEY + ".", "x")


def test_a_title_with_line_breaks_adds_no_header(post):
    assert send(mailto(post), replace(MESSAGE, title="A\r\nBcc: all@paper.example\r\n\r\nbody", thread=""), KEY).ok
    ((envelope, mail),) = post.mails
    assert envelope.rcpt_tos == ["reader@paper.example"]
    assert mail["Subject"] == "A Bcc: all@paper.example body"
    assert mail["Bcc"] is None
    assert mail["References"] is None


def test_copies_reply_address_and_own_headers_of_the_url_are_kept(post):
    rest = (
        "?from=desk@watch.example&name=The%20Desk&to=reader@paper.example&cc=second@paper.example"
        "&bcc=third@paper.example&reply=editor@watch.example&+X-Team=envoys&+Subject=mine&+Bad%20Name=x"
    )
    assert send(mailto(post, rest), MESSAGE, KEY).ok
    ((envelope, mail),) = post.mails
    assert sorted(envelope.rcpt_tos) == ["reader@paper.example", "second@paper.example", "third@paper.example"]
    assert mail["From"] == "The Desk <desk@watch.example>"
    assert (mail["Cc"], mail["Reply-To"], mail["X-Team"]) == ("second@paper.example", "editor@watch.example", "envoys")
    assert mail["Subject"] == MESSAGE.title
    assert mail["Bcc"] is None


def test_a_login_is_used_and_a_wrong_one_is_misconfigured(post):
    rest = "?from=desk@watch.example&to=reader@paper.example"
    assert send(mailto(post, rest, user="desk:right@"), MESSAGE, KEY).ok
    result = send(mailto(post, rest, user="desk:wrongpassword@"), MESSAGE, KEY)
    assert result.fault is DeliveryFault.MISCONFIGURED
    assert "535" in result.detail
    assert "wrongpassword" not in result.detail


def test_a_server_without_tls_is_misconfigured_for_a_channel_that_wants_it(post):
    result = send(mailto(post).replace("mailto", "mailtos"), MESSAGE, KEY)
    assert result.fault is DeliveryFault.MISCONFIGURED


def test_promise_08_a_refused_mail_is_sent_again_as_plain_text_at_once(post):
    post.refuse = ["554 5.7.1 no HTML here"]
    assert send(mailto(post), MESSAGE, KEY).ok
    ((_, mail),) = post.mails
    assert mail.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("554 5.7.1 spam", DeliveryFault.REFUSED),
        ("451 4.7.1 greylisted", DeliveryFault.SERVER),
    ],
)
def test_a_mail_server_is_understood(post, said, fault):
    post.refuse = [said, said]
    result = send(mailto(post), MESSAGE, KEY)
    assert result.fault is fault
    assert said[4:] in result.detail


@pytest.mark.parametrize(("said", "fault"), [("550 nobody", DeliveryFault.REFUSED), ("450 full", DeliveryFault.SERVER)])
def test_a_refused_recipient_is_understood(post, said, fault):
    post.to = {"reader@paper.example": said}
    assert send(mailto(post), MESSAGE, KEY).fault is fault


def test_a_mail_that_one_reader_got_is_not_sent_to_them_again(post):
    post.to = {"second@paper.example": "550 nobody"}
    result = send(mailto(post, "?from=a@watch.example&to=reader@paper.example&cc=second@paper.example"), MESSAGE, KEY)
    assert result.ok
    assert result.detail == "taken, but refused for 1 of 2 addresses"


def test_a_mail_server_that_hangs_is_too_slow():
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        port = mute.getsockname()[1]
        url = f"mailto://127.0.0.1:{port}/?from=a@watch.example&to=b@paper.example"
        assert send(url, MESSAGE, KEY, timeout=SHORT).fault is DeliveryFault.TIMEOUT


def test_a_mail_server_that_hangs_up_is_unreachable():
    async def hang_up(reader, writer):
        writer.close()

    async def attempt():
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            url = f"mailto://127.0.0.1:{port}/?from=a@watch.example&to=b@paper.example"
            return await asyncio.to_thread(send, url, MESSAGE, KEY)

    assert asyncio.run(attempt()).fault is DeliveryFault.UNREACHABLE


# ---------------------------------------------------------------- judging without a network


NOW = datetime(2023, 5, 17, tzinfo=UTC)


def nested(reason):
    """As urllib3 and requests wrap a reason."""
    error = requests.ConnectionError(RuntimeError("Max retries exceeded with url: /botTOKEN"))
    error.args[0].reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (nested(socket.gaierror(-2, "unknown")), DeliveryFault.UNREACHABLE),
        (nested(ssl.SSLCertVerificationError("expired")), DeliveryFault.UNREACHABLE),
        (nested(OSError("no route")), DeliveryFault.UNREACHABLE),
        (requests.ReadTimeout("slow"), DeliveryFault.TIMEOUT),
        (requests.exceptions.InvalidURL("x"), DeliveryFault.MISCONFIGURED),
        (TypeError("TOKEN"), DeliveryFault.MISCONFIGURED),
        (smtplib.SMTPServerDisconnected("bye"), DeliveryFault.UNREACHABLE),
        (smtplib.SMTPNotSupportedError("TOKEN"), DeliveryFault.MISCONFIGURED),
        (smtplib.SMTPSenderRefused(552, "too big", "TOKEN"), DeliveryFault.REFUSED),
    ],
)
def test_an_error_becomes_a_fault_without_its_text(error, fault):
    verdict = judge(Wire(errors=[error]), done=False, now=NOW)
    assert verdict.fault is fault
    assert "TOKEN" not in verdict.detail


def test_a_failure_without_any_trace_is_tried_again():
    verdict = judge(Wire(), done=False, now=NOW)
    assert (verdict.fault, verdict.detail) == (DeliveryFault.SERVER, "the target gave no reason")
    assert judge(Wire(notes=["said"]), done=False, now=NOW).detail == "said"


# ---------------------------------------------------------------- checking URLs


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:8080/hook",
        "jsons://hooks.example/x?secret=abc",
        "mailto://desk:secret@mail.example",
        "mailto://desk:secret@mail.example?to=reader@paper.example",
        "ntfy://topic",
        TELEGRAM,
        SLACK,
        DISCORD,
        " json://127.0.0.1/ ",
    ],
)
def test_a_good_url_has_nothing_wrong(url):
    assert check_url(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "starts with its kind"),
        ("desk", "starts with its kind"),
        ("https://hooks.example/secret1234", "json://host/path"),
        ("jso://host/", "did you mean `json`?"),
        ("qqqqqqqq://secret1234", "`qqqqqqqq` is no kind of channel"),
        ("tgram://secret1234", "tgram://{bot_token}/{targets}"),
        ("slack://secret1234", "slack://"),
        ("mailto://", "incomplete or wrong"),
        ("mailto://u:secret1234@mail.example/a@b.example/c@d.example", "a channel of its own"),
        ("mailto://u:secret1234@mail.example?pgp=sign", "PGP"),
    ],
)
def test_a_bad_url_is_told_with_a_remedy_and_no_secret(url, said):
    problem = check_url(url)
    assert said in problem
    assert "secret1234" not in problem
