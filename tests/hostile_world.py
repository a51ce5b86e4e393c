"""A loopback outlet that publishes the hostile corpus, and receivers of every kind, for one real daemon."""

import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import zip_longest

from tests.hostile import AT_THE_START, HOSTILE
from tests.outlet import Answering

AT_HOME = [("at", "home"), ("at\0", "home")]
"""What the outlet's two feeds hold when they are first read."""
_OTHERS = [text for text in HOSTILE if text not in AT_THE_START]
_MIDDLE = (len(HOSTILE) + 1) // 2 - len(AT_THE_START)
PAIRS = list(zip_longest([*AT_THE_START, *_OTHERS[:_MIDDLE]], _OTHERS[_MIDDLE:], fillvalue="end"))
"""The corpus as what a headline begins and what it ends with: half as many articles do."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SYLLABLES = ("bar", "del", "fin", "gor", "hal", "jas", "kel", "lam", "mor", "nev", "ost", "pim", "qua", "ris", "tol")

DAEMON = """
import sys
from alerts import channels
channels._apprise()
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
NotifySlack.webhook_url = sys.argv[1] + "/slack"
NotifyTelegram.notify_url = sys.argv[1] + "/bot"
from envoywatch.cli.main import run
sys.exit(run(sys.argv[2:]))
"""
"""The program as it is, but that Slack and Telegram are at home."""

CONFIGURATION = """\
crawl: {{interval: 1s, min_interval: 1s, delay: 0s, per_host: 8, private_addresses: true}}
web: {{listen: "127.0.0.1:0"}}
sources:
  - {{name: Outlet, language: en, endpoints: [{{feed: "{outlet}/feed.xml"}}]}}
  - {{name: Broken outlet, language: en, endpoints: [{{feed: "{outlet}/broken.xml"}}]}}
watches:
  - {{name: Envoy, query: '"Li Hui"', send: now, channels: [hook, ntfy, mail, slack, telegram]}}
  - {{name: Leaders, meeting: {{level: leader}}, send: now, channels: [hook]}}
channels:
  hook: {{url: "json://127.0.0.1:{port}/hook"}}
  ntfy: {{url: "ntfy://127.0.0.1:{port}/desk"}}
  mail: {{url: "mailto://127.0.0.1:{mail}/?from=watch@desk.example&to=reader@desk.example&mode=insecure"}}
  slack: {{url: "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk"}}
  telegram: {{url: "tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/12315544/"}}
"""


class Outlet(ThreadingHTTPServer):
    """Publishes one harmless item, and when told to, one for each hostile text; keeps what is posted to it."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.texts = AT_HOME
        self.posted = {}
        self.asked = set()
        self.began = datetime.now(UTC)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def publish(self):
        self.texts = AT_HOME + PAIRS

    def close(self):
        self.shutdown()
        self.server_close()

    def feed(self, *, broken):
        """Of what XML allows or, `broken`, of what it does not."""
        told = [one for one in enumerate(self.texts) if bool(_NOT_XML.search("".join(one[1]))) is broken]
        items = "".join(_item(self, number, *texts) for number, texts in told)
        return (
            '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="//evil.example/x.xsl"?><rss version="2.0"'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{written(HOSTILE[0])}</title>{items}'
            "</channel></rss>"
        ).encode("utf-8", "surrogatepass")

    def page(self, number):
        """The text as mark-up, which a page may hold, and as text."""
        first, last = self.texts[number]
        text = f"{first} {last}"
        said = sentence(number, f"{text} {escape(text)}")
        return (
            f'<html><head><title>{text}</title><meta name="author" content="{escape(text)}">'
            f'<meta property="og:title" content="{escape(text)}"></head><body><article>'
            f"<h1>{escape(first)} Li Hui {escape(last)}</h1>"
            f"<p>{said}</p><p>{filler(number)}</p></article></body></html>"
        ).encode("utf-8", "surrogatepass")


def sentence(number, text):
    return (
        f"President Volodymyr Zelensky received the Chinese envoy Li Hui in Kyiv on that day, {text} {_word(number)}."
    )


def filler(number):
    """So many words of its own that no article is the copy of another."""
    count = len(_SYLLABLES)
    own = _SYLLABLES[number % count] + _SYLLABLES[number // count]
    words = [_SYLLABLES[place % count] + _SYLLABLES[place // count] + own for place in range(90)]
    return " ".join(word + ("." if place % 12 == 11 else "") for place, word in enumerate(words))


def _word(number):
    return f"{_SYLLABLES[number % len(_SYLLABLES)]}{number}"


def written(text):
    """As a feed has it: escaped, and what XML does not allow by its number or, where it can be, as it is."""

    def odd(found):
        return f"&#x{ord(found[0]):X};" if ord(found[0]) % 2 else found[0]

    return _NOT_XML.sub(odd, escape(text))


def _item(outlet, number, first, last):
    title, text = f"{first} Li Hui {last}", f"{first} {last}"
    described = sentence(number, text)
    return (
        f"<item><title>{written(escape(title))}</title><link>{outlet.url}/{number}.html?a={written(text)[:60]}</link>"
        f"<guid>{number} {written(text)}</guid><dc:creator>{written(escape(text))}</dc:creator>"
        f"<category>{written(text)}</category><pubDate>{format_datetime(outlet.began)}</pubDate>"
        f'<enclosure url="{outlet.url}/pixel.png" type="image/png" length="9"/>'
        f"<description>{written(described + escape(described))} {filler(number)}</description></item>"
    )


class _Handler(Answering, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.partition("?")[0]
        self.server.asked.add(name)
        if name == "/feed.xml":
            self.answer(200, "application/rss+xml", self.server.feed(broken=False))
        elif name == "/broken.xml":
            self.answer(200, "application/rss+xml", self.server.feed(broken=True))
        elif re.fullmatch(r"/\d+\.html", name):
            self.answer(200, "text/html; charset=utf-8", self.server.page(int(name[1:-5])))
        else:
            self.answer(404, "text/plain", b"nothing here")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.split("/")[1]
        kept = self.server.posted.setdefault("bot" if name.startswith("bot") else name, [])
        kept.append((self.headers, json.loads(body)))
        self.answer(200, "application/json", b'{"ok": true}' if name.startswith("bot") else b"ok")


class Post:
    """Takes mails, as their bytes and recipients."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


def start_daemon(folder, outlet, mail_port):
    (folder / "envoywatch.yaml").write_text(
        CONFIGURATION.format(outlet=outlet.url, port=outlet.server_port, mail=mail_port), encoding="utf-8"
    )
    with (folder / "daemon.log").open("ab") as log:
        command = [sys.executable, "-c", DAEMON, outlet.url, "--config", str(folder / "envoywatch.yaml"), "run"]
        return subprocess.Popen(command, stdout=log, stderr=log)
