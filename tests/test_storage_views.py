from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.vocabulary import Level, Role, Status
from storage import views
from storage.database import open_reader, open_writer
from storage.errors import NotStoredError
from storage.faults import describe, describe_delivery
from storage.model import (
    AlertKind,
    Change,
    DeliveryFault,
    DeliveryState,
    FaultKind,
    Field,
    PollOutcome,
    Reason,
    Span,
    TextOrigin,
    Verdict,
    to_text,
)
from storage.views import ArticleFilters, Health, Mark
from storage.views_rows import marks_within
from tests.mission_database import AUDIENCE, ENVOY, NOW, TALKS, at, seed

DAY_AGO = NOW - timedelta(days=1)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    path = tmp_path_factory.mktemp("mission") / "envoywatch.db"
    return path, seed(path)


@pytest.fixture
def reader(seeded):
    with closing(open_reader(seeded[0])) as reader:
        yield reader


@pytest.fixture
def mission(seeded):
    return seeded[1]


@pytest.fixture
def writer(tmp_path):
    """A mission of one's own to change before it is read: the writing connection, the reading one, what is where."""
    path = tmp_path / "envoywatch.db"
    mission = seed(path)
    db = open_writer(path)
    with closing(db.conn), closing(open_reader(path)) as reader:
        yield db.conn, reader, mission


# ---------------------------------------------------------------- faults in words


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_of_a_source_has_words_and_a_remedy(kind):
    words, remedy = describe(kind)
    assert not words.endswith(".")
    assert words[0].islower()
    assert remedy.endswith(".")


@pytest.mark.parametrize("kind", list(DeliveryFault))
def test_every_fault_of_a_delivery_has_words_and_a_remedy(kind):
    words, remedy = describe_delivery(kind)
    assert not words.endswith(".")
    assert remedy.endswith(".")


# ---------------------------------------------------------------- alerts


def test_alerts_come_newest_first_with_article_meeting_and_marked_evidence(reader, mission):
    alerts = views.list_alerts(reader)
    assert [alert.id for alert in alerts] == [
        mission.alerts[name] for name in ("confirmed", "held", "overdue", "hostile", "denied")
    ]
    held = alerts[1]
    assert held.kind is AlertKind.MEETING
    assert held.change is Change.HELD
    assert held.article.source == "Северный телеграф"
    assert held.meeting.participants == ("Vladimir Putin", "Li Hui")
    assert held.evidence.language == "ru"
    marked = [held.evidence.text[mark.start : mark.end] for mark in held.evidence.marks]
    assert marked == ["сегодня", "принял"]
    assert held.created_at.tzinfo is UTC
    assert held.date.isoformat() == "2023-05-26"


def test_an_alert_without_article_or_evidence_has_none_of_them(reader, mission):
    overdue = views.get_alert(reader, mission.alerts["overdue"])
    assert (overdue.alert.article, overdue.alert.meeting, overdue.alert.evidence, overdue.claim) == (None,) * 4
    assert overdue.claims == overdue.history == overdue.reports == ()


def test_alerts_can_be_bounded_in_time_half_open(reader, mission):
    held = at("2023-05-26T18:21:03")
    ids = [alert.id for alert in views.list_alerts(reader, held, at("2023-05-26T19:02:03"))]
    assert ids == [mission.alerts["held"]]
    assert views.list_alerts(reader, held + timedelta(microseconds=1), at("2023-05-26T19:02:03")) == ()


def test_alerts_reviewed_before_a_time_can_be_left_out(reader, mission):
    reviewed_at = at("2023-05-26T12:10")
    everything = views.list_alerts(reader)
    assert views.list_alerts(reader, hide_reviewed_before=reviewed_at) == everything
    later = views.list_alerts(reader, hide_reviewed_before=reviewed_at + timedelta(seconds=1))
    assert {alert.id for alert in everything} - {alert.id for alert in later} == {mission.alerts["denied"]}


def test_pages_of_alerts_join_without_gap(reader):
    whole = views.list_alerts(reader)
    first = views.list_alerts(reader, limit=2)
    assert first + views.list_alerts(reader, before=first[-1].id) == whole


