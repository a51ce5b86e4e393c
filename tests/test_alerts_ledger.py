"""Stories of tests/data/ledger played through the decision, and the laws that hold for any claims."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from alerts import ledger
from alerts.absence_alerts import tell
from alerts.absences import mark_of, overdue_meetings, silences
from alerts.coverage import cover
from alerts.decide import decide
from alerts.precedence import PENDING, POSITIVE, order_of
from alerts.verdicts import FIRST_POLL_MOST, Rules
from alerts.visits import Geography, departures
from config.model import MeetingSpec, Watch
from config.vocabulary import Level, Role, Send, Status, Urgency
from storage.identity import text_hash
from storage.model import (
    UNNAMED,
    AlertKind,
    Change,
    Claim,
    Cue,
    Departure,
    Field,
    Known,
    Match,
    Outcome,
    Reading,
    Reason,
    Report,
    Span,
    Text,
    TextOrigin,
    ToldDeparture,
    Verdict,
)
from storage.views_coverage import ReadSource

STORIES_AT_LEAST = 60
STORIES = Path(__file__).parent / "data" / "ledger"
DAY = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)
WATCH = Watch(name="Audience", meeting=MeetingSpec(guest="Li Hui", level=Level.LEADER), send=Send.NOW)
SPAN = Span(Field.TEXT, 0, 4)


def claim(text):
    """A claim written as `STATUS LEVEL, A – B[, Place][, date]`; `STATUS?` rests on an unnamed source."""
    said, people, *rest = [part.strip() for part in text.split(",")]
    status, level = said.split()
    day = date.fromisoformat(rest.pop()) if rest and rest[-1][:1].isdigit() else None
    place = rest.pop() if rest else None
    cues = (Cue(SPAN, UNNAMED),) if status.endswith("?") else ()
    people = tuple(people.split(" – "))
    return Claim(people, Level(level), Status(status.rstrip("?")), day, place, "They met.", SPAN, cues)


def line(meeting):
    """A meeting written the way claims are, with what the ledger adds."""
    parts = [f"{meeting.status} {meeting.level}", " – ".join(meeting.participants), meeting.place, meeting.date]
    parts += [f"{meeting.reports} reports" if meeting.reports != 1 else None]
    by = f"confirmed by {' '.join(meeting.confirmed_by)}" if meeting.confirmed_by else "confirmed"
    parts += [by if meeting.confirmed else None, "disputed" if meeting.disputed else None]
    return ", ".join(str(part) for part in parts if part)


@dataclass
class Memory:
    """What storage would keep, in memory; entering a reading is what recording does."""

    rules: Rules
    meetings: dict = field(default_factory=dict)
    reports: list = field(default_factory=list)
    alert_keys: list = field(default_factory=list)
    marks: set = field(default_factory=set)
    left: list = field(default_factory=list)
    urls: dict = field(default_factory=dict)
    texts: dict = field(default_factory=dict)
    first_poll_alerts: dict = field(default_factory=dict)
    numbers: object = field(default_factory=lambda: count(1))

    def enter(self, reading, now):
        outcome = decide(reading, self.known(reading), self.rules, now)
        self.keep(reading, outcome)
        return outcome

    def known(self, reading):
        twin = self.texts.get(reading.text_hash)
        return Known(
            same_url=self.urls.get(reading.url),
            same_text=twin and twin[0],
            same_text_source=twin and twin[1],
            meetings=tuple(self.meetings.values()),
            reports=tuple(self.reports),
            alert_keys=frozenset(self.alert_keys),
            first_poll_alerts=self.first_poll_alerts.get(reading.source, 0),
        )

    def keep(self, reading, outcome):
        if not outcome.store_article:
            return
        number = self.urls[reading.url] = next(self.numbers)
        self.texts.setdefault(reading.text_hash, (number, reading.source))
        self.meetings |= {meeting.key: meeting for meeting in outcome.meetings}
        self.reports = [
            replace(one, meeting_key=outcome.moved.get(one.claim_id, one.meeting_key)) for one in self.reports
        ]
        said = reading.claims if outcome.claims is None else outcome.claims
        for one, key in zip(said, outcome.claim_meetings, strict=False):
            if key:
                number, at = len(self.reports), reading.published_at
                self.reports.append(
                    Report(number, one, key, reading.source, reading.role, at, at, reading.source, reading.country)
                )
        for gone, into in outcome.merged.items():
            del self.meetings[gone]
            for old in [key for key in self.alert_keys if gone in key]:
                renamed = old.replace(f"meeting/{gone}/", f"meeting/{into}/")
                if renamed not in self.alert_keys:
                    self.alert_keys[self.alert_keys.index(old)] = renamed
        self.alert_keys += [alert.key for alert in outcome.alerts]
        if reading.first_poll:
            told = self.first_poll_alerts.get(reading.source, 0)
            self.first_poll_alerts[reading.source] = told + len(outcome.alerts)


_number = count()


def reading(claims=(), *, source="Wire", role=Role.MEDIA, at=DAY, now=None, words=None, url=None, **fields):
    number = next(_number)
    words = words or f"words of {number}"
    return Reading(
        entry_id=number,
        source_id=1,
        source=source,
        country=fields.pop("country", None),
        role=role,
        url=url or f"https://outlet.example/{number}",
        text=Text("Headline", words, "en", TextOrigin.PAGE, published_at=at),
        text_hash=text_hash("Headline", words),
        seen_at=now or at,
        first_poll=fields.pop("first_poll", False),
        claims=tuple(claims),
        **fields,
    )


def rules(watches, groups=None, countries=None):
    made = []
    for name, wish in watches.items():
        spec = dict(wish)
        made.append(Watch(name=name, send=spec.pop("send", Send.NOW), meeting=MeetingSpec(**spec)))
    sides = countries or {}
    return Rules(
        tuple(made),
        lambda name: (groups or {}).get(name, (name,)),
        lambda label, _: {sides[label]} if label in sides else set(),
    )


def listed(value):
    return [value] if isinstance(value, str) else list(value or ())


def stories():
    for path in sorted(STORIES.glob("*.yaml")):
        file = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        for story in file["stories"]:
            world = {name: file.get(name) for name in ("countries", "leaders", "envoys", "places", "officials")}
            shared = {"watches": file["watches"], **world}
            yield pytest.param({**shared, **story}, id=f"{path.stem}: {story['story']}")


def moment(value):
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def read_step(step):
    source, _, role = step["from"].rstrip(")").partition(" (")
    role, _, country = role.partition(" ")
    at = moment(step["at"])
    now = moment(step["read"]) if "read" in step else at
    said = [claim(text) for text in listed(step["says"])]
    extra = {"words": step.get("text"), "url": step.get("url"), "first_poll": step.get("first_poll", False)}
    extra["country"] = country or None
    return reading(said, source=source, role=Role(role or "media"), at=at, now=now, **extra), now


def article_comes(memory, step, story):
    outcome = memory.enter(*read_step(step))
    assert outcome.decisions
    return outcome.alerts, outcome.decisions, [str(change.change) for change in outcome.changes]


def article_tells_of_leaving(memory, step):
    """`left: Li Hui, Moscow, 2023-05-27`."""
    person, place, day = [part.strip() for part in step["left"].split(",")]
    departure = Departure(person, place, date.fromisoformat(day), f"{person} left {place}.", SPAN)
    memory.left.append(ToldDeparture(departure, step["from"], moment(step["at"])))


def clock_rings(memory, step, story):
    """What `envoywatch.absences` does; `dark` are the countries whose official sources could not be read."""
    now, sides = moment(step["at"]), story["countries"] or {}
    world = Geography(
        lambda label, _: {sides[label]} if label in sides else set(),
        (story["places"] or {}).get,
        lambda country, _: (story["leaders"] or {}).get(country, []),
        lambda label, _: label in (story["envoys"] or ()),
    )
    meetings = list(memory.meetings.values())
    found = [
        *overdue_meetings(meetings, now),
        *departures(meetings, world, now, memory.left),
        *silences(meetings, memory.rules.watches, now),
    ]
    told, decisions, changes = [], [], []
    for absence in found:
        if mark_of(absence) in memory.marks:
            continue
        countries = {sides[label] for label in absence.meeting.participants if label in sides}
        sources = [
            ReadSource(name, Role.OFFICIAL, "en", country, country not in listed(step.get("dark")))
            for country, name in (story["officials"] or {}).items()
            if country in countries
        ]
        coverage = cover(sources, countries, 5, 7)
        alerts, reasons = tell(absence, memory.rules.watches, memory.rules.resolve, coverage, now)
        memory.marks.add(mark_of(absence))
        if absence.change is Change.OVERDUE or reasons:
            changes.append(str(absence.change))
            memory.meetings.setdefault(absence.meeting.key, absence.meeting)
        memory.alert_keys += [alert.key for alert in alerts]
        told += alerts
        decisions += reasons
    return told, decisions, changes


@pytest.mark.parametrize("story", list(stories()))
def test_a_story_of_claims_ends_in_its_ledger_and_alerts(story):
    memory = Memory(rules(story["watches"], story.get("groups"), story["countries"]))
    for number, step in enumerate(story["steps"], 1):
        where = f"step {number}, {step.get('from', 'clock')}"
        if "left" in step:
            article_tells_of_leaving(memory, step)
            continue
        told, decisions, changes = (clock_rings if "clock" in step else article_comes)(memory, step, story)
        assert [f"{alert.watch}: {alert.change}" for alert in told] == listed(step.get("alerts")), where
        if "changes" in step:
            assert changes == step["changes"], where
        reasons = {f"{one.watch}: {one.reason}" if one.watch else str(one.reason) for one in decisions}
        assert set(listed(step.get("why"))) <= reasons, where
        for line_of_message in listed(step.get("says_that")):
            assert line_of_message in "\n".join(f"{one.title}\n{one.detail}" for one in told), where
    if "ledger" in story:
        assert sorted(line(meeting) for meeting in memory.meetings.values()) == sorted(story["ledger"])


def test_there_are_stories_of_every_status():
    said = {
        claim(text).status
        for param in stories()
        for step in param.values[0]["steps"]
        for text in listed(step.get("says"))
    }
    assert said == set(Status)
    assert sum(1 for _ in stories()) >= STORIES_AT_LEAST


# ---------------------------------------------------------------- the alert itself


def test_an_alert_says_who_what_where_and_when_and_quotes_the_sentence():
    alert = (
        Memory(Rules((WATCH,)))
        .enter(reading([claim("held leader, Li Hui – Volodymyr Zelensky, Kyiv, 2023-05-16")]), DAY)
        .alerts[0]
    )
    assert alert.title == "Li Hui – Volodymyr Zelensky: held, leader level, Kyiv, 2023-05-16"
    assert (alert.evidence, alert.claim, alert.kind) == ("They met.", 0, AlertKind.MEETING)
    assert alert.urgency is Urgency.HIGH


def test_only_a_report_about_a_leader_is_urgent():
    watch = Watch(name="All", meeting=MeetingSpec(status=tuple(Status)), send=Send.NOW)
    memory = Memory(Rules((watch,)))
    said = [claim("held minister, A – B"), claim("scheduled leader, A – C"), claim("under_way leader, A – D")]
    alerts = memory.enter(reading(said), DAY).alerts
    assert [alert.urgency for alert in alerts] == [Urgency.NORMAL, Urgency.NORMAL, Urgency.HIGH]


def test_a_matched_query_alerts_once_for_an_article_and_not_for_a_copy():
    query = Watch(name="Grain", query="grain", send=Send.NOW, channels=("desk",))
    memory = Memory(Rules((query,)))
    matched = (Match("Grain", (SPAN,)),)
    first = memory.enter(reading(matches=matched, words="same"), DAY)
    assert [(alert.title, alert.channels) for alert in first.alerts] == [("Headline", ("desk",))]
    copy = memory.enter(reading(matches=matched, words="same"), DAY)
    assert [(one.verdict, one.reason) for one in copy.decisions] == [(Verdict.QUIET, Reason.COPY)]
    official = memory.enter(
        reading([claim("held leader, A – B")], matches=matched, words="same", role=Role.OFFICIAL), DAY
    )
    assert [one.reason for one in official.decisions if one.watch] == [Reason.COPY]


def test_an_article_without_a_headline_alerts_under_its_address():
    query = Watch(name="Grain", query="grain", send=Send.NOW)
    untitled = reading(matches=(Match("Grain", (SPAN,)),))
    untitled = replace(untitled, text=replace(untitled.text, title=""))
    assert Memory(Rules((query,))).enter(untitled, DAY).alerts[0].title == untitled.url


def test_a_match_of_a_watch_removed_meanwhile_alerts_nobody_and_says_so():
    outcome = Memory(Rules()).enter(reading(matches=(Match("Gone", (SPAN,)),)), DAY)
    assert [one.reason for one in outcome.decisions] == [Reason.NO_MATCH]


def test_a_changed_meeting_is_not_judged_by_a_watch_without_one():
    from alerts.meeting_news import _about_change
    from alerts.verdicts import Told

    outcome = Memory(Rules()).enter(reading([claim("held leader, A – B")]), DAY)
    query = Watch(name="Q", query="x")
    with pytest.raises(ValueError, match="nothing to do with the ledger"):
        _about_change(Told(reading(), Known(), None, DAY), query, outcome.changes[0], outcome.meetings[0], Rules())


# ---------------------------------------------------------------- laws

PEOPLE = ("Li Hui", "Vladimir Putin", "Sergei Lavrov", "[president]", "[minister]")
people = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True).map(tuple)
days = st.none() | st.dates(date(2023, 5, 1), date(2023, 6, 20))
places = st.sampled_from([None, "Kyiv", "Moscow"])
hours = st.integers(0, 24 * 40).map(lambda n: DAY + timedelta(hours=n))
claims = st.builds(
    Claim, people, st.sampled_from(Level), st.sampled_from(Status), days, places, st.just("They met."), st.just(SPAN)
)
WATCHES = Rules(
    (
        WATCH,
        Watch(name="All", meeting=MeetingSpec(status=tuple(Status)), send=Send.NOW),
        Watch(name="Moscow", meeting=MeetingSpec(between=("Li Hui", "Vladimir Putin")), send=Send.NOW),
    )
)


def articles(most_claims=3):
    return st.lists(
        st.builds(
            lambda said, source, role, at, first: reading(said, source=source, role=role, at=at, first_poll=first),
            st.lists(claims, max_size=most_claims),
            st.sampled_from(["Wire", "Post", "Presidency"]),
            st.sampled_from([Role.MEDIA, Role.OFFICIAL]),
            hours,
            st.booleans(),
        ),
        max_size=12,
    )


@settings(deadline=None)
@given(articles())
def test_no_claims_raise_and_every_decision_tells_its_reason_and_no_alert_comes_twice(written):
    memory = Memory(WATCHES)
    for one in written:
        outcome = memory.enter(one, one.seen_at)
        assert isinstance(outcome, Outcome)
        assert outcome.decisions
        assert all(isinstance(decision.reason, Reason) for decision in outcome.decisions)
        assert len(outcome.claim_meetings) == len(one.claims)
        assert {key for key in outcome.claim_meetings if key} <= {meeting.key for meeting in outcome.meetings}
        assert [alert.key for alert in outcome.alerts] == [
            decision.alert_key for decision in outcome.decisions if decision.verdict is Verdict.ALERT
        ]
    assert len(memory.alert_keys) == len(set(memory.alert_keys))


@settings(deadline=None)
@given(articles())
def test_promise_06_a_first_poll_never_floods(written):
    memory = Memory(WATCHES)
    for one in written:
        memory.enter(replace(one, first_poll=True, source="Wire"), one.seen_at)
    assert len(memory.alert_keys) <= FIRST_POLL_MOST


@settings(deadline=None)
@given(articles(most_claims=1))
def test_saying_it_again_changes_nothing_more(written):
    memory = Memory(WATCHES)
    for one in written:
        memory.enter(one, one.seen_at)
        before = dict(memory.meetings)
        again = memory.enter(reading(one.claims, source=one.source, role=one.role, at=one.seen_at), one.seen_at)
        assert again.changes == ()
        assert again.alerts == ()
        assert memory.meetings == before


def stored(said):
    """What is kept after articles of one claim each, (claim, source, role, time): meetings by key, and reports."""
    meetings, reports = {}, []
    for one, source, role, at in said:
        step = ledger.advance(meetings.values(), reports, [one], ledger.Testimony(source, role, at, at))
        meetings |= {meeting.key: meeting for meeting in step.meetings}
        for key in step.merged:
            del meetings[key]
        reports = moved(reports, step)
        reports += [Report(len(reports), one, key, source, role, at, at, source) for key in step.claim_meetings if key]
        assert {report.meeting_key for report in reports} == meetings.keys()
    return meetings, reports


def moved(reports, step):
    return [replace(old, meeting_key=step.moved.get(old.claim_id, old.meeting_key)) for old in reports]


def by_meeting(meetings, reports):
    """The meetings, whatever their keys, with what is said of them."""
    return {
        replace(meeting, key=""): {order_of(one) for one in reports if one.meeting_key == key}
        for key, meeting in meetings.items()
    }


def entered(said):
    """The ledger after these articles."""
    return by_meeting(*stored(said))


def told(status, at, source, *, day=None, official=False, people=("Li Hui", "Vladimir Putin")):
    """One claim about the same two people."""
    said = Claim(people, Level.LEADER, status, day, None, "", SPAN)
    return said, source, Role.OFFICIAL if official else Role.MEDIA, at


MEETING_DAY = date(2023, 5, 16)
said = st.builds(
    lambda one, source, role, at: (one, source, role, at),
    claims.filter(lambda one: one.status is not Status.BACKGROUND),
    st.sampled_from(["Wire", "Post", "Presidency"]),
    st.sampled_from([Role.MEDIA, Role.OFFICIAL]),
    hours,
)
of_two = st.builds(
    told,
    st.sampled_from([one for one in Status if one is not Status.BACKGROUND]),
    st.integers(0, 12 * 24).map(lambda n: DAY + timedelta(hours=n)),
    st.sampled_from(["A", "B", "C"]),
    day=st.none() | st.dates(MEETING_DAY, MEETING_DAY + timedelta(days=14)),
    official=st.booleans(),
    people=st.sampled_from([("Li Hui", "Vladimir Putin"), ("Li Hui", "[president]")]),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(said | of_two, min_size=1, max_size=9).flatmap(
        lambda one: st.tuples(st.just(one), st.permutations([*one, *one[:3]]))
    )
)
def test_the_same_claims_end_in_the_same_ledger_in_any_order_and_however_often(orders):
    once, again = orders
    assert entered(once) == entered(again)


RANK = {
    status: order_of(Report(0, told(status, DAY, "A")[0], "", "", Role.MEDIA, DAY, DAY, ""))[1] for status in Status
}
HAPPENED = {RANK[status] for status in POSITIVE}


@settings(deadline=None)
@given(st.lists(of_two, min_size=1, max_size=8))
def test_what_has_happened_stands_before_what_was_to_be(written):
    for meeting, reports in entered(written).items():
        positive = [one for one in reports if one[1] in HAPPENED]
        by = {(one[2], one[1] in HAPPENED) for one in reports if one[3] == Role.OFFICIAL.value}
        changed_mind = any((source, True) in by and (source, False) in by for source, _ in by)
        assert changed_mind or (meeting.status in POSITIVE) == bool(positive)
        saying = positive if meeting.status in POSITIVE else [one for one in reports if one[1] == RANK[meeting.status]]
        assert meeting.reports == len({one[2] for one in saying})


plans = st.lists(
    st.builds(
        told,
        st.sampled_from([*sorted(PENDING), Status.DENIED]),
        st.integers(0, 24 * 20).map(lambda n: DAY + timedelta(hours=n)),
        st.sampled_from(["A", "B", "C"]),
        day=st.none() | st.dates(MEETING_DAY, MEETING_DAY + timedelta(days=20)),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one[3],
)


@settings(deadline=None)
@given(plans)
def test_of_plans_the_newest_word_stands(said):
    (meeting,) = entered(said)
    newest = max(said, key=lambda one: one[3])
    assert meeting.status is newest[0].status
    assert meeting.updated_at == newest[3]


@settings(deadline=None)
@given(st.lists(said | of_two, min_size=1, max_size=8), st.data())
def test_what_is_withdrawn_leaves_the_ledger_as_if_it_had_never_been_said(written, data):
    written = [one for one in written if any(not name.startswith("[") for name in one[0].participants)]
    meetings, reports = stored(written)
    if reports:
        number = data.draw(st.integers(0, len(reports) - 1))
        standing = [*reports[:number], *reports[number + 1 :]]
        step = ledger.regroup(meetings.values(), standing, [reports[number]])
        after = meetings | {meeting.key: meeting for meeting in step.meetings}
        assert set(step.parted) == after.keys() - meetings.keys()
        after = {key: meeting for key, meeting in after.items() if meeting.reports and key not in step.merged}
        assert by_meeting(after, moved(standing, step)) == entered([*written[:number], *written[number + 1 :]])
