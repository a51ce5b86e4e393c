"""Scored watches: what counts, how often, what it adds up to, and how that is told."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.names import NameForms
from alerts.watches.scores import WatchSet, points
from config.model import Watch
from config.people import load_people
from config.vocabulary import Role
from envoywatch.cli.main import run
from storage.model import Document
from tests.watch_desk import START, Desk, load, refusal

FORMS = NameForms(load_people())


def scored(at_least=30, name="S", **terms):
    return Watch(name=name, score={"at_least": at_least, "terms": terms.pop("of", terms)})


def tally(watch, text, title="", **fields):
    return WatchSet([watch], FORMS).explain(Document(title, text, "en", **fields), watch.name).tally


TALKS = {'"nuclear talks"': 20, "title:summit": 15, "envoy NEAR/5 Kyiv": 10, "role:official": 5, "football": -30}


@pytest.mark.parametrize(
    ("title", "text", "total", "says"),
    [
        ("", "nothing of it", 0, "score 0 of 30: no term found"),
        ("", "nuclear talks", 20, 'score 20 of 30: "nuclear talks" = 20'),
        ("", "nuclear talks, nuclear talks", 30, 'score 30 of 30: "nuclear talks" x2 = 30'),
        ("", "nuclear talks " * 3, 35, 'score 35 of 30: "nuclear talks" x3 = 35'),
        ("A summit", "nuclear talks", 35, 'score 35 of 30: "nuclear talks" = 20, title:summit = 15'),
        ("", "the envoy left Kyiv; Kyiv saw the envoy", 10, "score 10 of 30: envoy NEAR/5 Kyiv = 10"),
        ("", "nuclear talks and football", -10, 'score -10 of 30: football = -30, "nuclear talks" = 20'),
    ],
)
def test_a_score_is_the_sum_of_its_terms_and_says_how_it_came_about(title, text, total, says):
    found = tally(scored(of=TALKS), text, title)
    assert (found.total, str(found)) == (total, says)
    assert found.is_enough == (total >= 30)


def test_a_condition_counts_once_though_it_stands_nowhere():
    found = tally(scored(of=TALKS), "no words", role=Role.OFFICIAL)
    assert found.total == 5
    assert found.spans == ()


def test_the_spans_are_of_all_that_counted_for_or_against():
    watches = WatchSet([scored(of={"envoy": 40, "football": -5, "special envoy": 1})], FORMS)
    (match,) = watches.match(Document("Envoy", "The special envoy likes football.", "en"))
    assert [(span.field, span.start, span.end) for span in match.spans] == [
        ("title", 0, 5), ("text", 4, 11), ("text", 12, 17), ("text", 24, 32),
    ]  # fmt: skip
    assert match.score == 40 + 20 + 1 - 5


def test_with_a_query_beside_it_both_must_hold():
    watch = Watch(name="S", query="Kyiv", score={"at_least": 10, "terms": {"envoy": 10}})
    watches = WatchSet([watch], FORMS)
    assert watches.match(Document("", "the envoy in Kyiv", "en"))[0].score == 10
    found = watches.read(Document("", "the envoy in Paris", "en"))
    assert (found.matches, found.short) == ((), ())
    assert watches.explain(Document("", "the envoy in Paris", "en"), "S").failed == "Kyiv"


def test_what_falls_short_is_told_apart_and_plain_watches_are_as_ever():
    plain = [Watch(name="A", query="envoy"), Watch(name="Z", query="Kyiv")]
    watches = WatchSet([plain[0], scored(of={"envoy": 20, "talks": 20}), plain[1]], FORMS)
    found = watches.read(Document("", "the envoy in Kyiv", "en"))
    assert [match.watch for match in found.matches] == ["A", "Z"]
    assert [(match.watch, match.score) for match in found.short] == [("S", 20)]
    assert [match.watch for match in watches.match(Document("", "envoy, talks, Kyiv", "en"))] == ["A", "S", "Z"]


def test_a_term_that_names_nobody_known_takes_its_watch_out_and_no_other():
    watches = WatchSet([scored(of={"envoy": 40, "@nobody-knows": 5}), Watch(name="A", query="envoy")], FORMS)
    assert [fault.watch for fault in watches.faults] == ["S"]
    assert [match.watch for match in watches.match(Document("", "envoy", "en"))] == ["A"]


@given(st.floats(-100, 100), st.integers(1, 200))
def test_a_term_never_counts_more_than_twice_its_weight_and_never_less_than_once(weight, times):
    assert abs(weight) - 1e-5 <= abs(points(weight, times)) <= 2 * abs(weight) + 1e-5


WORDS = ["envoy", "talks", "Kyiv", "football", "summit"]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(WORDS), st.integers(-20, 20).filter(bool), min_size=1),
    st.lists(st.sampled_from([*WORDS, "and"]), max_size=12),
)
def test_the_matcher_sums_what_a_plain_count_sums(terms, words):
    wanted = sum(points(weight, words.count(word)) for word, weight in terms.items() if word in words)
    most = sum(weight for weight in terms.values() if weight > 0)
    if not most:
        return
    watch = scored(at_least=most, of=terms)
    document = Document("", " ".join(words), "en")
    found = WatchSet([watch], FORMS).read(document)
    assert bool(found.matches) == (wanted >= most)
    assert bool(found.short) == (0 < wanted < most)
    for match in (*found.matches, *found.short):
        assert match.score == pytest.approx(wanted)


# ---------------------------------------------------------------- in the configuration, stored, told


@pytest.mark.parametrize(
    ("written", "place", "message"),
    [
        ("score:\n  at_least: 30\n  terms:\n    nuclear NEAR/5 (talks: 20", (10, 24), "never closed"),
        ("score: {at_least: 30, terms: {talks: 10}}", (7, 12), "less than 20; lower `at_least`"),
        ("score: {at_least: 30, terms: {talks: -10}}", (7, 12), "no weight is above 0"),
        ("score: {at_least: 30, terms: {talks: 0, peace: 30}}", (7, 12), "the weight of 'talks' is 0"),
        ("score: {at_least: 30, terms: {talks: much}}", None, "must be a number, not 'much'"),
        ("score: {at_least: 0, terms: {talks: 1}}", (7, 23), "`at_least` must be more than 0"),
        ("score: {at_least: 1, terms: {}}", None, "`terms` is empty or too short"),
        ("meeting: {guest: Li Hui}\nscore: {at_least: 1, terms: {a: 1}}", None, "a watch of meetings has none"),
        ("send: now", None, "a watch has either `query` or `meeting` (or a `score`)"),
        ("score:\n  at_least: 3\n  terms:\n    a: 3\n    '@li-huii': 3", (11, 9), "nobody is known as 'li-huii'"),
    ],
)
def test_a_wrong_score_is_told_at_its_place(tmp_path, written, place, message):
    line, column, said = refusal(tmp_path, written)
    assert message in said
    if place is not None:
        assert (line, column) == place


CONFIG = """\
score:
  at_least: 30
  terms: {'"nuclear talks"': 20, summit: 15, football: -30}
