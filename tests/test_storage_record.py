import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.decide import decide
from alerts.verdicts import Rules
from config.model import MeetingSpec, Watch
from config.vocabulary import EndpointKind, Level, Role, Send, Status
from storage.database import immediate
from storage.departures import departures_since
from storage.identity import text_hash
from storage.meetings import meetings_since
from storage.model import (
    Claim,
    Cue,
    Departure,
    Endpoint,
    Entry,
    Field,
    Match,
    Outcome,
    Reading,
    SourceSpec,
    Span,
    Text,
    TextOrigin,
    ToldDeparture,
    to_text,
)
from storage.record import record_reading
from storage.search import index_later
from storage.sources import sync_sources
from tests.arriving import pending_of

NOW = datetime(2023, 5, 17, 12, 0, tzinfo=UTC)
SENTENCE = "Arda Lin met President Boris Vale in Zenda."
RULES = Rules(
    (
        Watch(name="Audience", meeting=MeetingSpec(guest="Arda Lin"), send=Send.NOW, channels=("desk", "phone")),
        Watch(name="Grain", query="grain", send=Send.NOW, channels=("desk",)),
    )
)
TABLES = (
    "articles",
    "matches",
    "claims",
    "meetings",
    "meeting_people",
    "status_changes",
    "alerts",
    "deliveries",
    "decisions",
)


def claim(status=Status.HELD, people=("Arda Lin", "Boris Vale"), day=date(2023, 5, 17)):
    span = Span(Field.TEXT, 0, len(SENTENCE))
    cues = (Cue(Span(Field.TEXT, 9, 12), "meets"),)
    return Claim(people, Level.LEADER, status, day, "Zenda", SENTENCE, span, cues, "met", 0.9)


@pytest.fixture
def arrive(database):
    """Record one article the daemon's way; a keyword changes its reading."""
    sync_sources(
        database,
        [
            SourceSpec(name, (Endpoint(EndpointKind.FEED, f"https://{name}.example/feed"),), timedelta(minutes=5))
            for name in ("wire", "post")
        ],
        NOW,
    )
    numbers = iter(range(1000))

    def arrive(
        words=SENTENCE, *, source="wire", claims=(), matches=(), at=NOW, title="Headline", choose=None, **fields
    ):
        number = next(numbers)
        url = fields.pop("url", f"https://{source}.example/{number}")
        entry = Entry(f"{url}#{number}", f"g{number}", f"{title} {number}", published_at=at)
        pending = pending_of(database, source, entry, at)
        made = Reading(
            entry_id=pending.id,
            source_id=pending.source_id,
            source=source,
            country="RU",
            role=Role.MEDIA,
            url=url,
            text=Text(title, words, "en", TextOrigin.PAGE, author="A. Writer", published_at=at),
            text_hash=text_hash(title, words),
            seen_at=at,
            first_poll=False,
            claims=tuple(claims),
            matches=tuple(matches),
        )
        made = replace(made, **fields)
        choice = choose or (lambda one, known: decide(one, known, RULES, at))
        with immediate(database):
            return record_reading(database, made, choice, at)

    return arrive


def rows(db, query, *values):
    return db.execute(query, list(values)).fetchall()


def counts(db):
    return {name: rows(db, f"SELECT count(*) FROM {name}")[0][0] for name in TABLES}  # noqa: S608 (our own names)


# ---------------------------------------------------------------- one transaction


