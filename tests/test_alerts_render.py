import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from alerts import words
from alerts.render import AlertFacts, render_alert
from config.vocabulary import Level, Role, Status, Urgency
from storage.model import Alert, AlertKind, Change

NOW = datetime(2023, 5, 17, 10, 4, 5, tzinfo=UTC)
ALERT = Alert(
    key="meeting:m1:held",
    kind=AlertKind.MEETING,
    title="Li Hui and Volodymyr Zelensky met",
    created_at=NOW,
    watch="Audience with a leader",
    change=Change.HELD,
    meeting_key="m1",
    evidence="Президент прийняв спецпредставника Лі Хуея.",
)
FACTS = AlertFacts(
    alert=ALERT,
    key="k1",
    article_title="Президент прийняв гостя",
    url="https://news.example/1",
    source="Dnipro Wire",
    country="UA",
    role=Role.OFFICIAL,
    language="uk",
    published_at=datetime(2023, 5, 17, 10, 1, tzinfo=UTC),
    seen_at=NOW,
    participants=("Li Hui", "Volodymyr Zelensky"),
    level=Level.LEADER,
    status=Status.HELD,
    place="Kyiv",
    date=date(2023, 5, 17),
    reports=3,
    originators=("Dnipro Wire", "TASS"),
    confirmed=True,
)


def test_the_title_says_who_whom_where_when_and_at_which_level():
    assert render_alert(FACTS).title == "Li Hui and Volodymyr Zelensky met, Kyiv, 17 May 2023 (leader level)"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.UNDER_WAY, "A and B are meeting"),
        (Status.SCHEDULED, "A and B are to meet"),
        (Status.PROPOSED, "A meeting of A and B is proposed"),
        (Status.UNDECIDED, "A meeting of A and B is undecided"),
        (Status.REFUSED, "A meeting of A and B is refused"),
        (Status.CANCELLED, "A meeting of A and B is called off"),
        (Status.DENIED, "A meeting of A and B is denied"),
        (Status.REMOTE, "A and B spoke remotely"),
        (Status.BACKGROUND, "An earlier meeting of A and B is mentioned"),
    ],
)
def test_no_status_reads_like_a_meeting_that_was_held(status, said):
    facts = AlertFacts(ALERT, "k", participants=("A", "B"), status=status)
    assert render_alert(facts).title == said


def test_three_people_a_dispute_and_unknown_place_read_as_a_sentence():
    facts = replace(FACTS, participants=("A", "B", "C"), place=None, date=None, disputed=True, level=None)
    assert render_alert(facts).title == "Disputed: A, B and C met"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"change": Change.CONFIRMED}, "Confirmed by UA: "),
        ({"change": Change.CONFIRMED_BY_BOTH}, "Confirmed by both sides: "),
        ({"change": Change.UPGRADED}, "Of a higher level: "),
        ({"detail": words.MISSED}, "After all: "),
        ({}, ""),
    ],
)
def test_no_two_messages_of_a_thread_bear_one_subject(changes, said):
    facts = replace(FACTS, alert=replace(ALERT, **changes), confirmed_by=("UA",))
    assert render_alert(facts).title == f"{said}Li Hui and Volodymyr Zelensky met, Kyiv, 17 May 2023 (leader level)"


def test_of_a_plan_nobody_says_that_it_is_not_confirmed_and_of_what_nobody_reports_that_it_is_planned():
    plan = replace(FACTS, status=Status.SCHEDULED, confirmed=False)
    assert "confirmed" not in render_alert(plan).text
    assert "not confirmed by an official source" in render_alert(replace(plan, status=Status.HELD)).text
    assert words.meeting(Status.UNDECIDED, ("A", "B"), 0) == "A meeting of A and B is not reported"


def test_an_alert_that_is_no_meeting_keeps_its_own_title():
    alert = replace(ALERT, kind=AlertKind.OVERDUE, title="Nobody came")
    assert render_alert(replace(FACTS, alert=alert)).title == "Nobody came"
    assert render_alert(AlertFacts(replace(ALERT, title="Found"), "k")).title == "Found"


def test_the_text_is_complete():
    assert render_alert(FACTS).text == (
        "Status: held · reported by 3 sources, 2 independent: Dnipro Wire, TASS · confirmed by an official source\n"
        "\n"
        "“Президент прийняв спецпредставника Лі Хуея.”\n"
        "\n"
        "Президент прийняв гостя\n"
        "Dnipro Wire (official, UA, uk)\n"
        "https://news.example/1\n"
        "Published 17 May 2023 10:01 UTC, seen 17 May 2023 10:04 UTC\n"
        "\n"
        "Watch: Audience with a leader · Alert of 17 May 2023 10:04 UTC\n"
    )


