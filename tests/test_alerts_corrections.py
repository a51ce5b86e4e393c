from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from alerts.corrections import TAKEN_DOWN, amend
from config.vocabulary import Status
from storage.model import Entry, Field, Match, Reading, Span, Text, TextOrigin
from storage.rereads import lease_rereads
from storage.revisions import record_reread
from tests.seeding import NOW, Archive, claim_of

URL = "https://today.example/a1"
MET = "Arda Lin met President Boris Vale in Zenda on Wednesday."
MAY = "Arda Lin may meet President Boris Vale in Zenda, an aide said."
DENIED = "The palace denied that President Boris Vale had met Arda Lin."
REST = "Diplomacy moved on in the capital this week. Ships sailed and ministers spoke of grain, of trade and of rain."
QUARTER = timedelta(minutes=15)


@pytest.fixture
def archive(tmp_path):
    archive = Archive(tmp_path)
    archive.poll("Ruritania Today", [Entry("https://today.example/a0", "0", "Old news")], at=NOW - timedelta(hours=1))
    archive.poll("Ministry", [Entry("https://ministry.example/a0", "0", "Old news")], at=NOW - timedelta(hours=1))
    archive.db.execute("UPDATE entries SET state = 'failed'")
    with closing(archive):
        yield archive


def publish(archive, sentence=MET, *, source="Ruritania Today", url=URL, status=Status.HELD, at=NOW, matches=()):
    text = f"{REST} {sentence}"
    said = [claim_of(text, sentence, status)] if sentence else []
    return archive.article(source, url, "Envoy received", text, at=at, claims=said, matches=matches)


def read_again(archive, text, claims=(), *, at=NOW + QUARTER, matches=(), **told):
    """What the re-reading stage does once the page is read."""
    reread = lease_rereads(archive.db, at, 10, timedelta(minutes=1))[0]
    pending = reread.pending
    found = {"title": pending.entry.title, "text": text, "language": "en", "origin": TextOrigin.PAGE} | told
    reading = Reading(
        entry_id=0,
        source_id=pending.source_id,
        source=pending.spec.name,
        country=None,
        role=pending.spec.role,
        url=pending.article_url,
        text=Text(**found),
        text_hash="",
        seen_at=pending.seen_at,
        first_poll=False,
        claims=tuple(claims),
        matches=tuple(matches),
    )
    decide = partial(amend, rules=archive.rules, now=at)
    return record_reread(archive.db, reread, reading, decide, at)


def rows(archive, sql):
    return archive.db.execute(sql).fetchall()


def ledger(archive):
    return rows(archive, "SELECT status, reports, confirmed FROM meetings")


def history(archive):
    return rows(archive, "SELECT change, before, after FROM status_changes ORDER BY id")


def reasons(archive):
    return {(row[0], row[1]) for row in rows(archive, "SELECT verdict, reason FROM decisions")}


def test_a_sentence_that_stands_changes_nothing(archive):
    publish(archive)
    assert not read_again(archive, f"{REST} {MET}").alert_ids
    assert (ledger(archive), rows(archive, "SELECT * FROM revisions")) == ([("held", 1, 0)], [])
    assert history(archive) == [("held", None, "held")]


def test_a_sentence_that_is_gone_reopens_the_meeting_and_follows_the_alert_up(archive):
    first = publish(archive)
    recorded = read_again(archive, f"{REST} Nothing more is known of the envoy's journey so far.")
    assert recorded.alert_titles == ("Corrected: Arda Lin and Boris Vale: no longer reported as held",)
    assert ledger(archive) == [("undecided", 0, 0)]
    assert history(archive)[1:] == [("corrected", "held", "undecided")]
    assert ("alert", "corrected") in reasons(archive)
    alert = rows(archive, "SELECT change, meeting_id, evidence, detail, article_id, urgency FROM alerts ORDER BY id")[1]
    assert alert[:3] == ("corrected", 1, MET)
    assert "no other source reports" in alert[3]
    assert alert[4:] == (first, "high")
    assert rows(archive, "SELECT count(*) FROM deliveries WHERE alert_id = 2 AND channel = 'desk'") == [(1,)]
    assert rows(archive, "SELECT count(*) FROM claims WHERE withdrawn_at IS NOT NULL") == [(1,)]
    assert len(rows(archive, "SELECT * FROM revisions")) == 1


def test_what_others_report_still_stands_and_nobody_is_told(archive):
    publish(archive)
    publish(archive, source="Ministry", url="https://ministry.example/1", at=NOW + timedelta(minutes=1))
    assert not read_again(archive, f"{REST} Nothing more is known of the envoy's journey.").alert_ids
    assert ledger(archive) == [("held", 1, 1)]
    assert history(archive)[-1] == ("corrected", "held", "held")
    assert ("quiet", "still-reported") in reasons(archive)


