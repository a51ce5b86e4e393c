from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.decide import decide
from alerts.verdicts import Rules
from config.vocabulary import Level, Role, Status
from storage.copies import part
from storage.database import immediate, open_writer
from storage.identity import text_hash
from storage.model import Claim, Field, Reading, Span, Text, TextOrigin
from storage.record import record_reading
from storage.stories import KEPT, Found, enter, give_story, leave
from storage.story_terms import articles_of
from storage.traits import Profile, traits_of

NOW = datetime(2023, 5, 17, 12, tzinfo=UTC)
BRIDGE = (
    ("Flood closes the old bridge of Zenda", "The old bridge over the Strel in Zenda was closed after the flood."),
    (
        "Zenda: old bridge closed after flood",
        "After the flood nobody may cross the old bridge over the Strel in Zenda.",
    ),
    ("Old bridge closed, Zenda cut in two", "The flood closed the old bridge of Zenda; the Strel is still rising."),
    ("Strel flood: Zenda closes its old bridge", "Police closed the old bridge over the Strel in Zenda for the flood."),
)
GRAIN = (
    ("Hentzau farmers sell less grain abroad", "Farmers of Hentzau sold a third less grain abroad than a year ago."),
    ("Less grain sold abroad by Hentzau farmers", "Grain sales abroad of Hentzau farmers fell by a third in a year."),
    ("Grain: Hentzau farmers lose markets abroad", "A third less grain left Hentzau for abroad, say its farmers."),
)
OPERA = (
    ("Opera of Strelsau opens with a new Tosca", "The opera in Strelsau opened its season with a new Tosca."),
    ("New Tosca opens the season at Strelsau opera", "A new Tosca was the season's first night at Strelsau's opera."),
)


def open_new(path):
    db = open_writer(path)
    db.execute(
        "INSERT INTO sources (id, name, spec, role, interval_s, next_poll_at, added_at)"
        " VALUES (1, 'Post', '{}', 'media', 1, '', '')"
    )
    return db


@pytest.fixture
def database(tmp_path):
    db = open_new(tmp_path / "envoywatch.db")
    yield db
    db.conn.close()


def reading(url, title, text, at=NOW, language="en", **fields):
    one = Reading(
        entry_id=1,
        source_id=1,
        source="Post",
        country=None,
        role=Role.MEDIA,
        url=f"https://post.example/{url}",
        text=Text(title, text, language, TextOrigin.PAGE),
        text_hash=text_hash(title, text),
        seen_at=at,
        first_poll=False,
    )
    return replace(one, **fields)


def arrive(db, *readings, now=None):
    ids = []
    for one in readings:
        at = now or one.seen_at
        with immediate(db):
            recorded = record_reading(db, one, lambda it, known: decide(it, known, Rules(), NOW), at)
        ids.append(recorded.article_id)
    return ids


def stories(db):
    return dict(db.execute("SELECT id, story_id FROM articles").fetchall())


def numbered(texts, at=NOW, start=0):
    return [reading(start + n, *one, at=at + timedelta(minutes=n)) for n, one in enumerate(texts)]


def test_articles_that_tell_the_same_are_one_story_and_others_none(database):
    arrive(database, *numbered((*BRIDGE, *GRAIN)), reading(99, "The king has a cold", "He stays in bed today."))
    assert stories(database) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 2, 7: 2, 8: None}
    row = database.execute("SELECT articles, sources, independent, language FROM stories WHERE id = 1").fetchone()
    assert row == (4, 1, 1, "en")
    title = database.execute("SELECT title FROM stories WHERE id = 1").fetchone()[0]
    assert title in dict(BRIDGE)


def test_copies_share_the_story_of_their_first_and_are_one_with_it(database):
    text = f"{BRIDGE[0][1]} It will stay closed for weeks, says the mayor, who lives on the other side of the river."
    first = reading(1, BRIDGE[0][0], text)
    arrive(database, first, reading(2, "Read elsewhere", f"{text} And more."), *numbered(BRIDGE[1:2], start=7))
    assert database.execute("SELECT count(*) FROM articles WHERE copy_of = 1").fetchone() == (1,)
    assert set(stories(database).values()) == {1}
    assert database.execute("SELECT articles, article_id IN (1, 3) FROM stories").fetchall() == [(3, 1)]


def test_days_apart_the_same_words_are_two_stories(database):
    arrive(database, *numbered(BRIDGE[:2]), *numbered(BRIDGE[2:], NOW + timedelta(days=9), 5))
    found = stories(database)
    assert found[1] == found[2] != found[3] == found[4]


def test_what_is_older_than_the_window_leaves_no_traits_behind(database):
    arrive(database, *numbered(BRIDGE))
    later = NOW + KEPT + timedelta(hours=1)
    arrive(database, *numbered(OPERA, later, 20), *numbered(GRAIN, later, 30))
    rows = database.execute("SELECT article_id, profile FROM traits").fetchall()
    assert {row[0] for row in rows} == {5, 6, 7, 8, 9}
    terms = {term for words in (*BRIDGE, *OPERA, *GRAIN) for term in traits_of(*words).terms}
    assert {one for found in articles_of(database, terms, 100).values() for one in found} == {5, 6, 7, 8, 9}
    assert set(stories(database).values()) == {1, 2, 3}
    linked = database.execute("SELECT min(article_id), min(other_id) FROM story_links").fetchone()
    assert linked == (5, 5)


