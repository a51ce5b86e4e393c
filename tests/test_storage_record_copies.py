from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from alerts.decide import decide
from alerts.verdicts import Rules
from config.model import MeetingSpec, Watch
from config.vocabulary import EndpointKind, Level, Role, Send, Status
from storage.database import immediate
from storage.duplicates import Body
from storage.identity import text_hash
from storage.model import (
    Claim,
    Endpoint,
    Entry,
    Field,
    Match,
    Reading,
    SourceSpec,
    Span,
    Text,
    TextOrigin,
)
from storage.record import record_reading
from storage.sources import sync_sources
from tests.arriving import pending_of

NOW = datetime(2023, 5, 17, 12, tzinfo=UTC)
WIRE = (
    "The shuttle envoy flew to the second city on Tuesday night. His aircraft was met by a deputy minister and two"
    " interpreters. Nobody at the airport would say how long he means to stay. Arda Lin met President Boris Vale in"
    " Zenda on Wednesday."
)
MET = "Arda Lin met President Boris Vale in Zenda on Wednesday."
ADDED = "In the evening Arda Lin met Prime Minister Carla Moor behind closed doors to speak of grain."
RULES = Rules(
    (
        Watch(name="Audience", meeting=MeetingSpec(guest="Arda Lin"), send=Send.NOW, channels=("desk",)),
        Watch(name="Grain", query="grain", send=Send.NOW, channels=("desk",)),
    )
)


def claim(text, sentence, host="Boris Vale"):
    start = text.index(sentence)
    span = Span(Field.TEXT, start, start + len(sentence))
    day = date(2023, 5, 17)
    return Claim(("Arda Lin", host), Level.LEADER, Status.HELD, day, "Zenda", sentence, span, (), "met", 0.9)


@pytest.fixture
def arrive(database):
    names = ("wire", "post", "palace")
    specs = [
        SourceSpec(name, (Endpoint(EndpointKind.FEED, f"https://{name}.example/"),), timedelta(minutes=5))
        for name in names
    ]
    sync_sources(database, specs, NOW)
    numbers = count()

    def arrive(text, *, source="wire", claims=(), watches=(), minutes=0, sketched=True, **fields):
        at, number = NOW + timedelta(minutes=minutes), next(numbers)
        entry = Entry(f"https://{source}.example/{number}", f"g{number}", f"T {number}", published_at=at)
        pending = pending_of(database, source, entry, at)
        reading = Reading(
            entry_id=pending.id,
            source_id=pending.source_id,
            source=source,
            country=None,
            role=Role.MEDIA,
            url=entry.url,
            text=Text("The envoy in the second city", text, "en", TextOrigin.PAGE, published_at=at),
            text_hash=text_hash("The envoy in the second city", text),
            seen_at=at,
            first_poll=False,
            claims=tuple(claims),
            matches=tuple(Match(name, (Span(Field.TEXT, 0, 1),)) for name in watches),
            sketch=Body(text).sketch if sketched else None,
        )
        with immediate(database):
            return record_reading(
                database, replace(reading, **fields), lambda one, known: decide(one, known, RULES, at), at
            )

    return arrive


def test_an_edited_copy_is_quiet_and_counts_as_no_independent_report(database, arrive):
    first = arrive(WIRE, claims=[claim(WIRE, MET)])
    text = f"From our correspondent. {WIRE}"
    copy = arrive(text, source="post", minutes=5, claims=[claim(text, MET)])
    assert (copy.copy_of, copy.alert_ids) == (first.article_id, ())
    assert database.execute("SELECT count(*), max(reports) FROM claims, meetings").fetchone() == (1, 2)
    assert database.execute("SELECT originators FROM meetings").fetchone() == ('["wire"]',)
    detail = database.execute("SELECT reason, detail FROM decisions ORDER BY id DESC").fetchone()
    assert detail == ("copy", "100% of it was first with wire")
    assert database.execute("SELECT sum(known_texts) FROM sources").fetchone() == (1,)


def test_a_meeting_that_only_a_copy_tells_of_is_told(database, arrive):
    arrive(WIRE, claims=[claim(WIRE, MET)])
    text = f"{WIRE} {ADDED}"
    copy = arrive(text, source="post", minutes=5, claims=[claim(text, MET), claim(text, ADDED, "Carla Moor")])
    assert copy.copy_of
    assert copy.alert_titles == ("Arda Lin – Carla Moor: held, leader level, Zenda, 2023-05-17",)
    found = database.execute("SELECT article_id, evidence FROM claims ORDER BY id").fetchall()
    assert found == [(1, MET), (2, ADDED)]


def test_what_a_copy_adds_alerts_a_watch_that_had_not_met_the_text(database, arrive):
    arrive(WIRE, watches=["Audience"])
    copy = arrive(f"{WIRE} {ADDED}", source="post", minutes=5, watches=["Grain"])
    assert copy.copy_of
    assert len(copy.alert_ids) == 1
    again = arrive(f"{WIRE} {ADDED} Grain again, and again only at the very end of it.", minutes=9, watches=["Grain"])
    assert again.copy_of == copy.copy_of
    assert again.alert_ids == ()


def test_an_edited_official_text_confirms_whoever_had_it_first(database, arrive):
    arrive(WIRE, claims=[claim(WIRE, MET)])
    text = f"The press service says. {WIRE}"
    official = arrive(text, source="palace", role=Role.OFFICIAL, minutes=5, claims=[claim(text, MET)])
    assert official.copy_of
    assert database.execute("SELECT confirmed, reports FROM meetings").fetchone() == (1, 2)


def test_a_reading_without_a_sketch_is_found_all_the_same(arrive):
    first = arrive(WIRE, sketched=False)
    assert arrive(f"{WIRE} And more.", source="post", minutes=1, sketched=False).copy_of == first.article_id


def test_an_article_that_was_seen_first_but_read_last_takes_its_copies(database, arrive):
    late = arrive(WIRE, claims=[claim(WIRE, MET)])
    early = arrive(f"{WIRE} {ADDED}", source="post", minutes=5, seen_at=NOW - timedelta(minutes=3))
    assert early.copy_of is None
    assert database.execute("SELECT copy_of FROM articles WHERE id = ?", [late.article_id]).fetchone() == (
        early.article_id,
    )
