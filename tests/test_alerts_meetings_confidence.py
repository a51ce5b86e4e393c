import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.meetings.confidence import confidence_of
from alerts.meetings.reader import MeetingReader
from config.people import load_people

DATA = Path(__file__).parent / "data"
REAL = {"held", "under_way"}


@pytest.fixture(scope="module")
def claims():
    """Claims with what the labels say of them."""
    reader = MeetingReader(load_people())
    found = []
    for name in ("meetings.jsonl", "meetings_more.jsonl"):
        for line in (DATA / name).read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            at = datetime.fromisoformat(item["published"]).replace(tzinfo=UTC)
            claims = reader.read(item["title"], item["text"], item["lang"], at)
            found += [(claim, any(bears_out(event, claim) for event in item["events"])) for claim in claims]
    return found


def named(names):
    return {name for name in names if not name.startswith("[")}


def bears_out(event, claim):
    same = event["status"] == claim.status.value or {event["status"], claim.status.value} <= REAL
    people = named(event["participants"]) == named(claim.participants)
    return same and people and event["level"] == claim.level.value


def test_a_rule_is_trusted_by_how_often_it_was_right():
    assert (
        confidence_of("a modal beside the verb") < confidence_of("finite past") < confidence_of("asked and left open")
    )


def test_a_rule_never_counted_has_the_mean():
    assert 0.7 < confidence_of("no such rule") < 0.95


def test_every_rule_that_decides_has_been_counted(claims):
    told = {claim.confidence for claim, _ in claims if claim.rule}
    assert told
    counted = (DATA.parents[1] / "config/lexicon/confidence.yaml").read_text(encoding="utf-8")
    assert {claim.rule for claim, _ in claims if json.dumps(claim.rule) not in counted} == set()


def test_of_claims_told_with_some_confidence_no_smaller_share_is_right(claims):
    bins = defaultdict(Counter)
    for claim, right in claims:
        bins[int(claim.confidence * 10)][right] += 1
    for tenth, count in bins.items():
        if count.total() >= 30:
            assert count[True] / count.total() >= tenth / 10, (tenth, count)