def test_an_alert_of_a_watch_marks_what_matched_in_its_sentence(writer):
    connection, reader, mission = writer
    article = mission.articles["k1"]
    sentence = "Li Hui ends his tour with a call for a ceasefire"
    connection.execute(
        "UPDATE matches SET spans = ? WHERE article_id = ?", ('[["title", 0, 6], ["text", 99, 101]]', article)
    )
    connection.execute(
        "INSERT INTO alerts (key, kind, title, created_at, watch, article_id, evidence) VALUES (?, ?, ?, ?, ?, ?, ?)",
        ("match/1", "match", "matched", to_text(NOW), ENVOY, article, sentence),
    )
    alert = views.list_alerts(reader, limit=1)[0]
    assert alert.evidence.marks == (Mark(0, 6, "match"),)
    connection.execute("UPDATE alerts SET evidence = 'not in the article' WHERE key = 'match/1'")
    assert views.list_alerts(reader, limit=1)[0].evidence.marks == ()


def test_one_alert_comes_with_everything_it_rests_on(reader, mission):
    view = views.get_alert(reader, mission.alerts["held"])
    assert view.claim.status is Status.HELD
    assert view.claim.span.field is Field.TEXT
    assert [step.change for step in view.history] == [Change.SCHEDULED, Change.HELD, Change.CONFIRMED]
    assert view.history[1].before is Status.SCHEDULED
    assert [report.source for report in view.reports] == [
        "The Meridian Post", "Северный телеграф", "Вестник набережной", "江城晚报",
    ]  # fmt: skip
    assert [(line.verdict, line.reason) for line in view.decisions] == [(Verdict.ALERT, Reason.STATUS_CHANGED)]
    assert {line.channel: line.state for line in view.deliveries} == {
        "desk": DeliveryState.SENT,
        "phone": DeliveryState.SENT,
    }


@pytest.mark.parametrize(
    "get",
    [
        lambda reader: views.get_alert(reader, 999),
        lambda reader: views.get_meeting(reader, 999),
        lambda reader: views.get_article(reader, 9999),
        lambda reader: views.explain_article(reader, 9999),
        lambda reader: views.explain_article(reader, "9" * 40),
        lambda reader: views.explain_article(reader, "https://nowhere.example/"),
        lambda reader: views.get_source(reader, "Nobody", NOW),
        lambda reader: views.get_source(reader, 999, NOW),
    ],
)
def test_what_is_not_stored_is_named_in_the_error(reader, get):
    with pytest.raises(NotStoredError):
        get(reader)


# ---------------------------------------------------------------- meetings


def test_meetings_are_found_by_person_status_level_and_time(reader):
    def people(**wanted):
        return {meeting.participants[0] for meeting in views.list_meetings(reader, **wanted)}

    assert len(views.list_meetings(reader)) == 12
    assert people(person="vladimir putin") == {"Vladimir Putin"}
    assert people(status=Status.REFUSED) == {"Emmanuel Macron"}
    assert people(level=Level.MINISTER) == {"Dmytro Kuleba", "Josep Borrell", "[a group of envoys]"}
    assert people(since=DAY_AGO) == {"Vladimir Putin", "Volodymyr Zelenskyy"}
    assert len(views.list_meetings(reader, until=DAY_AGO)) == 10
    assert len(views.list_meetings(reader, limit=3)) == 3


def test_meetings_stand_by_their_date_the_latest_first_and_undated_ones_by_their_last_change(reader):
    days = [meeting.date or meeting.updated_at.date() for meeting in views.list_meetings(reader)]
    assert days == sorted(days, reverse=True)


def test_a_meeting_comes_with_history_claims_and_the_alerts_about_it(reader, mission):
    view = views.get_meeting(reader, mission.meetings["kyiv"])
    assert view.meeting.disputed
    assert [claim.status for claim in view.claims] == [Status.HELD, Status.DENIED]
    assert view.alert_ids == (mission.alerts["denied"],)
    assert not any(report.is_copy for report in view.reports)


def test_a_step_that_a_clock_made_has_no_claim(writer):
    connection, reader, mission = writer
    connection.execute(
        "INSERT INTO status_changes (meeting_id, change, after, at) VALUES (?, 'overdue', 'scheduled', ?)",
        (mission.meetings["moscow"], to_text(NOW)),
    )
    step = views.get_meeting(reader, mission.meetings["moscow"]).history[-1]
    assert (step.change, step.claim, step.before) == (Change.OVERDUE, None, None)


def test_pairs_hold_every_two_participants_once(reader):
    pairs = views.pairs_of(views.list_meetings(reader))
    assert all(first < second for first, second in pairs)
    assert len(pairs["Li Hui", "Vladimir Putin"]) == 1


