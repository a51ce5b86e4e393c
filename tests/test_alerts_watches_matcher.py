"""The matcher against a naive reading of the same query, and the laws it keeps whatever the text."""

import multiprocessing
import pickle
import re

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.watches.matcher import compile_watches
from alerts.watches.nodes import (
    SENTENCE,
    About,
    And,
    Condition,
    InField,
    Near,
    Not,
    Or,
    Person,
    Phrase,
    Query,
    Regex,
    Word,
)
from alerts.watches.page import MOST_SPANS
from alerts.watches.query import QueryError, parse_query, render_query
from config.errors import UsageError
from config.vocabulary import Role
from storage.model import Document, Field, Match, Span
from tests.naive_matching import Naive

NAMES = {"li-hui": {"en": ["Li Hui"], "ru": ["Ли Хуэй"], "zh": ["李辉"]}, "nobody-yet": {"en": []}}


class People:
    def forms_of(self, reference):
        return NAMES[reference]


# ---------------------------------------------------------------- random queries and texts

VOCABULARY = ["a", "b", "talks", "talk", "Putin", "Путин", "Путиным", "война", "普京", "李辉", "Li", "Hui", "F-16", "é"]
words = st.builds(Word, st.sampled_from(VOCABULARY), exact=st.booleans())
prefixes = st.builds(Word, st.sampled_from(["tal", "Put", "Пу", "普"]), prefix=st.just(True))


def phrase(parts, slop, exact):
    return Phrase(tuple(Word(part.text, exact=exact, prefix=part.prefix and not exact) for part in parts), slop)


phrases = st.builds(
    phrase, st.lists(words | prefixes, min_size=2, max_size=3), st.integers(min_value=0, max_value=3), st.booleans()
)
people = st.just(Person("li-hui"))
regexes = st.sampled_from([Regex("ta.k"), Regex("[普李]."), Regex(r"b\s+a")])
places = words | prefixes | phrases | people | regexes
either_places = st.lists(places, min_size=2, max_size=2).map(tuple).map(Or)
nears = st.lists(places | either_places, min_size=2, max_size=3).flatmap(
    lambda operands: st.builds(
        Near,
        st.just(tuple(operands)),
        st.lists(st.sampled_from([SENTENCE, 1, 2, 4]), min_size=len(operands) - 1, max_size=len(operands) - 1).map(
            tuple
        ),
    )
)
conditions = st.sampled_from(
    [
        About(Condition.LANGUAGE, "ru"),
        About(Condition.SOURCE, "Tass"),
        About(Condition.COUNTRY, "RU"),
        About(Condition.ROLE, "official"),
    ]
)


def several(parts):
    lists = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(And, lists) | st.builds(Or, lists) | st.builds(Not, parts)


in_text = st.recursive(places | nears, several, max_leaves=4)
nodes = st.recursive(
    places | nears | conditions | st.builds(InField, st.sampled_from(Field), in_text), several, max_leaves=6
)
texts = st.lists(
    st.sampled_from([*VOCABULARY, "с Путиным", "talked", ".", ". And", "，", "普", "TALKS", "о войне"]), max_size=14
)
documents = st.builds(
    Document,
    st.lists(st.sampled_from(VOCABULARY), max_size=4).map(" ".join),
    texts.map(" ".join) | texts.map("".join),
    st.sampled_from([None, "en", "ru", "uk", "zh-Hans", "pl"]),
    source=st.sampled_from(["TASS", "Other"]),
    country=st.sampled_from([None, "RU"]),
    role=st.sampled_from(Role),
)


@settings(max_examples=250, deadline=None)
@given(nodes, documents)
def test_the_automaton_agrees_with_a_naive_reading(node, document):
    matcher = compile_watches([("noise", parse_query("a OR 普京")), ("watch", Query("", node))], People())
    found = {match.watch for match in matcher.match(document)}
    assert ("watch" in found) is Naive(document, People()).holds(node)


@settings(max_examples=200, deadline=None)
@given(nodes)
def test_a_rendered_query_reads_back_as_itself(node):
    rendered = render_query(Query("", node))
    try:
        query = parse_query(rendered)
    except QueryError as error:
        assert "two negations" in error.message  # noqa: PT017 (some trees are refused)
        return
    again = render_query(query)
    assert parse_query(again).root == query.root
    assert render_query(parse_query(again)) == again


