from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from alerts.decide import decide
from alerts.verdicts import Rules
from config.vocabulary import Level, Role, Status
from storage.database import immediate, open_writer
from storage.identity import text_hash
from storage.model import Claim, Field, Reading, Span, Text, TextOrigin
from storage.record import record_reading

NOW = datetime(2023, 5, 17, 12, tzinfo=UTC)
MET = "Anna Bell met the envoy Boris Vale in Zenda on Wednesday morning."
WIRE = f"{MET} They spoke of grain, of the bridge over the river, and of the winter that nobody had planned for at all."
OWN = f"{MET} Our reporter saw both of them leave the castle in a hurry, long after the lamps had been lit in the town."
OTHER = f"{MET} A third paper has it from a cook that nothing was eaten, and that the musicians were sent home at once."


def open_new(path):
    db = open_writer(path)
    for number, name in enumerate(["TASS (ru)", "Post", "Herald", "Palace"], 1):
        db.execute(
            "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
            " VALUES (?, ?, '{}', 'media', 1, '', '')",
            [number, name],
        )
    return db


@pytest.fixture
def database(tmp_path):
    db = open_new(tmp_path / "envoywatch.db")
    yield db
    db.conn.close()


def reading(number, source, text, credit=None, role=Role.MEDIA):
    at = NOW + timedelta(minutes=number)
    start = text.index(MET)
    claim = Claim(
        ("Anna Bell", "Boris Vale"), Level.LEADER, Status.HELD, NOW.date(), "Zenda", MET,
        Span(Field.TEXT, start, start + len(MET)),
    )  # fmt: skip
    return Reading(
        entry_id=number,
        source_id=1,
        source=source,
        country=None,
        role=role,
        url=f"https://{source[:4].lower()}.example/{number}",
        text=Text("", text, "en", TextOrigin.PAGE),
        text_hash=text_hash("", text),
        seen_at=at,
        first_poll=False,
        claims=(claim,),
        credit=credit,
    )


def arrive(database, *readings):
    for one in readings:
        with immediate(database):
            record_reading(database, one, lambda it, known: decide(it, known, Rules(), NOW), NOW)


def ledger(database):
    return database.execute("SELECT reports, originators FROM meetings").fetchall()


def test_copies_and_whoever_credits_the_agency_are_one_independent_report(database):
    arrive(
        database,
        reading(1, "TASS (ru)", WIRE, "TASS"),
        reading(2, "Post", f"{WIRE} "),
        reading(3, "Herald", OWN, "TASS"),
        reading(4, "Gazette", OTHER),
    )
    assert ledger(database) == [(4, '["Gazette","TASS"]')]
    articles = database.execute("SELECT source, credit, originator FROM articles ORDER BY id").fetchall()
    assert articles == [
        ("TASS (ru)", "TASS", "TASS"), ("Post", None, "TASS"), ("Herald", "TASS", "TASS"), ("Gazette", None, "Gazette"),
    ]  # fmt: skip


def test_the_order_in_which_reports_arrive_changes_neither_originators_nor_counts(tmp_path):
    four = [
        reading(1, "Post", WIRE),
        reading(2, "TASS (ru)", WIRE, "TASS"),
        reading(3, "Herald", OWN, "TASS"),
        reading(4, "Gazette", OTHER),
    ]
    ends = set()
    for number, order in enumerate(permutations(four)):
        db = open_new(tmp_path / f"{number}.db")
        arrive(db, *order)
        ends.add((*ledger(db), *db.execute("SELECT source, originator FROM articles ORDER BY source")))
        db.conn.close()
    assert ends == {
        (
            (4, '["Gazette","TASS"]'),
            ("Gazette", "Gazette"),
            ("Herald", "TASS"),
            ("Post", "TASS"),
            ("TASS (ru)", "TASS"),
        )
    }


def test_an_official_text_is_its_own_whoever_prints_and_credits_it(database):
    arrive(database, reading(1, "Palace", WIRE, role=Role.OFFICIAL), reading(2, "Post", f"{WIRE} ", "TASS"))
    assert database.execute("SELECT DISTINCT originator FROM articles").fetchall() == [("Palace",)]


def test_a_credit_that_a_copy_brings_is_the_credit_of_the_whole_group(database):
    arrive(database, reading(1, "Post", WIRE), reading(2, "Herald", OWN))
    assert ledger(database) == [(2, '["Herald","Post"]')]
    arrive(database, replace(reading(3, "Gazette", f"{WIRE} (TASS)"), credit="TASS"))
    assert ledger(database) == [(3, '["Herald","TASS"]')]
