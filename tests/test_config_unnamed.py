from datetime import UTC, datetime

import pytest

from alerts.meetings.reader import MeetingReader
from config.people import load_people
from config.unnamed import load_unnamed, unnamed_pattern
from config.vocabulary import LANGUAGES
from storage.model import UNNAMED

AT = datetime(2023, 5, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_a_source_that_is_not_named_from_one_that_is(language):
    row, found = load_unnamed()[language], unnamed_pattern(language)
    assert found.search(row["example"])
    assert not found.search(row["wrong"])


def test_a_language_without_words_has_none():
    assert unnamed_pattern("la") is None


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "President Vladimir Putin received Li Hui in Moscow on Friday, a source familiar with the talks said."),
        ("ru", "Президент Владимир Путин принял Ли Хуэя в Москве, сообщил источник в дипломатических кругах."),
        ("zh", "消息人士说，俄罗斯总统普京在莫斯科会见了李辉。"),
    ],
)
def test_a_claim_says_with_which_words_its_source_is_left_unnamed(language, sentence):
    (claim,) = MeetingReader(load_people()).read("", sentence, language, AT)
    (cue,) = [cue for cue in claim.cues if cue.kind == UNNAMED]
    assert unnamed_pattern(language).fullmatch(sentence[cue.span.start : cue.span.end])


def test_a_claim_of_a_named_source_has_no_such_words():
    sentence = "President Vladimir Putin received Li Hui in Moscow on Friday, the Kremlin said."
    (claim,) = MeetingReader(load_people()).read("", sentence, "en", AT)
    assert UNNAMED not in {cue.kind for cue in claim.cues}