# ---------------------------------------------------------------- sources


def test_sources_show_their_state(reader):
    states = {source.name: source.health for source in views.list_sources(reader, NOW)}
    assert states["Dnipro Bulletin"] is Health.LOST
    assert states["Lutetia Review"] is Health.SILENT
    assert states["Cedar Institute"] is Health.PAUSED
    assert states["Harbour Wire"] is Health.WELL


def test_a_source_shows_its_fault_in_words_its_endpoints_polls_and_days(reader):
    source = views.get_source(reader, "Dnipro Bulletin", NOW)
    assert source.fault is FaultKind.BLOCKED
    assert source.fault_text.words == "it refuses us"
    assert source.endpoints[0].fault is FaultKind.BLOCKED
    assert source.endpoints[0].in_use
    assert len(source.recent) == 40
    assert source.recent[0].started_at < source.recent[-1].started_at
    assert all(poll.outcome is PollOutcome.FAULT for poll in source.recent)
    assert len(source.per_day) == 14
    assert source.per_day == (*[4] * 13, 2)
    assert source.entries_per_day == pytest.approx(sum(source.per_day) / 14)


def test_one_source_says_the_same_as_the_list(reader):
    for source in views.list_sources(reader, NOW):
        assert views.get_source(reader, source.name, NOW, polls=40) == source
        assert views.get_source(reader, source.id, NOW, polls=40) == source


def test_a_source_that_was_not_tried_for_three_intervals_is_late_and_one_never_polled_is_new(writer):
    connection, reader, _ = writer
    state = {source.name: source.health for source in views.list_sources(reader, NOW + timedelta(hours=1))}
    assert state["Harbour Wire"] is Health.LATE
    assert state["Dnipro Bulletin"] is Health.LOST
    connection.execute("UPDATE sources SET last_poll_at = NULL WHERE name = 'Harbour Wire'")
    assert views.get_source(reader, "Harbour Wire", NOW).health is Health.NEVER_READ


def test_a_source_that_left_the_configuration_is_shown_on_request_only(writer):
    connection, reader, _ = writer
    connection.execute("UPDATE sources SET active = 0 WHERE name = 'Harbour Wire'")
    assert "Harbour Wire" not in {source.name for source in views.list_sources(reader, NOW)}
    shown = {source.name: source.health for source in views.list_sources(reader, NOW, removed=True)}
    assert shown["Harbour Wire"] is Health.REMOVED


# ---------------------------------------------------------------- articles


def test_an_article_comes_with_matches_claims_decisions_and_copies(reader, mission):
    view = views.get_article(reader, mission.articles["k1"])
    assert [(match.watch, match.spans) for match in view.matches] == [(ENVOY, (Span(Field.TITLE, 0, 6),))]
    assert [copy.source for copy in view.copies] == ["Vistula Daily", "Lutetia Review", "Dnipro Bulletin"]
    assert view.original is None
    copy = views.get_article(reader, mission.articles["k1c0"])
    assert copy.original.id == view.line.id
    assert [decision.reason for decision in copy.decisions] == [Reason.COPY]
    assert copy.line.origin is TextOrigin.PAGE


def test_an_article_is_explained_by_id_by_url_and_by_the_url_of_its_entry(writer):
    connection, reader, mission = writer
    article = mission.articles["held"]
    by_id = views.explain_article(reader, article)
    assert by_id == views.explain_article(reader, str(article))
    assert by_id == views.explain_article(reader, by_id.article.line.url)
    short = "https://short.example/1"
    connection.execute("UPDATE entries SET url = ?, key = ? WHERE article_id = ?", (short, f"u:{short}", article))
    assert views.explain_article(reader, short).article == by_id.article
    assert [alert.id for alert in by_id.alerts] == [mission.alerts["held"]]
    assert {line.channel for line in by_id.deliveries} == {"desk", "phone"}


def test_an_entry_that_never_became_an_article_is_explained_too(writer):
    connection, reader, mission = writer
    connection.execute(
        "UPDATE entries SET url = 'https://gone.example/', own_page = 0, article_id = NULL, state = 'failed',"
        " reason = 'too-large' WHERE article_id = ?",
        (mission.articles["k6"],),
    )
    explained = views.explain_article(reader, "https://gone.example/")
    assert explained.article is None
    assert [(entry.state, entry.reason) for entry in explained.entries] == [("failed", "too-large")]


