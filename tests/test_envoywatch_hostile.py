"""The hostile corpus through real feeds and the real daemon into every way out, all looked at in one life of it."""

import csv
import email
import email.policy
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import feedparser
import httpx
import pytest
from aiosmtpd.controller import Controller
from lxml import etree
from markdown_it import MarkdownIt

from envoywatch.cli import main
from tests.browsing import NEEDS_CHROMIUM, Watched, chromium
from tests.daemon_world import log_of, rows, stop, wait_for
from tests.hostile import ACTING, CALLS, Tags, values
from tests.hostile_world import AT_HOME, PAIRS, Outlet, Post, start_daemon
from tests.test_alerts_channels import free_port

pytestmark = pytest.mark.processes
TMUX = shutil.which("tmux")
STORIES = len(AT_HOME + PAIRS)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A daemon that has read and told everything, and goes on running."""
    folder, outlet, post, port = tmp_path_factory.mktemp("hostile"), Outlet(), Post(), free_port()
    smtp = Controller(post, "127.0.0.1", port, ready_timeout=10)
    smtp.start()
    process = start_daemon(folder, outlet, port)
    try:
        wait_for(lambda: len(rows(folder, "SELECT 1 FROM articles")) == len(AT_HOME), folder)
        outlet.publish()
        wait_for(lambda: len(rows(folder, "SELECT 1 FROM articles")) == STORIES, folder)
        wait_for(lambda: not rows(folder, "SELECT 1 FROM deliveries WHERE state <> 'sent'"), folder)
        page = re.search(r'"page": "(http://[^"]+)"', log_of(folder))[1]
        yield SimpleNamespace(folder=folder, outlet=outlet, post=post, page=page, posted=outlet.posted)
        assert stop(process)[0] == 0
    finally:
        process.kill()
        process.wait()
        smtp.stop()
        outlet.close()


def told(desk, *arguments):
    """What a command prints into a pipe."""
    with redirect_stdout(io.StringIO(newline="")) as out:
        assert main.run(["--config", str(desk.folder / "envoywatch.yaml"), *arguments]) == 0
    return out.getvalue()


ASKING = {"script", "img", "svg", "math", "iframe", "object", "embed", "video", "form", "style", "link", "base"}
"""Tags that run something, ask for something or lay out what is around them."""


def links_of(tags):
    return [attrs["href"] for _, attrs in tags if "href" in attrs]


OURS = re.compile(r"http://127\.0\.0\.1:\d+/\d+\.html\?a=[!-~]*")
"""The address of an article as it may be offered: of the web, and without a character that ends or hides it."""


def test_promise_31_every_hostile_text_was_stored_and_told_through_every_channel(desk):
    assert rows(desk.folder, "SELECT DISTINCT state FROM entries") == [("read",)]
    alerts = rows(desk.folder, "SELECT count(*) FROM alerts WHERE watch = 'Envoy'")[0][0]
    assert alerts >= len(PAIRS)
    assert {name: len(found) for name, found in desk.posted.items() if name != "hook"} == dict.fromkeys(
        ("", "slack", "bot"), alerts
    )
    assert len(desk.post.mails) == alerts
    assert len(desk.posted["hook"]) > alerts


def test_promise_32_of_what_the_texts_name_only_the_articles_pages_were_asked_for(desk):
    pages = {f"/{number}.html" for number in range(STORIES)}
    assert desk.outlet.asked - pages <= {"/feed.xml", "/broken.xml", "/robots.txt"}


# ---------------------------------------------------------------- messages


def test_promise_31_no_message_to_a_program_acts_calls_or_breaks_its_lines(desk):
    for name, posted in desk.posted.items():
        for headers, body in posted:
            assert not [text for text in values(body) if ACTING.search(text)], name
            assert not {"Bcc", "Subject"} & set(headers)
    for _, body in desk.posted["hook"]:
        assert "\n" not in body["title"] + body["article"]["title"]
        assert body["article"]["url"] is None or OURS.fullmatch(body["article"]["url"])
        assert not CALLS.search(body["title"] + body["message"])
    for _, body in desk.posted[""]:
        assert set(body) == {"topic", "title", "message"}
        assert not CALLS.search(body["title"] + body["message"])
    for _, body in desk.posted["slack"]:
        for text in values(body):
            assert not CALLS.search(text)
            assert {OURS.fullmatch(one) is not None for one in re.findall(r"<([^>|]*)[>|]", text)} <= {True}
    for _, body in desk.posted["bot"]:
        assert body["parse_mode"] == "HTML"
        tags = Tags(body["text"]).found
        assert {tag for tag, _ in tags} <= {"b", "i", "blockquote", "a"}
        assert all(OURS.fullmatch(link) for link in links_of(tags))
        assert not CALLS.search(body["text"])


def test_promise_31_no_mail_has_a_header_a_recipient_or_a_tag_of_a_text(desk):
    names = None
    for recipients, raw in desk.post.mails:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert recipients == ["reader@desk.example"]
        assert not mail.defects
        found = [name for name in mail.keys() if name != "References"]  # noqa: SIM118 (a name may come twice)
        names = names or found
        assert found == names
        assert not re.search("[\r\n]", mail["Subject"])
        assert not ACTING.search(mail["Subject"])
        assert all(len(line) <= 998 for line in raw.splitlines())  # RFC 5322, section 2.1.1
        html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
        assert not ACTING.search(html + text)
        tags = Tags(html).found
        assert not {"script", "img", "svg", "iframe", "form", "style", "link", "base", "object"} & {
            tag for tag, _ in tags
        }
        assert all(OURS.fullmatch(link) for link in links_of(tags))
        assert not [attrs for _, attrs in tags if any(name.startswith("on") or name == "src" for name in attrs)]


@pytest.mark.parametrize("form", ["text", "html", "markdown", "json"])
def test_promise_31_the_digest_is_harmless_in_every_form(desk, form):
    said = told(desk, "digest", "--since", "1d", "--format", form)
    assert not ACTING.search(said)
    assert form == "json" or not CALLS.search(said.removeprefix("<!DOCTYPE html>"))
    if form == "html":
        tags = Tags(said).found
        assert not ASKING & {tag for tag, _ in tags}
        assert all(OURS.fullmatch(link) for link in links_of(tags))
    if form == "markdown":
        kinds = [child for one in MarkdownIt("commonmark").parse(said) for child in one.children or ()]
        assert not {"html_inline", "image", "code_inline"} & {child.type for child in kinds}
        assert all(OURS.fullmatch(child.attrs["href"]) for child in kinds if child.type == "link_open")
    if form == "json":
        json.loads(said)


# ---------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


FOREIGN = """() => ({
  links: [...document.querySelectorAll('[href]')].map((one) => one.getAttribute('href')),
  away: [...document.querySelectorAll('a[href^=http]')]
    .filter((one) => one.rel !== 'noopener noreferrer nofollow').length,
  handlers: [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes])
    .filter((one) => one.name.startsWith('on')).length,
  foreign: document.querySelectorAll(
    'img,iframe,object,embed,video,audio,base,math,foreignObject,animate,style,script:not([src]),meta[http-equiv]').length,
  text: document.documentElement.innerText + document.title,
})"""
TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.browser
@NEEDS_CHROMIUM[1]
def test_promise_31_no_page_runs_lays_out_or_asks_for_anything_of_a_text(desk, browser):
    tab = Watched(browser)
    left, seen = ["/", "/?days=7", "/search?q=envoy", "/search?q=%3Cscript%3E", "/stories", "/nowhere"], set()
    while left:
        path = left.pop(0)
        tab.page.goto(desk.page + path, wait_until="domcontentloaded")
        found = tab.page.evaluate(FOREIGN)
        assert (found["away"], found["handlers"], found["foreign"]) == (0, 0, 0), path
        assert not TURNING.search(found["text"]), path
        assert not [link for link in found["links"] if not re.match(r"/|#|\?|http://127\.0\.0\.1:", link)], path
        for link in found["links"]:
            known = link in seen or link.startswith("/static")
            if re.match(r"/[a-z]+(/\d+)?$", link) and not known and not re.match(r"/stories/\d*[1-9]$", link):
                seen.add(link)
                left.append(link)
    assert {"/alerts", "/meetings", "/sources", "/outbox", "/watches", "/people", "/settings"} <= seen
    assert sum(link.startswith("/alerts/") for link in seen) >= len(PAIRS)
    missing = [text for text in tab.complaints if "404" in text]
    tab.complaints = [text for text in tab.complaints if text not in missing]
    tab.check(desk.page)


def test_promise_31_the_atom_feed_is_well_formed_and_its_texts_are_texts(desk):
    raw = httpx.get(f"{desk.page}/feed.atom").content
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    atom = {"a": "http://www.w3.org/2005/Atom"}
    entries = root.xpath("//a:entry", namespaces=atom)
    assert len(entries) >= len(PAIRS)
    assert not [one for one in root.iter() if not str(one.tag).startswith("{http://www.w3.org/2005/Atom}")]
    for link in root.xpath("//a:link/@href", namespaces=atom):
        assert OURS.fullmatch(link) or link.startswith(desk.page), link
    assert not TURNING.search("".join(root.itertext()))
    parsed = feedparser.parse(io.BytesIO(raw), sanitize_html=False)
    assert not parsed.bozo
    assert len(parsed.entries) == len(entries)
    for content in root.xpath("//a:content[@type='html']|//a:summary[@type='html']", namespaces=atom):
        tags = Tags(content.text).found
        assert not ASKING & {tag for tag, _ in tags}
        assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]


# ---------------------------------------------------------------- the terminal

COMMANDS = (
    "alerts list --limit 100", "search Li --limit 100", "search Li --facets", "explain 3", "alerts show 3",
    "meetings list", "meetings show 1", "status", "sources list", "sources show Outlet", "outbox list", "digest",
    "watches list",
)  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_promise_31_what_commands_print_obeys_nobody_and_json_is_one_document(desk, line):
    assert not ACTING.search(told(desk, *line.split()))
    if "digest" not in line:
        document = told(desk, *line.split(), "--json")
        assert not ACTING.search(document)
        json.loads(document)


@pytest.mark.skipif(TMUX is None, reason="tmux is not installed (apt-get install tmux)")
def test_promise_31_a_real_terminal_keeps_its_title_its_clipboard_its_screen_and_its_lines(desk, tmp_path):
    def tmux(*arguments):
        command = [TMUX, "-S", str(tmp_path / "tmux"), "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    ours = shlex.join([sys.executable, "-m", "envoywatch", "--config", str(desk.folder / "envoywatch.yaml")])
    commands = "; ".join(f"{ours} {line}" for line in ("alerts list", "meetings show 1"))
    script = f"printf 'first\\n'; {commands}; printf 'last\\n'; touch {tmp_path}/done; exec cat"
    try:
        tmux("new-session", "-d", "-x", "100", "-y", "50", ";", "set-option", "-g", "history-limit", "50000", ";",
             "set-option", "-g", "set-clipboard", "on", ";", "set-option", "-g", "remain-on-exit", "on", ";",
             "new-window", "-n", "seen", "sh", "-c", script)  # fmt: skip
        title = tmux("display-message", "-p", "-t", "seen", "#{pane_title}")
        wait_for((tmp_path / "done").exists)
        lines = tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "seen").rstrip().splitlines()
        modes = "#{pane_title}|#{alternate_on}|#{mouse_any_flag}|#{cursor_flag}|#{origin_flag}|#{insert_flag}"
        assert tmux("display-message", "-p", "-t", "seen", modes) == f"{title.rstrip()}|0|0|1|0|0\n"
        assert tmux("list-buffers") == ""
        painted = tmux("capture-pane", "-p", "-e", "-S", "-", "-t", "seen")
    finally:
        tmux("kill-server")
    assert (lines[0], lines[-1]) == ("first", "last")
    assert "owned" in "".join(lines)  # as text
    assert not ACTING.search("".join(lines))
    assert set(re.findall("\x1b[^m]*m", painted)) == set(re.findall("\x1b\\[[0-9;]*m", painted))
    assert "\x1b]8" not in painted
    assert painted.count("\x1b") == len(re.findall("\x1b\\[[0-9;]*m", painted))


def test_promise_31_the_log_has_a_line_an_event_and_none_of_a_texts_making(desk):
    lines = log_of(desk.folder).splitlines()
    events = [json.loads(line) for line in lines]
    assert all(line.isascii() for line in lines)
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(one) for one in events))
    assert not [one for one in events if one["event"] == "forged" or one["level"] in {"critical", "error"}]
    assert sum(one["event"] == "alert" for one in events) > len(PAIRS)


# ---------------------------------------------------------------- files

FORMULA = re.compile("^[\t\r\n ]*[=+@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n ]*-(?!\\d+(\\.\\d+)?$)")


@pytest.mark.parametrize(
    "line", ["export --format csv", "export --table alerts --format csv", "meetings export --format csv"]
)
def test_promise_31_no_cell_is_a_formula_and_no_text_breaks_out_of_its_cell(desk, line):
    said = told(desk, *line.split())
    head, *lines = csv.reader(io.StringIO(said, newline=""), strict=True)
    assert lines
    assert {len(one) for one in lines} == {len(head)}
    assert not [cell for one in lines for cell in one if FORMULA.search(cell)]
    assert not [cell for one in lines for cell in one if ACTING.search(cell)]


def test_promise_31_json_lines_are_a_line_an_article(desk):
    lines = told(desk, "export").splitlines()
    assert len(lines) == STORIES
    assert {json.loads(line)["source"] for line in lines} == {"Outlet", "Broken outlet"}
    assert not ACTING.search("".join(lines))


def test_promise_31_the_calendar_has_only_lines_of_ours(desk):
    said = told(desk, "meetings", "export", "--format", "ics")
    assert said.count("\r\n") == said.count("\n") == said.count("\r")
    assert all(len(line.encode()) <= 75 for line in said.split("\r\n"))
    lines = said.replace("\r\n ", "").split("\r\n")[:-1]
    names = {re.match(r"[A-Z-]+(?=[;:])", line)[0] for line in lines}
    assert not {"ATTACH", "URL"} & names
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == said.count("UID:")


def test_promise_31_the_evidence_of_a_meeting_is_a_page_that_asks_nothing_of_anybody(desk, tmp_path):
    told(desk, "meetings", "export", "--pack", "1", str(tmp_path / "pack.html"))
    said = (tmp_path / "pack.html").read_text(encoding="utf-8")
    tags = Tags(said).found
    assert not (ASKING - {"style"}) & {tag for tag, _ in tags}
    assert all(OURS.fullmatch(link) for link in links_of(tags))
    assert "alert(1)" in said
    assert not ACTING.search(said)
    pack = json.loads(told(desk, "meetings", "export", "--pack", "1"))
    assert not [text for text in values(pack) if "\x00" in text]
