import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from alerts.meetings.cues import compiled
from config.errors import ConfigError
from config.lexicon import Element, PatternError, languages, load_lexicon, normalise, parse_lexicon, parse_pattern

# The people in the examples of the lexicons, enough to stand for "@".
NAMES = re.compile(
    r"Macron|Scholz|Xi\b|Blinken|Putin|Zelensky|Witkoff|Modi|Kishida|Kuleba|Biden|Bush|Trump|Erdogan|Lukashenko|Li\b"
    r"|Макрон\w*|Шольц\w*|Путин\w*|Си(?: Цзиньпин\w*)?\b|Уиткофф\w*|Моди|Зеленск\w+|Лукашенко|Кулеб\w+|Трамп\w*"
    r"|Selenskyj|Witkoff|Poutine|Lavrov|Lawrow|Kuleba"
    r"|Путін\w*|Сі\b|Віткофф\w*|Моді"
    r"|马克龙|朔尔茨|习近平|李强|普京|泽连斯基|威特科夫|莫迪|李辉|特朗普|库列巴|布什"
)

GROUPS = [
    pytest.param(language, group, id=f"{language}-{group.kind}-{number}")
    for language in languages()
    for number, group in enumerate(load_lexicon(language).groups)
]


def kinds(language, sentence):
    lexicon = compiled(language)
    mentions = [SimpleNamespace(start=found.start(), end=found.end()) for found in NAMES.finditer(sentence)]
    tokens = lexicon.tokenizer.tokens(sentence, (0, len(sentence)), mentions)
    return {hit.kind for hit in lexicon.hits(tokens)}


@pytest.mark.parametrize(("language", "group"), GROUPS)
def test_every_group_fires_on_its_example_and_not_on_its_wrong_one(language, group):
    for sentence in group.examples:
        assert group.kind in kinds(language, sentence), sentence
    for sentence in group.wrongs:
        assert group.kind not in kinds(language, sentence), sentence


def test_the_notation_knows_words_beginnings_choices_gaps_mentions_numbers_and_options():
    assert parse_pattern("Met|saw negotiat* [also] ..4 @ #") == (
        Element(words=frozenset({"met", "saw"})),
        Element(prefixes=("negotiat",)),
        Element(words=frozenset({"also"}), optional=True),
        Element(gap=4),
        Element(mention=True),
        Element(number=True),
    )


@pytest.mark.parametrize(
    "wrong",
    ["", "..3 met", "[so] met", "# met", "met ..3", "met ..x in", "met ..99 in", "a*b c", "* x", "a ..1 b ..1 c ..1 d"],
)
def test_a_pattern_that_means_nothing_is_refused(wrong):
    with pytest.raises(PatternError):
        parse_pattern(wrong)


def test_words_are_compared_without_case_stress_and_kind_of_apostrophe():
    assert normalise("Ещё") == normalise("еще")
    assert normalise("DIDN’T") == "didn't"


def test_faults_of_a_lexicon_file_are_told_with_their_lines():
    head = "language: en\nbefore_place: []\nplaces: {}\ntimes: {}\n"
    text = head + "groups:\n  - class: meets\n    about: x\n    patterns: [..3 met]\n"
    with pytest.raises(ConfigError) as caught:
        parse_lexicon(text, Path("en.yaml"))
    told = {(finding.line, finding.message.partition(":")[0]) for finding in caught.value.findings}
    assert (4, "times.weekdays") in told
    assert (6, "groups.0.example") in told


def test_broken_yaml_is_told_with_its_line():
    with pytest.raises(ConfigError, match=r"en\.yaml:3:"):
        parse_lexicon("language: en\ngroups: [\n", Path("en.yaml"))


def test_an_unknown_language_has_no_lexicon():
    with pytest.raises(KeyError):
        load_lexicon("xx")
