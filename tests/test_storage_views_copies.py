from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from alerts import words
from storage.database import open_reader, open_writer
from storage.duplicates import Body
from storage.model import to_text
from storage.views import Additions, get_article, search_articles

NOON = datetime(2023, 5, 16, 12, tzinfo=UTC)
TEXT = (
    "The shuttle envoy flew to the second city on Tuesday night. His aircraft was met by a deputy minister and two"
    " interpreters. Nobody at the airport would say how long he means to stay."
)
ADDED = "The opposition called the whole visit a farce."


@pytest.fixture
def reader(tmp_path):
    path = tmp_path / "envoywatch.db"
    db = open_writer(path)
    with closing(db.conn):
        at = to_text(NOON)
        db.execute(
            "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
            " VALUES (1, 'Wire', '{}', 'media', 300, ?, ?)",
            [at, at],
        )
        for number, (text, first, overlap) in enumerate(
            [(TEXT, None, None), (f"{TEXT} {ADDED}", 1, 1.0), (TEXT, 1, 1.0), (TEXT[:120], 1, 0.98)], 1
        ):
            seen = to_text(NOON + timedelta(minutes=number))
            db.execute(
                "INSERT INTO articles (url, title, text, source, source_id, role, published_at, seen_at, read_at,"
                " origin, text_hash, copy_of, overlap, shingles)"
                " VALUES (?, 'T', ?, 'Wire', 1, 'media', ?, ?, ?, 'page', ?, ?, ?, ?)",
                [f"https://a.example/{number}", text, seen, seen, seen, text, first, overlap, Body(text).sketch.size],
            )
    with closing(open_reader(path)) as connection:
        yield connection


def test_an_article_lists_its_copies_with_what_each_adds(reader):
    copies = get_article(reader, 1).copies
    assert [(copy.overlap, copy.added) for copy in copies] == [(1.0, (ADDED,)), (1.0, ()), (0.98, ())]
    assert [words.copied(copy.overlap, copy.added) for copy in copies] == [f" (100 %, adds: “{ADDED}”)", "", " (98 %)"]


def test_a_copy_says_what_it_adds_and_whose_it_is(reader):
    view = get_article(reader, 2)
    assert (view.original.id, view.line.added) == (1, (ADDED,))


def test_found_copies_say_what_they_add(reader):
    lines = (hit.line for hit in search_articles(reader, None))
    additions = Additions(reader)
    found = {line.id: additions.put(line).added for line in lines}
    assert found == {1: (), 2: (ADDED,), 3: (), 4: ()}


def test_many_additions_are_cut_short():
    assert words.copied(0.874, ("One. " * 80, "Two.")).startswith(" (87 %, adds: “One. One.")
    assert words.copied(0.874, ("One.", "Two.")) == " (87 %, adds: “One.” …)"
    assert words.copied(None, ()) == ""
