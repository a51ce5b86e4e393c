import json
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alerts.digest import digest_message, render_digest
from alerts.digest_data import (
    AlertLine,
    ArticleLine,
    ChangeLine,
    Counts,
    DigestData,
    ExpectedLine,
    MeetingLines,
    UnseenSource,
    WatchLines,
)
from alerts.layout import WIDTH, Paper, Row, Section, columns, fragment, markdown, page, text
from config.vocabulary import Level, Status
from storage.model import AlertKind, Change, FaultKind

NOW = datetime(2023, 5, 17, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)
COUNTS = Counts(sources=40, read=39, polls=1200, failed_polls=12, entries=3400, articles=160, copies=1)
MEETING = MeetingLines(
    key="m1",
    participants=("Li Hui", "Volodymyr Zelensky"),
    level=Level.LEADER,
    status=Status.HELD,
    date=date(2023, 5, 16),
    place="Kyiv",
    changes=(
        ChangeLine(NOW - DAY / 2, Change.SCHEDULED, None, Status.SCHEDULED, "The envoy is to be received.", "en", "A"),
        ChangeLine(
            NOW - DAY / 4,
            Change.HELD,
            Status.SCHEDULED,
            Status.HELD,
            "Гостя прийняли.",
            "uk",
            "B",
            "https://b.example/1",
        ),
        ChangeLine(
            NOW - DAY / 8, Change.CONFIRMED, Status.HELD, Status.HELD, "Отримали.", "uk", "C", "https://c.example/"
        ),
    ),
    reports=3,
    confirmed=True,
)
FULL = DigestData(
    name="Morning",
    since=NOW - DAY,
    until=NOW,
    counts=COUNTS,
    meetings=(MEETING,),
    alerts=(
        AlertLine(1, AlertKind.MEETING, "They met", NOW - DAY / 4, "Audience", "B", "https://b.example/1", "right"),
    ),
    watches=(
        WatchLines("Envoy", (ArticleLine("Headline", "https://d.example/", "D", "en", NOW - DAY / 3, ("E", "F")),), 2),
        WatchLines("Grain"),
    ),
    expected=(ExpectedLine("Putin receives Li Hui", NOW - DAY / 5, "by 17 May"),),
    unseen=(
        UnseenSource("Kremlin", wholly=True, fault=FaultKind.TIMEOUT, since=NOW - DAY, detail="30 s", official=True),
        UnseenSource("Gazette", wholly=False, fault=FaultKind.SERVER, failed_polls=3),
        UnseenSource("Herald", wholly=True, paused=True),
        UnseenSource("Courier", wholly=True),
    ),
)
QUIET = DigestData("Morning", NOW - DAY, NOW, COUNTS, watches=(WatchLines("Envoy"), WatchLines("Grain")))


def test_the_text_says_it_all_changes_first():
    assert render_digest(FULL, "text") == (
        "Morning: 16 May 2023 07:30 UTC to 17 May 2023 07:30 UTC\n"
        "=======================================================\n"
        "\n"
        "1 meeting changed, 1 expected meeting did not come, 1 alert, 3 articles\n"
        "found, 3 sources not readable. 39 of 40 sources could be read: 1,200\n"
        "polls, 12 failed polls, 3,400 new entries, 160 articles, 1 copy.\n"
        "\n"
        "What changed\n"
        "------------\n"
        "\n"
        "* Li Hui and Volodymyr Zelensky met, Kyiv, 16 May 2023 (leader level)\n"
        "  16 May 2023 19:30 UTC: scheduled (A)\n"
        "  17 May 2023 01:30 UTC: scheduled → held (B)\n"
        "  17 May 2023 04:30 UTC: held, confirmed by an official source (C)\n"
        "  Reported by 3 sources; confirmed by an official source\n"
        "  “Отримали.”\n"
        "  https://c.example/\n"
        "\n"
        "Expected, and did not come\n"
        "--------------------------\n"
        "\n"
        "* Putin receives Li Hui\n"
        "  17 May 2023 02:42 UTC: unknown, these official sources could not be\n"
        "  read: Kremlin\n"
        "  by 17 May\n"
        "\n"
        "Alerts\n"
        "------\n"
        "\n"
        "* They met\n"
        "  17 May 2023 01:30 UTC · Audience · B · reviewed: right\n"
        "  https://b.example/1\n"
        "\n"
        "Watch: Envoy\n"
        "------------\n"
        "\n"
        "And 2 more articles.\n"
        "\n"
        "* Headline\n"
        "  D · en · 16 May 2023 23:30 UTC\n"
        "  2 copies: E, F\n"
        "  https://d.example/\n"
        "\n"
        "Quiet watches\n"
        "-------------\n"
        "\n"
        "Grain\n"
        "\n"
        "What could not be seen\n"
        "----------------------\n"
        "\n"
        "* Kremlin (official)\n"
        "  not read since 16 May 2023 07:30 UTC: it took too long to answer\n"
        "  30 s\n"
        "\n"
        "* Gazette\n"
        "  read in part: its server has an error; 3 failed polls\n"
        "\n"
        "* Herald\n"
        "  not read: paused\n"
        "\n"
        "* Courier\n"
        "  not read: not asked in this time\n"
    )


def test_a_digest_survives_json_both_ways():
    assert DigestData.from_json(FULL.to_json()) == FULL
    assert DigestData.from_json(render_digest(FULL, "json")) == FULL
    assert json.loads(FULL.to_json()) == FULL.to_data()
    with pytest.raises(ValueError, match="digest"):
        DigestData.from_json('{"digest": 1}')


