"""Whether somebody will be received is left open: in each language, and in whatever words one says so."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.meetings.reader import MeetingReader
from config.people import load_people
from config.vocabulary import Status

PUBLISHED = datetime(2023, 5, 26, 12, tzinfo=UTC)
SENTENCES = defaultdict(list)
for line in Path(__file__, "..", "data", "undecided.tsv").resolve().read_text(encoding="utf-8").splitlines():
    language, sentence = line.split("\t")
    SENTENCES[language].append(sentence)


@pytest.fixture(scope="module")
def reader():
    return MeetingReader(load_people())


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_what_nobody_will_say_or_has_decided_is_one_undecided_meeting_of_two(reader, language):
    read = {text: reader.read("", text, language, PUBLISHED) for text in SENTENCES[language]}
    wrong = {
        text: [(claim.status, claim.participants) for claim in claims]
        for text, claims in read.items()
        if [(claim.status, len(claim.participants)) for claim in claims] != [(Status.UNDECIDED, 2)]
    }
    assert wrong == {}


def test_a_leader_before_anothers_envoy_is_a_side_and_before_his_own_is_not_there(reader):
    both = reader.read("", "Вчера принял Путин Ли Хуэя.", "ru", PUBLISHED)
    assert [set(claim.participants) for claim in both] == [{"Vladimir Putin", "Li Hui"}]
    own = reader.read("", "Trump envoy Steve Witkoff met Lavrov on Friday.", "en", datetime(2025, 5, 26, tzinfo=UTC))
    assert [set(claim.participants) for claim in own] == [{"Steve Witkoff", "Sergey Lavrov"}]