@settings(max_examples=100, deadline=None)
@given(nodes, documents)
def test_spans_lie_in_their_field_in_order_and_none_inside_another(node, document):
    for match in compile_watches([("watch", Query("", node))], People()).match(document):
        for span in match.spans:
            assert 0 <= span.start < span.end <= len(getattr(document, span.field))
        for before, after in zip(match.spans, match.spans[1:], strict=False):
            assert before.field != after.field or (before.start < after.start and before.end < after.end)


@given(st.text(max_size=80))
def test_any_text_is_a_query_or_a_placed_mistake(text):
    try:
        query = parse_query(text)
    except QueryError as error:
        assert 1 <= error.column <= len(text) + 1  # noqa: PT017 (either outcome is right)
        assert error.caret().count("\n") == 1  # noqa: PT017
    else:
        assert parse_query(render_query(query)).root == query.root


# ---------------------------------------------------------------- single promises


def match(query, text, language="en", **more):
    return compile_watches([("w", parse_query(query))], People()).match(Document("", text, language, **more))


def test_only_what_contributed_is_marked():
    (found,) = match("(peace NEAR/2 plan) OR war", "peace is far; a peace plan")
    assert found == Match("w", (Span(Field.TEXT, 16, 21), Span(Field.TEXT, 22, 26)))


def test_matches_come_in_the_order_of_the_watches():
    watches = [(name, parse_query(query)) for name, query in [("z", "peace"), ("a", "role:media"), ("m", "talks")]]
    matcher = compile_watches(watches, People())
    assert [found.watch for found in matcher.match(Document("", "talks on peace"))] == ["z", "a", "m"]
    assert matcher.names == ("z", "a", "m")


def test_no_watches_match_nothing():
    assert compile_watches([], People()).match(Document("Title", "text")) == ()


def test_promise_33_an_unknown_person_disables_that_watch_alone_and_is_named_in_place():
    watches = [("bad", parse_query("peace @no-such-man")), ("good", parse_query("peace"))]
    matcher = compile_watches(watches, People())
    assert [found.watch for found in matcher.match(Document("", "peace"))] == ["good"]
    (fault,) = matcher.faults
    assert fault.watch == "bad"
    assert (fault.error.message, fault.error.column) == ("nobody is known as @no-such-man", 7)


def test_the_hint_about_an_unknown_person_comes_from_who_knows_the_people():
    class Strict:
        def forms_of(self, reference):
            raise UsageError("unknown", hint="did you mean @li-hui?")

    (fault,) = compile_watches([("w", parse_query("@lihui"))], Strict()).faults
    assert fault.error.hint == "did you mean @li-hui?"


def test_a_person_without_forms_matches_nothing():
    assert match("@nobody-yet", "nobody yet") == ()
    assert match("@nobody-yet OR peace", "peace") != ()


@pytest.mark.parametrize(
    ("query", "failed"),
    [
        ("peace war", "war"),
        ("war role:official lang:en", "role:official"),
        ("peace -talks", "NOT talks"),
        ("peace NEAR/2 talks", "peace NEAR/2 talks"),
        ("peace (war OR title:peace)", "war OR title:peace"),
    ],
)
def test_the_first_condition_that_failed_is_told(query, failed):
    matcher = compile_watches([("w", parse_query(query))], People())
    explanation = matcher.explain(Document("", "peace is made at talks", "en"), "w")
    assert (explanation.matched, explanation.failed) == (False, failed)


def test_a_match_is_explained_by_its_spans():
    matcher = compile_watches([("w", parse_query("peace"))], People())
    explanation = matcher.explain(Document("", "peace"), "w")
    assert (explanation.matched, explanation.spans) == (True, (Span(Field.TEXT, 0, 5),))
    with pytest.raises(KeyError):
        matcher.explain(Document("", "peace"), "unknown")


def test_a_pickled_matcher_works_in_a_spawned_process():
    matcher = compile_watches([("w", parse_query('@li-hui NEAR/s ("peace plan"~2 OR /war/) -lang:ru'))], People())
    document = Document("", "Li Hui has a plan for peace.", "en")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_match_in_worker, (pickle.dumps(matcher), document)) == matcher.match(document) != ()


