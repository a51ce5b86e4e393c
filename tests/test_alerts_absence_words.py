import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import absence_words as words
from alerts.words import LEVEL

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
NAMES = st.text(st.characters(categories=["L", "N"], include_characters=" -’'"), min_size=1)
PARTS = {
    "day": DAYS,
    "time": st.sampled_from(["18:00 UTC", "21:30 +03:00", "00:00 UTC+05:30"]),
    "age": st.sampled_from(["1 hour", "36 hours", "1,440 hours", "90 minutes"]),
    "n": st.integers(0, 10**6),
    "num": st.integers(0, 10**6),
    "level": st.sampled_from(sorted(LEVEL.values())),
}


@pytest.mark.parametrize("sentence", words.SENTENCES, ids=lambda sentence: sentence.text)
@given(data=st.data())
def test_what_is_said_is_read_back_into_its_parts(sentence, data):
    names = re.findall(r"%\((\w+)\)s", sentence.text)
    parts = {name: data.draw(PARTS.get(name, NAMES), name) for name in names}
    read = sentence.read(sentence.say(**parts))
    assert read is not None
    assert {name: _valued(name, text) for name, text in read.items()} == parts


def _valued(name, text):
    readers = {"day": words.read_day, "n": words.read_number, "num": words.read_number}
    return readers.get(name, str)(text)


def test_of_sentences_that_begin_alike_the_right_one_is_read():
    line = words.RECEIVED_BY_NOBODY.say()
    assert next(one for one in words.DETAILS if one.read(line) is not None) is words.RECEIVED_BY_NOBODY
    line = words.NEXT_SEEN_IN.say(place="Paris", day=date(2023, 5, 23))
    assert next(one for one in words.DETAILS if one.read(line) is not None) is words.NEXT_SEEN_IN


@pytest.mark.parametrize("line", ["", "read", "next seen 31 May", "9 of ten sources were read in all", "x" * 9000])
def test_another_line_is_none_of_them(line):
    assert all(one.read(line) is None for one in (*words.TITLES, *words.DETAILS))


def test_no_sentence_of_an_article_makes_reading_long():
    hostile = "left A on 1 May 2023 (B: “" * 4000  # would take minutes if its parts could end in several places
    assert words.TOLD_TO_LEAVE.read(hostile) is None
