from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoywatch.cli.context import Context
from envoywatch.cli.progress import Progress
from envoywatch.cli.show import pieces
from envoywatch.snippets import marked_title, snippet
from storage.model import Field, Span
from storage.views import Mark
from tests.seeding import NOW, Commands, open_again, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def ids(cli, *arguments):
    return [hit["article"]["id"] for hit in cli.json("search", "--sort", "newest", *arguments)["hits"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("grain", [3]),
        ("@arda-lin", [2, 1]),
        ("林达", [2]),
        ("达同", [2]),
        ("达林", []),
        ("林", [2]),
        ('"grain corridor"', [3]),
        ('"corridor grain"', []),
        ("title:harvest", [3]),
        ("text:harvest", []),
        ("lang:zh", [2]),
        ("role:official OR rained", [4, 2]),
        ("zenda NOT weather", [1]),
        ("/rain(ed)? in/", [4]),
    ],
)
def test_the_archive_answers_exactly_in_the_language_of_watches(cli, query, found):
    assert ids(cli, query) == found


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--since", "2023-05-18T07:30"], [4]),
        (["--until", "2023-05-17T17:00"], [1]),
        (["--source", "ruritania today"], [4, 1]),
        (["--language", "ZH"], []),
        (["--country", "cn"], []),
        (["--role", "media", "--sort", "newest"], [4, 1]),
        (["--person", "Arda Lin"], [1]),
        (["--meeting", "1", "--sort", "newest"], [1]),
        (["--story", "7"], []),
        (["--limit", "1"], [4]),
    ],
)
def test_a_search_is_narrowed(cli, arguments, found):
    assert ids(cli, "zenda", *arguments) == found


def test_hits_tell_where_the_query_met_them(cli):
    document = cli.json("search", "grain NEAR/5 corridor")
    assert set(document) == {"query", "hits", "more", "sort", "total", "is_total", "facets", "counted"}
    (hit,) = document["hits"]
    assert set(hit) == {"article", "title", "snippet", "spans"}
    text = hit["snippet"]["text"]
    assert [text[mark["start"] : mark["end"]] for mark in hit["snippet"]["marks"]] == ["grain", "corridor"]


