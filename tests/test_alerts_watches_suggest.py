"""Words that go with a watch's matches."""

import pytest

from alerts.watches.suggest import Keywords, keyness
from storage.model import Document, Field, Span


def counted(matching, others, language="en", hidden=()):
    """Keywords of these texts; the places of the hidden words count as what the query matched."""
    keywords = Keywords()
    for text in matching:
        spans = [Span(Field.TEXT, text.index(word), text.index(word) + len(word)) for word in hidden if word in text]
        keywords.add_matching(Document("", text, language), spans)
    for text in others:
        keywords.add_other(Document("", text, language))
    return keywords


OTHERS = [f"The weather in town {number} was fair" for number in range(200)]


def test_words_of_the_matches_are_suggested_without_those_of_the_query_and_those_of_every_text():
    texts = [f"The envoy brought a peace plan in spring {number}" for number in range(8)]
    found = counted(texts, OTHERS, hidden=["envoy"]).suggest(10)
    assert {one.word for one in found} == {"peace", "plan", "brought", "spring"}
    assert all((one.matching, one.others, one.language) == (8, 0, "en") for one in found)


def test_forms_of_one_word_are_suggested_once():
    texts = [f"начались {word}" for word in ("переговоры", "переговоров", "переговорах")] * 6
    others = [f"погода номер {number} хорошая" for number in range(200)]
    words = [one.word for one in counted(texts, others, "ru").suggest(10)]
    assert len([word for word in words if word.startswith("переговор")]) == 1


def test_of_runs_of_chinese_characters_the_longest_that_is_as_frequent_is_suggested():
    texts = [f"特使{place}谈政治解决方案" for place in "甲乙丙丁戊己庚辛"]
    others = [f"今天{chr(0x4E00 + number)}天气晴" for number in range(200)]
    words = [one.word for one in counted(texts, others, "zh", hidden=["特使"]).suggest(10)]
    assert "特使" not in words
    assert all(len(word) > 2 for word in words)
    assert not any(one != other and one in other for one in words for other in words)


def test_each_language_is_compared_with_itself():
    keywords = counted(["мир и мир сегодня"] * 6, [], "ru")
    for text in OTHERS:
        keywords.add_other(Document("", text, "en"))
    assert keywords.suggest(10) == []
    assert keywords.languages == {"ru": 6}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((10, 10, 0, 100), 67.0), ((1, 10, 10, 100), 0.0), ((0, 10, 10, 100), 0.0), ((5, 10, 0, 0), 0.0)],
)
def test_keyness_is_dunnings_likelihood_of_words_that_are_more_frequent_than_elsewhere(counts, expected):
    assert keyness(*counts) == pytest.approx(expected, abs=0.05)