def test_an_entry_without_a_link_gives_an_article_without_url(writer):
    connection, reader, mission = writer
    connection.execute("UPDATE articles SET url = 'envoywatch:entry/7' WHERE id = ?", (mission.articles["k6"],))
    assert views.get_article(reader, mission.articles["k6"]).line.url is None


def test_search_finds_newest_first_and_goes_on_where_it_stopped(reader):
    whole = views.search_articles(reader, "title : envoy")
    ids = [found.line.id for found in whole]
    assert len(ids) > 5
    assert ids == sorted(ids, reverse=True)
    first = views.search_articles(reader, "title : envoy", limit=2)
    rest = views.search_articles(reader, "title : envoy", ArticleFilters(before=first[-1].line.id))
    assert first + rest == whole


def test_search_without_an_expression_gives_all_that_pass_the_filters(reader):
    def count(**filters):
        return len(views.search_articles(reader, None, ArticleFilters(**filters), limit=1000))

    total = count()
    assert total == views.totals(reader).articles
    assert count(language="ru") + count(language="en") + count(language="zh") + count(language="ar") == total
    assert 0 < count(source="harbour wire") < total
    assert 0 < count(role=Role.OFFICIAL, country="UA") < total
    assert count(since=DAY_AGO) + count(until=DAY_AGO) == total


# ---------------------------------------------------------------- outbox and totals


def test_the_outbox_is_listed_and_counted_by_state(reader):
    counts = views.outbox_counts(reader)
    assert counts == {
        DeliveryState.SENT: 4, DeliveryState.DUE: 1, DeliveryState.PARKED: 1, DeliveryState.DEAD: 1,
        DeliveryState.DROPPED: 0,
    }  # fmt: skip
    for state, number in counts.items():
        assert len(views.outbox(reader, state)) == number
    parked = views.outbox(reader, DeliveryState.PARKED)[0]
    assert parked.fault_text.words == "the service refused the message"
    assert views.outbox(reader)[0].title == "Evening"


def test_totals_attention_run_and_database(reader, seeded):
    totals = views.totals(reader)
    assert (totals.sources, totals.sources_with_fault, totals.sources_paused) == (11, 2, 1)
    assert (totals.alerts, totals.alerts_to_review, totals.meetings) == (5, 4, 12)
    assert totals.oldest_due_at == NOW - timedelta(minutes=50)
    assert totals.last_ok_at < NOW < totals.next_poll_at
    attention = views.attention(reader)
    assert (attention.sources_with_fault, attention.alerts_to_review, attention.deliveries_stuck) == (2, 4, 2)
    assert views.find_last_run(reader).pid == 4711
    facts = views.database_facts(reader)
    assert facts.path == seeded[0]
    assert facts.size == seeded[0].stat().st_size


def test_watches_show_what_they_yield_and_how_it_was_judged(writer):
    connection, reader, _ = writer
    activity = {found.watch: found for found in views.watch_activity(reader, NOW)}
    assert activity[ENVOY].per_day[-1] == 9
    assert activity[ENVOY].last_match_at == at("2023-05-26T16:40")
    assert activity[AUDIENCE].alerts == 3
    assert activity[AUDIENCE].reviews == {"right": 1}
    connection.execute("INSERT INTO notes (name, value, at) VALUES ('config', '[]', ?)", (to_text(NOW),))
    assert views.list_notes(reader) == {"config": "[]"}


def test_people_are_counted_by_meetings_the_busiest_first(reader):
    assert next(iter(views.people_activity(reader).items())) == ("Li Hui", 10)


def test_an_empty_database_has_no_run(tmp_path):
    path = tmp_path / "envoywatch.db"
    open_writer(path).conn.close()
    with closing(open_reader(path)) as reader:
        assert views.find_last_run(reader) is None
        assert views.totals(reader).last_poll_at is None
        assert views.digest_facts(reader, DAY_AGO, NOW).knows_nothing


# ---------------------------------------------------------------- the digest


@pytest.fixture
def facts(reader):
    return views.digest_facts(reader, DAY_AGO, NOW)


def test_a_digest_tells_changed_meetings_with_their_steps_of_that_time(facts):
    assert {change.meeting.participants[0] for change in facts.changes} == {"Vladimir Putin", "Volodymyr Zelenskyy"}
    moscow = next(change for change in facts.changes if change.meeting.place == "Moscow")
    assert moscow.last_change is Change.CONFIRMED
    assert len(moscow.steps) == 3


