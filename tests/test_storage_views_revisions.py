import asyncio
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.database import open_reader
from storage.model import Entry
from storage.views import get_alert, get_article, get_meeting
from storage.views_revisions import edits
from tests.seeding import NOW, Commands
from tests.test_alerts_corrections import (  # noqa: F401 (a fixture among them)
    MET,
    QUARTER,
    REST,
    URL,
    archive,
    publish,
    read_again,
)
from tests.test_web_pages import Page

LATER = "Nothing more is known of the envoy's journey so far."


@pytest.mark.parametrize(
    ("before", "after", "gone", "added"),
    [
        ("A met B. C rained.", "A met B. C rained.", (), ()),
        ("A met B. C rained.", "C rained. A  met B.", (), ()),
        ("A met B. C rained.", "A may meet B. C rained.", ("A met B.",), ("A may meet B.",)),
        ("甲会见乙。下雨了。", "下雨了。", ("甲会见乙。",), ()),
        ("One\nTwo", "One\nTwo\nThree", (), ("Three",)),
        ("All of it.", "", ("All of it.",), ()),
    ],
)
def test_an_edit_is_told_by_its_sentences(before, after, gone, added):
    assert edits(before, after) == (gone, added)


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_one_edit_takes_the_reverse_brings(before, after):
    gone, added = edits(before, after)
    assert edits(after, before) == (added, gone)
    assert edits(before, before) == ((), ())


def test_an_article_its_alert_and_its_meeting_show_what_became_of_the_sentence(archive):  # noqa: F811 (the fixture)
    publish(archive)
    read_again(archive, f"{REST} {LATER}")
    with closing(open_reader(archive.path)) as reader:
        article = get_article(reader, 1)
        assert article.text.endswith(MET)
        assert [(one.gone, one.added, one.is_retitled) for one in article.revisions] == [((MET,), (LATER,), False)]
        assert article.claims[0].withdrawn_at > NOW
        assert get_alert(reader, 1).revisions == article.revisions
        meeting = get_meeting(reader, 1)
        assert (meeting.reports, [step.change for step in meeting.history]) == ((), ["held", "corrected"])


def test_show_and_explain_print_the_edits_and_their_json_has_them(archive, capsys):  # noqa: F811 (the fixture)
    publish(archive)
    archive.poll("Ruritania Today", [Entry(URL, URL, "Envoy awaited", published_at=NOW)], at=NOW + QUARTER)
    read_again(archive, f"{REST} {LATER}")
    cli = Commands(archive, capsys)
    for arguments in (("explain", "1"), ("alerts", "show", "1")):
        out = cli(*arguments).out
        assert "new title and text" in out
        assert all(line in out for line in ("- Envoy received", "+ Envoy awaited", f"- {MET}", f"+ {LATER}"))
    (revision,) = cli.json("alerts", "show", "1")["revisions"]
    assert (revision["title"], revision["text"], revision["gone"]) == ("Envoy awaited", f"{REST} {LATER}", [MET])
    assert cli.json("explain", "1")["explanation"]["article"]["revisions"] == [revision]
    assert "gone from the article" in cli("meetings", "show", "1").out


def test_the_articles_page_shows_the_text_as_quoted_and_what_changed_since(archive):  # noqa: F811 (the fixture)
    publish(archive)
    archive.poll("Ruritania Today", [Entry(URL, URL, "Envoy <b>awaited", published_at=NOW)], at=NOW + QUARTER)
    read_again(archive, f"{REST} {LATER}")
    page = Page(archive.path)
    html = asyncio.run(page.get("/articles/1")).text
    assert f"<del>{MET}</del>" in html
    assert ">Envoy &lt;b&gt;awaited</ins>" in html
    assert "gone from the article" in html
    assert "How its article changed since" in asyncio.run(page.get("/alerts/1")).text
