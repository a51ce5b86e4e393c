"""The ledger in the database: the same articles end in the same meetings in whatever order they are recorded."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.decide import decide
from alerts.verdicts import Rules
from config.model import MeetingSpec, Watch
from config.vocabulary import EndpointKind, Level, Role, Send, Status
from storage.meetings import ledger_around, meetings_since
from storage.model import Change, Claim, Endpoint, Field, Reading, SourceSpec, Span, Text, TextOrigin
from storage.record import record_reading
from storage.runs import clock_state, record_absence
from storage.sources import sync_sources

DAY = datetime(2023, 5, 16, 8, tzinfo=UTC)
READ_AT = DAY + timedelta(days=40)
SOURCES = ("Wire", "Post", "Palace")
EVERYTHING = Watch(name="All", meeting=MeetingSpec(status=tuple(Status)), send=Send.NOW, channels=("desk",))
RULES = Rules((EVERYTHING,))
_number = count()


@pytest.fixture
def ledger(database):
    specs = [
        SourceSpec(name, (Endpoint(EndpointKind.FEED, f"https://{name.lower()}.example/"),), timedelta(minutes=5))
        for name in SOURCES
    ]
    sync_sources(database, specs, DAY)
    return database


def record(db, said, *, source="Wire", role=Role.MEDIA, at=DAY, now=READ_AT):
    number = next(_number)
    reading = Reading(
        entry_id=number,
        source_id=SOURCES.index(source) + 1,
        source=source,
        country="RU" if role is Role.OFFICIAL else None,
        role=role,
        url=f"https://{source.lower()}.example/{number}",
        text=Text(f"Headline {number}", f"Words of article {number}.", "en", TextOrigin.PAGE, published_at=at),
        text_hash=str(number),
        seen_at=now,
        first_poll=False,
        claims=tuple(said),
    )
    return record_reading(db, reading, lambda one, known: decide(one, known, RULES, now), now)


def claim(status, *people, day=None, place=None, level=Level.LEADER):
    return Claim(people or ("Li Hui", "Vladimir Putin"), level, status, day, place, "They met.", Span(Field.TEXT, 0, 5))


def contents(db):
    """Each meeting without its key, with what is said of it."""
    rows = db.execute(
        "SELECT m.participants, m.level, m.status, m.date, m.place, m.first_reported_at, m.updated_at, m.reports,"
        " m.confirmed_by, m.disputed, m.told_at, m.originators, (SELECT json_group_array(said) FROM (SELECT"
        " a.published_at || a.source || c.status || c.participants || c.level AS said FROM claims c"
        " JOIN articles a ON a.id = c.article_id WHERE c.meeting_id = m.id ORDER BY said)) FROM meetings m"
    )
    return sorted(repr(tuple(row)) for row in rows)


articles = st.lists(
    st.tuples(
        st.lists(
            st.builds(
                lambda status, people, day, place: claim(status, *people, day=day, place=place),
                st.sampled_from([one for one in Status if one is not Status.BACKGROUND]),
                st.sampled_from(
                    [
                        ("Li Hui", "Vladimir Putin"),
                        ("Li Hui", "Vladimir Putin", "Sergei Lavrov"),
                        ("Li Hui", "[president]"),
                        ("Vladimir Putin", "Xi Jinping"),
                    ]
                ),
                st.none() | st.dates(date(2023, 5, 14), date(2023, 6, 12)),
                st.sampled_from([None, "Moscow", "Sochi"]),
            ),
            min_size=1,
            max_size=2,
        ),
        st.sampled_from(SOURCES),
        st.sampled_from([Role.MEDIA, Role.OFFICIAL]),
        st.integers(0, 30 * 24).map(lambda hours: DAY + timedelta(hours=hours)),
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(articles.flatmap(lambda one: st.tuples(st.just(one), st.permutations(one))))
def test_the_same_articles_end_in_the_same_ledger_in_any_order(ledger, orders):
    ends = []
    for order in orders:
        ledger.execute("SAVEPOINT story")
        for said, source, role, at in order:
            record(ledger, said, source=source, role=role, at=at)
        ends.append(contents(ledger))
        orphans = "SELECT count(*) FROM claims WHERE meeting_id NOT IN (SELECT id FROM meetings)"
        assert ledger.execute(orphans).fetchone()[0] == 0
        ledger.execute("ROLLBACK TO story")
        ledger.execute("RELEASE story")
    assert ends[0] == ends[1]


def test_two_meetings_that_turn_out_to_be_one_share_their_history_and_what_was_told(ledger):
    early, late, between = DAY, DAY + timedelta(days=8), DAY + timedelta(days=4)
    record(ledger, [claim(Status.UNDER_WAY)], at=early, now=early)
    record(ledger, [claim(Status.UNDER_WAY)], source="Post", at=late, now=late)
    first, second = meetings_since(ledger.conn, DAY - timedelta(days=1))
    record(ledger, [claim(Status.HELD)], source="Palace", at=between, now=late)
    (meeting,) = meetings_since(ledger.conn, DAY - timedelta(days=1))
    assert (meeting.key, meeting.id, meeting.status, meeting.reports) == (first.key, first.id, Status.HELD, 3)
    history = ledger.execute("SELECT change FROM status_changes WHERE meeting_id = ? ORDER BY id", [meeting.id])
    assert [row[0] for row in history] == [Change.UNDER_WAY, Change.UNDER_WAY, Change.HELD]
    keys = [row[0] for row in ledger.execute("SELECT key FROM alerts ORDER BY id")]
    assert len(keys) == len(set(keys)) == 2  # the third report tells nobody what two alerts had told
    assert ledger.execute("SELECT count(*) FROM alerts WHERE meeting_id = ?", [meeting.id]).fetchone()[0] == 2
    assert ledger.execute("SELECT 1 FROM meetings WHERE key = ?", [second.key]).fetchone() is None


def test_what_was_told_later_is_looked_up_with_all_that_it_may_be_about(ledger):
    record(ledger, [claim(Status.HELD, "Li Hui", "Vladimir Putin", "Sergei Lavrov")], at=DAY + timedelta(days=2))
    record(
        ledger,
        [claim(Status.SCHEDULED, "Sergei Lavrov", "Vladimir Putin", level=Level.OTHER)],
        at=DAY + timedelta(days=3),
    )
    record(ledger, [claim(Status.HELD, "Xi Jinping", "Emmanuel Macron")], at=DAY + timedelta(days=3))
    meetings, reports = ledger_around(ledger, [claim(Status.HELD)], DAY)
    people = {frozenset(meeting.participants) for meeting in meetings}
    assert frozenset({"Sergei Lavrov", "Vladimir Putin"}) in people
    assert frozenset({"Xi Jinping", "Emmanuel Macron"}) not in people
    assert {report.meeting_key for report in reports} == {meeting.key for meeting in meetings}


def test_an_absence_is_not_written_when_the_ledger_has_heard_of_the_meeting_meanwhile(ledger):
    record(ledger, [claim(Status.SCHEDULED, day=date(2023, 5, 18))])
    (planned,) = meetings_since(ledger.conn, DAY - timedelta(days=1))
    record(ledger, [claim(Status.HELD, day=date(2023, 5, 18))], source="Post", at=DAY + timedelta(days=2))
    assert record_absence(ledger, "absence:x", planned, Change.OVERDUE, lambda _: ((), ()), {}, READ_AT) == []
    assert "absence:x" not in clock_state(ledger)
    assert ledger.execute("SELECT count(*) FROM status_changes WHERE change = 'overdue'").fetchone()[0] == 0