@pytest.mark.parametrize("table", [name for name in TABLES if name != "meeting_people"] + ["meeting_people", "entries"])
def test_promise_01_what_fails_in_the_middle_leaves_nothing(database, arrive, table):
    change = "UPDATE" if table == "entries" else "INSERT"
    when = "WHEN NEW.state = 'read'" if table == "entries" else ""
    database.execute(
        f"CREATE TRIGGER fail BEFORE {change} ON {table} {when} BEGIN SELECT RAISE(ABORT, 'stop here'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="stop here"):
        arrive(claims=[claim()], matches=[Match("Grain", (Span(Field.TEXT, 0, 4),))])
    assert set(counts(database).values()) == {0}
    assert rows(database, "SELECT state FROM entries") == [("pending",)]
    assert rows(database, "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'arda'") == [(0,)]


def test_promise_01_a_decision_that_fails_leaves_the_entry_to_be_read_again(database, arrive):
    with pytest.raises(ZeroDivisionError):
        arrive(claims=[claim()], choose=lambda *_: 1 // 0)
    assert set(counts(database).values()) == {0}
    assert rows(database, "SELECT state FROM entries") == [("pending",)]


def test_an_outcome_that_stores_nothing_must_name_what_is_stored(database, arrive):
    with pytest.raises(ValueError, match="must name the stored one"):
        arrive(choose=lambda *_: Outcome(store_article=False))


# ---------------------------------------------------------------- everything joined


def test_an_alert_leads_to_its_claim_its_sentence_its_article_and_its_entry(database, arrive):
    recorded = arrive(claims=[claim()])
    found = rows(
        database,
        "SELECT al.id, al.evidence, substr(a.text, c.start + 1, c.end - c.start), c.cues, m.status, e.state, s.change,"
        " d.verdict || ' ' || d.reason FROM alerts al JOIN claims c ON c.id = al.claim_id"
        " JOIN articles a ON a.id = c.article_id AND a.id = al.article_id"
        " JOIN meetings m ON m.id = al.meeting_id AND m.id = c.meeting_id"
        " JOIN status_changes s ON s.claim_id = c.id JOIN entries e ON e.article_id = a.id"
        " JOIN decisions d ON d.alert_id = al.id",
    )
    assert found == [
        (
            recorded.alert_ids[0],
            SENTENCE,
            SENTENCE,
            '[["meets","text",9,12]]',
            "held",
            "read",
            "held",
            "alert first-report",
        )
    ]
    assert recorded.added
    assert recorded.copy_of is None
    assert rows(database, "SELECT person FROM meeting_people ORDER BY 1") == [("Arda Lin",), ("Boris Vale",)]


def test_every_channel_of_an_alert_has_a_delivery_whose_key_depends_on_nothing_else(database, arrive, tmp_path):
    arrive(claims=[claim()])
    found = rows(database, "SELECT channel, state, key, due_at FROM deliveries ORDER BY channel")
    assert [(row[0], row[1], row[3]) for row in found] == [
        ("desk", "due", to_text(NOW)),
        ("phone", "due", to_text(NOW)),
    ]
    with immediate(database):
        for table in ("deliveries", "decisions", "alerts", "status_changes", "claims", "meeting_people", "meetings"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 (our own names)
    arrive("Another text of the same.", claims=[claim()])
    assert {row[0] for row in rows(database, "SELECT key FROM deliveries")} == {row[2] for row in found}


def test_a_matched_watch_alerts_with_its_spans_stored(database, arrive):
    arrive("grain", matches=[Match("Grain", (Span(Field.TEXT, 0, 5),))])
    assert rows(database, "SELECT watch, spans FROM matches") == [("Grain", '[["text",0,5]]')]
    assert rows(database, "SELECT kind, watch, title FROM alerts") == [("match", "Grain", "Headline")]


def test_promise_43_a_decision_is_stored_for_every_no(database, arrive):
    arrive("Nothing here.")
    arrive("They talk.", claims=[claim(Status.SCHEDULED)])
    assert rows(database, "SELECT watch, verdict, reason FROM decisions ORDER BY id") == [
        (None, "quiet", "no-watch-matched"),
        ("Audience", "quiet", "status-not-watched"),
    ]


# ---------------------------------------------------------------- what is known


def test_a_known_address_is_only_noted(database, arrive):
    first = arrive(claims=[claim()], url="https://wire.example/x")
    before = counts(database)
    again = arrive("Edited words.", source="post", claims=[claim()], url="https://wire.example/x")
    assert (again.article_id, again.added, again.alert_ids) == (first.article_id, False, ())
    assert counts(database) == {**before, "decisions": before["decisions"] + 1}
    assert rows(database, "SELECT state, reason, article_id FROM entries ORDER BY id DESC LIMIT 1") == [
        ("read", "known-url", first.article_id)
    ]


def test_a_copy_is_stored_with_its_original_and_claims_nothing(database, arrive):
    first = arrive(claims=[claim()])
    copy = arrive(source="post", claims=[claim()])
    assert copy.copy_of == first.article_id
    assert copy.added
    assert counts(database)["claims"] == 1
    assert rows(database, "SELECT reports, json_array_length(originators) FROM meetings") == [(2, 1)]


def test_an_official_copy_confirms(database, arrive):
    arrive(claims=[claim()])
    official = arrive(source="post", role=Role.OFFICIAL, claims=[claim()])
    assert official.copy_of
    assert rows(database, "SELECT confirmed, reports FROM meetings") == [(1, 2)]
    assert rows(database, "SELECT change FROM alerts ORDER BY id") == [("held",), ("confirmed",)]


def test_the_second_report_counts_and_alerts_nobody(database, arrive):
    arrive(claims=[claim()])
    assert arrive("Other words.", source="post", claims=[claim()]).alert_ids == ()
    assert arrive("Still other words.", source="post", claims=[claim()]).alert_ids == ()
    assert rows(database, "SELECT reports FROM meetings") == [(2,)]


def test_a_source_that_only_recalled_the_meeting_is_counted_when_it_reports_it(database, arrive):
    arrive(claims=[claim()])
    arrive("As is known, they met.", source="post", claims=[claim(Status.BACKGROUND)])
    assert rows(database, "SELECT reports FROM meetings") == [(1,)]
    arrive("They met.", source="post", claims=[claim()])
    assert rows(database, "SELECT reports FROM meetings") == [(2,)]


def test_departures_go_into_the_archive_and_out_of_it_with_their_article(database, arrive):
    span = Span(Field.TEXT, 0, 5)
    left = Departure("Li Hui", "Moscow", date(2023, 5, 17), SENTENCE[:5], span)
    stored = arrive(departures=(left,))
    assert departures_since(database.conn, NOW) == (ToldDeparture(left, "wire", NOW),)
    assert departures_since(database.conn, NOW + timedelta(seconds=1)) == ()
    database.execute("DELETE FROM decisions")
    database.execute("DELETE FROM articles WHERE id = ?", [stored.article_id])
    assert departures_since(database.conn, NOW) == ()


def test_an_alert_decided_before_is_not_written_twice(database, arrive):
    outcome = []

    def remember(one, known):
        outcome.append(decide(one, known, RULES, NOW))
        return outcome[0]

    arrive(claims=[claim()], choose=remember)
    again = arrive("Other words.", claims=[claim()], choose=remember)
    assert again.alert_ids == ()
    assert (counts(database)["alerts"], counts(database)["deliveries"]) == (1, 2)


def test_an_old_meeting_told_anew_is_found_and_not_made_again(database, arrive):
    arrive(claims=[claim()])
    much_later = NOW + timedelta(days=200)
    arrive("A look back.", source="post", claims=[claim()], at=much_later)
    assert rows(database, "SELECT reports, first_reported_at FROM meetings") == [(2, to_text(NOW))]
    assert counts(database)["status_changes"] == 1


def test_a_report_older_than_the_first_and_a_name_learnt_later_are_kept(database, arrive):
    arrive(claims=[claim(people=("Arda Lin", "[president]"))])
    arrive("Named now.", source="post", claims=[claim()], at=NOW - timedelta(hours=3))
    (meeting,) = meetings_since(database.conn, NOW - timedelta(days=1))
    assert meeting.participants == ("Arda Lin", "Boris Vale")
    assert (meeting.first_reported_at, meeting.updated_at) == (NOW - timedelta(hours=3), NOW)
    assert ("Boris Vale",) in rows(database, "SELECT person FROM meeting_people")


def test_a_claim_from_the_first_days_of_the_calendar_is_recorded(database, arrive):
    assert arrive(claims=[claim(day=date.min)]).added


def test_a_first_poll_counts_the_alerts_it_has_raised(database, arrive):
    seen = []

    def look(one, known):
        seen.append(known.first_poll_alerts)
        return decide(one, known, RULES, NOW)

    for number in range(7):
        arrive(f"Text {number}", first_poll=True, claims=[claim(people=("Arda Lin", f"P{number}"))], choose=look)
        database.execute("UPDATE entries SET first_poll = 1")  # one poll brought them all
    assert counts(database)["alerts"] == 5
    assert seen == [0, 1, 2, 3, 4, 5, 5]


# ---------------------------------------------------------------- words


def test_the_index_finds_words_without_their_marks_and_chinese_in_pairs(database, arrive):
    coffee = arrive("Überraschung im Café")
    chinese = arrive("林达会见总统", title="会谈")
    find = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?"
    assert rows(database, find, "cafe") == [(coffee.article_id,)]
    assert rows(database, find, '"会见"') == [(chinese.article_id,)]
    assert rows(database, find, '"见会"') == []


def test_hostile_text_is_stored_readable_and_its_spans_still_fit(database, arrive):
    text = "a\x00b \ud800 " + SENTENCE
    start = text.index(SENTENCE)
    told = replace(claim(), span=Span(Field.TEXT, start, start + len(SENTENCE)), place="Z\x00")
    arrive(text, claims=[told], title="half \udfff", url="https://wire.example/\ud800")
    found = rows(database, "SELECT text, title FROM articles")[0]
    assert found[0][start:] == SENTENCE
    assert "\x00" not in found[0] + found[1]


def test_articles_of_one_transaction_are_indexed_together_and_what_is_taken_back_is_not(database, arrive):
    with immediate(database):
        for number, word in ((1, "corridor"), (2, "ceasefire")):
            database.execute(
                "INSERT INTO articles (id, url, title, text, source, source_id, role, published_at, seen_at, read_at,"
                " origin, text_hash) VALUES (?, ?, '', ?, 'Wire', 1, 'media', '', '2023-05-17', ?, 'page', 'x')",
                [number, f"u{number}", word, to_text(NOW)],
            )
            database.execute("SAVEPOINT job")
            index_later(database.conn, (number, "", word, "", ""))
            database.execute("ROLLBACK TO job" if number == 1 else "RELEASE job")
        assert rows(database, "SELECT article_id FROM memory.unindexed") == [(2,)]
    find = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?"
    assert rows(database, find, "corridor OR ceasefire") == [(2,)]
    assert rows(database, "SELECT * FROM memory.unindexed") == []