def test_a_change_that_is_not_the_status_is_told_beside_it():
    facts = replace(FACTS, alert=replace(ALERT, change=Change.CONFIRMED), disputed=True, reports=1)
    assert render_alert(facts).text.startswith(
        "Status: held · change: confirmed by an official source · reported by 1 source"
        " · confirmed by an official source · disputed\n"
    )


def test_an_alert_about_nothing_stored_is_still_a_message():
    message = render_alert(AlertFacts(Alert("t", AlertKind.TEST, "A test", NOW), "k"))
    assert (message.title, message.text) == ("A test", "Alert of 17 May 2023 10:04 UTC\n")
    assert message.payload["meeting"] is None
    assert message.payload["article"] is None
    assert message.payload["evidence"] is None


def test_the_payload_is_the_documented_json():
    assert json.loads(json.dumps(render_alert(FACTS).payload)) == {
        "id": "k1",
        "schema": "envoywatch/alert/1",
        "alert": {
            "key": "meeting:m1:held",
            "kind": "meeting",
            "title": "Li Hui and Volodymyr Zelensky met",
            "created_at": "2023-05-17T10:04:05.000000Z",
            "watch": "Audience with a leader",
            "change": "held",
            "urgency": "normal",
            "detail": "",
        },
        "meeting": {
            "key": "m1",
            "participants": ["Li Hui", "Volodymyr Zelensky"],
            "level": "leader",
            "status": "held",
            "date": "2023-05-17",
            "place": "Kyiv",
            "reports": 3,
            "originators": ["Dnipro Wire", "TASS"],
            "confirmed_by": [],
            "confirmed": True,
            "disputed": False,
        },
        "article": {
            "title": "Президент прийняв гостя",
            "url": "https://news.example/1",
            "source": "Dnipro Wire",
            "country": "UA",
            "role": "official",
            "language": "uk",
            "published_at": "2023-05-17T10:01:00.000000Z",
            "seen_at": "2023-05-17T10:04:05.000000Z",
        },
        "evidence": {"text": "Президент прийняв спецпредставника Лі Хуея.", "language": "uk"},
    }


def test_messages_about_one_meeting_share_a_thread():
    assert render_alert(FACTS).thread == "m1"


def test_place_and_date_of_the_alert_stand_in_for_missing_facts():
    alert = replace(ALERT, place="Warsaw", date=date(2023, 5, 19), urgency=Urgency.HIGH)
    message = render_alert(replace(FACTS, alert=alert, place=None, date=None))
    assert "Warsaw, 19 May 2023" in message.title
    assert message.payload["meeting"]["place"] == "Warsaw"


HOSTILE = '<b onclick="x">\x1b[31m@everyone <!channel> [a](javascript:x) \u202e*b* `c`\r\nBcc: x@y.z</b>'


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def hostile_facts():
    alert = replace(ALERT, title=HOSTILE, evidence=HOSTILE, watch=HOSTILE, detail=HOSTILE)
    return replace(
        FACTS,
        alert=alert,
        article_title=HOSTILE,
        url="javascript:alert(1)",
        source=HOSTILE,
        country=HOSTILE,
        language=HOSTILE,
        place=HOSTILE,
        participants=(HOSTILE, "B"),
    )


def test_hostile_facts_are_harmless_in_every_form():
    message = render_alert(hostile_facts())
    for form in (message.title, message.text, message.html, message.markdown):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", form)
        assert "@everyone" not in form
        assert "<!" not in form
    assert "\n" not in message.title
    assert not re.search(r"^Bcc:", message.text, re.MULTILINE)
    assert {tag for tag, _ in Elements(message.html).found} <= {"p", "br", "small", "blockquote"}
    assert not re.search(r"(?<!\\)[<`*\[]", message.markdown)


def test_links_are_marked_as_not_ours():
    found = dict(Elements(render_alert(FACTS).html).found)
    assert found["a"] == {"href": "https://news.example/1", "rel": "noopener noreferrer nofollow"}


def test_an_article_without_a_title_is_linked_by_its_address():
    message = render_alert(replace(FACTS, article_title=""))
    assert "[https://news.example/1](<https://news.example/1>)" in message.markdown


def test_endless_evidence_is_cut():
    message = render_alert(replace(FACTS, alert=replace(ALERT, evidence="слово " * 5000)))
    assert len(message.text) < 2500
    assert "…" in message.text
