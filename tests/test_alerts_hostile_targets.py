"""A hostile headline on its way through real targets: what arrives lays nothing out, calls nobody, adds no header."""

import json
import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from functools import cache

import pytest

from alerts import channels
from alerts.channels import send
from alerts.mail import compose
from alerts.render import render_alert
from tests.hostile import ACTING, CALLS, HOSTILE, Tags, values
from tests.test_alerts_channels import SLACK, TELEGRAM, hook, mailto, plugins, post, web
from tests.test_alerts_render import ALERT, FACTS

__all__ = ["plugins", "post", "web"]

HEADLINE = (
    "<img src=x onerror=alert(1)><b>Envoy</b> *met* [him](https://evil.example) `rm` <!channel> <@U1> @everyone @here"
    " \x1b[31mred\x1b]0;owned\x07 \u202etxet\u2066 \x00\x9b2J\r\nBcc: all@paper.example\r\nSubject: mine\r\n\r\n"
    "<script>x()</script>"
)
MESSAGE = render_alert(
    replace(
        FACTS,
        alert=replace(ALERT, title=HEADLINE, evidence=HEADLINE, detail=HEADLINE),
        article_title=HEADLINE,
        source=HEADLINE,
        url="javascript:alert(1)",
        place=HEADLINE,
    )
)


def sent(web):
    assert len(web.seen) == 1
    return json.loads(web.seen[0][2])


def test_the_webhook_gets_clean_text_and_a_plain_message(web):
    assert send(hook(web), MESSAGE, "k").ok
    said = sent(web)
    assert not any(ACTING.search(text) for text in values(said))
    assert not CALLS.search(said["title"] + said["message"])
    assert "\n" not in said["title"]
    assert "\n" not in said["article"]["title"]
    assert said["article"]["url"] is None
    assert web.seen[0][1].get("Bcc") is None


def test_promise_31_ntfy_gets_plain_text_that_it_takes_for_no_markdown(web):
    assert send(hook(web, "/desk", scheme="ntfy"), MESSAGE, "k").ok
    said = sent(web)
    assert not any(ACTING.search(text) or CALLS.search(text) for text in values(said))
    assert "markdown" not in {**said, **{name.lower(): 1 for name in web.seen[0][1]}}
    assert set(said) == {"topic", "title", "message"}


def test_promise_31_slack_gets_no_mention_no_link_and_no_tag(plugins):
    plugins.say = [(200, {}, b"ok")]
    assert send(SLACK, MESSAGE, "k").ok
    for text in values(sent(plugins)):
        assert not ACTING.search(text)
        assert not CALLS.search(text)
        assert not re.search("<[^>]", text)  # every link and mention of its mark-up begins so
        assert "|" not in text


def test_promise_31_telegram_gets_the_tags_of_ours_alone(plugins):
    plugins.say = [(200, {}, b'{"ok": true}')]
    assert send(TELEGRAM, MESSAGE, "k").ok
    said = sent(plugins)
    assert said["parse_mode"] == "HTML"
    assert not ACTING.search(said["text"])
    assert not CALLS.search(said["text"])
    assert {tag for tag, _ in Tags(said["text"]).found} <= {"b", "i", "blockquote"}


def test_promise_31_a_mail_gets_no_header_no_recipient_and_no_tag_of_it(post):
    assert send(mailto(post), MESSAGE, "k").ok
    ((envelope, mail),) = post.mails
    assert envelope.rcpt_tos == ["reader@paper.example"]
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject")) == 1
    assert "\n" not in mail["Subject"]
    html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert {tag for tag, _ in Tags(html).found} <= {
        "html", "head", "meta", "body", "h1", "p", "br", "small", "blockquote", "table", "tr", "td"
    }  # fmt: skip
    assert not [attrs for _, attrs in Tags(html).found if {"onerror", "src", "href"} & set(attrs)]
    assert not ACTING.search(html + text)
    assert not re.search(r"^Bcc:", text, re.MULTILINE)


@pytest.mark.parametrize("text", HOSTILE)
def test_promise_31_no_headline_makes_a_header_of_a_mail(text):
    """The standard library takes encoded words in a subject apart, and their line breaks for its own."""
    mail = compose(channels._plugin("mailto://127.0.0.1/?from=a@b.example&to=c@d.example"), titled(text), "k")
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert read.keys() == titled_mail_keys()
    assert not re.search("[\r\n]", read["Subject"])


def titled(text):
    return replace(MESSAGE, title=text, thread="")


@cache
def titled_mail_keys():
    return compose(channels._plugin("mailto://127.0.0.1/?from=a@b.example&to=c@d.example"), titled("x"), "k").keys()


@pytest.mark.parametrize(
    "said",
    [
        b"no_service",
        b"invalid_payload",
        b'{"ok": false, "description": "Forbidden"}',
        b'{"success": false}',
        b'{"status": "error", "message": "no such room"}',
        b'{"status": 0, "errors": ["application token is invalid"]}',
        b'{"error": {"code": 5}}',
    ],
)
@pytest.mark.parametrize("scheme", ["json", "form"])
def test_a_200_with_an_error_inside_is_a_failure(web, said, scheme):
    web.say = [(200, {}, said)]
    assert send(hook(web, scheme=scheme), MESSAGE, "k").fault is channels.DeliveryFault.REFUSED


@pytest.mark.parametrize(
    "said",
    [b"", b"ok", b"thanks", b'{"ok": true}', b'{"status": 1}', b'{"error": null, "errors": []}', b"no service charge"],
)
def test_a_200_that_only_speaks_is_none(web, said):
    web.say = [(200, {}, said)]
    assert send(hook(web), MESSAGE, "k").ok
