from datetime import UTC, datetime, timedelta

import pytest

from crawler.validators import HOLDS, HOLDS_UNMOVED, PROOFS_NEEDED, conditions, prove
from storage.model import Proof, Validators

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def history(*answers):
    """What is known after whole answers a minute apart, each (ETag, Last-Modified, content)."""
    known, notes, at = Validators(), [], NOW
    for etag, last_modified, content in answers:
        changed = None if known.body_hash is None else content != known.body_hash
        known, said = prove(known, Validators(etag, last_modified, content), changed=changed, now=at)
        notes += said
        at += MINUTE
    return known, notes, at


def test_nothing_is_asked_conditionally_before_validators_kept_step_with_the_content():
    known, _, at = history(("1", "a", "x"), ("2", "b", "y"))
    assert conditions(known, at) == {}
    known, notes, at = history(("1", "a", "x"), ("2", "b", "y"), ("2", "b", "y"))
    assert known.proof.agreed == PROOFS_NEEDED
    assert conditions(known, at) == {"If-None-Match": "2", "If-Modified-Since": "b"}
    assert notes == []


def test_an_etag_that_outlives_the_content_is_never_asked_by_again_but_the_date_is():
    told_alike = [("same", f"day {n}", f"content {n}") for n in range(5)]
    known, notes, at = history(*told_alike)
    assert conditions(known, at) == {"If-Modified-Since": "day 4"}
    assert known.proof.lied == ("etag",)
    assert notes == ["the ETag stayed when the content changed; it is not relied on"]


def test_when_both_lie_nothing_is_asked_conditionally():
    known, notes, at = history(*[("same", "day", f"content {n}") for n in range(9)], *[("same", "day", "still")] * 9)
    assert conditions(known, at) == {}
    assert len(notes) == 2


def test_a_lie_takes_back_what_was_proved():
    known, _, at = history(("1", "a", "x"), ("2", "b", "y"), ("3", "c", "z"), ("4", "c", "w"))
    assert conditions(known, at) == {}
    assert known.proof == Proof(0, moved=False, lied=("last-modified",), whole_at=at - MINUTE)


@pytest.mark.parametrize(
    ("answers", "holds"),
    [
        ([("1", None, "x"), ("2", None, "y"), ("3", None, "z")], HOLDS),
        ([("1", None, "x")] * 3, HOLDS_UNMOVED),
    ],
)
def test_trust_runs_out_sooner_when_no_change_was_seen(answers, holds):
    known, _, at = history(*answers)
    proved_at = at - MINUTE
    assert conditions(known, proved_at + holds - MINUTE)
    assert conditions(known, proved_at + holds) == {}
    assert conditions(known, proved_at - MINUTE) == {}  # a clock that was set back proves nothing


def test_a_server_without_validators_proves_nothing():
    known, notes, at = history(*[(None, None, "x")] * 5)
    assert (known.proof.agreed, conditions(known, at), notes) == (0, {}, [])


def test_content_that_cannot_be_compared_proves_nothing():
    known = Validators("1", "a", "x", Proof(1))
    given, notes = prove(known, Validators("1", "a", "y"), changed=None, now=NOW)
    assert (given.proof, notes) == (Proof(1, whole_at=NOW), ())
