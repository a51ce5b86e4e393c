"""When alerts are told: budgets, quiet hours and what merges, as laws and through the real storage."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery import held_until, hold_until
from alerts.telling import free_at, plan_telling
from alerts.verdicts import Rules
from config.model import MeetingSpec, Watch
from config.vocabulary import Level, Status, Urgency
from config.watch_options import Budget
from storage.database import open_reader
from storage.model import (
    Claim,
    Field,
    Planned,
    Reason,
    Span,
    Verdict,
)
from storage.outbox import hold_delivery, lease_deliveries
from storage.views import get_alert, outbox
from tests.watch_desk import HOUR, MINUTE, START, Desk


def watch(**options):
    fields = {"name": "W", "query": "a", "send": "now", "channels": ["desk"], **options}
    return Watch.model_validate(fields)


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(*watches):
        made.append(Desk(tmp_path / "envoywatch.db", *watches))
        return made[-1]

    yield make
    for one in made:
        one.db.conn.close()


def test_beyond_its_budget_a_watch_tells_the_rest_in_one_message_when_the_budget_frees(desk):
    one = desk(watch(at_most="2/h"))
    for minute in range(6):
        one.reads(START + minute * MINUTE, "W")
    assert one.decisions() == [
        (Verdict.ALERT, Reason.WATCH_MATCHED),
        (Verdict.ALERT, Reason.WATCH_MATCHED),
        *[(Verdict.ALERT, Reason.OVER_BUDGET)] * 4,
    ]
    assert one.sends(START + 10 * MINUTE) == [["Headline 1"], ["Headline 2"]]
    assert one.sends(START + 59 * MINUTE) == []
    assert one.sends(START + HOUR) == [["Headline 3", "Headline 4", "Headline 5", "Headline 6"]]


def test_a_budget_is_kept_over_a_restart_and_what_waits_still_grows(desk):
    one = desk(watch(at_most="1/h"))
    one.reads(START, "W")
    one.again()
    one.reads(START + MINUTE, "W")
    one.again()
    one.reads(START + 2 * MINUTE, "W")
    assert one.sends(START + 30 * MINUTE) == [["Headline 1"]]
    assert one.sends(START + HOUR) == [["Headline 2", "Headline 3"]]


def test_a_message_that_was_taken_to_be_sent_says_what_it_says_and_later_alerts_begin_another(desk):
    one = desk(watch(at_most="1/h"))
    one.reads(START, "W")
    one.sends(START)
    one.reads(START + MINUTE, "W")
    (taken,) = lease_deliveries(one.db, "desk", START + HOUR, 1, HOUR)
    one.again()  # killed while it was on its way: perhaps it arrived
    one.reads(START + HOUR, "W")
    assert one.titles(taken) == ["Headline 2"]
    assert one.sends(START + HOUR) == [["Headline 2"]]
    assert one.sends(START + 2 * HOUR) == [["Headline 3"]]


def test_a_message_held_by_its_channel_is_open_again(desk):
    one = desk(watch(at_most="1/h"))
    one.reads(START, "W")
    one.sends(START)
    one.reads(START + MINUTE, "W")
    (taken,) = lease_deliveries(one.db, "desk", START + HOUR, 1, HOUR)
    hold_delivery(one.db, taken.id, START + 3 * HOUR)
    assert one.db.execute("SELECT sealed_at FROM deliveries WHERE id = ?", [taken.id]).fetchone()[0] is None


def test_two_channels_get_the_same_merged_message_and_alerts_of_other_channels_their_own(desk):
    one = desk(watch(at_most="1/h", channels=["desk", "phone"]))
    one.reads(START, "W")
    one.reads(START + MINUTE, "W")
    one.rules = Rules((watch(at_most="1/h", channels=["phone"]),))
    one.reads(START + 2 * MINUTE, "W")
    assert one.sends(START + 9 * HOUR) == [["Headline 1"], ["Headline 2"]]
    assert one.sends(START + 9 * HOUR, "phone") == [["Headline 1"], ["Headline 2"], ["Headline 3"]]


def test_the_outbox_counts_what_a_message_tells_and_an_alert_names_its_company(desk):
    one = desk(watch(at_most="1/h"))
    ids = [one.reads(START + minute * MINUTE, "W")[0] for minute in range(3)]
    reader = open_reader(one.path)
    assert [line.others for line in outbox(reader)] == [1, 0]
    view = get_alert(reader, ids[2])
    assert (view.others, view.alert.told_with) == ((ids[1],), ids[1])
    assert [line.alert_id for line in view.deliveries] == [ids[1]]
    reader.close()


QUIET = "23:00-07:00 Europe/Paris"


def test_what_comes_in_quiet_hours_is_told_at_their_end_over_the_night_the_clock_changes(desk):
    one = desk(watch(quiet=QUIET))
    night = datetime(2023, 3, 25, 22, 30, tzinfo=UTC)  # 23:30 in Paris; in this night an hour is skipped
    one.reads(night, "W")
    assert one.decisions() == [(Verdict.ALERT, Reason.QUIET_HOURS)]
    end = datetime(2023, 3, 26, 5, 0, tzinfo=UTC)  # 07:00 summer time
    assert one.sends(end - MINUTE) == []
    assert one.sends(end) == [["Headline 1"]]


def test_what_is_urgent_passes_quiet_hours(desk):
    one = desk(watch(quiet=QUIET, urgency="high"))
    one.reads(datetime(2023, 3, 25, 23, 0, tzinfo=UTC), "W")
    assert one.decisions() == [(Verdict.ALERT, Reason.WATCH_MATCHED)]


def test_a_night_of_alerts_is_told_within_the_budget_and_none_is_lost(desk):
    one = desk(watch(quiet=QUIET, at_most="2/h"))
    night = datetime(2023, 5, 16, 22, 0, tzinfo=UTC)
    for hour in range(5):
        one.reads(night + hour * HOUR, "W")
    told = one.sends(datetime(2023, 5, 17, 5, 0, tzinfo=UTC))
    assert told == [["Headline 1"], ["Headline 2", "Headline 3", "Headline 4", "Headline 5"]]


def test_a_muted_watch_tells_nobody_says_so_and_ends_by_itself(desk):
    one = desk(watch(mute="2023-05-16 12:00 UTC"))
    assert one.reads(START, "W") == ()
    assert one.decisions() == [(Verdict.QUIET, Reason.MUTED)]
    assert one.db.execute("SELECT count(*) FROM matches").fetchone()[0] == 1
    assert one.reads(START + 4 * HOUR, "W")


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ({"roles": "official"}, "only from official sources, not from media"),
        ({"countries": ["CN", "UA"]}, "only from CN or UA, not from RU"),
        ({"languages": ["zh"]}, "only in zh, not in en"),
        ({"sources": ["Xinhua"]}, "only from Xinhua, not from Wire"),
    ],
)
def test_a_match_of_another_source_than_asked_for_does_not_count_and_says_why(desk, only, says):
    one = desk(watch(only=only))
    assert one.reads(START, "W", country="RU") == ()
    assert one.db.execute("SELECT reason, detail FROM decisions").fetchone() == ("source-not-asked-for", says)
    assert one.db.execute("SELECT count(*) FROM matches").fetchone()[0] == 0


def claim(status=Status.HELD, people=("A", "B")):
    return Claim(people, Level.LEADER, status, START.date(), None, "They met.", Span(Field.TEXT, 0, 5))


def audience(**options):
    spec = MeetingSpec(between=("A", "B"))
    return Watch.model_validate({"name": "M", "meeting": spec, "send": "now", "channels": ["desk"], **options})


def test_a_meeting_that_others_told_of_first_is_told_when_a_source_asked_for_tells_it(desk):
    one = desk(audience(only={"countries": ["UA"]}))
    assert one.reads(START, claims=[claim()], source="First") == ()
    assert one.reads(START + MINUTE, claims=[claim()], source="Second") == ()
    assert one.reads(START + 2 * MINUTE, claims=[claim()], source="Third", country="UA")
    assert one.reads(START + 3 * MINUTE, claims=[claim()], source="Fourth", country="UA") == ()


def test_a_meeting_waits_for_several_sources_that_say_the_same_of_it(desk):
    one = desk(audience(min_sources=3))
    assert one.reads(START, claims=[claim(Status.SCHEDULED)], source="Planner") == ()
    assert one.reads(START + MINUTE, claims=[claim()], source="First") == ()
    assert one.reads(START + 2 * MINUTE, claims=[claim()], source="First") == ()
    assert one.reads(START + 3 * MINUTE, claims=[claim()], source="Second") == ()
    assert one.reads(START + 4 * MINUTE, claims=[claim()], source="Third")
    assert one.decisions()[-1] == (Verdict.ALERT, Reason.ENOUGH_SOURCES)
    assert one.reads(START + 5 * MINUTE, claims=[claim()], source="Fourth") == ()


def test_a_story_waits_for_several_sources_and_a_copy_is_none(desk):
    one = desk(watch(min_sources=2))
    title = "Envoy arrives in Ruritania for talks"
    assert one.reads(START, "W", title=title, source="First", words="the words " * 40) == ()
    assert one.reads(START + MINUTE, "W", title=title, source="Copier", words="the words " * 40) == ()
    assert one.reads(START + 2 * MINUTE, "W", title="Grain prices fall again", source="Other") == ()
    assert one.reads(START + 3 * MINUTE, "W", title="Talks in Ruritania: envoy arrives today", source="Second")
    assert [reason for _, reason in one.decisions()] == [
        Reason.TOO_FEW_SOURCES,
        Reason.TOO_FEW_SOURCES,
        Reason.ENOUGH_SOURCES,
    ]


# ---------------------------------------------------------------- laws

TIMES = st.lists(st.integers(0, 600), max_size=40).map(
    lambda minutes: [START + one * MINUTE for one in sorted(minutes)]
)
BUDGETS = st.builds(Budget, count=st.integers(1, 4), per=st.sampled_from([30 * MINUTE, HOUR, 24 * HOUR]))


@given(TIMES, BUDGETS)
def test_no_stretch_of_time_holds_more_messages_than_the_budget(times, budget):
    told = []
    for at in times:
        told.append(free_at(budget, told, at))
        assert told[-1] >= at
    for end in told:
        assert sum(end - budget.per < one <= end for one in told) <= budget.count


@given(TIMES, BUDGETS, st.sampled_from([None, QUIET, "00:00-23:59 UTC"]))
def test_every_alert_has_a_message_none_in_quiet_hours_none_beyond_the_budget(times, budget, quiet):
    one = watch(at_most=str(budget), quiet=quiet)
    planned = []
    for number, now in enumerate(times):
        telling = plan_telling(one, Urgency.NORMAL, planned, now)
        assert telling.due_at >= now
        assert hold_until(one.quiet, telling.due_at, Urgency.NORMAL) is None
        if telling.told_with is None:
            planned.append(Planned(str(number), telling.due_at, ("desk",), is_open=telling.due_at > now))
        else:
            assert telling.told_with in {lead.key for lead in planned}
            assert telling.due_at > now
    for lead in planned:
        assert sum(lead.due_at - budget.per < other.due_at <= lead.due_at for other in planned) <= budget.count


@given(st.integers(0, 366 * 24 * 60).map(lambda minutes: START + minutes * MINUTE))
def test_what_two_quiet_hours_hold_comes_out_in_neither(now):
    spans = [watch(quiet=quiet).quiet for quiet in (QUIET, "06:30-09:00 Europe/Kyiv")]
    until = held_until([*spans, None], now, Urgency.NORMAL)
    assert all(hold_until(span, until or now, Urgency.NORMAL) is None for span in spans)
    assert held_until(spans, now, Urgency.HIGH) is None


def test_quiet_hours_that_leave_no_minute_do_not_hold_for_ever():
    spans = [watch(quiet=quiet).quiet for quiet in ("00:00-12:00 UTC", "12:00-00:00 UTC")]
    assert held_until(spans, START, Urgency.NORMAL) < START + timedelta(days=8)


# ---------------------------------------------------------------- whatever happens in between

STEPS = st.lists(st.tuples(st.sampled_from(["reads", "sends", "killed", "held"]), st.integers(0, 50)), max_size=14)


@settings(max_examples=12, deadline=None)
@given(STEPS, st.sampled_from([None, QUIET]), st.integers(1, 2))
def test_whatever_happens_in_between_every_alert_is_told_once_and_a_repeat_says_the_same(steps, quiet, count):
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "envoywatch.db", watch(at_most=f"{count}/h", quiet=quiet))
        at, sent = START + 12 * HOUR, {}
        for step, minutes in steps:
            at += minutes * MINUTE
            if step == "reads":
                desk.reads(at, "W")
            elif step == "sends":
                desk.sends(at, record=sent)
            elif due := lease_deliveries(desk.db, "desk", at, 1, HOUR):
                if step == "held":
                    hold_delivery(desk.db, due[0].id, at + HOUR)
                else:  # sent, but killed before that was written down
                    desk.told(due[0], sent)
                    desk.again()
        for _ in range(20):
            at += HOUR
            desk.sends(at, record=sent)
        told = sorted(title for titles in sent.values() for title in titles)
        assert told == sorted(row[0] for row in desk.db.execute("SELECT title FROM alerts"))
        assert desk.db.execute("SELECT count(*) FROM deliveries WHERE state <> 'sent'").fetchone()[0] == 0
        desk.db.conn.close()