def test_promise_42_quiet_is_said_only_beside_what_was_read():
    said = " ".join(render_digest(QUIET, "text").split())
    assert "All quiet: nothing changed" in said
    assert "39 of 40 sources could be read" in said
    assert "1 of 40 sources had no good poll in this time." in said


def test_quiet_is_not_said_when_an_official_source_was_dark():
    unseen = (UnseenSource("Kremlin", wholly=True, fault=FaultKind.NAME, official=True),)
    said = render_digest(DigestData("M", NOW - DAY, NOW, COUNTS, unseen=unseen), "text")
    assert "quiet" not in said.lower()
    lead = "Nothing was found in what could be read; these official sources could not be: Kremlin."
    assert lead in " ".join(said.split())
    assert "Kremlin" in said


def test_promise_42_with_nothing_read_the_answer_is_unknown():
    blind = DigestData("M", NOW - DAY, NOW, Counts(sources=3), expected=(ExpectedLine("X", NOW),))
    assert "unknown, no source could be read" in render_digest(blind, "text")
    empty = DigestData("M", NOW - DAY, NOW, Counts(sources=3))
    assert "Unknown: no source could be read" in render_digest(empty, "text")
    assert digest_message(empty, "k").title == "M: unknown, nothing could be read"


def test_an_expectation_is_said_not_reported_only_when_official_sources_were_read():
    seen = DigestData("M", NOW - DAY, NOW, COUNTS, expected=(ExpectedLine("X", NOW),))
    assert "not reported in the 39 of 40 sources read" in render_digest(seen, "text")


def test_all_sources_read_and_no_source_at_all_are_said_so():
    assert "Every source could be read." in render_digest(DigestData("M", NOW, NOW, Counts(2, 2)), "text")
    assert "No source is configured." in render_digest(DigestData("M", NOW, NOW), "text")


def test_the_message_carries_its_key_the_data_and_one_thread_by_name():
    message = digest_message(FULL, "k9")
    assert message.title == (
        "Morning: 1 meeting changed, 1 expected meeting did not come, 1 alert, 3 articles found, 3 sources not readable"
    )
    assert message.payload == {"id": "k9", "schema": "envoywatch/digest/1", "digest": FULL.to_data()}
    assert message.thread == "digest Morning"
    assert message.text.startswith("1 meeting changed")
    assert message.markdown.startswith("1 meeting changed")


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.open, self.found = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in {"br", "meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_html_is_balanced_has_tables_and_asks_nothing_of_other_origins():
    read = Page(render_digest(FULL, "html"))
    assert not read.open
    assert {tag for tag, _ in read.found} >= {"table", "tr", "td", "h1", "h2"}
    loading = {"src", "background", "srcset", "poster", "data", "action"}
    assert not loading & {name for _, attrs in read.found for name in attrs}
    assert not {"link", "script", "img", "iframe", "style"} & {tag for tag, _ in read.found}
    assert all("rel" in attrs for tag, attrs in read.found if tag == "a")


def test_the_html_has_no_colour_that_a_dark_ground_would_hide():
    styles = " ".join(attrs.get("style", "") for _, attrs in Page(render_digest(FULL, "html")).found)
    assert not re.search(r"(?<!-)color|background", styles)


def test_markdown_is_headings_and_lists():
    kinds = {token.type for token in MarkdownIt("commonmark").parse(render_digest(FULL, "markdown"))}
    assert {"heading_open", "bullet_list_open", "paragraph_open"} <= kinds
    assert not {"code_block", "fence", "html_block", "blockquote_open", "ordered_list_open"} & kinds


# ---------------------------------------------------------------- the layout with any text

TRICKS = [
    "<script>x</script>",
    "| a | b |",
    "\n# x",
    "- x",
    "***",
    "\x1b[1m",
    "会" * 60,
    "]] > '\"",
    "1) a",
    "@here <!x>",
]
hostile = st.text(max_size=80) | st.sampled_from(TRICKS)
rows = st.builds(Row, hostile, st.none() | hostile, st.lists(hostile, max_size=2).map(tuple), hostile, hostile)
sections = st.builds(Section, hostile, st.lists(rows, max_size=2).map(tuple), hostile)
papers = st.builds(Paper, hostile, hostile, st.lists(sections, max_size=3).map(tuple))


@settings(max_examples=40)
@given(papers)
def test_no_text_lays_out_anything_in_html(paper):
    read = Page(page(paper))
    assert {tag for tag, _ in read.found} <= {
        *("html", "head", "meta", "title", "body", "h1", "h2", "p", "table", "tr", "td", "b", "i", "br", "a")
    }
    assert fragment(paper) in page(paper)


@settings(max_examples=40)
@given(papers)
def test_no_text_lays_out_anything_in_markdown(paper):
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(paper))
    assert not {"html_block", "fence", "code_block", "hr", "table_open", "blockquote_open", "ordered_list_open"} & {
        token.type for token in tokens
    }
    inline = {child.type for token in tokens for child in token.children or ()}
    assert not {"html_inline", "image", "code_inline", "em_open"} & inline


@settings(max_examples=40)
@given(papers)
def test_text_is_never_wider_than_its_columns_but_for_a_single_word(paper):
    for line in text(paper).splitlines():
        assert columns(line) <= WIDTH or " " not in line.strip().removeprefix("* ")


def test_wide_characters_count_two_columns_and_break_anywhere():
    made = text(Paper("t", "会谈" * 40, ()), titled=False)
    assert [columns(line) for line in made.splitlines()] == [72, 72, 16]


def test_a_bare_paper_has_no_sections_and_no_title():
    paper = Paper("title", "lead", ())
    assert text(paper, titled=False) == "lead\n"
    assert markdown(paper, titled=False) == "lead\n"
    assert markdown(paper) == "# title\n\nlead\n"