def claim(text):
    span = Span(Field.TEXT, 0, len(text))
    return Claim(("Anna Bell", "Boris Vale"), Level.LEADER, Status.HELD, NOW.date(), "Zenda", text, span)


def test_scripts_meet_by_the_meeting_that_both_report(database):
    english, chinese = "Bell met Vale in Zenda on Wednesday.", "贝尔星期三在曾达会见了韦尔。"
    arrive(
        database,
        reading(1, "Bell meets Vale", english, claims=(claim(english),)),
        reading(2, "贝尔会见韦尔", chinese, language="zh", claims=(claim(chinese),)),
    )
    assert stories(database) == {1: 1, 2: 1}


def test_scripts_meet_by_names(database):
    names = ["Anna Bell", "Boris Vale", "Zenda"]
    arrive(
        database,
        reading(1, "Bell arrives", "She came by train.", traits=traits_of("Bell arrives", "She came by train.", names)),
        reading(2, "贝尔抵达", "她坐火车来。", language="zh", traits=traits_of("贝尔抵达", "她坐火车来。", names)),
    )
    assert stories(database) == {1: 1, 2: 1}


def test_stories_that_become_one_keep_the_older_id_and_the_other_leads_there(database):
    arrive(database, *numbered((*GRAIN, *OPERA)))
    assert set(stories(database).values()) == {1, 2}
    ids = range(1, 6)
    last = reading(50, "The king has a cold", "He stays in bed today.")
    arrive(database, last)
    with immediate(database):
        pairs = [(one, other, 1.5) for one in ids for other in ids if one != other]
        database.conn.executemany("INSERT OR REPLACE INTO story_links VALUES (?, ?, ?)", pairs)
        enter(database, 6, last, Found(Profile.of({}), dict.fromkeys(ids, 1.5)), ())
    assert set(stories(database).values()) == {1}
    assert database.execute("SELECT id, articles, merged_into FROM stories").fetchall() == [(1, 6, None), (2, 0, 1)]


def test_a_deleted_article_leaves_its_story_and_a_story_of_one_ends(database):
    arrive(database, *numbered(BRIDGE[:3]))
    for gone, left in ((1, [2, 3]), (2, [])):
        with immediate(database):
            leave(database, [gone])
            part(database, [gone])
            database.execute("DELETE FROM articles WHERE id = ?", [gone])
        assert [row[0] for row in database.execute("SELECT id FROM articles WHERE story_id = 1")] == left
    assert database.execute("SELECT articles, article_id FROM stories").fetchall() == [(0, None)]
    assert database.execute("SELECT count(*) FROM traits").fetchone() == (1,)


def agreement(one, other):
    """B-cubed F1."""
    shares = []
    for name in one:
        ours = {key for key in one if one[key] == one[name]}
        theirs = {key for key in other if other[key] == other[name]}
        shares.append((len(ours & theirs) / len(theirs), len(ours & theirs) / len(ours)))
    precision, recall = (sum(share) / len(shares) for share in zip(*shares, strict=True))
    return 2 * precision * recall / (precision + recall)


_NUMBERS = count()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(BRIDGE) + len(GRAIN) + len(OPERA))))
def test_the_order_of_arrival_changes_no_story(tmp_path, order):
    told = numbered((*BRIDGE, *GRAIN, *OPERA))
    ends = []
    for sequence in (told, [told[n] for n in order]):
        db = open_new(tmp_path / f"{next(_NUMBERS)}.db")
        arrive(db, *sequence, now=NOW)
        ends.append(dict(db.execute("SELECT url, coalesce(story_id, -id) FROM articles").fetchall()))
        db.conn.close()
    assert agreement(*ends) >= 0.95


def test_every_article_of_a_story_is_counted_once(database):
    arrive(database, *numbered((*BRIDGE, *GRAIN, *OPERA)))
    counted = defaultdict(int)
    for story in stories(database).values():
        counted[story] += 1
    assert dict(database.execute("SELECT id, articles FROM stories").fetchall()) == counted


def test_a_story_that_loses_an_article_to_another_counts_it_no_more(database):
    ids = arrive(database, *(reading(name, name, name) for name in ("ash", "beech", "cedar", "elm", "fir")))
    nothing = Profile.of({})
    first, second, third, fourth, fifth = ids
    for one, links in (
        (second, {first: 0.9}),
        (third, {second: 0.9}),
        (fifth, {fourth: 0.9}),
        (fourth, {third: 1.5}),  # it takes the third with it
    ):
        with immediate(database):
            give_story(database, one, NOW, "en", Found(nothing, links), ())
    members = Counter(stories(database).values())
    assert sorted(members.values()) == [2, 3]
    assert dict(database.execute("SELECT id, articles FROM stories WHERE articles > 0").fetchall()) == members
