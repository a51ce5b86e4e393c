import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.sentences import LONGEST, split_sentences


def sentences(text, language="en"):
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "He came. She left! Why? Because.", ["He came.", "She left!", "Why?", "Because."]),
        (
            "en",
            "Mr. Brown of the U.S. Senate left at 5 p.m. sharp.",
            ["Mr. Brown of the U.S. Senate left at 5 p.m. sharp."],
        ),
        ("en", "J. D. Doe came. It rained.", ["J. D. Doe came.", "It rained."]),
        ("en", 'He said: "It is over." Then he left.', ['He said: "It is over."', "Then he left."]),
        ("en", "“We met.” he said. “Twice.”", ["“We met.” he said.", "“Twice.”"]),
        (
            "en",
            "Growth was 3.5 percent. See www.example.org for more.",
            ["Growth was 3.5 percent.", "See www.example.org for more."],
        ),
        ("en", "The talks ended.The guests left.", ["The talks ended.", "The guests left."]),
        ("en", "Wait... what?", ["Wait... what?"]),
        ("ru", "В 2023 г. он приехал. Это было в г. Минске.", ["В 2023 г. он приехал.", "Это было в г. Минске."]),
        ("ru", "Министр А. Б. Иванов уехал. «Всё». Точка.", ["Министр А. Б. Иванов уехал.", "«Всё».", "Точка."]),
        ("zh", "他来了。她走了！“为什么？”他问。", ["他来了。", "她走了！", "“为什么？”", "他问。"]),
        ("de", "Am 26. Mai traf er ein. Danach reiste er ab.", ["Am 26. Mai traf er ein.", "Danach reiste er ab."]),
        (None, "One. Two.\n\nThree", ["One.", "Two.", "Three"]),
    ],
)
def test_sentences_end_where_a_reader_sees_an_end(language, text, expected):
    assert sentences(text, language) == expected


def test_a_line_break_ends_a_sentence_unless_the_line_was_wrapped():
    assert sentences("Heading\nText goes on.") == ["Heading", "Text goes on."]
    wrapped = "The two ministers talked for a long time about the state of\nthe grain trade."
    assert sentences(wrapped) == [wrapped]


def test_a_text_without_ends_is_cut_at_bounded_length_between_words():
    text = "word " * 5_000
    found = sentences(text)
    assert max(map(len, found)) <= LONGEST
    assert all(piece.split()[0] == "word" and piece.endswith("word") for piece in found)


def test_an_unbroken_string_is_cut_too():
    assert [len(piece) for piece in sentences("x" * 2_500)] == [1_000, 1_000, 500]


@given(
    st.text(alphabet=st.sampled_from('aB .!?…。\n"”«» 1г'), max_size=200),
    st.sampled_from(["en", "ru", "zh", "de", None]),
)
def test_spans_are_ordered_and_hold_every_visible_character_once(text, language):
    spans = split_sentences(text, language)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text):
    assert isinstance(split_sentences(text + "\ud800", "en"), list)
