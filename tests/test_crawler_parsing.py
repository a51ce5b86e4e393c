"""Feeds read beside what was seen of them: never an entry less than by reading each version whole."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.vocabulary import EndpointKind
from crawler import parsing
from crawler.feeds import parse_feed
from crawler.parsing import FeedReading, look_through, read_feed, read_rest
from storage.database import open_writer
from storage.model import Endpoint, Fault, Poll, PollOutcome, SourceSpec
from storage.sources import finish_poll, sync_sources

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
URL = "https://news.example/feed"


def item(name, link=None, guid=None, more=""):
    guid = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    link = f"<link>{link}</link>" if link else ""
    return f"<item><title>{name}</title>{link}{guid}{more}</item>"


def rss(*items, head=""):
    return f'<rss version="2.0"><channel><title>N</title>{head}{"".join(items)}</channel></rss>'.encode()


def numbered(*names):
    return [item(name, f"https://news.example/{name}") for name in names]


def titles(reading):
    return [entry.title for entry in reading.parsed.entries]


def read_as_polled(body, seen, content_type=None):
    """The way of a poll: looked through on the loop, the rest parsed in a worker, the whole when that is not sure."""
    found = look_through(body, seen)
    if not isinstance(found, FeedReading):
        found = found and read_rest(found, content_type, URL, seen)
        whole = read_feed(body, content_type, URL, seen)
        assert found is None or found == whole
        found = whole
    assert isinstance(found, FeedReading)
    return found


def read(*bodies, content_type=None):
    """The readings of versions of one feed, each beside the marks of those before."""
    seen, readings = b"", []
    for body in bodies:
        readings.append(read_as_polled(body, seen, content_type))
        reading = readings[-1]
        seen = reading.seen
    return readings


def test_only_what_is_new_or_changed_is_read():
    first, second = read(rss(*numbered("a", "b")), rss(*numbered("c", "a"), item("b2", "https://news.example/b")))
    assert (titles(first), first.cut, first.changed) == (["a", "b"], 0, None)
    assert (titles(second), second.cut, second.changed) == (["c", "b2"], 1, True)


def test_nothing_is_parsed_when_nothing_is_new(monkeypatch):
    period = "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>hourly</sy:updatePeriod>"
    first = read_feed(rss(*numbered("a", "b"), head=f"<ttl>90</ttl>{period}"), None, URL, b"")
    monkeypatch.delattr(parsing, "parse_feed")
    again = look_through(rss(*numbered("b", "a"), head="<lastBuildDate>now</lastBuildDate>"), first.seen)
    assert (again.cut, again.changed) == (2, False)
    assert (again.parsed.ttl, again.parsed.period) == (timedelta(minutes=90), timedelta(hours=1))
    large = read_feed(rss(*numbered("b")), None, URL, first.seen)  # in a worker, when it is too much for the loop
    assert (large.cut, large.changed) == (1, False)


def test_an_empty_feed_has_something_to_be_read():
    seen = read_feed(rss(*numbered("a")), None, URL, b"").seen
    assert look_through(rss(), seen) is None
    assert look_through(b"<html></html>", seen) is None
    assert read_feed(rss(), None, URL, b"").parsed.entries == ()


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-16", "utf-16-le", "iso2022_jp"])
def test_a_feed_in_another_encoding_is_cut_in_utf_8(encoding):
    first = rss(*numbered("Ёж", "Чиж")).decode()
    later = rss(*numbered("Рак", "Ёж", "Чиж")).decode()
    bodies = [f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding) for text in (first, later, later)]
    readings = read(*bodies)
    assert [titles(reading) for reading in readings] == [["Ёж", "Чиж"], ["Рак"], []]
    assert [reading.cut for reading in readings] == [0, 2, 3]


def test_a_feed_of_unsure_items_is_read_whole_each_time():
    nested = rss(item("a", more=item("b")))
    readings = read(nested, nested)
    assert titles(readings[0]) == titles(readings[1])
    assert readings[1].cut == 0


def test_a_new_entry_with_the_link_of_a_cut_one_is_read_beside_it():
    live = "https://news.example/live"
    _, second = read(rss(item("a", live, "1")), rss(item("b", live, "2"), item("a", live, "1")))
    assert titles(second) == ["b", "a"]
    assert second.cut == 0


def test_items_that_gave_no_entry_are_not_seen():
    empty = "<item></item>"
    readings = read(rss(empty, *numbered("a")), rss(empty, *numbered("a")))
    assert readings[1].cut == 1


def test_what_the_newest_entries_alone_were_kept_of_is_read_whole():
    many = rss(*numbered(*range(2_001)))
    readings = read(many, many)
    assert [len(reading.parsed.entries) for reading in readings] == [2_000, 2_000]


def test_a_broken_rest_is_read_whole(monkeypatch):
    first = read_feed(rss(*numbered("a")), None, URL, b"")
    bodies = []

    def parse(body, content_type, url):
        bodies.append(body)
        return parse_feed(body if len(bodies) > 1 else b"<rss>", content_type, url)

    monkeypatch.setattr(parsing, "parse_feed", parse)
    second = read_feed(rss(*numbered("b", "a")), None, URL, first.seen)
    assert (titles(second), second.cut, len(bodies)) == (["b", "a"], 0, 2)


def test_a_json_feed_is_cut_too():
    def feed(*ids):
        items = [{"id": one, "url": f"https://news.example/{one}", "title": one} for one in ids]
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [*items, "no item"]}).encode()

    readings = read(feed("a", "b"), feed("c", "a", "b"))
    assert [titles(reading) for reading in readings] == [["a", "b"], ["c"]]
    assert readings[1].cut == 2


def test_what_is_no_feed_is_a_fault_with_marks_too():
    seen = read_feed(rss(*numbered("a")), None, URL, b"").seen
    assert isinstance(read_feed(b"<html><body>log in</body></html>", None, URL, seen), Fault)


# ---------------------------------------------------------------- nothing is missed


class Ledger:
    """Two databases, one of which is given every version whole."""

    def __init__(self, folder):
        self.dbs = [open_writer(folder / name) for name in ("whole.db", "cut.db")]
        for db in self.dbs:
            spec = SourceSpec("S", (Endpoint(EndpointKind.FEED, URL),), timedelta(minutes=5))
            sync_sources(db, [spec], NOW)
        self.seen = b""
        self.before = ()
        self.cut = 0

    def step(self, body):
        whole = parse_feed(body, None, URL)
        reading = read_as_polled(body, self.seen)
        self.seen = reading.seen
        self.cut += reading.cut
        new_or_changed = [entry for entry in whole.entries if entry not in self.before]
        assert [entry for entry in new_or_changed if entry not in reading.parsed.entries] == []
        self.before = whole.entries
        new = [self.store(db, given) for db, given in zip(self.dbs, (whole, reading.parsed), strict=True)]
        assert new[0] == new[1]

    def store(self, db, parsed):
        poll = Poll(1, 0, URL, NOW, timedelta(0), PollOutcome.ENTRIES, entries=parsed.entries)
        return finish_poll(db, poll, NOW, NOW).new_entries

    def close(self):
        columns = "key, url, guid, content_hash, article_url, own_page, payload"
        stored = [db.execute(f"SELECT {columns} FROM entries ORDER BY key").fetchall() for db in self.dbs]  # noqa: S608
        for db in self.dbs:
            db.conn.close()
        assert stored[0] == stored[1]
        return len(stored[0])


LINKS = st.sampled_from(
    [None, "https://a.example/1", "https://a.example/2", "https://a.example/", "https://a.example/3"]
)
ITEMS = st.builds(
    item,
    st.sampled_from(["one", "two", "three", ""]),
    LINKS,
    st.sampled_from([None, "g1", "g2", "https://a.example/1"]),
    st.sampled_from(["", "<description>words</description>", "<pubDate>Tue, 16 May 2023 08:00:00 GMT</pubDate>"]),
)


@settings(max_examples=20, deadline=None)
@given(versions=st.lists(st.lists(ITEMS, max_size=5), min_size=2, max_size=5))
@pytest.mark.no_cover
def test_reading_what_is_left_stores_what_reading_the_whole_stores(tmp_path_factory, versions):
    ledger = Ledger(tmp_path_factory.mktemp("ledger"))
    for items in versions:
        ledger.step(rss(*items))
    ledger.close()


@pytest.mark.no_cover
def test_no_new_or_changed_entry_of_a_recorded_feed_is_missed(shared, tmp_path):
    folders = sorted(path for path in (shared / "data/feeds/timeline").iterdir() if path.is_dir())
    assert folders
    for folder in folders:
        own = tmp_path / folder.name
        own.mkdir()
        ledger = Ledger(own)
        for version in sorted(folder.glob("*.gz")):
            ledger.step(gzip.decompress(version.read_bytes()))
        assert ledger.close() > 0
        assert ledger.cut > 0


@pytest.mark.no_cover
def test_a_recorded_feed_polled_again_has_nothing_new(shared):
    """Whatever the encoding: an unchanged feed is read in full once, but for the few whose items cannot be told."""
    again = []
    for path in sorted((shared / "data/feeds/real").rglob("*"))[::3]:
        body = path.read_bytes() if path.is_file() else b""
        first = read_feed(body, None, URL, b"") if body else None
        if first is None or isinstance(first, Fault) or not first.parsed.entries:
            continue
        second = read_feed(body, None, URL, first.seen)
        again += [path.name] if second.changed else []
        assert replace(second, parsed=first.parsed, cut=0, changed=None) == replace(first, changed=None)
    assert len(again) <= 5, again


def test_a_feed_of_far_too_many_items_is_read_from_both_its_ends(monkeypatch):
    monkeypatch.setattr("crawler.cutting.ENTRIES_MAX", 3)
    many = rss(*numbered(*range(20)), head="<item-count>20</item-count>")
    reading = read_feed(many, None, URL, b"")
    assert reading.parsed.items == 6
    assert "14 items in the midst of the feed were left unread" in reading.parsed.notes
    unsure = many.replace(b"</item><item><title>9", b"<item><title>9")
    assert read_feed(unsure, None, URL, b"").parsed.items > 6
    assert read_feed(rss(*numbered(*range(6))), None, URL, b"").parsed.items == 6
