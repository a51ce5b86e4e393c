from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.digest import render_digest
from alerts.digest_data import ChangeLine, DigestData, ExpectedLine
from alerts.digest_facts import digest_data
from config.vocabulary import Level, Role, Status, Urgency
from storage.model import AlertKind, Change, FaultKind, Field, Meeting, Span, TextOrigin
from storage.views import (
    AlertLine,
    ArticleLine,
    ClaimView,
    DigestFacts,
    Evidence,
    HistoryStep,
    MatchedArticle,
    MeetingChanges,
    Sight,
    UnseenCause,
    UnseenSource,
    WatchMatches,
)

NOW = datetime(2023, 5, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ARTICLE = ArticleLine(
    1, "https://a.example/1", "Headline", "uk", "Dnipro Wire", "UA", Role.MEDIA, NOW, NOW, TextOrigin.PAGE, None
)
COPY = replace(ARTICLE, id=2, url="https://b.example/1", source="Courier", copy_of=1)
MEETING = Meeting("m1", ("A", "B"), Level.LEADER, Status.HELD, None, "Kyiv", NOW, NOW, 2, disputed=True)
CLAIM = ClaimView(
    1, 1, ("A", "B"), Level.LEADER, Status.HELD, None, None, Span(Field.TEXT, 0, 8), Evidence("Прийняв.", "uk"), (),
    "r", 1.0, NOW, ARTICLE,
)  # fmt: skip


def alert(kind, article=None, review=None):
    return AlertLine(
        7, "k", kind, "They met", NOW, "Audience", None, None, None, None, "in detail", Urgency.NORMAL, review, None,
        article, None,
    )  # fmt: skip


FACTS = DigestFacts(
    since=NOW - DAY,
    until=NOW,
    changes=(
        MeetingChanges(
            MEETING,
            (
                HistoryStep(Change.HELD, Status.SCHEDULED, Status.HELD, NOW, CLAIM),
                HistoryStep(Change.OVERDUE, None, Status.HELD, NOW, None),
            ),
        ),
    ),
    alerts=(alert(AlertKind.MEETING, ARTICLE, "right"), alert(AlertKind.MATCH)),
    overdue=(alert(AlertKind.OVERDUE),),
    matches=(WatchMatches("Envoy", (MatchedArticle(ARTICLE, Evidence("Headline"), (COPY,)),)),),
    sight=Sight(
        sources=3,
        read=2,
        causes=(
            UnseenCause((UnseenSource("Palace", True, False, FaultKind.NAME, None, NOW, None, 4),), 1, 4),
            UnseenCause((UnseenSource("Gazette", False, False, None, "gone", None, NOW, 1),), 1, 1),
        ),
    ),
    articles_read=12,
)
DATA = digest_data("Morning", FACTS, ["Grain", "Envoy"], {"Palace"})


def test_sources_are_counted_as_they_could_be_seen():
    assert (DATA.counts.sources, DATA.counts.read, DATA.counts.failed_polls, DATA.counts.articles) == (3, 2, 5, 12)


def test_a_change_keeps_its_sentence_and_source_and_a_clock_has_none():
    (meeting,) = DATA.meetings
    assert meeting.changes == (
        ChangeLine(
            NOW, Change.HELD, Status.SCHEDULED, Status.HELD, "Прийняв.", "uk", "Dnipro Wire", "https://a.example/1"
        ),
        ChangeLine(NOW, Change.OVERDUE, None, Status.HELD),
    )
    assert (meeting.reports, meeting.disputed, meeting.place) == (2, True, "Kyiv")


def test_alerts_keep_their_review_and_what_did_not_come_stands_apart():
    assert [(line.source, line.review) for line in DATA.alerts] == [("Dnipro Wire", "right"), ("", None)]
    assert DATA.expected == (ExpectedLine("They met", NOW, "in detail"),)


def test_what_did_not_come_is_told_once_however_many_watches_wait():
    line = alert(AlertKind.OVERDUE)
    facts = replace(FACTS, overdue=(line, replace(line, id=8, watch="Another")))
    assert len(digest_data("Morning", facts).expected) == 1


def test_quiet_watches_are_named_and_copies_folded():
    assert [(watch.watch, len(watch.articles)) for watch in DATA.watches] == [("Grain", 0), ("Envoy", 1)]
    assert DATA.watches[1].articles[0].copies == ("Courier",)


def test_what_was_not_seen_says_whether_it_is_official():
    assert [(source.name, source.official, source.wholly) for source in DATA.unseen] == [
        ("Palace", True, True),
        ("Gazette", False, False),
    ]


def test_a_watch_that_left_the_configuration_is_still_told():
    assert [watch.watch for watch in digest_data("Morning", FACTS).watches] == ["Envoy"]


def test_a_story_is_told_once_with_who_tells_it_and_how_many_are_independent():
    told = MatchedArticle(ARTICLE, Evidence("Headline"), (), (replace(ARTICLE, id=3, source="Post"),), 5, 3)
    data = digest_data("Morning", replace(FACTS, matches=(WatchMatches("Envoy", (told,)),)), ["Envoy"])
    (line,) = data.watches[0].articles
    assert (line.others, line.sources, line.independent) == (("Post: Headline",), 5, 3)
    text = " ".join(render_digest(data, "text").split())
    assert "The story is told by 5 sources, 3 of them independent" in text
    assert "Also: Post: Headline" in text
    assert "2 articles found" in text
    assert DigestData.from_json(data.to_json()) == data