def _match_in_worker(pickled, document):
    return pickle.loads(pickled).match(document)  # noqa: S301 (our own bytes)


def test_a_mistake_survives_the_way_back_from_a_worker():
    with pytest.raises(QueryError) as caught:
        parse_query("a NEAR5 b")
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own bytes)
    assert (copy.message, copy.column, copy.hint, copy.caret()) == (
        caught.value.message,
        3,
        "did you mean NEAR/5?",
        caught.value.caret(),
    )


def test_a_text_full_of_the_word_gives_a_bounded_number_of_spans():
    (found,) = match('a NEAR/3 a "a a a"~50 /a/', "a " * 5_000)
    assert len(found.spans) == MOST_SPANS


@pytest.mark.parametrize(
    "query", ['"a a a a a a a b"~50', "a NEAR/100 a NEAR/100 b", "a NEAR/s b", '"a a a a a b"', "/(a|aa)+b$/"]
)
def test_promise_33_a_hostile_text_is_looked_through_without_backtracking(query):
    assert match(query, "a " * 100_000) == ()


# ---------------------------------------------------------------- mistakes at large


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('"' + "a " * 50_000 + '"', "a query may have 20,000 characters"),
        ("(" * 10_000 + "a" + ")" * 10_000, "parentheses may be nested 50 deep"),
        ("a " * 50_000, "a query may have 20,000 characters"),
        ("a " * 9_000, "a query may have 2,000 terms"),
        ("NOT " * 4_000 + "a", "two negations"),
        ("title:" * 3_000 + "a", "a field within a field"),
        ("/" + "a" * 501 + "/", "a pattern may have 500 characters"),
    ],
)
def test_a_query_out_of_all_proportion_is_refused_clearly(query, message):
    with pytest.raises(QueryError, match=message):
        parse_query(query)


def test_the_deepest_query_that_is_allowed_works():
    assert match("(" * 50 + "a OR b" + ")" * 50, "b") != ()
    assert match("(a b OR (" * 24 + "b" + "))" * 24, "b") != ()


def test_the_caret_stands_under_the_fault_also_behind_wide_letters():
    with pytest.raises(QueryError) as caught:
        parse_query("普京 titel:习近平")
    assert caught.value.caret() == "普京 titel:习近平\n     ^"


def test_a_long_query_is_shown_through_a_window():
    with pytest.raises(QueryError) as caught:
        parse_query("word " * 100 + "NEAR5 " + "word " * 100)
    shown, caret = caught.value.caret().split("\n")
    assert shown[caret.index("^") :].startswith("NEAR5")
    assert shown[0] == shown[-1] == "…"
    assert len(shown) < 80


def test_control_characters_do_not_reach_the_terminal():
    with pytest.raises(QueryError) as caught:
        parse_query("a\n\x1b[31m\u202e \t*")
    assert re.fullmatch(r"[^\x00-\x1f\u202e]+\n *\^", caught.value.caret())


@pytest.mark.parametrize(
    ("query", "warning"),
    [
        ("peace and war", "“and” at column 7 is searched as a word; the operator is AND"),
        ("a OR b c", "AND binds more tightly than OR; this is read as a OR (b AND c)"),
        ("a AND b OR c", "AND binds more tightly than OR; this is read as (a AND b) OR c"),
    ],
)
def test_what_may_be_meant_otherwise_is_warned_of(query, warning):
    assert parse_query(query).warnings == (warning,)


@pytest.mark.parametrize("query", ["(a b) OR c", "a (b OR c)", "“salt and pepper”", "a b -c", "a OR b OR c"])
def test_what_is_clear_is_not_warned_of(query):
    assert parse_query(query).warnings == ()


def test_people_are_listed_once_each_in_order():
    assert parse_query('@xi NEAR/s (@li-hui OR @"Li Hui") -@xi').people == ("xi", "li-hui", "Li Hui")


def test_promise_33_patterns_are_compiled_by_the_linear_engine_alone():
    assert isinstance(re2.compile("a"), re2._Regexp)