def test_an_official_confirmation_that_is_taken_back_confirms_no_more(archive):
    publish(archive)
    publish(archive, source="Ministry", url="https://ministry.example/1", at=NOW + timedelta(minutes=1))
    archive.db.execute("DELETE FROM rereads WHERE article_id = 1")
    archive.db.execute("INSERT OR REPLACE INTO rereads (article_id, due_at) VALUES (2, ?)", [f"{NOW:%Y-%m-%d}"])
    read_again(archive, f"{REST} Nothing more is known of the envoy's journey.")
    assert ledger(archive) == [("held", 1, 0)]


def test_an_edit_that_says_less_puts_the_lesser_status_in_its_place(archive):
    publish(archive)
    text = f"{REST} {MAY}"
    recorded = read_again(archive, text, [claim_of(text, MAY, Status.PROPOSED, day=None)])
    assert [title[:9] for title in recorded.alert_titles] == ["Corrected"]
    assert history(archive)[1] == ("corrected", "held", "undecided")
    claims = rows(archive, "SELECT status, revision_id, withdrawn_at IS NULL FROM claims ORDER BY id")
    assert claims == [("held", None, 0), ("proposed", 1, 1)]


def test_a_denial_in_place_of_the_report_is_the_meetings_new_status(archive):
    publish(archive)
    text = f"{REST} {DENIED}"
    read_again(archive, text, [claim_of(text, DENIED, Status.DENIED, day=None)])
    assert ledger(archive) == [("denied", 1, 0)]
    assert "the meeting is now denied by 1 source" in rows(archive, "SELECT detail FROM alerts WHERE id = 2")[0][0]


def test_what_was_taken_back_is_news_when_it_is_told_again(archive):
    publish(archive)
    read_again(archive, f"{REST} Nothing more is known of the envoy's journey so far.")
    publish(archive, source="Ministry", url="https://ministry.example/1", at=NOW + timedelta(hours=2))
    assert ledger(archive) == [("held", 1, 1)]
    assert [row[0] for row in rows(archive, "SELECT change FROM alerts ORDER BY id")] == ["held", "corrected", "held"]


def test_a_reworded_sentence_that_says_the_same_is_quiet(archive):
    publish(archive)
    other = "President Boris Vale and Arda Lin met in Zenda on Wednesday afternoon."
    text = f"{REST} {other}"
    assert not read_again(archive, text, [claim_of(text, other)]).alert_ids
    assert ledger(archive) == [("held", 1, 0)]
    assert ("quiet", "reworded") in reasons(archive)
    assert len(rows(archive, "SELECT * FROM claims")) == 1


def test_a_page_that_lost_most_of_its_text_is_read_once_more_before_anything_is_concluded(archive):
    publish(archive)
    assert not read_again(archive, "Sorry.").alert_ids
    assert (ledger(archive), rows(archive, "SELECT * FROM revisions")) == ([("held", 1, 0)], [])
    assert read_again(archive, "Sorry.", at=NOW + 2 * QUARTER).alert_ids
    assert ledger(archive) == [("undecided", 0, 0)]


def test_a_page_that_is_taken_down_takes_its_report_with_it_at_the_second_look(archive):
    publish(archive)
    gone = {"reason": TAKEN_DOWN, "language": None}
    assert not read_again(archive, "", **gone).alert_ids
    assert read_again(archive, "", at=NOW + 2 * QUARTER, **gone).alert_ids


@pytest.mark.parametrize(
    "told",
    [
        {"origin": TextOrigin.FEED, "reason": "the page asks to sign in"},
        {"reason": "the page shows a part only, the rest is for subscribers"},
    ],
)
def test_what_cannot_be_read_this_time_takes_nothing_back(archive, told):
    publish(archive)
    for look in (1, 4, 24):
        assert not read_again(archive, "A teaser.", at=NOW + look * QUARTER, **told).alert_ids
    assert (ledger(archive), rows(archive, "SELECT * FROM revisions")) == ([("held", 1, 0)], [])


def test_an_edit_that_brings_the_report_alerts_as_any_first_report(archive):
    publish(archive, MAY, status=Status.PROPOSED)
    assert rows(archive, "SELECT * FROM rereads") == []
    archive.poll("Ruritania Today", [Entry(URL, URL, "Envoy received at last", published_at=NOW)], at=NOW + QUARTER)
    text = f"{REST} {MET}"
    assert read_again(archive, text, [claim_of(text, MET)]).alert_titles
    assert ledger(archive)[0][0] == "held"
    assert rows(archive, "SELECT title, text FROM revisions") == [("Envoy received at last", text)]
    assert rows(archive, "SELECT title FROM articles") == [("Envoy received",)]
    assert [row[0] is None for row in rows(archive, "SELECT alerted_at FROM rereads")] == [False]