def test_hits_are_marked_in_a_pipe_and_fit_sixty_columns(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("search", "林达 OR grain")
    assert ">>林达<<会见总统" in said.out
    assert "the >>grain<< corridor" in said.out
    assert all(len(line) <= 60 for line in said.out.splitlines())


def test_finding_nothing_is_an_answer_but_a_source_that_is_not_there_a_mistake(cli):
    said = cli("search", "nowhere")
    assert (said.code, said.out) == (0, "Nothing in the archive matches.\n")
    said = cli("search", "grain", "--source", "Ruritania Tomorrow")
    assert said.code == 2
    assert "sources list" in said.err
    assert cli.json("search", "林达", "--source", "Ruritania Today")["hits"] == []


def test_a_mistake_in_the_query_has_a_caret_under_it(cli):
    said = cli("search", "grain AND (corridor")
    assert said.code == 2
    assert said.err.splitlines()[:2] == ["grain AND (corridor", " " * 10 + "^"]


def test_an_unknown_person_is_a_mistake_with_a_hint(cli):
    said = cli("search", "@arda-linn")
    assert said.code == 2
    assert "Arda Lin" in said.err


def test_what_a_query_is_taken_for_is_noted(cli):
    assert "note: " in cli("search", "grain corridor OR rained").err


def test_a_page_of_candidates_that_fail_the_last_word_does_not_end_the_search(cli):
    with closing(open_again(cli.archive)) as archive:
        for number in range(3):
            archive.article("Ruritania Today", f"https://today.example/n{number}", "Grain", "grain by corridor", at=NOW)
    assert ids(cli, '"grain corridor"') == [3]


def test_more_hits_than_asked_for_are_announced(cli):
    assert cli.json("search", "zenda", "--limit", "1")["more"] is True
    assert "--limit" in cli("search", "zenda", "--limit", "1").err


# ---------------------------------------------------------------- snippets


def spans_in(text, *words):
    return [Span(Field.TEXT, text.index(word), text.index(word) + len(word)) for word in words]


def marked_parts(evidence):
    return [evidence.text[mark.start : mark.end] for mark in evidence.marks]


def test_a_snippet_begins_at_a_word_a_little_before_what_was_found():
    text = "word " * 100 + "here is the envoy now " + "tail " * 100
    shown = snippet(text, spans_in(text, "envoy"), "en")
    assert shown.text.startswith("…word ")
    assert shown.text.endswith("…")
    assert marked_parts(shown) == ["envoy"]
    assert len(shown.text) < 170


def test_a_snippet_shows_where_most_was_found():
    text = "envoy " + "x " * 400 + "envoy and grain and corridor"
    spans = [Span(Field.TEXT, 0, 5), *spans_in(text, "grain", "corridor")]
    assert marked_parts(snippet(text, spans, "en")) == ["grain", "corridor"]


def test_a_text_without_spaces_is_cut_anywhere_but_keeps_what_was_found():
    text = "会" * 300 + "林达" + "谈" * 300
    assert marked_parts(snippet(text, spans_in(text, "林达"), "zh")) == ["林达"]


def test_a_long_span_is_cut_with_the_snippet():
    text = "a" * 500
    shown = snippet(text, [Span(Field.TEXT, 0, 500)], None)
    assert marked_parts(shown) == ["a" * 160]


def test_without_spans_the_beginning_is_shown_on_one_line():
    assert snippet("First.\nSecond.", [Span(Field.TITLE, 0, 3)], "en").text == "First. Second."
    assert marked_parts(marked_title("First", [Span(Field.TITLE, 0, 3), Span(Field.TEXT, 1, 2)], "en")) == ["Fir"]


@given(st.text("ab 林\n", max_size=400), st.data())
def test_marks_of_a_snippet_quote_what_was_found(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    spans = [Span(Field.TEXT, a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b]
    shown = snippet(text, spans, None)
    flat = text.replace("\n", " ")
    assert shown.text.strip("…") in flat
    quoted = {flat[span.start : span.end] for span in spans}
    assert all(any(part in whole for whole in quoted) for part in marked_parts(shown))
    assert bool(shown.marks) == bool(spans)


# ---------------------------------------------------------------- marks and progress


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-5, 35), st.integers(-5, 35)), max_size=5))
def test_pieces_give_the_text_back_and_join_marks_that_touch(text, spans):
    cut = list(pieces(text, [Mark(start, end, "m") for start, end in spans]))
    assert "".join(piece for piece, _ in cut) == text
    assert all(one[1] != other[1] for one, other in pairwise(cut))


def test_progress_is_said_now_and_then_and_only_when_it_takes_long(capsys):
    seconds = iter([0.0, 5.0, 11.0, 12.0])
    with Progress(Context(None, {}), clock=lambda: next(seconds)) as progress:
        for number in range(3):
            progress.tell(lambda number=number: f"line {number}")
    assert capsys.readouterr().err == "line 1\n"


def test_progress_is_rewritten_on_a_terminal_and_wiped_at_the_end(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    seconds = iter([0.0, 0.5, 2.0, 2.1, 2.3])
    with Progress(Context(None, {}), clock=lambda: next(seconds)) as progress:
        for number in range(4):
            progress.tell(lambda number=number: f"line {number}")
    assert capsys.readouterr().err == "\rline 1\rline 3\r      \r"


def test_progress_says_nothing_to_who_asked_for_quiet(capsys):
    with Progress(Context(None, {}, verbosity=-1), clock=iter([0.0, 99.0]).__next__) as progress:
        progress.tell(lambda: "line")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "grain", "--language", "english"], "english is not a language code; did you mean en?"),
        (["search", "grain", "--country", "Russia"], "Russia is not a country code; did you mean RU?"),
        (["watches", "test", "grain", "--lang", "russian"], "russian is not a language code; did you mean ru?"),
        (["people", "list", "--country", "China"], "China is not a country code; did you mean CN?"),
    ],
)
def test_the_name_of_a_language_or_a_country_is_answered_with_its_code(cli, arguments, said):
    refused = cli(*arguments)
    assert refused.code == 2
    assert said in refused.err