send: now
channels: [desk]
"""


def test_a_score_is_stored_with_its_alert_and_so_is_why_another_fell_short(tmp_path):
    watch = load(tmp_path, CONFIG).config.watches[0]
    desk = Desk(tmp_path / "envoywatch.db", watch)
    watches = WatchSet([watch], FORMS)
    for text in ("nuclear talks at the summit", "the summit of football", "a summit alone"):
        found = watches.read(Document("", text, "en"))
        desk.reads(START, found=found, words=text)
    rows = desk.db.execute("SELECT reason, detail FROM decisions WHERE watch IS NOT NULL").fetchall()
    assert rows == [
        ("watch-matched", 'score 35 of 30: "nuclear talks" = 20, summit = 15'),
        ("below-score", "score 15 of 30: summit = 15"),
    ]
    assert desk.db.execute("SELECT score FROM matches").fetchall() == [(35.0,)]
    assert desk.db.execute("SELECT detail FROM alerts").fetchone()[0].startswith("score 35 of 30")
    desk.db.conn.close()


def test_watches_test_tells_the_sum_of_a_configured_watch(tmp_path, capsys):
    load(tmp_path, CONFIG + "only: {roles: state-media}\n")
    file = tmp_path / "article.txt"
    file.write_text("The nuclear talks began at the summit.", encoding="utf-8")

    def told(*words):
        command = ["--config", str(tmp_path / "envoywatch.yaml"), "watches", "test", "--watch", "W", "--lang", "en"]
        assert run([*command, *words, str(file)]) == 0
        return capsys.readouterr().out

    assert told("--role", "state-media").startswith(
        'score 35 of 30: "nuclear talks" = 20, summit = 15\ntext: The nuclear talks began'
    )
    assert "no match: only from state-media sources, not from media" in told()
    file.write_text("At the summit of football.", encoding="utf-8")
    assert told().startswith("score -15 of 30: football = -30, summit = 15\nno match\n")
    assert json.loads(told("--json"))["score"]["total"] == -15