def test_a_changed_headline_alone_is_a_revision_without_text_and_no_article(archive):
    publish(archive, "")
    archive.poll("Ruritania Today", [Entry(URL, URL, "Another headline", published_at=NOW)], at=NOW + QUARTER)
    read_again(archive, f"{REST} ")
    assert rows(archive, "SELECT title, text FROM revisions") == [("Another headline", None)]
    assert rows(archive, "SELECT count(*) FROM articles") == [(1,)]
    assert rows(archive, "SELECT * FROM rereads") == []


def test_a_headline_that_the_page_changed_is_a_revision_too(archive):
    publish(archive, MET)
    archive.db.execute("UPDATE articles SET page_title = 'Own headline'")
    read_again(archive, f"{REST} {MET}", title="New own headline", page_title="New own headline")
    assert rows(archive, "SELECT title, text FROM revisions") == [("New own headline", None)]


def test_where_the_page_cannot_be_had_the_feeds_new_headline_counts_and_its_teaser_does_not(archive):
    publish(archive, MET)
    title = "Boris Vale did not meet Arda Lin"
    archive.poll("Ruritania Today", [Entry(URL, URL, title, published_at=NOW)], at=NOW + QUARTER)
    span = Span(Field.TITLE, 0, len(title))
    denied = replace(claim_of(title, title, Status.DENIED), span=span)
    read_again(archive, "A teaser.", [denied, claim_of("A teaser.", "A teaser.")], origin=TextOrigin.FEED, reason="404")
    assert rows(archive, "SELECT disputed FROM meetings") == [(1,)]
    assert len(rows(archive, "SELECT * FROM claims")) == 2


def test_a_watch_that_an_edit_meets_for_the_first_time_alerts_once(archive):
    publish(archive, "")
    archive.poll("Ruritania Today", [Entry(URL, URL, "Talks of Arda Lin", published_at=NOW)], at=NOW + QUARTER)
    met = [Match("Envoy", (Span(Field.TITLE, 0, 5),))]
    assert read_again(archive, f"{REST} ", matches=met, title="Talks of Arda Lin").alert_ids
    assert rows(archive, "SELECT watch, revision_id FROM matches") == [("Envoy", 1)]
    archive.poll("Ruritania Today", [Entry(URL, URL, "Talks with Arda Lin", published_at=NOW)], at=NOW + 4 * QUARTER)
    later = NOW + 8 * QUARTER
    assert not read_again(archive, f"{REST} ", matches=met, title="Talks with Arda Lin", at=later).alert_ids


def test_a_watch_that_is_gone_tells_nobody_and_says_so(archive):
    publish(archive)
    archive.rules = replace(archive.rules, watches=())
    assert not read_again(archive, f"{REST} Nothing more is known of the envoy's journey so far.").alert_ids
    assert ("quiet", "no-channel") in reasons(archive)


def test_meetings_that_only_the_withdrawn_report_had_joined_part_without_ringing_again(archive):
    def tell(number, day):
        text = f"{' '.join(word + 'x' * number for word in REST.split())} {MET}"
        url, at = f"https://today.example/b{number}", NOW + timedelta(minutes=number)
        claims = [claim_of(text, MET, Status.HELD, day=day)]
        archive.article("Ruritania Today", url, f"Envoy received {number}", text, at=at, claims=claims)

    for number, day in enumerate(("2023-05-17", "2023-05-16", "2023-05-18")):
        tell(number, day)  # what is told first joins the other two, which lie two days apart
    assert len(ledger(archive)) == 1
    archive.db.execute("UPDATE alerts SET review = 'right'")
    told = rows(archive, "SELECT count(*), sum(review = 'right') FROM alerts")
    assert not read_again(archive, f"{REST} Nothing more is known of the envoy's journey.").alert_ids
    assert sorted(rows(archive, "SELECT date, status, reports FROM meetings")) == [
        ("2023-05-16", "held", 1),
        ("2023-05-18", "held", 1),
    ]
    tell(20, "2023-05-18")
    assert rows(archive, "SELECT count(*), sum(review = 'right') FROM alerts") == told
    keys = {row[0].split("/")[1] for row in rows(archive, "SELECT key FROM told_before")}
    assert keys <= {row[0] for row in rows(archive, "SELECT key FROM meetings")}
