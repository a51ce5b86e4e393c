"""A source that brings a backlog: at its first poll, after an absence of ours, when we go on from a backup."""

from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest

from alerts.decide import decide
from alerts.verdicts import FIRST_POLL_MOST
from storage.database import back_up
from storage.entries import lease_entries
from storage.identity import text_hash
from storage.model import Entry, Field, Match, Reading, Span, Text, TextOrigin
from storage.record import record_reading
from tests.seeding import NOW, Archive, open_again

SOURCE = "Ruritania Today"
HOUR = timedelta(hours=1)


@pytest.fixture
def archive(tmp_path):
    with closing(Archive(tmp_path)) as archive:
        yield archive


def bring(archive, at, number, every):
    """A poll with so many new entries, one published each `every` before it, all recorded; how many alerts it made."""
    urls = [f"https://today.example/{at:%d-%H-%M}/{place}" for place in range(number)]
    found = [Entry(url, url, f"Talks {url}", published_at=at - place * every) for place, url in enumerate(urls)]
    archive.poll(SOURCE, found, at=at)
    before = count(archive)
    for one in lease_entries(archive.db, at, 1000, HOUR, per_source=1000, busy={}):
        record_reading(archive.db, reading(one), partial(decide, rules=archive.rules, now=at), at)
    return count(archive) - before


def reading(one):
    words = " ".join(f"{word}{one.id}" for word in ("the", "talks", "went", "on", "in", "zenda", "for", "long"))
    text = Text(one.entry.title, words, "en", TextOrigin.PAGE, published_at=one.entry.published_at)
    return Reading(
        one.id, one.source_id, one.spec.name, one.spec.country, one.spec.role, one.article_url, text,
        text_hash(text.title, text.text), one.seen_at, one.first_poll, (Match("Envoy", (Span(Field.TITLE, 0, 5),)),),
    )  # fmt: skip


def count(archive, what="SELECT count(*) FROM alerts"):
    return archive.db.execute(what).fetchone()[0]


def test_promise_06_a_first_poll_stores_all_and_alerts_of_a_few_that_are_new(archive):
    assert bring(archive, NOW, 100, 2 * HOUR) == FIRST_POLL_MOST
    assert count(archive, "SELECT count(*) FROM articles") == 100
    reasons = dict(archive.db.execute("SELECT reason, count(*) FROM decisions GROUP BY reason").fetchall())
    assert reasons == {"watch-matched": 5, "first-poll": 32, "old-news": 63}
    assert archive.db.execute("SELECT DISTINCT verdict FROM decisions WHERE reason <> 'watch-matched'").fetchall() == [
        ("digest",)
    ]


def test_promise_06_after_a_long_absence_a_few_alert_and_from_then_on_all(archive):
    bring(archive, NOW, 10, HOUR)
    back = NOW + timedelta(days=4)
    assert bring(archive, back, 100, HOUR) == FIRST_POLL_MOST
    assert count(archive, "SELECT count(*) FROM articles") == 110
    assert bring(archive, back + HOUR, 7, timedelta(minutes=5)) == 7


def test_promise_06_a_backup_that_is_restored_tells_nothing_twice_but_a_few(archive, tmp_path):
    bring(archive, NOW, 10, HOUR)
    back_up(archive.path, tmp_path / "copy.db")
    for day in range(1, 4):
        assert bring(archive, NOW + timedelta(days=day), 20, HOUR) == 20
    archive.close()
    for old in tmp_path.glob("archive.db*"):
        old.unlink()
    (tmp_path / "copy.db").rename(archive.path)
    with closing(open_again(archive)) as restored:
        assert bring(restored, NOW + timedelta(days=3, hours=1), 80, HOUR) == FIRST_POLL_MOST