def test_a_digest_keeps_what_was_expected_apart(facts, mission):
    assert [alert.id for alert in facts.overdue] == [mission.alerts["overdue"]]
    assert mission.alerts["overdue"] not in {alert.id for alert in facts.alerts}
    assert not facts.is_quiet


def test_a_digest_folds_copies_under_their_original(facts, mission):
    by_watch = {found.watch: found.articles for found in facts.matches}
    folded = next(match for match in by_watch[ENVOY] if match.copies)
    assert folded.article.id == mission.articles["k1"]
    assert len(folded.copies) == 3
    assert folded.title.marks == (Mark(0, 6, "match"),)


def test_a_copy_whose_original_did_not_match_in_that_time_stands_for_itself(facts, mission):
    talks = next(found for found in facts.matches if found.watch == TALKS)
    assert mission.articles["copy"] in {match.article.id for match in talks.articles}


def test_a_digest_says_what_could_not_be_seen_the_wholly_unseen_first(facts):
    unseen = [(source.name, source.wholly, source.paused) for source in facts.sight.listed]
    assert unseen == [
        ("Cedar Institute", True, True), ("Dnipro Bulletin", True, False), ("Vistula Daily", False, False),
    ]  # fmt: skip
    assert facts.sight.listed[1].fault_text.words == "it refuses us"
    assert facts.sight.listed[2].failed_polls == 18


def test_of_sources_unseen_for_one_cause_the_first_are_listed_and_all_are_counted(writer):
    connection, reader, _ = writer
    connection.execute("UPDATE sources SET fault = 'name-not-found', last_ok_at = NULL")
    connection.execute("UPDATE polls SET outcome = 'fault', fault = 'name-not-found'")
    whole = views.digest_facts(reader, DAY_AGO, NOW).sight
    short = views.digest_facts(reader, DAY_AGO, NOW, listed=2).sight
    assert (short.sources, short.read, short.unseen) == (whole.sources, 0, whole.sources)
    (most,) = [cause for cause in short.causes if cause.count > 1]
    (all_of_it,) = [cause for cause in whole.causes if cause.count > 1]
    assert most.sources == all_of_it.sources[:2]
    assert (most.count, most.failed_polls) == (len(all_of_it.sources), all_of_it.failed_polls)
    assert all_of_it.failed_polls == sum(source.failed_polls for source in all_of_it.sources)


def test_what_was_expected_is_told_however_many_alerts_came_after_it(reader, mission):
    few = views.digest_facts(reader, DAY_AGO, NOW, most=1)
    assert len(few.alerts) == 1
    assert [alert.id for alert in few.overdue] == [mission.alerts["overdue"]]


def test_a_source_that_failed_for_a_while_and_is_well_again_is_still_named(writer):
    connection, reader, _ = writer
    connection.execute("UPDATE sources SET fault = NULL, fault_since = NULL WHERE name = 'Vistula Daily'")
    vistula = views.digest_facts(reader, DAY_AGO, NOW).sight.listed[-1]
    assert (vistula.name, vistula.fault, vistula.wholly) == ("Vistula Daily", FaultKind.TLS, False)


def test_a_source_added_later_was_not_there_to_be_seen(writer):
    connection, reader, _ = writer
    connection.execute("UPDATE sources SET added_at = ? WHERE name = 'Cedar Institute'", (to_text(NOW),))
    names = {source.name for source in views.digest_facts(reader, DAY_AGO, NOW).sight.listed}
    assert "Cedar Institute" not in names


def test_a_time_before_everything_knows_nothing(reader):
    facts = views.digest_facts(reader, datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))
    assert facts.knows_nothing
    assert facts.is_quiet


# ---------------------------------------------------------------- laws


spans = st.tuples(st.sampled_from(Field), st.integers(0, 50), st.integers(0, 50)).map(
    lambda found: Span(found[0], min(found[1:]), max(found[1:]))
)


@given(st.lists(st.tuples(spans, st.text(max_size=3))), spans)
def test_marks_lie_within_the_quoted_text_and_in_order(found, quoted):
    marks = marks_within(found, quoted)
    assert all(0 <= mark.start <= mark.end <= quoted.end - quoted.start for mark in marks)
    assert [mark.start for mark in marks] == sorted(mark.start for mark in marks)
