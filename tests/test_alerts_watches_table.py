"""The table of words: what it finds in a text is what a plain dict says of each of its words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.watches import tokens as tokens_module
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query
from alerts.watches.table import Rows, Table
from alerts.watches.tokens import Tokens
from storage.folding import fold
from storage.model import Document, Field, Span

ENGLISH, POLISH = 1, 2
WORDS = st.text("abcżп𐐨", min_size=1, max_size=3)


def table(rows):
    made = Rows()
    for word, value, mask in rows:
        made.add(word, value, mask)
    return Table(made)


def found(made, title, text, mask=ENGLISH):
    tokens = Tokens(fold(title), fold(text))
    words = [*fold(title).words, "\n", *fold(text).words]
    return sorted((words[at], value) for at, value in zip(*made.find(tokens.words, mask), strict=True))


@given(
    st.lists(st.tuples(WORDS, st.integers(0, 2**32 - 1), st.sampled_from([ENGLISH, POLISH, ENGLISH | POLISH]))),
    st.lists(WORDS),
    st.lists(WORDS),
)
def test_a_table_says_of_each_word_what_its_rows_say(rows, title, text):
    rows = [(fold(word).text, value, mask) for word, value, mask in rows]
    words = fold(" ".join(title)).words + fold(" ".join(text)).words
    said = sorted((word, value) for word in words for row, value, mask in rows if row == word and mask & POLISH)
    assert found(table(rows), " ".join(title), " ".join(text), POLISH) == said


def test_words_of_one_key_are_told_apart_by_their_letters(monkeypatch):
    ones = np.ones(1 << 16, np.uint64)
    monkeypatch.setattr(tokens_module, "_powers", lambda: (ones, ones))  # anagrams have one key
    made = table([("tale", 1, ENGLISH), ("late", 2, ENGLISH), ("lat", 3, ENGLISH)])
    assert found(made, "Teal", "A late tale, too late") == [("late", 2), ("late", 2), ("tale", 1)]


@pytest.mark.parametrize(
    "before", ["ab " * 30_000, "a" * 70_000 + " ", " " * 70_000, "a" * 65_535 + " ", "ab, " * 16_384]
)
def test_a_text_longer_than_a_block_of_powers_is_read_to_its_end(before):
    made = table([("peace", 1, ENGLISH), ("ab", 2, ENGLISH)])
    assert found(made, "", f"{before}peace {before}peace")[-2:] == [("peace", 1)] * 2


def match(query, title, text):
    matches = compile_watches([("w", parse_query(query))], None).match(Document(title, text, "en"))
    return [span for found in matches for span in found.spans]


def test_nothing_stands_across_title_and_text():
    for query in ['"peace talks"', "peace NEAR/9 talks", '"peace talks"~9', "/-/ NEAR/9 talks", "peace NEAR/s talks"]:
        assert match(query, "Peace -", "talks") == []
        assert match(query, "", "Peace - talks") != [] or query == '"peace talks"'


def test_places_are_those_of_the_original_though_letters_became_more_or_fewer():
    title, text = "Groß… peace", "ﬁve\u200b ½ peace"
    at, in_text = title.index("peace"), text.index("peace")
    spans = [Span(Field.TITLE, at, at + 5), Span(Field.TEXT, in_text, in_text + 5)]
    assert match("peace", title, text) == match("peace OR war", title, text) == match("/peace/", title, text) == spans
    assert match("five", title, text) == [Span(Field.TEXT, 0, 3)]


def test_beginnings_of_any_length_are_found_beside_each_other():
    watches = [(query, parse_query(query)) for query in ("pea*", "peac*", "peacekeep*", "=peace", "war*", "pea")]
    matches = compile_watches(watches, None).match(Document("", "Peacekeepers keep peace", "en"))
    assert [(found.watch, len(found.spans)) for found in matches] == [
        ("pea*", 2),
        ("peac*", 2),
        ("peacekeep*", 1),
        ("=peace", 1),
    ]
